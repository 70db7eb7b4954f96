"""Waiting: look, and look again after each commit that may matter, until something is there or the time is over."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store.engine import CLOCK_SET, RIGHTS_CHANGED
from mss_sim.words.sentence import say

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Waiter:
    """`folders`: those whose changes matter, with those made since `begun`, an id; None where every commit may matter."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    folders: frozenset[int] | None = None
    begun: int = 0
    anew: bool = False

    def concerned(self, changed: set[int]) -> bool:
        if self.folders is None or RIGHTS_CHANGED in changed or CLOCK_SET in changed:
            return True
        return any(one in self.folders or one > self.begun for one in changed)


class Waits:
    """The waits of one world."""

    def __init__(self, world: World) -> None:
        self._settings = world.settings.waits
        self._ids = world.ids
        self._waiters: set[_Waiter] = set()
        self._closed = False
        world.store.watch_commits(self._committed)
        world.clock.watch(self.look_again)
        world.beginning_anew.append(self._begin_anew)

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._waiters)

    async def close(self) -> None:
        """End every wait, and refuse those that come: the world ends."""
        self._closed = True
        for waiter in self._waiters:
            waiter.woken.set()

    def look_again(self) -> None:
        """Have everybody look who waits for more than changes of folders: something came to its end."""
        self._committed({CLOCK_SET})

    def _committed(self, changed: set[int]) -> None:
        for waiter in self._waiters:
            if not waiter.woken.is_set() and waiter.concerned(changed):
                waiter.woken.set()

    def _begin_anew(self) -> None:
        for waiter in self._waiters:
            waiter.anew = True
            waiter.woken.set()

    async def until(self, look: Callable[[], Awaitable[T | None]], seconds: float, folders: Collection[int] | None = None) -> T | None:
        """What `look` finds, now or as soon as a commit brings it; None when so many seconds have passed.

        `folders`: those whose changes alone can bring it. What `look` raises is raised. Refusal: LIMIT_REACHED when too many wait or for
        too long, CONFLICT when the world is emptied or ends meanwhile.
        """
        if seconds > self._settings.seconds_max:
            detail = say("Wait {most} seconds at most, and ask again.", most=self._settings.seconds_max)
            raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#waits")
        with self._waiting(folders) as waiter:
            ends = asyncio.get_running_loop().time() + seconds
            while True:
                if self._closed:
                    raise Refusal(Rule.CONFLICT, say("The world ended while you waited."))
                waiter.woken.clear()
                found = await look()
                left = ends - asyncio.get_running_loop().time()
                if found is not None or left <= 0:
                    return found
                await _first(waiter.woken, left)
                if waiter.anew:
                    raise Refusal(Rule.CONFLICT, say("The world was reset while you waited."))
                if not waiter.woken.is_set():
                    return None

    @contextmanager
    def _waiting(self, folders: Collection[int] | None) -> Iterator[_Waiter]:
        if len(self._waiters) >= self._settings.max:
            detail = say("{most} wait already, the most that may; ask again in a while.", most=self._settings.max)
            raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#waits")
        known = None if folders is None else frozenset(folders)
        waiter = _Waiter(folders=known, begun=self._ids.next())
        self._waiters.add(waiter)
        try:
            yield waiter
        finally:
            self._waiters.discard(waiter)


async def _first(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, so many seconds at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
