"""What is known of a browser: its cookies, the log-in pages that it has open, and the token that its forms carry.

A form is believed when it comes from the browser that was given the page: the page of a log-in is bound to a cookie of the browser,
and other forms carry a keyed digest of that cookie. Another site can make a browser post, but can read neither.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from mss_sim.clock import SECOND
from mss_sim.core.assembly import Core
from mss_sim.core.psc.clients import hash_of
from mss_sim.core.psc.provider import AuthorizationRequest, BrowserSession
from mss_sim.core.world.expiring import ExpiringMap

_BROWSER = "mss_sim_browser"
_SESSION = "mss_sim_session"
_PATH = "/auth"
_PAGE_PER_CODE = 10
_PAGES_MAX = 2_000
"""Anybody may open a page, and what they ask for can be long."""


@dataclass(frozen=True, slots=True)
class LogInPage:
    """A log-in page that is open in a browser."""

    asked: AuthorizationRequest
    browser: str
    hint: str | None


class Desk:
    """The pages that are open, in one world."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._key = secrets.token_bytes(32)
        self._visits: ExpiringMap[LogInPage] = ExpiringMap(core.world.clock, min(core.world.settings.psc.kept_max, _PAGES_MAX))

    def open(self, asked: AuthorizationRequest, browser: str, hint: str | None) -> str:
        """Remember a page; the key that stands in its form."""
        key = self._core.provider.secret()
        seconds = self._core.world.settings.psc.code_seconds * _PAGE_PER_CODE
        self._visits.put(hash_of(key), LogInPage(asked, hash_of(browser), hint), self._core.world.clock.now() + seconds * SECOND)
        return key

    def visit(self, key: str, browser: str) -> LogInPage | None:
        """The page whose form came back, when it comes from the browser that it was given to."""
        visit = self._visits.get(hash_of(key))
        return visit if visit is not None and hmac.compare_digest(visit.browser, hash_of(browser)) else None

    def close(self, key: str) -> None:
        """The page was answered."""
        self._visits.pop(hash_of(key))

    def form_token(self, browser: str) -> str:
        """What the other forms of a browser carry."""
        return hmac.new(self._key, browser.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def is_ours(self, token: str | None, browser: str) -> bool:
        """Whether a form came from a page that this browser was given."""
        given = (token or "").encode("utf-8", "surrogatepass")
        return bool(browser) and hmac.compare_digest(given, self.form_token(browser).encode("ascii"))


def desk_of(request: Request) -> Desk:
    """The desk of the world that answers."""
    desk: Desk = request.app.state.psc_desk
    return desk


def browser_of(request: Request) -> str:
    """The cookie that tells this browser from others; empty before its first page."""
    return request.cookies.get(_BROWSER, "")


def session_of(request: Request, core: Core) -> BrowserSession | None:
    """Who is logged in in this browser."""
    return core.provider.session_of(request.cookies.get(_SESSION, ""))


def remember_browser(response: Response, core: Core, browser: str) -> None:
    """Give the browser its cookie."""
    _set(response, core, _BROWSER, browser)


def remember_session(response: Response, core: Core, session: BrowserSession) -> None:
    """Give the browser the cookie of a session that has just begun; it ends with the browser, or when the session does."""
    _set(response, core, _SESSION, core.provider.cookie_of(session))


def forget_session(response: Response) -> None:
    """Take the cookie of the session away."""
    response.delete_cookie(_SESSION, path=_PATH, httponly=True, samesite="lax")


def _set(response: Response, core: Core, name: str, value: str) -> None:
    secure = core.provider.issuer.startswith("https:")
    response.set_cookie(name, value, path=_PATH, httponly=True, samesite="lax", secure=secure)
