"""What the directory knows of a person or an organisation, and its ids.

One person is two resources: the Practitioner, and the PractitionerRole at the structure where they work.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mss_sim.clock import Micros
from mss_sim.vocabulary.directory import ResourceType, System
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.vocabulary.professions import profession_of, specialty_of

_PREFIXES = {
    ResourceType.ORGANIZATION: "001",
    ResourceType.PRACTITIONER: "003",
    ResourceType.PRACTITIONER_ROLE: "005",
}
"""What ids begin with (ref: ans-annuaire)."""
_ID = re.compile(r"(00[135])-(0|[1-9][0-9]{0,9})-([0-9]{9})", re.ASCII)
_BILLION = 10**9
_RPPS_LENGTH, _FINESS_LENGTH = 12, 10
_LEGAL_MODE, _EMPLOYED = "L", "S"
_CIVIL, _CARE = "C", "GENR01"


@dataclass(frozen=True, slots=True)
class PublishedMailbox:
    """A mailbox as the directory publishes it; `rank` is the preferred one's. `with_structure`: on the role, and not on the person.

    `red_listed`, `responsible`: what the restricted profile alone shows; None: it is not shown to who asks.
    """

    address: str
    kind: str
    label: str
    description: str
    rank: int | None
    with_structure: bool
    red_listed: bool | None = None
    responsible: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A person or an organisation; `id` is the identity's, `family` the name of an organisation. One that is not active is a skeleton."""

    id: int
    changed_at: Micros
    active: bool
    idnat: str
    kind: str
    family: str
    given: str
    title: str
    profession: str
    structure: str
    sector: str
    line: str
    postal_code: str
    city: str
    mailboxes: tuple[PublishedMailbox, ...]

    @property
    def is_person(self) -> bool:
        """Whether it is a person."""
        return self.kind != IdentityKind.ORGANISATION

    def published(self, type_: ResourceType) -> list[PublishedMailbox]:
        """The mailboxes on one of the resources."""
        on_role = type_ is ResourceType.PRACTITIONER_ROLE
        return [box for box in self.mailboxes if not self.is_person or (box.with_structure and bool(self.structure)) is on_role]

    def facts(self) -> list[Any]:
        """What it is made of, but for id, instant and state, as JSON takes it."""
        named = self.idnat, self.kind, self.family, self.given, self.title, self.profession, self.structure
        boxes = [[box.address, box.kind, box.label, box.description, box.rank, box.with_structure] for box in self.mailboxes]
        return [*named, self.sector, self.line, self.postal_code, self.city, boxes]

    @classmethod
    def of(cls, id_: int, changed_at: Micros, active: bool, facts: Sequence[Any]) -> "Entry":
        """The entry of a row."""
        idnat, kind, family, given, title, profession, structure, sector, line, postal_code, city, boxes = facts
        named = idnat, kind, family, given, title, profession, structure
        published = tuple(PublishedMailbox(*box) for box in boxes)
        return cls(id_, changed_at, active, *named, sector, line, postal_code, city, published)


def rpps_of(idnat: str) -> str | None:
    """The RPPS of a person; None where the number is another one."""
    return idnat[1:] if len(idnat) == _RPPS_LENGTH and idnat[0] == "8" and idnat.isdigit() else None


def activity_of(idnat: str) -> str | None:
    """The number of the activity of a person, ten digits; None without an RPPS (ref: quirks#directory-numbers)."""
    rpps = rpps_of(idnat)
    return rpps[:-1] if rpps else None


def structure_identifiers(idnat: str) -> list[tuple[str, System, str]]:
    """(type, system, value) of the identifiers of an organisation, the national one first (ref: ans-annuaire)."""
    found = [("IDNST", System.IDNST, idnat)]
    kinds = {"1": ("FINEG", System.FINESS), "2": ("SIREN", System.SIRENE), "3": ("SIRET", System.SIRENE), "4": ("RPPSRG", System.RPPS_RANK)}
    kind = kinds.get(idnat[:1])
    if kind is not None and len(idnat) > 1:
        found.append((*kind, idnat[1:]))
    return found


def codes_of(entry: Entry) -> list[tuple[System, str]]:
    """The codes by which the person or the organisation is found."""
    if not entry.is_person:
        sector = [(System.SECTOR, entry.sector)] if entry.sector else []
        return [(System.ORGANIZATION_TYPE, "GEOGRAPHICAL-ENTITY"), *sector]
    profession, specialty = profession_of(entry.profession), specialty_of(entry.profession)
    if profession is None or entry.kind != IdentityKind.PROFESSIONAL:
        return []
    found = [(System.PROFESSION, profession.code), (System.CATEGORY, _CIVIL)]
    return [*found, (System.SPECIALTY, specialty.code)] if specialty else found


def role_codes_of(entry: Entry) -> list[tuple[System, str]]:
    """The codes by which somebody's work at a structure is found."""
    cares = entry.kind == IdentityKind.PROFESSIONAL
    own_practice = entry.structure.startswith("4")
    mode = (System.MODE, _LEGAL_MODE if cares and own_practice else _EMPLOYED)
    return [(System.ACTIVITY, _CARE), mode] if cares else [mode]


def resource_id(type_: ResourceType, identity_id: int) -> str:
    """The id of a resource, `003-<n>-<n>`."""
    high, low = divmod(identity_id, _BILLION)
    return f"{_PREFIXES[type_]}-{high}-{low:09d}"


def identity_id_of(type_: ResourceType, text: str) -> int | None:
    """The identity behind an id of that type; None for an id that none can have."""
    found = _ID.fullmatch(text)
    if found is None or found[1] != _PREFIXES.get(type_):
        return None
    number = int(found[2]) * _BILLION + int(found[3])
    return number if number < 1 << 63 else None
