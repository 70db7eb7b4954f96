"""Tables for spreadsheets: comma-separated values (ref: rfc4180#2), which no spreadsheet takes for formulas (ref: quirks#watch-table).

Every value is quoted, lines end with CRLF, the octets are UTF-8, and the first line names the columns (ref: rfc4180#3). A value that begins
as a formula does, `=`, `+`, `-` or `@`, also behind blanks, gets an apostrophe in front, as spreadsheets themselves mark text; control
characters, at which some programs begin a new cell, become spaces.
"""

import re
from collections.abc import Iterable

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WEIGHT = re.compile(r"[01](?:\.[0-9]{0,3})?")
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")  # the wide forms too: some programs take them for the narrow ones


def line(values: Iterable[str | int | None]) -> bytes:
    """One line; None is an empty value."""
    cells = ('"{}"'.format(_harmless("" if value is None else str(value)).replace('"', '""')) for value in values)
    return (",".join(cells) + "\r\n").encode("utf-8", "replace")


def _harmless(text: str) -> str:
    plain = _CONTROL.sub(" ", text)
    return f"'{plain}" if _FORMULA.match(plain) else plain


def is_preferred(accept: str) -> bool:
    """Whether an Accept field names text/csv, and nothing that it wants more (ref: rfc9110#12.5.1)."""
    weights: dict[str, float] = {}
    for one in accept.lower().split(","):
        name, *parameters = (part.strip() for part in one.split(";"))
        weights[name] = next((_weight(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
    wanted = weights.get("text/csv", 0.0)
    return wanted > 0 and wanted >= max(weights.get("application/json", 0.0), weights.get("application/*", 0.0))


def _weight(text: str) -> float:
    return float(text) if _WEIGHT.fullmatch(text) else 1.0
