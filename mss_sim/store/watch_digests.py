"""The daily letters about a watch list: which mailboxes get one, at what hour, and when the next is due."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from mss_sim.clock import Micros
from mss_sim.models.tables import watch_digests
from mss_sim.store.compiled import HotQuery


class WatchDigest(NamedTuple):
    """The daily letter of one mailbox: at that hour, next then; `next_at` None: it was switched off; `sent_at`: the last one."""

    mailbox_id: int
    hour: int
    next_at: Micros | None
    sent_at: Micros | None = None


def of_mailbox(conn: Connection, mailbox_id: int, *, to_change: bool = False) -> WatchDigest | None:
    """The daily letter of a mailbox, locked until the commit when it is to be changed; None when it was never asked for."""
    query = select(*watch_digests.c).where(watch_digests.c.mailbox_id == mailbox_id)
    row = conn.execute(query.with_for_update() if to_change else query).one_or_none()
    return WatchDigest(*row) if row else None


def keep(conn: Connection, one: WatchDigest) -> None:
    """Keep the daily letter of a mailbox as it is now."""
    conn.execute(delete(watch_digests).where(watch_digests.c.mailbox_id == one.mailbox_id))
    conn.execute(insert(watch_digests).values(one._asdict()))


_NEXT = HotQuery(select(watch_digests.c.next_at).where(watch_digests.c.next_at.is_not(None)).order_by(watch_digests.c.next_at).limit(1))


def next_at(conn: Connection) -> Micros | None:
    """When the next one is due, in the past or to come."""
    rows = _NEXT.rows(conn)
    return rows[0][0] if rows else None


def due(conn: Connection, now: Micros, limit: int) -> list[WatchDigest]:
    """Those that are due, the first first, then by mailbox."""
    query = select(*watch_digests.c).where(watch_digests.c.next_at <= now).order_by(watch_digests.c.next_at, watch_digests.c.mailbox_id)
    return [WatchDigest(*row) for row in conn.execute(query.limit(limit))]


def take(conn: Connection, one: WatchDigest, next_at: Micros) -> bool:
    """Put a letter off to the next time; False when somebody else has, or it is not asked for as it was."""
    same = (watch_digests.c.mailbox_id == one.mailbox_id, watch_digests.c.next_at == one.next_at)
    return conn.execute(update(watch_digests).where(*same).values(next_at=next_at)).rowcount > 0


def note_sent(conn: Connection, mailbox_id: int, at: Micros, next_at: Micros) -> None:
    """Remember when the last one was sent, and when the next is due."""
    conn.execute(update(watch_digests).where(watch_digests.c.mailbox_id == mailbox_id).values(sent_at=at, next_at=next_at))
