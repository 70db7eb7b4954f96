"""Flags and keywords: which may be set, and the result of a change to those of a copy (ref: rfc9051#2.3.2)."""

from dataclasses import dataclass

from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.mailboxes import FLAG_NAMES, Flag
from mss_sim.words.sentence import say

_WORDS_MAX = 100
_WORD_CHARS_MAX = 100


@dataclass(frozen=True, slots=True)
class FlagChange:
    """Flags and keywords to set and to clear, by their IMAP names; with `replace`, `add` replaces all existing ones.

    `unchanged_since`: copies with a higher modification sequence are left alone (ref: rfc7162#3.1.3).
    """

    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    replace: bool = False
    unchanged_since: int | None = None


def check_words(change: FlagChange) -> None:
    """Refuse words that are neither system flags nor keywords, and an excessive number of them."""
    words = change.add | change.remove
    if len(words) > _WORDS_MAX:
        raise Refusal(Rule.LIMIT_REACHED, say("At most {most} flags and keywords at once.", most=_WORDS_MAX), reference="rfc9051#2.3.2")
    if any(len(word) > _WORD_CHARS_MAX for word in words):
        raise Refusal(
            Rule.INVALID,
            say("A keyword has at most {most} characters.", most=_WORD_CHARS_MAX),
            reference="rfc9051#2.3.2",
        )
    for word in words:
        if word.startswith("\\") and word not in FLAG_NAMES:
            known = ", ".join(FLAG_NAMES)
            raise Refusal(
                Rule.INVALID,
                say("{word} is not a system flag; the system flags are {known}.", word=word, known=known),
                reference="rfc9051#2.3.2",
            )
        if not word.strip("\\") or not word.isascii() or any(letter in '(){ %*"]' or not letter.isprintable() for letter in word):
            raise Refusal(Rule.INVALID, say("{word!r} cannot be a keyword: letters, digits and $ are.", word=word), reference="rfc9051#9")


def changed(flags: Flag, keywords: str, change: FlagChange) -> tuple[Flag, str]:
    """Flags and keywords after a change; Refusal when a copy would have too many keywords."""
    for name, flag in FLAG_NAMES.items():
        if name in change.add:
            flags |= flag
        if name in change.remove:
            flags &= ~flag
    before = set(keywords.split())
    words = (before | (change.add - FLAG_NAMES.keys())) - change.remove
    if len(words) > _WORDS_MAX and words - before:
        detail = say("A message has at most {most} keywords; take others off first.", most=_WORDS_MAX)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="rfc9051#2.3.2")
    return flags, " ".join(sorted(words))
