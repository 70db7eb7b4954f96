"""LDAP as a test speaks it: octets written and read by hand, without the library that the simulator reads and writes them with."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from mss_sim.app.simulator import Simulator

TREE = "ou=TEST AC RACINE IGC-SANTE ELEMENTAIRE,ou=IGC-SANTE TEST,ou=0002 187512751,o=ASIP-SANTE,c=FR"
ROOT = f"cn=TEST AC RACINE IGC-SANTE ELEMENTAIRE,{TREE}"
ORGANISATIONS = f"cn=TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,{TREE}"
LIST = "certificateRevocationList;binary"
BASE, ONE, SUB = range(3)


def tlv(tag: int, *content: bytes) -> bytes:
    """An element: its tag, its length in as few octets as may be, its content."""
    octets = b"".join(content)
    length = len(octets)
    if length < 0x80:
        return bytes([tag, length]) + octets
    size = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(size)]) + size + octets


def text(value: str | bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(0x04, value.encode() if isinstance(value, str) else value)


def number(value: int, tag: int = 0x02) -> bytes:
    """An INTEGER, or an ENUMERATED."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1))


def message(id_: int, operation: bytes, controls: bytes = b"") -> bytes:
    """A message."""
    return tlv(0x30, number(id_), operation, controls)


def control(oid: str, *, critical: bool) -> bytes:
    """The controls of a message: one."""
    return tlv(0xA0, tlv(0x30, text(oid), tlv(0x01, b"\xff") if critical else b""))


def bind(id_: int, name: str = "", password: str = "", version: int = 3) -> bytes:
    """A simple bind."""
    return message(id_, tlv(0x60, number(version), text(name), tlv(0x80, password.encode())))


def sasl(id_: int, mechanism: str) -> bytes:
    """A bind by SASL."""
    return message(id_, tlv(0x60, number(3), text(""), tlv(0xA3, text(mechanism))))


def unbind(id_: int) -> bytes:
    """The end."""
    return message(id_, tlv(0x42))


def abandon(id_: int, which: int) -> bytes:
    """That a request is asked for no longer."""
    return message(id_, tlv(0x50, which.to_bytes(which.bit_length() // 8 + 1)))


def extended(id_: int, oid: str) -> bytes:
    """An extended operation."""
    return message(id_, tlv(0x77, tlv(0x80, oid.encode())))


def present(name: str) -> bytes:
    """There is such an attribute."""
    return tlv(0x87, name.encode())


def equal(name: str, value: str, tag: int = 0xA3) -> bytes:
    """An attribute has a value; by other tags, other comparisons."""
    return tlv(tag, text(name), text(value))


def like(name: str, *pieces: tuple[int, str]) -> bytes:
    """A value has pieces: 0 begins it, 1 is anywhere, 2 ends it."""
    return tlv(0xA4, text(name), tlv(0x30, *(tlv(0x80 | place, piece.encode()) for place, piece in pieces)))


def every(*of: bytes) -> bytes:
    """All of these."""
    return tlv(0xA0, *of)


def either(*of: bytes) -> bytes:
    """One of these."""
    return tlv(0xA1, *of)


def negated(of: bytes) -> bytes:
    """Not this."""
    return tlv(0xA2, of)


def search(
    id_: int,
    base: str,
    wanted: bytes = present("objectClass"),
    *attributes: str,
    scope: int = BASE,
    size: int = 0,
    time: int = 0,
    types_only: bool = False,
) -> bytes:
    """A search."""
    limits = number(scope, 0x0A), number(0, 0x0A), number(size), number(time), tlv(0x01, b"\xff" if types_only else b"\0")
    return message(id_, tlv(0x63, text(base), *limits, wanted, tlv(0x30, *map(text, attributes))))


@dataclass
class Answer:
    """One message of the server: `tag` says of which kind it is; an entry has a name and attributes, the rest a result."""

    id: int
    tag: int
    code: int = 0
    matched: str = ""
    told: str = ""
    name: str = ""
    values: dict[str, list[bytes]] = field(default_factory=dict)
    more: list[tuple[int, bytes]] = field(default_factory=list)


def elements(octets: bytes) -> list[tuple[int, bytes]]:
    """(tag, content) of the elements that stand one after the other."""
    found, at = [], 0
    while at < len(octets):
        tag, length, at = octets[at], octets[at + 1], at + 2
        if length & 0x80:
            size, length = length & 0x7F, int.from_bytes(octets[at : at + (length & 0x7F)])
            at += size
        assert at + length <= len(octets), "an element ends within the one around it"
        found.append((tag, octets[at : at + length]))
        at += length
    return found


def read(octets: bytes) -> Answer:
    """What a message of the server says."""
    ((outer, content),) = elements(octets)
    (_, id_), (tag, operation), *_ = elements(content)
    assert outer == 0x30
    parts = elements(operation)
    if tag == 0x64:
        made = Answer(int.from_bytes(id_), tag, name=parts[0][1].decode())
        for _, attribute in elements(parts[1][1]):
            (_, kind), (_, values) = elements(attribute)
            made.values[kind.decode()] = [value for _, value in elements(values)]
        return made
    (_, code), (_, matched), (_, told), *more = parts
    return Answer(int.from_bytes(id_), tag, int.from_bytes(code), matched.decode(), told.decode(), more=more)


@dataclass
class LdapClient:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, simulator: Simulator) -> Self:
        """Connect to a simulator."""
        return cls(*await asyncio.open_connection("127.0.0.1", simulator.ready()["ldap"]["port"]))

    def say(self, octets: bytes) -> None:
        """Send octets."""
        self.writer.write(octets)

    async def answer(self) -> Answer | None:
        """The next message; None when the server closed."""
        try:
            async with asyncio.timeout(20):
                begin = await self.reader.readexactly(2)
                length = begin[1]
                if length & 0x80:
                    size = await self.reader.readexactly(length & 0x7F)
                    begin, length = begin + size, int.from_bytes(size)
                return read(begin + await self.reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.writer.close()
            return None

    async def ask(self, octets: bytes) -> Sequence[Answer]:
        """What is answered, up to the result; fewer when the server closed."""
        self.say(octets)
        found = []
        while (answer := await self.answer()) is not None:
            found.append(answer)
            if answer.tag != 0x64:
                break
        return found

    async def result(self, octets: bytes) -> Answer:
        """The result of an operation."""
        return (await self.ask(octets))[-1]

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


async def told(simulator: Simulator, octets: bytes) -> Sequence[Answer]:
    """What a connection of one request is answered."""
    client = await LdapClient.open(simulator)
    try:
        return await client.ask(octets)
    finally:
        await client.close()
