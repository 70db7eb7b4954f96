"""The same handles for code that is asynchronous: whatever is awaited here is done in the simulator's thread, and blocks no loop of yours.

async with AsyncSimulator() as mss, mss.world() as world:
    coming = asyncio.create_task(world.wait("message", mailbox=world.patient.address))
    await world.doctor.send([world.patient.address], subject="Votre bilan")
    (await coming).first.values.codes
"""

import asyncio
import imaplib
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, Unpack, cast

import aiosmtplib

from mss_sim.app import faults, population, snapshots, world_time
from mss_sim.app.faults import Fault
from mss_sim.app.snapshots import Difference, Snapshot
from mss_sim.app.world_time import Fired
from mss_sim.config.settings import Settings
from mss_sim.testing import evidence
from mss_sim.testing.asking import ask, control
from mss_sim.testing.controls import Span
from mss_sim.testing.documents import (
    FaultAction,
    FaultMatch,
    LetterFields,
    LetterItem,
    OpenedLetter,
    PatientDocument,
    PersonaDocument,
    PresetFields,
    Ready,
    SentLetter,
)
from mss_sim.testing.handle import RunningSimulator, WorldHandle
from mss_sim.testing.logging_in import log_in
from mss_sim.testing.persons import AUTHENTICATED, Cast, Persona, play
from mss_sim.testing.playing import Played, play_scenario
from mss_sim.testing.results import LogIn, Session, Waited
from mss_sim.testing.waiting import Awaiting
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.faults import FaultKind, Point, PresetName

T = TypeVar("T")
_SECONDS = 30


class Does(Protocol):
    """Runs work where the simulator runs, and lets others of the loop go on meanwhile."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> Coroutine[Any, Any, T]:
        """What to await for the result."""
        ...


@dataclass(frozen=True)
class AsyncPerson(Persona):
    """A persona whose clients are awaited."""

    do: Does = field(repr=False, compare=False)

    async def smtp(self) -> aiosmtplib.SMTP:
        """The submission port, over STARTTLS, logged in; aiosmtplib's error when it refuses. Await its `quit` at the end."""
        port, context = self.ready["submission"]["port"], self.tls
        client = aiosmtplib.SMTP(hostname="localhost", port=port, start_tls=True, tls_context=context, timeout=_SECONDS)
        if self.certificate is None:
            await client.connect(username=self.login, password=self.password)
            return client
        await client.connect()
        await client.ehlo()
        code, text = await client.execute_command(b"AUTH", b"EXTERNAL", b"=")
        if code != AUTHENTICATED:
            client.close()
            raise aiosmtplib.SMTPAuthenticationError(code, text)
        return client

    async def imap(self, mailbox: str | None = None) -> imaplib.IMAP4:
        """IMAP, logged in, as `Person.imap`: opened in a thread. The client itself blocks; let `asyncio.to_thread` call it."""
        return await asyncio.to_thread(self._imap, mailbox)

    async def rest(self, method: str, path: str, body: object = None) -> Any:
        """The JSON that REST answers to a request below /api/v1, None where it answers nothing; RestRefused when it refuses."""
        return await self.do(ask(self.asks_rest(method, path, body)))

    async def token(self, lifetime_seconds: int | None = None) -> str:
        """An access token of theirs, as Pro Santé Connect would give it, without a log-in."""
        return str((await self.do(ask(self._token(lifetime_seconds))))["access_token"])

    async def log_in(self, mode: str = "CARD") -> LogIn:
        """Log in with Pro Santé Connect, by card or by `MOBILE`: tokens and userinfo. RestRefused for who has neither, such as patients."""
        return await self.do(log_in(self.ready, self.idnat, mode))

    async def send(self, to: Sequence[str], *, mailbox: str | None = None, **fields: Unpack[LetterFields]) -> SentLetter:
        """Send a letter by REST from a mailbox, their own where none is named; RestRefused when it is refused."""
        sent: SentLetter = await self.do(ask(self._posts(to, mailbox, fields)))
        return sent

    async def inbox(self, mailbox: str | None = None, *, subject: str | None = None, wait: float = 0) -> list[LetterItem]:
        """The letters in INBOX, the newest first; `subject`: a part of it; `wait`: so many seconds for a first one."""
        found: list[LetterItem] = (await self.do(ask(self._lists(mailbox, subject, wait))))["items"]
        return found

    async def read(self, letter: str, mailbox: str | None = None) -> OpenedLetter:
        """Open a letter by the id that `inbox` tells, as a reader does: it is read from then on, where they may say so."""
        found: OpenedLetter = await self.do(ask(self._opens(letter, mailbox)))
        return found


class AsyncClock:
    """The time of a running world, as `Clock`."""

    def __init__(self, world: WorldHandle) -> None:
        self._world = world

    def now(self) -> datetime:
        """How late it is in the world, UTC."""
        return world_time.now(self._world.simulator)

    async def advance(self, by: Span = None, *, to: datetime | None = None) -> list[Fired]:
        """Move it forward, by a timedelta or a duration of ISO 8601, or to an instant; what happened meanwhile, in its order."""
        return await self._world.do(world_time.advance(self._world.simulator, by, to))

    async def freeze(self, at: datetime | None = None) -> list[Fired]:
        """Let it stand still, now or at an instant to come."""
        return await self._world.do(world_time.set_pace(self._world.simulator, ClockMode.FROZEN, at))

    async def pace(self, rate: float, at: datetime | None = None) -> list[Fired]:
        """Let so many seconds pass in one of the machine's."""
        return await self._world.do(world_time.set_pace(self._world.simulator, ClockMode.PACED, at, rate))

    async def run(self) -> list[Fired]:
        """Let it go on at the machine's pace, from where it is."""
        return await self._world.do(world_time.set_pace(self._world.simulator, ClockMode.OFFSET))


class AsyncFaults:
    """What fails in a running world, as `Faults`."""

    def __init__(self, world: WorldHandle) -> None:
        self._world = world

    async def add(
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
        """Set a rule; its id. ValueError for a point or a kind that there is not, Refusal for a rule that cannot be."""
        wanted, limits = (FaultKind(kind), action), (nth, count, lifetime_seconds)
        return await self._world.do(faults.add(self._world.simulator, Point(point), wanted, match or {}, limits))

    async def preset(self, name: PresetName | str, **given: Unpack[PresetFields]) -> list[str]:
        """Set a trouble of the field by its name; the ids of its rules."""
        return await self._world.do(faults.add_preset(self._world.simulator, PresetName(name), given))

    async def all(self) -> list[Fault]:
        """The rules, in the order in which they are asked, each with how often it matched and fired."""
        return await self._world.do(faults.all_rules(self._world.simulator))

    async def fired(self, rule: str) -> int:
        """How often a rule fired; Refusal when there is none of that id."""
        return await self._world.do(faults.fired(self._world.simulator, rule))

    async def lift(self, rule: str | None = None) -> None:
        """Lift a rule, or all."""
        await self._world.do(faults.lift(self._world.simulator, rule))

    async def clear(self) -> None:
        """Lift all rules."""
        await self.lift()


class AsyncWorld(Cast[AsyncPerson], Awaiting):
    """A running world for who awaits; made of the handle of one that runs, `AsyncWorld(world)`."""

    def __init__(self, world: WorldHandle) -> None:
        self._world = world
        self.clock = AsyncClock(world)
        self.faults = AsyncFaults(world)

    @property
    def ready(self) -> Ready:
        """What its ready file would say: ports, certificate, keys, people."""
        return self._world.ready

    @property
    def name(self) -> str:
        """What it is called."""
        return self._world.name

    async def patients(self, count: int, *, seed: int = 0) -> list[PatientDocument]:
        """So many fictional patients with mailboxes, added where they are not there yet; the same seed gives the same people."""
        return cast("list[PatientDocument]", await self._world.do(population.add_patients(self._world.simulator, count, seed)))

    def persona(self, role: str) -> PersonaDocument:
        """The persona that plays a role, as the ready file tells it; KeyError with the roles that there are when nobody does."""
        return self._world.persona(role)

    def person(self, role: str) -> AsyncPerson:
        """The same with clients that are logged in; KeyError with the roles that there are."""
        return play(self.ready, role, lambda ready, one: AsyncPerson.of(ready, one, self._world.do))

    async def like(self, role: str, count: int = 1) -> list[AsyncPerson]:
        """So many new people like one of the seed, each with mailboxes and a log-in of their own; RestRefused for a role of nobody."""
        made = await self.control("POST", "/people/like", {"role": role, "count": count, "token": False})
        return [AsyncPerson.of(self.ready, one, self._world.do) for one in made]

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """The JSON that the control plane answers to a request below /control, for what has no method here; RestRefused."""
        return await self._world.do(ask(control(self.ready, method, path, body)))

    async def waited(self, kind: str, marks: Mapping[str, Any]) -> Waited[Any]:
        """What `wait` waits for, where kind and marks are not known beforehand; a task that waits may be cancelled."""
        __tracebackhide__ = True
        return await self._world.do(self._world.waited(kind, marks))

    async def play(self, scenario: str | Path) -> Played:
        """Play a story that ships, by its name, or a scenario file, to its end; StepFailed, an AssertionError, when a step fails."""
        return await self._world.do(play_scenario(self.ready, scenario))

    async def sessions(self, *, door: str | None = None, who: str | None = None, limit: int = 50) -> list[Session]:
        """What was said on the newest connections, the newest first; `who`: the idNat that logged in."""
        return await self._world.do(evidence.sessions(self.ready, door=door, who=who, limit=limit))

    async def reset(self) -> None:
        """Begin anew: the world is empty but for its seed, and everything that was remembered is forgotten."""
        await self._world.do(self._world.simulator.core.reset(self._world.simulator.seed))

    async def save(self, name: str, *, note: str = "", replace: bool = False) -> Snapshot:
        """Keep the world as it is now under a name; Refusal of a name that is taken."""
        return await self._world.do(snapshots.save(self._world.simulator, name, note=note, replace=replace))

    async def restore(self, name: str) -> None:
        """Go back to it; Refusal when there is none."""
        await self._world.do(snapshots.restore(self._world.simulator, name))

    async def snapshots(self) -> list[Snapshot]:
        """The snapshots that are kept, by name."""
        return await self._world.do(snapshots.list_all(self._world.simulator))

    async def differences(self, name: str) -> dict[str, Difference]:
        """What has changed since a snapshot, by subject."""
        return await self._world.do(snapshots.differences(self._world.simulator, name))

    async def drop(self, name: str) -> None:
        """Keep a snapshot no longer."""
        await self._world.do(snapshots.remove(self._world.simulator, name))


class AsyncSimulator(AsyncWorld):
    """Runs a process's first world in a thread, and makes further ones; `async with` starts and ends it."""

    def __init__(self, settings: Settings | None = None, *, seed: str | None = "cabinet") -> None:
        self._running = RunningSimulator(settings, seed=seed)
        super().__init__(self._running)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._running.__enter__)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self._running.__exit__, kind, error, trace)

    @asynccontextmanager
    async def world(
        self,
        *,
        name: str | None = None,
        seed: str | None = None,
        snapshot: str | None = None,
        settings: Mapping[str, object] | None = None,
        lifetime_seconds: float | None = None,
    ) -> AsyncIterator[AsyncWorld]:
        """A world beside this one, which ends with its block; what may be given is as for `RunningSimulator.world`."""
        made = await self._running.do(self._running.made(name, seed, snapshot, settings or {}, lifetime_seconds))
        try:
            yield AsyncWorld(made)
        finally:
            await self._running.do(made.ended())
