"""Grants that begin and end by themselves. Nothing is written then: rights are read with the time. Whoever waits is woken by the clock."""

from mss_sim.clock import Micros
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.store import grants, identities, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.clock import FiredKind


class GrantTurns:
    """What the agenda asks about grants."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._told = world.clock.now()

    async def next_at(self) -> Micros | None:
        """When the next grant begins or ends."""
        return await self._world.store.read_briefly(grants.next_turn, self._world.clock.now())

    async def work(self) -> list[Fired]:
        """The grants that begin or end at this instant, each told once."""
        now = self._world.clock.now()
        if now <= self._told:
            return []
        self._told = now
        return await self._world.store.read_briefly(_turning, now)


def _turning(conn: Connection, now: Micros) -> list[Fired]:
    rows = grants.turning_at(conn, now)
    addresses = mailboxes.addresses(conn, {row.mailbox_id for row in rows})
    people = identities.names(conn, {row.grantee_id for row in rows})
    return [
        Fired(
            now,
            FiredKind.GRANT_ENDED if row.valid_until == now else FiredKind.GRANT_BEGAN,
            row.id,
            addresses.get(row.mailbox_id),
            people[row.grantee_id].idnat,
        )
        for row in rows
    ]
