"""Out-of-office answers that begin and end by themselves. Nothing is written then: whether one is given is read with the time."""

from mss_sim.clock import Micros
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.store import identities, mailboxes, out_of_office
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.clock import FiredKind


class Absences:
    """What the agenda asks about out-of-office answers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._told = world.clock.now()

    async def next_at(self) -> Micros | None:
        """When the next answer begins or ends to be given."""
        return await self._world.store.read_briefly(out_of_office.next_turn, self._world.clock.now())

    async def work(self) -> list[Fired]:
        """The answers that begin or end at this instant, each told once."""
        now = self._world.clock.now()
        if now <= self._told:
            return []
        self._told = now
        return await self._world.store.read_briefly(_turning, now)


def _turning(conn: Connection, now: Micros) -> list[Fired]:
    rows = out_of_office.turning_at(conn, now)
    boxes = {box.id: box for box in mailboxes.with_ids(conn, {row.mailbox_id for row in rows})}
    people = identities.names(conn, {box.owner_id for box in boxes.values()})
    told = [
        (FiredKind.AWAY_ENDED if row.until_at == now else FiredKind.AWAY_BEGAN, boxes[row.mailbox_id])
        for row in rows
        if row.mailbox_id in boxes
    ]
    return [Fired(now, kind, box.id, box.address, people[box.owner_id].idnat) for kind, box in told]
