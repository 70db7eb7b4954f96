"""A whole SQLite database copied to a file and back, page by page: consistent, whatever is written meanwhile.

Readers see what they saw until the copy is whole, then all of the new content at once.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, func, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from mss_sim.clock import Micros
from mss_sim.ids import ID_MAX, encode, instant_of
from mss_sim.models import tables
from mss_sim.models.charges import charges
from mss_sim.models.tables import clock, copies, grants, identities, mailboxes, messages, metadata
from mss_sim.store import engine as engines
from mss_sim.store import folders, schema

Row = tuple[str, ...]
R = TypeVar("R")
_PAGE_BYTES = 4_096
_LAST: Micros = instant_of(ID_MAX)


def save(source: Engine, file: Path) -> None:
    """Copy a database to a file that does not exist yet. OSError when the disk is full. Blocking."""
    with _driver(source) as live, closing(sqlite3.connect(file)) as copy:
        _copied(live, copy)


def renew_and_load(target: Engine, file: Path, highest: int) -> None:
    """Put the content of a file in the place of a database's, all or nothing, each folder with a UIDVALIDITY above `highest` and its own.

    OSError when the disk is full. Blocking.
    """
    brought = engines.create(engines.sqlite_url(file), durable=False)
    try:
        with brought.begin() as conn:
            folders.renew_uid_validities(conn, max(highest, folders.highest_uid_validity(conn)) + 1)
    finally:
        brought.dispose()
    with closing(sqlite3.connect(file)) as copy, _driver(target) as live:
        _copied(copy, live)


def _copied(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    try:
        source.backup(target)
    except sqlite3.OperationalError as error:
        raise OSError(f"the database cannot be copied: {error}") from error


@contextmanager
def _driver(engine: Engine) -> Iterator[sqlite3.Connection]:
    with engine.connect() as conn:
        live = conn.connection.driver_connection
        if not isinstance(live, sqlite3.Connection):
            raise TypeError("only a SQLite database is copied so")
        yield live


def bring_up(file: Path, *, check: bool = False) -> None:
    """Bring a copied database to the schema of today, and see that it has our tables and nothing else. Blocking.

    With `check`, all of it is read for damage. ValueError when it is none of ours, damaged, or newer than this program.
    """
    engine = engines.create(engines.sqlite_url(file), durable=False)
    try:
        with engine.connect() as conn:
            _check_kind(conn)
            if schema.current(conn) is None:
                raise ValueError("its database holds no world")
            if check and conn.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                raise ValueError("its database is damaged")
        schema.upgrade(engine)
        with engine.connect() as conn:
            _check_tables(conn)
            _check_values(conn)
    except (SQLAlchemyError, OSError) as error:
        raise ValueError("its database cannot be read") from error
    finally:
        engine.dispose()


def _check_kind(conn: Connection) -> None:
    """A trigger or a view would act in our name; pages of another size cannot be copied into an open database."""
    kinds = {row[0] for row in conn.exec_driver_sql("SELECT DISTINCT type FROM sqlite_master")}
    encoding, size = (conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("encoding", "page_size"))
    if kinds - {"table", "index"}:
        raise ValueError(f"its database has a {', a '.join(sorted(kinds - {'table', 'index'}))}, which none of ours has")
    if (encoding, size) != ("UTF-8", _PAGE_BYTES):
        raise ValueError(f"its database is in {encoding} with pages of {size} bytes, ours in UTF-8 with {_PAGE_BYTES}")


def _check_tables(conn: Connection) -> None:
    found = inspect(conn)
    names = set(found.get_table_names()) - {"alembic_version"}
    if names != set(metadata.tables):
        raise ValueError(f"its database lacks or adds {', '.join(sorted(names ^ set(metadata.tables)))[:200]}")
    for name, table in metadata.tables.items():
        if {column["name"] for column in found.get_columns(name)} != set(table.c.keys()):
            raise ValueError(f"its table {name} has other columns than ours")


def _check_values(conn: Connection) -> None:
    """What a number that no world gives would break at every door."""
    if not 0 <= schema.highest_id(conn) <= ID_MAX:
        raise ValueError("it holds an id that is none")
    last = conn.execute(select(func.max(clock.c.world_at), func.min(clock.c.world_at), func.max(clock.c.advancing_to))).one()
    if any(at is not None and not 0 <= at <= _LAST for at in last):
        raise ValueError("its clock is out of all time")


def contents(file: Path) -> dict[str, dict[Row, Row]]:
    """What a copied database holds, by subject: by what each thing is known, with what may change of it. Blocking."""
    return read(file, lambda conn: {subject: _rows(conn, query, known_by) for subject, (query, known_by) in _SUBJECTS.items()})


def read(file: Path, query: Callable[[Connection], R]) -> R:
    """What a query finds in a copied database. Blocking."""
    engine = engines.create(engines.sqlite_url(file), durable=False)
    try:
        with engine.connect() as conn:
            return query(conn)
    finally:
        engine.dispose()


_GRANTEES, _HOLDERS = identities.alias(), identities.alias()
_OF_PEOPLE = select(identities.c.idnat, identities.c.kind, identities.c.family_name, identities.c.given_name, identities.c.enabled)
_OF_MAILBOXES = (
    select(mailboxes.c.address, mailboxes.c.kind, mailboxes.c.state, mailboxes.c.label, identities.c.idnat)
    .join(identities, identities.c.id == mailboxes.c.owner_id)
    .where(mailboxes.c.carer_view_of.is_(None))
)
_OF_LETTERS = (
    select(mailboxes.c.address, copies.c.id, tables.folders.c.name, messages.c.rfc_message_id, messages.c.subject, copies.c.flags)
    .add_columns(copies.c.keywords, _HOLDERS.c.idnat, charges.c.notes)
    .select_from(copies)
    .join(charges, charges.c.copy_id == copies.c.id, isouter=True)
    .join(_HOLDERS, _HOLDERS.c.id == charges.c.holder_id, isouter=True)
    .join(tables.folders, tables.folders.c.id == copies.c.folder_id)
    .join(mailboxes, mailboxes.c.id == copies.c.mailbox_id)
    .join(messages, messages.c.id == copies.c.message_id)
    .where(mailboxes.c.carer_view_of.is_(None))
)
_OF_GRANTS = (
    select(mailboxes.c.address, grants.c.id, _GRANTEES.c.idnat, grants.c.rights, grants.c.valid_from, grants.c.valid_until)
    .add_columns(grants.c.revoked_at)
    .join(mailboxes, mailboxes.c.id == grants.c.mailbox_id)
    .join(_GRANTEES, _GRANTEES.c.id == grants.c.grantee_id)
)
_SUBJECTS: dict[str, tuple[Select[Any], int]] = {
    "people": (_OF_PEOPLE, 1),
    "mailboxes": (_OF_MAILBOXES, 1),
    "letters": (_OF_LETTERS, 2),
    "grants": (_OF_GRANTS, 2),
}
"""For each subject the query, and how many of its first columns say which thing it is: texts, and ids, which are told as everywhere."""


def _rows(conn: Connection, query: Select[Any], known_by: int) -> dict[Row, Row]:
    found = {}
    for row in conn.execute(query):
        key = tuple(encode(value) if isinstance(value, int) else value for value in row[:known_by])
        found[key] = tuple("" if value is None else str(value) for value in row[known_by:])
    return found
