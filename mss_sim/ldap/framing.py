"""Messages of LDAP cut out of a stream of octets, and looked through before anybody reads them: nothing here knows what they say.

BER tells lengths before what is so long, so gigabytes are refused by their first octets. LDAP takes lengths of the definite form alone, and
texts in one piece (ref: rfc4511#5.1).
"""

from typing import NamedTuple

_SEQUENCE = 0x30
_CONSTRUCTED = 0x20
_CLASS, _NUMBER = 0xC0, 0x1F
_STRUCTURES = frozenset({0x10, 0x11})
"""The universal types that are made of others: SEQUENCE and SET."""
_LENGTH_OCTETS_MAX = 8
DEPTH_MAX = 300
"""How deep elements may lie in one another: as deep as a filter may be long, and some more."""
ELEMENTS_MAX = 1_000
"""Elements of one message: to read one takes some thirty microseconds."""


class Unreadable(Exception):
    """What came is no message of LDAP; the connection cannot go on."""


class TooLarge(Unreadable):
    """A message is larger than it may be."""


class TooComplex(Exception):
    """A message is made of too much to be read."""


class Header(NamedTuple):
    """How an element begins: its tag, where its content begins, where it ends."""

    tag: int
    begin: int
    end: int


def header(octets: bytes | bytearray | memoryview, at: int, end: int) -> Header | None:
    """The header of the element at a place; None where it is not there whole. Unreadable for one that LDAP does not have."""
    if end - at < 2:
        return None
    tag, length, begin = octets[at], octets[at + 1], at + 2
    if tag & _NUMBER == _NUMBER:
        raise Unreadable("a tag of several octets")
    if length < 0x80:
        return Header(tag, begin, begin + length)
    count = length & 0x7F
    if not 0 < count <= _LENGTH_OCTETS_MAX:
        raise Unreadable("a length of the indefinite form" if not count else "a length of more than eight octets")
    if end - begin < count:
        return None
    return Header(tag, begin + count, begin + count + int.from_bytes(octets[begin : begin + count]))


class Framer:
    """Cuts a stream into messages of at most so many octets; what comes is given to `feed`, and `next` gives the messages."""

    def __init__(self, message_max: int) -> None:
        self._buffer = bytearray()
        self._message_max = message_max

    @property
    def waiting(self) -> int:
        """Octets that are no whole message yet."""
        return len(self._buffer)

    def feed(self, octets: bytes) -> None:
        """Octets came."""
        self._buffer += octets

    def next(self) -> bytes | None:
        """The next message; None while it is not there whole. Unreadable for what is none, TooLarge as soon as its length is known."""
        if self._buffer and self._buffer[0] != _SEQUENCE:
            raise Unreadable("a message is a SEQUENCE")
        found = header(self._buffer, 0, len(self._buffer))
        if found is None:
            return None
        if found.end > self._message_max:
            raise TooLarge
        if found.end > len(self._buffer):
            return None
        message = bytes(self._buffer[: found.end])
        del self._buffer[: found.end]
        return message


def look_through(message: bytes) -> None:
    """Unreadable for a message whose elements are not within one another; TooComplex for one that has too many, or too deep."""
    elements, ends, at = 0, [len(message)], 0
    while ends:
        end = ends[-1]
        if at == end:
            ends.pop()
            continue
        found = header(message, at, end)
        if found is None or found.end > end:
            raise Unreadable("an element goes on behind the end of the one around it")
        elements += 1
        if elements > ELEMENTS_MAX or len(ends) > DEPTH_MAX:
            raise TooComplex
        constructed = bool(found.tag & _CONSTRUCTED)
        if not found.tag & _CLASS and constructed != (found.tag & _NUMBER in _STRUCTURES):
            raise Unreadable("a text in pieces, or a structure in one")
        if constructed:
            ends.append(found.end)
        at = found.begin if constructed else found.end
