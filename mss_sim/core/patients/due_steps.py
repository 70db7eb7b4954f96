"""Does what patients are about to do, when its instant has come."""

import asyncio
from itertools import groupby

from mss_sim import log
from mss_sim.clock import Micros
from mss_sim.core.patients.doing_steps import Steps
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.store import planned_steps
from mss_sim.store.planned_steps import PlannedStep

_AT_ONCE = 256


class Patients:
    """Does the planned steps of one world, when the agenda asks."""

    def __init__(self, world: World, steps: Steps) -> None:
        self._world = world
        self._steps = steps
        self._working = asyncio.Lock()
        self._log = log.get("core.patients")

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
