"""Seed worlds: people, mailboxes, grants and letters, planted by the same verbs as everything else."""

import asyncio
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from mss_sim.clock import Micros, Pace, from_datetime
from mss_sim.core.control import planting, seed_formats, seed_letters, uploaded_seeds
from mss_sim.core.control.planting import Planting
from mss_sim.core.control.seed_formats import SeedFiles
from mss_sim.core.psc.clients import FIRST_CLIENT
from mss_sim.core.trust import operator_certificates, operators
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.clock import decide_time
from mss_sim.store import clock as clocks
from mss_sim.store import identities
from mss_sim.store import operators as operators_kept
from mss_sim.store import psc as psc_kept
from mss_sim.store.clock import KeptClock
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.words.sentence import say

NONE = "none"
"""The seed name for an empty world."""
_SEEDS = Path(__file__).parent / "seeds"
_SHIPPED_BYTES_MAX = 10_000_000


def shipped() -> list[str]:
    """The seeds that are shipped."""
    return sorted(path.stem for path in _SEEDS.glob("*.toml"))


def names(world: World) -> list[str]:
    """The seeds that a world can begin with: those that are shipped, and those that were brought in."""
    return sorted({*shipped(), *uploaded_seeds.names(world)})


def load(name: str) -> dict[str, Any]:
    """What a seed that is shipped says; Refusal(INVALID) for an unknown name."""
    _require(name, shipped())
    return tomllib.loads((_SEEDS / f"{name}.toml").read_text(encoding="utf-8"))


def _require(name: str, known: list[str]) -> None:
    if name not in known:
        raise _unknown(name, known)


def _unknown(name: str, known: list[str]) -> Refusal:
    return Refusal(Rule.INVALID, say("There is no seed {name}; the seeds are {names}.", name=name, names=", ".join(known)), subject=name)


def check(world: World, name: str) -> None:
    """Refusal(INVALID) for an unknown name; `none` names the empty world."""
    if name != NONE:
        _require(name, names(world))


def find(world: World, name: str) -> SeedFiles:
    """A seed that is shipped or was brought in; Refusal(INVALID) for an unknown name. Blocking."""
    if name in shipped():
        return seed_formats.read(_SEEDS / f"{name}.toml", _SHIPPED_BYTES_MAX)
    kept = uploaded_seeds.find(world, name)
    if kept is None:
        raise _unknown(name, names(world))
    return kept


@lru_cache(maxsize=16)
def _kept(path: Path) -> Mapping[str, Any]:
    """A seed that ships, read once: who plays which role is asked of all of them at each log-in by a role."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def content(world: World, name: str) -> Mapping[str, Any]:
    """What a seed says, without its letters; nothing where one that was brought in cannot be read any more. Refusal for an unknown name."""
    if name in shipped():
        return _kept(_SEEDS / f"{name}.toml")
    _require(name, names(world))
    return uploaded_seeds.content(world, name) or {}


def settings_of(world: World, name: str) -> Mapping[str, Any]:
    """The settings that a seed asks for, for a world that begins with it. Blocking."""
    found: Mapping[str, Any] = content(world, name).get("settings", {}) if name != NONE else {}
    return found


async def plant(world: World, name: str, *, beginning: bool = False) -> bool:
    """Plant a seed into the world; False when its people exist already, as after a restart.

    A start that was killed after the planting left a world without the client of Pro Santé Connect, which comes last: it is still unused,
    and what is missing is added then. A world that is `beginning` has the clock of the seed too.
    """
    files = await asyncio.to_thread(find, world, name)
    told = files.told
    people, own = told.get("identities", ()), name not in shipped()
    first = await world.store.read(identities.by_idnat, people[0]["idnat"]) if people else None
    known = await world.store.read(operators_kept.list_all)
    cut = bool(known) and await world.store.read(psc_kept.client, FIRST_CLIENT) is None
    there = any(one.name == row["name"] for one in known for row in told.get("operators", ())[:1]) if not people else first is not None
    if there and not cut:
        return False
    if beginning and "clock" in told and not known:
        await _set_clock(world, told["clock"])
    hashes = {password: world.passwords.hash(password) for password in {row.get("password", "") for row in people} - {""}}
    letters = [] if cut else await seed_letters.read(world, files)
    size = sum(len(octets) for octets in files.letters.values())

    def unit(conn: Connection) -> None:
        Planting(world, conn, files, hashes, again=cut, own=own).plant(letters)

    await world.store.write(unit, changes_directory=True, size=size)
    await operators.list_certificates(world, planting.operators_of(told.get("operators", ())))
    await operator_certificates.certify_all(world)
    return True


async def _set_clock(world: World, told: Mapping[str, Any]) -> None:
    """Have a world in which nothing has happened yet begin at the instant of a seed."""
    mode = ClockMode(told["mode"])
    at: Micros = from_datetime(told["at"]) if "at" in told else world.clock.now()
    if mode is ClockMode.REAL:
        return
    decide_time(0, at)
    rate = {ClockMode.FROZEN: 0.0, ClockMode.PACED: float(told.get("rate", 1.0))}.get(mode, 1.0)
    pace = Pace(at, world.clock.machine_now, rate)
    await world.store.write(lambda conn: clocks.keep(conn, KeptClock(pace)))
    world.clock.run(pace)
