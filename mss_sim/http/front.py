"""Checks of every request before its body is read: the host that it names, its sender, its announced size.

| asked                              | of                                       | refusal |
|------------------------------------|------------------------------------------|---------|
| is the Host one of ours?           | all that people and programs ask of us   | 421     |
| who is asking?                     | /api, before a body                      | 401     |
| may they drive the control plane?  | /control and /mailpit, before a body     | 403     |
| is the body within its limits?     | everything                               | 413     |

The Host header tells our own clients from a page of another site, whose name resolves to this machine for a moment (DNS rebinding).

Public resources (the root, certificates, revocation, the white list, the configuration of mail programs, health) are requested under
names that are not the simulator's own, and are served under any. Of a refused body only enough is read for the client to receive the
answer.
"""

import asyncio
import ipaddress
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mss_sim.config.settings import Settings
from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.http import problems
from mss_sim.http.control import check_allowed
from mss_sim.http.dependencies import authenticate, client_of
from mss_sim.http.structure import Values
from mss_sim.vocabulary.psc import PSC_CALLBACK
from mss_sim.words.sentence import say

_HOSTED = ("/api", "/auth", "/control", "/mailpit", "/docs", "/openapi.json", "/ui", PSC_CALLBACK)
_IMPORT = "/control/import"
_LETTERS_BELOW, _LETTERS = ("/api/", "/ui/as/"), ("/messages", "/write")
_HEARD_MAX = 100
_LINGER_BYTES = 1024 * 1024
_LINGER_SECONDS = 2.0
_ENVELOPE_BYTES = 1_000_000  # what a request holds in addition to the letter: people, JSON


class Front:
    """The outermost layer of the HTTP application."""

    def __init__(self, app: ASGIApp, *, core: Core) -> None:
        self._app = app
        self._core = core
        self._hosts = frozenset(_names(core.world.settings))
        self._heard: set[bytes] = set()  # fields that name one of them

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then let the application answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host, size = _named_and_announced(scope)
        try:
            if host not in self._heard:
                self._check_host(scope["path"], host)
            if size is None:  # no body
                await self._app(scope, receive, send)
                return
            request = Request(scope)
            await self._check_sender(request)
            limit = await self._limit(request)
            if size > limit:
                raise _too_large(limit)
        except Refusal as refusal:
            problems.note(self._core, scope, refusal)
            await _refuse(problems.response(refusal, self._core.world.settings.language, scope["path"]), scope, receive, send)
            return
        await self._read_within(limit, scope, receive, send)

    async def _read_within(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application read a body of unannounced size; its answer to a truncated one is not sent."""
        size, most = 0, self._core.world.settings.http.values_max
        values = Values() if _may_be_json(scope) else None
        refusal: Refusal | None = None

        async def counted() -> Message:
            nonlocal size, refusal
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                refusal = _too_large(limit)
            elif values is not None and values.feed(message.get("body", b"")) > most:
                refusal = Refusal(
                    Rule.TOO_LARGE, say("The body holds over {most} values; send fewer at once.", most=most), reference="quirks#http-bounds"
                )
            if refusal is not None:
                raise refusal
            return message

        async def sent(message: Message) -> None:
            if refusal is None:
                await send(message)

        await self._app(scope, counted, sent)
        if refusal is not None:
            scope.setdefault("state", {})["refusal"] = refusal
            await _refuse(problems.response(refusal, self._core.world.settings.language, scope["path"]), scope, receive, send)

    def _check_host(self, path: str, named: bytes) -> None:
        if path != "/" and not path.startswith(_HOSTED):
            return
        host = _host(named.decode("latin-1"))
        if host in self._hosts or _is_address(host):
            if len(self._heard) < _HEARD_MAX:
                self._heard.add(named)
            return
        raise Refusal(
            Rule.HOST_UNKNOWN,
            say(
                "The simulator is not known as {host}: ask for localhost, or name the host in MSS_SIM_HTTP_HOSTS.",
                host=host[:100] or say("nothing"),
            ),
            subject=host[:100],
            reference="rfc9110#7.4",
        )

    async def _check_sender(self, request: Request) -> None:
        """Refuse an unauthorised sender before the body is read; the routes check again for their own acts."""
        path = request.scope["path"]
        if path.startswith("/api/"):
            actor = await authenticate(self._core, request.headers.get("authorization"), client_of(request))
            request.state.actor, request.state.who = actor, actor.identity.idnat
        elif path.startswith(("/control", problems.PLAIN)):
            check_allowed(request, self._core, basic=path.startswith(problems.PLAIN))

    async def _limit(self, request: Request) -> int:
        """The most that a body may hold: a letter, in base64 within JSON or in the parts of a form, where letters are accepted."""
        path = request.scope["path"]
        if request.method == "POST" and path.startswith(_LETTERS_BELOW) and path.endswith(_LETTERS):
            return await self._core.world.directory.ceiling() * 3 // 2 + _ENVELOPE_BYTES
        if request.method == "PUT" and path.startswith("/control/snapshots/"):
            return self._core.world.settings.snapshots.size_bytes_max
        if request.method == "PUT" and path.startswith("/control/seeds/"):
            return self._core.world.settings.seeds.size_bytes_max
        if path == _IMPORT:
            return self._core.world.settings.bulk.bytes_max
        return self._core.world.settings.http.body_bytes_max


def _names(settings: Settings) -> Iterable[str]:
    """The simulator's own host names."""
    yield from ("localhost", settings.host, settings.hostname, *settings.http.hosts)
    yield from (name.lower() for name in settings.certificate.hosts)
    for url in (settings.psc.base_url, settings.psc.wallet_url, settings.psc.mtls_url, settings.igc.url):
        yield (urlsplit(url).hostname or "") if url else "localhost"


def _host(named: str) -> str:
    """The host of a Host header, without its port, in lower case."""
    if named.startswith("["):
        return named[1:].partition("]")[0].lower()
    return named.partition(":")[0].removesuffix(".").lower()


def _is_address(host: str) -> bool:
    """An IP address is not a name that another site could point here."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _may_be_json(scope: Scope) -> bool:
    """Whether a body may be read as JSON, all at once: other types are not, and a file is read line by line."""
    if scope["path"] == _IMPORT:
        return False
    kinds = [value.partition(b";")[0].strip().lower() for name, value in scope["headers"] if name == b"content-type"]
    return not kinds or any(kind.endswith(b"json") for kind in kinds)


def _named_and_announced(scope: Scope) -> tuple[bytes, int | None]:
    """(the Host field, the size of the body in bytes as announced: 0 where it is not, None when there is no body)."""
    host: bytes | None = None
    length: bytes | None = None
    chunked = False
    for name, value in scope["headers"]:
        if name == b"host":
            host = value if host is None else host
        elif name == b"content-length":
            length = value if length is None else length
        elif name == b"transfer-encoding":
            chunked = True
    if length is not None:
        return host or b"", int(length) or None  # the parser accepts only digits
    return host or b"", 0 if chunked else None


def _too_large(limit: int) -> Refusal:
    return Refusal(Rule.TOO_LARGE, say("The request is over {limit} bytes.", limit=limit), reference="rfc9110#15.5.14")


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer and close, after discarding a little of what the client is still sending, so that it can read the answer."""
    response.headers["connection"] = "close"

    async def sent(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        await send({**message, "more_body": True})
        if not any(name == b"expect" for name, _ in scope["headers"]):
            await _drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    await response(scope, receive, sent)


async def _drain(receive: Receive) -> None:
    left = _LINGER_BYTES
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while left > 0:
                message: Any = await receive()
                left -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
