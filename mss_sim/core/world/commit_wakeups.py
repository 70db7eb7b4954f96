"""Wake waiting sessions after a commit, in commit order: those that watch a folder, and those whose rights it changed.

A watcher names the folders that it watches and the instant at which one of its grants expires. It is woken when one of the folders
changes, when any rights change, and at that instant; it then reads for itself, so that only stored facts are reported.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from mss_sim.clock import Micros, WorldClock
from mss_sim.store.engine import RIGHTS_CHANGED
from mss_sim.store.store import Store


class Wake(Protocol):
    """Called on the event loop; `rights` when the rights of the watcher may have changed."""

    def __call__(self, *, rights: bool) -> None: ...


@dataclass(eq=False, slots=True)
class Watcher:
    """A waiting session. `folders` and `until` may be changed at any time; `close` ends it."""

    wake: Wake
    events: "Wakeups"
    folders: set[int] = field(default_factory=set)
    until: Micros | None = None

    def close(self) -> None:
        """Stop being notified."""
        self.events.forget(self)


class Wakeups:
    """The watchers of one world."""

    def __init__(self, store: Store, clock: WorldClock, *, tick_seconds: float) -> None:
        self._clock = clock
        self._tick_seconds = tick_seconds
        self._watchers: set[Watcher] = set()
        self._end = store.watch(self._changed)
        clock.watch(self.look)

    def watch(self, wake: Wake) -> Watcher:
        """A new watcher, of no folder yet; `wake` is called on the event loop."""
        watcher = Watcher(wake, self)
        self._watchers.add(watcher)
        return watcher

    def forget(self, watcher: Watcher) -> None:
        """Remove a watcher; a removed one stays removed."""
        self._watchers.discard(watcher)

    def _changed(self, folder_ids: set[int]) -> None:
        everybody = RIGHTS_CHANGED in folder_ids
        for watcher in list(self._watchers):
            if everybody or not watcher.folders.isdisjoint(folder_ids):
                watcher.wake(rights=everybody)

    async def run(self) -> None:
        """Watch the clock, until cancelled: the expiry of a grant is an event too."""
        while True:
            await asyncio.sleep(self._clock.pause(self._tick_seconds))
            self.look()

    def look(self) -> None:
        """Wake the holders of grants that have ended by now."""
        now = self._clock.now()
        for watcher in list(self._watchers):
            if watcher.until is not None and watcher.until <= now:
                watcher.until = None
                watcher.wake(rights=True)
