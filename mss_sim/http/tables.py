"""Rows of a file that somebody sends: one JSON object a line (NDJSON), or comma-separated values with a first line that names the columns.

A file whose first character is `{` is NDJSON, in UTF-8. Any other is a table (ref: rfc4180#2) as spreadsheets of French
offices write them (ref: quirks#import-files):

| what differs | how it is known |
|---|---|
| UTF-8 with or without a mark, UTF-16 with one, Windows-1252 | the mark; what is not UTF-8 throughout is Windows-1252, or Latin-1 |
| semicolons, commas or tabs | of which the first line has most, or what a line `sep=;` before it says |
| line ends | CRLF, LF or CR; quoted values hold them too |

Texts stay texts: nothing is looked up, calculated or run. The file is read twice at most, in pieces; a row of over `row_chars` characters
ends the reading, as does a quote that nobody closes. What is wrong with a row is yielded in its place.
"""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import IO, Any

import orjson

from mss_sim.words.sentence import Sentence, SpokenError, say

_PIECE = 1 << 20
_BLANK = " \t\r\n\ufeff"
_SEPARATORS = (";", ",", "\t")
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_ARCHIVE = b"PK\x03\x04"
_UNDEFINED = frozenset(b"\x81\x8d\x8f\x90\x9d")
"""Octets that Windows-1252 gives no character."""

Columns = Callable[[str], str | None]
"""The field that a column of that name is for; None where there is none."""


class TableError(SpokenError, ValueError):
    """What is wrong with the file at a line, so that nothing after it can be read."""

    def __init__(self, sentence: Sentence, line: int = 1) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the number of its first line, counted from 1, and its values by their fields, or what is wrong with it.

    `whole` tells whether the values were JSON; those of a table are texts, and empty ones are left out.
    """

    line: int
    values: dict[str, Any]
    fault: Sentence | None = None
    whole: bool = False


def read(file: IO[bytes], columns: Columns, row_chars: int) -> Iterator[Row]:
    """The rows of a file, which is read from its beginning; TableError where nothing after can be told apart."""
    file.seek(0)
    begin = file.read(_PIECE)
    if begin.startswith(_ARCHIVE):
        raise TableError(say("This is a workbook or another archive; save the sheet as CSV, and send that."))
    first = begin.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:1]
    if first == b"[":
        raise TableError(say("This is a JSON list; write one object a line, without brackets and commas around them."))
    if first == b"{":
        file.seek(0)
        return _objects(file, row_chars)
    encoding = next((name for mark, name in _MARKS if begin.startswith(mark)), None) or _encoding(file, begin)
    file.seek(0)
    return _table(_Lines(io.TextIOWrapper(io.BufferedReader(_Kept(file)), encoding, "replace", newline=""), row_chars), columns)


class _Kept(io.RawIOBase):
    """A file that is not closed with what reads it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        """Read into the room that is given."""
        octets = self._file.read(len(room))
        room[: len(octets)] = octets
        return len(octets)


def _encoding(file: IO[bytes], piece: bytes) -> str:
    """UTF-8 where all of it is; else that of Windows, or Latin-1 where it holds what that has not."""
    reading, utf8, windows = codecs.getincrementaldecoder("utf-8")(), True, True
    while True:
        windows = windows and _UNDEFINED.isdisjoint(piece)
        if utf8:
            try:
                reading.decode(piece, final=not piece)
            except UnicodeDecodeError:
                utf8 = False
        if not piece:
            return "utf-8" if utf8 else "cp1252" if windows else "latin-1"
        piece = file.read(_PIECE)


def _objects(file: IO[bytes], row_chars: int) -> Iterator[Row]:
    number = 0
    while line := file.readline(row_chars + 1):
        number += 1
        if len(line) > row_chars:
            raise TableError(_too_long(row_chars), number)
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not text.strip():
            continue
        try:
            found = orjson.loads(text)
        except ValueError:
            yield Row(number, {}, say("This line is not JSON in UTF-8."))
            continue
        if isinstance(found, dict):
            yield Row(number, found, whole=True)
        else:
            yield Row(number, {}, say("This line is no JSON object."))


class _Lines:
    """Lines for the reader of tables; `first` is the number of the one with which the row under way begins."""

    def __init__(self, file: io.TextIOWrapper, row_chars: int) -> None:
        self._file, self._most = file, row_chars
        self._number = self._row = 0
        self.first = 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._most + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self._row += len(line)
        if self._row > self._most:
            raise TableError(_too_long(self._most), self.first)
        return line

    def begin_row(self) -> None:
        """A row begins with the next line."""
        self._row, self.first = 0, self._number + 1


def _too_long(most: int) -> Sentence:
    return say("A row has at most {most} characters; is there a quote that nothing closes? Nothing after it was read.", most=most)


def _table(lines: _Lines, columns: Columns) -> Iterator[Row]:
    head = next(lines, "")
    separator = next((one for one in _SEPARATORS if head.strip().strip('"').lower() == f"sep={one}".strip()), None)
    if separator is not None:
        head = next(lines, "")
    separator = separator or max(_SEPARATORS, key=head.count)
    fields = _fields(next(csv.reader([head], delimiter=separator), []), columns)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        lines.begin_row()
        first = lines.first
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise TableError(say("This is no row: a quote within quotes is doubled. Nothing after it was read."), first) from error
        if cells is None:
            return
        values = {field: text for field, cell in zip_longest(fields, cells[: len(fields)], fillvalue="") if (text := cell.strip(_BLANK))}
        if "" in values or any(map(str.strip, cells[len(fields) :])):
            yield Row(first, {}, say("There are more values than columns; is a separator within a value, and no quotes around it?"))
        elif values:
            yield Row(first, values)


def _fields(names: list[str], columns: Columns) -> list[str]:
    """The fields of the columns, empty for one without a name; TableError for names that are not known, or there twice."""
    fields = [columns(name) if name.strip(_BLANK) else "" for name in names]
    unknown = [name.strip(_BLANK)[:40] for name, field in zip(names, fields, strict=True) if field is None]
    if unknown:
        raise TableError(say("The first line names columns that are not known here: {names}.", names=", ".join(unknown[:20])))
    found = Counter(field for field in fields if field)
    twice = sorted(field for field, times in found.items() if times > 1)
    if twice or not found:
        raise TableError(say("The first line names each column once, and at least one; twice: {names}.", names=", ".join(twice) or "-"))
    return [field or "" for field in fields]
