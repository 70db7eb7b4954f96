"""TLS before HTTP: each handshake has its time, and only so many are under way.

The listener that the HTTP server opens is in clear, and goes on here: a connection that never says a word of TLS, or never ends its
handshake, would otherwise be counted nowhere. Nothing is read before the handshake begins, so nothing said in clear is ever heard.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any


class Handshakes:
    """The connections of one port whose handshake has not ended; at most `most`, each for `seconds`."""

    def __init__(self, context: ssl.SSLContext, served: Callable[..., asyncio.Protocol], most: int, seconds: float) -> None:
        self.context = context
        self.most = most
        self.seconds = seconds
        self.under_way: set[asyncio.Transport] = set()
        self._served = served

    def begin(self, **served_with: Any) -> asyncio.Protocol:
        """The protocol of a new connection: this one, then what it serves, which is made with these arguments."""
        return _Handshake(self, self._served(**served_with))

    def close(self) -> None:
        """Cut what is under way."""
        for transport in list(self.under_way):
            transport.abort()


class _Handshake(asyncio.Protocol):
    """What a connection speaks to until it is in TLS."""

    def __init__(self, all_: Handshakes, served: asyncio.Protocol) -> None:
        self._all = all_
        self._served = served
        self._early = b""  # came with the end of the handshake
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # of a socket that streams
        if len(self._all.under_way) >= self._all.most:
            transport.abort()
            return
        transport.pause_reading()
        self._all.under_way.add(transport)
        self._task = asyncio.create_task(self._shake(transport))

    def data_received(self, data: bytes) -> None:
        self._early += data

    async def _shake(self, clear: asyncio.Transport) -> None:
        loop, all_ = asyncio.get_running_loop(), self._all
        try:
            secured = await loop.start_tls(clear, self, all_.context, server_side=True, ssl_handshake_timeout=all_.seconds)
        except (OSError, RuntimeError):  # no TLS, too slow, hung up; what was hung up on before it began has no socket
            clear.abort()
            return
        finally:
            all_.under_way.discard(clear)
        if secured is None or secured.is_closing():
            return
        secured.set_protocol(self._served)
        self._served.connection_made(secured)
        if self._early:
            self._served.data_received(self._early)
