"""Who has which copy of a letter in charge, and the notes of colleagues. Writers have locked the folder of the copy."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, insert, select

from mss_sim.clock import Micros
from mss_sim.models.charges import charge_notes, charges
from mss_sim.models.tables import copies
from mss_sim.store import identities
from mss_sim.store.compiled import HotSelect
from mss_sim.vocabulary.charge import ChargeChoice, ChargeState


class Charge(NamedTuple):
    """Where a copy stands: who has it in charge or has finished with it, since when, and how many notes there are.

    No idNat and no name: it is free, or its holder was deleted since.
    """

    copy_id: int
    state: ChargeState
    holder_id: int | None
    since_at: Micros
    notes: int
    idnat: str | None = None
    name: str = ""


class NoteRow(NamedTuple):
    """A note for colleagues; no author: somebody who was deleted since."""

    id: int
    copy_id: int
    author_id: int | None
    written_at: Micros
    text: str


_OF = HotSelect(select(*charges.c).where(charges.c.copy_id.in_(bindparam("copies", expanding=True))))


def of(conn: Connection, copy_ids: Collection[int]) -> dict[int, Charge]:
    """Where these copies stand, by id; a copy that never was in charge is left out."""
    found = [Charge(row[0], ChargeState(row[1]), *row[2:]) for row in _OF.rows(conn, "copies", sorted(copy_ids))]
    if not found:
        return {}
    people = identities.names(conn, {one.holder_id for one in found if one.holder_id is not None})
    return {one.copy_id: _named(one, people.get(one.holder_id or 0)) for one in found}


def _named(one: Charge, holder: identities.Identity | None) -> Charge:
    return one._replace(idnat=holder.idnat, name=holder.name) if holder else one


def keep(conn: Connection, rows: Sequence[Charge]) -> None:
    """Write down where copies stand."""
    if rows:
        conn.execute(delete(charges).where(charges.c.copy_id.in_([one.copy_id for one in rows])))
        conn.execute(insert(charges), [dict(zip(charges.c.keys(), (*one[:1], one.state.value, *one[2:5]), strict=True)) for one in rows])


def add_notes(conn: Connection, rows: Sequence[NoteRow]) -> None:
    """Store notes; their number stands in the charge, which the caller keeps."""
    if rows:
        conn.execute(insert(charge_notes), [row._asdict() for row in rows])


def notes_of(conn: Connection, copy_ids: Collection[int]) -> dict[int, list[NoteRow]]:
    """The notes of copies, the oldest first; a copy without any is left out."""
    found: dict[int, list[NoteRow]] = {}
    for row in _NOTES.rows(conn, "copies", sorted(copy_ids)):
        found.setdefault(row[1], []).append(NoteRow(*row))
    for rows in found.values():
        rows.sort()
    return found


_NOTES = HotSelect(select(*charge_notes.c).where(charge_notes.c.copy_id.in_(bindparam("copies", expanding=True))))


def chosen(choice: ChargeChoice, reader_id: int) -> ColumnElement[bool]:
    """The condition for copies that stand so, for that actor."""

    def stands(*wanted: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(and_(charges.c.copy_id == copies.c.id, *wanted))

    in_charge = charges.c.state == ChargeState.IN_CHARGE.value
    match choice:
        case ChargeChoice.NOBODY:
            return ~stands(charges.c.state != ChargeState.OPEN.value)
        case ChargeChoice.MINE:
            return stands(in_charge, charges.c.holder_id == reader_id)
        case ChargeChoice.IN_CHARGE:
            return stands(in_charge)
        case ChargeChoice.DONE:
            return stands(charges.c.state == ChargeState.DONE.value)
