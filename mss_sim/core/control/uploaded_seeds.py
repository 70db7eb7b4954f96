"""Seeds that were brought in: kept under names in one folder for all worlds of a process, each as a zip archive.

They may be copied there by hand: what is there is asked of the folder each time, and read as what comes from outside.
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mss_sim.core.control import seed_fields, seed_formats, seed_letters
from mss_sim.core.control.seed_formats import ARCHIVE, SeedFiles
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.words.sentence import say

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHIPPED = Path(__file__).parent / "seeds"
_TAKEN = frozenset({"none", "now"})
"""Names that mean something else where a seed is named."""


@dataclass(frozen=True, slots=True)
class KeptSeed:
    """A seed by its name: what is in it, counted."""

    name: str
    size_bytes: int
    counts: Mapping[str, int]


def _folder(world: World) -> Path:
    if world.seeds_dir is None:
        raise Refusal(Rule.NOT_FOUND, say("This world keeps no seeds of its own."), reference="quirks#seeds")
    return world.seeds_dir


def _place(world: World, name: str) -> Path:
    """Where a seed lies, or would; Refusal(INVALID) for what is no name."""
    if not _NAME.fullmatch(name) or name in _TAKEN:
        detail = say("A seed is named by letters, digits, points, hyphens and underscores, at most 64, and neither none nor now.")
        raise Refusal(Rule.INVALID, detail, subject=name[:64], reference="quirks#seeds")
    return _folder(world) / (name + ARCHIVE)


def names(world: World) -> list[str]:
    """Those that are kept."""
    found = world.seeds_dir.glob(f"*{ARCHIVE}") if world.seeds_dir is not None else ()
    return sorted(name for path in found if _NAME.fullmatch(name := path.name.removesuffix(ARCHIVE)))


def find(world: World, name: str) -> SeedFiles | None:
    """One of them; None when there is none of that name, Refusal(INVALID) when it is none. Blocking."""
    if name not in names(world):
        return None
    files = seed_formats.read(_place(world, name), world.settings.seeds.size_bytes_max)
    seed_fields.check(files.text, files.told)
    return files


def content(world: World, name: str) -> Mapping[str, Any] | None:
    """What its `seed.toml` says; None when there is none of that name, or it cannot be read. Blocking."""
    with suppress(Refusal, OSError):
        return seed_formats.told_in(_place(world, name), world.settings.seeds.size_bytes_max) if name in names(world) else None
    return None


async def every(world: World) -> list[KeptSeed]:
    """All that can be read, by name."""
    return await asyncio.to_thread(lambda: [one for name in names(world) if (one := _counted(world, name)) is not None])


def _counted(world: World, name: str) -> KeptSeed | None:
    said = content(world, name)
    if said is None:
        return None
    return KeptSeed(name, _place(world, name).stat().st_size, counts(said))


def counts(said: Mapping[str, Any]) -> dict[str, int]:
    """How many of each there are in what a seed says."""
    return {table: len(said.get(table, ())) for table in ("operators", "identities", "mailboxes", "grants", "letters")}


async def keep(world: World, name: str, files: SeedFiles, *, replace: bool) -> KeptSeed:
    """Keep a seed under a name, once all that it says and all its letters can be read.

    Refusal: INVALID for what cannot, CONFLICT for a name that is taken and not to be replaced, or a seed that is shipped; LIMIT_REACHED.
    """
    place = check_room(world, name, replace=replace)
    await asyncio.to_thread(seed_fields.check, files.text, files.told)
    await seed_letters.read(world, files)
    await asyncio.to_thread(_put, files, place)
    kept = await asyncio.to_thread(_counted, world, name)
    if kept is None:
        raise Refusal(Rule.STORE_UNAVAILABLE, say("The seed cannot be written: {error}.", error=place.name))
    return kept


async def keep_file(world: World, place: Path) -> str:
    """Keep a seed that lies in a folder, an archive or a TOML file, in the place of one of its name; that name. Refusals of `keep`."""
    name = named_by(place)
    files = await asyncio.to_thread(seed_formats.read, place, world.settings.seeds.size_bytes_max)
    await keep(world, name, files, replace=True)
    return name


def named_by(place: Path) -> str:
    """The name that a seed has by its folder or its file: letters, digits, points, hyphens and underscores of it."""
    whole = place.resolve()
    stem = whole.parent.name if whole.name == seed_formats.TOML else whole.name if whole.is_dir() else whole.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.")[:64] or "seed"


def check_room(world: World, name: str, *, replace: bool) -> Path:
    """Where a seed of that name would lie. Refusal: INVALID, CONFLICT, LIMIT_REACHED as of `keep`."""
    if (_SHIPPED / f"{name}.toml").exists():
        raise Refusal(Rule.CONFLICT, say("{name} is a seed that ships; take another name.", name=name), subject=name)
    place, there, most = _place(world, name), names(world), world.settings.seeds.max
    if name in there and not replace:
        raise Refusal(Rule.CONFLICT, say("There is a seed {name} already; ask for replace.", name=name), subject=name)
    if name not in there and len(there) >= most:
        detail = say("There are {most} seeds, the most that may be kept; delete some first.", most=most)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#seeds")
    return place


def _put(files: SeedFiles, place: Path) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=place.parent) as beside:
        made = Path(beside) / place.name
        seed_formats.write_archive(files, made)
        made.replace(place)


async def take_in(world: World, name: str, octets: AsyncIterator[bytes], *, replace: bool) -> KeptSeed:
    """Keep a zip archive that comes from elsewhere. Refusals of `keep`."""
    check_room(world, name, replace=replace)
    most = world.settings.seeds.size_bytes_max
    with tempfile.TemporaryFile() as file:
        async for piece in octets:
            await asyncio.to_thread(file.write, piece)
        files = await asyncio.to_thread(seed_formats.of_archive, file, f"{name}{ARCHIVE}", most)
    return await keep(world, name, files, replace=replace)


async def remove(world: World, name: str) -> None:
    """Keep it no longer, even where it is none; worlds that began with it go on. Refusal(NOT_FOUND)."""
    try:
        _place(world, name).unlink()
    except OSError as error:
        detail = say("There is no seed {name} of your own; GET /control/seeds lists them.", name=name)
        raise Refusal(Rule.NOT_FOUND, detail, subject=name) from error


def archive(world: World, name: str) -> Path:
    """The archive of a seed that is kept. Refusal(NOT_FOUND)."""
    place = _place(world, name)
    if name not in names(world):
        detail = say("There is no seed {name} of your own; GET /control/seeds lists them.", name=name)
        raise Refusal(Rule.NOT_FOUND, detail, subject=name)
    return place
