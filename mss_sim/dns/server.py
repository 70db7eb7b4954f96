"""A small DNS server for the simulated domains, over UDP and TCP: a client under test is pointed at it to find its mail servers.

It answers what it knows and REFUSED for the rest of the world: it asks nobody. What was asked is kept, so that a test can tell whether a
client looked (ref: ref2#ECO.1.1.9).

Anything may be sent to the port: of a message the header and its one question are read, however many records it says that it
has; an answer is never answered, or two servers would keep each other busy; who says nothing, or reads nothing, is left after a while.
"""

import asyncio
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from dnslib import AAAA, CLASS, MX, QTYPE, RCODE, RR, SOA, SRV, TXT, A, DNSBuffer, DNSError, DNSHeader, DNSLabel, DNSQuestion, DNSRecord

from mss_sim.clock import Clock, Micros
from mss_sim.faults.actions import Delay, Drop, Malformed, Reply, Truncate
from mss_sim.faults.faults import Fault, Faults
from mss_sim.faults.rules import Facts
from mss_sim.net.listening import port_of
from mss_sim.vocabulary.faults import Point

_UDP_BYTES_MAX = 512
_SECONDS_TO_LIVE = 60
_HEADER_BYTES = 12
_NOWHERE = b"\xff\xff"
"""A name that goes on behind the end of the message, as none may (ref: rfc1035#4.1.4)."""
_LABEL_BYTES_MAX, _NAME_BYTES_MAX = 63, 255  # ref: rfc1035#2.3.4
_PATIENCE_SECONDS = 10.0
_STREAMS_MAX = 100
_UNDER_WAY_MAX = 1_000
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

    def __init__(self, zone: Zone, clock: Clock, patience_seconds: float = _PATIENCE_SECONDS, faults: Faults | None = None) -> None:
        self._zone = zone
        self._clock = clock
        self._patience_seconds = patience_seconds
        self._faults = faults
        self._streams: set[asyncio.StreamWriter] = set()
        self.asked: deque[Question] = deque(maxlen=_KEPT)

    async def answer(self, octets: bytes, peer: str, transport: str) -> bytes | None:
        """The answer to one message; None when it is none that may be answered (ref: rfc1035#4.1.1)."""
        if len(octets) < _HEADER_BYTES or octets[2] & 0x80:  # no number to answer to, or itself an answer
            return None
        if octets[2] & 0x78:
            return _failure(octets, RCODE.NOTIMP)
        try:
            query = _question(octets)
        except (DNSError, ValueError, struct.error):
            return _failure(octets, RCODE.FORMERR)
        name, kind = str(query.q.qname), QTYPE[query.q.qtype]
        self.asked.append(Question(self._clock.now(), peer, transport, name.rstrip("."), kind))
        if self._faults is not None and self._faults.at(Point.DNS):
            fault = self._faults.find(Point.DNS, Facts(kind, mailboxes=(name.rstrip("."),), client=peer))
            if fault is not None:
                return await self._fail(fault, query, transport)
        return await self._found(query, transport)

    async def _fail(self, fault: Fault, query: DNSRecord, transport: str) -> bytes | None:
        """The answer as a fault has it, with a TXT record beside it that names the rule."""
        match fault.action:
            case Reply(code):
                answer = query.reply(ra=0, aa=0)
                answer.header.rcode = getattr(RCODE, code)
                return _named(answer, fault)
            case Delay(seconds):
                await asyncio.sleep(seconds)
            case Drop():
                return None
            case Truncate():
                return _named(_truncated(query), fault)
        found = await self._found(query, transport)
        if isinstance(fault.action, Malformed):
            return found[:_HEADER_BYTES] + _NOWHERE + fault.mark.encode("ascii")
        return found

    async def _found(self, query: DNSRecord, transport: str) -> bytes:
        name, kind = str(query.q.qname), QTYPE[query.q.qtype]
        try:
            found = await self._zone(name)
        except LookupError:
            refused = query.reply(ra=0, aa=0)
            refused.header.rcode = RCODE.REFUSED
            return bytes(refused.pack())
        reply = query.reply(ra=0, aa=1)
        reply.header.rcode = RCODE.NOERROR if found else RCODE.NXDOMAIN
        for one, data in found if not isinstance(found, bool) else ():
            if kind in (one, "ANY"):
                reply.add_answer(RR(query.q.qname, getattr(QTYPE, one), rdata=_data(one, data), ttl=_SECONDS_TO_LIVE))
        if not reply.rr:
            reply.add_auth(_authority(query.q.qname))
        packed = bytes(reply.pack())
        return packed if transport != "udp" or len(packed) <= _UDP_BYTES_MAX else bytes(_truncated(query).pack())

    async def serve(self, host: str, port: int) -> "Listening":
        """Listen on UDP and TCP, on the same port; 0 takes any that both have free."""
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve_stream, host, port)
        taken = port_of(server)
        try:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(host, taken))
        except OSError:
            server.close()
            raise
        return Listening(taken, server, transport, self)

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Messages with their length before them, one after the other (ref: rfc1035#4.2.2), on so many streams at a time."""
        peer = str((writer.get_extra_info("peername") or ("local",))[0])
        self._streams.add(writer)
        try:
            while len(self._streams) <= _STREAMS_MAX:
                async with asyncio.timeout(self._patience_seconds):
                    length = int.from_bytes(await reader.readexactly(2))
                    octets = await reader.readexactly(length)
                    answer = await self.answer(octets, peer, "tcp")
                    if answer is None:
                        break
                    writer.write(len(answer).to_bytes(2) + answer)
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            writer.transport.abort()  # a client that reads nothing would keep what was written for it
        finally:
            self._streams.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        """End the streams that are open."""
        for writer in self._streams:
            writer.transport.abort()


class Listening(NamedTuple):
    """A responder's open port."""

    port: int
    server: asyncio.Server
    datagrams: asyncio.DatagramTransport
    responder: Responder

    async def close(self) -> None:
        """Stop listening."""
        self.server.close()
        self.datagrams.close()
        self.responder.hang_up()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._transport: asyncio.DatagramTransport | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # of a datagram endpoint it is one

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(self._under_way) >= _UNDER_WAY_MAX:  # who asks over UDP asks again
            return
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


def _question(octets: bytes) -> DNSRecord:
    """A message that asks one thing; ValueError, DNSError or struct.error when it does not. What follows the question is not looked at."""
    buffer = DNSBuffer(octets)
    header = DNSHeader.parse(buffer)
    if header.q != 1:
        raise ValueError(f"a message has one question, not {header.q}")
    asked = DNSQuestion.parse(buffer)
    lengths = [len(label) for label in asked.qname.label]
    if max(lengths, default=0) > _LABEL_BYTES_MAX or sum(lengths) + len(lengths) >= _NAME_BYTES_MAX:
        raise ValueError("a label has at most 63 bytes, a name 255")
    return DNSRecord(DNSHeader(id=header.id, bitmap=header.bitmap), q=asked)


def _truncated(query: DNSRecord) -> DNSRecord:
    """An answer that says: ask over TCP. It repeats the question, by which clients know that it is theirs."""
    answer = query.reply(ra=0, aa=1)
    answer.header.tc = 1
    return answer


def _failure(octets: bytes, code: int) -> bytes:
    """An answer to a message of which the number alone was understood."""
    return bytes(DNSRecord(DNSHeader(id=int.from_bytes(octets[:2]), qr=1, rcode=code)).pack())


def _named(answer: DNSRecord, fault: Fault) -> bytes:
    """An answer with the rule that made it what it is, in a class that no resolver asks for."""
    answer.add_ar(RR("fault", QTYPE.TXT, CLASS.CH, rdata=TXT(fault.mark)))
    return bytes(answer.pack())
