"""Waiting recipients whose next try is due, as the agenda asks for them.

A try that is under way is due until it has ended, in whatever process: time is not moved away from under a letter that has left. A
server may be silent, and a process that died leaves abandoned tries behind: they are waited for so long and no longer.
"""

import asyncio
from contextlib import suppress

from mss_sim.clock import Micros
from mss_sim.core.mailflow.queue import Queue
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.store import mailboxes
from mss_sim.store.queue import Due
from mss_sim.vocabulary.clock import FiredKind

_LOOK_SECONDS = 0.02


class DueTries:
    """What the agenda asks about the queue; `patience_seconds`: how long what has begun is waited for, by the machine's clock."""

    def __init__(self, world: World, queue: Queue, patience_seconds: float = 30.0) -> None:
        self._world = world
        self._queue = queue
        self._patience_seconds = patience_seconds
        self._given_up: dict[int, Micros | None] = {}
        self._addresses: dict[int, str] = {}
        self._version = -1

    async def next_at(self) -> Micros | None:
        """When the next try is due: now, as long as one is under way."""
        at = await self._queue.next_at()
        return self._world.clock.now() if self._queue.awaited or await self._elsewhere() else at

    async def work(self) -> list[Fired]:
        """Try the recipients that are due, and wait for the outcome."""
        at, queue = await self._queue.next_at(), self._queue
        is_due = at is not None and at <= self._world.clock.now()
        made = await queue.work_through() if is_due else await queue.ended_within(self._patience_seconds)
        due = sorted([*made, *await self._made_elsewhere()], key=lambda one: one.waiting.recipient_id)
        if not due:
            return []
        addresses = await self._names({one.submission.mailbox_id for one in due if one.submission.mailbox_id is not None})
        now = self._world.clock.now()
        return [
            Fired(now, FiredKind.TRIED, one.waiting.recipient_id, addresses.get(one.submission.mailbox_id or 0), one.person.address)
            for one in due
        ]

    async def _elsewhere(self) -> list[Due]:
        """The tries of other processes, but for those that were waited for in vain."""
        begun = await self._queue.elsewhere()
        leases = _leases(begun)
        self._given_up = {id_: until for id_, until in self._given_up.items() if leases.get(id_) == until}
        return [one for one in begun if one.waiting.recipient_id not in self._given_up]

    async def _made_elsewhere(self) -> list[Due]:
        """Wait for the tries of other processes; those that have ended."""
        begun = await self._elsewhere()
        left = _leases(begun)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience_seconds):
                while left:
                    await asyncio.sleep(_LOOK_SECONDS)
                    leases = _leases(await self._queue.elsewhere())
                    left = {id_: until for id_, until in left.items() if leases.get(id_) == until}
        self._given_up |= left
        return [one for one in begun if one.waiting.recipient_id not in left]

    async def _names(self, ids: set[int]) -> dict[int, str]:
        """The addresses of these mailboxes, read once until the directory changes."""
        store = self._world.store
        if self._version != store.directory_version:
            self._addresses, self._version = {}, store.directory_version
        if not ids <= self._addresses.keys():
            self._addresses |= await store.read_briefly(mailboxes.addresses, ids)
        return self._addresses


def _leases(tries: list[Due]) -> dict[int, Micros | None]:
    """Until when they are somebody's, by recipient."""
    return {one.waiting.recipient_id: one.waiting.leased_until for one in tries}
