"""Limits of a search, at every door: texts of a bounded length, since databases refuse longer ones, and few words where each costs."""

from collections.abc import Iterable, Sequence

from mss_sim.errors import Refusal, Rule
from mss_sim.words.sentence import say

WORDS_MAX = 12
"""Words of a search in the directory."""


def check_texts(texts: Iterable[str | None], chars_max: int) -> None:
    """Refuse a search text that is too long."""
    if any(text is not None and len(text) > chars_max for text in texts):
        detail = say("A search looks for texts of at most {chars_max} characters; shorten yours.", chars_max=chars_max)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#search-text")


def check_words(words: Sequence[str]) -> None:
    """Refuse a search in the directory for no word, or for more than anybody types."""
    if not words:
        detail = say("Say whom you look for: the beginning of a name, a profession, a place, a structure.")
        raise Refusal(Rule.INVALID, detail, subject="q", reference="quirks#directory-search")
    if len(words) > WORDS_MAX:
        detail = say("A search in the directory has at most {most} words; take some away.", most=WORDS_MAX)
        raise Refusal(Rule.LIMIT_REACHED, detail, subject="q", reference="quirks#directory-search")
