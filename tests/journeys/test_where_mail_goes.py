"""Where mail may be carried to: this machine and the hosts that a setting names; nothing else is looked up or connected to."""

import socket
import ssl
from typing import Any

import pytest

from mss_sim.config.settings import Settings
from mss_sim.core.mailflow.letter import Addressee, Envelope
from mss_sim.core.mailflow.outbound_interface import RecipientReply, RelayJob
from mss_sim.core.world.store_types import Operator
from mss_sim.smtp.outbound import Outbound

HERE = Operator(1, "Ici", None, ("ici.mssante.fr",))
TO = "x@ailleurs.mssante.fr"


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every name that is looked up and every address that is connected to; names lead to this machine, where nobody listens."""
    seen: list[object] = []
    connect = socket.socket.connect

    def look_up(host: Any, port: Any, *_: Any, **__: Any) -> Any:
        seen.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]

    def reach(self: socket.socket, address: Any) -> None:
        seen.append(address)
        connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", reach)
    return seen


async def _carried(mx: str, *allowed: str) -> RecipientReply:
    async def context(_sender: Operator, _receiver: Operator) -> ssl.SSLContext:
        return ssl.create_default_context()

    outbound = Outbound(Settings(peers_allowed=allowed), lambda: ("127.0.0.1", 1), context)
    there = Operator(2, "Ailleurs", None, ("ailleurs.mssante.fr",), mx)
    envelope = Envelope("y@ici.mssante.fr", (Addressee(TO),))
    return (await outbound.carry(RelayJob(HERE, there, envelope, b"Subject: x\r\n\r\nx\r\n", 20))).answers[TO]


@pytest.mark.parametrize(
    "host",
    [
        "192.0.2.1",
        "[2001:db8::1]",
        "[::ffff:192.0.2.1]",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 - not listened on
        "[::]",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "evil.example#127.0.0.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.1",
        "\uff11\uff12\uff17.0.0.1",
        "mx.ailleurs.example",
    ],
)
async def test_a_host_that_nobody_named_is_not_reached(touched: list[object], host: str) -> None:
    answer = await _carried(f"{host}:25")
    assert (answer.status, answer.final) == ("5.7.1", True)
    assert answer.reply.startswith("550 5.7.1 ")
    assert "MSS_SIM_PEERS_ALLOWED" in answer.reply
    assert touched == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
async def test_this_machine_is_reached(touched: list[object], host: str) -> None:
    answer = await _carried(f"{host}:1")
    assert answer.status == "4.4.1"
    assert {"localhost", "127.0.0.1", "::1", ("127.0.0.1", 1), ("::1", 1, 0, 0)}.issuperset(touched)
    assert touched


async def test_a_host_that_a_setting_names_is_reached_and_none_that_looks_like_it(touched: list[object]) -> None:
    assert (await _carried("mx.ailleurs.example:1", "mx.ailleurs.example")).status == "4.4.1"
    assert ("127.0.0.1", 1) in touched
    touched.clear()
    for host in ("ailleurs.example", "a.mx.ailleurs.example", "mx.ailleurs.example.evil", "mx.ailleurs.example."):
        assert (await _carried(f"{host}:1", "mx.ailleurs.example")).status == "5.7.1"
    assert touched == []


@pytest.mark.parametrize("host", ["mx..example", "a" * 64])
async def test_a_host_that_can_be_no_name_is_not_found_though_a_setting_names_it(host: str) -> None:
    assert (await _carried(f"{host}:1", host)).status == "4.4.1"


async def test_what_stands_in_the_place_of_a_host_makes_no_line_of_its_own(touched: list[object]) -> None:
    """The answer goes into a notification, word for word."""
    answer = await _carried("a\r\nX-Evil: b:25")
    assert answer.status == "5.7.1"
    assert "\r" not in answer.reply
    assert "\n" not in answer.reply
