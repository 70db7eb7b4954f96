"""What moves a running world's time, and what makes it fail, for code that waits for the answer; `asynchronous` has the others."""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar, Unpack

from mss_sim.app import faults, world_time
from mss_sim.app.faults import Fault
from mss_sim.app.simulator import Simulator
from mss_sim.app.world_time import Fired
from mss_sim.testing.documents import FaultAction, FaultMatch, PresetFields
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.faults import FaultKind, Point, PresetName

T = TypeVar("T")
Span = timedelta | str | None
"""How far: a timedelta, or a duration of ISO 8601 such as "P7D", months by the calendar."""


class Running(Protocol):
    """A world, and what runs work where it runs."""

    simulator: Simulator

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work."""
        ...


class Clock:
    """The time of a running world: `advance` moves it by way of all that is due, and returns what happened meanwhile, in its order."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def now(self) -> datetime:
        """How late it is in the world, UTC."""
        return world_time.now(self._running.simulator)

    def advance(self, by: Span = None, *, to: datetime | None = None) -> list[Fired]:
        """Move it forward: by a timedelta or a duration of ISO 8601 ("P7D"), or to an instant. Refusal of the past."""
        return self._running.call(world_time.advance(self._running.simulator, by, to))

    def freeze(self, at: datetime | None = None) -> list[Fired]:
        """Let it stand still, now or at an instant to come."""
        return self._running.call(world_time.set_pace(self._running.simulator, ClockMode.FROZEN, at))

    def pace(self, rate: float, at: datetime | None = None) -> list[Fired]:
        """Let so many seconds pass in one of the machine's."""
        return self._running.call(world_time.set_pace(self._running.simulator, ClockMode.PACED, at, rate))

    def run(self) -> list[Fired]:
        """Let it go on at the machine's pace, from where it is."""
        return self._running.call(world_time.set_pace(self._running.simulator, ClockMode.OFFSET))


class Faults:
    """What fails in a running world, in the words of `/control/faults`: `add("submission", "reply", {"verb": "RCPT"}, code="451")`."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def add(
        self,
        point: Point | str,
        kind: FaultKind | str,
        match: FaultMatch | None = None,
        *,
        nth: int = 1,
        count: int | None = 1,
        lifetime_seconds: float | None = None,
        **action: Unpack[FaultAction],
    ) -> str:
        """Set a rule; its id. ValueError for a point or a kind that there is not, Refusal for a rule that cannot be.

        It fires from the `nth` match on, `count` times (None: always), for so many seconds on the world's clock.
        """
        wanted, limits = (FaultKind(kind), action), (nth, count, lifetime_seconds)
        return self._running.call(faults.add(self._running.simulator, Point(point), wanted, match or {}, limits))

    def preset(self, name: PresetName | str, **given: Unpack[PresetFields]) -> list[str]:
        """Set a trouble of the field by its name; the ids of its rules."""
        return self._running.call(faults.add_preset(self._running.simulator, PresetName(name), given))

    def all(self) -> list[Fault]:
        """The rules, in the order in which they are asked, each with how often it matched and fired."""
        return self._running.call(faults.all_rules(self._running.simulator))

    def fired(self, rule: str) -> int:
        """How often a rule fired; Refusal when there is none of that id."""
        return self._running.call(faults.fired(self._running.simulator, rule))

    def lift(self, rule: str | None = None) -> None:
        """Lift a rule, or all."""
        self._running.call(faults.lift(self._running.simulator, rule))

    def clear(self) -> None:
        """Lift all rules."""
        self.lift()
