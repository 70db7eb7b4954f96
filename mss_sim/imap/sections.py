"""Sections cut out of a message: BODY[...], BINARY[...] (ref: rfc9051#6.4.5.1). Bytes in, bytes out; offsets come from the MIME tree."""

from typing import NamedTuple

from mss_sim.imap.items import Section
from mss_sim.mail.headers import read_headers, split
from mss_sim.mail.mime import Bounds, Part, content, read_tree
from mss_sim.mail.structure import embedded

_FIELDS_MAX = 1_000
_PARTS_MAX = 1_000
_DEPTH_MAX = 100


class UnknownEncoding(Exception):
    """A part cannot be decoded for BINARY (ref: rfc3516#4.3)."""


class _Node(NamedTuple):
    """A part with the span of its header block."""

    part: Part
    header_start: int
    header_end: int


def cut(raw: bytes, section: Section) -> bytes | None:
    """The octets of a section; None when the message has no such part."""
    if not section.path:
        return _of_message(raw, 0, len(raw), section)
    node = _find(raw, section.path)
    if node is None:
        return None
    if section.text == "MIME":
        return raw[node.header_start : node.header_end]
    if not section.text:
        return raw[node.part.start : node.part.end]
    if embedded(raw, node.part) is None:
        return None
    return _of_message(raw, node.part.start, node.part.end, section)


def _of_message(raw: bytes, start: int, end: int, section: Section) -> bytes:
    message = raw if (start, end) == (0, len(raw)) else raw[start:end]
    if not section.text:
        return message
    header_end, body = split(message)
    if section.text == "TEXT":
        return message[body:]
    if section.text == "HEADER":
        return message[:body]
    wanted = {name.lower() for name in section.fields}
    return _fields(message[:header_end], wanted, inverse=section.text == "HEADER.FIELDS.NOT")


def _fields(block: bytes, wanted: set[bytes], *, inverse: bool) -> bytes:
    """The fields of these names, or all others, as they came, and the empty line."""
    kept: list[bytes] = []
    keeping = False
    for line in block.split(b"\r\n"):
        if line[:1] not in (b" ", b"\t"):
            name = line.partition(b":")[0].rstrip(b" \t").lower()
            keeping = bool(line) and (name in wanted) is not inverse
        if keeping:
            kept.append(line + b"\r\n")
    return b"".join([*kept, b"\r\n"])


def _find(raw: bytes, path: tuple[int, ...]) -> _Node | None:
    """The part at a path; a message that is no multipart has one part, itself (ref: rfc9051#6.4.5.1)."""
    header_end, body = split(raw)
    headers = read_headers(raw[:header_end], count_max=_FIELDS_MAX)
    root = read_tree(raw, headers, body, Bounds(_PARTS_MAX, _DEPTH_MAX, _FIELDS_MAX))
    node: _Node | None = _Node(root, 0, body)
    entered = False  # whether the node's own number was given: only then a message inside is entered
    for number in path:
        node = _step(raw, node, number, entered=entered) if node else None
        entered = True
    return node


def _step(raw: bytes, node: _Node, number: int, *, entered: bool) -> _Node | None:
    part = node.part
    if entered and not part.children:
        inside = embedded(raw, part)
        if inside is None:
            return None
        _, body = split(raw[part.start : part.end])
        return _step(raw, _Node(inside[1], part.start, part.start + body), number, entered=False)
    if part.content_type.startswith("multipart/"):
        if number > len(part.children):
            return None
        child = part.children[number - 1]
        return _Node(child, child.header_start, child.start)
    return node if number == 1 and not entered else None


def decoded(raw: bytes, section: Section) -> bytes | None:
    """The octets of a part without its transfer encoding; None when there is no such part, UnknownEncoding when it is a strange one."""
    if not section.path:
        return raw
    node = _find(raw, section.path)
    if node is None:
        return None
    if node.part.encoding not in ("7bit", "8bit", "binary", "base64", "quoted-printable"):
        raise UnknownEncoding
    part = node.part
    return raw[part.start : part.end] if part.children else content(raw, part.start, part.end, part.encoding)
