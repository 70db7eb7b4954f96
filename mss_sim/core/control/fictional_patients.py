"""Fictional patients by a seed: the same number gives the same people on every machine, and fewer of them are the first of more.

Of every twenty, the first ones are those that software stumbles over; the place in the twenty decides:

| place  | case                  | what it catches                                                              |
|--------|-----------------------|------------------------------------------------------------------------------|
| 0, 1   | `parent`              | nothing: a couple, the parents of the following                              |
| 2      | `minor`               | a letter to the parents' address                                             |
| 3      | `born-2025`           | a year of birth read as 1925                                                 |
| 4, 5   | `twin`                | numbers and keys beside each other                                           |
| 6      | `ward`                | a minor with a guardian                                                      |
| 7      | `born-1925`           | a year of birth read as 2025                                                 |
| 8, 9   | `corsica-2a`, `corsica-2b` | a letter in the number, in lower case too                               |
| 10     | `abroad`              | 99 and a country                                                             |
| 11     | `overseas`            | a department of three digits                                                 |
| 12, 13 | `month-unknown`, `month-abroad` | a month that is none                                               |
| 14     | `two-roots`           | one number as NIR and as NIA                                                 |
| 15     | `provisional`         | an identity that is not proven                                               |
| 16     | `sex-corrected`       | number and record that disagree                                              |
| 17-19  | `ordinary`            | nothing                                                                      |

The numbers are fictional by their order in the register, 900 to 999: the communes and the country are so small that no month has as
many births. Draws are hashes, not `random`, whose draws of a kind may change with Python's version.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from mss_sim.policy.ins import Ins, ins_key
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN
from mss_sim.vocabulary.patients import InsOid, PatientState, RepresentativeKind, Sex

PASSWORD = "patient-2026"  # noqa: S105 - told in the documentation
"""The password of all of them."""
CASES = (
    *("parent", "parent", "minor", "born-2025", "twin", "twin", "ward", "born-1925", "corsica-2a", "corsica-2b"),
    *("abroad", "overseas", "month-unknown", "month-abroad", "two-roots", "provisional", "sex-corrected", *["ordinary"] * 3),
)
"""The case of each of twenty."""
_CHILDHOOD = (2012, 2024)
_BORN = {
    "parent": (1976, 1990),
    "minor": _CHILDHOOD,
    "twin": _CHILDHOOD,
    "ward": _CHILDHOOD,
    "born-2025": (2025, 2025),
    "born-1925": (1925, 1925),
    "corsica-2a": (1977, 2004),
    "corsica-2b": (1977, 2004),
}
"""First and last year of birth."""
_ADULTS = (1930, 2004)
_CHILDREN = ("minor", "born-2025", "twin")
"""Those whose parents are the couple."""
_MONTHS = {"month-unknown": "20", "month-abroad": "31"}
_PLACES = {"corsica-2a": ("2A004",), "corsica-2b": ("2B033",), "abroad": ("99103",), "month-abroad": ("99103",), "overseas": ("97411",)}
_COMMUNES = ("05061", "15014", "22278", "29232", "48095", "56260", "65440", "87085")
_FIRST_ORDER, _ORDERS = 900, 100
GIVEN_NAMES = {
    Sex.FEMALE: ("Zoé", "Léa", "Marie-Claire", "Aïcha", "Chloé", "Inès", "Jeanne", "Maëlle", "Rose", "Françoise", "Yasmine", "Anaïs"),
    Sex.MALE: ("Noël", "Jean-Baptiste", "Mathéo", "Karim", "Loïc", "Éric", "André", "Gaël", "Paul", "Ibrahim", "René", "Hugo"),
}
FAMILY_NAMES = (
    *("ABADIE", "BÉRARD", "CHÂTELET", "D'ARGENT", "EL AMRANI", "FAÇADE", "GUÉRIN", "HERVÉ", "ITURRIA", "JOLY", "KERVELLA", "LE GOFF"),
    *("MAÇON", "N'DIAYE", "OLIVIERI", "PEÑA", "QUÉRÉ", "ROUSSEL-PETIT", "SANTONI", "TESSIER", "URBAIN", "VASSEUR", "WEBER", "YILMAZ"),
)


@dataclass(frozen=True, slots=True)
class FictionalPatient:
    """One of them: a number, its roots with their states, the traits, who acts for a minor, and how to log in."""

    case: str
    ins: str
    roots: tuple[tuple[InsOid, PatientState], ...]
    birth_name: str
    given_names: str
    birth_date: date
    sex: Sex
    representatives: tuple[tuple[str, RepresentativeKind], ...]
    login: str

    @property
    def address(self) -> str:
        """The address of the mailbox."""
        return f"{self.ins.lower()}@{PATIENT_DOMAIN}"

    @property
    def given_name(self) -> str:
        """The first given name, a compound one whole."""
        return self.given_names.partition(" ")[0]

    def identities(self) -> list[dict[str, Any]]:
        """The national identities, in plain values."""
        traits = {"birth_name": self.birth_name, "given_names": self.given_names, "birth_date": self.birth_date.isoformat()}
        traits |= {"sex": self.sex.value, "birth_place": self.ins[5:10]}
        acting = [{"idnat": idnat, "kind": kind.value} for idnat, kind in self.representatives]
        return [{"ins": self.ins, "oid": oid.value, "state": state.value, **traits, "representatives": acting} for oid, state in self.roots]

    def as_json(self) -> dict[str, Any]:
        """A patient as the control plane and the command line show it."""
        named = {"idnat": self.ins, "family_name": self.birth_name, "given_name": self.given_name, "case": self.case}
        return {**named, "address": self.address, "login": self.login, "password": PASSWORD, "ins": self.identities()}


@dataclass(slots=True)
class _Town:
    """Who is there already."""

    seed: int
    count: int = 0
    taken: set[str] = field(default_factory=set)
    twenty: list[FictionalPatient] = field(default_factory=list)
    """Those with whom the twenty of the next person begin."""

    def draw(self, what: str, below: int) -> int:
        """A number from 0 on for the next person; the same for the same seed, person and purpose."""
        return drawn(f"{self.seed}/{self.count}/{what}", below)

    def settle(self, person: FictionalPatient) -> None:
        """Have the next person there."""
        self.twenty.append(person)
        self.count += 1
        if self.count % len(CASES) == 0:
            self.twenty = []


def drawn(what: str, below: int) -> int:
    """A number from 0 on, the same for the same text on every machine."""
    return int.from_bytes(sha256(f"mss-sim/{what}".encode()).digest()[:8], "big") % below


def patients(count: int, seed: int) -> list[FictionalPatient]:
    """So many patients, in their order."""
    return list(stream(count, seed))


def stream(count: int, seed: int) -> Iterator[FictionalPatient]:
    """The same, one after the other; of those who went before, their numbers alone are kept."""
    town = _Town(seed)
    for place in range(count):
        person = _next(town, CASES[place % len(CASES)])
        town.settle(person)
        yield person


def ordinary(count: int, seed: int) -> list[FictionalPatient]:
    """So many adults over whom no software stumbles, in their order."""
    town, people = _Town(seed), []
    for _ in range(count):
        people.append(_next(town, CASES[-1]))
        town.settle(people[-1])
    return people


def _next(town: _Town, case: str) -> FictionalPatient:
    before = town.twenty[-1] if town.twenty else None
    sibling = before if case == "twin" and before is not None and before.case == "twin" else None
    sex = sibling.sex if sibling else (Sex.MALE, Sex.FEMALE)[town.draw("sex", 2)]
    born = sibling.birth_date if sibling else _birth(town, case)
    ins = _number_beside(sibling.ins) if sibling else _number(town, case, sex, born)
    town.taken.add(ins.number)
    if case == "sex-corrected":
        sex = Sex.FEMALE if sex is Sex.MALE else Sex.MALE
    acting, names, couple = _representatives(town, case), GIVEN_NAMES[sex], town.twenty[:2]
    family = couple[0].birth_name if couple and case in (*_CHILDREN, "parent") else FAMILY_NAMES[town.draw("family", len(FAMILY_NAMES))]
    first = town.draw("given", len(names))
    if sibling and names[first] == sibling.given_name:
        first = (first + 1) % len(names)
    given = f"{names[first]} {names[(first + 1 + town.draw('second', len(names) - 1)) % len(names)]}"
    login = f"patient-{town.seed}-{town.count}"
    return FictionalPatient(case, str(ins), _roots(case), family, given, born, sex, acting, login)


def _birth(town: _Town, case: str) -> date:
    first, last = _BORN.get(case, _ADULTS)
    return date(first + town.draw("year", last - first + 1), 1 + town.draw("month", 12), 1 + town.draw("day", 28))


def _number(town: _Town, case: str, sex: Sex, born: date) -> Ins:
    """A free number; of the first twin, one whose neighbour is free too."""
    begin = f"{'1' if sex is Sex.MALE else '2'}{born.year % 100:02d}{_MONTHS.get(case) or f'{born.month:02d}'}"
    places, again = _PLACES.get(case, _COMMUNES), 0
    while True:
        place = places[town.draw(f"place {again}", len(places))]
        order = _FIRST_ORDER + town.draw(f"order {again}", _ORDERS - 1)
        wanted = [f"{begin}{place}{order + more}" for more in range(2 if case == "twin" else 1)]
        if not town.taken.intersection(wanted):
            return Ins(wanted[0], ins_key(wanted[0]))
        again += 1


def _number_beside(ins: str) -> Ins:
    number = f"{ins[:10]}{int(ins[10:13]) + 1}"
    return Ins(number, ins_key(number))


def _roots(case: str) -> tuple[tuple[InsOid, PatientState], ...]:
    if case == "two-roots":
        return (InsOid.NIR, PatientState.QUALIFIED), (InsOid.NIA, PatientState.QUALIFIED)
    return ((InsOid.NIA, PatientState.PROVISIONAL),) if case == "provisional" else ((InsOid.NIR, PatientState.QUALIFIED),)


def _representatives(town: _Town, case: str) -> tuple[tuple[str, RepresentativeKind], ...]:
    """Who acts for the next person: the couple, or one of them as guardian."""
    if case in _CHILDREN:
        return tuple((one.ins, RepresentativeKind.PARENT) for one in town.twenty[:2])
    return ((town.twenty[0].ins, RepresentativeKind.GUARDIAN),) if case == "ward" else ()
