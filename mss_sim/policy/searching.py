"""What a search may ask, at every door: texts of a bounded length, since databases refuse to look for longer ones."""

from collections.abc import Iterable

from mss_sim.errors import Refusal, Rule


def check_texts(texts: Iterable[str | None], chars_max: int) -> None:
    """Refuse a text that is longer than what is looked for."""
    if any(text is not None and len(text) > chars_max for text in texts):
        detail = f"A search looks for texts of at most {chars_max} characters; shorten yours."
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#search-text")
