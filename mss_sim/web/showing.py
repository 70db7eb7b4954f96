"""Showing: templates, and what all of them know.

A template gets the texts of its language by `_`, instants and sizes by filters, and `here`: who looks, in which language and theme, and the
token of their forms. What it is given is escaped; HTML of letters is cleaned before (`web.letters`), and shown in a frame of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from importlib.metadata import version
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from mss_sim.clock import Micros, iso, to_datetime
from mss_sim.config.patients import Kiosk
from mss_sim.errors import Refusal
from mss_sim.http.look import LOOK
from mss_sim.http.problems import PROBLEMS
from mss_sim.ids import encode
from mss_sim.vocabulary.language import Language
from mss_sim.web.personas import Session
from mss_sim.web.python_calls import in_python
from mss_sim.words.catalogue import translations
from mss_sim.words.sentence import Sentence, say

STATIC = f"/ui/static/{version('mss-sim')}"
"""Where the scripts of this version are; a browser keeps them for good."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
)
"""What a browser may load for a page of ours: what we serve, and nothing that stands in the page itself (ref: w3c-csp3#directives)."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PARIS = ZoneInfo("Europe/Paris")
_FOLDERS = {
    "INBOX": say("Inbox"),
    "Sent": say("Sent items"),
    "Drafts": say("Drafts"),
    "Trash": say("Trash"),
    "Junk": say("Junk"),
    "Archive": say("Archive"),
}
"""What people call the folders that every mailbox is born with; over IMAP they have their names."""
_UNITS = ("o", "ko", "Mo", "Go")
_BYTES = {Language.FR: _UNITS, Language.EN: ("B", "kB", "MB", "GB")}


@dataclass(frozen=True, slots=True)
class Here:
    """Who looks, and how. `session` is that of the persona whose page it is, None elsewhere; `token` stands in every form.

    `address`: the path with the filters behind it; `position`: where the feed was before anything of a persona's page was read;
    `size`: how large everything is; `framed`: inside a page of ours that says who it is, so that this one need not;
    `kiosk`: at the kiosk, its settings; everything is larger there, and no page but the kiosk's is named;
    `browser_token` stands in forms that choose for all pages, with or without a log-in.
    """

    path: str
    language: Language
    theme: str | None
    token: str
    session: Session | None = None
    kiosk: Kiosk | None = None
    position: int = 0
    size: str | None = None
    address: str = "/"
    framed: bool = False
    browser_token: str = ""

    @property
    def base(self) -> str:
        """Below which the pages of this persona are."""
        return self.session.path if self.session else "/ui"


def show(name: str, here: Here, *, status: int = 200, **given: Any) -> Response:
    """A page, or a part of one."""
    html = _environment(here.language).get_template(name).render(here=here, static=STATIC, look=LOOK, **given)
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


def show_refusal(refusal: Refusal, here: Here) -> Response:
    """The page of a refusal: what to do, by which rule, and where the rule comes from."""
    status, title = PROBLEMS[refusal.rule]
    return show("kiosk_refused.html" if here.kiosk else "refused.html", here, status=status, refusal=refusal, title=title)


@cache
def _environment(language: Language) -> Environment:
    known = {} if language is Language.EN else translations(language)

    def told(text: str | Sentence, **values: object) -> str:
        if isinstance(text, Sentence):
            return text.in_language(language)
        return known.get(text, text).format(**values) if values else known.get(text, text)

    environment = Environment(
        loader=PackageLoader("mss_sim.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["_"] = told
    environment.filters |= {
        "instant": partial(_instant, language=language),
        "day": partial(_day, language=language),
        "iso": iso,
        "id": encode,
        "folder": partial(_folder, language=language),
        "size": partial(_size, language=language),
        "python": in_python,
        "path": lambda text: quote(str(text), safe=""),
    }
    return environment


def _local(at: Micros) -> datetime:
    return to_datetime(at).astimezone(PARIS)


def _instant(at: Micros, language: Language) -> str:
    """A day and a time of French clocks, where the trust space is."""
    return _local(at).strftime("%d/%m/%Y %H:%M" if language is Language.FR else "%Y-%m-%d %H:%M")


def _day(at: Micros, language: Language) -> str:
    return _local(at).strftime("%d/%m/%Y" if language is Language.FR else "%Y-%m-%d")


def _folder(name: str, language: Language) -> str:
    called = _FOLDERS.get(name)
    return called.in_language(language) if called else name


def _size(octets: int, language: Language) -> str:
    """A size in the unit that gives it one to three digits, rounded; with a tenth where one digit alone would tell little."""
    units, value = _BYTES[language], float(octets)
    place = 0
    while round(value) >= 1_000 and place < len(units) - 1:
        value, place = value / 1_000, place + 1
    text = f"{value:.1f}" if place and value < 9.95 else f"{value:.0f}"
    return f"{text.replace('.', ',') if language is Language.FR else text} {units[place]}"
