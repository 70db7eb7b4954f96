"""While time passes by itself, what is due is done, and nothing of it while the clock stands still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mss_sim.clock import SECOND, Micros, Pace
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.rounds import Rounds
from tests.core.towns import OpenTown, Town


class _One:
    """Something that waits for one instant; `broken`: it fails at its first look."""

    def __init__(self, town: Town, at: Micros, *, broken: bool = False) -> None:
        self._town, self._at, self._broken = town, at, broken
        self.looked, self.done = asyncio.Event(), asyncio.Event()

    async def next_at(self) -> Micros | None:
        self.looked.set()
        if self._broken:
            self._broken = False
            raise ValueError("broken")
        return None if self.done.is_set() else self._at

    async def work(self) -> list[Fired]:
        self.done.set()
        return []


@asynccontextmanager
async def _going(town: Town, *waiting: _One) -> AsyncIterator[None]:
    task = asyncio.create_task(Rounds(town.world, waiting).run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_due_is_done_though_another_one_fails(open_town: OpenTown) -> None:
    async with open_town(queue_poll_seconds=0.01) as town:
        now = town.clock.now()
        broken, due, later = _One(town, now, broken=True), _One(town, now), _One(town, now + SECOND)
        async with _going(town, broken, due, later):
            await asyncio.wait_for(due.done.wait(), 5)
            await asyncio.wait_for(broken.done.wait(), 5)
            assert not later.done.is_set()


async def test_a_use_and_a_clock_that_is_set_are_looked_at_at_once(open_town: OpenTown) -> None:
    async with open_town(queue_poll_seconds=1_000) as town:
        now = town.clock.now()
        later = _One(town, now + SECOND)
        async with _going(town, later):
            await asyncio.wait_for(later.looked.wait(), 5)
            later.looked.clear()
            town.world.uses.note(1)
            await asyncio.wait_for(later.looked.wait(), 5)
            town.world.clock.run(Pace(now + SECOND, town.clock.now(), 0.0))
            later.looked.clear()
            await asyncio.wait_for(later.looked.wait(), 5)
            await asyncio.sleep(0)
            assert not later.done.is_set(), "who moves the clock does it"
            town.world.clock.run(Pace(now + SECOND, town.clock.now(), 1.0))
            await asyncio.wait_for(later.done.wait(), 5)
