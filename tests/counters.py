"""Counters that are kept by hand, beside what they count: the room that a mailbox uses, what lies in a folder, what is unseen there.

Every path that adds, takes away or marks a copy keeps them, so every world that a test leaves is looked at, in one query. So is the
feed: it names each line of a journal and of a timeline once, and what these tell is as it is documented.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, create_engine, select, text

from mss_sim.app.simulator import Simulator
from mss_sim.models.tables import journal, timeline
from mss_sim.store import feed
from mss_sim.store.feed import Source
from mss_sim.vocabulary.events import EVENTS, RESET

_ASTRAY = text("""
SELECT place, counter, kept, counted FROM (
  SELECT m.address AS place, 'used_bytes' AS counter, m.used_bytes AS kept,
         (SELECT COALESCE(SUM(s.size_bytes), 0) FROM copies c JOIN messages s ON s.id = c.message_id WHERE c.mailbox_id = m.id) AS counted
    FROM mailboxes m
  UNION ALL
  SELECT m.address || '/' || f.name, 'exists', f.exists_count, (SELECT COUNT(*) FROM copies c WHERE c.folder_id = f.id)
    FROM folders f JOIN mailboxes m ON m.id = f.mailbox_id
  UNION ALL
  SELECT m.address || '/' || f.name, 'unseen', f.unseen_count, (SELECT COUNT(*) FROM copies c WHERE c.folder_id = f.id AND c.flags % 2 = 0)
    FROM folders f JOIN mailboxes m ON m.id = f.mailbox_id
  UNION ALL
  SELECT m.address || '/' || f.name, 'copies of another mailbox', 0,
         (SELECT COUNT(*) FROM copies c WHERE c.folder_id = f.id AND c.mailbox_id <> f.mailbox_id)
    FROM folders f JOIN mailboxes m ON m.id = f.mailbox_id
  UNION ALL
  SELECT m.address || '/' || f.name, 'copies past uid_next or modseq', 0,
         (SELECT COUNT(*) FROM copies c WHERE c.folder_id = f.id AND (c.uid >= f.uid_next OR c.modseq > f.modseq))
    FROM folders f JOIN mailboxes m ON m.id = f.mailbox_id
) AS counters WHERE kept <> counted
""")


_EVENTS_MAX = 5_000
"""In larger worlds the feed is not read: they are made by numbers, each part like the other."""
_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "instant": (str,), "boolean": (bool,), "integer": (int,), "object": (dict,)}


def rows_astray(conn: Connection) -> list[str]:
    """What is not as it is counted, named or documented, each in words."""
    found = [f"{row.place}: {row.counter} says {row.kept}, {row.counted} are there" for row in conn.execute(_ASTRAY)]
    return found + _feed_astray(conn) + _details_astray(conn)


def _feed_astray(conn: Connection) -> list[str]:
    if feed.last(conn) > _EVENTS_MAX:
        return []
    written = {table: set(conn.execute(select(table.c.id)).scalars()) for table in (journal, timeline)}
    refs = feed.after(conn, 0, _EVENTS_MAX)  # last: on PostgreSQL a world that goes on may commit between two statements
    found = (
        [] if all(two.position == one.position + 1 or two.source is Source.WORLD for one, two in pairwise(refs)) else ["the feed has a gap"]
    )
    for source, table in ((Source.JOURNAL, journal), (Source.TIMELINE, timeline)):
        named = [ref.id for ref in refs if ref.source is source]
        there = written[table]
        if len(named) != len(set(named)) or not there <= set(named):
            found.append(f"of {len(there)} rows of {table.name} the feed names {len(there & set(named))}, {len(named)} times")
    return found


def _details_astray(conn: Connection) -> list[str]:
    rows = conn.execute(select(journal.c.act, journal.c.detail).distinct().limit(_EVENTS_MAX))
    return [f"{act} tells {detail}" for act, detail in rows if act == RESET or not _as_documented(act, orjson.loads(detail))]


def _as_documented(act: str, detail: dict[str, Any]) -> bool:
    told = EVENTS[act].detail
    return detail.keys() <= told.keys() and all(_is(value, told[name]) for name, value in detail.items())


def _is(value: Any, word: str) -> bool:
    if word.endswith("?"):
        return value is None or _is(value, word[:-1])
    if word.startswith("["):
        return isinstance(value, list) and all(_is(one, word[1:-1]) for one in value)
    return isinstance(value, _TYPES[word])


async def astray(simulator: Simulator) -> list[str]:
    """The counters of a world that do not say what is there, each in words."""
    return await simulator.core.world.store.read(rows_astray)


def astray_at(database: str | Path) -> list[str]:
    """The same of a world in another process, or that has ended: its SQLite file, or the URL of its PostgreSQL."""
    url = f"sqlite:///{database}" if isinstance(database, Path) else database.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            return rows_astray(conn)
    finally:
        engine.dispose()
