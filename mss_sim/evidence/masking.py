"""Credentials taken out of what clients send over HTTP, before it is kept: out of header fields, queries, addresses of other pages.

A name tells what is secret, however it is written: `Authorization`, `ESANTE-API-KEY`, `client_secret`, `code`, `%63ode`. A token in
the form of a JWT is known by its looks, wherever it stands. Bodies are not kept at all.
"""

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

MASK = b"********"

_SECRET = re.compile(
    rb"authori[sz]ation|cookie|token|secret|passw|pwd|assertion|credential|signature|(api|control|private|access)[-_]?key"
    rb"|\A(code|code_verifier|key|auth|auth_req_id|otp|pin|sid|j?session_?id|login_ticket|ticket|sig)\Z"
)
_SCHEME = re.compile(rb"\s*(basic|bearer|digest|dpop|negotiate|ntlm) ", re.IGNORECASE)
_USER = re.compile(rb"//[^/@\s]*@")
_JWT = re.compile(rb"eyJ[\w-]{8,}(?:\.[\w-]*)*")
_PAIR = re.compile(rb"(?<![^?&;#=\s\"',])([^?&;#=\s\"',]{1,200})=([^?&;#\s\"',]+|\"[^\"]*\")")
_NAME_BYTES_MAX = 200


def is_secret(name: bytes) -> bool:
    """Whether the value of a header field or a parameter of that name is a credential, or may be: nobody needs so long a name."""
    return len(name) > _NAME_BYTES_MAX or _is_secret(name)


@lru_cache(maxsize=512)
def _is_secret(name: bytes) -> bool:
    return _SECRET.search(unquote_to_bytes(name.replace(b"+", b" ")).strip().lower()) is not None


def query(octets: bytes) -> bytes:
    """A query, or a form, without credentials."""
    return b"&".join(map(_pair, octets.split(b"&"))) if octets else octets


def field(name: bytes, value: bytes) -> bytes:
    """The value of a header field without credentials; of `Authorization` the scheme is left. `name` is in lower case."""
    if is_secret(name):
        scheme = _SCHEME.match(value)
        return scheme[0].strip() + b" " + MASK if scheme else MASK
    if b"=" in value:
        value = _PAIR.sub(_masked, value)
    if b"@" in value:
        value = _USER.sub(b"//" + MASK + b"@", value)
    return value


def tokens(octets: bytes) -> bytes:
    """A text without what looks like a token."""
    return _JWT.sub(MASK, octets) if b"eyJ" in octets else octets


def _pair(octets: bytes) -> bytes:
    name, equals, _ = octets.partition(b"=")
    return name + equals + MASK if equals and is_secret(name) else octets


def _masked(found: "re.Match[bytes]") -> bytes:
    return found[1] + b"=" + MASK if is_secret(found[1]) else found[0]
