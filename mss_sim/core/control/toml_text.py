"""Values as TOML, written for people: a table is a section, a small table inside it one line (toml.io, v1.0)."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r'[\x00-\x1f"\\\x7f]')
_ESCAPES = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_LINE_CHARS = 100


def document(tables: Mapping[str, Mapping[str, Any] | Sequence[Mapping[str, Any]]], head: Iterable[str] = ()) -> str:
    """A document: lines of comment, then each table or list of tables as a section; empty ones are left out.

    Values are texts, numbers, yes or no, dates, instants with a zone, lists and tables of these; TypeError for others, None among them.
    """
    parts = ["".join(f"# {line}".rstrip() + "\n" for line in head)]
    for name, content in tables.items():
        rows, opening = ([content], f"[{_key(name)}]") if isinstance(content, Mapping) else (content, f"[[{_key(name)}]]")
        parts += [f"{opening}\n" + "".join(f"{_key(key)} = {_written(value)}\n" for key, value in row.items()) for row in rows if row]
    return "\n".join(part for part in parts if part)


def _written(value: Any) -> str:
    """A value of a section: a list of tables, or one that is long, has a line for each of its values."""
    shown = text_of(value)
    if not isinstance(value, list | tuple) or not value or (len(shown) <= _LINE_CHARS and not isinstance(value[0], Mapping)):
        return shown
    return "[\n" + "".join(f"  {text_of(one)},\n" for one in value) + "]"


def text_of(value: Any) -> str:
    """A value in one line; TypeError for what TOML has no form for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(str(key))} = {text_of(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(text_of, value))}]"
    form = next((form for kind, form in _FORMS if isinstance(value, kind)), None)
    if form is None or (isinstance(value, float) and not math.isfinite(value)):
        raise TypeError(f"TOML has no form for {value!r}"[:100])
    return form(value)


_FORMS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (str, lambda text: f'"{_ESCAPED.sub(_escape, text)}"'),
    (int, str),
    (float, repr),
    (datetime, lambda moment: moment.isoformat().replace("+00:00", "Z")),
    (date, date.isoformat),
)
"""Scalars; an instant is a date too, and comes first."""


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else text_of(name)


def _escape(found: re.Match[str]) -> str:
    letter = found[0]
    return _ESCAPES.get(letter) or f"\\u{ord(letter):04x}"
