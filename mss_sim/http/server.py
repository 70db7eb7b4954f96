"""The HTTP server: one application behind a listener in clear or in TLS, with limits on connections, heads, bodies and time.

| a client that                                                              | is                          |
|----------------------------------------------------------------------------|-----------------------------|
| comes when too many are there                                              | told 503                    |
| says nothing, or does not end its handshake, for `head_seconds`            | cut                         |
| takes longer than `head_seconds` for a head, or sends over `head_bytes`    | told 408, 431               |
| is silent in a body for `body_seconds`, or slower than 500 bytes a second  | told 408                    |
| takes nothing of its answers for `body_seconds`                            | cut                         |

For TLS the application finds the fields of the ASGI TLS extension in `scope["extensions"]["tls"]`: the version, and the client's
certificate where it presented one, which the listener has verified.
"""

import asyncio
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mss_sim.config.settings import Settings
from mss_sim.errors import Refusal, Rule
from mss_sim.evidence.runs import HttpConnection
from mss_sim.evidence.tls_facts import facts_of
from mss_sim.http.problems import problem, written
from mss_sim.http.recording import Recording
from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import say

_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}
"""The numbers that the extension requires."""
_GOODBYE_SECONDS = 0.2
_LINGER_SECONDS = 2.0
_BODY_BYTES_PER_SECOND_MIN = 500
_PIECE_BYTES = 65_536


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, as the process belongs to its starter, and with a time limit for TLS handshakes."""

    def __init__(self, config: uvicorn.Config, handshake_seconds: float) -> None:
        super().__init__(config)
        self._handshake_seconds = handshake_seconds

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        config, loop = self.config, asyncio.get_running_loop()

        def made() -> asyncio.Protocol:
            return config.http_protocol_class(config=config, server_state=self.server_state, app_state=self.lifespan.state)  # type: ignore[call-arg]

        limit = self._handshake_seconds if config.ssl is not None else None
        self.servers = [
            await loop.create_server(made, sock=one, ssl=config.ssl, ssl_handshake_timeout=limit, backlog=config.backlog)
            for one in sockets or ()
        ]
        self.started = True


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The limits of one port: connections, bytes of a head, seconds for a head, seconds of silence in a body."""

    connections: int
    head_bytes: int
    head_seconds: float
    body_seconds: float


def _in_this_protocol(piece: bytes) -> bytes:
    """A head without its wish to go on in another protocol, which a server may pass over (ref: rfc9110#7.8); Java wishes so by default.

    The parser would take the body for that protocol. Only a head that came whole is changed, and nothing behind it.
    """
    end = piece.find(b"\r\n\r\n")
    head = piece[: max(end, 0)]
    if b"pgrade" not in head.lower() or b"\n\n" in head:
        return piece
    return _UPGRADE.sub(b"\r\nx-not-upgraded:", head) + piece[end:]


_UPGRADE = re.compile(rb"\r\nupgrade[ \t]*:", re.IGNORECASE)


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol with the limits above; lets a service hang up without an answer, and passes on the TLS facts of the client."""

    limits: ConnectionLimits
    language: Language
    recording: Recording
    _connection: HttpConnection
    _tls: dict[object, object] | None = None
    _timer: asyncio.TimerHandle | None = None
    url = b""
    _deadline = 0.0
    _head_bytes: int | None = 0  # None: the head of the request under way is complete
    _body = _beside_body = _unread = 0
    _body_began = 0.0
    _refused = _stuck = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        shown = transport.get_extra_info("ssl_object")
        self._tls = _told(shown) if shown is not None else None
        self._connection = HttpConnection(partial(facts_of, shown) if shown is not None else None)
        self._wait(self.limits.head_seconds)
        if len(self.connections) > self.limits.connections:
            why = say("Too many connections; close some, or try again later.")
            self._refuse(Refusal(Rule.TOO_MANY_CONNECTIONS, why, reference="rfc9110#15.6.4"), b"retry-after: 1\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Split a read at the limit of the head, so that exactly the received bytes are counted."""
        while data and not self._refused and not self.transport.is_closing():
            room = _PIECE_BYTES if self._head_bytes is None else min(_PIECE_BYTES, self.limits.head_bytes - self._head_bytes)
            if room <= 0:
                why = say("The head of a request has at most {most} bytes.", most=self.limits.head_bytes)
                self._refuse(Refusal(Rule.HEAD_TOO_LARGE, why, reference="rfc6585#5"))
                return
            piece, data = data[:room], data[room:]
            self._take(piece)

    def _take(self, piece: bytes) -> None:
        if self._head_bytes is None:
            self._beside_body += len(piece)  # the body itself is subtracted again as it is read
            self._wait_for_body()
        else:
            if self._head_bytes == 0:
                self._wait(self.limits.head_seconds)
            whole = self._head_bytes == 0
            self._head_bytes += len(piece)
            piece = _in_this_protocol(piece) if whole else piece
        super().data_received(piece)
        if self._beside_body > self.limits.head_bytes + 16 * self._body:  # sizes of chunks, and what follows the last one
            why = say("What stands beside the body of a request has at most {most} bytes.", most=self.limits.head_bytes)
            self._refuse(Refusal(Rule.HEAD_TOO_LARGE, why, reference="rfc6585#5"))

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        self._beside_body -= len(body)
        super().on_body(body)

    def on_headers_complete(self) -> None:
        self._head_bytes, self._body, self._beside_body = None, 0, 0
        self._body_began = self.loop.time()
        self._wait_for_body()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._head_bytes = 0
        self._deadline = 0.0  # the server's turn

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._head_bytes is None:  # answered before the body was read: the rest of it has its own time limit
            self._wait_for_body()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck, self._unread = True, self.transport.get_write_buffer_size()
        self._wait(self.limits.body_seconds)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stuck = False

    def _wait_for_body(self) -> None:
        """Received bytes extend the wait, by the time that they take at the lowest speed."""
        earned = self._body_began + self._body / _BODY_BYTES_PER_SECOND_MIN - self.loop.time()
        self._wait(self.limits.body_seconds + min(0.0, earned))

    def _wait(self, seconds: float) -> None:
        """A single timer per connection, reset only when it fires."""
        self._deadline = self.loop.time() + seconds
        if self._timer is None or self._timer.when() > self._deadline:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.loop.call_at(self._deadline, self._look_at_clock)

    def _look_at_clock(self) -> None:
        self._timer = None
        now = self.loop.time()
        if self._deadline > now:
            self._timer = self.loop.call_at(self._deadline, self._look_at_clock)
        elif self._refused or self.transport.is_closing():
            self.transport.abort()
        elif self._stuck:
            self._look_at_answers()
        elif self._deadline and self._head_bytes != 0:
            self._refuse(Refusal(Rule.REQUEST_TOO_SLOW, say("The request took too long to come."), reference="rfc9110#15.5.9"))
        elif self._asked is None:  # connected, and silent
            self.transport.close()

    def _look_at_answers(self) -> None:
        """Keep waiting for a client that reads some of its answers, however slowly."""
        unread = self.transport.get_write_buffer_size()
        if unread >= self._unread:
            self.transport.abort()
            return
        self._unread = unread
        self._wait(self.limits.body_seconds)

    @property
    def _asked(self) -> Any:
        """The last request and its answer; None before the first."""
        return self.cycle

    @property
    def _path(self) -> str:
        """What the request under way asks for, as far as that came."""
        if self._asked is not None and not self._asked.response_complete:
            return str(self._asked.scope["path"])
        return self.url.partition(b"?")[0].decode("latin-1")

    def _refuse(self, refusal: Refusal, more: bytes = b"") -> None:
        """Answer what is not yet a request, or never will be, and hang up once the client had time to read it."""
        self._refused = True
        told = problem(refusal, self.language)
        if self._asked is None or self._asked.response_complete:
            self._note_unread(told["status"], refusal)
        else:
            self._asked.scope["state"]["cut"] = told["status"], refusal
            if self._asked.response_started:
                self.transport.abort()
                return
            self._asked.disconnected = True  # the application sees a disconnected client
            self._asked.message_event.set()
        media_type, body = written(told, self._path)
        title = HTTPStatus(told["status"]).phrase
        head = f"HTTP/1.1 {told['status']} {title}\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
        self.transport.write(head.encode("ascii") + more + b"\r\n" + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._wait(_LINGER_SECONDS)  # closing at once, with client data still arriving, would make the system drop the answer

    def _note_unread(self, status: int, refusal: Refusal | None) -> None:
        self.recording.note_unread(self.client[0] if self.client else "local", self._connection, status, refusal)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._note_unread(HTTPStatus.BAD_REQUEST, None)
        super().send_400_response(msg)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["connection"] = self._connection
        self.scope["state"]["hang_up"] = self.transport.close
        if self._tls is not None:
            self.scope["extensions"] = {"tls": self._tls}

    def shutdown(self) -> None:
        super().shutdown()
        if self._tls is not None and (self._asked is None or self._asked.response_complete):
            self.loop.call_later(_GOODBYE_SECONDS, self.transport.abort)  # an idle client may never answer the close_notify


def _told(shown: ssl.SSLObject) -> dict[object, object]:
    octets = shown.getpeercert(binary_form=True)
    chain = [x509.load_der_x509_certificate(octets).public_bytes(Encoding.PEM).decode("ascii")] if octets else []
    return {"tls_version": _VERSIONS.get(shown.version() or ""), "client_cert_chain": chain, "client_cert_error": None}


class HttpListener:
    """One port that an application is served on, until `close`."""

    def __init__(self, app: Recording, tls: ssl.SSLContext | None, settings: Settings, patience_seconds: float) -> None:
        limits = ConnectionLimits(
            settings.http.connections_max,
            settings.http.head_bytes_max,
            settings.http.head_timeout_seconds,
            settings.http.body_timeout_seconds,
        )
        served = type("_LimitedProtocol", (_Protocol,), {"limits": limits, "language": settings.language, "recording": app})
        config = uvicorn.Config(
            app,
            http=served,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_keep_alive=settings.http.keep_alive_seconds,
            timeout_graceful_shutdown=int(patience_seconds),
            proxy_headers=bool(settings.http.proxies),
            forwarded_allow_ips=list(settings.http.proxies),
        )
        config.load()
        config.ssl = tls
        self._server = _Server(config, limits.head_seconds)
        self._patience_seconds = patience_seconds
        self._task: asyncio.Task[None] | None = None

    async def open(self, listener: socket.socket) -> None:
        """Serve a socket that is already listening."""
        self._task = asyncio.create_task(self._server.serve([listener]))
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn offers no event to wait for
            await asyncio.sleep(0.001)

    async def close(self) -> None:
        """Accept nothing new, let requests under way end."""
        self._server.should_exit = True
        if self._task is not None:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._task, self._patience_seconds)
