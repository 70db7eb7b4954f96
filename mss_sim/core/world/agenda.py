"""The agenda: all that waits for an instant of the world's clock, and what moves that clock.

While time passes by itself, each that waits looks at the clock on its own, and is woken when the clock is set. When time is *moved*, the
agenda walks to the new instant from one due instant to the next: the clock stands still there, everything that is due is done, each in
its own transaction and at its own instant, and only then does it go on. So a letter that is tried "at 03:00" says so wherever it says
when. At one instant the order is that of `waiting`, and within each that of its ids.

What the move is, is kept before it begins and forgotten with its end: a process that dies on the way goes on when it starts again, and
what was done by then is done. Where several processes have one database, one moves the clock, the others follow it at the end.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from mss_sim import log
from mss_sim.clock import REAL_TIME, Micros, Pace, WorldClock
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import instant_of
from mss_sim.policy.clock import decide_time
from mss_sim.store import clock as clocks
from mss_sim.store import mailbox_uses, schema
from mss_sim.store.clock import KeptClock
from mss_sim.store.engine import CLOCK_SET, RIGHTS_CHANGED
from mss_sim.store.store import Store
from mss_sim.vocabulary.clock import ClockMode, FiredKind
from mss_sim.words.sentence import say

_LOOK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Fired:
    """Something that happened because its instant had come: `id` of the recipient, the grant, the step or the mailbox.

    `mailbox`: whose it is; `who`: whom it is about.
    """

    at: Micros
    kind: FiredKind
    id: int
    mailbox: str | None
    who: str


class Waiting(Protocol):
    """Some kind of things that wait."""

    async def next_at(self) -> Micros | None:
        """When the next one is due, in the past or to come."""
        ...

    async def work(self) -> list[Fired]:
        """Do all that is due now."""
        ...


class Agenda:
    """What waits in one world, and its clock."""

    def __init__(self, store: Store, clock: WorldClock, waiting: Sequence[Waiting]) -> None:
        self._store = store
        self._clock = clock
        self._waiting = waiting
        self._moving = asyncio.Lock()
        self._exchanging = 0
        self._closed = False
        self._following: set[asyncio.Task[None]] = set()
        self._log = log.get("core.agenda")
        if not store.exclusive:
            store.watch(self._heard)

    async def set_pace(self, mode: ClockMode, at: Micros | None = None, rate: float = 1.0) -> list[Fired]:
        """Let the clock run otherwise, from `at` or from now, and do what lies between. Refusal of an instant before now."""
        async with self._alone():
            now = self._clock.now()
            wanted = self._clock.machine_now if mode is ClockMode.REAL else now if at is None else at
            if at is not None and at > now:  # another date is chosen: no mailbox went unused meanwhile
                await self._store.write(lambda conn: mailbox_uses.put_off(conn, at - now), changes_directory=True)
            pace = {ClockMode.FROZEN: 0.0, ClockMode.PACED: rate}.get(mode, 1.0)
            return await self._walk(now, wanted, pace, real=mode is ClockMode.REAL)

    async def advance(self, *, to: Micros | None = None, by: Micros = 0) -> list[Fired]:
        """Move the clock there, or so far; all that was due meanwhile, in its order. Refusal of an instant before now."""
        async with self._alone():
            now = self._clock.now()
            return await self._walk(now, now + by if to is None else to, self._clock.pace.rate)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """While no other task or process moves the clock, which is as the last one left it.

        What has not begun goes behind an exchange of the world's content. Refusal: CONFLICT where one comes while another process is waited
        for, STORE_UNAVAILABLE in a world that ends.
        """
        await self._moving.acquire()
        while self._exchanging:
            self._moving.release()
            await self._moving.acquire()  # the lock is fair: an exchange of the world gets it in between
        try:
            async with self._store.alone():
                self._check()
                if not self._store.exclusive:
                    await self._follow()
                yield
        finally:
            self._moving.release()

    async def next_at(self) -> Micros | None:
        """When the next thing is due."""
        return min((at for at, _ in await self._instants()), default=None)

    async def _instants(self) -> list[tuple[Micros, Waiting]]:
        """When the next thing of each kind is due; kinds of which nothing waits are left out."""
        found = [(await one.next_at(), one) for one in self._waiting]
        return [(at, one) for at, one in found if at is not None]

    async def follow(self, one: Waiting, woken: asyncio.Event, look_seconds: float = _LOOK_SECONDS) -> None:
        """Do what is due of one kind as time passes by itself, until cancelled; never while time is moved.

        `woken` is set when something may be due earlier than before; what is not announced is seen within `look_seconds`.
        """
        self._clock.watch(woken.set)
        while True:
            woken.clear()
            pause = look_seconds
            try:
                async with self._moving:
                    pause = await self._work_off(one, look_seconds)
            except Exception as error:  # noqa: BLE001 - it must survive a temporary failure of the store
                self._log.error("what is due could not be done", error=repr(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await woken.wait()

    async def _work_off(self, one: Waiting, look_seconds: float) -> float:
        """Do what is due of one kind; seconds until it is to be looked at again. What cannot be done stays due."""
        tried: Micros | None = None
        while (at := await one.next_at()) is not None and at <= self._clock.now() and at != tried:
            tried = at
            await one.work()
        return look_seconds if at is None or at == tried else min(look_seconds, self._clock.seconds_until(at))

    async def open(self) -> None:
        """Run as the clock ran when the world was last open, never earlier than anything in it."""
        kept = await self._store.read(clocks.kept)
        if kept is None:
            self._clock.run(REAL_TIME)
            return
        pace, moving = kept.pace, kept.advancing_to is not None
        if moving or (pace.mode is ClockMode.PACED and self._store.exclusive):  # no process was running as the time passed
            last = instant_of(await self._store.read(schema.highest_id))
            pace = Pace(max(pace.world_at, last), self._clock.machine_now, 0.0 if moving else pace.rate)
        self._clock.run(pace)

    async def go_on(self) -> list[Fired]:
        """Finish the move that was under way when the world was last open."""
        async with self._alone():
            kept = await self._store.read(clocks.kept)
            if kept is None or kept.advancing_to is None:
                return []
            now = self._clock.now()
            return await self._walk(now, max(kept.advancing_to, now), kept.pace.rate)

    @asynccontextmanager
    async def exchanged(self) -> AsyncIterator[None]:
        """While the content of the world is exchanged its clock is not moved; the caller calls `open` before it leaves.

        A move that is under way ends before its next instant: it may have years to go, through all that fails meanwhile.
        """
        self._exchanging += 1
        try:
            await self._moving.acquire()
        finally:
            self._exchanging -= 1
        try:
            yield
        finally:
            self._moving.release()

    async def close(self) -> None:
        """End a move that is under way, before its next instant, and refuse further ones: the world ends.

        The next process of this world goes on with it.
        """
        self._closed = True

    def _check(self) -> None:
        """Refuse to go on in a world that is about to be another one, or to end."""
        if self._closed:
            raise Refusal(Rule.STORE_UNAVAILABLE, say("The simulator stops."))
        if self._exchanging:
            raise Refusal(Rule.CONFLICT, say("The world was reset while its time was moved; begin anew."), reference="quirks#clock")

    async def _walk(self, now: Micros, to: Micros, rate: float, *, real: bool = False) -> list[Fired]:
        """From now to then, by all that is due on the way; from there on the clock runs at that rate, or as the machine's."""
        clock, fired = self._clock, list[Fired]()
        decide_time(now, to)
        begin = Pace(now, clock.machine_now, rate)
        await self._store.write(lambda conn: clocks.keep(conn, KeptClock(begin, to)))
        try:
            while (instants := await self._instants()) and (at := min(due for due, _ in instants)) <= to:
                self._check()
                before = len(fired), clock.now()
                clock.stand(max(at, clock.now()))
                for due, one in instants:
                    if due <= clock.now():
                        fired += await one.work()
                if (len(fired), clock.now()) == before and await self.next_at() == at:  # what is due cannot be done: it stays due
                    break
        except BaseException:
            clock.run(Pace(clock.now(), clock.machine_now, rate))
            raise
        end = REAL_TIME if real else Pace(to, clock.machine_now, rate)
        await self._store.write(lambda conn: clocks.keep(conn, None if end is REAL_TIME else KeptClock(end)))
        clock.run(end)
        return fired

    def _heard(self, changed: set[int]) -> None:
        """Another process may have set the clock."""
        if CLOCK_SET in changed or RIGHTS_CHANGED in changed:
            task = asyncio.get_running_loop().create_task(self._follow_then())
            self._following.add(task)
            task.add_done_callback(self._following.discard)

    async def _follow_then(self) -> None:
        """After a move of our own, if there is one: what was heard meanwhile may be of a move that came later."""
        async with self._moving:
            await self._follow()

    async def _follow(self) -> None:
        kept = await self._store.read(clocks.kept)
        pace = kept.pace if kept else REAL_TIME
        if kept is None or kept.advancing_to is None:
            self._clock.run(pace)
