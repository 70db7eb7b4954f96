"""ENVELOPE and BODYSTRUCTURE of a message, as IMAP writes them (ref: rfc9051#7.5.2); computed once, at delivery.

Header values go out as they came, encoded words and all: decoding is the client's. What a quoted string cannot hold is a literal.
"""

import re
from collections.abc import Sequence
from email.utils import getaddresses
from functools import lru_cache

from mss_sim.mail.headers import Headers, read_headers, split
from mss_sim.mail.mime import Bounds, Part, read_tree

_QUOTABLE = re.compile(rb"[ !#-\[\]-~]*\Z")
_ESCAPED = re.compile(rb'(["\\])')
_PLAIN_TEXT = re.compile(rb"[ -~]*\Z")
_SIMPLE_ADDRESS = re.compile(rb"([A-Za-z0-9 _.\-]*?) *<([A-Za-z0-9._+\-]+)@([A-Za-z0-9.\-]+)>\Z")
_HEADERS_MAX = 1_000
_REMEMBERED_OCTETS_MAX = 320
_DEPTH_MAX = 100


def nstring(value: bytes | None) -> bytes:
    """A value as IMAP's nstring: NIL, a quoted string, or a literal."""
    if value is None:
        return b"NIL"
    if len(value) < 1_000:
        if _QUOTABLE.match(value):
            return b'"%b"' % value
        if _PLAIN_TEXT.match(value):
            return b'"%b"' % _ESCAPED.sub(rb"\\\1", value)
    return b"{%d}\r\n%b" % (len(value), value)


def envelope(headers: Headers) -> bytes:
    """The ENVELOPE of a message; Sender and Reply-To are From's where they are missing."""
    from_ = _people(headers, "From")
    fields = (
        nstring(_first(headers, "Date")),
        nstring(_first(headers, "Subject")),
        from_,
        _people(headers, "Sender", from_),
        _people(headers, "Reply-To", from_),
        _people(headers, "To"),
        _people(headers, "Cc"),
        _people(headers, "Bcc"),
        nstring(_first(headers, "In-Reply-To")),
        nstring(_first(headers, "Message-ID")),
    )
    return b"(%b)" % b" ".join(fields)


def _first(headers: Headers, name: str) -> bytes | None:
    values = headers.all(name)
    return values[0].replace(b"\r\n", b"") if values else None


def _people(headers: Headers, name: str, otherwise: bytes = b"NIL") -> bytes:
    value = b", ".join(headers.all(name))
    if not value.strip():
        return otherwise
    found = _remembered(value) if len(value) <= _REMEMBERED_OCTETS_MAX else _address_list(value)
    return otherwise if found == b"NIL" else found


@lru_cache(maxsize=2_048)
def _remembered(value: bytes) -> bytes:
    return _address_list(value)


def _address_list(value: bytes) -> bytes:
    simple = _SIMPLE_ADDRESS.match(value)
    if simple:
        return b"((%b NIL %b %b))" % (nstring(simple[1] or None), nstring(simple[2]), nstring(simple[3]))
    try:
        pairs = getaddresses([value.decode("utf-8", "surrogateescape")])
    except RecursionError:
        return b"NIL"
    found = []
    for name, address in pairs:
        local, at, domain = address.rpartition("@")
        if not address:
            continue
        parts = (name or None, local if at else address, domain if at else "")
        shown = [nstring(None if part is None else part.encode("utf-8", "surrogateescape")) for part in parts]
        found.append(b"(%b NIL %b %b)" % (shown[0], shown[1], shown[2]))
    return b"(%b)" % b"".join(found) if found else b"NIL"


def body_structure(raw: bytes, root: Part, headers: Headers, *, extended: bool = True) -> bytes:
    """BODYSTRUCTURE, or BODY without extension data, of the message that `root` and `headers` were read from."""
    return _part(raw, root, headers, 0, extended=extended)


def embedded(raw: bytes, part: Part) -> tuple[Headers, Part] | None:
    """The message inside a message/rfc822 part; None when it is encoded, or no message at all."""
    if part.content_type not in ("message/rfc822", "message/global") or part.encoding not in ("7bit", "8bit", "binary"):
        return None
    end, body = split(raw[part.start : part.end])
    try:
        headers = read_headers(raw[part.start : part.start + end], count_max=_HEADERS_MAX)
        return headers, read_tree(raw, headers, part.start + body, Bounds(_HEADERS_MAX, _DEPTH_MAX, _HEADERS_MAX), end=part.end)
    except OverflowError:
        return None


def _part(raw: bytes, part: Part, headers: Headers, depth: int, *, extended: bool) -> bytes:
    if part.content_type.startswith("multipart/"):
        return _multipart(raw, part, headers, depth, extended=extended)
    kind, _, subtype = part.content_type.partition("/")
    octets = part.end - part.start
    fields = [
        nstring(kind.encode()),
        nstring(subtype.encode()),
        _params(part.params),
        nstring(_text(part.content_id)),
        nstring(_first(headers, "Content-Description")),
        nstring(part.encoding.encode("utf-8", "replace") or b"7bit"),
        b"%d" % octets,
    ]
    inside = embedded(raw, part) if depth < _DEPTH_MAX else None
    if inside is not None:
        fields += [envelope(inside[0]), _part(raw, inside[1], inside[0], depth + 1, extended=extended)]
    if kind == "text" or inside is not None:
        fields.append(b"%d" % raw.count(b"\n", part.start, part.end))
    if extended:
        fields += [nstring(_first(headers, "Content-MD5")), *_extension(headers)]
    return b"(%b)" % b" ".join(fields)


def _multipart(raw: bytes, part: Part, headers: Headers, depth: int, *, extended: bool) -> bytes:
    inner = []
    for child in part.children:
        own = read_headers(raw[child.header_start : child.start], count_max=_HEADERS_MAX)
        inner.append(_part(raw, child, own, depth + 1, extended=extended))
    shown = b"".join(inner) or b'("text" "plain" NIL NIL NIL "7bit" 0 0)'
    subtype = nstring(part.content_type.partition("/")[2].encode())
    if not extended:
        return b"(%b %b)" % (shown, subtype)
    return b"(%b %b %b %b)" % (shown, subtype, _params(part.params), b" ".join(_extension(headers)))


def _extension(headers: Headers) -> Sequence[bytes]:
    """Disposition, language, location."""
    if not headers.all("Content-Disposition") and not headers.all("Content-Language") and not headers.all("Content-Location"):
        return (b"NIL", b"NIL", b"NIL")
    value = _first(headers, "Content-Disposition") or b""
    kind, _, rest = value.partition(b";")
    disposition = b"(%b %b)" % (nstring(kind.strip().lower()), _raw_params(rest)) if kind.strip() else b"NIL"
    return (disposition, nstring(_first(headers, "Content-Language")), nstring(_first(headers, "Content-Location")))


_PARAM = re.compile(rb';?\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))')


def _raw_params(text: bytes) -> bytes:
    """Parameters as they came, unfolded: RFC 2231 pieces and encoded words are the client's to put together."""
    found = [(name.lower(), re.sub(rb"\\(.)", rb"\1", quoted) if quoted else bare) for name, quoted, bare in _PARAM.findall(text[:10_000])]
    return b"(%b)" % b" ".join(b"%b %b" % (nstring(name), nstring(value)) for name, value in found) if found else b"NIL"


def _params(params: dict[str, str]) -> bytes:
    if not params:
        return b"NIL"
    return b"(%b)" % b" ".join(b"%b %b" % (nstring(_text(name)), nstring(_text(value))) for name, value in params.items())


def _text(value: str | None) -> bytes | None:
    return None if value is None else value.encode("utf-8", "surrogateescape")
