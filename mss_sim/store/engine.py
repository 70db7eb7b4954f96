"""Engines of the two databases, set up once per world.

SQLite: one file, WAL, `synchronous=FULL`, so that committed data is on disk; one connection writes, several read. PostgreSQL: its
default guarantees. `Connection` is re-exported so that the core can name what it passes on without importing SQLAlchemy.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from mss_sim.store.compiled import run_directly

__all__ = ["Connection", "Engine", "create", "is_postgresql", "sqlite_url"]

R = TypeVar("R")

_EXPECTED = "sqlite:/// or postgresql:// is expected"
_BUSY_MILLISECONDS = 30_000
_READERS = 4
_TOUCHED = "mss-sim touched"
_VERSION = "mss-sim version"
_FOLLOWED = "mss-sim followed"
_VISITS = "mss-sim visits"
_PUBLISHED = "mss-sim published"
RIGHTS_CHANGED = 0
"""Used in place of a folder's id: the rights of some actor have changed."""
CLOCK_SET = -1
"""Used in place of a folder's id: the clock of the world was set."""
HAPPENED = -2
"""Used in place of a folder's id, where others have the same database: the feed has grown."""
_CHECKPOINT_PAGES = 24_576  # 96 MiB of log: only if the checkpoints made next to the commits do not keep up


def sqlite_url(path: Path) -> str:
    """The URL of the SQLite database at `path`."""
    return f"sqlite:///{path}"


def create(url: str, *, durable: bool = True) -> Engine:
    """An engine for `url`; `durable=False` leaves syncing to the operating system, for worlds that vanish at exit.

    ValueError when the URL is neither SQLite's nor PostgreSQL's, or its driver is missing.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # the URL is not repeated: it may contain a password
        raise ValueError(f"the database URL cannot be read; {_EXPECTED}, as postgresql://user:password@host:5432/name") from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        try:
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_size=_READERS + 1, max_overflow=0, pool_pre_ping=True)
        except ImportError as error:
            raise ValueError("PostgreSQL is spoken to by psycopg, which is not installed: pip install 'mss-sim[postgresql]'") from error
    if backend != "sqlite":
        raise ValueError(f"the database URL is for {backend}; {_EXPECTED}")
    if parsed.database and not parsed.database.startswith((":", "file:")):
        with suppress(OSError):  # a missing folder is reported when the database is opened
            Path(parsed.database).touch(mode=0o600)
    engine = create_engine(parsed, poolclass=QueuePool, pool_size=_READERS + 2, max_overflow=0, connect_args={"timeout": 30})
    event.listen(engine, "connect", _sqlite_setup(durable=durable))
    event.listen(engine, "begin", _begin)
    return engine


def is_postgresql(conn: Connection) -> bool:
    """Whether rows are locked one by one rather than the whole database."""
    return conn.dialect.name == "postgresql"


def checkpoint(engine: Engine) -> None:
    """Copy SQLite's log into its file, without making a writer wait."""
    with engine.connect() as conn:
        run_directly(conn, "PRAGMA wal_checkpoint(PASSIVE)")


def wait_for_lock(conn: Connection, *, whether: bool) -> None:
    """Set whether this connection waits while another process writes the same file; PostgreSQL waits by itself."""
    if not is_postgresql(conn):
        run_directly(conn, f"PRAGMA busy_timeout={_BUSY_MILLISECONDS if whether else 0}")


def connect_briefly(engine: Engine) -> Connection:
    """A connection to SQLite whose transactions are those of `read_once`: to SQLAlchemy they are a single one, which does not end."""
    conn = engine.connect().execution_options(brief=True)
    conn.begin()
    return conn


def read_once(conn: Connection, query: Callable[[Connection], R]) -> R:
    """The result of `query(conn)` on one consistent view; a transaction of SQLAlchemy's takes longer than the statements in it."""
    run_directly(conn, "BEGIN")
    try:
        return query(conn)
    finally:
        conn.connection.commit()  # the driver's; it does nothing where an error has ended the transaction already


def announce(conn: Connection, *folder_ids: int) -> None:
    """Remember, until the commit, that folders changed, or RIGHTS_CHANGED."""
    conn.info.setdefault(_TOUCHED, set()).update(folder_ids)


def have_followed(conn: Connection, folder_ids: Sequence[int]) -> None:
    """Have what carers see of these folders follow them, at the end of the unit of work under way."""
    conn.info.setdefault(_FOLLOWED, set()).update(folder_ids)


def to_follow(conn: Connection) -> set[int]:
    """Take the folders that what carers see has to follow; a broken connection has lost them."""
    found: set[int] = set() if conn.invalidated else conn.info.pop(_FOLLOWED, set())
    return found


def have_published(conn: Connection, identity_ids: Iterable[int]) -> None:
    """Have the national directory show what becomes of these identities, at the end of the unit of work under way."""
    conn.info.setdefault(_PUBLISHED, set()).update(identity_ids)


def to_publish(conn: Connection) -> set[int]:
    """Take the identities that the directory has to follow; a broken connection has lost them."""
    found: set[int] = set() if conn.invalidated else conn.info.pop(_PUBLISHED, set())
    return found


class Visit(NamedTuple):
    """A carer looked into a patient's mailbox, by that grant."""

    identity_id: int
    door: str
    mailbox_id: int
    grant_id: int


def note_visit(conn: Connection, visit: Visit) -> None:
    """Have a visit written down before what was read is answered; writes leave lines of their own."""
    if not conn.get_execution_options().get("writing"):
        conn.info.setdefault(_VISITS, []).append(visit)


def take_visits(conn: Connection) -> list[Visit]:
    """Take the visits of the read that has just been made."""
    found: list[Visit] = conn.info.pop(_VISITS, [])
    return found


@dataclass(slots=True)
class Noted:
    """What the transaction under way did, for its listeners in the end; None without any."""

    rows: list[Any] | None = None

    def mark(self) -> int:
        """How much was noted so far."""
        return len(self.rows) if self.rows else 0

    def forget(self, mark: int = 0) -> None:
        """Forget what was noted since a mark: it was rolled back."""
        if self.rows:
            del self.rows[mark:]

    def take(self) -> list[Any]:
        """Take all that was noted."""
        found = self.rows or []
        if found:
            self.rows = []
        return found


def note(conn: Connection, rows: Sequence[Any]) -> None:
    """Have the log tell these rows when what is under way is committed, and never when it is rolled back."""
    noted: Noted | None = conn.get_execution_options().get("noted")
    if noted is not None and noted.rows is not None:
        noted.rows.extend(rows)


def happen(conn: Connection, refs: Sequence[int]) -> None:
    """Have the feed hand on what these rows tell, when what is under way is committed (`store.feed`)."""
    happened: Noted | None = conn.get_execution_options().get("happened")
    if happened is not None and happened.rows is not None:
        happened.rows.extend(refs)


def note_version(conn: Connection, version: int) -> None:
    """Remember the minimum version of the directory that a reading connection sees; before its transaction begins."""
    conn.info[_VERSION] = version


def version_seen(conn: Connection) -> int | None:
    """The version of the directory that is read here; None in a writing transaction, which may be rolled back."""
    return None if conn.get_execution_options().get("writing") else conn.info.get(_VERSION)


def peek_touched(conn: Connection) -> set[int]:
    """What was touched since it was last taken."""
    found: set[int] = conn.info.get(_TOUCHED, set())
    return found


def touched(conn: Connection) -> set[int]:
    """Take what was touched since the last call."""
    found: set[int] = conn.info.pop(_TOUCHED, set())
    return found


def _begin(conn: Connection) -> None:
    """Take the write lock at once when writing: a lock upgraded later could fail after work was done."""
    options = conn.get_execution_options()
    if not options.get("brief"):
        run_directly(conn, "BEGIN IMMEDIATE" if options.get("writing") else "BEGIN")


def _sqlite_setup(*, durable: bool) -> Any:
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the writer issues BEGIN, the driver does not guess it
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'OFF'}",
            "foreign_keys=ON",
            f"busy_timeout={_BUSY_MILLISECONDS}",
            f"wal_autocheckpoint={_CHECKPOINT_PAGES}",
            "cache_size=-4096",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return set_up
