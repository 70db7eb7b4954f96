"""Who may open pages, and which posts are really ours.

| who                                             | opens                                   |
|-------------------------------------------------|-----------------------------------------|
| this machine, where no control key is set       | everything                              |
| a browser in which the control key was given    | everything                              |
| a persona who is logged in                      | the pages of that persona               |
| anybody else                                    | the page that asks for the control key  |

A browser is known by a cookie that no script reads and no other site sends. A form bears a token that is made of its cookie with a key of
this process: who cannot read a page of ours cannot post one (ref: owasp-csrf#hmac-based-token). Without a control key the rules of the
control plane hold: this machine alone, never through a proxy that is not named, never for a page of another site.
"""

import hmac
import secrets
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.core.assembly import Core
from mss_sim.errors import Refusal, Rule
from mss_sim.http.control import check_allowed
from mss_sim.words.sentence import say

COOKIE = "mss-sim-browser"
PATH = "/"
_TOKEN_BYTES = 32
_UNLOCKED_MAX = 1_000


class Gate:
    """The browsers of one world."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._key = secrets.token_bytes(_TOKEN_BYTES)
        self._unlocked: dict[str, None] = {}
        core.world.beginning_anew.append(self._unlocked.clear)

    def is_open(self, request: Request) -> bool:
        """Whether the browser may administer the simulator by its pages."""
        if self._core.world.settings.control_key is not None and request.cookies.get(COOKIE) in self._unlocked:
            return True
        try:
            check_allowed(request, self._core)
        except Refusal:
            return False
        return True

    def unlock(self, request: Request, key: str) -> None:
        """Open the pages to this browser; Refusal(CONTROL_FORBIDDEN) when the key is wrong or none is set."""
        wanted, browser = self._core.world.settings.control_key, request.cookies.get(COOKIE)
        if wanted is None or browser is None or not secrets.compare_digest(key.encode(), wanted.encode()):
            raise Refusal(Rule.CONTROL_FORBIDDEN, say("This is not the control key; it is the one in MSS_SIM_CONTROL_KEY."))
        while len(self._unlocked) >= _UNLOCKED_MAX:
            del self._unlocked[next(iter(self._unlocked))]
        self._unlocked[browser] = None

    def token(self, cookie: str) -> str:
        """The token that a form shown to the holder of a cookie bears."""
        return hmac.new(self._key, cookie.encode(), sha256).hexdigest()

    def check_form(self, request: Request, cookie: str | None, token: str | None) -> None:
        """Refuse a post that no page of ours made."""
        origin = request.headers.get("origin")
        ours = origin in (None, f"{request.url.scheme}://{request.url.netloc}")
        if not ours or not cookie or not token or not hmac.compare_digest(self.token(cookie).encode(), token.encode()):
            detail = say("This form is not one that was shown to you here; load the page again, and send it from there.")
            raise Refusal(Rule.CONTROL_FORBIDDEN, detail, reference="owasp-csrf#hmac-based-token")

    def recognise(self, request: Request, response: Response, browser: str) -> None:
        """Give a browser its cookie when it has none."""
        if request.cookies.get(COOKIE) != browser:
            set_cookie(request, response, COOKIE, browser, PATH)


def browser_of(request: Request) -> str:
    """The cookie of a browser, or a new one."""
    known = request.cookies.get(COOKIE, "")
    return known if len(known) >= _TOKEN_BYTES else secrets.token_urlsafe(_TOKEN_BYTES)


def set_cookie(request: Request, response: Response, name: str, value: str, path: str) -> None:
    """Set a cookie that no script reads, and that no other site sends."""
    response.set_cookie(name, value, path=path, httponly=True, samesite="strict", secure=request.url.scheme == "https")
