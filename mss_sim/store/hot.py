"""Statements of the hot path: written with Core, compiled once, then handed to the driver as they are.

Executing a Core statement costs several times what SQLite takes for the row: parameters are processed row by row, a result is set up.
Delivery runs the same eight statements for every group of letters, so they are compiled once per dialect and run with `exec_driver_sql`.
Values must be what the driver takes: integers, texts, bytes, booleans, None.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Insert, Update

_ROWS_AT_ONCE = 32


class Hot:
    """One INSERT or UPDATE that runs for many rows at once.

    A row is a dictionary with every parameter of the statement, or, for an INSERT of whole rows, a tuple in the order of the columns.
    """

    def __init__(self, statement: Insert | Update) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, conn: Connection, rows: Sequence[Mapping[str, Any] | tuple[Any, ...]]) -> None:
        """Run for all rows; nothing happens when there is none."""
        if not rows:
            return
        compiled = self._compiled.get(conn.dialect.name) or self._compile(conn)
        if compiled.row_text is None or len(rows) == 1:
            conn.exec_driver_sql(compiled.sql, [compiled.values(row) for row in rows])
            return
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            chunk = rows[start : start + _ROWS_AT_ONCE]
            values = tuple(value for row in chunk for value in compiled.values(row))
            conn.exec_driver_sql(compiled.sql + f", {compiled.row_text}" * (len(chunk) - 1), values)

    def _compile(self, conn: Connection) -> "_Compiled":
        compiled = self._statement.compile(dialect=conn.dialect)
        names = compiled.positiontup
        sql = str(compiled)
        row_text = f"({', '.join('?' for _ in names)})" if names and isinstance(self._statement, Insert) else None
        columns = tuple(column.name for column in self._statement.table.columns)
        self._compiled[conn.dialect.name] = _Compiled(sql, columns, itemgetter(*names) if names else dict, row_text)
        return self._compiled[conn.dialect.name]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What a dialect made of a statement; `row_text` is one more row of an INSERT, where the driver takes values by position.

    SQLite's driver lets go of the interpreter at each step, and gets it back only when the event loop has nothing to do: one INSERT of
    twenty rows is one such stop, twenty INSERTs of one row are twenty.
    """

    sql: str
    names: tuple[str, ...]
    values_of: Callable[[Mapping[str, Any]], Any]
    row_text: str | None

    def values(self, row: Mapping[str, Any] | tuple[Any, ...]) -> Any:
        """What the driver takes for one row: a tuple where it counts, a dictionary where it names."""
        if isinstance(row, tuple):
            return row if self.row_text else dict(zip(self.names, row, strict=True))
        return self.values_of(row)
