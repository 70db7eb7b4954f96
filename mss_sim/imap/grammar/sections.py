"""Sections cut out of a message: BODY[...], BINARY[...] (ref: rfc9051#6.4.5.1). Bytes in, bytes out; offsets come from the MIME tree."""

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from mss_sim.imap.grammar.items import Section
from mss_sim.mail.headers import Headers, read_headers, split
from mss_sim.mail.mime import DECODED, Bounds, Part, content, read_tree
from mss_sim.mail.structure import body_structure, embedded

_FIELDS_MAX = 1_000_000  # the limits were applied on arrival, by settings that this reader does not know
_PARTS_MAX = 1_000_000
_DEPTH_MAX = 100


class UnknownEncoding(Exception):
    """A part cannot be decoded for BINARY (ref: rfc3516#4.3)."""


class _Node(NamedTuple):
    """A part with the span of its header block."""

    part: Part
    header_start: int
    header_end: int


class MessageSections:
    """A message whose sections are extracted; it is parsed once, however many are requested, and not at all when no parsing is needed."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def _inside(self) -> dict[tuple[int, int], tuple[Headers, Part] | None]:
        """The embedded messages, by their position."""
        return {}

    @cached_property
    def _lines(self) -> dict[int, list[tuple[bytes, bytes]]]:
        """The fields of header blocks, by where these begin."""
        return {}

    @cached_property
    def _read(self) -> tuple[Headers, Part]:
        end, body = split(self.raw)
        headers = read_headers(self.raw[:end], count_max=_FIELDS_MAX)
        return headers, read_tree(self.raw, headers, body, Bounds(_PARTS_MAX, _DEPTH_MAX, _FIELDS_MAX))

    @property
    def body(self) -> bytes:
        """BODY: the structure without extension data."""
        headers, root = self._read
        return body_structure(self.raw, root, headers, extended=False)

    def cut(self, section: Section) -> bytes | None:
        """The octets of a section; None when the message has no such part."""
        if not section.path:
            return self._of_message(0, len(self.raw), section)
        node = self._find(section.path)
        if node is None:
            return None
        if section.text == "MIME":
            return self.raw[node.header_start : node.header_end]
        if not section.text:
            return self.raw[node.part.start : node.part.end]
        if self._embedded(node.part) is None:
            return None
        return self._of_message(node.part.start, node.part.end, section)

    def decoded(self, section: Section) -> bytes | None:
        """The octets of a part without its transfer encoding; None when there is no such part, UnknownEncoding when it is not supported."""
        if not section.path:
            return self.raw
        part = self.decodable(section)
        if part is None:
            return None
        return self.raw[part.start : part.end] if part.children else content(self.raw, part.start, part.end, part.encoding)

    def decodable(self, section: Section) -> Part | None:
        """The part of a section; None when there is none, UnknownEncoding when its encoding is not supported."""
        node = self._find(section.path)
        if node is not None and node.part.encoding not in DECODED:
            raise UnknownEncoding
        return node.part if node else None

    def _of_message(self, start: int, end: int, section: Section) -> bytes:
        if not section.text:
            return self.raw
        header_end, body = split(self.raw, start, end)
        if section.text == "TEXT":
            return self.raw[body:end]
        if section.text == "HEADER":
            return self.raw[start:body]
        wanted, inverse = {name.lower() for name in section.fields}, section.text == "HEADER.FIELDS.NOT"
        if start not in self._lines:
            self._lines[start] = list(_fields(self.raw[start:header_end]))
        return b"".join([*(field for name, field in self._lines[start] if (name in wanted) is not inverse), b"\r\n"])

    def _find(self, path: tuple[int, ...]) -> _Node | None:
        """The part at a path; a message that is not a multipart has one part, itself (ref: rfc9051#6.4.5.1)."""
        node: _Node | None = _Node(self._read[1], 0, split(self.raw)[1])
        entered = False  # whether the node's own number was given: an embedded message is entered only then
        for number in path:
            node = self._step(node, number, entered=entered) if node else None
            entered = True
        return node

    def _step(self, node: _Node, number: int, *, entered: bool) -> _Node | None:
        part = node.part
        if entered and not part.children:
            inside = self._embedded(part)
            if inside is None:
                return None
            _, body = split(self.raw, part.start, part.end)
            return self._step(_Node(inside[1], part.start, body), number, entered=False)
        if part.content_type.startswith("multipart/"):
            if number > len(part.children):
                return None
            child = part.children[number - 1]
            return _Node(child, child.header_start, child.start)
        return node if number == 1 and not entered else None

    def _embedded(self, part: Part) -> tuple[Headers, Part] | None:
        place = (part.start, part.end)
        if place not in self._inside:
            self._inside[place] = embedded(self.raw, part)
        return self._inside[place]


def _fields(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name in lower case, the field as received) of a header block."""
    gathered: list[bytes] = []
    name = b""
    for line in block.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            gathered += [line] if gathered else []
            continue
        if gathered:
            yield name, b"\r\n".join([*gathered, b""])
        gathered = [line] if line else []
        name = line.partition(b":")[0].rstrip(b" \t").lower()
    if gathered:
        yield name, b"\r\n".join([*gathered, b""])


def cut(raw: bytes, section: Section) -> bytes | None:
    """One section of a message from which nothing else is requested."""
    return MessageSections(raw).cut(section)


def decoded(raw: bytes, section: Section) -> bytes | None:
    """One decoded part of a message from which nothing else is requested."""
    return MessageSections(raw).decoded(section)
