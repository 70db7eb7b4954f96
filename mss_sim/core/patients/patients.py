"""Waits for what patients are about to do, and does it: while time passes by itself, and as the agenda moves it."""

import asyncio
from contextlib import suppress
from itertools import groupby

from mss_sim import log
from mss_sim.clock import Micros
from mss_sim.core.patients.steps import Steps
from mss_sim.core.world.agenda import Agenda, Fired
from mss_sim.core.world.world import World
from mss_sim.store import planned_steps
from mss_sim.store.planned_steps import PlannedStep

_AT_ONCE = 256


class Patients:
    """Does the planned steps of one world; `woken` is set when one may be due."""

    def __init__(self, world: World, steps: Steps, woken: asyncio.Event) -> None:
        self._world = world
        self._steps = steps
        self._woken = woken
        self._working = asyncio.Lock()
        self._log = log.get("core.patients")
        world.clock.watch(woken.set)

    async def next_at(self) -> Micros | None:
        """When the next step is due, in the past or to come."""
        return await self._world.store.read_briefly(planned_steps.next_at)

    async def work(self) -> list[Fired]:
        """Do every step that is due now, those of one mailbox one after another; what happened, in the order of instants, then of ids."""
        async with self._working:
            fired: list[Fired] = []
            while due := await self._world.store.read_briefly(planned_steps.due, self._world.clock.now(), _AT_ONCE):
                ordered = sorted(due, key=lambda step: (step.mailbox_id or 0, step.due_at, step.id))
                groups = [list(steps) for _, steps in groupby(ordered, key=lambda step: step.mailbox_id or -step.id)]
                done = [one for found in await asyncio.gather(*map(self._one_by_one, groups)) for one in found]
                fired += sorted(done, key=lambda one: one.id)
                if not done:
                    break  # others do them, or the store does not answer: they stay due
            return fired

    async def _one_by_one(self, steps: list[PlannedStep]) -> list[Fired]:
        found = []
        for step in steps:
            try:
                fired = await self._steps.do(step)
            except Exception as error:  # noqa: BLE001 - one step that cannot be done holds up no other mailbox; it stays due
                self._log.error("step could not be done", step=step.id, act=step.act.value, error=repr(error))
                break
            if fired is not None:
                found.append(fired)
        return found

    async def run(self, agenda: Agenda) -> None:
        """Work until cancelled; while time is moved, the agenda alone says when."""
        while True:
            self._woken.clear()
            try:
                if not agenda.moving:
                    await self.work()
            except Exception as error:  # noqa: BLE001 - a temporary failure of the store
                self._log.error("planned steps could not be read", error=repr(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._world.clock.pause(self._world.settings.patient.step_poll_seconds)):
                    await self._woken.wait()
