"""The feed: everything that happened in a world, in the order of the commits, each event at its position: 1, 2, 3 …, without a gap.

An event is a line of the journal or of a timeline, which is stored in its own table; here stands its id, and only that. Ids are drawn
before the commit and so are not in its order; positions are given at its end. The events of one commit share a row: 8 octets each,
negative for a timeline, 0 for the world that began anew. Where several processes have one database, a lock on the table, held from there
until the commit, keeps their order.

    position 41, refs [7001, -7003, 7009]    the events 41, 42 and 43
"""

from array import array
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select

from mss_sim.models.feed import feed
from mss_sim.store.compiled import Hot, HotQuery, run_directly
from mss_sim.store.engine import HAPPENED, announce, is_postgresql

_OCTETS = 8


class Source(Enum):
    """Where an event is written down."""

    JOURNAL = "journal"
    TIMELINE = "timeline"
    WORLD = "world"  # nowhere: the world began anew, what came before is gone


class Ref(NamedTuple):
    """An event: its position, and the id of its row."""

    position: int
    source: Source
    id: int


_INSERT = Hot(insert(feed))
_LAST = HotQuery(select(feed.c.position, func.length(feed.c.refs)).order_by(feed.c.position.desc()).limit(1))
_HOLDING = HotQuery(select(feed.c.position).where(feed.c.position <= bindparam("at")).order_by(feed.c.position.desc()).limit(1))
_FROM = HotQuery(
    select(feed.c.position, feed.c.refs).where(feed.c.position >= bindparam("first")).order_by(feed.c.position).limit(bindparam("most"))
)


def append(conn: Connection, refs: Sequence[int]) -> None:
    """Append the events of a commit, at its end; those of one commit by their ids."""
    if refs:
        _lock(conn)
        _write(conn, last(conn) + 1, sorted(refs, key=abs))


def begin_anew(conn: Connection, position: int) -> None:
    """Tell that the world began anew, behind every position given before: listeners learn of it, and no position comes twice."""
    _lock(conn)
    _write(conn, max(position, last(conn)) + 1, [0])


def last(conn: Connection) -> int:
    """The position of the newest event; 0 where nothing happened."""
    rows = _LAST.rows(conn)
    return int(rows[0][0]) + int(rows[0][1]) // _OCTETS - 1 if rows else 0


def after(conn: Connection, position: int, limit: int) -> list[Ref]:
    """The events behind a position, the oldest first, at most `limit`."""
    holding = _HOLDING.rows(conn, at=position)
    found: list[Ref] = []
    for first, octets in _FROM.rows(conn, first=holding[0][0] if holding else 0, most=limit + 1):
        refs = array("q", bytes(octets))
        begin = max(position + 1 - first, 0)
        found += (_ref(first + at, refs[at]) for at in range(begin, min(len(refs), begin + limit - len(found))))
        if len(found) >= limit:
            break
    return found


def _ref(position: int, number: int) -> Ref:
    source = Source.WORLD if number == 0 else Source.JOURNAL if number > 0 else Source.TIMELINE
    return Ref(position, source, abs(number))


def _write(conn: Connection, position: int, numbers: Sequence[int]) -> None:
    _INSERT.run(conn, [(position, array("q", numbers).tobytes())])
    if is_postgresql(conn):
        announce(conn, HAPPENED)


def _lock(conn: Connection) -> None:
    if is_postgresql(conn):
        run_directly(conn, "LOCK TABLE feed IN SHARE ROW EXCLUSIVE MODE")
