"""Every page of the simulator, with something on it: found by following links, as somebody does who has not written them.

A new page of `mss_sim/web` is among them by itself. One that no link leads to is nobody's page: a test fails for its route, until
another page links it, or it stands in `BEGINNINGS`. A page that looks otherwise by what is asked of it, and is not linked so, stands in
`FURTHER`.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
from playwright.async_api import BrowserContext

from mss_sim.app.simulator import Simulator
from mss_sim.web.application import ROUTES
from mss_sim.web.personas import KIOSK
from tests.clients import DOCTOR
from tests.pages.morning import live
from tests.relying_party import RelyingParty

PEOPLE = ("doctor", "secretary", "patient")
BEGINNINGS = ("/", "/ui/duo?left=doctor&right=secretary", *(f"/ui/as/{one}/" for one in PEOPLE))
"""Where people begin; all else is behind links."""
_IDLE = "pharmacist"
_DOCTORS = f"/ui/as/doctor/mailboxes/{DOCTOR}"
FURTHER = {
    "a list without letters": f"{_DOCTORS}?folder=Archive",
    "a search that finds nothing": f"{_DOCTORS}?text=nulle-part",
    "who works in a town": "/ui/as/secretary/directory?place=paris",
    "nobody in the directory": "/ui/as/secretary/directory?q=nulle-part",
    "an address that is not found": "/ui/as/doctor/directory?address=personne@medecin.sim.mssante.fr",
    "letters of nobody": "/ui/letters?text=nulle-part",
    "sessions of nobody": "/ui/sessions?client=personne",
    "a story before it begins": "/ui/duo?story=patient",
    "what is not there": "/ui/letters/nothing",
    "a mailbox of others": "/ui/as/secretary/mailboxes/nobody@cabinet.sim.mssante.fr",
    "who has no mailbox": f"/ui/as/{_IDLE}/",
}
"""What no link leads to, by what it shows."""
_PATIENT = "claire.fontaine"
_UNLINKED = frozenset({"/ui/events"})
_EACH_MAX = 30
"""Of how many addresses that differ only by their values the fullest page is taken."""
_PASSING = frozenset({"after", "cursor", "play"})


@dataclass(frozen=True, slots=True)
class Address:
    """One page: what it is called, the path that is opened, and how many characters it has."""

    name: str
    path: str
    length: int = 0


class _Links(HTMLParser):
    """What a page leads to: pages by links and frames; parts of itself, files and streams, which are no pages."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pages: list[str] = []
        self.others: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ("href", "src", "data-part", "data-live", "data-suggestions"):
            place = given.get(name)
            if place and (tag in ("a", "iframe", "img") or name.startswith("data-")):
                (self.others if name.startswith("data-") or "download" in given or tag == "img" else self.pages).append(place)


@dataclass(slots=True)
class Everywhere:
    """The pages of one world in which people have worked."""

    http: httpx.AsyncClient
    pages: list[Address] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    """The routes that something leads to."""

    @classmethod
    async def of(cls, simulator: Simulator) -> "Everywhere":
        """Let a morning pass, log its people in, and look everywhere."""
        await live(simulator)
        async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=20) as http:
            found = cls(http)
            story = await found._log_in({one["role"]: one["idnat"] for one in simulator.ready()["personas"]})
            await found._look([*BEGINNINGS, story])
            found.pages += [Address(name, path) for name, path in FURTHER.items()]
            found.pages = await found._at_the_kiosk() + found.pages
        found.pages += await _of_pro_sante_connect(simulator)
        return found

    async def enter(self, browser: BrowserContext) -> None:
        """Let a browser be everybody who logged in."""
        base = str(self.http.base_url)
        host = urlsplit(base).hostname or ""
        kept: list[Any] = [{"name": one.name, "value": one.value or "", "domain": host, "path": one.path} for one in self.http.cookies.jar]
        await browser.add_cookies(kept)

    async def _log_in(self, people: dict[str, str]) -> str:
        """Log people in, alone and side by side, and begin a story; its address."""
        token = (await self.http.get("/")).text.partition('name="token" value="')[2].partition('"')[0]
        for role in (*PEOPLE, _IDLE):
            made = await self.http.post("/ui/log-in", data={"token": token, "who": people[role], "name": role})
            assert made.status_code == 303, made.text
        seats = {"token": token, "left": "doctor", "right": "secretary"}
        assert (await self.http.post("/ui/duo/log-in", data=seats)).status_code == 303
        begun = await self.http.post("/ui/duo/begin", data={"token": token, "story": "delegation"})
        assert begun.status_code == 303, begun.text
        return str(begun.headers["location"])

    async def _at_the_kiosk(self) -> list[Address]:
        """Its pages, which are to be looked at first: a patient sits down, and is logged out when nobody touches the screen."""
        others, self.pages = self.pages, []
        welcome = await self.http.get(KIOSK)
        token = welcome.text.partition('name="token" value="')[2].partition('"')[0]
        begun = await self.http.post(KIOSK, data={"token": token, "who": _PATIENT})
        assert begun.status_code == 303, begun.text
        await self._look([begun.headers["location"], f"{begun.headers['location']}still-there"])
        found, self.pages = self.pages, others
        return found

    async def _look(self, beginnings: list[str]) -> None:
        """Follow links; of pages that differ by their values alone keep the fullest."""
        coming, seen, fullest = deque(beginnings), set[str](), dict[str, list[Address]]()
        while coming:
            path = coming.popleft()
            route = self._route(path)
            if route is None or path in seen:
                continue
            seen.add(path)
            kind = _kind(route, path)
            known = fullest.setdefault(kind, [])
            if len(known) == _EACH_MAX:
                continue
            answer = await self.http.get(path)
            if answer.is_redirect:
                coming.appendleft(urljoin(path, answer.headers["location"]))
            if not answer.text.startswith("<!doctype html>"):
                continue
            assert answer.status_code == 200, path
            known.append(Address(kind, path, len(answer.text)))
            links = _Links(answer.text)
            coming.extend(urljoin(path, one).partition("#")[0] for one in links.pages)
            for one in links.others:
                self._route(urljoin(path, one))
        self.pages += [max(known, key=lambda one: one.length) for known in fullest.values() if known]

    def _route(self, path: str) -> str | None:
        """The route that answers a path; noted as reached."""
        asked = urlsplit(path)
        found = next((route for route, form in _FORMS if form.fullmatch(asked.path)), None) if not asked.netloc else None
        if found:
            self.reached.add(found)
        return found

    def missed(self) -> set[str]:
        """The routes that nothing leads to."""
        return {route for route, _ in _FORMS} - self.reached - _UNLINKED


_FORMS = sorted(
    (
        (path, re.compile(re.sub(r"\\\{\w+(:path)?\\\}", lambda value: ".+" if value[1] else "[^/]+", re.escape(path))))
        for method, path, _ in ROUTES
        if method == "GET"
    ),
    key=lambda one: ("{" in one[0].rpartition("/")[2], one[0]),
)
"""Routes with a word at their end before those with a value there."""


def _kind(route: str, path: str) -> str:
    """What a page is called: by its route, and by what is asked of it, but for what passes."""
    asked = sorted(name for name in parse_qs(urlsplit(path).query) if name not in _PASSING)
    return f"{route}?{'&'.join(asked)}" if asked else route


async def _of_pro_sante_connect(simulator: Simulator) -> list[Address]:
    """The pages of Pro Santé Connect, with somebody who waits for an approval."""
    async with RelyingParty.of(simulator) as party:
        form = {"login_hint": "899700420013", "scope": "openid scope_all", "binding_message": "42", "acr_values": "eidas1"}
        assert (await party.post("ext/ciba/auth", **form)).status_code == 200
        asked = {"client_id": party.client_id, "redirect_uri": party.redirect_uri, "response_type": "code", "scope": "openid scope_all"}
        more = {"acr_values": "eidas1", "state": "st", "nonce": "no", "prompt": "login"}
        log_out = urlsplit(f"{party.issuer}/protocol/openid-connect/logout").path
    return [
        Address("psc log-in", f"/auth?{urlencode(asked | more)}"),
        Address("psc approvals", "/auth/approvals"),
        Address("psc refused", f"/auth?{urlencode(asked | {'client_id': 'nobody'})}"),
        Address("psc callback", "/callback?code=f4a1c2&state=st&iss=https://auth.example&session_state=a1"),
        Address("psc nothing given", "/callback"),
        Address("psc log-out", log_out),
        Address("psc persona", "/control/psc/personas/new"),
    ]
