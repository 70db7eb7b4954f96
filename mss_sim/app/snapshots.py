"""Snapshots of a world for whoever runs it in the same process: test suites, in the words of the control plane."""

from pathlib import Path

from mss_sim.app.simulator import Simulator
from mss_sim.core.control import snapshots
from mss_sim.core.control.snapshots import Shelf


def _shelf(simulator: Simulator) -> Shelf:
    shelf = simulator.core.snapshots
    if shelf is None:
        raise RuntimeError("this world keeps no snapshots")
    return shelf


async def save(simulator: Simulator, name: str, *, replace: bool) -> None:
    """Keep the world as it is under a name; Refusal for a name that is taken, or none."""
    await snapshots.save(simulator.world, _shelf(simulator), name, seed=simulator.seed, replace=replace)


async def restore(simulator: Simulator, name: str) -> None:
    """Go back to it; Refusal(NOT_FOUND) when there is none of that name."""
    await simulator.core.restore(await _shelf(simulator).one(name))


async def find(simulator: Simulator, name: str) -> Path:
    """Its file, to begin a world with; Refusal(NOT_FOUND) when there is none of that name."""
    return (await _shelf(simulator).one(name)).file
