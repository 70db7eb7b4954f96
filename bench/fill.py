"""A full mailbox in a minute: one delivered message is multiplied inside the database of a stopped simulator.

Rows are copied column by column from the ones that delivery itself wrote, so that a new column needs no change here. Messages,
bodies and copies are written in turns, as delivery does, so that their pages lie among each other.
"""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from figures import BenchmarkError
from sqlalchemy import Table

from mss_sim.models import tables
from mss_sim.vocabulary.mailboxes import Flag

_BATCH = 1_000
_MILLISECOND = 1 << 22  # of an id: see mss_sim/ids.py
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
_SEEN = "(n.i % 2 = 0)"
_ID = "t.id - (:total - n.i) * :millisecond"
_READINGS = f"""
    INSERT INTO readings (copy_id, identity_id, first_at, seen) {_NUMBERS}
    SELECT {_ID}, m.owner_id, t.internal_at, 1 FROM n, copies t JOIN mailboxes m ON m.id = t.mailbox_id WHERE t.id = :of AND {_SEEN}
"""  # noqa: S608 - made of the constants above
_FOLDERS = """
    UPDATE folders SET exists_count = :total, unseen_count = :total - :seen, uid_next = :total + 1, modseq = :total + 1
    WHERE id IN (SELECT folder_id FROM copies WHERE message_id = :message)
"""
_MAILBOXES = """
    UPDATE mailboxes SET used_bytes = :total * (SELECT size_bytes FROM messages WHERE id = :message), quota_bytes = 100000000000
    WHERE id IN (SELECT mailbox_id FROM copies WHERE message_id = :message)
"""


def multiply(database: Path, rfc_message_id: str, total: int) -> None:
    """Make `total` messages out of the one with that Message-ID, all of them in each INBOX that it lies in; half are seen."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-200000", "foreign_keys=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        _multiply(connection, rfc_message_id, total)
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _multiply(connection: sqlite3.Connection, rfc_message_id: str, total: int) -> None:
    found = connection.execute("SELECT id FROM messages WHERE rfc_message_id = ?", (rfc_message_id,)).fetchone()
    if found is None:
        raise BenchmarkError("the message to multiply was not delivered")
    copies = [row[0] for row in connection.execute("SELECT id FROM copies WHERE message_id = ? ORDER BY id", (found[0],)).fetchall()]
    connection.execute("BEGIN")
    _count(connection, found[0], total)
    for first in range(1, total, _BATCH):
        given = {"first": first, "last": min(first + _BATCH, total) - 1, "total": total, "millisecond": _MILLISECOND}
        _write(connection, given, found[0], copies)
    connection.execute("COMMIT")


def _write(connection: sqlite3.Connection, given: dict[str, int], message_id: int, copies: list[int]) -> None:
    """One batch: messages, bodies, copies and who read them."""
    new_message = {
        "id": _ID,
        "thread_id": _ID,
        "rfc_message_id": "'<fill.' || n.i || '@load.sim.mssante.fr>'",
        "subject": "t.subject || ' ' || n.i",
        "subject_search": "t.subject_search || ' ' || n.i",
        "received_at": "t.received_at - (:total - n.i) * 1000",
    }
    new_copy = {
        "id": _ID,
        "message_id": _ID.replace("t.id", "t.message_id"),
        "uid": "n.i",
        "modseq": "n.i",
        "flags": f"{int(Flag.SEEN)} * {_SEEN}",
        "internal_at": "t.internal_at - (:total - n.i) * 1000",
    }
    _insert(connection, tables.messages, new_message, {**given, "of": message_id})
    _insert(connection, tables.message_bodies, {"message_id": new_copy["message_id"]}, {**given, "of": message_id})
    for copy_id in copies:
        _insert(connection, tables.copies, new_copy, {**given, "of": copy_id})
        connection.execute(_READINGS, {**given, "of": copy_id})


def _insert(connection: sqlite3.Connection, table: Table, changed: Mapping[str, str], given: dict[str, int]) -> None:
    """Copies of one row of a table with some columns changed."""
    names = [column.name for column in table.c]
    key = next(column.name for column in table.primary_key)
    values = ", ".join(changed.get(name, f"t.{name}") for name in names)
    connection.execute(
        f"INSERT INTO {table.name} ({', '.join(names)}) {_NUMBERS} SELECT {values} FROM n, {table.name} t WHERE t.{key} = :of",  # noqa: S608
        given,
    )


def _count(connection: sqlite3.Connection, message_id: int, total: int) -> None:
    """Bring the counters up to date: the multiplied message is the newest, its UID the highest."""
    given = {"message": message_id, "total": total, "seen": (total - 1) // 2}
    for statement in ("UPDATE copies SET uid = :total, modseq = :total WHERE message_id = :message", _FOLDERS, _MAILBOXES):
        connection.execute(statement, given)
