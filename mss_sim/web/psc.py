"""Pro Santé Connect as an administrator sees it: requests that wait for an approval, clients, switches, who is logged in.

Each act is the verb that the control plane has for it. What waits is asked again; a request that expires goes by itself.
"""

from typing import Any

from starlette.responses import Response

from mss_sim.core.psc import clients
from mss_sim.core.psc.clients import AUTH_METHODS, GRANT_CIBA, GRANT_CODE, GRANT_REFRESH
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.psc import AuthMode
from mss_sim.web.fields import check_meant
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_CHANNELS = {AuthMode.CARD: say("card"), AuthMode.MOBILE: say("phone")}
_GRANTS = (GRANT_CODE, GRANT_REFRESH, GRANT_CIBA)
_OUTAGES_MAX = 1_000_000
_METHODS = tuple(one for one in AUTH_METHODS if one in ("client_secret_basic", "client_secret_post", "none"))
"""How a client may be made by a form; those that need keys or certificates are registered by the control plane."""


async def show_psc(visit: Visit) -> Response:
    """The page."""
    return show("psc.html", visit.here, **await _told(visit))


async def show_waiting(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("psc_waiting.html", visit.here, position=await visit.position(), **_waiting(visit))


async def _told(visit: Visit, **made: Any) -> dict[str, Any]:
    provider = visit.core.provider
    return {
        "position": await visit.position(),
        "issuer": provider.issuer,
        "clients": await clients.registered(visit.core.world),
        "auto_approve": provider.switches.auto_approve,
        "outages": provider.switches.outages,
        "sessions": len(provider.sessions),
        "grants": _GRANTS,
        "methods": _METHODS,
        "curl": f"curl -X POST {visit.origin}/control/psc",
        "made": None,
        **_waiting(visit),
        **made,
    }


def _waiting(visit: Visit) -> dict[str, Any]:
    return {"waiting": visit.core.ciba.pending(), "channels": _CHANNELS}


async def answer(visit: Visit) -> Response:
    """Approve or refuse a request, as the professional would."""
    visit.core.ciba.answer(visit.field("id"), approve=visit.field("decision") == "approve")
    return back("/ui/psc#waiting")


async def switch(visit: Visit) -> Response:
    """Turn log-in without a page on or off, and have the next requests fail."""
    count = visit.field("outages") or "0"
    if not count.isdecimal() or int(count[:8]) > _OUTAGES_MAX:
        raise Refusal(Rule.INVALID, say("{name} is a number.", name="outages"), subject="outages")
    visit.core.provider.switches.turn(auto_approve=visit.field("auto_approve") == "yes", outages=int(count))
    return back("/ui/psc#switches")


async def register(visit: Visit) -> Response:
    """Register a client; its secret is shown once, on the page that answers."""
    metadata = {
        "client_name": visit.field("client_name") or visit.field("client_id"),
        "redirect_uris": visit.field("redirect_uris").split(),
        "grant_types": [one for one in visit.form.getlist("grant_types") if isinstance(one, str)],
        "token_endpoint_auth_method": visit.field("method"),
    }
    made = await clients.register(visit.core.world, visit.field("client_id"), None, metadata)
    return show("psc.html", visit.here, **await _told(visit, made=made))


async def remove(visit: Visit) -> Response:
    """Forget a client."""
    check_meant(visit)
    await clients.remove(visit.core.world, visit.field("client_id"))
    return back("/ui/psc#clients")


async def log_out(visit: Visit) -> Response:
    """Log everybody out."""
    visit.core.provider.end_sessions()
    return back("/ui/psc#switches")


ROUTES: Routes = (
    ("GET", "/ui/psc", show_psc),
    ("GET", "/ui/psc/waiting", show_waiting),
    ("POST", "/ui/psc/answer", answer),
    ("POST", "/ui/psc/switch", switch),
    ("POST", "/ui/psc/register", register),
    ("POST", "/ui/psc/remove", remove),
    ("POST", "/ui/psc/log-out", log_out),
)
