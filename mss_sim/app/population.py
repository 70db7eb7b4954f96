"""Fictional patients for whoever runs a world in the same process: test suites, the demonstration."""

from typing import Any

from mss_sim.app.simulator import Simulator
from mss_sim.core.control import populate


async def add_patients(simulator: Simulator, count: int, seed: int) -> list[dict[str, Any]]:
    """Add so many patients of a seed with their mailboxes; who they are, as `POST /control/patients` answers."""
    return [one.shown() for one in await populate.add_patients(simulator.world, count, seed)]
