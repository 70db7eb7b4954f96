"""How long mailboxes keep letters, and which are older. A copy is as old as its id, which it keeps as it moves within a mailbox."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, select

from mss_sim.clock import Micros
from mss_sim.models.mailbox_life import retention_rounds, retentions
from mss_sim.models.tables import copies, mailboxes, messages
from mss_sim.store.messages import LeavingCopy
from mss_sim.vocabulary.mailboxes import Flag, MailboxKind

_ONLY = 1


class Keeping(NamedTuple):
    """A mailbox that keeps letters for so many days; `mailbox_id` None: every professional one that has no number of its own."""

    mailbox_id: int | None
    days: int


def own_days(conn: Connection, mailbox_id: int) -> tuple[int | None] | None:
    """The days that a mailbox has of its own (None: it keeps letters for good), in a tuple; None when it has none."""
    row = conn.execute(select(retentions.c.days).where(retentions.c.mailbox_id == mailbox_id)).one_or_none()
    return (row.days,) if row else None


def put(conn: Connection, mailbox_id: int, days: int | None) -> None:
    """Let a mailbox keep letters for so many days, whatever the others do; None: for good."""
    remove(conn, mailbox_id)
    conn.execute(insert(retentions).values(mailbox_id=mailbox_id, days=days))


def remove(conn: Connection, mailbox_id: int) -> None:
    """Let a mailbox keep letters as the others do."""
    conn.execute(delete(retentions).where(retentions.c.mailbox_id == mailbox_id))


def keeping(conn: Connection, days: int | None) -> list[Keeping]:
    """All that keep letters for a number of days; `days`: of those without a number of their own, None for good."""
    own = select(retentions.c.mailbox_id, retentions.c.days).where(retentions.c.days.is_not(None)).order_by(retentions.c.mailbox_id)
    common = [] if days is None else [Keeping(None, days)]
    return [*common, *(Keeping(*row) for row in conn.execute(own))]


def _within(kept: Keeping) -> ColumnElement[bool]:
    if kept.mailbox_id is not None:
        return copies.c.mailbox_id == kept.mailbox_id
    patients = exists().where(mailboxes.c.id == copies.c.mailbox_id, mailboxes.c.kind == MailboxKind.PATIENT.value)
    return and_(~patients, ~exists().where(retentions.c.mailbox_id == copies.c.mailbox_id))


def first(conn: Connection, kept: Keeping, after: int = 0) -> int | None:
    """The oldest copy there, by its id, that is younger than `after`."""
    found: int | None = conn.execute(select(copies.c.id).where(copies.c.id > after, _within(kept)).order_by(copies.c.id).limit(1)).scalar()
    return found


def between(conn: Connection, kept: Keeping, after: int, until: int, limit: int) -> Sequence[LeavingCopy]:
    """The copies with ids after the one and not after the other, oldest first."""
    query = (
        select(copies.c.id, copies.c.mailbox_id, copies.c.folder_id, copies.c.message_id, copies.c.flags, messages.c.size_bytes)
        .join(messages, messages.c.id == copies.c.message_id)
        .where(copies.c.id > after, copies.c.id <= until, _within(kept))
    )
    rows = conn.execute(query.order_by(copies.c.id).limit(limit))
    return [LeavingCopy(*row[:4], bool(row.flags & Flag.SEEN), row.size_bytes) for row in rows]


def counts(conn: Connection, kept: Keeping, after: int, until: int) -> dict[int, int]:
    """How many copies each mailbox has with ids after the one and not after the other."""
    query = select(copies.c.mailbox_id, func.count()).where(copies.c.id > after, copies.c.id <= until, _within(kept))
    return {row[0]: row[1] for row in conn.execute(query.group_by(copies.c.mailbox_id))}


def warned_until(conn: Connection) -> Micros | None:
    """The instant until which warnings were given; None before the first."""
    found: Micros | None = conn.execute(select(retention_rounds.c.warned_until)).scalar()
    return found


def set_warned_until(conn: Connection, at: Micros) -> None:
    """Warnings were given until then."""
    conn.execute(delete(retention_rounds))
    conn.execute(insert(retention_rounds).values(id=_ONLY, warned_until=at))
