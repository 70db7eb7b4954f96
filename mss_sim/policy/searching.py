"""Limits of a search, at every door: texts of a bounded length, since databases refuse longer ones."""

from collections.abc import Iterable

from mss_sim.errors import Refusal, Rule
from mss_sim.words.sentence import say


def check_texts(texts: Iterable[str | None], chars_max: int) -> None:
    """Refuse a search text that is too long."""
    if any(text is not None and len(text) > chars_max for text in texts):
        detail = say("A search looks for texts of at most {chars_max} characters; shorten yours.", chars_max=chars_max)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#search-text")
