"""What clients ask over HTTP, and what they are answered, as evidence keeps it (`evidence/runs.py`): the outermost layer of all.

Who drives or watches the world is no client of it: nothing below /control is recorded, nor health, metrics, the documentation.

What the layers below know of a request they leave in its state: `who`, the idNat; `client_id`, of Pro Santé Connect; `refusal`, why it was
refused; `fault`, what failed on purpose.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mss_sim.clock import Clock
from mss_sim.core.psc.oauth_errors import OAuthError
from mss_sim.errors import Refusal
from mss_sim.evidence import exchanges
from mss_sim.evidence.exchanges import Exchange
from mss_sim.evidence.refusals import Why, whys
from mss_sim.evidence.runs import Asking, HttpConnection, Runs, head_of
from mss_sim.evidence.transcripts import Transcript
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.psc import PSC_CALLBACK
from mss_sim.words.sentence import quoted

_UNRECORDED = ("/control", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics")
_DOORS = {"/auth": Door.PSC, PSC_CALLBACK: Door.PSC, "/mailpit/": Door.MAILPIT}
_COMMAND_BYTES_MAX = 200
_UNREAD = b"(a request that was not read)"
_READING = frozenset({"GET", "HEAD"})
_LETTER = {Door.REST: "/messages/", Door.MAILPIT: "/message/"}


class Recording:
    """The HTTP application, recorded."""

    def __init__(self, app: ASGIApp, runs: Runs, clock: Clock) -> None:
        self._app = app
        self._runs = runs
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and keep what was said."""
        door = door_of(scope["path"]) if scope["type"] == "http" else None
        if door is None:
            await self._app(scope, receive, send)
            return
        heard = _Heard(self._runs, self._clock, door, scope, receive, send)
        try:
            await self._app(scope, heard.receive, heard.send)
        finally:
            heard.end()

    def note_unread(self, peer: str, connection: HttpConnection, status: int, refusal: Refusal | None) -> None:
        """Keep what was answered to a client before its request was one: nobody knows yet at which door."""
        exchange = Exchange(self._clock.now(), _UNREAD)
        exchange.answered, exchange.seconds = status, 0.0
        transcript = self._runs.add(Asking(Door.PUBLIC, peer, b"", None, connection), exchange, _UNREAD, reads=False)
        _note_refusal(transcript, exchange, refusal)


class _Heard:
    """One request on its way through the application."""

    __slots__ = ("_began", "_clock", "_digest", "_door", "_exchange", "_loop", "_receive", "_runs", "_scope", "_send", "_transcript")

    def __init__(self, runs: Runs, clock: Clock, door: Door, scope: Scope, receive: Receive, send: Send) -> None:
        self._runs, self._clock, self._door, self._scope = runs, clock, door, scope
        self._receive, self._send = receive, send
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._digest = 0
        self._transcript: Transcript | None = None
        self._exchange = Exchange(clock.now(), b"")

    async def receive(self) -> Message:
        """What the client sends, whose size is told and no more."""
        message = await self._receive()
        body = message.get("body")
        if body:
            self._exchange.received += len(body)
            if self._sends_letter:
                self._digest = hash((self._digest, body))
        return message

    async def send(self, message: Message) -> None:
        """What the application answers."""
        if message["type"] == "http.response.start":
            self._begin(message)
        else:
            size = len(message.get("body", b""))
            self._exchange.sent += size
            if self._transcript is not None:
                self._transcript.costs.octets_out += size
        await self._send(message)

    def end(self) -> None:
        """The answer is whole, or never will be."""
        if self._transcript is None:
            self._begin(None)
        self._exchange.seconds = self._loop.time() - self._began

    def _begin(self, answer: Message | None) -> None:
        """The exchange belongs to its session as soon as it is answered: by then it is known who asks."""
        scope, exchange = self._scope, self._exchange
        state: dict[str, Any] = scope.get("state") or {}
        connection = state.get("connection")
        fields, name = connection.head(scope["headers"]) if connection is not None else head_of(scope["headers"])
        path = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
        line = exchanges.request_line(scope["method"], path, scope["query_string"])
        exchange.head, exchange.fields = line, fields
        status, refusal = state.get("cut", (None, state.get("refusal")))  # cut by the server, whatever the application answers
        if status is not None:
            exchange.answered = status
        elif answer is not None:
            exchange.answered = answer["status"]
            exchange.answer = exchanges.answer_fields(answer["headers"])
        client = scope.get("client")
        asking = Asking(self._door, client[0] if client else "local", name, state.get("who"), connection)
        reads = scope["method"] in _READING and b"wait=" not in scope["query_string"]
        key = b"%d" % self._digest if self._sends_letter else None
        transcript = self._transcript = self._runs.add(asking, exchange, line[:_COMMAND_BYTES_MAX], reads=reads, key=key)
        transcript.costs.octets_in += len(line) + len(fields) + exchange.received
        transcript.costs.octets_out += len(exchange.answer)
        if "client_id" in state:
            transcript.facts["client_id"] = state["client_id"]
        if "fault" in state:
            exchange.event = state["fault"]
            transcript.faults += 1
        if self._door in _LETTER:
            self._count_letters(transcript)
        if refusal is not None or (exchange.answered or 0) >= HTTPStatus.BAD_REQUEST:
            _note_refusal(transcript, exchange, refusal)

    @property
    def _sends_letter(self) -> bool:
        return self._scope["method"] == "POST" and self._door is Door.REST and self._scope["path"].endswith("/messages")

    def _count_letters(self, transcript: Transcript) -> None:
        method, path, status = self._scope["method"], self._scope["path"], self._exchange.answered
        if method == "GET" and status == HTTPStatus.OK:
            _, found, rest = path.rpartition(_LETTER[self._door])
            transcript.costs.letters_read += bool(found) and rest.partition("/")[2] in ("", "raw")
        elif status == HTTPStatus.CREATED and self._sends_letter:
            transcript.took()


def _note_refusal(transcript: Transcript, exchange: Exchange, refusal: Refusal | OAuthError | None) -> None:
    status = exchange.answered or 0
    if isinstance(refusal, Refusal):
        found = whys(refusal)
    elif refusal is not None:
        found = (Why(refusal.code, refusal.description, "rfc6749#5.2"),)
    else:
        found = (Why(None, quoted(_phrase(status))),)
    transcript.refuse(str(status or ""), *found)
    first = found[0]
    reference = f" ({first.reference})" if first.reference else ""
    exchange.refused = f"refused: {first.rule}: {first.detail.in_language(Language.EN)}{reference}" if first.rule else ""


def door_of(path: str) -> Door | None:
    """The door that a path leads to; None for what is not recorded."""
    if path.startswith("/api/"):
        return Door.REST
    if path.startswith(_UNRECORDED):
        return None
    return next((door for begin, door in _DOORS.items() if path.startswith(begin)), Door.PUBLIC)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)
