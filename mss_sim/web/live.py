"""What a page is told while it is open: that something changed, never what; it asks again for its parts, with the rights of who looks.

A page names the position in the feed that was reached before it was read, so that nothing falls between the reading and the listening.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

from starlette.responses import Response, StreamingResponse

from mss_sim.core.assembly import Core
from mss_sim.core.feed.hearing import Hearer
from mss_sim.core.feed.listening import Batch, Ears, Everything
from mss_sim.errors import Refusal
from mss_sim.http.events import EVENT_STREAM, read_filter, read_position
from mss_sim.web.visit import Routes, Visit

_TURNED = "grant.turned"
"""What a page is told when a grant began or ended by itself; over REST and IMAP the next request finds it so."""


async def tell_all(visit: Visit) -> Response:
    """Changes anywhere in the world, for administrators."""
    return await _stream(visit, Everything())


async def tell_persona(visit: Visit) -> Response:
    """Changes in the mailboxes of a persona, and the instants at which their grants begin and end by themselves."""
    mailbox = visit.request.query_params.get("mailbox")
    ears = Hearer(visit.core.world, visit.session.actor, read_filter(None, mailbox).mailbox)
    await ears.begin()
    return await _stream(visit, ears, _Turns(visit.core, ears))


class _Turns:
    """Grants of a persona that begin and end with the time, which writes nothing that the feed could tell."""

    def __init__(self, core: Core, ears: Hearer) -> None:
        self._core = core
        self._ears = ears
        self._woken = asyncio.Event()

    async def mixed(self, batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch | None, None]:
        """Batches as they come, and None whenever a grant began or ended; what the ears refuse ends it."""
        watcher = self._core.wakeups.watch(self._wake)
        coming: asyncio.Task[Batch | None] | None = None
        turning = asyncio.create_task(self._woken.wait())
        try:
            while True:
                until = watcher.until = self._ears.until
                coming = coming or asyncio.create_task(_next(batches))
                await asyncio.wait({coming, turning}, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    batch, coming = coming.result(), None
                    if batch is None:
                        return
                    yield batch
                if turning.done():
                    self._woken.clear()
                    turning = asyncio.create_task(self._woken.wait())
                    await self._ears.refresh()
                    if until is not None and until <= self._core.world.clock.now():
                        yield None
        finally:
            watcher.close()
            for task in (coming, turning):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError, Refusal):
                        await task

    def _wake(self, *, rights: bool) -> None:
        if rights:
            self._woken.set()


async def _next(batches: AsyncGenerator[Batch, None]) -> Batch | None:
    """The next batch; None after the last."""
    return await anext(batches, None)


async def _stream(visit: Visit, ears: Ears, turns: _Turns | None = None) -> Response:
    feed, asked = visit.core.feed, visit.request.query_params
    last = visit.request.headers.get("last-event-id") or asked.get("after")
    feed.check_room()
    wanted = read_filter(asked.get("kind"), asked.get("mailbox"))
    batches = feed.follow(wanted, ears, read_position(last, "after") if last else None)
    return StreamingResponse(_lines(batches, turns), media_type=EVENT_STREAM, headers={"Cache-Control": "no-store"})


async def _lines(batches: AsyncGenerator[Batch, None], turns: _Turns | None) -> AsyncIterator[bytes]:
    """What is sent: of each event its kind and its mailbox, one a line."""
    try:
        async with aclosing(batches), aclosing(turns.mixed(batches) if turns else batches) as told:
            async for batch in told:
                if batch is None:
                    yield f"event: changed\ndata: {_TURNED}\n\n".encode()
                    continue
                lines = sorted({f"data: {one.event.kind} {one.event.mailbox or ''}\n" for one in batch.heard})
                yield f"id: {batch.position}\nevent: changed\n{''.join(lines)}\n".encode() if lines else b": heartbeat\n\n"
    except Refusal:
        yield b"event: refused\ndata:\n\n"


ROUTES: Routes = (
    ("GET", "/ui/events", tell_all),
    ("GET", "/ui/as/{who}/events", tell_persona),
)
