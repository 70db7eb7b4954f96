"""Statements of the hot path: written with Core, compiled once, then passed to the driver unchanged.

Executing a Core statement takes several times as long as SQLite needs for the row: parameters are processed row by row, a result is set
up. Delivery runs the same ten statements for every group of letters, so they are compiled once per dialect. SQLite's driver is called
directly; PostgreSQL's through SQLAlchemy, which handles broken connections. Values must be of the types that the driver accepts, and
are returned as it gives them: integers, texts, bytes, booleans (integers from SQLite), None.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Select, Update
from sqlalchemy.exc import DBAPIError

_LISTED_AT_ONCE = 500


def run_directly(conn: Connection, sql: str, values: Any = (), *, many: bool = False) -> list[tuple[Any, ...]]:
    """Run SQL text of the dialect; its rows. DBAPIError as SQLAlchemy raises it."""
    if conn.dialect.name != "sqlite":
        result = conn.exec_driver_sql(sql, values or None)
        return [tuple(row) for row in result] if result.returns_rows else []
    driver: Any = conn.connection.driver_connection
    try:
        cursor = driver.executemany(sql, values) if many else driver.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    except conn.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(sql, None, error, conn.dialect.loaded_dbapi.Error, dialect=conn.dialect) from error
    return rows


class Hot:
    """One INSERT, UPDATE or DELETE that runs for many rows at once.

    A row is a dictionary with every parameter of the statement, or, for an INSERT of whole rows, a tuple in the order of the columns;
    all rows of one call are of one kind.
    """

    def __init__(self, statement: Insert | Update | Delete) -> None:
        self._statement = statement
        self._columns = tuple(column.name for column in statement.table.columns)
        self._compiled: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any] | None]] = {}

    def run(self, conn: Connection, rows: Sequence[Mapping[str, Any] | tuple[Any, ...]]) -> None:
        """Run for all rows; does nothing for an empty list."""
        if not rows:
            return
        sql, by_position = self._compiled.get(conn.dialect.name) or self._compile(conn)
        as_tuples = isinstance(rows[0], tuple)
        if by_position and not as_tuples:
            rows = [by_position(row) for row in rows]  # type: ignore[arg-type]
        elif not by_position and as_tuples:
            rows = [dict(zip(self._columns, row, strict=True)) for row in rows]
        run_directly(conn, sql, rows, many=True)

    def _compile(self, conn: Connection) -> tuple[str, Callable[[Mapping[str, Any]], Any] | None]:
        compiled = self._statement.compile(dialect=conn.dialect)
        names = compiled.positiontup  # None where the driver takes values by name
        self._compiled[conn.dialect.name] = str(compiled), _in_order(names) if names else None
        return self._compiled[conn.dialect.name]


def _in_order(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """The values of these names as a tuple; itemgetter gives a lone one bare."""
    return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)


class HotQuery:
    """A SELECT with named parameters, compiled once; `postgresql` is what PostgreSQL runs instead, with its row locks or in its words."""

    def __init__(self, statement: Select[Any], postgresql: Select[Any] | None = None) -> None:
        self._statement = statement
        self._postgresql = statement if postgresql is None else postgresql
        self._sql = ""
        self._names: Sequence[str] = ()
        self._constants: Mapping[str, Any] = {}

    def rows(self, conn: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """The rows for these values of the parameters."""
        if conn.dialect.name != "sqlite":
            return [tuple(row) for row in conn.execute(self._postgresql, values)]
        if not self._sql:
            compiled = self._statement.compile(dialect=conn.dialect)
            self._names, self._constants, self._sql = compiled.positiontup or (), compiled.params, str(compiled)
        given = {**self._constants, **values}
        return run_directly(conn, self._sql, tuple(given[name] for name in self._names))


class HotSelect:
    """A SELECT whose only parameter is the list of one IN; `locked` is what PostgreSQL runs instead, with its row locks."""

    def __init__(self, statement: Select[Any], locked: Select[Any] | None = None) -> None:
        self._statement = statement
        self._locked = statement if locked is None else locked
        self._compiled: dict[tuple[str, int], str] = {}

    def rows(self, conn: Connection, name: str, listed: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows for these values of the parameter called `name`; none for an empty list."""
        if len(listed) > _LISTED_AT_ONCE:
            pieces = (listed[start : start + _LISTED_AT_ONCE] for start in range(0, len(listed), _LISTED_AT_ONCE))
            return [row for piece in pieces for row in self.rows(conn, name, piece)]
        if not listed:
            return []
        if conn.dialect.name != "sqlite":
            return [tuple(row) for row in conn.execute(self._locked, {name: list(listed)})]
        width = 1 << (len(listed) - 1).bit_length()  # few widths, so that few texts are prepared; the last value is repeated as padding
        sql = self._compiled.get((name, width)) or self._compile(conn, name, width)
        return run_directly(conn, sql, (*listed, *[listed[-1]] * (width - len(listed))))

    def _compile(self, conn: Connection, name: str, width: int) -> str:
        filled = self._statement.params({name: ["?"] * width})
        sql = str(filled.compile(dialect=conn.dialect, compile_kwargs={"render_postcompile": True}))
        self._compiled[name, width] = sql
        return sql
