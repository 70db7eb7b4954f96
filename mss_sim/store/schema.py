"""The schema: created whole in an empty database, migrated by alembic in an older one.

Creating it whole keeps the first start short; a test checks that both ways give the same tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from mss_sim.models import certificates, charges, directory, feed, inspection, mailbox_life, patients, psc  # noqa: F401 - their tables belong to the metadata
from mss_sim.models.tables import metadata
from mss_sim.store.alone import schema_lock

HEAD = "0020"
"""The newest revision in alembic/versions; a test checks it."""


def migrations_folder() -> Path:
    """Where the revisions are: inside the installed package, else at the root of the checkout."""
    package = Path(__file__).resolve().parents[1]
    packaged = package / "migrations"
    return packaged if packaged.is_dir() else package.parent / "alembic"


def current(conn: Connection) -> str | None:
    """The revision of the database; None when it is empty."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(engine: Engine) -> str:
    """Bring the database to the newest revision and return it; OSError when it cannot be used, ValueError when it is too new."""
    with failures_explained(engine):
        return _upgrade(engine)


@contextmanager
def failures_explained(engine: Engine) -> Iterator[None]:
    """Have a database that cannot be used told as an OSError, with what to do."""
    try:
        yield
    except DBAPIError as error:
        place, advice = engine.url.render_as_string(hide_password=True), "check its URL, and that the server runs"
        if engine.url.get_backend_name() == "sqlite":
            place, advice = str(engine.url.database), "move the file away, or name another folder with --data"
        raise OSError(f"the database {place} cannot be used: {' '.join(str(error.orig).split())}; {advice}") from error


def _upgrade(engine: Engine) -> str:
    with engine.connect().execution_options(writing=True) as conn, schema_lock(conn):
        with conn.begin():
            revision = current(conn)
            if not inspect(conn).get_table_names():
                metadata.create_all(conn)
                conn.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
                conn.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
                return HEAD
        if revision != HEAD:
            _migrate(conn)
    return HEAD


def _migrate(conn: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 0.4 s of imports that a normal start never needs
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = conn
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise ValueError(f"the database cannot be brought to schema {HEAD}, it may be newer than this program: {error}") from error


def highest_id(conn: Connection) -> int:
    """The highest id that any row has; 0 in an empty database."""
    return max(conn.execute(select(func.max(table.c.id))).scalar() or 0 for table in metadata.tables.values() if "id" in table.c)


def empty(conn: Connection) -> None:
    """Delete every row of every table."""
    for table in reversed(metadata.sorted_tables):
        conn.execute(table.delete())
