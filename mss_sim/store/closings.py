"""Mailboxes whose closing was asked for, and when they close."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from mss_sim.clock import Micros
from mss_sim.models.mailbox_life import closings
from mss_sim.store.compiled import HotQuery
from mss_sim.vocabulary.mailboxes import MailboxState

_COLUMNS = tuple(closings.c)
_NEXT = HotQuery(select(func.min(closings.c.closes_at)))


@dataclass(frozen=True, slots=True)
class Closing:
    """A mailbox that closes at `closes_at`; `state_before` is what it goes back to when that is cancelled."""

    mailbox_id: int
    asked_at: Micros
    closes_at: Micros
    state_before: MailboxState


def _closing(row: tuple[int, Micros, Micros, str]) -> Closing:
    return Closing(*row[:3], MailboxState(row[3]))


def of_mailbox(conn: Connection, mailbox_id: int) -> Closing | None:
    """When a mailbox closes; None if no closing was requested."""
    row = conn.execute(select(*_COLUMNS).where(closings.c.mailbox_id == mailbox_id)).one_or_none()
    return _closing(tuple(row)) if row else None


def add(conn: Connection, closing: Closing) -> None:
    """Let a mailbox close then."""
    values = {column.name: getattr(closing, column.name) for column in _COLUMNS}
    conn.execute(insert(closings).values({**values, "state_before": closing.state_before.value}))


def remove(conn: Connection, mailbox_id: int) -> bool:
    """It was cancelled, or has happened; False if none was requested."""
    return conn.execute(delete(closings).where(closings.c.mailbox_id == mailbox_id)).rowcount > 0


def next_at(conn: Connection) -> Micros | None:
    """When the next mailbox closes."""
    found: Micros | None = _NEXT.rows(conn)[0][0]
    return found


def due(conn: Connection, now: Micros) -> list[Closing]:
    """The mailboxes that close by now, in order."""
    rows = conn.execute(select(*_COLUMNS).where(closings.c.closes_at <= now).order_by(closings.c.closes_at, closings.c.mailbox_id))
    return [_closing(tuple(row)) for row in rows]
