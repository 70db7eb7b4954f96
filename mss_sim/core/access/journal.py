"""Reading the journal of a mailbox."""

from mss_sim.core.access import gate
from mss_sim.core.access.authentication import Actor
from mss_sim.core.world.world import World
from mss_sim.store import journal
from mss_sim.store.engine import Connection
from mss_sim.store.journal import Line
from mss_sim.vocabulary import Right


async def of_mailbox(world: World, actor: Actor, address: str, *, before: int | None, limit: int) -> list[Line]:
    """The newest lines of a mailbox; only who manages it may know who did what."""

    def query(conn: Connection) -> list[Line]:
        held = gate.about(world, conn, actor, address, Right.MANAGE)
        return journal.of_mailbox(conn, held.mailbox.id, before=before, limit=limit)

    return await world.store.read(query)
