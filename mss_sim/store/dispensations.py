"""Dispensations: when medicines were last dispensed to a patient by an organisation, and what decides whether a patient may write first."""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from mss_sim.clock import Micros
from mss_sim.models.patients import dispensations
from mss_sim.models.tables import identities, mailboxes
from mss_sim.store.compiled import HotQuery


@dataclass(frozen=True, slots=True)
class Dispensation:
    """The newest one to a patient by an organisation; `at` is the midnight, UTC, that begins its day."""

    patient_idnat: str
    organisation_idnat: str
    at: Micros


@dataclass(frozen=True, slots=True)
class FirstLetterFacts:
    """What decides whether a patient may write first to a mailbox; `dispensed_at` None: its organisation never dispensed to them."""

    red_listed: bool
    opened: bool
    sector: str
    dispensed_at: Micros | None


def record(conn: Connection, patient_id: int, organisation_id: int, at: Micros) -> None:
    """Keep a dispensation in the place of the one before."""
    conn.execute(delete(dispensations).where(dispensations.c.patient_id == patient_id, dispensations.c.organisation_id == organisation_id))
    conn.execute(insert(dispensations).values(patient_id=patient_id, organisation_id=organisation_id, dispensed_at=at))


def list_all(conn: Connection) -> list[Dispensation]:
    """All dispensations, by patient and organisation."""
    patient, organisation = identities.alias(), identities.alias()
    query = (
        select(patient.c.idnat, organisation.c.idnat, dispensations.c.dispensed_at)
        .join(patient, patient.c.id == dispensations.c.patient_id)
        .join(organisation, organisation.c.id == dispensations.c.organisation_id)
    )
    return [Dispensation(*row) for row in conn.execute(query.order_by(patient.c.idnat, organisation.c.idnat))]


def first_letter_facts(conn: Connection, patient_id: int, mailbox_id: int) -> FirstLetterFacts:
    """The facts about a mailbox that exists, towards the patient with that identity."""
    red_listed, opened, sector, at = _FACTS.rows(conn, patient=patient_id, mailbox=mailbox_id)[0]
    return FirstLetterFacts(bool(red_listed), bool(opened), sector, at)


_FACTS = HotQuery(
    select(mailboxes.c.red_listed, mailboxes.c.patients_may_write, identities.c.sector, dispensations.c.dispensed_at)
    .join(identities, identities.c.id == mailboxes.c.owner_id)
    .outerjoin(dispensations, and_(dispensations.c.organisation_id == identities.c.id, dispensations.c.patient_id == bindparam("patient")))
    .where(mailboxes.c.id == bindparam("mailbox"))
)
