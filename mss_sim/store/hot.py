"""Statements of the hot path: written with Core, compiled once, then handed to the driver as they are.

Executing a Core statement costs several times what SQLite takes for the row: parameters are processed row by row, a result is set up.
Delivery runs the same eight statements for every group of letters, so they are compiled once per dialect and run with `exec_driver_sql`.
Values must be what the driver takes: integers, texts, bytes, booleans, None.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Insert, Update


class Hot:
    """One INSERT or UPDATE that runs for many rows at once; rows are dictionaries with every parameter of the statement."""

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]] = {}

    def run(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run for all rows; nothing happens when there is none."""
        if not rows:
            return
        sql, values_of = self._compiled.get(conn.dialect.name) or self._compile(conn)
        conn.exec_driver_sql(sql, [values_of(row) for row in rows])

    def _compile(self, conn: Connection) -> tuple[str, Callable[[Mapping[str, Any]], Any]]:
        compiled = self._statement.compile(dialect=conn.dialect)
        names = compiled.positiontup
        values_of: Callable[[Mapping[str, Any]], Any] = itemgetter(*names) if names else dict
        self._compiled[conn.dialect.name] = (str(compiled), values_of)
        return self._compiled[conn.dialect.name]
