"""Snapshots of a world for callers in the same process: test suites, in the words of the control plane."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mss_sim.app.simulator import Simulator
from mss_sim.core.control import snapshots
from mss_sim.core.control.snapshots import About, Shelf

Difference = snapshots.Difference
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A world that is kept under a name: when it was saved by the machine's clock, how late it was in it, what it holds by count."""

    name: str
    note: str
    made_at: datetime
    world_at: datetime
    seed: str | None
    size_bytes: int
    counts: dict[str, int]


def _shelf(simulator: Simulator) -> Shelf:
    shelf = simulator.core.snapshots
    if shelf is None:
        raise RuntimeError("this world keeps no snapshots")
    return shelf


async def save(simulator: Simulator, name: str, *, note: str = "", replace: bool = False) -> Snapshot:
    """Keep the world as it is under a name; Refusal for a name that is taken, or none."""
    about = About(note=note, seed=simulator.seed)
    return _told(await snapshots.save(simulator.world, _shelf(simulator), name, about, replace=replace))


async def restore(simulator: Simulator, name: str) -> None:
    """Go back to it; Refusal(NOT_FOUND) when there is none of that name."""
    await simulator.core.restore(await _shelf(simulator).one(name))


async def find(simulator: Simulator, name: str) -> Path:
    """Its file, to begin a world with; Refusal(NOT_FOUND) when there is none of that name."""
    return (await _shelf(simulator).one(name)).file


async def list_all(simulator: Simulator) -> list[Snapshot]:
    """Those that are kept, by name."""
    return [_told(one) for one in await _shelf(simulator).all()]


async def remove(simulator: Simulator, name: str) -> None:
    """Keep it no longer; Refusal(NOT_FOUND) when there is none of that name."""
    await _shelf(simulator).remove(name)


async def differences(simulator: Simulator, name: str) -> dict[str, Difference]:
    """What differs now from a snapshot, by subject: people, mailboxes, letters, grants, settings. Refusal(NOT_FOUND)."""
    shelf = _shelf(simulator)
    earlier = await shelf.one(name)
    async with snapshots.as_it_is(simulator.world, shelf, simulator.seed) as now:
        return await snapshots.compare(earlier, now)


async def take_in(simulator: Simulator, file: Path, name: str) -> Snapshot:
    """Keep a file that comes from elsewhere under a name; OSError when it cannot be read, Refusal(INVALID) when it is no snapshot."""

    async def pieces() -> AsyncIterator[bytes]:
        with await asyncio.to_thread(file.open, "rb") as opened:
            while piece := await asyncio.to_thread(opened.read, _PIECE_BYTES):
                yield piece

    return _told(await _shelf(simulator).take_in(name, pieces(), replace=True))


def _told(one: snapshots.Snapshot) -> Snapshot:
    about = one.manifest
    made, world = datetime.fromisoformat(about.made_at), datetime.fromisoformat(about.world_at)
    return Snapshot(one.name, about.note, made, world, about.seed, one.size_bytes, dict(about.counts))
