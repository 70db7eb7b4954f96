"""The text of the first page of a PDF, as far as its fonts tell which letters they draw.

Enough to find a name and a title in it. What is long is not read; a form that a page draws is read once, and none that it draws in turn.
A library that takes out all text walks forms in forms, which grow without end where they draw one another.
"""

import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

_CONTENT_BYTES_MAX = 262_144
_FORMS_MAX = 20
_MAP_BYTES_MAX = 262_144
_LETTERS_MAX = 20_000
_HEX = r"<\s*([0-9A-Fa-f]{1,16})\s*>"
_CHARACTER = re.compile(rf"{_HEX}\s*{_HEX}")
_RANGE = re.compile(rf"{_HEX}\s*{_HEX}\s*{_HEX}")
_MOVES = frozenset({"Tm", "ET"})
_NEXT_LINES = frozenset({"T*", "'", '"'})
_STEPS = frozenset({"Td", "TD"})
_SHOWS = frozenset({"Tj", "'", '"'})
_SPACE_BELOW = -200
"""A step backwards in thousandths of the size of the letters that is a blank."""

Letters = dict[int, str]


def first_page(pikepdf: ModuleType, opened: Any) -> str:
    """The text, lines on lines of their own as far as they can be told; empty when it is too long, or has no page."""
    if len(opened.pages) == 0:
        return ""
    page = opened.pages[0].obj
    resources = opened.pages[0].resources
    told = list(_told(pikepdf, page, page.get("/Contents"), resources))
    forms = resources.get("/XObject") if resources is not None else None
    if isinstance(forms, pikepdf.Dictionary):
        for number, (_, form) in enumerate(forms.items()):
            if number < _FORMS_MAX and isinstance(form, pikepdf.Stream) and form.get("/Subtype") == "/Form":
                told += _told(pikepdf, form, form, form.get("/Resources", resources))
    lines = (" ".join(line.split()) for line in "".join(told).splitlines())
    return "\n".join(line for line in lines if line)


def _told(pikepdf: ModuleType, drawn: Any, content: Any, resources: Any) -> Iterator[str]:
    """What one content stream shows, or several that follow one another."""
    streams = list(content)[:_FORMS_MAX] if isinstance(content, pikepdf.Array) else [content]
    if not all(isinstance(one, pikepdf.Stream) for one in streams):
        return
    if sum(len(one.read_bytes()) for one in streams) > _CONTENT_BYTES_MAX:
        return
    fonts = resources.get("/Font") if resources is not None else None
    letters: Letters | None = None
    wide = False
    known: dict[str, tuple[Letters | None, bool]] = {}
    for operands, operator in pikepdf.parse_content_stream(drawn, "Tf Tj TJ ' \" Td TD T* Tm ET"):
        name = str(operator)
        if name == "Tf" and operands and isinstance(fonts, pikepdf.Dictionary):
            key = str(operands[0])
            if key not in known:
                known[key] = _letters(pikepdf, fonts.get(key))
            letters, wide = known[key]
        yield _between(name, operands)
        if name in _SHOWS and operands:
            yield _read(bytes(operands[-1]), letters, wide=wide)
        elif name == "TJ" and operands:
            for piece in operands[0]:
                if isinstance(piece, pikepdf.String):
                    yield _read(bytes(piece), letters, wide=wide)
                elif float(piece) < _SPACE_BELOW:
                    yield " "


def _between(name: str, operands: Any) -> str:
    """What stands before the letters of an operator: a new line, a blank, or nothing."""
    if name in _NEXT_LINES or (name in _STEPS and len(operands) == 2 and float(operands[1]) != 0):
        return "\n"
    return " " if name in _MOVES or name in _STEPS else ""


def _read(octets: bytes, letters: Letters | None, *, wide: bool) -> str:
    if letters is None:
        return octets.decode("cp1252", "replace")
    step = 2 if wide else 1
    codes = (int.from_bytes(octets[at : at + step]) for at in range(0, len(octets), step))
    return "".join(letters.get(code, "") for code in codes)


def _letters(pikepdf: ModuleType, font: Any) -> tuple[Letters | None, bool]:
    """What the codes of a font mean, and whether each takes two octets; None where it does not say so."""
    if not isinstance(font, pikepdf.Dictionary):
        return None, False
    wide = font.get("/Subtype") == "/Type0"
    table = font.get("/ToUnicode")
    if not isinstance(table, pikepdf.Stream):
        return ({} if wide else None), wide
    text = bytes(table.read_bytes())[:_MAP_BYTES_MAX].decode("latin-1")
    found: Letters = {}
    for letter_block in _blocks(text, "bfchar"):
        found |= {int(code, 16): _unicode(letter) for code, letter in _CHARACTER.findall(letter_block)}
    for range_block in _blocks(text, "bfrange"):
        for first, last, letter in _RANGE.findall(range_block):
            begin, start = int(first, 16), int(letter, 16)
            for step in range(min(int(last, 16) - begin + 1, _LETTERS_MAX - len(found))):
                found[begin + step] = chr(min(start + step, 0x10FFFF))
    return found, wide


def _blocks(text: str, name: str) -> Iterator[str]:
    """What stands between each `begin` and `end` of that name; one without an end is the last."""
    at = text.find(f"begin{name}")
    while at >= 0 and (end := text.find(f"end{name}", at)) >= 0:
        yield text[at:end]
        at = text.find(f"begin{name}", end)


def _unicode(code: str) -> str:
    return bytes.fromhex(code.zfill(len(code) + len(code) % 2)).decode("utf-16-be", "replace")
