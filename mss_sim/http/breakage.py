"""Faults over HTTP: REST, Pro Santé Connect and the white list as a rule has them. Nothing else of HTTP fails.

| action     | what a client sees                                                                     |
|------------|----------------------------------------------------------------------------------------|
| reply      | that status: a problem document, an error of OAuth, a line of text                     |
| delay      | the answer, late                                                                       |
| throttle   | the answer, trickling                                                                  |
| drop       | no answer, before or after the act; the beginning of one; or an answer and the end     |
| truncate   | a shorter body whose length agrees                                                     |
| malformed  | a body that is no JSON                                                                 |

Who asks is taken by their word, as the rule is not about rights: the login of Basic, the idNat of a token.
"""

import asyncio
import base64
from contextlib import suppress
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.faults.actions import Delay, Drop, Malformed, Reply, Throttle, Truncate
from mss_sim.faults.faults import Fault
from mss_sim.faults.rules import Facts
from mss_sim.fhir.bundles import outcome
from mss_sim.http import outcomes
from mss_sim.http.leaving import until_gone
from mss_sim.http.problems import FAULT_HEADER, MEDIA_TYPE, problem
from mss_sim.vocabulary.directory import BASE, EXTRACTIONS, WRITE_BASE
from mss_sim.vocabulary.faults import DropMoment, Point
from mss_sim.vocabulary.psc import PSC_REALM
from mss_sim.words.sentence import Sentence

_PROTOCOL = f"{PSC_REALM}/protocol/openid-connect/"
_ENDPOINTS = {
    "/auth": "AUTHORIZE",
    "/auth/login": "LOGIN",
    "/auth/approvals": "APPROVALS",
    f"{_PROTOCOL}token": "TOKEN",
    f"{_PROTOCOL}userinfo": "USERINFO",
    f"{_PROTOCOL}token/introspect": "INTROSPECT",
    f"{_PROTOCOL}revoke": "REVOKE",
    f"{_PROTOCOL}ext/ciba/auth": "CIBA",
    f"{_PROTOCOL}certs": "JWKS",
    f"{_PROTOCOL}logout": "LOGOUT",
}
_POINTS = (Point.REST, Point.PSC, Point.WHITE_LIST, Point.DIRECTORY)
_WITHOUT_BODY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
_WHITE_LIST = ("/listeblanchemssante.xml", "/checksum")
_MAILBOXES = "/api/v1/mailboxes/"
_GONE_SECONDS = 2.0


class Breakage:
    """The outermost layer of the HTTP application, where something may be asked to fail."""

    def __init__(self, app: ASGIApp, *, core: Core) -> None:
        self._app = app
        self._core = core

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, or what a rule has instead."""
        faults = self._core.world.faults
        if scope["type"] != "http" or not any(map(faults.at, _POINTS)):
            await self._app(scope, receive, send)
            return
        point, verb = _seam(scope["path"], scope["method"])
        fault = faults.find(point, self._facts(Request(scope), verb)) if point is not None else None
        if point is None or fault is None:
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["fault"] = fault.event
        match fault.action:
            case Reply() as action:
                state["refusal"] = Refusal(Rule.FAULT, fault.sentence(action.text), reference="quirks#faults")
                await self._reply(point, fault, action)(scope, receive, send)
            case Drop(DropMoment.BEFORE):
                await _hang_up(scope, receive)
            case _:
                await self._answer(fault, scope, receive, send)

    async def _answer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if isinstance(fault.action, Delay):
            await asyncio.sleep(fault.action.seconds)
        answer = _Answer(fault, send)
        await self._app(scope, receive, answer.take)
        leaving, gone = asyncio.ensure_future(answer.leave()), asyncio.ensure_future(until_gone(receive))
        await asyncio.wait({leaving, gone}, return_when=asyncio.FIRST_COMPLETED)  # who trickles to nobody would do so for days
        gone.cancel()
        if not leaving.done():
            leaving.cancel()
            return
        await leaving
        if isinstance(fault.action, Drop):
            await _hang_up(scope, receive)

    def _reply(self, point: Point, fault: Fault, action: Reply) -> Response:
        status, told = int(action.code), fault.sentence(action.text)
        media_type, body = self._told(point, status, told)
        return Response(body, status_code=status, media_type=media_type, headers={FAULT_HEADER: fault.rule})

    def _told(self, point: Point, status: int, told: Sentence) -> tuple[str, bytes]:
        """(media type, body) of a failure, as the clients of that point expect one."""
        language = self._core.world.settings.language
        if point is Point.REST:
            refusal = Refusal(Rule.FAULT, told, reference="quirks#faults")
            return MEDIA_TYPE, orjson.dumps({**problem(refusal, language), "status": status})
        if point is Point.PSC:
            error = "temporarily_unavailable" if status >= 500 else "invalid_request"
            return "application/json", orjson.dumps({"error": error, "error_description": told.in_language(language)})
        if point is Point.DIRECTORY:
            return _of_directory(status, told.in_language(language))
        return "text/plain", told.in_language(language).encode()

    def _facts(self, request: Request, verb: str) -> Facts:
        path, length = request.scope["path"], request.headers.get("content-length", "")
        mailbox = path[len(_MAILBOXES) :].partition("/")[0].lower() if path.startswith(_MAILBOXES) else ""
        return Facts(
            verb,
            mailboxes=(mailbox,) if mailbox else (),
            identities=self._who(request.headers.get("authorization", "")),
            client=request.client.host if request.client else "",
            path=path,
            size_bytes=int(length) if length.isdecimal() else 0,
        )

    def _who(self, header: str) -> tuple[str, ...]:
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "basic":
            with suppress(ValueError):
                return (base64.b64decode(value).decode("utf-8").partition(":")[0],)
        if scheme.lower() == "bearer":
            with suppress(Refusal):
                return (str(self._core.provider.access(value.strip())["SubjectNameID"]),)
        return ()


class _Answer:
    """What the application answers, on its way to the client."""

    def __init__(self, fault: Fault, send: Send) -> None:
        self._fault = fault
        self._send = send
        self._start: Message = {"type": "http.response.start", "status": 500, "headers": []}
        self._body = bytearray()

    async def take(self, message: Message) -> None:
        """What the application sends; at most a letter, which it holds whole anyway."""
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")

    async def leave(self) -> None:
        """Send it as the fault has it."""
        body, action = bytes(self._body), self._fault.action
        match action:
            case Drop(DropMoment.UNANSWERED):
                return
            case Truncate(kept):
                body = body[:kept]
            case Malformed():
                body = f'{{"fault": "{self._fault.rule}", '.encode("ascii")
        await self._send({**self._start, "headers": self._headers(body)})
        match action:
            case Drop(DropMoment.MIDDLE, after):
                await self._send({"type": "http.response.body", "body": body[:after], "more_body": True})
                return
            case Throttle() as slow:
                for piece, seconds in slow.slices(body):
                    await self._send({"type": "http.response.body", "body": piece, "more_body": True})
                    await asyncio.sleep(seconds)
                body = b""
        await self._send({"type": "http.response.body", "body": body})

    def _headers(self, body: bytes) -> list[tuple[bytes, bytes]]:
        """Those of the application, the rule, and the length of a body that is another one now."""
        length = str(len(body)).encode() if body != self._body else None
        own = [(name, length if length and name.lower() == b"content-length" else value) for name, value in self._start["headers"]]
        return [*own, (FAULT_HEADER.lower().encode(), self._fault.rule.encode())]


def _seam(path: str, method: str) -> tuple[Point | None, str]:
    """(point, verb) of a request; no point for the control plane, health, documentation and all else."""
    if path.startswith("/api/"):
        return Point.REST, method
    if path in _WHITE_LIST:
        return Point.WHITE_LIST, ""
    if path.startswith((f"{BASE}/", f"{WRITE_BASE}/")) or path in EXTRACTIONS:
        return Point.DIRECTORY, "PATCH" if method == "PATCH" else _verb_of_directory(path)
    if path.startswith(f"{PSC_REALM}/.well-known/"):
        return Point.PSC, "DISCOVERY"
    verb = _ENDPOINTS.get(path)
    return (Point.PSC, verb) if verb is not None else (None, "")


def _verb_of_directory(path: str) -> str:
    """What is asked of the national directory."""
    steps = [step for step in path.removeprefix(BASE).removeprefix(WRITE_BASE).split("/") if step]
    if path in EXTRACTIONS:
        return "EXTRACTION"
    if steps[:1] in (["_page"], ["metadata"]):
        return steps[0].removeprefix("_").upper()
    return "READ" if len(steps) == 2 and steps[1] != "_search" else "SEARCH"


def _of_directory(status: int, text: str) -> tuple[str, bytes]:
    """Its gateway answers nothing, or what is no FHIR; the server behind it an outcome (ref: ans-annuaire)."""
    if status in _WITHOUT_BODY:
        return "text/plain", b""
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return outcomes.MEDIA_TYPE, orjson.dumps(outcome("exception", text))
    return "application/json", orjson.dumps({"message": text, "http_status_code": status})


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection, and wait until it is: who returns before would be taken for broken."""
    scope["state"]["hang_up"]()
    with suppress(TimeoutError):
        async with asyncio.timeout(_GONE_SECONDS):
            await until_gone(receive)
