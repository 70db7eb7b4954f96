"""Names by id, for responses that show them."""

from collections.abc import Iterable

from mss_sim.core.world.world import World
from mss_sim.store import identities
from mss_sim.store.identities import Identity


async def identities_by_id(world: World, ids: Iterable[int | None]) -> dict[int, Identity]:
    """The identities with these ids; None and identities deleted since are left out."""
    wanted = {id_ for id_ in ids if id_ is not None}
    return await world.store.read(identities.names, wanted) if wanted else {}
