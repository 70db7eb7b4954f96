"""HTTP loaded at its first connection, as systemd starts a service by its socket: the ports listen from the beginning.

A third of a start and a fifth of its memory is the web framework, and who tests mail alone asks nothing over HTTP. The first connection
waits in the backlog until the front ends are loaded, in a thread, for mail is served meanwhile; no client is refused, no request is lost.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from mss_sim import log

if TYPE_CHECKING:
    from mss_sim.app.http_doors import HttpDoors

Listeners = Mapping[socket.socket, ssl.SSLContext | None]


class HttpOnDemand:
    """Listening sockets, each with its TLS, and what makes the front ends of this world from their class."""

    def __init__(self, listeners: Listeners, make: "Callable[[type[HttpDoors]], HttpDoors]", patience_seconds: float) -> None:
        self._listeners = listeners
        self._make = make
        self._patience_seconds = patience_seconds
        self._watched: list[socket.socket] = []
        self._loading: asyncio.Task[None] | None = None
        self._served = AsyncExitStack()
        self._log = log.get("app.http")

    async def listen(self) -> None:
        """Load at the first connection; at once where the event loop cannot tell that one waits (Windows)."""
        loop = asyncio.get_running_loop()
        try:
            for listener in self._listeners:
                loop.add_reader(listener, self._begin)
                self._watched.append(listener)
        except RuntimeError:  # the loops of Windows implement none
            await self._serve()

    async def close(self) -> None:
        """Give up what is being loaded; accept nothing new, let requests under way end."""
        self._unwatch()
        if self._loading is not None:
            self._loading.cancel()
            with suppress(asyncio.CancelledError):
                await self._loading
        await self._served.aclose()

    def _begin(self) -> None:
        self._unwatch()
        self._loading = asyncio.create_task(self._load())

    def _unwatch(self) -> None:
        while self._watched:
            asyncio.get_running_loop().remove_reader(self._watched.pop())

    async def _load(self) -> None:
        try:
            await self._serve()
        except Exception:  # noqa: BLE001 - whatever is wrong with it, mail goes on
            self._log.exception("HTTP could not be loaded; its ports are closed")
            for listener in self._listeners:
                listener.close()

    async def _serve(self) -> None:
        doors = self._make(await asyncio.to_thread(_front_ends))
        for listener, context in self._listeners.items():
            served = doors.behind(context, self._patience_seconds)
            self._served.push_async_callback(served.close)
            await served.open(listener)


def _front_ends() -> "type[HttpDoors]":
    from mss_sim.app.http_doors import HttpDoors  # noqa: PLC0415 - loads the web framework: see above

    return HttpDoors
