"""Clients that send ahead and read late: nothing that they said in clear is executed in TLS, and every command is answered."""

import asyncio
import contextlib
import itertools
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvloop

from mss_sim.app.simulator import Simulator
from mss_sim.net import turns
from tests.clients import DOCTOR, control
from tests.conftest import StartSimulator

Loop = Callable[[], asyncio.AbstractEventLoop]
PORTS = ["submission", "mx", "imap"]
AHEAD = {"submission": b"VRFY a\r\n", "mx": b"VRFY a\r\n", "imap": b"a CAPABILITY\r\n"}
LAST = {"submission": b"HELP\r\n", "mx": b"HELP\r\n", "imap": b"z NOOP\r\n"}
ANSWERED = {"submission": b"214 ", "mx": b"214 ", "imap": b"z OK"}
START_TLS = {"submission": b"STARTTLS\r\n", "mx": b"STARTTLS\r\n", "imap": b"z STARTTLS\r\n"}
GO = {"submission": b"220 2.0.0", "mx": b"220 2.0.0", "imap": b"z OK"}
REFUSED = (b"503 5.5.1", b"* BYE")
IN_CLEAR = {
    "submission": b"EHLO injected.example\r\nNOOP\r\n",
    "mx": b"EHLO injected.example\r\nNOOP\r\n",
    "imap": b"injected CAPABILITY\r\n",
}
MORE_THAN_FITS = 4_000  # answers of 60 bytes and more: more than the narrow sockets and the server's own buffer hold


LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
"""What reads and writes is the event loop: the standard one, and the one that `mss-sim run` takes."""


def narrow(port: int) -> None:
    """Give the connections that this process takes on a port from now on the smallest send buffer there is."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found = socket.socket(fileno=int(descriptor.name))
            if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) and found.getsockname()[1] == port:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
            found.detach()


def connect(simulator: Simulator, port: str) -> socket.socket:
    """A client with little room for answers."""
    number = simulator.ready()[port]["port"]
    narrow(number)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.settimeout(10)
    client.connect(("127.0.0.1", number))
    client.recv(1_000)
    return client


def read_until(client: socket.socket, *marks: bytes) -> bytes:
    """The end of what the server said, once one of the marks stands in its last line or it hung up; it fails after ten silent seconds."""
    end = b""
    while not any(mark in end[end[:-2].rfind(b"\n") + 1 :] for mark in marks):
        with contextlib.suppress(ConnectionResetError):
            if octets := client.recv(65_536):
                end = (end + octets)[-2_000:]
                continue
        return end
    return end


def hear(client: socket.socket, mark: bytes) -> bytes:
    """The same; the mark must come."""
    end = read_until(client, mark)
    assert mark in end
    return end


def run(loop: Loop, scene: Coroutine[Any, Any, Any]) -> Any:
    """Play a scene on that kind of event loop."""
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(scene)


async def with_client(simulator: Simulator, port: str, play: Callable[[socket.socket], Any]) -> Any:
    """Play a blocking client beside the server."""

    def run() -> Any:
        with connect(simulator, port) as client:
            return play(client)

    with ThreadPoolExecutor(1) as thread:  # of its own: the server's reads wait for the common ones
        return await asyncio.get_running_loop().run_in_executor(thread, run)


@LOOPS
@pytest.mark.parametrize("port", PORTS)
def test_who_reads_late_gets_every_answer(start: StartSimulator, loop: Loop, port: str) -> None:
    def play(client: socket.socket) -> None:
        client.sendall(AHEAD[port] * MORE_THAN_FITS)
        time.sleep(0.3)  # the server waits for us to read, and then:
        client.sendall(LAST[port])
        time.sleep(0.3)
        hear(client, ANSWERED[port])

    async def scene() -> None:
        async with start() as simulator:
            await with_client(simulator, port, play)

    run(loop, scene())


def inject(simulator: Simulator, port: str, client: socket.socket, commands: int, behind: int) -> bytes:
    """Say something in clear while the go-ahead for TLS waits behind answers that are not taken yet; what TLS then brings unasked."""
    client.sendall(AHEAD[port])
    size = len(client.recv(1_000))
    client.sendall(AHEAD[port] * commands + START_TLS[port])
    taken = 0
    while taken < size * commands - behind:
        taken += len(client.recv(4_096))
    time.sleep(0.3)  # the server answers until nothing fits any more
    client.sendall(IN_CLEAR[port])
    if GO[port] not in read_until(client, GO[port], *REFUSED):
        return b""
    context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])
    with contextlib.suppress(ssl.SSLError, ConnectionError), context.wrap_socket(client, server_hostname="localhost") as secure:
        secure.settimeout(1)
        with contextlib.suppress(TimeoutError):
            return secure.recv(1_000)
    return b""


@LOOPS
@pytest.mark.parametrize("port", PORTS)
def test_what_comes_in_clear_while_the_go_ahead_waits_is_never_executed(start: StartSimulator, loop: Loop, port: str) -> None:
    """RFC 3207 4.2, RFC 9051 6.2.1: the class of CVE-2011-0411. Whether the go-ahead waits depends on how much is answered and not taken
    before it: clients that differ in that try at once."""
    chances = itertools.product(range(MORE_THAN_FITS, MORE_THAN_FITS + 1_300, 200), range(40_000, 100_000, 20_000))

    async def scene() -> set[bytes]:
        async with start() as simulator:
            clients = [partial(inject, simulator, port, commands=commands, behind=behind) for commands, behind in chances]
            return set(await asyncio.gather(*(with_client(simulator, port, play) for play in clients)))

    assert run(loop, scene()) == {b""}


async def test_commands_behind_compress_are_refused_and_none_is_taken_for_compressed(simulator: Simulator) -> None:
    """RFC 4978 3: no command before the answer to COMPRESS."""
    context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])

    def play(client: socket.socket) -> None:
        client.sendall(START_TLS["imap"])
        hear(client, GO["imap"])
        with context.wrap_socket(client, server_hostname="localhost") as secure:
            secure.sendall(b"l LOGIN camille.martin cabinet-2026\r\n")
            hear(secure, b"l OK")
            secure.sendall(b"c COMPRESS DEFLATE\r\nn NOOP\r\n")
            assert b"c BAD wait for the answer" in hear(secure, b"n OK")
            secure.sendall(b"d COMPRESS DEFLATE\r\n")
            hear(secure, b"d OK")
            deflater, inflater = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)
            secure.sendall(deflater.compress(b"e NOOP\r\n") + deflater.flush(zlib.Z_SYNC_FLUSH))
            assert b"e OK" in inflater.decompress(secure.recv(1_000))

    await with_client(simulator, "imap", play)


@pytest.mark.parametrize("port", PORTS)
async def test_who_takes_no_answers_is_dropped(start: StartSimulator, port: str) -> None:
    async with start(smtp_command_timeout_seconds=0.5, imap_login_timeout_seconds=0.5) as simulator:

        def play(client: socket.socket) -> None:
            client.sendall(AHEAD[port] * MORE_THAN_FITS)

            until = time.monotonic() + 10
            while simulator.connections.count() + simulator.imap_connections.count():
                assert time.monotonic() < until
                time.sleep(0.02)

        await with_client(simulator, port, play)


async def test_a_loss_of_rights_while_answers_leave_is_told_at_once(simulator: Simulator) -> None:
    """What happened while the client was slow to read is not forgotten: it need not speak again to hear of it."""
    context = ssl.create_default_context(cafile=simulator.ready()["ca_file"])

    def play(client: socket.socket) -> bytes:
        client.sendall(START_TLS["imap"])
        hear(client, GO["imap"])
        with context.wrap_socket(client, server_hostname="localhost") as secure:
            secure.sendall(f"l LOGIN {DOCTOR}*camille.martin cabinet-2026\r\n".encode())
            hear(secure, b"l OK")
            secure.sendall(AHEAD["imap"] * MORE_THAN_FITS)
            time.sleep(0.3)
            asyncio.run_coroutine_threadsafe(disabled(), loop).result(10)
            time.sleep(0.3)
            return hear(secure, b"* BYE")

    async def disabled() -> None:
        identity = next(one for one in simulator.ready()["personas"] if one["role"] == "doctor")["idnat"]
        answer = await control(simulator, "PATCH", f"/identities/{identity}", json={"enabled": False})
        assert answer.status_code == 200

    loop = asyncio.get_running_loop()
    assert b"disabled" in await with_client(simulator, "imap", play)


async def test_silence_in_data_may_be_shorter_than_between_commands(start: StartSimulator) -> None:
    async with start(smtp_data_timeout_seconds=0.5, smtp_command_timeout_seconds=300, peers_proof="domain") as simulator:

        def play(client: socket.socket) -> bytes:
            client.sendall(b"EHLO a\r\nMAIL FROM:<contact@clinique-pins.sim.mssante.fr>\r\n")
            client.sendall(f"RCPT TO:<{DOCTOR}>\r\nDATA\r\n".encode())
            hear(client, b"354 ")
            client.sendall(b"Subject: x\r\n")
            return hear(client, b"421 ")

        assert b"421 4.4.2" in await with_client(simulator, "mx", play)


@pytest.mark.parametrize("port", PORTS)
async def test_a_client_that_vanishes_leaves_no_session_behind(simulator: Simulator, port: str) -> None:
    before = asyncio.all_tasks()
    _, writer = await asyncio.open_connection("127.0.0.1", simulator.ready()[port]["port"])
    writer.write(AHEAD[port])
    async with asyncio.timeout(20):
        await _until(lambda: not asyncio.all_tasks() <= before)
        writer.transport.abort()
        await _until(lambda: asyncio.all_tasks() <= before)


async def _until(holds: Callable[[], bool]) -> None:
    for _ in itertools.repeat(None):
        if holds():
            return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("port", PORTS)
async def test_who_asks_for_one_thing_at_a_time_does_not_stand_in_line(
    simulator: Simulator, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn is over at once here; only what has come already is put off until the others had theirs."""
    monkeypatch.setattr(turns, "ROUND_SECONDS", -1.0)
    lines, wait = list[int](), turns.Turns.wait

    async def counted(self: turns.Turns) -> None:
        lines.append(1)
        await wait(self)

    monkeypatch.setattr(turns.Turns, "wait", counted)

    def ask(client: socket.socket) -> list[int]:
        seen = []
        for many in (1, 20):
            for _ in range(5):
                client.sendall(AHEAD[port] * (many - 1) + LAST[port])
                hear(client, ANSWERED[port])
            seen.append(len(lines))
        return seen

    one_by_one, ahead = await with_client(simulator, port, ask)
    assert one_by_one == 0
    assert ahead >= 50
