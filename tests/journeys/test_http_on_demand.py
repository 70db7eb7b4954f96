"""HTTP is loaded at its first connection: nobody is refused meanwhile, mail goes on, and the simulator stops whenever it is told to."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from mss_sim import log
from mss_sim.app.http_doors import HttpDoors
from mss_sim.app.http_on_demand import HttpOnDemand
from mss_sim.net.listening import bind


class Served:
    """What stands for a listener: it answers each connection with one word, until it is closed."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None

    async def open(self, listener: socket.socket) -> None:
        self._server = await asyncio.start_server(self._answer, sock=listener)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"served\n")
        writer.close()
        await writer.wait_closed()

    async def close(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()


class Doors:
    def behind(self, _tls: ssl.SSLContext | None, _patience_seconds: float) -> Served:
        return Served()


class Loads:
    """Counts how often the front ends were made."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count, self._error = 0, error

    def __call__(self, _doors: type[HttpDoors]) -> Any:
        self.count += 1
        if self._error:
            raise self._error
        return Doors()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    one = bind("http", "127.0.0.1", 0)
    yield one
    one.close()


async def _asked(listener: socket.socket) -> bytes:
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


async def test_who_comes_while_it_is_loaded_is_answered_and_it_is_loaded_once(listener: socket.socket) -> None:
    loads = Loads()
    on_demand = HttpOnDemand({listener: None}, loads, 1)
    await on_demand.listen()
    await asyncio.sleep(0.05)
    assert loads.count == 0
    assert await asyncio.gather(*(_asked(listener) for _ in range(20))) == [b"served\n"] * 20
    assert loads.count == 1
    await on_demand.close()


async def test_what_nobody_asked_is_closed_unloaded(listener: socket.socket) -> None:
    loads = Loads()
    on_demand = HttpOnDemand({listener: None}, loads, 1)
    await on_demand.listen()
    await on_demand.close()
    _, writer = await asyncio.open_connection(*listener.getsockname())
    await asyncio.sleep(0.05)
    writer.close()
    assert loads.count == 0


async def test_a_stop_does_not_wait_for_what_is_being_loaded(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()

    async def never(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "to_thread", never)
    on_demand = HttpOnDemand({listener: None}, Loads(), 1)
    await on_demand.listen()
    _, writer = await asyncio.open_connection(*listener.getsockname())
    await asyncio.wait_for(asked.wait(), 5)
    await asyncio.wait_for(on_demand.close(), 1)
    writer.close()


async def test_a_loop_that_cannot_watch_a_socket_loads_before_it_is_ready(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    def add_reader(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_reader", add_reader)
    loads = Loads()
    on_demand = HttpOnDemand({listener: None}, loads, 1)
    await on_demand.listen()
    monkeypatch.undo()
    assert loads.count == 1
    assert await _asked(listener) == b"served\n"
    await on_demand.close()


async def test_what_cannot_be_loaded_is_told_and_its_ports_are_closed(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Log:
        def exception(self, event: str) -> None:
            told.append(f"{event}: {sys.exception()}")

    monkeypatch.setattr(log, "get", lambda _: Log())
    where = listener.getsockname()
    on_demand = HttpOnDemand({listener: None}, Loads(RuntimeError("a broken front end")), 1)
    await on_demand.listen()
    reader, writer = await asyncio.open_connection(*where)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(reader.readexactly(1), 5)
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*where)
    assert told == ["HTTP could not be loaded; its ports are closed: a broken front end"]
    await on_demand.close()
