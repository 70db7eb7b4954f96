"""The clock of the world: how it runs, and moved by way of all that is due."""

from typing import Annotated

from fastapi import Depends
from pydantic import Field
from starlette.responses import Response

from mss_sim.clock import from_datetime, iso
from mss_sim.core.assembly import Core
from mss_sim.core.world.agenda import Fired
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import In, Json, Moment, Out, Seconds
from mss_sim.ids import encode
from mss_sim.policy.clock import RATE_MAX, decide_pace, read_duration
from mss_sim.vocabulary.clock import ClockMode, FiredKind
from mss_sim.words.sentence import say

router = strict_router(
    prefix="/control/clock",
    tags=["control: clock"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL, Rule.CONFLICT),
)


class ClockIn(In):
    """How the clock is to run."""

    mode: ClockMode = Field(examples=[ClockMode.PACED])
    at: Moment | None = Field(default=None, description="From that instant on; none: from now. Not for real.", examples=[None])
    rate: Annotated[Seconds, Field(gt=0, le=RATE_MAX, allow_inf_nan=False)] | None = Field(
        default=None, description="Seconds of the world in one of the machine; for paced alone.", examples=[60.0]
    )


class AdvanceIn(In):
    """How far: one of the two."""

    by: str | None = Field(default=None, max_length=100, description="A duration of ISO 8601, months by the calendar.", examples=["P7D"])
    to: Moment | None = Field(default=None, description="An instant that has not passed.", examples=[None])


class ClockOut(Out):
    """The clock of the world."""

    mode: ClockMode
    now: str = Field(examples=[examples.INSTANT])
    rate: float
    """Seconds of the world in one of the machine; 0 when it stands still."""
    machine: str = Field(examples=[examples.INSTANT])
    """The time of the machine, which certificates follow."""
    next_at: str | None = Field(examples=[examples.INSTANT])
    """When the next thing is due; null when nothing waits."""


class FiredOut(Out):
    """Something that happened because its instant had come."""

    at: str = Field(examples=[examples.INSTANT])
    kind: FiredKind
    id: str = Field(examples=[examples.ID])
    """Of the recipient that was tried, of the grant, of the step, or of the mailbox."""
    mailbox: str | None = Field(examples=[examples.PRACTICE])
    """Whose letter or grant it is; null for a notice of the server."""
    who: str = Field(examples=["paul.durand@hopital-ormes.sim.mssante.fr"])
    """The recipient, the idNat of the grantee or of the mailbox's owner, or the mailbox again."""


class MovedOut(ClockOut):
    """The clock after it was moved."""

    fired: list[FiredOut]
    """What happened meanwhile, in its order."""


def check_pace(wanted: ClockIn) -> None:
    """Refusal(INVALID) for a mode and what does not go with it."""
    decide_pace(wanted.mode, None if wanted.at is None else from_datetime(wanted.at), wanted.rate)


async def _told(core: Core) -> dict[str, object]:
    clock, next_at = core.world.clock, await core.agenda.next_at()
    return {
        "mode": clock.pace.mode.value,
        "now": iso(clock.now()),
        "rate": clock.pace.rate,
        "machine": iso(clock.machine_now),
        "next_at": iso(next_at),
    }


async def _moved(core: Core, fired: list[Fired]) -> Response:
    rows = [{"at": iso(one.at), "kind": one.kind.value, "id": encode(one.id), "mailbox": one.mailbox, "who": one.who} for one in fired]
    return Json({**await _told(core), "fired": rows})


@router.get("", responses={200: {"model": ClockOut}})
async def get_clock(core: CurrentCore) -> Response:
    """How late it is in the world, how its clock runs, and when the next thing is due."""
    return Json(await _told(core))


@router.put("", responses={200: {"model": MovedOut}})
async def set_clock(core: CurrentCore, wanted: ClockIn) -> Response:
    """Stop the clock, let it run again, faster, or from another instant; what is due until then is done first."""
    check_pace(wanted)
    at = None if wanted.at is None else from_datetime(wanted.at)
    return await _moved(core, await core.agenda.set_pace(wanted.mode, at, wanted.rate or 1.0))


@router.post("/advance", responses={200: {"model": MovedOut}})
async def advance_clock(core: CurrentCore, wanted: AdvanceIn) -> Response:
    """Move the clock forward; everything that is due on the way is done at its own instant, and told."""
    if (wanted.by is None) == (wanted.to is None):
        raise Refusal(Rule.INVALID, say("Give one of the two: by, a duration such as P7D, or to, an instant."))
    if wanted.to is not None:
        return await _moved(core, await core.agenda.advance(to=from_datetime(wanted.to)))
    return await _moved(core, await core.agenda.advance(by=read_duration(core.world.clock.now(), wanted.by or "")))
