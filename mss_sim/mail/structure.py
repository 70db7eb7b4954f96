"""ENVELOPE and BODYSTRUCTURE of a message, as IMAP writes them (ref: rfc9051#7.5.2); computed once, at delivery.

Header values are sent as received, with encoded words: decoding is the client's task. What a quoted string cannot hold is a literal.
"""

import re
from collections.abc import Iterator, Sequence
from email.utils import getaddresses
from functools import lru_cache

from mss_sim.mail import structured
from mss_sim.mail.addresses import unquoted
from mss_sim.mail.headers import Headers, read_headers, split
from mss_sim.mail.mime import Bounds, Part, media_type, read_tree

_QUOTABLE = re.compile(rb"[ !#-\[\]-~]*\Z")
_ESCAPED = re.compile(rb'(["\\])')
_PLAIN_TEXT = re.compile(rb"[ -~]*\Z")
_SIMPLE_ADDRESS = re.compile(rb"([A-Za-z0-9 _.\-]*+)<([A-Za-z0-9._+\-]+)@([A-Za-z0-9.\-]+)>\Z")
_SEPARATOR = re.compile(r'"(?:[^"\\]|\\.)*+"?|<[^<>]*+>?|\[[^\[\]]*+\]?|[(,:;]', re.DOTALL)
"""Address separators, and what hides a separator: quoted strings, angle and square brackets, comments."""
_ROUTE = re.compile(r"<(@[^:<>\"]+):([^<>]*)>\s*\Z")  # ref: rfc5322#4.4
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
        return b"((%b NIL %b %b))" % (nstring(simple[1].rstrip(b" ") or None), nstring(simple[2]), nstring(simple[3]))
    found: list[bytes] = []
    for separator, text in _entries(value.decode("utf-8", "surrogateescape")):
        if separator == ":":
            name = unquoted(text) if text[:1] == text[-1:] == '"' else text
            found.append(b"(NIL NIL %b NIL)" % nstring(_octets(name)))
        elif separator == ";":
            found.append(b"(NIL NIL NIL NIL)")
        else:
            found += _people_of(text)
    return b"(%b)" % b"".join(found) if found else b"NIL"


def _people_of(text: str) -> list[bytes]:
    routed = _ROUTE.search(text)
    try:
        pairs = getaddresses([f"{text[: routed.start()]}<{routed[2]}>" if routed else text])
    except RecursionError:  # thousands of nested comments or routes: not a real address
        return []
    found = []
    for name, address in pairs:
        local, at, domain = address.rpartition("@") if "@" in address else (address, "", "")
        if local[:1] == local[-1:] == '"' and len(local) > 1:
            local = unquoted(local)
        if local or at:
            parts = (name or None, routed[1] if routed else None, local, domain)
            found.append(b"(%b)" % b" ".join(nstring(_octets(part)) for part in parts))
    return found


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """An address list split at its separators: (",", text of one), (":", name of a group that begins), (";", "") where one ends."""
    start = at = 0
    grouped = False
    while (found := _SEPARATOR.search(text, at)) is not None:
        mark = found[0]
        at = found.end()
        if mark == "(":
            end = structured.after_comment(text, at)
            at = len(text) if end < 0 else end
        if mark not in (",", ":", ";") or (mark == ":" and grouped):
            continue
        entry = text[start : found.start()].strip()
        start = at
        if mark == ":":
            grouped = True
            yield ":", entry
        elif entry:
            yield ",", entry
        if mark == ";" and grouped:
            grouped = False
            yield ";", ""
    if text[start:].strip():
        yield ",", text[start:].strip()
    if grouped:
        yield ";", ""


def body_structure(raw: bytes, root: Part, headers: Headers, *, extended: bool = True) -> bytes:
    """BODYSTRUCTURE, or BODY without extension data, of the message that `root` and `headers` were read from."""
    return _part(raw, root, headers, 0, extended=extended)


def embedded(raw: bytes, part: Part) -> tuple[Headers, Part] | None:
    """The message inside a message/rfc822 part; None for another type.

    The grammar requires an envelope and a body there, whatever is inside: for an encoded one, though it may not be (ref: rfc2046#5.2.1),
    or one that is too large to be read, they are empty.
    """
    if part.content_type not in ("message/rfc822", "message/global"):
        return None
    end, body = split(raw, part.start, part.end)
    try:
        headers = read_headers(raw[part.start : end], count_max=_HEADERS_MAX)
        return headers, read_tree(raw, headers, body, Bounds(_HEADERS_MAX, _DEPTH_MAX, _HEADERS_MAX), end=part.end)
    except OverflowError:
        return Headers((), 0, {}), Part("1", "text/plain", {}, None, None, "7bit", None, body, part.end)


def _part(raw: bytes, part: Part, headers: Headers, depth: int, *, extended: bool) -> bytes:
    if part.content_type.startswith("multipart/"):
        return _multipart(raw, part, headers, depth, extended=extended)
    kind, _, subtype = part.content_type.partition("/")
    octets = part.end - part.start
    fields = [
        nstring(kind.encode()),
        nstring(subtype.encode()),
        _shown(media_type(headers, "")[1]),
        nstring(_octets(part.content_id)),
        nstring(_first(headers, "Content-Description")),
        nstring(part.encoding.encode("utf-8", "replace") or b"7bit"),
        b"%d" % octets,
    ]
    inside = embedded(raw, part)
    if inside is not None and depth >= _DEPTH_MAX:
        inside = inside[0], inside[1]._replace(content_type="text/plain", children=())
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
    return b"(%b %b %b %b)" % (shown, subtype, _shown(media_type(headers, "")[1]), b" ".join(_extension(headers)))


def _extension(headers: Headers) -> Sequence[bytes]:
    """Disposition, language, location."""
    if not headers.all("Content-Disposition") and not headers.all("Content-Language") and not headers.all("Content-Location"):
        return (b"NIL", b"NIL", b"NIL")
    kind, given = structured.read((_first(headers, "Content-Disposition") or b"").decode("utf-8", "surrogateescape"))
    disposition = b"(%b %b)" % (nstring(_octets(structured.unquoted(kind).lower())), _shown(given)) if kind else b"NIL"
    return (disposition, _languages(_first(headers, "Content-Language")), nstring(_first(headers, "Content-Location")))


def _languages(value: bytes | None) -> bytes:
    """One language as a string, several as a list (ref: rfc9051#7.5.2)."""
    if value is None:
        return b"NIL"
    tags = structured.listed(value.decode("utf-8", "surrogateescape"))
    shown = [nstring(_octets(tag)) for tag in tags]
    return b"(%b)" % b" ".join(shown) if len(shown) > 1 else b"".join(shown) or b"NIL"


def _shown(given: Sequence[tuple[str, str]]) -> bytes:
    """Parameters as received, unfolded: the client assembles RFC 2231 pieces and encoded words."""
    shown = [nstring(_octets(text)) for name, value in given for text in (name, structured.unquoted(value))]
    return b"(%b)" % b" ".join(shown) if shown else b"NIL"


def _octets(value: str | None) -> bytes | None:
    return None if value is None else value.encode("utf-8", "surrogateescape")
