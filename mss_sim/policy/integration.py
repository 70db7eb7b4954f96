"""What a hospital's gateway says of the documents that it takes into the hospital's system (ref: ig-mss#mdn).

| code | when                                                                  |
|------|-----------------------------------------------------------------------|
| 903  | the CDA names no INS                                                  |
| 905  | the INS lacks its number, or one of its four strict traits            |
| 904  | somebody with those traits is known, by another INS                   |
| 902  | nobody is known by that INS, nor by those traits                      |
| 906  | the letter brings no CDA that can be read                             |

Codes 903 and 905 are seen in the document alone, 902 and 904 in the patients of the world. The first that is met counts.
"""

import unicodedata
from collections.abc import Collection
from enum import IntEnum
from typing import NamedTuple

INS_LENGTH = 13
"""Characters of a number without its key, which software leaves away or not."""


class IntegrationError(IntEnum):
    """Why a document was not taken in, by the codes of the guide; the words are ours (docs/quirks.md#gateway)."""

    PATIENT_UNKNOWN = 902
    NO_INS = 903
    INS_DIFFERS = 904
    INS_INCOMPLETE = 905
    OTHER = 906


LABELS = {
    IntegrationError.PATIENT_UNKNOWN: "Identifiant de patient inconnu",
    IntegrationError.NO_INS: "Pas d'INS dans le CDA",
    IntegrationError.INS_DIFFERS: "L'INS du CDA diffère de celle du patient connu",
    IntegrationError.INS_INCOMPLETE: "INS incomplète",
    IntegrationError.OTHER: "Aucun document CDA lisible",
}
"""What each is called in the field Error, which is French nationally."""


class Traits(NamedTuple):
    """Who a patient is: the number, 13 or 15 characters, and the four strict traits; `born` as AAAAMMJJ, empty where not given."""

    number: str
    birth_name: str
    first_given: str
    born: str
    sex: str


def decide_integration(told: Traits | None, known: Collection[Traits]) -> IntegrationError | None:
    """What is wrong with the patient of a document, None when it can be taken in; `told`: None where it names no INS."""
    if told is None:
        return IntegrationError.NO_INS
    if not all(told):
        return IntegrationError.INS_INCOMPLETE
    if any(_number(one.number) == _number(told.number) for one in known):
        return None
    named = any(_person(one) == _person(told) for one in known)
    return IntegrationError.INS_DIFFERS if named else IntegrationError.PATIENT_UNKNOWN


def error_text(error: IntegrationError) -> str:
    """The value of the field Error: `CODE^LABEL`."""
    return f"{error.value}^{LABELS[error]}"


def _number(text: str) -> str:
    return text[:INS_LENGTH].upper()


def _person(traits: Traits) -> tuple[str, str, str, str]:
    return _folded(traits.birth_name), _folded(traits.first_given), traits.born, traits.sex


def _folded(name: str) -> str:
    """A name as the INS has it: capitals without accents, blanks for hyphens and apostrophes."""
    plain = unicodedata.normalize("NFD", name.upper())
    return " ".join("".join(letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter)).split())
