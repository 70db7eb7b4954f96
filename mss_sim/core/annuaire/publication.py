"""The directory follows what happens to people, organisations and mailboxes, at the end of the unit of work that changed them.

Nothing is kept for it until somebody asks for the first time; then all is loaded, some hundreds in one transaction, and followed from
then on. A change is seen with the commit that makes it, or later where a setting says so.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from mss_sim.clock import DAY, SECOND, Micros
from mss_sim.core.world.world import World
from mss_sim.faults.rules import Facts
from mss_sim.ids import ID_MAX, decode, id_after
from mss_sim.store import directory
from mss_sim.store.directory import Load, Part, pruned_id
from mss_sim.store.directory_restricted import Restricted
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.faults import Point

if TYPE_CHECKING:
    from mss_sim.store.directory_search import View


def follow_commits(world: World) -> None:
    """Have the directory follow every commit from now on."""
    world.store.publish_with(partial(_publish, world))


def _publish(world: World, conn: Connection, identity_ids: set[int]) -> None:
    if directory.load_state(conn) is not None:
        directory.refresh(conn, identity_ids, world.ids.next(), world.clock.now())
        from mss_sim.store import correspondents  # noqa: PLC0415 - a start loads no searches

        correspondents.follow(conn, identity_ids)


def view_now(world: World, conn: Connection, revision: int | None = None, restricted: Restricted | None = None) -> "View":
    """What is published now, or what was at a revision, as an operator sees it where one looks; Refusal(INVALID) for what is pruned."""
    from mss_sim.core.annuaire.page_addresses import too_old  # noqa: PLC0415 - a start loads no searches
    from mss_sim.store import directory_search  # noqa: PLC0415
    from mss_sim.store.directory_search import View  # noqa: PLC0415

    newest, pruned, now = directory_search.newest(conn), pruned_id(conn), world.clock.now()
    if revision is None:
        revision = max(pruned, min(newest, _published_until(world, now)))
    elif revision < pruned:
        raise too_old()
    return View(revision, now - world.settings.directory.gone_days * DAY, revision == newest, restricted)


def _published_until(world: World, now: Micros) -> int:
    """The revision that searches see: late by a setting, or standing still by a fault."""
    faults, late = world.faults, world.settings.directory.publication_delay_seconds
    until = id_after(now - int(late * SECOND)) if late else ID_MAX
    if not faults.at(Point.DIRECTORY_INDEX):
        return until
    fault = faults.find(Point.DIRECTORY_INDEX, Facts())
    return min(until, decode(fault.rule)) if fault else until  # a rule has its place among the ids of the world


class Loading:
    """Loads a part of the directory of one world when it is asked for the first time, behind the part that it is made of."""

    def __init__(self, world: World, part: Part = Part.ENTRIES, before: "Loading | None" = None) -> None:
        self._world = world
        self._part = part
        self._before = before
        self._one = asyncio.Lock()
        self._done = False

    def forget(self) -> None:
        """The world begins anew: what was loaded is gone, or another."""
        self._done = False

    async def ensure(self) -> None:
        """Return when it is there whole. Others of this world write between two transactions."""
        if self._done:
            return
        if self._before is not None:
            await self._before.ensure()
        async with self._one:
            while not self._done:
                state = await self._world.store.read_briefly(directory.load_state, self._part)
                if state is None or not state.done:
                    state = await self._world.store.write(self._load_more)
                self._done = state.done

    def _load_more(self, conn: Connection) -> Load:
        count = self._world.settings.directory.load_rows_at_once
        if self._part is Part.CARDS:
            from mss_sim.store import correspondents  # noqa: PLC0415 - as above

            return correspondents.load(conn, count)
        return directory.load(conn, self._world.ids.next(), count)
