"""Whether a world has settled: nothing is under way, and nothing that is due by its clock is still to be done."""

from dataclasses import dataclass

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
        """Whether no letter is under way, no patient is about to do anything, no event is to be posted, no document to be diagnosed."""
        now = self.world.clock.now()
        due = [await one.next_at() for one in (self.queue, self.patients, self.webhooks)]
        busy = self.queue.busy or self.webhooks.busy or self.diagnoses.busy
        return not busy and all(at is None or at > now for at in due)
