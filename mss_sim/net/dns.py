"""A small DNS server for the simulated domains, over UDP and TCP: a client under test is pointed at it to find its mail servers.

It answers what it knows and REFUSED for the rest of the world: it asks nobody. What was asked is kept, so that a test can tell whether a
client looked (ref: ref2#ECO.1.1.9).
"""

import asyncio
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from dnslib import AAAA, MX, QTYPE, RCODE, RR, SOA, SRV, A, DNSError, DNSHeader, DNSLabel, DNSRecord

from mss_sim import log
from mss_sim.clock import Clock, Micros

_UDP_BYTES_MAX = 512
_SECONDS_TO_LIVE = 60
_PATIENCE_SECONDS = 10.0
_KEPT = 500
Zone = Callable[[str], Awaitable[Sequence[tuple[str, str]] | bool]]
"""The (kind, data) records of a name; True when it has none itself, False when it does not exist; LookupError when it is not ours."""


class Question(NamedTuple):
    """One question that a client put."""

    at: Micros
    peer: str
    transport: str
    name: str
    kind: str


class Responder:
    """Answers questions about one zone; `asked` are the last of them."""

    def __init__(self, zone: Zone, clock: Clock) -> None:
        self._zone = zone
        self._clock = clock
        self._log = log.get("net.dns")
        self.asked: deque[Question] = deque(maxlen=_KEPT)

    async def answer(self, octets: bytes, peer: str, transport: str) -> bytes | None:
        """The answer to one message; None when it is none that could be answered."""
        try:
            query = DNSRecord.parse(octets)
        except (DNSError, ValueError, struct.error):
            return _unreadable(octets)
        if query.header.qr or query.header.opcode or len(query.questions) != 1:
            return _failure(query, RCODE.FORMERR if not query.header.opcode else RCODE.NOTIMP)
        name, kind = str(query.q.qname), QTYPE[query.q.qtype]
        self.asked.append(Question(self._clock.now(), peer, transport, name.rstrip("."), kind))
        try:
            found = await self._zone(name)
        except LookupError:
            return _failure(query, RCODE.REFUSED)
        reply = query.reply(ra=0, aa=1)
        reply.header.rcode = RCODE.NOERROR if found else RCODE.NXDOMAIN
        for one, data in found if not isinstance(found, bool) else ():
            if kind in (one, "ANY"):
                reply.add_answer(RR(query.q.qname, getattr(QTYPE, one), rdata=_data(one, data), ttl=_SECONDS_TO_LIVE))
        if not reply.rr:
            reply.add_auth(_authority(query.q.qname))
        packed = bytes(reply.pack())
        return packed if transport != "udp" or len(packed) <= _UDP_BYTES_MAX else bytes(reply.truncate().pack())

    async def serve(self, host: str, port: int) -> "Listening":
        """Listen on UDP and TCP, on the same port; 0 takes any that both have free."""
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve_stream, host, port)
        taken = server.sockets[0].getsockname()[1]
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(host, taken))
        except OSError:
            server.close()
            raise
        return Listening(taken, server, transport)

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Messages with their length before them, one after the other (ref: rfc1035#4.2.2)."""
        peer = str((writer.get_extra_info("peername") or ("local",))[0])
        try:
            while True:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    length = int.from_bytes(await reader.readexactly(2))
                    octets = await reader.readexactly(length)
                answer = await self.answer(octets, peer, "tcp")
                if answer is None:
                    break
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class Listening(NamedTuple):
    """A responder's open port."""

    port: int
    server: asyncio.Server
    datagrams: asyncio.DatagramTransport

    async def close(self) -> None:
        """Stop listening."""
        self.server.close()
        self.datagrams.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._transport: asyncio.DatagramTransport | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a datagram endpoint it is one

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.create_task(self._answer(data, addr))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = await self._responder.answer(data, addr[0], "udp")
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


def _data(kind: str, data: str) -> A | AAAA | MX | SRV:
    fields = data.split()
    if kind == "MX":
        return MX(fields[1], int(fields[0]))
    if kind == "SRV":
        return SRV(int(fields[0]), int(fields[1]), int(fields[2]), fields[3])
    return AAAA(data) if kind == "AAAA" else A(data)


def _authority(name: DNSLabel) -> RR:
    """Where negative answers come from, so that resolvers keep them for a while (ref: rfc2308#3)."""
    times = (1, 3_600, 600, 86_400, _SECONDS_TO_LIVE)
    return RR(name, QTYPE.SOA, rdata=SOA("ns.sim.mssante.fr", "hostmaster.sim.mssante.fr", times), ttl=_SECONDS_TO_LIVE)


def _failure(query: DNSRecord, code: int) -> bytes:
    reply = query.reply(ra=0, aa=0)
    reply.header.rcode = code
    return bytes(reply.pack())


def _unreadable(octets: bytes) -> bytes | None:
    """FORMERR when at least the number of the question can be read."""
    if len(octets) < 12 or octets[2] & 0x80:
        return None
    return bytes(DNSRecord(DNSHeader(id=int.from_bytes(octets[:2]), qr=1, rcode=RCODE.FORMERR)).pack())
