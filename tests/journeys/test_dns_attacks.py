"""The DNS responder before hostile messages: it answers or drops, and neither fails, loops, nor says much more than it was asked."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Sequence

import pytest
from dnslib import RCODE, DNSRecord
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.clock import ManualClock
from mss_sim.dns.server import Listening, Responder

ASKED = bytes(DNSRecord.question("a.sim.mssante.fr", "MX").pack())
QUESTION = ASKED[12:]


async def zone(name: str) -> Sequence[tuple[str, str]] | bool:
    """A domain with one host in it."""
    if not name.lower().endswith("sim.mssante.fr."):
        raise LookupError(name)
    return [("MX", "10 mail.sim.mssante.fr."), ("A", "127.0.0.1")] if name.startswith("a.") else False


def responder(patience_seconds: float = 10.0) -> Responder:
    return Responder(zone, ManualClock(), patience_seconds)


def said(octets: bytes, transport: str = "udp") -> bytes | None:
    """What a message is answered."""
    return asyncio.run(responder().answer(octets, "127.0.0.1", transport))


def head(questions: int = 1, answers: int = 0, authorities: int = 0, more: int = 0, flags: int = 0x0100) -> bytes:
    return struct.pack(">HHHHHH", 4711, flags, questions, answers, authorities, more)


LONG = b"\x3f" + b"a" * 63
LOOPS = [b"\xc0\x0c", b"\x01a\xc0\x0c", b"\xc0\x00", b"\xc0\xff", b"\xff\xff"]
TYPE = b"\x00\x01\x00\x01"


@pytest.mark.parametrize(
    "octets",
    [
        *(pytest.param(head() + name + TYPE, id=f"pointer {name.hex()}") for name in LOOPS),
        pytest.param(head() + LONG * 5 + b"\x00" + TYPE, id="a name of 320 bytes"),
        pytest.param(head() + b"\x01a" * 126 + b"\x02aa\x00" + TYPE, id="a name of 256 bytes"),
        pytest.param(head() + b"\x01a" * 30_000 + b"\x00" + TYPE, id="a name of 60,000 bytes"),
        pytest.param(head() + b"\x40" + b"a" * 64 + b"\x00" + TYPE, id="a label of 64"),
        pytest.param(head() + b"\x01\xff\x00" + TYPE, id="a label that is no text"),
        pytest.param(head() + QUESTION[:-1], id="a question cut short"),
        pytest.param(head(0) + QUESTION, id="no question"),
        pytest.param(head(2) + QUESTION * 2, id="two questions"),
        pytest.param(head(0xFFFF) + QUESTION, id="65,535 questions"),
    ],
)
def test_what_is_no_question_is_told_so(octets: bytes) -> None:
    answer = said(octets)
    assert answer is not None
    assert (answer[:2], answer[2] & 0x80, answer[3] & 0x0F, len(answer)) == (octets[:2], 0x80, RCODE.FORMERR, 12)


@pytest.mark.parametrize(
    "octets",
    [b"", b"x", ASKED[:11], head(flags=0x8180) + QUESTION, head(0, flags=0x8001), b"\xff" * 40],
    ids=["nothing", "an octet", "less than a header", "an answer", "an answer without a question", "ones"],
)
def test_an_answer_is_not_answered_or_two_servers_would_go_on_for_ever(octets: bytes) -> None:
    assert said(octets) is None


def test_the_longest_name_is_asked_for_and_answered() -> None:
    answer = said(head() + b"\x01a" * 127 + b"\x00" + TYPE)
    assert answer is not None
    assert answer[3] & 0x0F == RCODE.REFUSED


def test_records_that_come_with_a_question_are_not_read() -> None:
    answer = said(head(1, 0xFFFF, 0xFFFF, 0xFFFF) + QUESTION + b"\xc0\x0c" * 3)
    assert answer is not None
    assert DNSRecord.parse(answer).rr[0].rdata.preference == 10


@pytest.mark.no_cover
def test_a_message_full_of_records_costs_no_more_than_its_question() -> None:
    deep = b"\x01a" * 126 + b"\x00"
    full = head(1, 5_000) + deep + TYPE + (b"\xc0\x0c" + TYPE + b"\x00" * 6) * 5_000
    began = time.perf_counter()
    for _ in range(20):
        assert said(full, "tcp") is not None
    assert time.perf_counter() - began < 1.0, "5,000 names of 126 labels were read, or copied"


@settings(max_examples=400, deadline=None)
@given(
    st.binary(max_size=100)
    | st.builds(bytes.__add__, st.builds(head, *[st.integers(0, 0xFFFF)] * 5), st.binary(max_size=300))
    | st.tuples(st.integers(0, len(ASKED)), st.binary(max_size=4)).map(lambda cut: ASKED[: cut[0]] + cut[1] + ASKED[cut[0] + 1 :]),
    st.sampled_from(["udp", "tcp"]),
)
def test_whatever_comes_is_answered_shortly_or_dropped(octets: bytes, transport: str) -> None:
    answer = said(octets, transport)
    if answer is None:
        assert len(octets) < 12 or octets[2] & 0x80
        return
    assert answer[:2] == octets[:2]
    assert len(answer) <= 4 * len(octets), "what is asked under a false address must not swell on its way there"
    DNSRecord.parse(answer)


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    opened = await responder(0.3).serve("127.0.0.1", 0)
    yield opened
    await opened.close()


async def _answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(len(ASKED).to_bytes(2) + ASKED)
    length = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), 10))
    assert DNSRecord.parse(await reader.readexactly(length)).header.rcode == RCODE.NOERROR


@pytest.mark.parametrize(
    "begun", [b"", b"\x00", b"\x00\x20", b"\xff\xff" + ASKED], ids=["nothing", "half a length", "a length", "a part of a long one"]
)
async def test_who_says_half_a_message_is_left_after_a_while(listening: Listening, begun: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    writer.write(begun)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 10)
    writer.close()


async def test_who_asks_and_never_reads_is_left_after_a_while(listening: Listening) -> None:
    loop, slow = asyncio.get_running_loop(), socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    slow.setblocking(False)
    for one in listening.server.sockets:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)  # what a stream that is accepted inherits
    await loop.sock_connect(slow, ("127.0.0.1", listening.port))

    async def ask_on() -> None:
        while True:
            await loop.sock_sendall(slow, (len(ASKED).to_bytes(2) + ASKED) * 100)

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(ask_on(), 30)
    slow.close()


async def test_streams_beyond_a_hundred_are_closed_and_the_others_served(listening: Listening) -> None:
    streams = [await asyncio.open_connection("127.0.0.1", listening.port) for _ in range(100)]
    for reader, writer in streams:
        await _answered(reader, writer)
    reader, late = await asyncio.open_connection("127.0.0.1", listening.port)
    assert await asyncio.wait_for(reader.read(1), 10) == b""
    for _, writer in (*streams, (reader, late)):
        writer.close()


def _datagrams(listening: Listening) -> socket.socket:
    """A client's socket, which gets what its own questions are answered alone."""
    mine = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mine.setblocking(False)
    mine.connect(("127.0.0.1", listening.port))
    return mine


async def test_a_datagram_is_answered_to_who_sent_it_and_one_that_is_none_is_not(listening: Listening) -> None:
    loop, clients, failures = asyncio.get_running_loop(), [_datagrams(listening) for _ in range(3)], list[object]()
    loop.set_exception_handler(lambda _, failure: failures.append(failure))
    for number, one in enumerate(clients):
        await loop.sock_sendall(one, b"\xff" * 40 if number == 1 else ASKED)
    answers = [DNSRecord.parse(await asyncio.wait_for(loop.sock_recv(one, 600), 10)) for one in (clients[0], clients[2])]
    assert [(one.header.rcode, one.a.rdata.preference) for one in answers] == [(RCODE.NOERROR, 10)] * 2
    assert [(one.peer, one.transport, one.name) for one in listening.responder.asked] == [("127.0.0.1", "udp", "a.sim.mssante.fr")] * 2
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(loop.sock_recv(clients[1], 600), 0.1)
    assert failures == []
    for one in clients:
        one.close()


async def test_a_message_that_is_none_ends_its_stream_alone(listening: Listening) -> None:
    broken, whole = [await asyncio.open_connection("127.0.0.1", listening.port) for _ in range(2)]
    broken[1].write(b"\x00\x03abc")
    assert await asyncio.wait_for(broken[0].read(1), 10) == b""
    await _answered(*whole)
    for _, writer in (broken, whole):
        writer.close()
