"""Both ways to a schema give the same tables: created whole from models/tables.py, and step by step by the revisions in alembic/."""

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


def shape(target: Engine) -> dict[str, Any]:
    """All that the database says of its tables but alembic's: columns, and the names and content of keys, constraints and indexes."""
    seen = inspect(target)
    return {
        table: {
            "columns": [{**column, "type": str(column["type"])} for column in seen.get_columns(table)],
            "primary key": seen.get_pk_constraint(table),
            "foreign keys": sorted(map(repr, seen.get_foreign_keys(table))),
            "unique": sorted(map(repr, seen.get_unique_constraints(table))),
            "indexes": sorted(map(repr, seen.get_indexes(table))),
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


def test_a_database_at_base_is_migrated(empty: Engine) -> None:
    schema.upgrade(empty)
    migrate(empty, "base")
    assert schema.upgrade(empty) == schema.HEAD
    assert set(shape(empty)) == set(metadata.tables)
