"""Grants that begin and end by themselves. Nothing is written then: rights are read with the time. Waiters are woken by the clock."""

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
        self._next: tuple[int, Micros | None] = (-1, None)

    async def next_at(self) -> Micros | None:
        """When the next grant begins or ends; asked anew once it has, or rights have changed."""
        store, now = self._world.store, self._world.clock.now()
        version, at = self._next
        if not store.exclusive or version != store.rights_version or (at is not None and at <= now):
            version, at = store.rights_version, await store.read_briefly(grants.next_turn, now)
            self._next = version, at
        return at

    async def work(self) -> list[Fired]:
        """The grants that begin or end at this instant, each told once."""
        store, now, (version, at) = self._world.store, self._world.clock.now(), self._next
        known = store.exclusive and version == store.rights_version
        if now <= self._told or (known and at != now):
            return []
        self._told = now
        return await store.read_briefly(_turning, now)


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
