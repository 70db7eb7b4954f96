"""Whether a world has settled: nothing is under way, and nothing that is due by its clock is still to be done."""

from mss_sim.clock import Micros
from mss_sim.core.feed.webhooks import Webhooks
from mss_sim.core.mailbox.kept_diagnoses import KeptDiagnoses
from mss_sim.core.mailflow.queue import Queue
from mss_sim.core.patients.due_steps import Patients
from mss_sim.core.world.world import World

_LOOKS = 3
"""Waiters look again after the next commit."""


class Settling:
    """All that works on by itself in one world."""

    def __init__(self, world: World, queue: Queue, patients: Patients, webhooks: Webhooks, diagnoses: KeptDiagnoses) -> None:
        self._world = world
        self._queue = queue
        self._patients = patients
        self._webhooks = webhooks
        self._diagnoses = diagnoses
        self._commits = 0
        world.store.watch_commits(self._committed)

    def _committed(self, _: set[int]) -> None:
        self._commits += 1

    async def over(self) -> bool:
        """Whether no letter is under way, no patient is about to do anything, no event is to be posted, no document to be diagnosed.

        They give each other work, so that what was at rest when it was looked at counts only if nothing was committed since.
        """
        for _ in range(_LOOKS):
            before = self._commits
            if not await self._at_rest():
                return False
            if self._commits == before:
                return True
        return False

    async def _at_rest(self) -> bool:
        """Each in turn; whether it is busy is asked after what is due, since what it finishes in between is committed."""
        now = self._world.clock.now()
        for one in (self._patients, self._queue):
            if _is_due(await one.next_at(), now):
                return False
        if self._queue.busy or self._diagnoses.busy:
            return False
        return not _is_due(await self._webhooks.next_at(), now) and not self._webhooks.busy


def _is_due(at: Micros | None, now: Micros) -> bool:
    return at is not None and at <= now
