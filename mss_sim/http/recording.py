"""What clients ask over HTTP, and what they are answered, as evidence keeps it (`evidence/runs.py`): the outermost layer of all.

Who drives or watches the world is no client of it: nothing below /control is recorded, nor pages, health, metrics, the documentation.

What the layers below know of a request they leave in its state: `who`, the idNat; `client_id`, of Pro Santé Connect; `refusal`, why it was
refused; `fault`, what failed on purpose.
"""

import hashlib
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

_UNRECORDED = ("/control", "/ui", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics")
_DOORS = {"/auth": Door.PSC, PSC_CALLBACK: Door.PSC, "/mailpit/": Door.MAILPIT, "/fhir/": Door.DIRECTORY}
_COMMAND_BYTES_MAX = 200
_UNREAD = b"(a request that was not read)"
_REFUSING = 400
_NOTED = frozenset({"client_id", "fault"})
_NOTHING: dict[str, Any] = {}
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
        at, began = self._clock.now(), self._runs.now()
        body = None if scope["method"] in _READING else _Body(receive, counted=_sends_letter(door, scope))
        answered: Message | None = None
        transcript: Transcript | None = None
        exchange = Exchange(at)

        async def answer(message: Message) -> None:
            nonlocal answered, transcript
            if message["type"] == "http.response.start":
                answered = message
            else:
                if transcript is None:  # by now it is known who asks
                    transcript = self._keep(exchange, door, scope, answered, body)
                octets = message.get("body")
                if octets:
                    exchange.sent += len(octets)
                    transcript.costs.octets_out += len(octets)
            await send(message)

        try:
            await self._app(scope, receive if body is None else body.receive, answer)
        finally:
            if transcript is None:
                self._keep(exchange, door, scope, answered, body)
            exchange.seconds = self._runs.now() - began

    def _keep(self, exchange: Exchange, door: Door, scope: Scope, answer: Message | None, body: "_Body | None") -> Transcript:
        """Find the session that an exchange belongs to, and have it there."""
        state, headers, method, query = scope.get("state") or _NOTHING, scope["headers"], scope["method"], scope["query_string"]
        connection, client = state.get("connection"), scope.get("client")
        fields, name = connection.head(headers) if connection is not None else head_of(headers)
        line = exchanges.request_line(method, scope.get("raw_path") or scope["path"].encode("utf-8", "replace"), query)
        exchange.head, exchange.fields = line, fields
        status, refusal = state.get("cut", (None, state.get("refusal")))  # cut by the server, whatever the application answers
        if answer is not None and status is None:
            status, exchange.answer = answer["status"], exchanges.answer_fields(answer["headers"])
        exchange.answered = status
        asking = Asking(door, client[0] if client else "local", name, state.get("who"), connection)
        reads = method in _READING and b"wait=" not in query
        key = body.digest if body is not None else None
        transcript = self._runs.add(asking, exchange, line[:_COMMAND_BYTES_MAX], reads=reads, key=key)
        costs = transcript.costs
        costs.octets_in += len(line) + len(fields)
        costs.octets_out += len(exchange.answer)
        if body is not None:
            exchange.received = body.size
            costs.octets_in += body.size
        if state.keys() & _NOTED:
            _note(transcript, exchange, state)
        if door in _LETTER:
            _count_letters(transcript, door, scope, status)
        if refusal is not None or (status or 0) >= _REFUSING:
            _note_refusal(transcript, exchange, refusal)
        return transcript

    def note_unread(self, peer: str, connection: HttpConnection, status: int, refusal: Refusal | None) -> None:
        """Keep what was answered to a client before its request was one: nobody knows yet at which door."""
        exchange = Exchange(self._clock.now())
        exchange.head, exchange.answered, exchange.seconds = _UNREAD, status, 0.0
        transcript = self._runs.add(Asking(Door.PUBLIC, peer, b"", None, connection), exchange, _UNREAD, reads=False)
        _note_refusal(transcript, exchange, refusal)


class _Body:
    """The body of a request on its way to the application: its size, and of a letter what tells it from others."""

    def __init__(self, receive: Receive, *, counted: bool) -> None:
        self._receive = receive
        self._hash = hashlib.blake2b(digest_size=16) if counted else None
        self.size = 0

    async def receive(self) -> Message:
        """What the client sends."""
        message = await self._receive()
        octets = message.get("body")
        if octets:
            self.size += len(octets)
            if self._hash is not None:
                self._hash.update(octets)
        return message

    @property
    def digest(self) -> bytes | None:
        """What tells a letter from others, in whatever pieces it came; None for what is none."""
        return None if self._hash is None else self._hash.digest()


def _sends_letter(door: Door, scope: Scope) -> bool:
    return door is Door.REST and scope["method"] == "POST" and scope["path"].endswith("/messages")


def _count_letters(transcript: Transcript, door: Door, scope: Scope, status: int | None) -> None:
    if status == HTTPStatus.OK and scope["method"] == "GET":
        _, found, rest = scope["path"].rpartition(_LETTER[door])
        transcript.costs.letters_read += bool(found) and rest.partition("/")[2] in ("", "raw")
    elif status == HTTPStatus.CREATED and _sends_letter(door, scope):
        transcript.took()


def _note(transcript: Transcript, exchange: Exchange, state: dict[str, Any]) -> None:
    if "client_id" in state:
        transcript.facts["client_id"] = state["client_id"]
    if "fault" in state:
        exchange.event = state["fault"]
        transcript.faults += 1


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
    if path == "/" or path.startswith(_UNRECORDED):
        return None
    return next((door for begin, door in _DOORS.items() if path.startswith(begin)), Door.PUBLIC)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)
