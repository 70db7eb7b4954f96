"""The first page: what runs, who can log in with one click, what came last, and the first commands."""

from typing import Any

from starlette.responses import Response

from mss_sim.clock import Micros
from mss_sim.core.control import letters, seed
from mss_sim.core.world.store_types import LetterQuery
from mss_sim.ids import encode
from mss_sim.mail.summary import read_summary
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back

_LAST = 8


async def show_home(visit: Visit) -> Response:
    """What runs, and whom one can be."""
    return show("home.html", visit.here, **await _state(visit), personas=await _personas(visit))


async def show_last(visit: Visit) -> Response:
    """The part of the first page that changes."""
    return show("home_last.html", visit.here, **await _state(visit))


async def _state(visit: Visit) -> dict[str, Any]:
    world, hosted = visit.core.world, visit.pages.hosted
    position = await visit.position()
    listed = await letters.list_letters(world, LetterQuery(_LAST))
    now: Micros = world.clock.now()
    last = [
        {
            "id": encode(one.message.id),
            "subject": one.message.subject,
            "at": one.message.received_at,
            "from": read_summary(one.message.summary).from_,
            "to": read_summary(one.message.summary).to,
        }
        for one in listed
    ]
    return {
        "position": position,
        "letters": last,
        "now": now,
        "pace": world.clock.pace.mode,
        "seed": hosted.seed,
        "doors": hosted.doors,
        "profile": world.settings.profile,
    }


async def _personas(visit: Visit) -> list[seed.Persona]:
    name = visit.pages.hosted.seed
    return await seed.personas(visit.core.world, name) if name in seed.names(visit.core.world) else []


async def log_in(visit: Visit) -> Response:
    """Be a persona, in this browser, beside whomever one is already."""
    name = visit.field("name")
    response = back(f"/ui/as/{name}/")
    await visit.pages.sessions.log_in(visit.request, response, visit.field("who"), name)
    return response


async def log_out(visit: Visit) -> Response:
    """Be that persona no more."""
    response = back("/")
    visit.pages.sessions.log_out(visit.session, response)
    return response


ROUTES: Routes = (
    ("GET", "/", show_home),
    ("GET", "/ui/last", show_last),
    ("POST", "/ui/log-in", log_in),
    ("POST", "/ui/as/{who}/log-out", log_out),
)
