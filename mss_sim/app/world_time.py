"""The time of a world for callers in the same process: test suites, in the words of Python's datetime."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mss_sim.app.simulator import Simulator
from mss_sim.clock import after, from_datetime, to_datetime
from mss_sim.core.world import agenda
from mss_sim.ids import encode
from mss_sim.vocabulary.clock import ClockMode, FiredKind


@dataclass(frozen=True, slots=True)
class Fired:
    """Something that happened because its instant had come, as `POST /control/clock/advance` tells it.

    `id`: of the recipient, the grant, the step or the mailbox; `mailbox`: whose it is; `who`: whom it is about.
    """

    at: datetime
    kind: FiredKind
    id: str
    mailbox: str | None
    who: str


def now(simulator: Simulator) -> datetime:
    """How late it is in the world, UTC."""
    return to_datetime(simulator.world.clock.now())


async def mark(simulator: Simulator) -> str:
    """An id that is greater than all that were given before, and less than all that come."""
    return encode(simulator.world.ids.next())


async def advance(simulator: Simulator, by: timedelta | str | None, to: datetime | None) -> list[Fired]:
    """Move the clock by a timedelta or a duration of ISO 8601, or to an instant; TypeError unless it is one of the two."""
    if (by is None) == (to is None):
        raise TypeError("give one of the two: how far, or to=an instant")
    if to is not None:
        return _told(await simulator.core.agenda.advance(to=from_datetime(to)))
    start = simulator.world.clock.now()
    span = after(start, by) - start if isinstance(by, str) else (by or timedelta()) // timedelta(microseconds=1)
    return _told(await simulator.core.agenda.advance(by=span))


async def set_pace(simulator: Simulator, mode: ClockMode, at: datetime | None = None, rate: float = 1.0) -> list[Fired]:
    """Let the clock run otherwise, from `at` or from now."""
    return _told(await simulator.core.agenda.set_pace(mode, None if at is None else from_datetime(at), rate))


def _told(fired: Iterable[agenda.Fired]) -> list[Fired]:
    return [Fired(to_datetime(one.at), one.kind, encode(one.id), one.mailbox, one.who) for one in fired]
