"""Visits: what people read on pages, one after the other, as files; pages are read without a browser.

# a comment
> doctor /ui/as/doctor/        somebody opens a page; `-` is whoever drives the simulator
> doctor link Journal          somebody follows the first link that begins so, of the page read last, or what a frame so called shows
> doctor below /source         somebody opens a place below that page
> doctor button Garder | name=x  somebody sends the form of that button, its fields filled in; `name=` empties one, `name+=x` adds another,
    `name#=1,3` chooses the first and the third of what is offered, `name@=a.txt text/plain Texte` is a file; `Garder #2`: the second
> clock 3 days                 the time of the world passes
What stands under a step is all that the page says then, line by line; `… 12` are so many that a page before it in the file said too:
`[name](where)` is a link, `‹name=value›` a field, `«name»` a button. What no two worlds have in common is `…` too, ids, tokens, ports and
sizes; times are those of a clock that stands still. A page that is no 200 says so first, and before it where a form led (`→ place`), the
cookies that a browser is given, the headers of what is no page, and of a page those that other pages have not.

`python -m tests.pages.visiting [NAME…]` writes into the files what pages say now: whoever changes a page does, and reads the difference.
"""

import hashlib
import re
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from zipfile import ZipFile

import httpx
from httpx import QueryParams

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.carers import make_carer
from tests.clients import Person
from tests.conftest import StartSimulator
from tests.pages.morning import live
from tests.pages.people import form_token, settled
from tests.written_anew import write_anew

_ENGLISH = "# in English"
FILES = sorted((Path(__file__).parent / "visits").glob("*.visit"))
_LINES = frozenset({"p", "li", "tr", "h1", "h2", "h3", "h4", "div", "section", "form", "fieldset", "legend", "label", "dt", "dd"})
_LINES |= {"summary", "pre", "caption", "nav", "ul", "ol", "dl", "table", "details", "option", "br"}
_ALONE = frozenset({"input", "br", "img", "hr", "link", "meta", "wbr", "rect", "line", "path", "use", "circle"})
_MARKED = re.compile(r"\b(?:verdict|kind|of|step|side|seats|bar)-\w+")
_PAGES_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "content-disposition": "",
    "clear-site-data": "",
}
"""What a browser is told of every page."""
_VARYING = tuple(
    (re.compile(form), instead)
    for form, instead in (
        (r"\b[FMT]?[0-7][0-9a-z]{12}\b", "…"),
        (r"\bhttps?://(?:localhost|127\.0\.0\.1):\d+", "…"),
        (r"(?<=127\.0\.0\.1:)\d+", "…"),
        (r"(?<=/ui/kiosk/)[0-9a-f]{12}", "…"),
        (r"(?<=port )\d{4,5}\b", "…"),
        (r"\d+(?:\.\d+)?@test\.sim[a-z.]*", "…@test.sim.mssante.fr"),
        (r"(?<=…\.)[0-9a-f]{8}(?=@)", "…"),
        (r"={15}\d+==", "…"),
        (r"\bTLS_[A-Z0-9_]+\b", "TLS_…"),
        (r"(?<=Idempotency-Key)(\W+)[\w-]{22}", r"\1…"),
        (r"\d\d/\d\d/\d{4} \| [0-9a-f]+…(?=\(/ui/control/certificates)", "…"),
        (r"[0-9a-f]{36,40}", "…"),
        (r"(?<![\w-])[\w-]{43}(?![\w-])", "…"),
        (r"(?<=python-httpx)(/|%2F)[0-9.]+", r"\1…"),
        (r"\d+(?:[.,]\d)? (?:o|ko|B|kB)(?=\b|sur|of)", "… o"),  # names of messages have not all as many digits
        (r"^\d{3,6}$", "…"),
        (r"(?<=after=)\d+", "…"),
        (r"(?<=expires=)[^;]+", "…"),
        (r"(?<=answered after )[0-9.]+", "…"),
        (r"(?<=part-)[0-9a-f]{32}", "…"),
    )
)


@dataclass(slots=True)
class Form:
    """A form: where it goes, its fields, what is offered for each, and its buttons with what they add and where they go instead."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    offered: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """The main part of a page, as lines, links and forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self.links: list[tuple[str, str]] = []
        self.forms: list[Form] = []
        self._in_main = "<main" not in html
        self._open: list[tuple[str, dict[str, str | None], str]] = []
        self._named: dict[str, Form] = {}
        self.feed(html)
        self.lines = [line for line in (" ".join(one.split()) for one in self.lines) if line]

    def _say(self, text: str) -> None:
        self.lines[-1] += text if self._in_main else ""
        self._open = [(tag, given, said + text) for tag, given, said in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in_main = self._in_main or tag == "main"
        if tag in _LINES:
            self.lines.append("")
        if tag == "form":
            form = self._named.setdefault(given["id"] or "", Form("", "")) if given.get("id") else Form("", "")
            form.action, form.method = given.get("action") or "", given.get("method") or "get"
            self.forms.append(form)
        if tag == "input":
            self._input(given)
        if tag == "iframe":
            self.links.append((given.get("title") or "", given.get("src") or ""))
        self._mark(tag, given)
        if tag not in _ALONE:
            self._open.append((tag, given, ""))

    def _mark(self, tag: str, given: dict[str, str | None]) -> None:
        """What people see or hear that is no text: the look of a verdict, a hint in a field, what a frame shows, what is listened to."""
        for found in _MARKED.findall(given.get("class") or ""):
            self._say(f" [{found}] ")
        for name in ("placeholder", "title", "alt", "src", "max", "data-live", "data-suggestions"):
            value = given.get(name)
            if value and tag not in ("script", "link"):
                self._say(f" {{{name} {value}}} ")

    def _form(self, given: dict[str, str | None]) -> Form | None:
        if given.get("form"):
            return self._named.setdefault(given["form"] or "", Form("", ""))
        return self.forms[-1] if any(tag == "form" for tag, _, _ in self._open) else None

    def _input(self, given: dict[str, str | None]) -> None:
        name, value, kind = given.get("name") or "", given.get("value") or "", given.get("type") or "text"
        form, ticked = self._form(given), "checked" in given
        if form is not None:
            form.names.add(name)
            form.offered.setdefault(name, []).append(value)
        if form is not None and name and (kind not in ("checkbox", "radio") or ticked):
            form.fields.append((name, value))
        if name not in ("token", "key", "back"):
            shown = f"{name}={value}" + (f" {kind}" if kind != "text" else "") + (" ticked" if ticked else "")
            self._say(f" ‹{shown}› ")

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._in_main = False
        if tag in _ALONE:
            return
        while self._open:
            opened, given, said = self._open.pop()
            self._closed(opened, given, " ".join(said.split()))
            if opened == tag:
                break
        if tag in _LINES:
            self.lines.append("")
        elif tag in ("td", "th"):
            self._say(" | ")

    def _closed(self, tag: str, given: dict[str, str | None], said: str) -> None:
        if tag == "a" and given.get("href") and self._in_main:
            self.links.append((said, given["href"] or ""))
            self._say(f"({given['href']})")
        elif tag == "button":
            name, value = given.get("name") or "", given.get("value") or ""
            form = self._form(given)
            if form is not None:
                form.names.add(name)
                form.buttons.append((said, name, value, given.get("formaction") or ""))
            self._say(f" «{f'{name}={value}' if name else ''}» ")
        elif tag == "option":
            select = next((known for tag_, known, _ in reversed(self._open) if tag_ == "select"), {})
            form = self._form(select)
            value = given.get("value", said) or ""
            if form is not None:
                form.names.add(select.get("name") or "")
                form.offered.setdefault(select.get("name") or "", []).append(value)
            if form is not None and ("selected" in given or not any(name == select.get("name") for name, _ in form.fields)):
                form.fields = [one for one in form.fields if one[0] != select.get("name")] + [(select.get("name") or "", value)]
            self._say(f" ‹{select.get('name')}={value}{' chosen' if 'selected' in given else ''}› ")
        elif tag == "textarea":
            form = self._form(given)
            if form is not None:
                form.names.add(given.get("name") or "")
                form.fields.append((given.get("name") or "", said))
            self._say(f" ‹{given.get('name')}› ")
        elif given.get("data-part"):
            self._say(f" {{part {given['data-part']}}} ")

    def handle_data(self, data: str) -> None:
        if not any(tag in ("script", "style") for tag, _, _ in self._open):
            self._say(re.sub(r"\s+", " ", data))


def told(answer: httpx.Response) -> list[str]:
    """What an answer says, line by line, without what varies."""
    every = [*answer.history, answer]
    first = [f"→ {one.headers['location']}" for one in answer.history]
    first += [f"(cookie {value})" for one in every for value in one.headers.get_list("set-cookie")]
    first += [] if answer.status_code == 200 else [f"({answer.status_code})"]
    page = answer.headers.get("content-type", "").startswith("text/html")
    usual = _PAGES_HEADERS if page else dict.fromkeys(_PAGES_HEADERS, "")
    first += [f"({name}: {answer.headers.get(name, '')})" for name in usual if answer.headers.get(name, "") != usual[name]]
    return [*filter(None, map(_steady, [*first, *_lines(answer)]))]


def _lines(answer: httpx.Response) -> list[str]:
    """Of what is no text its digest, or of an archive what it holds."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "text/html":
        return Page(answer.text).lines
    if kind == "application/zip":
        with ZipFile(BytesIO(answer.content)) as archive:
            return sorted(archive.namelist())
    if kind.startswith(("text/", "message/")) or kind.endswith(("json", "pem-file")):
        return answer.text.splitlines()
    return [hashlib.sha256(answer.content).hexdigest()[:16]] if answer.content else []


def _steady(line: str) -> str:
    for form, instead in _VARYING:
        line = form.sub(instead, line)
    return line.strip()


@dataclass
class Visitor:
    """All who visit pages of one world, each below their own path."""

    simulator: Simulator
    http: httpx.AsyncClient
    clock: ManualClock
    last: httpx.Response | None = None

    async def enter(self, **people: str) -> None:
        """Log people in, each under a name."""
        token = form_token((await self.http.get("/")).text)
        for name, idnat in people.items():
            await self.http.post("/ui/log-in", data={"token": token, "who": idnat, "name": name})

    async def step(self, text: str) -> httpx.Response | None:
        """Take one step; the page to which it leads."""
        _, _, what = text.partition(" ")
        verb, _, rest = what.partition(" ")
        if text.startswith("clock "):
            self.clock.advance(timedelta(days=int(verb)))
            return None
        if verb == "link":
            page = Page(self._page.text)
            place = next((href for said, href in page.links if said.startswith(rest)), None)
            assert place is not None, f"{text}: there are {[said for said, _ in page.links]}"
            self.last = await self._get(urljoin(str(self._page.url), place))
        elif verb == "below":
            self.last = await self._get(f"{self._page.url.path.rstrip('/')}{rest}")
        elif verb == "button":
            self.last = await self._send(rest)
        else:
            self.last = await self._get(what)
        return self.last

    @property
    def _page(self) -> httpx.Response:
        assert self.last is not None
        return self.last

    async def _get(self, place: str) -> httpx.Response:
        return await self.http.get(place, follow_redirects=True)

    async def _send(self, text: str) -> httpx.Response:
        called, *given = (one.strip() for one in text.split(" | "))
        name, _, which = called.partition(" #")
        page = Page(self._page.text)
        filled = {one.partition("=")[0].rstrip("+#@") for one in given}
        found = [(form, one) for form in page.forms for one in form.buttons if one[0] == name and filled <= form.names]
        assert found, f"{name}: there are {[one[0] for form in page.forms for one in form.buttons]}"
        form, (_, key, value, instead) = found[int(which or 1) - 1]
        fields, files = list(form.fields) + ([(key, value)] if key else []), []
        for one in given:
            how, _, said = one.partition("=")
            field_ = how.rstrip("+#@")
            if how.endswith("@"):
                called, kind, content = said.split(" ", 2)
                files.append((field_, (called, content.encode(), kind)))
                continue
            values = [form.offered[field_][int(number) - 1] for number in said.split(",")] if how.endswith("#") else [said] if said else []
            fields = [each for each in fields if how.endswith("+") or each[0] != field_] + [(field_, value) for value in values]
        place = urljoin(str(self._page.url), instead or form.action)
        if form.method.lower() == "post":
            together: dict[str, Any] = {}
            for key, value in fields:
                together.setdefault(key, []).append(value)
            first = await self.http.post(place, data=together, files=files or None)
            await settled(self.simulator)  # so that the page it leads to tells what came of it
            if first.next_request is None:
                return first
            led = await self.http.send(first.next_request, follow_redirects=True)
            led.history.insert(0, first)
            return led
        return await self.http.get(place, params=QueryParams(tuple(fields)), follow_redirects=True)


def read(text: str) -> list[str]:
    """The steps of a file, its comments and the empty lines between, without what is said."""
    return [line for line in text.splitlines() if line.startswith(("> ", "# ")) or not line]


async def visited(start: StartSimulator, text: str) -> str:
    """A file with what pages say now, in a world of its own, in which the people of the cabinet have worked for a morning."""
    clock, said = ManualClock(), []
    async with start(clock=clock, relay="direct", peers_proof="domain") as simulator:
        await live(simulator)
        await settled(simulator)
        carer = await make_carer(simulator)
        cookies = {"mss-sim-language": "en"} if text.startswith(_ENGLISH) else {}
        async with httpx.AsyncClient(base_url=simulator.ready()["http"], cookies=cookies, timeout=20) as http:
            visitor = Visitor(simulator, http, clock)
            idnats = {role: Person(simulator, role).idnat for role in ("doctor", "secretary", "patient")}
            await visitor.enter(**idnats, carer=carer.idnat)
            for step in read(text):
                page = await visitor.step(step[2:]) if step.startswith("> ") else None
                said.append((step, told(page) if page is not None else []))
    return _kept(said)


def _kept(said: list[tuple[str, list[str]]]) -> str:
    """A file as it is kept: so many lines of a page that one before in this file said too, one behind the other, are `… 12`."""
    kept: list[str] = []
    known: set[tuple[str, str]] = set()
    for step, lines in said:
        kept.append(step)
        pairs = list(zip(["", *lines], lines, strict=False))
        for old, those in groupby(pairs, key=known.__contains__):
            found = [line for _, line in those]
            kept += [f"… {len(found)}"] if old else found
        known.update(pairs)
    return "".join(f"{line}\n" for line in kept)


if __name__ == "__main__":
    write_anew(FILES, visited, sys.argv[1:])
