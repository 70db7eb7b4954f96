"""Documents made on demand, for a patient and a professional of the world: right, or broken in one way (`documents/making`)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mss_sim.clock import to_datetime
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import identities, patients
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.store.patients import PatientIdentity
from mss_sim.vocabulary.documents import CdaLevel
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.vocabulary.patients import PatientState, Sex
from mss_sim.words.sentence import say

if TYPE_CHECKING:
    from mss_sim.documents.making.paper import Author, Patient
    from mss_sim.documents.making.parcel import Parcel

_PARIS = ZoneInfo("Europe/Paris")
_RPPS_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made. `patient` and `author` are idNats, None for those of the samples; `types` are codes of JDV_J07."""

    types: Sequence[str]
    level: CdaLevel = CdaLevel.N3
    patient: str | None = None
    author: str | None = None
    text: Sequence[str] = ()
    flaw: str | None = None


async def make(world: World, wanted: Wanted) -> "tuple[Parcel, str | None]":
    """The parcel, and the code of the finding that its flaw gives.

    Refusal(NOT_FOUND) for somebody who is not there, Refusal(INVALID) for who is no patient or no professional, and for an unknown flaw.
    """
    from mss_sim.documents.making.flaws import FLAWS  # noqa: PLC0415 - most worlds make no documents
    from mss_sim.documents.making.paper import Author, Paper, Patient  # noqa: PLC0415
    from mss_sim.documents.making.parcel import Steps, make_parcel  # noqa: PLC0415

    flaw = FLAWS.get(wanted.flaw) if wanted.flaw else None
    if wanted.flaw and flaw is None:
        detail = say("There is no flaw {flaw}; GET /control/documents lists those that there are.", flaw=wanted.flaw[:60])
        raise Refusal(Rule.INVALID, detail, reference="quirks#documents-made")
    if flaw and (wanted.patient or len(wanted.types) > 1):
        detail = say("A flaw breaks one document of the patient of the samples; leave out patient, and name one type.")
        raise Refusal(Rule.INVALID, detail, reference="quirks#documents-made")

    def people(conn: Connection) -> "tuple[Patient, Author]":
        return (
            _patient(conn, wanted.patient) if wanted.patient else Patient(),
            _author(conn, wanted.author) if wanted.author else Author(),
        )

    patient, author = await world.store.read(people)
    level = (flaw.level if flaw else None) or wanted.level
    at = to_datetime(world.clock.now()).astimezone(_PARIS).replace(microsecond=0)
    first = Paper(at, patient, author, wanted.types[0], level)
    if wanted.text:
        first = replace(first, text=tuple(wanted.text))
    papers = [replace(first, type=type_) for type_ in wanted.types]
    parcel = await asyncio.to_thread(make_parcel, papers, flaw.steps if flaw else Steps())
    return parcel, flaw.code if flaw else None


def _person(conn: Connection, idnat: str) -> Identity:
    found = identities.by_idnat(conn, idnat)
    if found is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no identity {idnat}.", idnat=idnat), subject=idnat)
    return found


def _patient(conn: Connection, idnat: str) -> "Patient":
    """A patient of the world. Their number is given away with all traits alone: of an identity that is not proven it is not."""
    from mss_sim.documents.making.paper import Patient  # noqa: PLC0415 - as above

    person = _person(conn, idnat)
    if person.kind is not IdentityKind.PATIENT:
        raise Refusal(Rule.INVALID, say("{idnat} is no patient.", idnat=idnat), subject=idnat)
    rows = patients.of_person(conn, person.id)
    proven = next((row for row in rows if row.state is not PatientState.PROVISIONAL), None)
    known = proven or (rows[0] if rows else None)
    given = (known.given_names if known else "") or person.given_name
    return Patient(
        number=proven.ins if proven else "",
        root=str(proven.oid) if proven else "",
        birth_name=(known.birth_name if known else "") or person.family_name,
        given_names=given,
        first_given=given.split(" ")[0],
        born=known.birth_date.strftime("%Y%m%d") if known and known.birth_date else "",
        sex=_sex(known),
        place=known.birth_place if known else "",
    )


def _sex(known: PatientIdentity | None) -> str:
    return {Sex.MALE: "M", Sex.FEMALE: "F"}.get(known.sex, "UN") if known and known.sex else "UN"


def may_sign(who: Identity) -> bool:
    """Whether somebody signs documents: a professional with a number of the RPPS."""
    return who.kind is IdentityKind.PROFESSIONAL and len(who.idnat) == _RPPS_LENGTH


def _author(conn: Connection, idnat: str) -> "Author":
    from mss_sim.documents.making.paper import Author  # noqa: PLC0415 - as above

    person = _person(conn, idnat)
    if not may_sign(person):
        detail = say("{idnat} is no professional with a number of the RPPS, and signs no document.", idnat=idnat)
        raise Refusal(Rule.INVALID, detail, subject=idnat, reference="ans-idnps")
    known = identities.by_idnat(conn, person.structure) if person.structure else None
    usual = Author()
    return Author(
        idnat,
        person.family_name,
        person.given_name,
        known.idnat if known else usual.organisation_number,
        known.name if known else usual.organisation,
    )
