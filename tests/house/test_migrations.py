"""Both ways to a schema give the same tables: created whole from models/tables.py, and step by step by the revisions in alembic/."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from typer.testing import CliRunner

from mss_sim import cli
from mss_sim.models.tables import metadata
from mss_sim.store import engine, schema


@pytest.fixture
def empty(database: str | None, tmp_path: Path) -> Iterator[Engine]:
    """The project's engine on an empty database, of each kind in turn."""
    made = engine.create(database or engine.sqlite_url(tmp_path / "mss-sim.db"))
    yield made
    made.dispose()


def config(conn: Connection | None = None) -> Config:
    """What schema.py gives to alembic."""
    made = Config()
    made.set_main_option("script_location", str(schema.migrations_folder()))
    if conn is not None:
        made.attributes["connection"] = conn
    return made


def migrate(target: Engine, revision: str) -> None:
    """Go up or down to `revision` over a connection of our own, as a starting simulator does."""
    with target.connect().execution_options(writing=True) as conn:
        (command.downgrade if revision == "base" else command.upgrade)(config(conn), revision)


def _index(seen: Any) -> str:
    """An index, and for which rows it is: a condition is a clause of SQL, each time another object."""
    options = {name: str(value) for name, value in seen.get("dialect_options", {}).items()}
    return repr({**seen, "dialect_options": options})


def shape(target: Engine) -> dict[str, Any]:
    """All that the database says of its tables but alembic's: columns, and the names and content of keys, constraints and indexes."""
    seen = inspect(target)
    return {
        table: {
            "columns": [{**column, "type": str(column["type"])} for column in seen.get_columns(table)],
            "primary key": seen.get_pk_constraint(table),
            "foreign keys": sorted(map(repr, seen.get_foreign_keys(table))),
            "unique": sorted(map(repr, seen.get_unique_constraints(table))),
            "indexes": sorted(map(_index, seen.get_indexes(table))),
            "checks": sorted(map(repr, seen.get_check_constraints(table))),
        }
        for table in seen.get_table_names()
        if table != "alembic_version"
    }


def test_head_is_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [schema.HEAD]


def test_revisions_lead_to_the_tables_of_the_models(empty: Engine) -> None:
    migrate(empty, "head")
    with empty.connect() as conn:
        comparing = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(comparing, metadata) == [], "models/tables.py and alembic/versions/ differ: write a revision"


def test_revisions_and_models_agree_on_every_name(empty: Engine) -> None:
    migrate(empty, "head")
    migrated = shape(empty)
    migrate(empty, "base")
    with empty.begin() as conn:
        metadata.create_all(conn)
    created = shape(empty)
    for table in metadata.tables:
        assert migrated[table] == created[table]
    assert set(migrated) == set(metadata.tables)


def test_downgrade_to_base_leaves_nothing(empty: Engine) -> None:
    migrate(empty, "head")
    migrate(empty, "base")
    with empty.connect() as conn:
        assert inspect(conn).get_table_names() == ["alembic_version"]
        assert conn.execute(text("SELECT count(*) FROM alembic_version")).scalar_one() == 0


def test_a_migration_that_fails_changes_nothing(empty: Engine) -> None:
    with empty.begin() as conn:
        conn.execute(text("CREATE TABLE timeline (id BIGINT)"))  # 0001 stumbles over it after it has made other tables
    with pytest.raises(Exception, match="timeline"):
        migrate(empty, "head")
    assert inspect(empty).get_table_names() == ["timeline"]


def test_references_are_watched_again_after_a_migration(empty: Engine) -> None:
    with empty.connect().execution_options(writing=True) as conn:
        command.upgrade(config(conn), "head")
        with pytest.raises(Exception, match=r"(?i)foreign key"), conn.begin():
            conn.execute(text("INSERT INTO domains VALUES ('sim.mssante.fr', 1)"))


def test_a_created_database_is_at_head_and_not_migrated_again(empty: Engine) -> None:
    assert schema.upgrade(empty) == schema.HEAD
    created = shape(empty)
    migrate(empty, "head")
    assert shape(empty) == created
    with empty.connect() as conn:
        assert schema.current(conn) == schema.HEAD


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_statements_can_be_printed_without_a_database(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    printing = config()
    printing.set_main_option("sqlalchemy.url", f"{dialect}://")
    command.upgrade(printing, "head", sql=True)
    printed = capsys.readouterr().out
    assert all(f"CREATE TABLE {name} (" in printed for name in metadata.tables)
    assert printed.startswith("BEGIN;")
    assert printed.rstrip().endswith("COMMIT;")


def test_db_upgrade_makes_the_folder_and_says_the_revision(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    for _ in ("it is created", "nothing is left to do"):
        result = CliRunner().invoke(cli.app, ["db", "upgrade", "--data", str(folder)])
        assert result.output == f"schema {schema.HEAD}\n"
    assert (folder / "mss-sim.db").is_file()


def test_db_upgrade_accepts_what_alembic_made(empty: Engine) -> None:
    migrate(empty, "head")
    url = empty.url.render_as_string(hide_password=False)
    result = CliRunner().invoke(cli.app, ["db", "upgrade", "--url", url])
    assert result.output == f"schema {schema.HEAD}\n"


@pytest.mark.parametrize("revision", ["none", "0004"])
def test_of_those_that_start_at_once_one_makes_the_schema_and_all_find_it(empty: Engine, revision: str) -> None:
    if revision != "none":
        migrate(empty, revision)
    command = [sys.executable, "-m", "mss_sim", "db", "upgrade", "--url", empty.url.render_as_string(hide_password=False)]
    starting = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(3)]
    assert [one.communicate(timeout=60)[0] for one in starting] == [f"schema {schema.HEAD}\n"] * 3
    assert set(shape(empty)) == set(metadata.tables)


@pytest.mark.parametrize("revision", ["none", "0004"])
def test_a_start_that_is_killed_in_the_middle_of_a_migration_leaves_the_next_one_a_whole_schema(empty: Engine, revision: str) -> None:
    if revision != "none":
        migrate(empty, revision)
    url = empty.url.render_as_string(hide_password=False)
    for after in (2, 40):
        killed = subprocess.run([sys.executable, "-c", KILLED, url, str(after)], capture_output=True, text=True, timeout=60, check=False)
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
        with empty.connect() as conn:
            assert schema.current(conn) in (None, revision, schema.HEAD)
    assert schema.upgrade(empty) == schema.HEAD
    migrated = shape(empty)
    assert set(migrated) == set(metadata.tables)
    with empty.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata) == []


KILLED = """
import os, signal, sys
from sqlalchemy import event
from mss_sim.store import engine, schema
made, left = engine.create(sys.argv[1]), int(sys.argv[2])
def count(conn, cursor, statement, *_):
    global left
    left -= statement.lstrip().upper().startswith(("CREATE", "ALTER", "INSERT", "UPDATE", "DROP"))
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(made, "after_cursor_execute", count)
schema.upgrade(made)
"""


def test_a_database_that_is_newer_than_the_program_is_left_alone(empty: Engine) -> None:
    schema.upgrade(empty)
    with empty.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = shape(empty)
    with pytest.raises(ValueError, match="may be newer than this program"):
        schema.upgrade(empty)
    with empty.connect() as conn:
        assert schema.current(conn) == "9999"
    assert shape(empty) == before


def test_a_database_at_base_is_migrated(empty: Engine) -> None:
    schema.upgrade(empty)
    migrate(empty, "base")
    assert schema.upgrade(empty) == schema.HEAD
    assert set(shape(empty)) == set(metadata.tables)
