"""What a reader chooses for all pages: the language, the theme; and the key that opens them."""

from starlette.responses import Response

from mss_sim.http.reader import LANGUAGE_COOKIE, PROJECTOR, SIZE_COOKIE, THEME_COOKIE, THEMES
from mss_sim.web.visit import Routes, Visit, back

_YEAR_SECONDS = 365 * 86_400


async def choose_language(visit: Visit) -> Response:
    """Show pages in another language."""
    return _kept(visit, LANGUAGE_COOKIE, visit.field("language"))


async def choose_theme(visit: Visit) -> Response:
    """Show pages light, dark, or as the machine has it."""
    chosen = visit.field("theme")
    return _kept(visit, THEME_COOKIE, chosen if chosen in THEMES else "")


async def choose_size(visit: Visit) -> Response:
    """Show pages larger, for a room, or as usual."""
    return _kept(visit, SIZE_COOKIE, PROJECTOR if visit.field("size") == PROJECTOR else "")


def _kept(visit: Visit, cookie: str, value: str) -> Response:
    to = visit.field("back")
    response = back(to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/")
    response.set_cookie(cookie, value, path="/", max_age=_YEAR_SECONDS, samesite="strict")
    return response


async def give_key(visit: Visit) -> Response:
    """Open the pages to a browser in which the control key was given."""
    visit.pages.gate.unlock(visit.request, visit.field("key"))
    return back("/")


FOR_ANYBODY = frozenset({"/ui/key", "/ui/language", "/ui/theme", "/ui/size"})
"""What needs no key."""
ROUTES: Routes = (
    ("POST", "/ui/key", give_key),
    ("POST", "/ui/language", choose_language),
    ("POST", "/ui/theme", choose_theme),
    ("POST", "/ui/size", choose_size),
)
