"""The HTTP server: one application behind a listener in clear or in TLS.

Of a TLS connection the application finds what the ASGI TLS extension names in `scope["extensions"]["tls"]`: the version, and the client's
certificate where it showed one, which the listener has verified.
"""

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
"""The numbers that the extension wants."""
_GOODBYE_SECONDS = 0.2


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process belongs to whoever started the simulator."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol that lets a service hang up without an answer, and tells what TLS knows of the client."""

    _tls: dict[object, object] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        shown = transport.get_extra_info("ssl_object")
        self._tls = _told(shown) if shown is not None else None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["hang_up"] = self.transport.close
        if self._tls is not None:
            self.scope["extensions"] = {"tls": self._tls}

    def shutdown(self) -> None:
        super().shutdown()
        cycle: Any = self.cycle  # None before the first request
        if self._tls is not None and (cycle is None or cycle.response_complete):
            self.loop.call_later(_GOODBYE_SECONDS, self.transport.abort)  # who is idle may never read, nor answer, the goodbye of TLS


def _told(shown: ssl.SSLObject) -> dict[object, object]:
    octets = shown.getpeercert(binary_form=True)
    chain = [x509.load_der_x509_certificate(octets).public_bytes(Encoding.PEM).decode("ascii")] if octets else []
    return {"tls_version": _VERSIONS.get(shown.version() or ""), "client_cert_chain": chain, "client_cert_error": None}


class HttpListener:
    """One port that an application is served on, until `close`."""

    def __init__(self, app: Any, tls: ssl.SSLContext | None, patience_seconds: float) -> None:
        config = uvicorn.Config(
            app, http=_Protocol, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=int(patience_seconds)
        )
        config.load()
        config.ssl = tls
        self._server = _Server(config)
        self._patience_seconds = patience_seconds
        self._task: asyncio.Task[None] | None = None

    async def open(self, listener: socket.socket) -> None:
        """Serve what comes to a socket that listens already."""
        self._task = asyncio.create_task(self._server.serve([listener]))
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn offers no event to wait for
            await asyncio.sleep(0.001)

    async def close(self) -> None:
        """Take nothing new, let what is under way end."""
        self._server.should_exit = True
        if self._task is not None:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._task, self._patience_seconds)
