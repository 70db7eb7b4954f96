"""The letters of our PDF: a part of DejaVu Sans that ships with us (sans.ttf, sans.LICENSE.txt), since PDF/A has its fonts inside."""

import struct
from functools import cache
from importlib.resources import files
from typing import NamedTuple

NAME = "MSSimSans"
FIRST, LAST = 32, 255
"""The codes of Windows-1252 that a page may use."""
_CHARACTERS = "cp1252"


class Font(NamedTuple):
    """The octets of the font, and the width of each code from FIRST to LAST in thousandths of the size."""

    octets: bytes
    widths: tuple[int, ...]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int

    def width(self, text: bytes) -> int:
        """How long a line is, in thousandths of the size."""
        return sum(self.widths[code - FIRST] for code in text)


@cache
def sans() -> Font:
    """The font, read once."""
    octets = (files(__package__) / "sans.ttf").read_bytes()
    tables = {}
    for number in range(struct.unpack_from(">H", octets, 4)[0]):
        tag, _, offset, _ = struct.unpack_from(">4sLLL", octets, 12 + 16 * number)
        tables[tag] = offset
    head, metrics, advances = tables[b"head"], tables[b"hhea"], tables[b"hmtx"]
    (units,) = struct.unpack_from(">H", octets, head + 18)
    box = tuple(round(edge * 1_000 / units) for edge in struct.unpack_from(">4h", octets, head + 36))
    ascent, descent = (round(edge * 1_000 / units) for edge in struct.unpack_from(">2h", octets, metrics + 4))
    (wide,) = struct.unpack_from(">H", octets, metrics + 34)
    glyphs = _glyphs(octets, tables[b"cmap"])

    def width(code: int) -> int:
        letter = bytes([code]).decode(_CHARACTERS, "ignore")
        glyph = min(glyphs.get(ord(letter), 0) if letter else 0, wide - 1)
        (advance,) = struct.unpack_from(">H", octets, advances + 4 * glyph)
        return round(int(advance) * 1_000 / int(units))

    return Font(octets, tuple(width(code) for code in range(FIRST, LAST + 1)), (box[0], box[1], box[2], box[3]), ascent, descent)


def _glyphs(octets: bytes, table: int) -> dict[int, int]:
    """The glyph of each character: the one table that the file has, of format 4."""
    (offset,) = struct.unpack_from(">L", octets, table + 8)
    at = table + offset
    (double,) = struct.unpack_from(">H", octets, at + 6)
    count = double // 2
    ends, starts, deltas, ranges = (at + 14, at + 16 + double, at + 16 + 2 * double, at + 16 + 3 * double)
    found = {}
    for number in range(count):
        (end,), (start,) = (struct.unpack_from(">H", octets, one + 2 * number) for one in (ends, starts))
        (delta,), (jump,) = (struct.unpack_from(">H", octets, one + 2 * number) for one in (deltas, ranges))
        for character in range(start, end + 1 if end < 0xFFFF else end):
            glyph = character
            if jump:
                (glyph,) = struct.unpack_from(">H", octets, ranges + 2 * number + jump + 2 * (character - start))
            found[character] = (glyph + delta) & 0xFFFF
    return found


def encoded(text: str) -> bytes:
    """The text in the codes of the font; a question mark for what it has not."""
    return bytes(code if code >= FIRST else ord(" ") for code in text.encode(_CHARACTERS, "replace"))
