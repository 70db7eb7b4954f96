"""The MIME tree of a message, as offsets into its bytes.

A part is never copied while the tree is read: boundaries are searched in the whole buffer. Malformed parts are read as RFC 2045 and
RFC 2046 advise: a multipart without a usable boundary is a text, and so is one whose boundary never comes; an unclosed multipart ends with
its parent.
"""

import binascii
import quopri
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import unquote
from html import unescape
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from mss_sim.mail import structured
from mss_sim.mail.charsets import text_of_octets
from mss_sim.mail.headers import Headers, decode, read_headers, readable, split, storable
from mss_sim.words.sentence import say

_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+\Z", re.ASCII)
_PARAMETER = re.compile(r"(?P<name>[^*]+)\*(?:(?P<number>\d{1,4})(?P<encoded>\*)?)?\Z", re.ASCII)
"""The name of an extended parameter, or of a piece of one: `name*`, `name*0`, `name*0*` (ref: rfc2231#3, rfc2231#4)."""
_ENCODED = re.compile(r'["<>\\?\x00-\x1f\x7f-\U0010ffff]')
"""What a parameter holds that is more than a word."""
_TAG = re.compile(r"<[^<>]*>")
_NO_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_UUENCODE = ("x-uuencode", "uuencode", "x-uue", "uue")
DECODED = frozenset({"7bit", "8bit", "binary", "base64", "quoted-printable", *_UUENCODE})
"""The transfer encodings that `content` reads."""
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} [^\r\n]*\r\n", re.MULTILINE)
_SHOWN = ("text/plain", "text/html")
_NOT_BLANK = re.compile(rb"\S")
_NOT_IN_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_PADDED = re.compile(rb"([^=]++)(=*+)")
_OPENING = re.compile(r"<(script|style|head)\b", re.IGNORECASE)
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
        """A leaf that is a file: it has a name, is declared an attachment, or is no text that is shown (ref: rfc2183#2, rfc2046#4.1.4)."""
        if self.children or self.content_type.startswith("multipart/"):
            return False
        return self.disposition == "attachment" or self.filename is not None or self.content_type not in _SHOWN

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
            raise OverflowError(say("too many MIME parts"))
        if depth > self.depth:
            raise OverflowError(say("MIME parts nested over {depth} levels", depth=self.depth))


def read_tree(raw: bytes, headers: Headers, body_start: int, bounds: Bounds, *, end: int | None = None) -> Part:
    """The tree of the message with these `headers`, whose body starts at `body_start` and ends at `end`, or with `raw`."""
    return _read(raw, headers, body_start, len(raw) if end is None else end, "", 0, bounds)


def _read(raw: bytes, headers: Headers, start: int, end: int, number: str, depth: int, bounds: Bounds, default: str = "text/plain") -> Part:
    bounds.take(depth)
    content_type, given = media_type(headers, default)
    params = _params(given)
    children: tuple[Part, ...] = ()
    written = params.get("boundary", "").rstrip()  # ref: rfc2046#5.1.1
    if content_type.startswith("multipart/") and not 0 < len(written) <= _BOUNDARY_CHARS_MAX:
        content_type = "text/plain"
    if content_type.startswith("multipart/"):
        inner = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
        prefix = number + "." if number else ""
        boundary = written.encode("utf-8")
        spans = _spans(raw, boundary, start, end)
        children = tuple(_child(raw, span, f"{prefix}{position}", depth + 1, bounds, inner) for position, span in enumerate(spans, 1))
        if not children and content_type != "multipart/report" and _speaks_without(raw, boundary, start, end):
            content_type = "text/plain"
    disposition, filename = _disposition(headers, params)
    return Part(
        number=number or "1",
        content_type=content_type,
        params=params,
        disposition=disposition,
        filename=filename,
        encoding=structured.word(headers.text("Content-Transfer-Encoding") or "7bit"),
        content_id=headers.text("Content-ID"),
        start=start,
        end=end,
        children=children,
    )


def _speaks_without(raw: bytes, boundary: bytes, start: int, end: int) -> bool:
    """Whether something stands in a multipart whose boundary never comes: its reader would see an empty letter."""
    return _NOT_BLANK.search(raw, start, end) is not None and raw.find(boundary, start, end) < 0


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


def media_type(headers: Headers, default: str) -> tuple[str, Sequence[tuple[str, str]]]:
    """(type in lower case, parameters as they came) of Content-Type; the default, and none, where there is none that can be read."""
    values = headers.all("Content-Type")
    if not values:
        return default, ()
    value, given = structured.read(values[0].decode("utf-8", "surrogateescape"))
    main, slash, subtype = value.partition("/")
    kind = f"{main.strip()}{slash}{subtype.strip()}".lower()
    return (kind, given) if len(kind) <= _TYPE_CHARS_MAX and _TYPE.match(kind) else (default, ())


def _params(given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Parameters for people: the first of each name; one that is encoded goes before one in pieces, and that before a plain one."""
    if not any("*" in name or _ENCODED.search(value) for name, value in given):
        return dict(reversed(given))
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    encoded: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in given:
        found = _PARAMETER.match(name)
        if found is None:
            plain.setdefault(name, _shown(name, unquote(unquote(value))))
        elif found["number"] is None:
            encoded.setdefault(found["name"], {0: (value, True)})
        else:
            pieces.setdefault(found["name"], {}).setdefault(int(found["number"]), (value, found["encoded"] is not None))
    return plain | {name: _joined(name, [them[number] for number in sorted(them)]) for name, them in (pieces | encoded).items()}


def _shown(name: str, value: str) -> str:
    return storable(value) if name == "boundary" else decode(value.encode("utf-8", "surrogateescape"))


def _joined(name: str, pieces: Sequence[tuple[str, bool]]) -> str:
    """One value from its pieces; the first encoded one may name the charset. An encoded word in it is plain text."""
    texts = [(structured.unquoted(value), encoded) for value, encoded in pieces]
    if not any(encoded for _, encoded in texts):
        return _shown(name, "".join(text for text, _ in texts))
    charset, _, rest = texts[0][0].partition("'")
    _, second, begins = rest.partition("'")
    is_named = texts[0][1] and bool(second)
    if is_named:
        texts[0] = (begins, True)
    octets = [(text.encode("utf-8", "surrogateescape"), encoded) for text, encoded in texts]
    value = text_of_octets(b"".join(unquote_to_bytes(one) if encoded else one for one, encoded in octets), charset if is_named else None)
    return storable(value) if name == "boundary" else readable(value)


def _disposition(headers: Headers, type_params: dict[str, str]) -> tuple[str | None, str | None]:
    values = headers.all("Content-Disposition")
    params: dict[str, str] = {}
    disposition = None
    if values:
        value, given = structured.read(values[0].decode("utf-8", "surrogateescape"))
        disposition = storable(structured.unquoted(value)).strip().lower() or None
        params = _params(given)
    filename = params.get("filename") or type_params.get("name")
    return disposition, _safe_name(filename) if filename else None


def _safe_name(name: str) -> str:
    """A file name without folders or control characters; never empty."""
    last = re.split(r"[/\\]", name)[-1]
    safe = "".join(letter for letter in last if letter.isprintable()).strip()[:255]
    return safe if safe.strip(".") else "unnamed"


def files(root: Part) -> tuple[Part, ...]:
    """The leaves that are fetched one by one: attachments, and texts beside the first plain and the first HTML one, which are shown."""
    seen: set[str] = set()
    found = []
    for leaf in root.leaves():
        if leaf.is_attachment or (leaf.content_type in seen and leaf.end > leaf.start):
            found.append(leaf)
        elif leaf.content_type in _SHOWN:
            seen.add(leaf.content_type)
    return tuple(found)


def content(raw: bytes, start: int, end: int, encoding: str) -> bytes:
    """The decoded content of one leaf; broken encodings give what could be decoded, never an error (ref: rfc2045#6)."""
    body = raw[start:end]
    if encoding == "base64":
        return _from_base64(body)
    if encoding == "quoted-printable":
        if b" \r\n" in body or b"\t\r\n" in body:
            *lines, last = body.split(b"\r\n")
            body = b"\r\n".join([*(line.rstrip(b" \t") for line in lines), last])
        return quopri.decodestring(body)
    return _from_uuencode(body) if encoding in _UUENCODE else body


def _from_uuencode(body: bytes) -> bytes:
    """What stands between `begin` and `end`; the body as it is where nothing begins. What is no line of it is passed over."""
    begin = _UU_BEGIN.search(body)
    if begin is None:
        return body
    decoded = []
    for line in body[begin.end() :].split(b"\r\n"):
        if line.rstrip() == b"end":
            break
        if not line:
            continue
        octets = (line[0] - 32) & 63
        with suppress(binascii.Error):  # some programs pad a line with more than it needs
            decoded.append(binascii.a2b_uu(line[: (octets * 4 + 5) // 3]))
    return b"".join(decoded)


def _from_base64(body: bytes) -> bytes:
    """Octets of a body in base64. Padding ends a piece: what follows is another one while it is nothing but base64, else a footer."""
    first, padding, rest = body.partition(b"=")
    decoded = [_piece(first.translate(None, _NO_BASE64))]
    for found in _PADDED.finditer(rest) if padding else ():
        letters, padding = found[1].strip().translate(None, b"\r\n"), found[2]
        if _NOT_IN_BASE64.search(letters) or len(letters) % 4 == 1 or (len(letters) % 4 and not padding):
            break
        decoded.append(_piece(letters))
    return b"".join(decoded)


def _piece(letters: bytes) -> bytes:
    usable = len(letters) - (len(letters) % 4 == 1)
    return binascii.a2b_base64(letters[:usable] + b"=" * (-usable % 4))


def text_of(raw: bytes, part: Part) -> str:
    """The text of a text leaf, storable: see `read_text`."""
    return read_text(content(raw, part.start, part.end, part.encoding), part.params.get("charset"))


def read_text(octets: bytes, charset: str | None) -> str:
    """The text of decoded octets, storable and without the mark that begins some (ref: rfc3629#6); read as `charsets` says."""
    return storable(text_of_octets(octets, charset)).removeprefix("\ufeff")


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
    return without_tags(_beginning(raw, html, 4 * chars_max))[:chars_max]


def without_tags(html: str) -> str:
    """What is shown of HTML, in plain text."""
    return unescape(_TAG.sub(" ", _visible(html))).replace("\x00", "")
