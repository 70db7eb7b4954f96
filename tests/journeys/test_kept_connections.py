"""Connections to another operator are kept for the next letter: what its server does with one meanwhile costs no letter."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from mss_sim.config.settings import Settings
from mss_sim.core.mailflow.letter import Addressee, Envelope
from mss_sim.core.mailflow.outbound_interface import RelayJob
from mss_sim.core.world.store_types import Operator
from mss_sim.smtp import outbound
from mss_sim.smtp.outbound import Outbound
from tests.authorities import Bearer
from tests.clients import HOSPITAL, PRACTICE

LETTER = b"Subject: x\r\n\r\nx\r\n"
USUAL = {"EHLO": "250-x\r\n250 STARTTLS", "STARTTLS": "220 go", "DATA": "354 go", "QUIT": "221 bye"}
Say = Callable[[str, int], str | None]


class Server:
    """A mail server that allows one transaction at a time; `says` answers a verb on the nth connection in a way of its own.

    A reply with 421 is the last one on its connection.
    """

    def __init__(self, tls: ssl.SSLContext, says: Say) -> None:
        self._tls, self._says = tls, says
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.heard: list[list[str]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.heard.append([])
                threading.Thread(target=self._serve, args=(connection, len(self.heard)), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        said, begun = "220 x", False
        connection.sendall(f"{said}\r\n".encode())
        while "421" not in said and (line := _line(connection)):
            verb = line.partition(" ")[0].strip()
            self.heard[number - 1].append(verb)
            nested = "503 5.5.1 a transaction has begun" if verb == "MAIL" and begun else None
            said = nested or self._says(verb, number) or USUAL.get(verb, "250 2.0.0 ok")
            connection.sendall(f"{said}\r\n".encode())
            begun = verb == "MAIL" or (begun and verb != "RSET")
            if verb == "STARTTLS":
                connection = self._tls.wrap_socket(connection, server_side=True)
            elif verb == "DATA" and said.startswith("354"):
                while _line(connection) not in (".\r\n", ""):
                    pass
                said, begun = self._says("the dot", number) or "250 2.0.0 kept", False
                connection.sendall(f"{said}\r\n".encode())
        connection.close()


def _line(connection: socket.socket) -> str:
    """The next line, octet by octet: nothing behind it is taken; empty at the end."""
    line = b""
    while not line.endswith(b"\n") and (octet := connection.recv(1)):
        line += octet
    return line.decode()


@asynccontextmanager
async def _sending(folder: Path, says: Say, **settings: Any) -> AsyncIterator[tuple[Server, Callable[..., Awaitable[str]]]]:
    """The server, and what carries one more letter to it, from an operator by its number: the status for its recipient."""
    bearer = Bearer.authority("Serveur")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*bearer.files(folder, bearer.certified()))
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    server = Server(tls, says)
    theirs, *ours = (Operator(id_, name, None, (f"{name}.mssante.fr",), f"127.0.0.1:{server.port}") for id_, name in enumerate("abcd"))

    async def context(_sender: Operator, _receiver: Operator) -> ssl.SSLContext:
        return trusting

    outbound = Outbound(Settings(**settings), lambda: ("127.0.0.1", 0), context)

    async def carry(sender: int = 0) -> str:
        envelope = Envelope(HOSPITAL, (Addressee(PRACTICE),))
        answer = (await outbound.carry(RelayJob(ours[sender], theirs, envelope, LETTER, 10))).answers[PRACTICE]
        await asyncio.sleep(0.05)  # what the server does at its end is heard by the next letter
        return answer.status

    yield server, carry
    await outbound.close()
    server.close()
    await asyncio.sleep(0.1)  # what was closed is let go by the loop


OPENING = ["EHLO", "STARTTLS", "EHLO"]
ONE = ["MAIL", "RCPT", "DATA"]


async def test_a_connection_carries_one_letter_after_the_other(tmp_path: Path) -> None:
    async with _sending(tmp_path, lambda *_: None) as (server, carry):
        assert [await carry() for _ in range(3)] == ["2.0.0"] * 3
    assert server.heard == [[*OPENING, *ONE, *ONE, *ONE, "QUIT"]]


async def test_only_some_of_the_connections_that_a_port_takes_rest(tmp_path: Path) -> None:
    """Found with 33 operators that wrote to one another: a port of their own took no more connections, and refused people who logged in."""
    async with _sending(tmp_path, lambda *_: None, connections={"max": 10}) as (server, carry):
        for sender in (0, 1, 2, 1, 0):  # two may rest: the third closes that of the first, who needs a new one at last
            assert await carry(sender) == "2.0.0"
    assert server.heard == [[*OPENING, *ONE], [*OPENING, *ONE, *ONE, "QUIT"], [*OPENING, *ONE], [*OPENING, *ONE, "QUIT"]]


async def test_a_connection_that_rested_too_long_is_not_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "_IDLE_SECONDS", 0.0)
    async with _sending(tmp_path, lambda *_: None) as (server, carry):
        assert [await carry() for _ in range(2)] == ["2.0.0"] * 2
    assert [heard[: len(OPENING + ONE)] for heard in server.heard] == [[*OPENING, *ONE]] * 2


async def test_a_connection_that_the_server_has_closed_is_made_anew(tmp_path: Path) -> None:
    """It waited for the next letter for less long than we do."""
    async with _sending(tmp_path, lambda verb, _: "250 kept\r\n421 4.4.2 too long" if verb == "the dot" else None) as (server, carry):
        assert [await carry() for _ in range(2)] == ["2.0.0"] * 2
    assert server.heard == [[*OPENING, *ONE]] * 2


async def test_a_letter_that_a_server_going_down_has_not_begun_is_carried_over_a_new_connection(tmp_path: Path) -> None:
    def says(verb: str, connection: int) -> str | None:
        return "421 4.3.2 going down" if verb == "MAIL" and connection == 1 and len(server.heard[0]) > len(OPENING + ONE) else None

    async with _sending(tmp_path, says) as (server, carry):
        assert [await carry() for _ in range(2)] == ["2.0.0"] * 2
    assert server.heard == [[*OPENING, *ONE, "MAIL"], [*OPENING, *ONE, "QUIT"]]


async def test_a_new_connection_on_which_the_server_goes_down_is_the_answer(tmp_path: Path) -> None:
    async with _sending(tmp_path, lambda verb, _: "421 4.3.2 going down" if verb == "MAIL" else None) as (server, carry):
        assert await carry() == "4.3.2"
    assert server.heard == [[*OPENING, "MAIL"]]


async def test_a_transaction_that_was_refused_is_ended_before_the_next(tmp_path: Path) -> None:
    """Found with one letter to a mailbox that takes no mail for now: every letter after it was refused for a nested MAIL."""
    refused = {"RCPT": "450 4.2.1 not now"}
    async with _sending(tmp_path, lambda verb, _: refused.pop(verb, None)) as (server, carry):
        assert [await carry() for _ in range(3)] == ["4.2.1", "2.0.0", "2.0.0"]
    assert server.heard == [[*OPENING, "MAIL", "RCPT", "RSET", *ONE, *ONE, "QUIT"]]


async def test_a_letter_whose_end_was_sent_is_not_sent_again_by_the_same_attempt(tmp_path: Path) -> None:
    """The server may have kept it; the queue tries again later."""

    def says(verb: str, _connection: int) -> str | None:
        return "421 4.3.2 going down" if verb == "the dot" and len(server.heard[0]) > len(OPENING + ONE) else None

    async with _sending(tmp_path, says) as (server, carry):
        assert [await carry() for _ in range(2)] == ["2.0.0", "4.3.2"]
    assert server.heard == [[*OPENING, *ONE, *ONE]]
