"""The queue: which letters wait, why, and when they are tried next; tried at once on request."""

from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import Field
from starlette.responses import Response

from mss_sim.clock import SECOND, Micros, iso
from mss_sim.core.mailflow.queue_view import WaitingLetter, outcome, waiting_letters
from mss_sim.errors import Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore, read_id
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import AttemptsOut, Json, Out, attempts
from mss_sim.ids import encode
from mss_sim.vocabulary.mail import TimelineKind

router = strict_router(
    prefix="/control/queue",
    tags=["control: queue"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)


class WaitingOut(AttemptsOut):
    """A recipient whose letter waits."""

    id: str
    to: str = Field(examples=["paul.durand@hopital-ormes.sim.mssante.fr"])
    mailbox: str | None = Field(examples=[examples.PRACTICE])
    """Where the letter was sent from; null for a notice of the server itself."""
    message_id: str | None
    subject: str
    submitted_at: str = Field(examples=[examples.INSTANT])
    age_seconds: float
    """Since it was accepted."""
    under_way: bool
    """Whether it is being tried at this moment."""


class TriedOut(Out):
    """What became of a recipient who was tried."""

    state: TimelineKind
    """The newest event of the timeline."""
    detail: str
    waiting: WaitingOut | None
    """What waits after the attempt; null when the letter left, arrived or failed."""


def _waiting(one: WaitingLetter, now: Micros) -> dict[str, object]:
    waiting, submission = one.due.waiting, one.due.submission
    return {
        "id": encode(waiting.recipient_id),
        "to": one.due.person.address,
        "mailbox": one.mailbox,
        "message_id": one.rfc_message_id,
        "subject": one.subject,
        **attempts(waiting),
        "submitted_at": iso(submission.submitted_at),
        "age_seconds": max(0, now - submission.submitted_at) / SECOND,
        "under_way": waiting.leased_until is not None and waiting.leased_until > now,
    }


@router.get("", responses={200: {"model": list[WaitingOut]}})
async def list_queue(core: CurrentCore, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> Response:
    """Whose letters wait, the next to be tried first."""
    now = core.world.clock.now()
    return Json([_waiting(one, now) for one in await waiting_letters(core.world, limit=limit)])


@router.post("/{recipient_id}/try", responses={200: {"model": TriedOut}, **refusing(Rule.NOT_FOUND, Rule.CONFLICT)})
async def try_now(core: CurrentCore, recipient_id: Annotated[str, Path(examples=[examples.ID])]) -> Response:
    """Try one now, and wait for what comes of it; it counts as a try."""
    id_ = read_id(recipient_id)
    await core.queue.try_now(id_)
    tried = await outcome(core.world, id_)
    waiting = _waiting(tried.waiting, core.world.clock.now()) if tried.waiting else None
    return Json({"state": tried.event.kind, "detail": tried.event.detail, "waiting": waiting})
