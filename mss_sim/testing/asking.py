"""Requests to the HTTP port of a world, asked without blocking: each on a connection of its own, as the loop of the simulator runs it."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPMessage, HTTPResponse
from io import BytesIO
from typing import Any, cast
from urllib.parse import urlsplit

from mss_sim.testing.documents import Ready

_SECONDS = 330.0  # the longest wait that a world allows, and a little
_JSON = {"Content-Type": "application/json"}


class RestRefused(Exception):
    """The REST API or the control plane refused: `status`, and `problem` as it was answered (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, object]) -> None:
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The rule that refused."""
        return str(self.problem.get("code", ""))


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked: an address of HTTP, fields of the header, octets."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, whatever the status."""

    status: int
    headers: HTTPMessage
    body: bytes


class _Octets:
    """What http.client takes for a connection: it only reads."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def makefile(self, _mode: str) -> BytesIO:
        """The octets as a file."""
        return BytesIO(self._octets)


async def answer(request: Request, seconds: float = _SECONDS) -> Answer:
    """Ask. OSError when nobody is there, TimeoutError after so many seconds, http.client's errors for an answer that is none."""
    there = urlsplit(request.url)
    target = there.path + (f"?{there.query}" if there.query else "")
    headers = {"Host": there.netloc, "Connection": "close", "Content-Length": str(len(request.body or b"")), **request.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(there.hostname, there.port)
        try:
            writer.write(f"{request.method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (request.body or b""))
            octets = await reader.read()
        finally:
            writer.close()
    response = HTTPResponse(cast("Any", _Octets(octets)), method=request.method)
    response.begin()
    return Answer(response.status, response.headers, response.read())


async def ask(request: Request, seconds: float = _SECONDS) -> Any:
    """The JSON that is answered, None where nothing is; RestRefused for a refusal, and errors as above."""
    found = await answer(request, seconds)
    if found.status >= 400:
        raise RestRefused(found.status, _problem(found.body))
    return json.loads(found.body) if found.body else None


def control(ready: Ready, method: str, path: str, body: object = None) -> Request:
    """A request below /control, with the key where there is one."""
    return _request(method, f"{ready['http']}/control{path}", body, {"X-Control-Key": ready["control_key"] or ""})


def rest(ready: Ready, account: tuple[str, str], method: str, path: str, body: object = None) -> Request:
    """A request below /api/v1, by who has this login and password."""
    word = base64.b64encode(":".join(account).encode()).decode()
    return _request(method, f"{ready['http']}/api/v1{path}", body, {"Authorization": f"Basic {word}"})


def _request(method: str, url: str, body: object, headers: Mapping[str, str]) -> Request:
    given = {name: value for name, value in headers.items() if value}
    return Request(method, url, given | _JSON, None if body is None else json.dumps(body).encode())


def _problem(octets: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(octets)
    except ValueError:
        return {"detail": octets[:200].decode("utf-8", "replace")}
    return found if isinstance(found, dict) else {}
