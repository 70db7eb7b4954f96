"""Calls: who asks an HTTP door for what, one after the other, as files, and all that is answered.

# a comment
> doctor POST /api/v1/mailboxes/…/messages {"to": […]} -> sent    somebody of the cabinet asks, with a body in JSON; the answer gets a name
> - GET /control/messages/{sent.email_id}                         whoever drives the simulator asks; {…} stood in an answer before
> - POST /control/import text/csv "a;b\\r\\n"                     the body is a text of another type, written as in JSON
> directory GET /fhir/v2/metadata                                 somebody asks who shows the key of the national directory
> settled                                                         no letter is under way any more
> clock PT1H                                                      the time of the world passes
What stands under a call is the whole answer: the status, the headers that say what it is, and the body, JSON on as few lines as fit. An id
has a number by when it was first seen, so that one which stands in two places is seen to be the same; what no two worlds have in common is
`…`. A body that is no text is told by its type alone.

Letters go from one operator to another at once (`relay=direct`): by the default way two that are under way together come in either order,
and a file would not be the same twice. What holds of that way is asked by contracts and journeys, which have the defaults.

`python -m tests.calls.calling [NAME…]` writes what doors answer now into the files: whoever changes an answer does, and reads the
difference.
"""

import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.clients import Person
from tests.conftest import StartSimulator
from tests.pages.people import settled
from tests.written_anew import write_anew

FILES = sorted((Path(__file__).parent / "played").glob("*.calls"))
_HEADERS = ("content-disposition", "location", "cache-control", "retry-after", "link", "allow")
_WIDTH = 140
_ID = re.compile(r"(?<![0-9a-z])(?:(?<=[\"/ <=])[a-z])?[0-7][0-9a-hj-km-np-tv-z]{12}(?![0-9a-z])")
_VARYING = tuple(
    (re.compile(form), instead)
    for form, instead in (
        (r"\bhttps?://(?:localhost|127\.0\.0\.1):\d+", "…"),
        (r"(?<=127\.0\.0\.1:)\d+", "…"),
        (r"(?<=_page\?id=)[\w-]+", "…"),
        (r"\beyJ[\w-]+\.[\w-]+\.[\w-]+", "…"),
        (r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "…"),
        (r"\b(00\d)-\d{9}-\d{9}\b", r"\1-…"),
        (r"\bwhsec_[\w+/=]+", "whsec_…"),
        (r"(?<![\w-])[\w-]{43}(?![\w-])", "…"),
        (r"-----BEGIN CERTIFICATE-----[^\"]*", "…"),
        (r"[A-Za-z0-9+/]{200,}=*", "…"),
        (r'(?<="size_bytes": )\d{5,}|(?<="ships": false, "size_bytes": )\d+', '"…"'),
        (r'(?<=Z", "seconds": )[\d.e-]+', '"…"'),
        (r'(?<="not_before": )"[^"]+"|(?<="not_after": )"[^"]+"', '"…"'),
        (r"\b\d{18}\b", "…"),
        (r"(?<=\.)[0-9a-f]{8}(?=@)", "…"),
        (r"={15}\d+==", "…"),
        (r"\bTLS_[A-Z0-9_]+\b", "TLS_…"),
        (r"\b[0-9a-f]{36,64}\b", "…"),
        (r"\b\d+(?:\.\d+)? ms\b", "… ms"),
        (r"python-httpx/[0-9.]+", "python-httpx/…"),
    )
)


class Caller:
    """Who plays the calls of one file, and knows what was answered."""

    def __init__(self, simulator: Simulator, http: httpx.AsyncClient, clock: ManualClock) -> None:
        self._simulator, self._http, self._clock = simulator, http, clock
        self._answers: dict[str, Any] = {}
        self._ids: dict[str, str] = {}

    async def step(self, text: str) -> list[str]:
        """Take one step; the lines of its answer."""
        if text == "settled":
            await settled(self._simulator)
            return []
        if text.startswith("clock "):
            hours = int(text.removeprefix("clock PT").removesuffix("H"))
            self._clock.advance(timedelta(hours=hours))
            return []
        asked, _, name = text.partition(" -> ")
        who, method, path, *rest = asked.split(" ", 3)
        options: dict[str, Any] = {}
        if rest and (typed := re.fullmatch(r"([a-z]+/[a-z0-9+.-]+) (.*)", rest[0])):
            options = {"headers": {"Content-Type": typed[1]}, "content": json.loads(self._filled(typed[2])).encode()}
        elif rest:
            options = {"json": json.loads(self._filled(rest[0]))}
        if who == "directory":
            options["headers"] = {**options.get("headers", {}), "ESANTE-API-KEY": self._simulator.ready()["directory"]["api_key"]}
        elif who != "-":
            account = Person(self._simulator, who).account
            options["auth"] = (account["login"], account["password"])
        answer = await self._http.request(method, self._filled(path), **options)
        if name:
            self._answers[name] = answer.json()
        return self._told(answer)

    def _filled(self, text: str) -> str:
        def found(way: re.Match[str]) -> str:
            name, *steps = way[1].split(".")
            value = self._answers[name]
            for one in steps:
                value = value[int(one)] if isinstance(value, list) else value[one]
            return str(value)

        return re.sub(r"\{(\w+(?:\.\w+)*)\}", found, text)

    def _told(self, answer: httpx.Response) -> list[str]:
        media_type = answer.headers.get("content-type", "")
        lines = [f"{answer.status_code} {media_type}".strip()]
        lines += [f"{name}: {answer.headers[name]}" for name in _HEADERS if name in answer.headers]
        if media_type.partition(";")[0].endswith("json"):
            lines += _laid_out(json.loads(self._alike(json.dumps(answer.json(), ensure_ascii=False))))
        elif media_type.startswith(("text/", "message/", "application/xml", "application/yaml")):
            lines += [f"| {line}" for line in answer.text.splitlines()]
        return [self._alike(line) for line in lines]

    def _alike(self, line: str) -> str:
        for form, instead in _VARYING:
            line = form.sub(instead, line)
        return _ID.sub(lambda id_: self._ids.setdefault(id_[0], f"‹{len(self._ids) + 1}›"), line)


def _laid_out(value: Any, before: str = "", indent: int = 0) -> list[str]:
    """JSON on one line where it fits, else on a line for each of its parts."""
    whole = " " * indent + before + json.dumps(value, ensure_ascii=False)
    if len(whole) <= _WIDTH or not isinstance(value, dict | list) or not value:
        return [whole]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    parts = [(f'"{key}": ', one) for key, one in value.items()] if isinstance(value, dict) else [("", one) for one in value]
    lines: list[str] = []
    for name, one in parts:
        inner = _laid_out(one, name, indent + 1)
        if lines and len(inner) == 1 and not lines[-1].endswith(("}", "]", "{", "[")) and len(lines[-1]) + len(inner[0]) < _WIDTH:
            lines[-1] += ", " + inner[0].lstrip()
        else:
            lines += inner
    return [" " * indent + before + opening, *lines, " " * indent + closing]


async def played(start: StartSimulator, text: str) -> str:
    """A file with what doors answer now, in a world of its own; its first line may give settings: `# settings {…}`."""
    clock, said = ManualClock(), []
    first = text.partition("\n")[0]
    settings = json.loads(first.removeprefix("# settings ")) if first.startswith("# settings ") else {}
    async with (
        start(clock=clock, **{"relay": "direct", "peers_proof": "domain", **settings}) as simulator,
        httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as http,
    ):
        caller = Caller(simulator, http, clock)
        for line in (one for one in text.splitlines() if one.startswith(("> ", "# ")) or not one):
            said += [line, *(await caller.step(line[2:]) if line.startswith("> ") else ())]
    return "".join(f"{line}\n" for line in said)


if __name__ == "__main__":
    write_anew(FILES, played, sys.argv[1:])
