"""A picture of a page in few colours, which is what it has: a third of the octets that a browser writes (ref: W3C PNG, 4 to 9)."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = 80
_STEP = 8
"""Shades that differ by less are one."""

Colour = tuple[int, int, int]


def smaller(png: bytes) -> bytes:
    """The same picture with a palette; of a PNG with eight bits a sample, RGB or RGBA, not interlaced."""
    width, height, samples, rows = _read(png)
    pixels = [[_shade(row, at) for at in range(0, len(row), samples)] for row in rows]
    counted = Counter(shade for row in pixels for shade in row)
    palette = [shade for shade, _ in counted.most_common(_COLOURS)]
    place = {shade: number for number, shade in enumerate(palette)}
    for shade in counted:
        place.setdefault(shade, min(range(len(palette)), key=lambda number: _apart(palette[number], shade)))
    lines = b"".join(b"\x00" + bytes(place[shade] for shade in row) for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colours = bytes(part for shade in palette for part in shade)
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"PLTE", colours) + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")


def _shade(row: bytes, at: int) -> Colour:
    red, green, blue = (min(255, (part + _STEP // 2) // _STEP * _STEP) for part in row[at : at + 3])
    return red, green, blue


def _apart(one: Colour, other: Colour) -> int:
    return sum((mine - yours) ** 2 for mine, yours in zip(one, other, strict=True))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _read(png: bytes) -> tuple[int, int, int, list[bytes]]:
    """Width, height, samples of a pixel, and the rows."""
    found = list(_chunks(png))
    width, height, bits, colour, _, _, interlaced = struct.unpack(">IIBBBBB", dict(found)[b"IHDR"])
    assert (bits, interlaced) == (8, 0), "a browser writes no other"
    samples = {2: 3, 6: 4}[colour]
    octets = zlib.decompress(b"".join(data for name, data in found if name == b"IDAT"))
    length, rows, above = width * samples, list[bytes](), bytes(width * samples)
    for number in range(height):
        start = number * (length + 1)
        above = _unfiltered(octets[start], bytearray(octets[start + 1 : start + 1 + length]), above, samples)
        rows.append(above)
    return width, height, samples, rows


def _unfiltered(kind: int, row: bytearray, above: bytes, samples: int) -> bytes:
    for at in range(len(row)):
        left, corner = (row[at - samples], above[at - samples]) if at >= samples else (0, 0)
        guessed = (0, left, above[at], (left + above[at]) // 2, _paeth(left, above[at], corner))[kind]
        row[at] = (row[at] + guessed) & 0xFF
    return bytes(row)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))
