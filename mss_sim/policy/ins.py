"""The INS, a patient's national number: 13 characters and a key of two digits, as documents and addresses have it (ref: ans-ins, ins-key).

| characters | hold | read as |
|---|---|---|
| 1 | 1, 2; 3, 4 and 7, 8 on provisional numbers | the sex: odd a man, even a woman; any other digit tells none |
| 2-3 | the year of birth without its century | both centuries: none is guessed |
| 4-5 | the month of birth; 00, and 13 and above where a register did not tell it | the month, or none |
| 6-7 | the department: digits, 2A or 2B; 97 and 98 have a third digit; 99 is abroad | `department` |
| to 10 | the commune, or the country | `commune` |
| 11-13 | the order in the register of that month | nothing |
| 14-15 | 97 less the remainder by 97 of the rest, where 2A counts as 19 and 2B as 18 | `right_key` |

Liberties taken: only characters are refused, never what a digit says, since registers of the past hold odd ones.
"""

from dataclasses import dataclass

from mss_sim.vocabulary.patients import Sex
from mss_sim.words.sentence import Sentence, SpokenError, say

_LENGTH, _NUMBER_LENGTH = 15, 13
_SEXES = {"1": Sex.MALE, "2": Sex.FEMALE, "3": Sex.MALE, "4": Sex.FEMALE, "7": Sex.MALE, "8": Sex.FEMALE}
_PROVISIONAL = frozenset("3478")
_DIGITS = frozenset("0123456789")
_CORSICAN = {"A": "19", "B": "18"}
_ABROAD, _OVERSEAS = "99", ("97", "98")


class InsError(SpokenError, ValueError):
    """The text is no INS; the message says which character, and what stands there in one."""


def ins_key(number: str) -> str:
    """The two-digit key of a 13-character number (ref: ins-key)."""
    corsican = _CORSICAN.get(number[6].upper())
    digits = number[:5] + corsican + number[7:] if corsican else number
    return f"{97 - int(digits) % 97:02d}"


@dataclass(frozen=True, slots=True)
class Ins:
    """One number, its letters in capitals: `number` has 13 characters, `key` two digits, right or not."""

    number: str
    key: str

    def __str__(self) -> str:
        return self.number + self.key

    @property
    def right_key(self) -> str:
        """The key that the number should have."""
        return ins_key(self.number)

    @property
    def sex(self) -> Sex | None:
        """What the first digit tells; it stays when the sex is corrected in the civil register later."""
        return _SEXES.get(self.number[0])

    @property
    def provisional(self) -> bool:
        """Whether the number was given for the time until the person is registered."""
        return self.number[0] in _PROVISIONAL

    @property
    def birth_years(self) -> tuple[int, int]:
        """The years of birth that the number allows, one in each century."""
        year = int(self.number[1:3])
        return 1900 + year, 2000 + year

    @property
    def birth_month(self) -> int | None:
        """The month of birth, 1 to 12; None where the number tells none."""
        month = int(self.number[3:5])
        return month if 1 <= month <= 12 else None

    @property
    def birth_place(self) -> str:
        """The five characters of the place of birth: a commune, or 99 and a country."""
        return self.number[5:10]

    @property
    def foreign(self) -> bool:
        """Whether it tells of a birth abroad."""
        return self.birth_place.startswith(_ABROAD)

    @property
    def department(self) -> str:
        """The department of birth: `75`, `2A`, `974`; 99 abroad."""
        return self.birth_place[: 3 if self.birth_place.startswith(_OVERSEAS) else 2]

    @property
    def commune(self) -> str:
        """The commune within the department, or the country abroad."""
        return self.birth_place.removeprefix(self.department)


def parse_ins(text: str) -> Ins:
    """The number in a text, in either case, its key right or wrong; InsError for anything else."""
    if len(text) != _LENGTH:
        raise InsError(say("An INS has 15 characters, 13 and a key of two digits; this one has {length}.", length=len(text)))
    for place, character in enumerate(text):
        corsican = place == 6 and text[5] == "2"
        if character in _DIGITS or (corsican and character in "ABab"):
            continue
        expected = say("a digit, A or B") if corsican else say("a digit")
        raise InsError(
            say(
                "Character {place} of this INS is {character!r}: {expected} stands there.",
                place=place + 1,
                character=character,
                expected=expected,
            )
        )
    number = text.upper()
    return Ins(number[:_NUMBER_LENGTH], number[_NUMBER_LENGTH:])


def wrong_key(ins: Ins) -> Sentence | None:
    """What is wrong with the key of a number; None when it is right."""
    return None if ins.key == ins.right_key else say("The key of this INS should be {key}.", key=ins.right_key)


def is_ins(text: str) -> bool:
    """Whether a text has the characters of an INS, its key right or wrong."""
    try:
        parse_ins(text)
    except InsError:
        return False
    return True
