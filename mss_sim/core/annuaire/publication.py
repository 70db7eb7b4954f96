"""The directory follows what happens to people, organisations and mailboxes, at the end of the unit of work that changed them.

Nothing is kept for it until somebody asks for the first time; then all is loaded, some hundreds in one transaction, and followed from
then on. A change is seen with the commit that makes it, or later where a setting says so.
"""

import asyncio
from functools import partial

from mss_sim.core.world.world import World
from mss_sim.store import directory
from mss_sim.store.engine import Connection


def follow_commits(world: World) -> None:
    """Have the directory follow every commit from now on."""
    world.store.publish_with(partial(_publish, world))


def _publish(world: World, conn: Connection, identity_ids: set[int]) -> None:
    if directory.load_state(conn) is not None:
        directory.refresh(conn, identity_ids, world.ids.next(), world.clock.now())


class Loading:
    """Loads the directory of one world when it is asked for the first time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._one = asyncio.Lock()
        self._done = False

    def forget(self) -> None:
        """The world begins anew: what was loaded is gone, or another."""
        self._done = False

    async def ensure(self) -> None:
        """Return when the directory is there whole. Others of this world write between two transactions."""
        if self._done:
            return
        async with self._one:
            while not self._done:
                state = await self._world.store.read_briefly(directory.load_state)
                if state is None or not state.done:
                    state = await self._world.store.write(self._load_more)
                self._done = state.done

    def _load_more(self, conn: Connection) -> directory.Load:
        return directory.load(conn, self._world.ids.next(), self._world.settings.directory.load_rows_at_once)
