"""How a database is brought from one revision to another; alembic runs this file, and nothing imports it.

`mss_sim.store.schema` gives the connection when the simulator starts. By hand, from the root of the checkout:

    alembic -x url=sqlite:///data/mss-sim.db upgrade head
    alembic -x url=postgresql:// upgrade head --sql        (prints the statements, touches no database)
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from mss_sim.store import engine
from mss_sim.store.schema import metadata


def _url() -> str:
    """The URL given by `-x url=...`, else the option `sqlalchemy.url` of whoever built the configuration."""
    given = context.get_x_argument(as_dictionary=True).get("url") or context.config.get_main_option("sqlalchemy.url", "")
    if not given:
        raise CommandError("say which database: alembic -x url=sqlite:///data/mss-sim.db, or -x url=postgresql://...")
    return str(given)


def _print() -> None:
    """Write the statements down instead of running them."""
    dialect = make_url(_url()).get_backend_name()
    context.configure(dialect_name=dialect, target_metadata=metadata, literal_binds=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


def _run(conn: Connection) -> None:
    """Run the revisions in one transaction: a database is at one revision or at the next, never between two.

    SQLite can do that too, because our engine says BEGIN by itself (store/engine.py); alembic has to be told. SQLite alters few
    things in place, so a revision that alters more copies the table (`render_as_batch`).
    """
    context.configure(connection=conn, target_metadata=metadata, transactional_ddl=True, render_as_batch=conn.dialect.name == "sqlite")
    with _references_off(conn), context.begin_transaction():
        context.run_migrations()
        _check_references(conn)


@contextmanager
def _references_off(conn: Connection) -> Iterator[None]:
    """Let SQLite copy a table without cascading: dropping the old one would delete the rows of others that point to it.

    The switch works outside of transactions only, and `execute` would begin one, hence the driver's own cursor.
    """
    if conn.dialect.name != "sqlite":
        yield
        return
    driver = conn.connection.cursor()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
        driver.close()


def _check_references(conn: Connection) -> None:
    """Refuse, and so roll back, a revision that left a row pointing to nothing."""
    if conn.dialect.name == "sqlite" and (broken := conn.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise ValueError(f"the migration broke a reference from {broken[0]} to {broken[2]}; nothing was changed")


def _migrate() -> None:
    if context.is_offline_mode():
        _print()
        return
    given = context.config.attributes.get("connection")
    if given is not None:
        _run(given)
        return
    ours = engine.create(_url())
    try:
        with ours.connect().execution_options(writing=True) as conn:
            _run(conn)
    finally:
        ours.dispose()


_migrate()
