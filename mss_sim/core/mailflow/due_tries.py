"""Waiting recipients whose next try is due, as the agenda asks for them."""

from mss_sim.clock import Micros
from mss_sim.core.mailflow.queue import Queue
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.store import mailboxes
from mss_sim.vocabulary.clock import FiredKind


class DueTries:
    """What the agenda asks about the queue."""

    def __init__(self, world: World, queue: Queue) -> None:
        self._world = world
        self._queue = queue
        self._addresses: dict[int, str] = {}
        self._version = -1

    async def next_at(self) -> Micros | None:
        """When the next try is due: now, as long as one is under way. Time is not moved away from under a letter that has left."""
        at = await self._queue.next_at()
        return self._world.clock.now() if self._queue.busy else at

    async def work(self) -> list[Fired]:
        """Try whoever is due, and wait for what comes of it."""
        due = sorted(await self._queue.work_through(), key=lambda one: one.waiting.recipient_id)
        if not due:
            return []
        addresses = await self._names({one.submission.mailbox_id for one in due if one.submission.mailbox_id is not None})
        now = self._world.clock.now()
        return [
            Fired(now, FiredKind.TRIED, one.waiting.recipient_id, addresses.get(one.submission.mailbox_id or 0), one.person.address)
            for one in due
        ]

    async def _names(self, ids: set[int]) -> dict[int, str]:
        """The addresses of these mailboxes, read once until the directory changes."""
        store = self._world.store
        if self._version != store.directory_version:
            self._addresses, self._version = {}, store.directory_version
        if not ids <= self._addresses.keys():
            self._addresses |= await store.read_briefly(mailboxes.addresses, ids)
        return self._addresses
