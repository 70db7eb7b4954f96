"""Old versions of the directory are pruned at midnight (UTC), when they can no longer be asked for.

| a version                         | can be asked for by                                     | for                         |
|-----------------------------------|---------------------------------------------------------|-----------------------------|
| that another one has followed     | a walk that began before, a late search, a file of before | the longest of the three    |
| a skeleton of who was deleted     | a search by `_lastUpdated`                              | `directory_gone_days`       |
| the newest one                    | everybody                                               | good                        |

Up to which id versions may be missing is written down with the removal: a walk that stands before it is refused as too old, a late
publication is no later. Who is disabled keeps the skeleton, which would else come back as a change.
"""

from functools import partial

from mss_sim.clock import DAY, SECOND, Micros
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.ids import id_after, instant_of
from mss_sim.store import directory, directory_pruning
from mss_sim.store.engine import Connection

_AT_ONCE = 1_000


class Pruning:
    """What the agenda asks about old versions."""

    def __init__(self, world: World) -> None:
        settings = world.settings.directory
        kept = max(settings.walk_seconds, settings.publication_delay_seconds)
        self._world = world
        self._kept = max(int(kept * SECOND), (settings.extraction_late_days + 1) * DAY)
        self._gone = settings.gone_days * DAY

    async def next_at(self) -> Micros | None:
        """The midnight behind which the first may go; none in a world that is not asked for addresses."""
        return await self._world.store.read_briefly(self._next_at)

    def _next_at(self, conn: Connection) -> Micros | None:
        state = directory.load_state(conn)
        if state is None or not state.done:
            return None
        ended_id, gone_at = directory_pruning.oldest(conn)
        ends = [instant_of(ended_id) + self._kept] if ended_id is not None else []
        ends += [gone_at + self._gone] if gone_at is not None else []
        return min(ends) // DAY * DAY + DAY if ends else None

    async def work(self) -> list[Fired]:
        """Remove them, some in a transaction, between which mail goes on. It is not announced: no client can see it."""
        now = self._world.clock.now()
        prune = partial(
            directory_pruning.prune, ended_before=id_after(now - self._kept - SECOND), gone_before=now - self._gone, most=_AT_ONCE
        )
        while await self._world.store.write(prune):
            pass
        return []
