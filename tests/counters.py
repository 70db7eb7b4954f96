"""Counters that are kept by hand, beside what they count: the room that a mailbox uses, what lies in a folder, what is unseen there.

Every path that adds, takes away or marks a copy keeps them, so every world that a test leaves is looked at, in one query.
"""

from sqlalchemy import Connection, text

from mss_sim.app.simulator import Simulator

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


def rows_astray(conn: Connection) -> list[str]:
    return [f"{row.place}: {row.counter} says {row.kept}, {row.counted} are there" for row in conn.execute(_ASTRAY)]


async def astray(simulator: Simulator) -> list[str]:
    """The counters of a world that do not say what is there, each in words."""
    return await simulator.core.world.store.read(rows_astray)
