"""What happens in the caller's mailboxes, as it happens."""

from fastapi import Request
from starlette.responses import Response

from mss_sim.core.feed.hearing import Hearer
from mss_sim.errors import Rule
from mss_sim.http import events
from mss_sim.http.answers import ANYWHERE, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore
from mss_sim.http.events import STREAM, After, Kinds, ListenSeconds, OfMailbox
from mss_sim.http.routes import strict_router

router = strict_router(prefix="/api/v1/events", tags=["events"], responses=refusing(*ANYWHERE, Rule.NOT_FOUND, Rule.LIMIT_REACHED))


@router.get("", responses=STREAM)
async def list_events(
    core: CurrentCore,
    request: Request,
    actor: CurrentActor,
    kind: Kinds = None,
    mailbox: OfMailbox = None,
    after: After = None,
    seconds: ListenSeconds = None,
) -> Response:
    """Server-sent events, as long as you listen; a page of JSON to `Accept: application/json`. What you hear ends with your rights.

    A letter is called as in its mailbox here. Who manages a mailbox hears also who did it, by which grant and door, and the detail.
    """
    wanted = events.read_filter(kind, mailbox)
    ears = Hearer(core.world, actor, wanted.mailbox)
    await ears.begin()
    return await events.answer(core, request, ears, wanted, after, seconds)
