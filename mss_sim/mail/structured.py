"""Structured fields: comments, quoted strings and parameters told apart (ref: rfc2045#5.1, rfc5322#3.2.2).

| what is read                                   | is                                                            |
|------------------------------------------------|---------------------------------------------------------------|
| a comment, nested or not, outside of quotes    | a blank                                                       |
| a parenthesis that is never closed             | text, and so is every one after it                            |
| a value that is more than one word without its comments, `rapport (1).pdf` | text as it came: no comment was meant |
| a quote that is never closed                   | a quoted string to the end, unless every parameter is plain   |
| a semicolon too many, a parameter without `=`  | nothing                                                       |

Each octet is read a bounded number of times, whatever stands in the field.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_MARK = re.compile(r'"(?:[^"\\]|\\.)*+"?|[(,;:]', re.DOTALL)
_PARENTHESIS = re.compile(r"[()]|\\.", re.DOTALL)
_ONE_WORD = re.compile(r'(?:"(?:[^"\\]|\\.)*+"?|[^\s"]*+)\Z', re.DOTALL)
_PLAIN = re.compile(r'[^;="*?()]*(?:;\s*[\w-]+="?[\w./+-]+"?\s*)+\Z')
_PLAIN_PARAMETER = re.compile(r';\s*([\w-]+)="?([\w./+-]+)"?')
"""Parameters in simple form; the others are read mark by mark, some times slower."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PARAMETERS_MAX = 200
_REMEMBERED_MAX = 1_024
_REMEMBERED_CHARS_MAX = 200


class Structured(NamedTuple):
    """A field without comments: its `value` before the first semicolon, and (name in lower case, text as it came) of each parameter."""

    value: str
    parameters: tuple[tuple[str, str], ...]


def read(text: str) -> Structured:
    """A field of a value and parameters; what comes after two hundred parameters is not read."""
    return _remembered(text) if len(text) <= _REMEMBERED_CHARS_MAX else _read(text)


@lru_cache(maxsize=_REMEMBERED_MAX)
def _remembered(text: str) -> Structured:
    """Most letters say the same few things of themselves, and each is asked for several times."""
    return _read(text)


def _read(text: str) -> Structured:
    if _PLAIN.match(text):
        return Structured(text.partition(";")[0].strip(), tuple((name.lower(), value) for name, value in _PLAIN_PARAMETER.findall(text)))
    value = ""
    parameters = []
    for number, (start, end) in enumerate(_spans(text, ";")):
        if number > _PARAMETERS_MAX:
            break
        fragment = text[start:end]
        if not number:
            value = uncommented(fragment).strip()
            continue
        name, sign, content = _named(fragment)
        if sign and name:
            parameters.append((name, content))
    return Structured(value, tuple(parameters))


def word(text: str) -> str:
    """A field of one word, such as Content-Transfer-Encoding: in lower case, without comments, quotes and what follows a comma or `;`."""
    return unquoted(halves(read(text).value, ",")[0].strip()).strip().lower()


def uncommented(text: str, until: str = "") -> str:
    """The text with a blank for each comment; from the first mark `until` (one of `,;:`) on it stays as it came."""
    pieces = []
    at = 0
    for mark, start, end in _marks(text):
        if mark == until:
            break
        if mark == "(":
            pieces.append(text[at:start])
            at = end
    return " ".join([*pieces, text[at:]])


def halves(text: str, separator: str) -> tuple[str, str, str]:
    """The text before the first `separator` (one of `,;:`) that no quotes or comment hide, the separator, and the text behind it."""
    for mark, start, end in _marks(text):
        if mark == separator:
            return text[:start], mark, text[end:]
    return text, "", ""


def listed(text: str) -> tuple[str, ...]:
    """The words of a list with commas, without comments; empty ones are left out."""
    words = (uncommented(text[start:end]).strip() for start, end in _spans(text, ","))
    return tuple(one for one in words if one)


def unquoted(text: str) -> str:
    """The content of a quoted string; any other text as it is."""
    if not text.startswith('"'):
        return text
    inside = text[1:-1] if text.endswith('"') and len(text) > 1 else text[1:]
    return _ESCAPED.sub(r"\1", inside)


def after_comment(text: str, at: int) -> int:
    """Where the comment ends whose parenthesis was opened just before `at`; -1 when it never does."""
    depth = 1
    while depth and (found := _PARENTHESIS.search(text, at)) is not None:
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        at = found.end()
    return -1 if depth else at


def _named(fragment: str) -> tuple[str, str, str]:
    """Name, `=` and value of a parameter; without comments where the value is one word then."""
    clean = uncommented(fragment)
    name, sign, value = clean.partition("=")
    value = value.strip()
    if clean is not fragment and not _ONE_WORD.match(value):
        value = fragment.partition("=")[2].strip()
    return name.strip().lower(), sign, value


def _spans(text: str, separator: str) -> Iterator[tuple[int, int]]:
    at = 0
    for mark, start, end in _marks(text):
        if mark == separator:
            yield at, start
            at = end
    yield at, len(text)


def _marks(text: str) -> Iterator[tuple[str, int, int]]:
    """Commas, semicolons, colons and comments outside of quoted strings: the sign that each begins with, its start and its end."""
    at = 0
    closing = True
    while (found := _MARK.search(text, at)) is not None:
        at = found.end()
        mark = found[0]
        if mark == "(":
            end = after_comment(text, at) if closing else -1
            closing = end >= 0
            if closing:
                yield mark, found.start(), end
                at = end
        elif len(mark) == 1 and mark != '"':
            yield mark, found.start(), at
