"""Whether a world has settled: nothing is under way, and nothing that is due by its clock is still to be done."""

from dataclasses import dataclass

from mss_sim.clock import Micros
from mss_sim.core.feed.webhooks import Webhooks
from mss_sim.core.mailbox.kept_diagnoses import KeptDiagnoses
from mss_sim.core.mailflow.queue import Queue
from mss_sim.core.patients.due_steps import Patients
from mss_sim.core.world.world import World


@dataclass(frozen=True, slots=True)
class Settling:
    """All that works on by itself in one world."""

    world: World
    queue: Queue
    patients: Patients
    webhooks: Webhooks
    diagnoses: KeptDiagnoses

    async def over(self) -> bool:
        """Whether no letter is under way, no patient is about to do anything, no event is to be posted, no document to be diagnosed.

        Each is looked at after what gives it work, and whether it is busy after what is due: what it finishes between the two looks is
        committed, and seen by the next.
        """
        now = self.world.clock.now()
        for one in (self.patients, self.queue):
            if _is_due(await one.next_at(), now):
                return False
        if self.queue.busy or self.diagnoses.busy:
            return False
        return not _is_due(await self.webhooks.next_at(), now) and not self.webhooks.busy


def _is_due(at: Micros | None, now: Micros) -> bool:
    return at is not None and at <= now
