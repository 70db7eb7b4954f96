"""What became of sent letters: one line for each recipient, from the acceptance to the receipt, as it grows."""

from typing import Any

from starlette.responses import Response

from mss_sim.core.mailbox import messages
from mss_sim.core.mailflow import sent_letters
from mss_sim.core.mailflow.sent_letters import Sent
from mss_sim.core.world.store_types import Event
from mss_sim.http.dependencies import read_id
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import encode
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.web.mailbox import names_of
from mss_sim.web.receipt_states import STEPS, is_bad, state
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit

_ROWS = 30


async def show_sent(visit: Visit) -> Response:
    """The letters that a mailbox sent, the newest first, each with its recipients and how far it came."""
    return show("sent.html", visit.here, **await _listed(visit))


async def show_sent_rows(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("sent_rows.html", visit.here, **await _listed(visit))


async def show_one(visit: Visit) -> Response:
    """One sent letter."""
    return show("sent_letter.html", visit.here, **await _one(visit))


async def show_one_part(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("sent_lines.html", visit.here, **await _one(visit))


async def _listed(visit: Visit) -> dict[str, Any]:
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    before = Page(_ROWS, visit.request.query_params.get("cursor")).before(PagedList.SENT)
    position = await visit.position()
    found = await sent_letters.sent_letters(world, actor, address, before=before, limit=_ROWS + 1)
    rows = found[:_ROWS]
    more = len(found) > _ROWS
    return {
        **await _around(visit, address, position),
        "letters": [as_values(one) for one in rows],
        "next": cursor(PagedList.SENT, rows[-1].submission.id) if more else None,
    }


async def _one(visit: Visit) -> dict[str, Any]:
    params = visit.request.path_params
    address = str(params["address"])
    position = await visit.position()
    found = await sent_letters.timeline(visit.core.world, visit.session.actor, address, read_id(str(params["submission"])))
    by = await names_of(visit, [found.submission.actor_id] if found.submission.actor_id else [])
    return {**await _around(visit, address, position), "letter": as_values(found), "by": next(iter(by.values()), None)}


async def _around(visit: Visit, address: str, position: int) -> dict[str, Any]:
    held = await messages.held_mailboxes(visit.core.world, visit.session.actor)
    box = next((one for one in held if one.mailbox.address == address), None)
    return {"position": position, "boxes": held, "box": box, "address": address, "place": f"{visit.here.base}/mailboxes/{address}"}


def as_values(sent: Sent) -> dict[str, Any]:
    """A sent letter as the pages show it."""
    return {
        "id": encode(sent.submission.id),
        "subject": sent.subject,
        "at": sent.submission.submitted_at,
        "mode": sent.submission.mode,
        "recipients": [
            {
                "address": someone.address,
                "state": state(events),
                "events": [_event(one) for one in events],
                "next_try": waiting.next_at if waiting else None,
            }
            for someone, events, waiting in sent.recipients
        ],
    }


def _event(event: Event) -> dict[str, Any]:
    late = event.kind is TimelineKind.DELAYED
    return {"kind": event.kind, "word": STEPS[event.kind], "at": event.at, "detail": event.detail, "failed": is_bad(event), "late": late}


ROUTES: Routes = (
    ("GET", "/ui/as/{who}/mailboxes/{address}/sent", show_sent),
    ("GET", "/ui/as/{who}/mailboxes/{address}/sent/rows", show_sent_rows),
    ("GET", "/ui/as/{who}/mailboxes/{address}/sent/{submission}", show_one),
    ("GET", "/ui/as/{who}/mailboxes/{address}/sent/{submission}/lines", show_one_part),
)
