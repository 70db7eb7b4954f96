"""Fictional patients for callers in the same process: test suites, the demonstration."""

from typing import Any

from mss_sim.app.simulator import Simulator
from mss_sim.core.control import adding_patients, named_seeds


async def add_patients(simulator: Simulator, count: int, number: int) -> list[dict[str, Any]]:
    """Add so many patients that a number draws, with their mailboxes; who they are, as `POST /control/patients` answers."""
    return [one.as_json() for one in await adding_patients.add_patients(simulator.world, count, number)]


def seeds() -> list[str]:
    """The seeds that are shipped, with which a world can begin; `none` is an empty one."""
    return named_seeds.shipped()
