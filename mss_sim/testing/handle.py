"""A simulator in a thread of its own, for code that is not asynchronous: test suites, the demonstration, a notebook.

with RunningSimulator() as mss, mss.world(name="my-test") as world:
    world.doctor.send([world.patient.address], subject="Votre bilan")
    world.wait("message", mailbox=world.patient.address, subject="bilan")
"""

import asyncio
import threading
from collections import deque
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack, cast, overload

from mss_sim.app import population, snapshots, world_time
from mss_sim.app.simulator import Simulator
from mss_sim.app.snapshots import Difference, Snapshot
from mss_sim.config.settings import Settings
from mss_sim.errors import Refusal
from mss_sim.http.hosting import NewWorld
from mss_sim.testing import evidence, waiting
from mss_sim.testing.asking import RestRefused, ask, control
from mss_sim.testing.controls import Clock, Faults
from mss_sim.testing.documents import PatientDocument, PersonaDocument, Ready
from mss_sim.testing.evidence import Evidence
from mss_sim.testing.persons import Cast, Person, play
from mss_sim.testing.playing import Played, StepFailed, play_scenario
from mss_sim.testing.results import JournalLine, Letter, Session, TimelineEvent, Waited, WaitedInVain
from mss_sim.testing.waiting import ActMarks, LetterMarks, LogInMarks, SessionMarks, SettledMarks, TimelineMarks
from mss_sim.worlds import Worlds

T = TypeVar("T")
_PORTS = {"submission_port": 0, "mx_port": 0, "imap_port": 0, "http_port": 0}
_LEFT_MAX = 5
_REFUSALS = (Refusal, RestRefused, StepFailed, WaitedInVain)
"""What is no failure of the simulator: where in it that was found out tells a test nothing."""


class WorldHandle(Cast[Person]):
    """A running world. `ready` is what its ready file would say, `clock` its time, `faults` what fails in it.

    `doctor`, `secretary`, `patient` and the others of the seed `cabinet` are people with clients that are logged in.
    """

    ready: Ready
    """Ports, certificate, keys, people; it is there once the world runs."""

    def __init__(self, loop: asyncio.AbstractEventLoop, simulator: Simulator) -> None:
        self._loop = loop
        self.simulator = simulator
        self.name = "the first world"
        self.clock = Clock(self)
        self.faults = Faults(self)
        self.in_vain: list[WaitedInVain] = []
        """Waits that were not met, the newest last."""

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that runs where the simulator runs. What it refuses is raised as if it had been refused here."""
        __tracebackhide__ = True
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except _REFUSALS as error:
            raise error.with_traceback(None) from None

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """The same for callers in an event loop, which goes on meanwhile. Who is cancelled cancels the work."""
        __tracebackhide__ = True
        try:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
        except _REFUSALS as error:
            raise error.with_traceback(None) from None

    def patients(self, count: int, *, seed: int = 0) -> list[PatientDocument]:
        """So many fictional patients with mailboxes, added where they are not there yet: address, login, password, identities.

        The same seed gives the same people.
        """
        return cast("list[PatientDocument]", self.call(population.add_patients(self.simulator, count, seed)))

    def persona(self, role: str) -> PersonaDocument:
        """The persona that plays a role, as the ready file tells it; KeyError with the roles that there are when nobody does."""
        return play(self.ready, role, lambda _ready, one: one)

    def person(self, role: str) -> Person:
        """The same with clients that are logged in; KeyError with the roles that there are."""
        return play(self.ready, role, lambda ready, one: Person.of(ready, one, self.call))

    def like(self, role: str, count: int = 1) -> list[Person]:
        """So many new people like one of the seed, each with mailboxes and a log-in of their own; RestRefused for a role of nobody."""
        __tracebackhide__ = True
        made = self.control("POST", "/people/like", {"role": role, "count": count, "token": False})
        return [Person.of(self.ready, one, self.call) for one in made]

    def control(self, method: str, path: str, body: object = None) -> Any:
        """The JSON that the control plane answers to a request below /control, for what has no method here; RestRefused."""
        __tracebackhide__ = True
        return self.call(ask(control(self.ready, method, path, body)))

    @overload
    def wait(self, kind: Literal["message"], **marks: Unpack[LetterMarks]) -> Waited[Letter]:
        """Wait for letters."""

    @overload
    def wait(self, kind: Literal["act"], **marks: Unpack[ActMarks]) -> Waited[JournalLine]:
        """Wait for lines of journals."""

    @overload
    def wait(self, kind: Literal["timeline"], **marks: Unpack[TimelineMarks]) -> Waited[TimelineEvent]:
        """Wait for what happens to recipients."""

    @overload
    def wait(self, kind: Literal["session"], **marks: Unpack[SessionMarks]) -> Waited[Session]:
        """Wait for what a client does in one go; its lines are told by `sessions`."""

    @overload
    def wait(self, kind: Literal["log_in"], **marks: Unpack[LogInMarks]) -> Waited[Session]:
        """Wait until somebody logs in."""

    @overload
    def wait(self, kind: Literal["settled"], **marks: Unpack[SettledMarks]) -> Waited[str]:
        """Wait until nothing is under way and nothing is due."""

    def wait(self, kind: str, **marks: Any) -> Waited[Any]:
        """What was waited for, once it is there; WaitedInVain, an AssertionError, with what came instead when it does not come.

        `world.wait("message", mailbox=..., subject=...).first.values.codes`; a mark `from` is written `from_`. `timeout=10`, `count=1`,
        `none=True` for what may not come, `after=` the `cursor` of an answer before.
        """
        __tracebackhide__ = True
        return self.call(self.waited(kind, marks))

    async def waited(self, kind: str, marks: Mapping[str, Any]) -> Waited[Any]:
        """What `wait` does, where the simulator runs."""
        try:
            return await waiting.wait(self.ready, kind, marks)
        except WaitedInVain as error:
            self.in_vain.append(error)
            raise

    def play(self, scenario: str | Path) -> Played:
        """Play a story that ships, by its name, or a scenario file, to its end; StepFailed, an AssertionError, when a step fails.

        RestRefused for what is no scenario, by line and step; OSError for a file that cannot be read.
        """
        __tracebackhide__ = True
        return self.call(play_scenario(self.ready, scenario))

    def sessions(self, *, door: str | None = None, who: str | None = None, limit: int = 50) -> list[Session]:
        """What was said on the newest connections, the newest first; `who`: the idNat that logged in."""
        return self.call(evidence.sessions(self.ready, door=door, who=who, limit=limit))

    def reset(self) -> None:
        """Begin anew: the world is empty but for its seed, and everything that was remembered is forgotten."""
        self.call(self.simulator.core.reset(self.simulator.seed))

    def save(self, name: str, *, note: str = "", replace: bool = False) -> Snapshot:
        """Keep the world as it is now under a name; all worlds of the process see it. Refusal of a name that is taken."""
        return self.call(snapshots.save(self.simulator, name, note=note, replace=replace))

    def restore(self, name: str) -> None:
        """Go back to it. SMTP and IMAP clients are told to connect again. Refusal when there is none."""
        self.call(snapshots.restore(self.simulator, name))

    def snapshots(self) -> list[Snapshot]:
        """The snapshots that are kept, by name."""
        return self.call(snapshots.list_all(self.simulator))

    def differences(self, name: str) -> dict[str, Difference]:
        """What has changed since a snapshot, by subject: people, mailboxes, letters, grants, settings."""
        return self.call(snapshots.differences(self.simulator, name))

    def drop(self, name: str) -> None:
        """Keep a snapshot no longer."""
        self.call(snapshots.remove(self.simulator, name))

    async def mark(self) -> str:
        """An id that is greater than those of all sessions before: what `evidence` takes."""
        return await world_time.mark(self.simulator)

    async def evidence(self, after: str = "") -> Evidence:
        """What to show when a test fails: sessions that were opened after this `mark`, waits that were not met."""
        return await evidence.gather(self.name, self.ready, self.in_vain, after)


class HostedWorld(WorldHandle):
    """A world beside the first one, which ends with its block."""

    def __init__(self, running: "RunningSimulator", called: str, name: str, ready: Mapping[str, Any]) -> None:
        super().__init__(running.loop, running.worlds.simulator(called))
        self._running = running
        self._over = False
        self.id = called
        self.name = name
        self.ready = cast("Ready", dict(ready))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._over:
            self.call(self.ended(error))

    def end(self) -> None:
        """End it: its ports close, nothing of it is kept. Refusal when it has ended."""
        self.call(self.ended())

    async def ended(self, error: BaseException | None = None) -> None:
        """What `end` does, where the simulator runs; for an error, its evidence is left with the simulator."""
        self._over = True
        if error is not None:
            self._running.left.append(await self.evidence())
        await self._running.worlds.delete(self.id)


class RunningSimulator(WorldHandle):
    """Runs a process's first world in a thread, and makes further ones. `left`: the evidence of worlds that an error ended."""

    def __init__(self, settings: Settings | None = None, *, seed: str | None = "cabinet") -> None:
        self.loop = asyncio.new_event_loop()
        self.worlds = Worlds(settings or Settings(**_PORTS), seed=seed)
        self.left: deque[Evidence] = deque(maxlen=_LEFT_MAX)
        super().__init__(self.loop, self.worlds.first)
        self._thread = threading.Thread(target=self.loop.run_forever, name="mss-sim", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.call(self.worlds.first.start())
        except BaseException:
            self._stop()
            raise
        self.ready = cast("Ready", self.simulator.ready())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.call(self.worlds.stop())
        finally:
            self._stop()

    def _stop(self) -> None:
        self.call(_end_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def world(
        self,
        *,
        name: str | None = None,
        seed: str | None = None,
        snapshot: str | None = None,
        settings: Mapping[str, object] | None = None,
        lifetime_seconds: float | None = None,
    ) -> HostedWorld:
        """A world beside this one; use it as a context manager, or end it. Refusal for a seed, snapshot or settings that cannot be.

        It begins with a seed or a snapshot, or else as this one began, has the settings of this one but for those given by name, and ends
        by itself after so many seconds (an hour when left out).
        """
        return self.call(self.made(name, seed, snapshot, settings or {}, lifetime_seconds))

    async def made(
        self, name: str | None, seed: str | None, snapshot: str | None, settings: Mapping[str, object], lifetime_seconds: float | None
    ) -> HostedWorld:
        """What `world` does, where the simulator runs."""
        file = await snapshots.find(self.simulator, snapshot) if snapshot is not None else None
        told = await self.worlds.create(NewWorld(name, seed, file, settings, lifetime_seconds=lifetime_seconds))
        return HostedWorld(self, told.id, told.name, told.ready)

    def take_in(self, file: Path, name: str) -> Snapshot:
        """Keep the file of a snapshot (`GET /control/snapshots/{name}/file`) under a name; OSError, or Refusal when it is none."""
        return self.call(snapshots.take_in(self.simulator, file, name))


async def _end_tasks() -> None:
    """End what runs yet: requests whose client has left, such as a wait that was cancelled."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
