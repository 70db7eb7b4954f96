"""A fictional network by a number: operators with their domains, organisations and practitioners with their mailboxes, patients.

The same numbers give the same people on every machine. How mailboxes spread over domains follows what was measured of the published ones
in 2026 (ref: quirks#fictional-network): the largest has 62,151, the ten largest have 46 % of all, one in the middle has 4, and 64 % of all
domains have fewer than ten.

| kind    | whose                                  | at a national scale |
|---------|----------------------------------------|---------------------|
| PER     | each practitioner                      | 600,000             |
| CAB     | every twentieth practitioner, with two co-holders | 30,000   |
| ORG     | each organisation                      | 100,000             |
| APP     | three of ten organisations             | 30,000              |
| PATIENT | each patient (`fictional_patients`)    | 40,000              |

Numbers are unassigned: RPPS begin with 99, FINESS with 99, 96 or 00, which are no departments; their keys are right. People of one
seed stand in the order of their domains, so that their rows lie beside each other in the store's indexes.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import pow  # noqa: A004 - of two numbers, always a float
from typing import Self

from mss_sim.core.access.identities import NewIdentity
from mss_sim.core.access.patient_identities import NewPatientIdentity
from mss_sim.core.control import fictional_patients
from mss_sim.core.control.fictional_patients import FAMILY_NAMES, GIVEN_NAMES, FictionalPatient, drawn
from mss_sim.core.control.many import NewRow
from mss_sim.core.mailbox.mailboxes import NewMailbox
from mss_sim.policy.identifiers import with_luhn
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind
from mss_sim.vocabulary.patients import Sex

PASSWORD = "praticien-2026"  # noqa: S105 - told in the documentation
"""The password of all practitioners."""
SEEDS = 30
"""How many seeds there are; each has numbers of its own."""
PRACTITIONERS_MAX, ORGANISATIONS_MAX, PATIENTS_MAX, OPERATORS_MAX = 1_000_000, 100_000, 100_000, 1_000
_PER_DOMAIN = 760_000 / 5_018
"""Mailboxes of a domain in the mean."""
_REGIONAL, _OPERATORS = 21, 321
"""Of so many operators, those that serve others; each of the rest is a hospital with one domain."""
_LARGEST, _TEN, _TENS = 62_151, 10, 1_806
"""The largest domain, the rank up to which domains fall slowly, and the last rank that has ten mailboxes."""
_PRACTICE, _CO_HOLDERS = 20, 2
_APPLICATIONS = 3, 10
_DEPARTMENTS = ("99", "96", "00")
_PROFESSIONS = (
    *(("Dr", "Médecin généraliste"), ("Dr", "Médecin spécialiste en cardiologie"), ("Dr", "Chirurgien-dentiste")),
    *(("", "Infirmière"), ("", "Masseur-kinésithérapeute"), ("Dr", "Pharmacien"), ("", "Sage-femme"), ("Dr", "Biologiste médical")),
)
_TOWNS = ("Villeneuve-les-Ormes", "Saint-Aubin", "Beaulieu-les-Tilleuls", "Montclair", "Les Essarts", "Pont-aux-Dames", "Chênevert")
_WITH_STRUCTURE = 3
"""One mailbox of so many practitioners is published where they work."""
_PLACES = (
    *(("Centre hospitalier", "SA01", "Secrétariat médical"), ("Clinique", "SA04", "Accueil")),
    *(("Maison de santé", "SA08", "Secrétariat"), ("Laboratoire", "SA25", "Résultats"), ("Pharmacie", "SA33", "Officine")),
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each to make, and the seed, from 0 to 29, that says which."""

    practitioners: int = 0
    organisations: int = 0
    patients: int = 0
    operators: int = 1
    seed: int = 0

    @classmethod
    def of(cls, practitioners: int, organisations: int, patients: int, operators: int | None, seed: int) -> Self:
        """The counts with as many operators as the country has for so many people, where none are said."""
        share = _OPERATORS * (practitioners + organisations) / (600_000 + 100_000)
        return cls(practitioners, organisations, patients, max(1, round(share)) if operators is None else operators, seed)


NATIONAL = Counts(practitioners=600_000, organisations=100_000, patients=40_000, operators=321)


@dataclass(frozen=True, slots=True)
class FictionalOperator:
    """An operator and its domains."""

    name: str
    domains: tuple[str, ...]


def _national_size(rank: int) -> float:
    """How many mailboxes the domain of a rank has, from 1 on, in the whole country."""
    if rank <= _TEN:
        return _LARGEST * pow(rank, -0.41)
    if rank <= _TENS:
        return 18_200 * pow(rank / 11, -1.4717)
    return 10 * pow(rank / _TENS, -2.79)


class Network:
    """All of one request, each of its members by a place in its order."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        practices = -(-counts.practitioners // _PRACTICE)
        served = counts.practitioners + practices + counts.organisations * (1 + _APPLICATIONS[0] / _APPLICATIONS[1])
        self._domain_count = max(counts.operators, round(served / _PER_DOMAIN)) if counts.operators else 0
        self._regional = max(1, round(counts.operators * _REGIONAL / _OPERATORS))

    @cached_property
    def domains(self) -> list[str]:
        """The domains, the largest first."""
        return [f"{self._label(rank)}.s{self.counts.seed}.sim.mssante.fr" for rank in range(self._domain_count)]

    def _label(self, rank: int) -> str:
        return f"hopital-{rank}" if self._regional <= rank < self.counts.operators else f"sante-{rank}"

    @cached_property
    def _until(self) -> list[float]:
        """For each domain, the share of all mailboxes that lie there or in a larger one."""
        sizes = list(accumulate(_national_size(rank) for rank in range(1, self._domain_count + 1)))
        return [size / sizes[-1] for size in sizes]

    def _domain(self, place: int, count: int) -> str:
        """Where the member at a place of so many is."""
        return self.domains[bisect_right(self._until, (place + 0.5) / count, hi=self._domain_count - 1)]

    def operators(self) -> list[FictionalOperator]:
        """The operators: some serve many domains, the rest are hospitals."""
        theirs: list[list[str]] = [[] for _ in range(self.counts.operators)]
        for rank, domain in enumerate(self.domains):
            theirs[rank if rank < self.counts.operators else rank % self._regional].append(domain)
        return [FictionalOperator(self._name(number), tuple(names)) for number, names in enumerate(theirs)]

    def _name(self, number: int) -> str:
        return f"{'Messagerie régionale' if number < self._regional else 'Hôpital'} {self.counts.seed}-{number}"

    @property
    def mailboxes(self) -> int:
        """How many mailboxes there are."""
        counts = self.counts
        applications = sum(1 for place in range(counts.organisations) if _has_application(place))
        return counts.practitioners + -(-counts.practitioners // _PRACTICE) + counts.organisations + applications + counts.patients

    def rows(self) -> Iterator[NewRow]:
        """All of them, organisations first: practitioners work there."""
        yield from map(self.organisation, range(self.counts.organisations))
        yield from map(self.practitioner, range(self.counts.practitioners))
        yield from map(patient_row, fictional_patients.stream(self.counts.patients, self.counts.seed))

    def organisation(self, place: int) -> NewRow:
        """An organisation with its mailbox, and for some a program's."""
        name, sector, office = _PLACES[drawn(f"{self.counts.seed}/o/{place}", len(_PLACES))]
        domain, idnat = self._domain(place, self.counts.organisations), self._finess(place)
        whole = f"{name} {self.counts.seed}-{place}"
        boxes = [NewMailbox(f"accueil.{place}@{domain}", MailboxKind.ORG, idnat, f"{whole} - {office}")]
        if _has_application(place):
            boxes.append(NewMailbox(f"logiciel.{place}@{domain}", MailboxKind.APP, idnat, f"{whole} - Logiciel"))
        where = drawn(f"{self.counts.seed}/o/{place}/where", 1 << 30)
        line, postal_code = f"{1 + where % 97} rue de la Santé", f"{idnat[1:3]}{where // 97 % 1_000:03d}"
        city = _TOWNS[where // 97_000 % len(_TOWNS)]
        person = NewIdentity(idnat, IdentityKind.ORGANISATION, whole, sector=sector, address_line=line, postal_code=postal_code, city=city)
        return NewRow(person, tuple(boxes))

    def practitioner(self, place: int) -> NewRow:
        """A practitioner with a mailbox, and for some the mailbox of a practice, shared with those before."""
        seed, idnat = self.counts.seed, self._rpps(place)
        draw = drawn(f"{seed}/p/{place}", 1 << 60)
        draw, of = divmod(draw, len(_PROFESSIONS))
        draw, sex = divmod(draw, 2)
        names = GIVEN_NAMES[(Sex.FEMALE, Sex.MALE)[sex]]
        draw, given = divmod(draw, len(names))
        family, (title, profession) = FAMILY_NAMES[draw % len(FAMILY_NAMES)], _PROFESSIONS[of]
        organisations = self.counts.organisations
        structure = self._finess(place * organisations // self.counts.practitioners) if organisations else ""
        login = f"praticien-{seed}-{place}"
        person = NewIdentity(
            idnat, IdentityKind.PROFESSIONAL, family, names[given], title, profession, structure, login=login, password=PASSWORD
        )
        domain, label = self._domain(place, self.counts.practitioners), " ".join(filter(None, (title, names[given], family)))
        address = f"{_plain(names[given])}.{_plain(family)}.{place}@{domain}"
        boxes = [NewMailbox(address, MailboxKind.PER, idnat, label, with_structure=bool(structure) and place % _WITH_STRUCTURE == 0)]
        if place % _PRACTICE == 0:
            others = tuple(self._rpps(place - back) for back in range(1, _CO_HOLDERS + 1) if back <= place)
            boxes.append(NewMailbox(f"cabinet.{place}@{domain}", MailboxKind.CAB, idnat, f"Cabinet {family}", co_holders=others))
        return NewRow(person, tuple(boxes))

    def _rpps(self, place: int) -> str:
        return "8" + with_luhn(f"99{self.counts.seed:02d}{place:06d}")

    def _finess(self, place: int) -> str:
        block, within = divmod(self.counts.seed, SEEDS // len(_DEPARTMENTS))
        return "1" + with_luhn(f"{_DEPARTMENTS[block]}{within}{place:05d}")


def patient_row(one: FictionalPatient) -> NewRow:
    """A fictional patient with the mailbox."""
    label = f"{one.given_name} {one.birth_name}"
    ins = tuple(map(NewPatientIdentity.read, one.identities()))
    person = NewIdentity(
        one.ins, IdentityKind.PATIENT, one.birth_name, one.given_name, login=one.login, password=fictional_patients.PASSWORD, ins=ins
    )
    return NewRow(person, (NewMailbox(one.address, MailboxKind.PATIENT, one.ins, label),))


def _has_application(place: int) -> bool:
    return place % _APPLICATIONS[1] < _APPLICATIONS[0]


def _folded(text: str) -> str:
    letters = "".join(one for one in unicodedata.normalize("NFD", text.lower()) if one.isascii())
    return "".join(one if one.isalnum() else "-" for one in letters)


_PLAIN = {name: _folded(name) for name in (*FAMILY_NAMES, *(name for names in GIVEN_NAMES.values() for name in names))}


def _plain(name: str) -> str:
    """A name as the local part of an address has it."""
    return _PLAIN[name]
