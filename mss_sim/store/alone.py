"""One process at a time: a lock on a folder, and one on a database, that are released when their process ends, however it ends.

While a world is opened for the first time its schema, authorities and people are created, each step checking what exists; two
processes at the same moment would both create them. A SQLite database belongs to one process as long as it runs.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

_SCHEMA, _START = 0x6D73732D73696D, 0x6D73732D73696E
"""`mss-sim`, and the next one: the numbers of our locks among those of a PostgreSQL server."""


class FolderLock:
    """The lock on a folder: an empty SQLite database in it, because SQLite can lock on every system."""

    def __init__(self, file: Path, patience_seconds: float) -> None:
        """Acquire it; TimeoutError when another process holds it all that time. Blocking."""
        self._held = sqlite3.connect(file, timeout=patience_seconds, isolation_level=None, check_same_thread=False)
        try:
            self._held.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._held.close()
            raise TimeoutError(f"another process holds {file}") from error

    def release(self) -> None:
        """Release it; releasing twice is harmless."""
        self._held.close()


def schema_lock(conn: Connection) -> AbstractContextManager[None]:
    """Let one process at a time work on the schema of a database."""
    return _held(conn, _SCHEMA)


def start_lock(conn: Connection) -> AbstractContextManager[None]:
    """Let one process at a time create the initial content of a new world; the schema exists already."""
    return _held(conn, _START)


@contextmanager
def _held(conn: Connection, key: int) -> Iterator[None]:
    """A PostgreSQL lock, held by the connection; SQLite locks its file, or `FolderLock` does."""
    if conn.dialect.name != "postgresql":
        yield
        return
    with conn.begin():
        conn.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
    try:
        yield
    finally:
        with conn.begin():
            conn.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
