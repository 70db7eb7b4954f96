"""One request for a page: who asks, what was posted, and what the pages of a world share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mss_sim.core.assembly import Core
from mss_sim.core.feed.reading_events import last_position
from mss_sim.core.world.agenda import Fired
from mss_sim.http.hosted import Hosted
from mss_sim.net.traps import Traps
from mss_sim.web.gate import Gate
from mss_sim.web.personas import Session, Sessions
from mss_sim.web.showing import Here


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pages of one world share. `fired`: what happened when a page moved the clock last; forgotten when the world begins anew."""

    hosted: Hosted
    traps: Traps
    gate: Gate
    sessions: Sessions
    fired: list[Fired] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.core.world.beginning_anew.append(self.fired.clear)

    @property
    def core(self) -> Core:
        """The verbs of this world."""
        return self.hosted.core


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: for a page of a persona (`session`), or for one of an administrator's. `form` is that of a post."""

    pages: Pages
    request: Request
    here: Here
    form: FormData

    @property
    def core(self) -> Core:
        """The verbs of this world."""
        return self.pages.core

    @property
    def session(self) -> Session:
        """The persona whose page it is."""
        if self.here.session is None:
            raise RuntimeError("this page is nobody's")
        return self.here.session

    @property
    def address(self) -> str:
        """The mailbox that the path names."""
        return str(self.request.path_params["address"])

    @property
    def origin(self) -> str:
        """Scheme, host and port by which the page was asked for."""
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    async def position(self) -> int:
        """Where the feed is; asked for before what a page shows is read."""
        return await last_position(self.core.world)

    def field(self, name: str) -> str:
        """A field of the form, stripped; empty where it is missing."""
        value = self.form.get(name)
        return value.strip() if isinstance(value, str) else ""


Handler = Callable[[Visit], Awaitable[Response]]
"""Answers a request with a page; a refusal that it raises is a page too."""
Routes = tuple[tuple[str, str, Handler], ...]
"""Method, path and handler of each page of a file."""


def back(to: str) -> Response:
    """Go on to a page of ours after a post."""
    return RedirectResponse(to, status_code=303)
