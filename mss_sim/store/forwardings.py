"""Where mailboxes forward what arrives in them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from mss_sim.clock import Micros
from mss_sim.models.mailbox_life import forwardings
from mss_sim.models.tables import mailboxes
from mss_sim.store.compiled import HotSelect
from mss_sim.store.engine import is_postgresql

_COLUMNS = tuple(forwardings.c)
_OF_MAILBOXES = HotSelect(select(*_COLUMNS).where(forwardings.c.mailbox_id.in_(bindparam("ids", expanding=True))))


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Where a mailbox forwards, and whether it keeps a copy."""

    mailbox_id: int
    target: str
    keep: bool
    set_at: Micros


def of_mailboxes(conn: Connection, ids: Collection[int]) -> dict[int, Forwarding]:
    """Where these mailboxes forward, by mailbox."""
    rows = _OF_MAILBOXES.rows(conn, "ids", sorted(ids))
    return {id_: Forwarding(id_, target, bool(keep), set_at) for id_, target, keep, set_at in rows}


def locked_with(conn: Connection, addresses: Collection[str]) -> set[str]:
    """Where letters to these addresses go on to, however often, so that all rows are locked in one order; none with one writer."""
    found: set[str] = set()
    asked = set(addresses) if is_postgresql(conn) else set()
    while asked:
        asked = {target for (target,) in _TARGETS.rows(conn, "addresses", sorted(asked))} - found
        found |= asked
    return found


_TARGETS = HotSelect(
    select(forwardings.c.target)
    .join(mailboxes, mailboxes.c.id == forwardings.c.mailbox_id)
    .where(mailboxes.c.address.in_(bindparam("addresses", expanding=True)))
)


def put(conn: Connection, forwarding: Forwarding) -> None:
    """Let a mailbox forward there, and nowhere else."""
    remove(conn, forwarding.mailbox_id)
    conn.execute(insert(forwardings).values({column.name: getattr(forwarding, column.name) for column in _COLUMNS}))


def remove(conn: Connection, mailbox_id: int) -> bool:
    """Let a mailbox forward no more; False when it did not."""
    return conn.execute(delete(forwardings).where(forwardings.c.mailbox_id == mailbox_id)).rowcount > 0
