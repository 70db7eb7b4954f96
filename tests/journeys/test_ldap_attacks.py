"""The LDAP port before clients that mean no good, or know no better: it answers or hangs up, and others are served."""

import asyncio
import socket
import struct
import time
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests import ldap_client as ldap
from tests.clients import control
from tests.conftest import StartSimulator
from tests.ldap_client import ORGANISATIONS, LdapClient, equal, message, negated, number, present, search, text, tlv, told

ASK = search(1, ORGANISATIONS, equal("objectClass", "pkiCA"), ldap.LIST)


async def served(simulator: Simulator) -> bool:
    """Whether another client is answered."""
    return len(await told(simulator, ASK)) == 2


async def ended(client: LdapClient) -> str | None:
    """What the notice of disconnection says; None when the connection was cut without one."""
    notice = await client.answer()
    if notice is None:
        return None
    assert (notice.id, notice.tag) == (0, 0x78)
    assert await client.answer() is None
    return notice.told


async def opened(simulator: Simulator) -> int:
    """How many connections are counted."""
    for _ in range(500):
        if not simulator._registries["ldap"].count():  # noqa: SLF001
            break
        await asyncio.sleep(0.01)
    return simulator._registries["ldap"].count()  # noqa: SLF001


@pytest.mark.parametrize(
    "begun",
    [b"", b"\x30", b"\x30\x84", ASK[:-1], b"\x30\x82\x7f\xff" + b"\x02\x01\x01"],
    ids=["nothing", "a tag", "half a length", "all but an octet", "a part of a long one"],
)
async def test_who_says_half_a_request_is_left_after_a_while(start: StartSimulator, begun: bytes) -> None:
    async with start(ldap_port=0, ldap_idle_timeout_seconds=0.3) as simulator:
        client = await LdapClient.open(simulator)
        client.say(begun)
        began = time.perf_counter()
        assert await ended(client) == "Idle too long"
        assert 0.2 < time.perf_counter() - began < 5
        assert await opened(simulator) == 0


async def test_who_drips_octets_has_no_more_time_than_who_is_silent(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_idle_timeout_seconds=0.5) as simulator:
        client = await LdapClient.open(simulator)
        began = time.perf_counter()

        async def drip() -> None:
            for octet in ASK:
                client.say(bytes([octet]))
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        assert await ended(client) == "Idle too long"
        assert time.perf_counter() - began < 3
        dripping.cancel()


async def test_who_asks_and_never_reads_is_left_after_a_while(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_idle_timeout_seconds=0.5) as simulator:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        raw.connect(("127.0.0.1", simulator.ready()["ldap"]["port"]))
        raw.setblocking(False)
        asked = b"".join(search(one, "cn=Subschema", present("cn"), "+") for one in range(1, 500))
        loop = asyncio.get_running_loop()

        async def ask_on() -> None:
            while True:
                await loop.sock_sendall(raw, asked)
                await asyncio.sleep(0.05)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(ask_on(), 20)
        raw.close()
        assert await opened(simulator) == 0
        assert await served(simulator)


@pytest.mark.parametrize("length", [b"\x84\x7f\xff\xff\xff", b"\x88" + b"\xff" * 8, b"\x83\x01\x00\x00"])
async def test_a_request_larger_than_it_may_be_is_not_waited_for(start: StartSimulator, length: bytes) -> None:
    async with start(ldap_port=0) as simulator:
        client = await LdapClient.open(simulator)
        client.say(b"\x30" + length)
        assert await ended(client) == "A request has at most 65536 octets"
        (session,) = (await control(simulator, "GET", "/evidence?door=ldap")).json()["items"]
        assert session["verdict"] == "refused"


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40,
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"EHLO a\r\n",
        b"\x30\x80\x02\x01\x01",
        b"\x30\x05\x02\x01\x00\x42\x00",
        message(1, tlv(0x7F, b"")),
        b"\xff" * 100,
        message(1, tlv(0x60, b"\x02\x81")),
    ],
    ids=["TLS", "HTTP", "SMTP", "an indefinite length", "the number of a server", "an unknown operation", "ones", "an element cut short"],
)
async def test_what_is_no_message_ends_the_connection_with_a_word(start: StartSimulator, octets: bytes) -> None:
    async with start(ldap_port=0) as simulator:
        client = await LdapClient.open(simulator)
        client.say(octets)
        assert await ended(client) == "This is no message of LDAP (rfc4511#5.3)"
        (row,) = (await control(simulator, "GET", "/evidence?door=ldap")).json()["items"]
        session = (await control(simulator, "GET", f"/evidence/{row['id']}")).json()
        events = [line["text"] for line in session["transcript"] if line["side"] == "-"]
        assert any(one.startswith("refused: This is no message of LDAP") for one in events)
        assert ("a TLS handshake on a port that begins in clear" in events) is (octets[0] == 0x16)
        assert await served(simulator)


@pytest.mark.parametrize(
    ("filter_", "code"),
    [
        pytest.param(ldap.every(*[present("cn")] * 99), 0, id="a hundred conditions"),
        pytest.param(ldap.every(*[present("cn")] * 100), 11, id="one more"),
        pytest.param(ldap.every(*[present("cn")] * 5_000), 11, id="five thousand"),
    ],
)
async def test_a_wide_filter_is_answered_within_limits(start: StartSimulator, filter_: bytes, code: int) -> None:
    async with start(ldap_port=0) as simulator:
        assert (await told(simulator, search(1, ORGANISATIONS, filter_, "cn")))[-1].code == code


@pytest.mark.parametrize("around", [negated, ldap.every, ldap.either], ids=["not", "and", "or"])
async def test_thousands_of_nested_filters_are_refused_and_the_connection_goes_on(start: StartSimulator, around: Any) -> None:
    octets = present("cn")
    for _ in range(10_000):
        octets = around(octets)
    async with start(ldap_port=0) as simulator:
        client = await LdapClient.open(simulator)
        began = time.perf_counter()
        assert (await client.result(search(1, ORGANISATIONS, octets))).code == 11
        assert time.perf_counter() - began < 1
        assert (await client.result(ldap.bind(2))).code == 0
        await client.close()


async def test_a_name_of_thousands_of_parts_is_no_name(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_mailboxes=True) as simulator:
        for base in (",".join(["ou=a"] * 5_000), "mail=" + "a" * 5_000 + ",o=mss-sim", "+".join(["ou=a"] * 5_000)):
            assert (await told(simulator, search(1, base)))[-1].code == 34
        for base in (
            ",".join(["ou=a"] * 500),
            "mail=%,o=mss-sim",
            "mail=a' or 1=1 --,o=mss-sim",
            "mail=a+cn=b,o=mss-sim",
            "uid=a,o=mss-sim",
        ):
            assert (await told(simulator, search(1, base)))[-1].code == 32


async def test_one_connection_more_than_there_may_be_is_told_so(start: StartSimulator) -> None:
    async with start(ldap_port=0, connections_max=3) as simulator:
        kept = [await LdapClient.open(simulator) for _ in range(3)]
        for one in kept:
            await one.result(ldap.bind(1))
        assert await ended(await LdapClient.open(simulator)) == "Too many connections, try again later"
        await kept.pop().close()
        for _ in range(100):
            if await served(simulator):
                break
            await asyncio.sleep(0.02)
        assert await served(simulator)
        for one in kept:
            assert (await one.result(ldap.bind(2))).code == 0
            await one.close()


async def test_a_connection_that_is_reset_in_the_middle_leaves_nothing(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        for begun in (b"", ASK[:9], ASK, ASK * 200):
            raw = socket.create_connection(("127.0.0.1", simulator.ready()["ldap"]["port"]))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.sendall(begun)
            raw.close()
        assert await served(simulator)
        assert await opened(simulator) == 0


async def test_who_asks_without_end_leaves_the_others_their_turn(start: StartSimulator) -> None:
    async with start(ldap_port=0) as simulator:
        greedy = await LdapClient.open(simulator)
        attributes = tlv(0x30, *map(text, ["cn"] * 900))
        heavy = message(
            1, tlv(0x63, text(ORGANISATIONS), number(0, 10), number(0, 10), number(0), number(0), tlv(1, b"\0"), present("cn"), attributes)
        )
        greedy.say(heavy * 400)
        began = time.perf_counter()
        assert await served(simulator)
        assert time.perf_counter() - began < 5
        await greedy.close()


async def test_many_searches_under_way_are_as_many_as_a_connection_may_have(start: StartSimulator) -> None:
    async with start(ldap_port=0, ldap_search_seconds_max=1) as simulator:
        await control(simulator, "PATCH", "/certificates/behaviour", {"ldap": {"behaviour": "slow", "seconds": 30}})
        client = await LdapClient.open(simulator)
        client.say(b"".join(search(one, ORGANISATIONS, present("cn"), ldap.LIST) for one in range(1, 200)))
        await asyncio.sleep(0.5)
        fetches = (await control(simulator, "GET", "/certificates/fetches?limit=1000")).json()
        assert len(fetches) == 10
        await client.close()
        assert await opened(simulator) == 0
