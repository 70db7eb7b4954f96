"""What a world begins with, at its start and when it is reset: one sequence, so that a reset world cannot differ from a fresh one."""

from dataclasses import dataclass

from mss_sim.core.control import named_seeds as seeds
from mss_sim.core.control import personas
from mss_sim.core.control.personas import Persona
from mss_sim.core.psc import clients
from mss_sim.core.trust import operator_certificates
from mss_sim.core.world.world import World


@dataclass(frozen=True, slots=True)
class Begun:
    """The content of the ready file: the personas of the seed, and certificate files for tests that run outside."""

    personas: tuple[Persona, ...]
    client_files: dict[str, dict[str, str]]


async def begin(world: World, seed: str | None) -> Begun:
    """Create or find what a world needs; one process at a time, whatever folders they use. `seed` None or `none` plants no people."""
    async with world.store.alone():
        played: list[Persona] = []
        if seed not in (None, seeds.NONE):
            await seeds.plant(world, seed, beginning=True)
            played = await personas.of_seed(world, seed)
        await operator_certificates.certify_all(world)
        files = await operator_certificates.write_files(world, world.igc.ca_file.parent / "clients")
        await clients.register_first(world)  # last: a start that finds no client continues the planting
        return Begun(tuple(played), files)
