"""The MIME tree of a message, as offsets into its bytes.

A part is never copied while the tree is read: boundaries are searched in the whole buffer. Malformed parts are read as RFC 2045 and
RFC 2046 advise: a multipart without a usable boundary is a text, an unclosed multipart ends with its parent.
"""

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import unquote
from html import unescape
from typing import NamedTuple

from mss_sim.mail.headers import Headers, decode, read_headers, readable, split, storable, text_in

_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+\Z", re.ASCII)
_PLAIN_PARAMS = re.compile(r'[^;="*?]*(?:;\s*[\w-]+="?[\w./+-]+"?\s*)+\Z')
_PLAIN_PARAM = re.compile(r';\s*([\w-]+)="?([\w./+-]+)"?')
"""Parameters in simple form; the others are read by the standard library, ten times slower."""
_TAG = re.compile(r"<[^<>]*>")
_NO_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_OPENING = re.compile(r"<(script|style|head)\b", re.IGNORECASE)
_PARAMETERS_MAX = 200
_TYPE_CHARS_MAX = 127  # ref: rfc6838#4.2
_BOUNDARY_CHARS_MAX = 70  # ref: rfc2046#5.1.1


class Part(NamedTuple):
    """One node of the tree. `number` is the IMAP section (`1.2`); offsets are half-open and point into the whole message."""

    number: str
    content_type: str
    params: dict[str, str]
    disposition: str | None
    filename: str | None
    encoding: str
    content_id: str | None
    start: int
    end: int
    children: tuple["Part", ...] = ()
    header_start: int = 0

    @property
    def is_attachment(self) -> bool:
        """A leaf that is a file: it has a name, is declared an attachment, or is not text (ref: rfc2183#2)."""
        if self.children or self.content_type.startswith("multipart/"):
            return False
        return self.disposition == "attachment" or self.filename is not None or not self.content_type.startswith("text/")

    def leaves(self) -> Iterator["Part"]:
        """The parts that hold content, in order; an attached message is one leaf."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(slots=True)
class Bounds:
    """The limits of one message; `parts_left` is counted down while its tree is read."""

    parts_left: int
    depth: int
    header_count: int

    def take(self, depth: int) -> None:
        """Count one part at `depth` levels; OverflowError when the message holds too much."""
        self.parts_left -= 1
        if self.parts_left < 0:
            raise OverflowError("too many MIME parts")
        if depth > self.depth:
            raise OverflowError(f"MIME parts nested over {self.depth} levels")


def read_tree(raw: bytes, headers: Headers, body_start: int, bounds: Bounds, *, end: int | None = None) -> Part:
    """The tree of the message with these `headers`, whose body starts at `body_start` and ends at `end`, or with `raw`."""
    return _read(raw, headers, body_start, len(raw) if end is None else end, "", 0, bounds)


def _read(raw: bytes, headers: Headers, start: int, end: int, number: str, depth: int, bounds: Bounds, default: str = "text/plain") -> Part:
    bounds.take(depth)
    content_type, params = _content_type(headers, default)
    children: tuple[Part, ...] = ()
    boundary = params.get("boundary", "")
    if content_type.startswith("multipart/") and not 0 < len(boundary) <= _BOUNDARY_CHARS_MAX:
        content_type = "text/plain"
    if content_type.startswith("multipart/"):
        inner = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
        prefix = number + "." if number else ""
        spans = _spans(raw, boundary.encode("utf-8", "replace"), start, end)
        children = tuple(_child(raw, span, f"{prefix}{position}", depth + 1, bounds, inner) for position, span in enumerate(spans, 1))
    disposition, filename = _disposition(headers, params)
    return Part(
        number=number or "1",
        content_type=content_type,
        params=params,
        disposition=disposition,
        filename=filename,
        encoding=(headers.text("Content-Transfer-Encoding") or "7bit").strip().lower(),
        content_id=headers.text("Content-ID"),
        start=start,
        end=end,
        children=children,
    )


def _child(raw: bytes, span: tuple[int, int], number: str, depth: int, bounds: Bounds, default: str) -> Part:
    start, end = span
    header_end, body = split(raw, start, end)
    headers = read_headers(raw[start:header_end], count_max=bounds.header_count)
    return _read(raw, headers, body, end, number, depth, bounds, default)._replace(header_start=start)


def _spans(raw: bytes, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each body part between the delimiter lines of one multipart (ref: rfc2046#5.1.1).

    Only beginnings of lines are read, and each line once: a delimiter in the middle of a line costs nothing.
    """
    delimiter = b"--" + boundary
    opened: int | None = None
    at = start if raw.startswith(delimiter, start, end) else _line_with(raw, delimiter, start, end)
    while at >= 0:
        after = at + len(delimiter)
        line_end = raw.find(b"\r\n", after, end)
        line_end = end if line_end < 0 else line_end
        closing = raw[after : after + 2] == b"--"
        tail = raw[after + 2 * closing : line_end]
        if not tail.strip(b" \t"):
            if opened is not None:
                yield opened, max(opened, at - 2)
            opened = None if closing else min(line_end + 2, end)
            if closing:
                return
        at = _line_with(raw, delimiter, line_end, end)
    if opened is not None:
        yield opened, end


def _line_with(raw: bytes, delimiter: bytes, start: int, end: int) -> int:
    """Where the next line begins with a delimiter, not before the line that ends at `start`; -1 when none does."""
    at = raw.find(b"\r\n" + delimiter, start, end)
    return at if at < 0 else at + 2


def _content_type(headers: Headers, default: str) -> tuple[str, dict[str, str]]:
    values = headers.all("Content-Type")
    if not values:
        return default, {}
    text = values[0].decode("utf-8", "replace")
    kind, semicolon, rest = text.partition(";")
    kind = kind.strip().lower()
    if len(kind) > _TYPE_CHARS_MAX or not _TYPE.match(kind):
        return default, {}
    return kind, _params("content-type", text) if semicolon and rest.strip() else {}


def _shown(key: str, value: str | tuple[str | None, str | None, str]) -> str:
    """A parameter for people. For RFC 2231 parameters, an encoded word is plain text."""
    flat = _collapsed(value)
    if key == "boundary":
        return storable(flat)
    return decode(flat.encode("utf-8", "replace")) if isinstance(value, str) else readable(flat)


def _params(name: str, text: str) -> dict[str, str]:
    """Parameters of a structured header: RFC 2231 continuations and encoded words are read by the standard library."""
    if _PLAIN_PARAMS.match(text):
        return {key.lower(): value for key, value in _PLAIN_PARAM.findall(text)}
    if text.count(";") > _PARAMETERS_MAX:  # the library takes quadratic time
        return {}
    carrier = Message()
    carrier[name] = text.replace("\r\n", "")
    try:
        found = carrier.get_params(failobj=[], header=name)[1:]
    except (ValueError, LookupError, TypeError):  # TypeError: a parameter given both whole and in pieces, which the library cannot sort
        return {}
    params = {}
    for key, value in found:
        params[key.lower()] = _shown(key.lower(), value)
    return params


def _collapsed(value: str | tuple[str | None, str | None, str]) -> str:
    """One text of a parameter; RFC 2231 gives (charset, language, text), anything else a text."""
    if isinstance(value, str):
        return unquote(value)
    charset, _, text = value
    try:
        return text_in(text.encode("raw-unicode-escape"), charset or "us-ascii", "replace")
    except (LookupError, ValueError):
        return unquote(text)


def _disposition(headers: Headers, type_params: dict[str, str]) -> tuple[str | None, str | None]:
    values = headers.all("Content-Disposition")
    params: dict[str, str] = {}
    disposition = None
    if values:
        text = values[0].decode("utf-8", "replace")
        disposition = text.partition(";")[0].strip().lower() or None
        params = _params("content-disposition", text) if ";" in text else {}
    filename = params.get("filename") or type_params.get("name")
    return disposition, _safe_name(filename) if filename else None


def _safe_name(name: str) -> str:
    """A file name without folders or control characters; never empty."""
    last = re.split(r"[/\\]", name)[-1]
    safe = "".join(letter for letter in last if letter.isprintable()).strip()[:255]
    return safe if safe.strip(".") else "unnamed"


def content(raw: bytes, start: int, end: int, encoding: str) -> bytes:
    """The decoded content of one leaf; broken encodings give what could be decoded, never an error (ref: rfc2045#6)."""
    body = raw[start:end]
    if encoding == "base64":
        cleaned = (body.partition(b"=")[0] if b"=" in body else body).translate(None, _NO_BASE64)
        usable = len(cleaned) - (len(cleaned) % 4 == 1)
        return binascii.a2b_base64(cleaned[:usable] + b"=" * (-usable % 4))
    if encoding == "quoted-printable":
        if b" \r\n" in body or b"\t\r\n" in body:
            *lines, last = body.split(b"\r\n")
            body = b"\r\n".join([*(line.rstrip(b" \t") for line in lines), last])
        return quopri.decodestring(body)
    return body


def text_of(raw: bytes, part: Part) -> str:
    """The text of a text leaf, storable: charset honoured when it is known, UTF-8 then Latin-1 otherwise."""
    octets = content(raw, part.start, part.end, part.encoding)
    for charset in (part.params.get("charset", "utf-8"), "utf-8"):
        try:
            return storable(text_in(octets, charset, "strict"))
        except (LookupError, ValueError):
            continue
    return storable(octets.decode("latin-1"))


def _visible(html: str) -> str:
    """HTML without its invisible parts; each opening is read once, so that no page costs more than its length."""
    pieces: list[str] = []
    unclosed: set[str] = set()
    at = 0
    while opening := _OPENING.search(html, at):
        name = opening[1].lower()
        pieces.append(html[at : opening.start()])
        closing = None if name in unclosed else re.compile(rf"</{name}\s*>", re.IGNORECASE).search(html, opening.end())
        if closing is None:
            unclosed.add(name)
        at = closing.end() if closing else opening.end()
    return "".join([*pieces, html[at:]])


def _beginning(raw: bytes, part: Part, chars_max: int) -> str:
    """At most `chars_max` characters of a text leaf; of a long plain one only that much is decoded."""
    octets_max = 4 * chars_max  # no charset of mail uses more octets for a character
    if part.encoding not in ("7bit", "8bit", "binary"):
        encoded_max = 4 * octets_max  # quoted-printable uses three per octet, and ends of lines
        return text_of(raw, part._replace(end=min(part.end, part.start + encoded_max)))[:chars_max]
    if part.end - part.start <= octets_max:
        return text_of(raw, part)[:chars_max]
    cut = part._replace(end=part.start + octets_max)
    while cut.end > cut.start and raw[cut.end] & 0xC0 == 0x80:  # not in the middle of a UTF-8 sequence
        cut = cut._replace(end=cut.end - 1)
    return text_of(raw, cut)[:chars_max]


def body_text(raw: bytes, root: Part, chars_max: int) -> str:
    """The message's own text: its first plain text, else its first HTML without tags; at most `chars_max` characters."""
    html: Part | None = None
    for part in root.leaves():
        if part.is_attachment:
            continue
        if part.content_type == "text/plain":
            return _beginning(raw, part, chars_max)
        if part.content_type == "text/html" and html is None:
            html = part
    if html is None:
        return ""
    visible = _TAG.sub(" ", _visible(_beginning(raw, html, 4 * chars_max)))
    return unescape(visible)[:chars_max].replace("\x00", "")
