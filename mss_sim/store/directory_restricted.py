"""What the directory shows to operators alone: mailboxes on the red list, and who answers for each. Read from mailboxes as they are now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, bindparam, cast, func, or_, select

from mss_sim.fhir.entries import Entry, PublishedMailbox
from mss_sim.models.tables import mailboxes
from mss_sim.store.compiled import HotSelect
from mss_sim.store.directory import SHOWABLE
from mss_sim.store.engine import is_postgresql
from mss_sim.vocabulary.directory import ResourceType

_WRITING = 0x6D73732D73696F
"""The number of the writers' lock, among those of a PostgreSQL server."""


class Restricted(NamedTuple):
    """Who looks: at the hidden data of one operator's mailboxes, or of all (None)."""

    operator_id: int | None


def lock_writing(conn: Connection) -> None:
    """Let one at a time write into the directory, until the commit; over SQLite one does anyway."""
    if is_postgresql(conn):
        conn.execute(select(func.pg_advisory_xact_lock(cast(_WRITING, BigInteger))))


def complete(conn: Connection, entries: Sequence[Entry], who: Restricted) -> dict[int, Entry]:
    """The entries with what is hidden of them, by their ids; skeletons have nothing."""
    hidden: dict[int, dict[str, PublishedMailbox]] = {}
    for operator_id, owner_id, address, kind, label, description, rank, with_structure, listed, responsible in _HIDDEN.rows(
        conn, "ids", sorted({one.id for one in entries if one.active})
    ):
        if who.operator_id in (None, operator_id):
            box = PublishedMailbox(address, kind, label, description, rank, bool(with_structure), bool(listed), responsible)
            hidden.setdefault(owner_id, {})[address] = box
    return {one.id: _completed(one, hidden.get(one.id, {})) for one in entries}


def _completed(entry: Entry, hidden: dict[str, PublishedMailbox]) -> Entry:
    """Published mailboxes as the view has them, and those on the red list as they are."""
    shown = [
        replace(box, red_listed=False, responsible=hidden[box.address].responsible) if box.address in hidden else box
        for box in entry.mailboxes
        if not (box.address in hidden and hidden[box.address].red_listed)
    ]
    boxes = [*shown, *(box for box in hidden.values() if box.red_listed)]
    boxes.sort(key=lambda box: (1_000_000 if box.rank is None else box.rank, box.address))
    return replace(entry, mailboxes=tuple(boxes))


_HIDDEN = HotSelect(
    select(
        mailboxes.c.operator_id,
        mailboxes.c.owner_id,
        mailboxes.c.address,
        mailboxes.c.kind,
        mailboxes.c.label,
        mailboxes.c.description,
        mailboxes.c.preferred_rank,
        mailboxes.c.with_structure,
        mailboxes.c.red_listed,
        mailboxes.c.responsible_name,
    ).where(mailboxes.c.owner_id.in_(bindparam("ids", expanding=True)), SHOWABLE)
)


def bears(
    identity_id: ColumnElement[int], structure: ColumnElement[str], of: ResourceType, who: Restricted, fits: ColumnElement[bool]
) -> Any:
    """Whether an entry bears, as a resource of that type, a mailbox on the red list whose address fits."""

    def owners(*more: ColumnElement[bool]) -> Select[Any]:
        own = [mailboxes.c.operator_id == who.operator_id] if who.operator_id is not None else []
        return select(mailboxes.c.owner_id).where(mailboxes.c.red_listed.is_(True), SHOWABLE, fits, *own, *more)

    if of is ResourceType.ORGANIZATION:
        return identity_id.in_(owners())
    on_role = identity_id.in_(owners(mailboxes.c.with_structure.is_(True)))
    if of is ResourceType.PRACTITIONER_ROLE:
        return and_(on_role, structure != "")
    return or_(identity_id.in_(owners(mailboxes.c.with_structure.is_(False))), and_(on_role, structure == ""))
