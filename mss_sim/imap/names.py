"""Names of folders on the wire: modified UTF-7 (ref: rfc3501#5.1.3), or UTF-8 once the client enabled it, and patterns of LIST."""

import base64
import binascii
import re

_SHIFTED = re.compile(r"[^\x20-\x7e]+|&")
_RUN = re.compile(rb"&([A-Za-z0-9+,]*)-")


class BadName(ValueError):
    """The octets are no folder name."""


def encode(name: str) -> bytes:
    """The modified UTF-7 of a name."""
    return _SHIFTED.sub(_shift, name).encode("ascii")


def _shift(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    packed = base64.b64encode(found[0].encode("utf-16-be", "surrogatepass")).rstrip(b"=").replace(b"/", b",")
    return f"&{packed.decode('ascii')}-"


def decode(octets: bytes, *, utf8: bool) -> str:
    """The name behind octets: UTF-8 where the client enabled it, else modified UTF-7. BadName when they are neither."""
    if utf8 or not octets.isascii():
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadName("the name is not UTF-8") from error
    if b"&" not in octets:
        return octets.decode("ascii")
    pieces, at = [], 0
    for found in _RUN.finditer(octets):
        pieces += [_plain(octets[at : found.start()]), _unshift(found[1])]
        at = found.end()
    return "".join([*pieces, _plain(octets[at:])])


def _plain(octets: bytes) -> str:
    if b"&" in octets:
        raise BadName("the name is not modified UTF-7: & is written &-")
    return octets.decode("ascii")


def _unshift(packed: bytes) -> str:
    if not packed:
        return "&"
    try:
        octets = base64.b64decode(packed.replace(b",", b"/") + b"=" * (-len(packed) % 4), validate=True)
        text = octets.decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadName("the name is not modified UTF-7") from error
    return text


def pattern(text: str) -> re.Pattern[str]:
    """The expression behind a LIST pattern: `*` stands for anything, `%` for anything within one level (ref: rfc9051#6.3.9)."""
    wild = {"*": ".*", "%": "[^/]*"}
    squeezed = re.sub(r"[*%]*\*[*%]*", "*", re.sub(r"%+", "%", text))  # a run of wildcards would make matching slow
    pieces = re.split(r"([*%])", squeezed)
    if pieces[0].upper() == "INBOX" or pieces[0].upper().startswith("INBOX/"):
        pieces[0] = "INBOX" + pieces[0][5:]
    return re.compile("".join(wild.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL)
