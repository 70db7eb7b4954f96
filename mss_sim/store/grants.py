"""Grants: what each grantee was given, by whom, until when, and who revoked it. Rows are never deleted; they are history."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, bindparam, insert, or_, select, update

from mss_sim.clock import Micros
from mss_sim.models.tables import grants
from mss_sim.store.compiled import HotQuery, HotSelect
from mss_sim.store.engine import RIGHTS_CHANGED, announce
from mss_sim.vocabulary.mailboxes import Right

_COLUMNS = tuple(grants.c)


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant as it is stored."""

    id: int
    mailbox_id: int
    grantee_id: int
    rights: frozenset[Right]
    valid_from: Micros | None
    valid_until: Micros | None
    reason: str
    granted_by_id: int | None
    granted_at: Micros
    revoked_by_id: int | None = None
    revoked_at: Micros | None = None


def words(rights: frozenset[Right]) -> str:
    """Rights as stored in the column."""
    return " ".join(sorted(rights))


def _row(row: Sequence[Any]) -> GrantRow:
    id_, mailbox_id, grantee_id, rights, *rest = row
    return GrantRow(id_, mailbox_id, grantee_id, frozenset(map(Right, rights.split())), *rest)


def add(conn: Connection, rows: Sequence[GrantRow]) -> None:
    """Store new grants."""
    values = [{column.name: getattr(row, column.name) for column in _COLUMNS} for row in rows]
    announce(conn, RIGHTS_CHANGED)
    conn.execute(insert(grants), [{**value, "rights": words(row.rights)} for value, row in zip(values, rows, strict=True)])


def by_id(conn: Connection, grant_id: int) -> GrantRow | None:
    """The grant with that id, in force or not."""
    row = conn.execute(select(*_COLUMNS).where(grants.c.id == grant_id)).one_or_none()
    return _row(row) if row else None


def with_ids(conn: Connection, ids: Collection[int]) -> dict[int, GrantRow]:
    """The grants with these ids, in force or not."""
    return {row.id: row for row in map(_row, _WITH_IDS.rows(conn, "ids", sorted(ids)))}


_WITH_IDS = HotSelect(select(*_COLUMNS).where(grants.c.id.in_(bindparam("ids", expanding=True))))


def of_mailbox(conn: Connection, mailbox_id: int) -> list[GrantRow]:
    """Every grant ever given over a mailbox, the oldest first."""
    return [_row(row) for row in conn.execute(select(*_COLUMNS).where(grants.c.mailbox_id == mailbox_id).order_by(grants.c.id))]


def of_grantee(conn: Connection, identity_id: int) -> list[GrantRow]:
    """Every grant ever given to an identity, the oldest first."""
    return [_row(row) for row in _OF_GRANTEE.rows(conn, grantee=identity_id)]


_OF_GRANTEE = HotQuery(select(*_COLUMNS).where(grants.c.grantee_id == bindparam("grantee")).order_by(grants.c.id))


def between(conn: Connection, mailbox_id: int, identity_id: int) -> list[GrantRow]:
    """Every grant ever given to an identity over a mailbox, the oldest first."""
    return [_row(row) for row in _BETWEEN.rows(conn, mailbox=mailbox_id, grantee=identity_id)]


_BETWEEN = HotQuery(
    select(*_COLUMNS).where(grants.c.mailbox_id == bindparam("mailbox"), grants.c.grantee_id == bindparam("grantee")).order_by(grants.c.id)
)


def next_turn(conn: Connection, after: Micros) -> Micros | None:
    """The first instant after that one at which a grant begins or ends; None when none does."""
    return min((at for query in _NEXT for (at,) in query.rows(conn, after=after)), default=None)


def turning_at(conn: Connection, at: Micros) -> list[GrantRow]:
    """The grants that begin or end at that instant, the oldest first."""
    turning = or_(grants.c.valid_from == at, grants.c.valid_until == at)
    return [_row(row) for row in conn.execute(select(*_COLUMNS).where(turning, grants.c.revoked_at.is_(None)).order_by(grants.c.id))]


def _next(column: Column[int]) -> HotQuery:
    return HotQuery(select(column).where(column > bindparam("after"), grants.c.revoked_at.is_(None)).order_by(column).limit(1))


_NEXT = [_next(column) for column in (grants.c.valid_from, grants.c.valid_until)]


def revoke(conn: Connection, grant_ids: Sequence[int], by_id_: int | None, at: Micros) -> int:
    """End grants that were not revoked before; how many were ended."""
    condition = grants.c.id.in_(list(grant_ids)), grants.c.revoked_at.is_(None)
    announce(conn, RIGHTS_CHANGED)
    return conn.execute(update(grants).where(*condition).values(revoked_by_id=by_id_, revoked_at=at)).rowcount
