"""Flags and keywords: what may be set, and what a change makes of those that a copy has."""

import pytest

from mss_sim.core.mailbox.flag_rules import FlagChange, changed, check_words
from mss_sim.errors import Rule
from mss_sim.vocabulary.mailboxes import Flag
from tests.core.towns import refused


@pytest.mark.parametrize(
    "word",
    ["", "\\", "\\\\", "\\Recent", "\\seen", "a b", "a(b", "a)b", "a{b", "a%b", "a*b", 'a"b', "a]b", "é", "a\x01", "a\x7f", "x" * 101],
)
def test_what_is_no_flag_and_no_keyword_is_neither_set_nor_cleared(word: str) -> None:
    for change in (FlagChange(frozenset({word})), FlagChange(remove=frozenset({word}))):
        with refused(Rule.INVALID):
            check_words(change)


@pytest.mark.parametrize("word", ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$MDNSent", "urgent", "x" * 100])
def test_system_flags_and_keywords_are(word: str) -> None:
    check_words(FlagChange(frozenset({word})))


def test_a_hundred_words_at_once_and_no_more() -> None:
    words = frozenset(f"k{number}" for number in range(100))
    check_words(FlagChange(words))
    with refused(Rule.LIMIT_REACHED):
        check_words(FlagChange(words, frozenset({"more"})))


@pytest.mark.parametrize(
    ("flags", "keywords", "change", "after"),
    [
        (Flag.SEEN, "a", FlagChange(frozenset({"\\Flagged", "b"})), (Flag.SEEN | Flag.FLAGGED, "a b")),
        (Flag.SEEN | Flag.DRAFT, "a b", FlagChange(remove=frozenset({"\\Seen", "a", "c"})), (Flag.DRAFT, "b")),
        (Flag.SEEN, "", FlagChange(frozenset({"\\Seen"})), (Flag.SEEN, "")),
        (Flag(0), "b", FlagChange(frozenset({"c", "a"})), (Flag(0), "a b c")),
        (Flag(0), "", FlagChange(frozenset({"a", "\\Seen"}), frozenset({"a", "\\Seen"})), (Flag(0), "")),
    ],
)
def test_a_change_adds_and_takes_and_keeps_words_in_order(flags: Flag, keywords: str, change: FlagChange, after: tuple[Flag, str]) -> None:
    assert changed(flags, keywords, change) == after


def test_a_copy_has_a_hundred_keywords_and_who_has_more_may_lose_some() -> None:
    full = " ".join(f"k{number}" for number in range(100))
    assert changed(Flag(0), full, FlagChange(frozenset({"k1", "\\Seen"}))) == (Flag.SEEN, " ".join(sorted(full.split())))
    with refused(Rule.LIMIT_REACHED, "take others off"):
        changed(Flag(0), full, FlagChange(frozenset({"more"})))
    over = f"{full} more evenmore"
    assert len(changed(Flag(0), over, FlagChange(remove=frozenset({"more"})))[1].split()) == 101
