"""Fields of forms read as REST reads bodies: a text of one line, a whole number, one word of a list; Refusal(INVALID) for anything else."""

import re
from enum import StrEnum
from typing import TypeVar

from mss_sim.errors import Refusal, Rule
from mss_sim.web.visit import Visit
from mss_sim.words.sentence import say

Word = TypeVar("Word", bound=StrEnum)
_LINE_CHARS_MAX = 300
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DIGITS_MAX = 19


def line(visit: Visit, name: str, most: int = _LINE_CHARS_MAX) -> str:
    """A text of one line; empty where it is missing."""
    text = visit.field(name)
    if len(text) > most or _CONTROLS.search(text):
        detail = say("{name} is one line of text of at most {most} characters.", name=name, most=most)
        raise Refusal(Rule.INVALID, detail, subject=name)
    return text


def number(text: str, name: str, least: int, most: int) -> int | None:
    """A whole number; None for an empty field."""
    if not text:
        return None
    digits = re.sub(r"[\s\u202f\u00a0]", "", text)  # as French offices group them
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS_MAX and least <= int(digits) <= most):
        detail = say("{name} is a whole number from {least} to {most}.", name=name, least=least, most=most)
        raise Refusal(Rule.INVALID, detail, subject=name)
    return int(digits)


def word(text: str, name: str, words: type[Word]) -> Word:
    """One word of a list."""
    try:
        return words(text)
    except ValueError as error:
        known = ", ".join(one.value for one in words)
        raise Refusal(Rule.INVALID, say("{name} is one of: {known}.", name=name, known=known), subject=name) from error


def word_or_none(text: str, name: str, words: type[Word]) -> Word | None:
    """The same where nothing may be chosen."""
    return word(text, name, words) if text else None


def check_meant(visit: Visit) -> None:
    """Refuse what would lose something, until the box beside its button is ticked."""
    if visit.field("meant") != "yes":
        raise Refusal(Rule.INVALID, say("What would be lost is told beside the button; tick its box, and send the form again."))
