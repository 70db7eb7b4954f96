"""While time passes by itself, somebody has to look whether anything is due: of what nobody else wakes, this does.

A clock that stands still makes nothing due, and who moves it does what is due himself (`agenda`); so nothing is done then.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from mss_sim import log
from mss_sim.core.world.agenda import Waiting
from mss_sim.core.world.world import World


class Rounds:
    """Goes round those that wait, every now and then and whenever the clock was set or a mailbox was used."""

    def __init__(self, world: World, waiting: Sequence[Waiting]) -> None:
        self._world = world
        self._waiting = waiting
        self._woken = asyncio.Event()
        self._log = log.get("core.rounds")
        world.clock.watch(self._woken.set)

    async def run(self) -> None:
        """Go round until cancelled."""
        loop, clock = asyncio.get_running_loop(), self._world.clock
        self._world.uses.wake = lambda: loop.call_soon_threadsafe(self._woken.set)
        try:
            while True:
                for one in self._waiting:
                    await self._look_at(one)
                self._woken.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(clock.pause(self._world.settings.queue.poll_seconds)):
                        await self._woken.wait()
        finally:
            self._world.uses.wake = lambda: None

    async def _look_at(self, one: Waiting) -> None:
        try:
            at = await one.next_at()
            if at is not None and self._world.clock.pace.rate and at <= self._world.clock.now():
                await one.work()
        except Exception as error:  # noqa: BLE001 - the next round must come, whatever fails in this one
            self._log.error("round failed", error=repr(error))
