"""Distinguished names of LDAP, read from their texts and compared: case and runs of blanks do not count (ref: rfc4514#3)."""

import re
from collections.abc import Iterator

from mss_sim.ldap.schema import canonical

Name = tuple[tuple[tuple[str, str], ...], ...]
"""The parts of a name, the most particular first; of each its attributes and their values, in the form in which they are compared."""

_NAME_CHARS_MAX = 4_096
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|(?:OID\.)?[0-9]+(?:\.[0-9]+)*", re.IGNORECASE)
_SPECIAL = ' "#+,;<=>\\'
_HEX = re.compile(r"[0-9A-Fa-f]{2}")


class NoName(Exception):
    """A text is no distinguished name."""


def read(text: str) -> Name:
    """The name behind a text; NoName when it is none. Blanks around its parts do not count, quoted values are read (ref: rfc1779#2.3)."""
    if len(text) > _NAME_CHARS_MAX:
        raise NoName
    if not text.strip(" "):
        return ()
    return tuple(tuple(sorted(map(_attribute, _cut(part, "+")))) for part in _cut(text, ",;"))


def is_below(name: Name, base: Name) -> bool:
    """Whether a name is that of the base or of something below it."""
    return len(name) >= len(base) and name[len(name) - len(base) :] == base


def folded(value: str) -> str:
    """A value as it is compared."""
    return " ".join(value.split()).casefold()


def _cut(text: str, marks: str) -> Iterator[str]:
    begin, escaped, quoted = 0, False, False
    for at, letter in enumerate(text):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter in marks and not quoted:
            yield text[begin:at]
            begin = at + 1
    if escaped or quoted:
        raise NoName
    yield text[begin:]


def _attribute(text: str) -> tuple[str, str]:
    kind, equals, value = text.partition("=")
    kind = kind.strip(" ")
    if not equals or not _TYPE.fullmatch(kind):
        raise NoName
    return canonical(kind), folded(_value(value))


def _value(text: str) -> str:
    found = text.lstrip(" ")
    bare = found.rstrip(" ")
    if len(bare) >= 2 and bare[0] == bare[-1] == '"':
        return _unescaped(bare[1:-1], quoted=True)
    if bare.startswith("#"):
        return _of_ber(bare[1:])
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return _unescaped(bare + " " if backslashes % 2 and found != bare else bare, quoted=False)


def _unescaped(text: str, *, quoted: bool) -> str:
    """A value without its escapes, of which octets in hexadecimal make UTF-8 (ref: rfc4514#2.4)."""
    octets, at = bytearray(), 0
    while at < len(text):
        letter = text[at]
        if letter != "\\":
            if not quoted and letter in '"<>;\0':
                raise NoName
            octets += letter.encode("utf-8", "replace")
            at += 1
        elif _HEX.fullmatch(text[at + 1 : at + 3]):
            octets.append(int(text[at + 1 : at + 3], 16))
            at += 3
        elif text[at + 1 : at + 2] and text[at + 1] in _SPECIAL:
            octets += text[at + 1].encode("ascii")
            at += 2
        else:
            raise NoName
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoName from error


def _of_ber(text: str) -> str:
    """A text of some string type, its BER in hexadecimal."""
    try:
        octets = bytes.fromhex(text)
        if len(octets) < 2 or octets[1] > 0x7F or len(octets) != octets[1] + 2:
            raise NoName
        return octets[2:].decode("utf-8")
    except ValueError as error:
        raise NoName from error
