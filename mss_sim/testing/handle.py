"""A simulator in a thread of its own, for code that is not asynchronous: test suites, the demonstration, a notebook.

with RunningSimulator(Settings(submission_port=0, mx_port=0, imap_port=0, http_port=0)) as running:
    running.ready["submission"]["port"]
"""

import asyncio
import json
import threading
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from mss_sim.app import asking, faults, population, snapshots, world_time
from mss_sim.app.simulator import Simulator
from mss_sim.app.world_time import Fired
from mss_sim.config.settings import Settings
from mss_sim.http.hosting import NewWorld
from mss_sim.testing.persons import Person
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.faults import FaultKind, Point, PresetName
from mss_sim.worlds import Worlds

T = TypeVar("T")


class Time:
    """The time of a running world: `advance` moves it by way of all that is due, and returns what happened meanwhile, in its order."""

    def __init__(self, running: "WorldHandle") -> None:
        self._running = running

    def now(self) -> datetime:
        """How late it is in the world, UTC."""
        return world_time.now(self._running.simulator)

    def advance(self, by: timedelta | str | None = None, *, to: datetime | None = None) -> list[Fired]:
        """Move it forward: by a timedelta or a duration of ISO 8601 ("P7D"; months by the calendar), or to an instant."""
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


class Failing:
    """What fails in a running world, in the words of `/control/faults`: `add("submission", "reply", {"verb": "RCPT"}, code="451")`."""

    def __init__(self, running: "WorldHandle") -> None:
        self._running = running

    def add(
        self,
        point: str,
        kind: str,
        match: Mapping[str, Any] | None = None,
        *,
        nth: int = 1,
        count: int | None = 1,
        lifetime_seconds: float | None = None,
        **action: Any,
    ) -> str:
        """Set a rule; its id."""
        wanted, limits = (FaultKind(kind), action), (nth, count, lifetime_seconds)
        return self._running.call(faults.add(self._running.simulator, Point(point), wanted, match or {}, limits))

    def preset(self, name: str, **given: Any) -> list[str]:
        """Set a trouble of the field by its name; the ids of its rules."""
        return self._running.call(faults.add_preset(self._running.simulator, PresetName(name), given))

    def fired(self, rule: str) -> int:
        """How often a rule fired."""
        return self._running.call(faults.fired(self._running.simulator, rule))

    def lift(self, rule: str | None = None) -> None:
        """Lift a rule, or all."""
        self._running.call(faults.lift(self._running.simulator, rule))


class WorldHandle:
    """A running world. `ready` is what its ready file would say, `clock` its time, `faults` what fails in it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, simulator: Simulator) -> None:
        self._loop = loop
        self.simulator = simulator
        self.ready: dict[str, Any] = {}
        self.clock = Time(self)
        self.faults = Failing(self)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that runs where the simulator runs."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def patients(self, count: int, *, seed: int = 0) -> list[dict[str, Any]]:
        """So many fictional patients with mailboxes, added where they are not there yet: address, login, password, identities.

        The same seed gives the same people.
        """
        return self.call(population.add_patients(self.simulator, count, seed))

    def persona(self, role: str) -> dict[str, Any]:
        """The persona that plays a role in the seed; KeyError when nobody does."""
        found: dict[str, dict[str, Any]] = {persona["role"]: persona for persona in self.ready["personas"]}
        return found[role]

    def person(self, role: str) -> Person:
        """The same with clients that are logged in; KeyError with the roles that there are."""
        return Person.of(self.ready, role)

    def wait(self, kind: str, *, timeout: float = 10.0, **marks: Any) -> dict[str, Any]:
        """What `POST /control/wait` answers, once it is as it was asked for; AssertionError with what came instead when it is not.

        `mss.wait("message", mailbox=..., subject=...)["found"][0]["values"]["codes"]`; a mark `from` is written `from_`.
        """
        wanted = {"kind": kind, "timeout": timeout, **{name.rstrip("_"): value for name, value in marks.items()}}
        key = self.ready["control_key"]
        answer: dict[str, Any] = json.loads(asking.ask_octets(self.ready["http"], key, "/control/wait", wanted, seconds=timeout + 30))
        if not answer["met"]:
            near = "; ".join(f"{one['subject']!r} lacks {', '.join(one['lacks'])}" for one in answer["near"])
            came = f"; what came instead: {near}" if near else ""
            raise AssertionError(f"waited {timeout} s in vain for {wanted}: {len(answer['found'])} found{came}")
        return answer

    def reset(self) -> None:
        """Begin anew: the world is empty but for its seed, and everything that was remembered is forgotten."""
        self.call(self.simulator.core.reset(self.simulator.seed))

    def save(self, name: str, *, replace: bool = False) -> None:
        """Keep the world as it is now under a name; all worlds of the process see it."""
        self.call(snapshots.save(self.simulator, name, replace=replace))

    def restore(self, name: str) -> None:
        """Go back to it. SMTP and IMAP clients are told to connect again."""
        self.call(snapshots.restore(self.simulator, name))


class HostedWorld(WorldHandle):
    """A world beside the first one, which ends with its block."""

    def __init__(self, running: "RunningSimulator", called: str, ready: Mapping[str, Any]) -> None:
        super().__init__(running.loop, running.worlds.simulator(called))
        self._running = running
        self.id = called
        self.ready = dict(ready)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        """End it: its ports close, nothing of it is kept."""
        self.call(self._running.worlds.delete(self.id))


class RunningSimulator(WorldHandle):
    """Runs a process's first world in a thread, and makes further ones."""

    def __init__(self, settings: Settings | None = None, *, seed: str | None = "cabinet") -> None:
        self.loop = asyncio.new_event_loop()
        self.worlds = Worlds(settings or Settings(submission_port=0, mx_port=0, imap_port=0, http_port=0), seed=seed)
        super().__init__(self.loop, self.worlds.first)
        self._thread = threading.Thread(target=self.loop.run_forever, name="mss-sim", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.call(self.worlds.first.start())
        self.ready = self.simulator.ready()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.call(self.worlds.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def world(
        self, *, name: str | None = None, seed: str | None = None, snapshot: str | None = None, settings: Mapping[str, Any] | None = None
    ) -> HostedWorld:
        """A world beside this one, with a seed or a snapshot or else as this one began; use it as a context manager, or end it."""
        file = self.call(snapshots.find(self.simulator, snapshot)) if snapshot is not None else None
        made = self.call(self.worlds.create(NewWorld(name, seed, file, settings or {})))
        return HostedWorld(self, made.id, made.ready)
