"""Wake waiting sessions after a commit, in commit order: those that watch a folder, and those whose rights it changed.

A watcher names the folders that he cares for and the instant at which a grant of his runs out. He is woken when one of the folders
changed, when anybody's rights did, and when that instant has come; he then looks for himself, so nothing is told that is not stored.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from mss_sim.clock import Clock, Micros
from mss_sim.store.engine import RIGHTS_CHANGED
from mss_sim.store.store import Store


class Wake(Protocol):
    """Called on the event loop; `rights` when it may be what the watcher may do that changed."""

    def __call__(self, *, rights: bool) -> None: ...


@dataclass(eq=False, slots=True)
class Watcher:
    """Somebody who waits. `folders` and `until` may be changed at any time; `close` ends it."""

    wake: Wake
    events: "Events"
    folders: set[int] = field(default_factory=set)
    until: Micros | None = None

    def close(self) -> None:
        """Be told nothing more."""
        self.events.forget(self)


class Events:
    """The watchers of one world."""

    def __init__(self, store: Store, clock: Clock, *, tick_seconds: float) -> None:
        self._clock = clock
        self._tick_seconds = tick_seconds
        self._watchers: set[Watcher] = set()
        self._end = store.watch(self._changed)

    def watch(self, wake: Wake) -> Watcher:
        """A new watcher, of nothing yet; `wake` is called on the event loop."""
        watcher = Watcher(wake, self)
        self._watchers.add(watcher)
        return watcher

    def forget(self, watcher: Watcher) -> None:
        """Take a watcher off; one that is off already stays off."""
        self._watchers.discard(watcher)

    def _changed(self, folder_ids: set[int]) -> None:
        everybody = RIGHTS_CHANGED in folder_ids
        for watcher in list(self._watchers):
            if everybody or not watcher.folders.isdisjoint(folder_ids):
                watcher.wake(rights=everybody)

    async def run(self) -> None:
        """Watch the clock, until cancelled: a grant that runs out is an event too."""
        while True:
            await asyncio.sleep(self._tick_seconds)
            now = self._clock.now()
            for watcher in list(self._watchers):
                if watcher.until is not None and watcher.until <= now:
                    watcher.until = None
                    watcher.wake(rights=True)
