"""The list of mailboxes beside every page of a persona: it changes while the page is open, when rights do."""

from starlette.responses import Response

from mss_sim.core.mailbox import messages
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit


async def show_boxes(visit: Visit) -> Response:
    """The mailboxes that the persona may see now; `current` names the one whose page is open."""
    held = await messages.held_mailboxes(visit.core.world, visit.session.actor)
    return show("boxes.html", visit.here, boxes=held, current=visit.request.query_params.get("current", ""))


ROUTES: Routes = (("GET", "/ui/as/{who}/boxes", show_boxes),)
