"""The first page: what runs, who can log in with one click, what came last, and the first commands."""

from itertools import islice
from typing import Any

from starlette.responses import Response

from mss_sim.clock import Micros
from mss_sim.core.control import every_letter, named_seeds, personas
from mss_sim.core.world.store_types import LetterQuery
from mss_sim.evidence.sessions import SessionQuery
from mss_sim.ids import encode
from mss_sim.mail.summary import read_summary
from mss_sim.web.control import MODES
from mss_sim.web.sessions import row_of
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_LAST, _REFUSED = 6, 5
ROLES = {
    "doctor": say("doctor"),
    "doctor2": say("second doctor"),
    "secretary": say("secretary"),
    "assistant": say("medical assistant"),
    "newcomer": say("new secretary, without a mailbox"),
    "hospital": say("doctor at the hospital"),
    "hospital_ward": say("for a ward of the hospital"),
    "application": say("program of the laboratory"),
    "patient": say("patient who has an account"),
    "patient2": say("another patient"),
    "pharmacist": say("pharmacist"),
    "editor": say("publisher of software"),
    "locum": say("locum"),
}
"""What people of the seeds that ship do, by their role."""
_WRITER = "hospital"


async def show_home(visit: Visit) -> Response:
    """What runs, and whom one can be."""
    personas, asked = await _personas(visit), visit.request.url
    writer = next((one for one in personas if one.role == _WRITER and one.mailboxes), None)
    reader = next((box.address for one in personas if one is not writer for box in one.mailboxes), "")
    return show(
        "home.html",
        visit.here,
        **await _state(visit),
        personas=personas,
        roles=ROLES,
        writer=writer,
        reader=reader,
        url=f"{asked.scheme}://{asked.netloc}",
    )


async def show_last(visit: Visit) -> Response:
    """The part of the first page that changes."""
    return show("home_last.html", visit.here, **await _state(visit))


async def _state(visit: Visit) -> dict[str, Any]:
    world, hosted = visit.core.world, visit.pages.hosted
    position = await visit.position()
    listed = await every_letter.list_letters(world, LetterQuery(_LAST))
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
        "refused": [row_of(one) for one in islice(hosted.sessions.newest_first(SessionQuery(refused=True), None), _REFUSED)],
        "mode": world.clock.pace.mode,
        "modes": MODES,
        "seed": hosted.seed,
        "doors": hosted.doors,
        "profile": world.settings.profile,
    }


async def _personas(visit: Visit) -> list[personas.Persona]:
    name = visit.pages.hosted.seed
    return await personas.of_seed(visit.core.world, name) if name in named_seeds.names(visit.core.world) else []


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
