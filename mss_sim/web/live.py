"""What a page is told while it is open: that something changed, never what; it asks again for its parts, with the rights of who looks.

A page names the position in the feed that was reached before it was read, so that nothing falls between the reading and the listening.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from starlette.responses import Response, StreamingResponse

from mss_sim.core.feed.hearing import Hearer
from mss_sim.core.feed.listening import Batch, Ears, Everything
from mss_sim.errors import Refusal
from mss_sim.http.events import EVENT_STREAM, read_filter, read_position
from mss_sim.web.visit import Routes, Visit


async def tell_all(visit: Visit) -> Response:
    """Changes anywhere in the world, for whoever drives it."""
    return await _stream(visit, Everything())


async def tell_persona(visit: Visit) -> Response:
    """Changes in the mailboxes of a persona."""
    mailbox = visit.request.query_params.get("mailbox")
    ears = Hearer(visit.core.world, visit.session.actor, read_filter(None, mailbox).mailbox)
    await ears.begin()
    return await _stream(visit, ears)


async def _stream(visit: Visit, ears: Ears) -> Response:
    feed, asked = visit.core.feed, visit.request.query_params
    last = visit.request.headers.get("last-event-id") or asked.get("after")
    feed.check_room()
    wanted = read_filter(asked.get("kind"), asked.get("mailbox"))
    batches = feed.follow(wanted, ears, read_position(last, "after") if last else None)
    return StreamingResponse(_lines(batches), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


async def _lines(batches: AsyncGenerator[Batch, None]) -> AsyncIterator[bytes]:
    try:
        async with aclosing(batches):
            async for batch in batches:
                kinds = " ".join(sorted({one.event.kind for one in batch.heard}))
                yield f"id: {batch.position}\nevent: changed\ndata: {kinds}\n\n".encode() if kinds else b": heartbeat\n\n"
    except Refusal:
        yield b"event: refused\ndata:\n\n"


ROUTES: Routes = (
    ("GET", "/ui/events", tell_all),
    ("GET", "/ui/as/{who}/events", tell_persona),
)
