"""Snapshots: a whole world under a name, to go back to or to begin other worlds with.

They lie in one folder as files of one kind (`snapshot_file`), which may be copied by hand: what is there is asked of the folder each time.
"""

import asyncio
import hashlib
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mss_sim.clock import iso
from mss_sim.config.settings import in_force, is_of_a_world
from mss_sim.core.control import counts, snapshot_extras, snapshot_file
from mss_sim.core.control.snapshot_extras import Memory
from mss_sim.core.control.snapshot_file import DATABASE, SUFFIX, Manifest, NoSnapshot
from mss_sim.core.world import signing_keys
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import schema
from mss_sim.store import snapshots as databases
from mss_sim.words.sentence import say

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SECRET = ("control_key", "database_url", "data_dir")
_COUNTED = ("operators", "identities", "mailboxes", "messages", "copies", "waiting")
NOW = "now"
"""Where a snapshot is named: the world as it is, so that none may be called that."""
SESSIONS = "sessions"
"""Among the counts of a snapshot: the connections whose transcripts it has; missing where they were not asked for."""
_DIFFERENCES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One that is kept: where, how large, and what it says of itself."""

    name: str
    file: Path
    size_bytes: int
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Difference:
    """What a later world has of one subject that an earlier one had not, and so on; each thing as what it is known by.

    At most a thousand of each are named; `added_count` and the like are of all.
    """

    added: list[list[str]]
    removed: list[list[str]]
    changed: list[list[str]]
    added_count: int
    removed_count: int
    changed_count: int


class Shelf:
    """The snapshots of one folder."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder = folder
        self._most = most
        self._making: set[str] = set()

    def path(self, name: str) -> Path:
        """Where a snapshot lies, or would; Refusal(INVALID) for what is no name."""
        if not _NAME.fullmatch(name) or name == NOW:
            detail = say(
                "A snapshot is named by letters, digits, points, hyphens and underscores, at most 64, no point or hyphen first, not now."
            )
            raise Refusal(Rule.INVALID, detail, subject=name[:64], reference="quirks#snapshots")
        return self.folder / (name + SUFFIX)

    async def all(self) -> list[Snapshot]:
        """Those that can be read, by name."""
        return await asyncio.to_thread(self._all)

    def _all(self) -> list[Snapshot]:
        found = []
        for file in sorted(self.folder.glob(f"*{SUFFIX}")):
            with suppress(NoSnapshot, OSError):
                found.append(_kept(file))
        return found

    async def one(self, name: str) -> Snapshot:
        """Refusal(NOT_FOUND) when there is none of that name, Refusal(INVALID) when the file is none."""
        file = self.path(name)
        try:
            return await asyncio.to_thread(_kept, file)
        except FileNotFoundError as error:
            raise _missing(name) from error
        except (NoSnapshot, OSError) as error:
            raise unreadable(name, error) from error

    async def remove(self, name: str) -> None:
        """Remove what lies there, even where it is none. Refusal(NOT_FOUND) when there is none of that name."""
        try:
            self.path(name).unlink()
        except OSError as error:
            raise _missing(name) from error

    @contextmanager
    def room(self, name: str, *, replace: bool) -> Iterator[Path]:
        """A file beside the others for one that is being made, which `put` puts in its place.

        Refusal: CONFLICT when the name is taken and not to be replaced, or one of that name is being made; LIMIT_REACHED when there are
        too many; STORE_UNAVAILABLE when the disk takes no more.
        """
        if name in self._making or (self.path(name).exists() and not replace):
            raise Refusal(Rule.CONFLICT, say("There is a snapshot {name} already; ask for replace.", name=name), subject=name)
        there = {file.name.removesuffix(SUFFIX) for file in self.folder.glob(f"*{SUFFIX}")} | self._making
        if name not in there and len(there) >= self._most:
            detail = say("There are {most} snapshots, the most that may be; delete some first.", most=self._most)
            raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#snapshots")
        self._making.add(name)
        try:
            with self.beside() as beside:
                yield Path(beside) / "made"
        except OSError as error:
            raise Refusal(Rule.STORE_UNAVAILABLE, say("The snapshot cannot be written: {error}.", error=str(error))) from error
        finally:
            self._making.discard(name)

    def put(self, made: Path, name: str) -> None:
        """Put what was made in its place, all at once."""
        made.chmod(0o600)
        made.replace(self.path(name))

    async def take_in(self, name: str, octets: AsyncIterator[bytes], *, replace: bool) -> Snapshot:
        """Keep a file that comes from elsewhere; Refusal(INVALID) when it is no snapshot of a world, and nothing of it is kept."""
        with self.room(name, replace=replace) as incoming:
            with incoming.open("xb") as file:
                async for piece in octets:
                    file.write(piece)
            try:
                await asyncio.to_thread(_check_whole, incoming, incoming.with_name(DATABASE))
            except (NoSnapshot, ValueError) as error:
                raise unreadable(name, error) from error
            self.put(incoming, name)
        return await self.one(name)

    def beside(self) -> "tempfile.TemporaryDirectory[str]":
        """A folder for what is being made, on the same disk; removed when its block is left."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".", dir=self.folder)


def _kept(file: Path) -> Snapshot:
    return Snapshot(file.name.removesuffix(SUFFIX), file, file.stat().st_size, snapshot_file.read_manifest(file))


def _check_whole(file: Path, database: Path) -> None:
    snapshot_extras.read(snapshot_file.unpack_database(file, database)[1])
    databases.bring_up(database, check=True)


def _missing(name: str) -> Refusal:
    return Refusal(Rule.NOT_FOUND, say("There is no snapshot {name}; GET /control/snapshots lists them.", name=name), subject=name)


def unreadable(name: str, error: Exception) -> Refusal:
    """The refusal of a file that is no snapshot."""
    detail = say("{name} is no snapshot of a world: {error}.", name=name, error=str(error))
    return Refusal(Rule.INVALID, detail, subject=name, reference="quirks#snapshots")


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a snapshot that is made: a note, the seed that a reset plants, whether transcripts of connections go along."""

    note: str = ""
    seed: str | None = None
    evidence: bool = False


async def save(world: World, shelf: Shelf, name: str, about: About | None = None, *, replace: bool = False) -> Snapshot:
    """Keep the world as it is now under a name. Refusal of a name that is taken or none, and of a world on PostgreSQL."""
    _check_kind(world)
    with shelf.room(name, replace=replace) as made:
        await _make(world, made, name, about or About())
        shelf.put(made, name)
    return await shelf.one(name)


@asynccontextmanager
async def as_it_is(world: World, shelf: Shelf, seed: str | None) -> AsyncIterator[Snapshot]:
    """A snapshot of the world as it is, kept as long as it is looked at. Refusal of a world on PostgreSQL."""
    _check_kind(world)
    with shelf.beside() as beside:
        file = Path(beside) / f"now{SUFFIX}"
        await _make(world, file, "now", About(seed=seed))
        yield await asyncio.to_thread(_kept, file)


async def _make(world: World, file: Path, name: str, about: About) -> None:
    database = file.with_name(DATABASE)
    kept = snapshot_extras.extras_of(world, evidence=about.evidence)
    await world.store.save_to(database)
    manifest = await _describe(world, name, about)
    if about.evidence:
        manifest.counts[SESSIONS] = len(kept["evidence"])
    await asyncio.to_thread(snapshot_file.write, file, manifest, kept, database, world.igc.ca_file.parent.parent)


async def _describe(world: World, name: str, about: About) -> Manifest:
    state = await counts.state(world)
    return Manifest(
        name=name,
        note=about.note,
        made_at=iso(world.clock.machine_now),
        world_at=iso(world.clock.now()),
        program=version("mss-sim"),
        schema=schema.HEAD,
        seed=about.seed,
        root=root_of(world.igc.ca_file),
        settings=chosen_settings(world),
        counts={one: getattr(state, one) for one in _COUNTED},
    )


def chosen_settings(world: World) -> dict[str, Any]:
    """The settings of a world that are not the defaults, but for its secrets and its places on the machine."""
    defaults = dict(in_force(type(world.settings).model_construct()))
    return {key: value for key, value in in_force(world.settings) if value != defaults[key] and key not in _SECRET}


def root_of(ca_file: Path) -> str:
    """What tells the authorities of one world from those of another."""
    return hashlib.sha256(ca_file.read_bytes()).hexdigest()


def _check_kind(world: World) -> None:
    if not world.store.exclusive:
        detail = say("Snapshots are taken of worlds on SQLite: this one is on PostgreSQL, which has means of its own (pg_dump).")
        raise Refusal(Rule.CONFLICT, detail, reference="quirks#snapshots")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A database that is whole and of today, the folder of the keys that belong to it, and what is kept in memory."""

    database: Path
    keys: Path
    memory: Memory


@asynccontextmanager
async def unpacked(world: World, snapshot: Snapshot) -> AsyncIterator[Unpacked]:
    """A snapshot made ready to take the place of the world.

    Refusal(CONFLICT) when it is of a world with other authorities: its certificates would be worth nothing here; Refusal(INVALID) when it
    cannot be read.
    """
    _check_kind(world)
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / DATABASE
        try:
            manifest, told = await asyncio.to_thread(snapshot_file.unpack, snapshot.file, Path(folder))
            kept = snapshot_extras.read(told)
            await asyncio.to_thread(databases.bring_up, database)
            await asyncio.to_thread(signing_keys.check, Path(folder) / snapshot_file.KEYS)
        except (NoSnapshot, ValueError, OSError) as error:
            raise unreadable(snapshot.name, error) from error
        if manifest.root != root_of(world.igc.ca_file):
            detail = say(
                "The snapshot {name} is of another world, with authorities of its own: begin a world with it (POST /control/worlds).",
                name=snapshot.name,
            )
            raise Refusal(Rule.CONFLICT, detail, subject=snapshot.name, reference="quirks#snapshots")
        yield Unpacked(database, Path(folder) / snapshot_file.KEYS, kept)


async def compare(earlier: Snapshot, later: Snapshot) -> dict[str, Difference]:
    """What differs of people, mailboxes, letters, grants and settings.

    Letters and grants are the same by their ids, and in worlds that have none in common, as one that began with a seed of the other, by
    what they say.
    """
    found = await asyncio.to_thread(lambda: (_contents(earlier), _contents(later)))
    return {subject: _difference(*_matched(subject, found[0][subject], found[1][subject])) for subject in found[0]}


_SAID = {"letters": slice(1, 3), "grants": slice(0, 1)}
"""By what, beside its mailbox, a thing without an id in common is the same: Message-ID and subject, or who was given something."""
Contents = dict[tuple[str, ...], Any]


def _matched(subject: str, before: Contents, after: Contents) -> tuple[Contents, Contents]:
    """The same, where what only one side has an id for has the id of its like on the other side."""
    if subject not in _SAID:
        return before, after
    waiting: dict[tuple[Any, ...], list[tuple[str, ...]]] = {}
    for key, value in before.items():
        if key not in after:
            waiting.setdefault((key[0], *value[_SAID[subject]]), []).append(key)
    renamed = {}
    for exactly in (True, False):
        for key, value in after.items():
            likes = waiting.get((key[0], *value[_SAID[subject]]), []) if key not in before and key not in renamed else []
            like = next((one for one in likes if not exactly or before[one] == value), None)
            if like is not None:
                likes.remove(like)
                renamed[key] = like
    return before, {renamed.get(key, key): value for key, value in after.items()}


def _contents(one: Snapshot) -> dict[str, dict[tuple[str, ...], Any]]:
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / DATABASE
        try:
            snapshot_file.unpack_database(one.file, database)
            databases.bring_up(database)
            subjects: dict[str, dict[tuple[str, ...], Any]] = dict(databases.contents(database))
        except (NoSnapshot, ValueError, OSError) as error:
            raise unreadable(one.name, error) from error
    settings: Contents = {(name,): value for name, value in one.manifest.settings.items() if is_of_a_world(name)}
    return {**subjects, "settings": settings}


def _difference(before: dict[tuple[str, ...], Any], after: dict[tuple[str, ...], Any]) -> Difference:
    added = [list(key) for key in after if key not in before]
    removed = [list(key) for key in before if key not in after]
    changed = [list(key) for key, value in before.items() if key in after and after[key] != value]
    most = _DIFFERENCES_MAX
    return Difference(added[:most], removed[:most], changed[:most], len(added), len(removed), len(changed))
