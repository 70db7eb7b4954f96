"""SASL exchanges as pure values: bytes from the client in, challenges or credentials out. No socket, no account.

| mechanism | initial response | source                  |
|-----------|------------------|-------------------------|
| PLAIN     | optional         | rfc4616                 |
| LOGIN     | optional (user)  | draft-murchison-sasl-login, kept for old clients |
| XOAUTH2   | optional         | Google's, named by the national texts (ref: ref2#ECO.1.2.1) |
| OAUTHBEARER | optional       | rfc7628, which no national text names: an option |
| EXTERNAL  | optional         | who the client is, its certificate has said (ref: rfc4422#A) |
"""

import base64
import binascii
from collections.abc import Callable, Generator
from dataclasses import dataclass

from mss_sim.words.sentence import SpokenError, say

_SEPARATOR = "\x01"


class SaslError(SpokenError, ValueError):
    """The client's response does not follow its mechanism; the text says how it should look."""


@dataclass(frozen=True, slots=True)
class PasswordCredentials:
    """A name and a password; `acts_for` is the authorisation identity, empty when none was given."""

    name: str
    password: str
    acts_for: str = ""


@dataclass(frozen=True, slots=True)
class TokenCredentials:
    """An access token, and the mailbox that the client wants to open (`user=`)."""

    user: str
    token: str


@dataclass(frozen=True, slots=True)
class CertificateCredentials:
    """The client is identified by its certificate; `acts_for` is the mailbox that it wants to open, empty for the one it is bound to."""

    acts_for: str = ""


Credentials = PasswordCredentials | TokenCredentials | CertificateCredentials
Exchange = Generator[bytes, bytes, Credentials]
"""Yields challenges, receives responses, returns credentials; all decoded from base64."""


def _text(response: bytes) -> str:
    if b"\x00" in response:
        raise SaslError(say("the response holds a NUL"))
    return _decoded(response)


def _decoded(response: bytes) -> str:
    try:
        return response.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SaslError(say("the response is not UTF-8")) from error


def plain(initial: bytes | None) -> Exchange:
    """PLAIN: `authzid NUL authcid NUL password` (ref: rfc4616#2)."""
    response = (yield b"") if initial is None else initial
    fields = _decoded(response).split("\x00")
    if len(fields) != 3 or not fields[1]:
        raise SaslError(say("PLAIN expects authzid NUL authcid NUL password"))
    return PasswordCredentials(fields[1], fields[2], fields[0])


def login(initial: bytes | None) -> Exchange:
    """LOGIN: the name, then the password."""
    name = (yield b"Username:") if initial is None else initial
    password = yield b"Password:"
    return PasswordCredentials(_text(name), _text(password))


def xoauth2(initial: bytes | None) -> Exchange:
    """XOAUTH2: `user=<mailbox>^Aauth=Bearer <token>^A^A`, with or without initial response."""
    response = (yield b"") if initial is None else initial
    pairs = dict(field.partition("=")[::2] for field in _text(response).split(_SEPARATOR) if field)
    scheme, space, token = pairs.get("auth", "").partition(" ")
    if not pairs.get("user") or scheme.lower() != "bearer" or not space or not token.strip():
        raise SaslError(say("XOAUTH2 expects user=<mailbox>^Aauth=Bearer <token>^A^A"))
    return TokenCredentials(pairs["user"], token.strip())


def oauthbearer(initial: bytes | None) -> Exchange:
    """OAUTHBEARER: `n,a=<mailbox>,^Ahost=...^Aport=...^Aauth=Bearer <token>^A^A` (ref: rfc7628#3.1)."""
    response = (yield b"") if initial is None else initial
    header, _, rest = _text(response).partition(_SEPARATOR)
    flag, _, identity = header.partition(",")
    pairs = dict(field.partition("=")[::2] for field in rest.split(_SEPARATOR) if field)
    scheme, space, token = pairs.get("auth", "").partition(" ")
    user = identity.removesuffix(",").removeprefix("a=").replace("=2C", ",").replace("=3D", "=")
    named = identity.startswith("a=") and identity.endswith(",") and user
    if flag not in ("n", "y") or not named or scheme.lower() != "bearer" or not space or not token.strip():
        raise SaslError(say("OAUTHBEARER expects n,a=<mailbox>,^Aauth=Bearer <token>^A^A"))
    return TokenCredentials(user, token.strip())


def external(initial: bytes | None) -> Exchange:
    """EXTERNAL: the mailbox to open, or nothing."""
    response = (yield b"") if initial is None else initial
    return CertificateCredentials(_text(response).strip())


MECHANISMS: dict[str, Callable[[bytes | None], Exchange]] = {
    "PLAIN": plain,
    "LOGIN": login,
    "XOAUTH2": xoauth2,
    "OAUTHBEARER": oauthbearer,
    "EXTERNAL": external,
}
PASSWORD_MECHANISMS = frozenset({"PLAIN", "LOGIN"})
TOKEN_MECHANISMS = frozenset({"XOAUTH2", "OAUTHBEARER"})
CERTIFICATE_MECHANISMS = frozenset({"EXTERNAL"})


def decode(line: str) -> bytes:
    """The bytes of one base64 line; SaslError when it is invalid."""
    if len(line) % 4:
        raise SaslError(say("the response is not base64"))
    try:
        return binascii.a2b_base64(line.encode("ascii"), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise SaslError(say("the response is not base64")) from error


def encode(challenge: bytes) -> str:
    """One challenge as a base64 line."""
    return base64.b64encode(challenge).decode("ascii")
