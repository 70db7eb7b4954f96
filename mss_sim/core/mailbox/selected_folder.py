"""A selected folder: open, poll for changes, read. The changes are in `copies.py`.

Every call checks the rights again, so that an ended grant is seen at the next one. UIDs name copies; those deleted meanwhile
are silently skipped, as IMAP requires (ref: rfc9051#6.4.9).

| verb                 | right |
|----------------------|-------|
| open, poll, states   | see   |
| contents, with bytes | read  |
| search in texts      | read  |
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from mss_sim.clock import Micros
from mss_sim.core.access import gate
from mss_sim.core.access.authentication import Actor, token_expired
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.criteria import Key, kinds, looks_inside, texts
from mss_sim.policy.searching import check_texts
from mss_sim.ranges import Range
from mss_sim.store import folder_view, folders
from mss_sim.store.engine import Connection
from mss_sim.store.folder_index import Marks, Uids
from mss_sim.store.folder_view import CopyState, Sortable
from mss_sim.store.folders import Folder
from mss_sim.store.search import Scope, find
from mss_sim.vocabulary.mailboxes import Right, SeenPolicy
from mss_sim.words.sentence import say


def personal_reader(held: MailboxAccess, actor: Actor) -> int | None:
    """Whose reading decides what is seen: the actor's where the mailbox's seen policy is personal, None where it is shared."""
    return actor.identity.id if held.mailbox.seen_policy is SeenPolicy.PERSONAL else None


@dataclass(frozen=True, slots=True)
class SelectedFolder:
    """A folder as it is now, with what the actor may do; `reader` is whose \\Seen counts (None: the shared one)."""

    held: MailboxAccess
    folder: Folder
    reader: int | None

    @property
    def address(self) -> str:
        """The mailbox that contains the folder."""
        return self.held.mailbox.address

    @property
    def until(self) -> Micros | None:
        """When a grant used here expires; None when none does."""
        return _until(self.held)


@dataclass(frozen=True, slots=True)
class FolderRef:
    """Which folder: the mailbox's address, the folder's name or, once open, its id."""

    address: str
    name: str
    id: int | None = None


async def check(world: World, actor: Actor, address: str | None) -> Micros | None:
    """Refuse an actor who is no longer known, or who may no longer see the mailbox that they logged in to, if any.

    Returns when the first grant that admits them expires, or the token that ends the connection; None when none does.
    """

    def query(conn: Connection) -> Micros | None:
        if token_expired(world, actor):
            detail = say("The token that opened this connection has expired; log in again with a fresh one.")
            raise Refusal(Rule.AUTHENTICATION_FAILED, detail, reference="psc#access-token")
        if address is None:
            gate.check_known(world, conn, actor)
            return actor.until
        ends = (_until(gate.require(world, conn, actor, address, Right.SEE)), actor.until)
        return min((end for end in ends if end is not None), default=None)

    return await world.store.read_briefly(query)


def _until(held: MailboxAccess) -> Micros | None:
    ends = [grant.valid_until for grant in held.access.grants if grant.valid_until is not None]
    return min(ends, default=None)


def selected_folder(world: World, conn: Connection, actor: Actor, place: FolderRef, right: Right, *, lock: bool = False) -> SelectedFolder:
    """The folder when the actor has that right over its mailbox, its row locked until the commit on request; Refusal otherwise."""
    held = gate.require(world, conn, actor, place.address, right)
    return SelectedFolder(held, _folder(conn, held, place, lock=lock), personal_reader(held, actor))


def _folder(conn: Connection, held: MailboxAccess, place: FolderRef, *, lock: bool) -> Folder:
    if place.id is None:
        folder = folders.by_name(conn, held.mailbox.id, place.name)
        if folder and lock:
            folder = folders.lock(conn, [folder.id]).get(folder.id)
    else:
        folder = folders.lock(conn, [place.id]).get(place.id) if lock else folders.by_id(conn, held.mailbox.id, place.id)
    if folder is None or folder.mailbox_id != held.mailbox.id:
        if place.id is None and folders.below(conn, held.mailbox.id, place.name):
            detail = say("{name} only holds other folders: name one of them, or CREATE it.", name=place.name)
            raise Refusal(Rule.NOT_FOUND, detail, subject=place.name[:100], reference="rfc3501#6.3.4")
        raise Refusal(
            Rule.NOT_FOUND, say("There is no folder {name} in {address}.", name=place.name, address=place.address), subject=place.name[:100]
        )
    return folder


async def select(world: World, actor: Actor, place: FolderRef, right: Right = Right.SEE) -> SelectedFolder:
    """The folder as it is now, for an act that asks for a right."""
    return await world.store.read_briefly(lambda conn: selected_folder(world, conn, actor, place, right))


class Opening(NamedTuple):
    """An opened folder: its UIDs and the first one that the reader has not seen (0: none), as of one instant."""

    selected: SelectedFolder
    uids: Uids
    first_unseen: int


async def open_folder(world: World, actor: Actor, place: FolderRef) -> Opening:
    """The folder, its UIDs, and the first unseen one."""

    def query(conn: Connection) -> Opening:
        opened = selected_folder(world, conn, actor, place, Right.SEE)
        return Opening(opened, world.store.indexes.uids(conn, opened.folder), _first_unseen(world, conn, opened))

    return await world.store.read(query)


def _first_unseen(world: World, conn: Connection, opened: SelectedFolder) -> int:
    if opened.reader is None and opened.folder.unseen_count == 0:
        return 0
    marks = world.store.indexes.known_marks(opened.folder, opened.reader)
    return marks.first_unseen() if marks else folder_view.first_unseen(conn, opened.folder.id, opened.reader)


class FolderState(NamedTuple):
    """What a session knows of a folder: how many copies it held, the next UID, the highest modification sequence."""

    exists: int
    uid_next: int
    modseq: int


@dataclass(frozen=True, slots=True)
class FolderChanges:
    """What changed in a folder: every UID when some are gone (None: none is), and the copies that changed, including new ones."""

    selected: SelectedFolder
    uids: Uids | None
    changed: tuple[CopyState, ...]


class FolderPoll(NamedTuple):
    """One question: what changed in that folder since the known state."""

    actor: Actor
    place: FolderRef
    known: FolderState


_FEW_POLLS = 8
_FEW_CHANGES = 50
_Difference = tuple[Uids | None, tuple[CopyState, ...]]


def _difference(world: World, conn: Connection, seen: SelectedFolder, known: FolderState) -> _Difference:
    """Copies that only arrived are found by their UIDs; the whole folder is read only when something else changed too."""
    folder, reader = seen.folder, seen.reader
    if folder.modseq == known.modseq:
        return None, ()
    arrived = folder_view.states(conn, folder.id, [(known.uid_next, folder.uid_next)], reader) if folder.uid_next > known.uid_next else []
    gone = folder.exists_count != known.exists + len(arrived)
    only_new = not gone and folder.modseq == known.modseq + len(arrived)
    changed = arrived if only_new else folder_view.changed_since(conn, folder.id, known.modseq, reader)
    return world.store.indexes.uids(conn, folder) if gone else None, tuple(changed)


class _MuchToRead(Exception):
    """Reading it on the loop would make others wait."""


class FolderWatch:
    """Answers all polls made in one turn of the loop with one read of the store: two hundred idling sessions wake together."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked: list[tuple[FolderPoll, asyncio.Future[FolderChanges]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def poll(self, poll: FolderPoll) -> FolderChanges:
        """The changes; Refusal when the actor may no longer see the folder."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[FolderChanges] = loop.create_future()
        self._asked.append((poll, waiter))
        if len(self._asked) == 1:
            task = loop.create_task(self._answer())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await waiter

    async def _answer(self) -> None:
        asked, self._asked = self._asked, []
        try:
            found = await self._look([poll for poll, _ in asked])
        except Exception as error:  # noqa: BLE001 - whatever stops the read must reach every waiter
            found = [error] * len(asked)
        for (_, waiter), result in zip(asked, found, strict=True):
            if waiter.done():
                continue
            if isinstance(result, Exception):
                waiter.set_exception(result)
            else:
                waiter.set_result(result)

    async def _look(self, polls: Sequence[FolderPoll]) -> list[FolderChanges | Exception]:
        """On the loop, where few ask and little has changed: the usual case, after a command of one client."""
        store = self._world.store
        if len(polls) <= _FEW_POLLS:
            with suppress(_MuchToRead):
                return await store.read_briefly(self._look_at_all, polls, most=_FEW_CHANGES)
        return await store.read(self._look_at_all, polls)

    def _look_at_all(self, conn: Connection, polls: Sequence[FolderPoll], most: int | None = None) -> list[FolderChanges | Exception]:
        """The answers, one by one; _MuchToRead where a folder has changed more than `most` times."""
        selections: dict[tuple[int, FolderRef], SelectedFolder | Refusal] = {}
        differences: dict[tuple[int, int | None, FolderState], _Difference] = {}
        found: list[FolderChanges | Exception] = []
        for actor, place, known in polls:
            key = (actor.identity.id, place)
            if key not in selections:
                selections[key] = self._select(conn, actor, place)
            seen = selections[key]
            if isinstance(seen, Refusal):
                found.append(seen)
                continue
            if most is not None and not 0 <= seen.folder.modseq - known.modseq <= most:
                raise _MuchToRead
            what = (seen.folder.id, seen.reader, known)
            if what not in differences:
                differences[what] = _difference(self._world, conn, seen, known)
            found.append(FolderChanges(seen, *differences[what]))
        return found

    def _select(self, conn: Connection, actor: Actor, place: FolderRef) -> SelectedFolder | Refusal:
        try:
            return selected_folder(self._world, conn, actor, place, Right.SEE)
        except Refusal as refusal:
            return refusal


async def states(world: World, actor: Actor, place: FolderRef, ranges: Sequence[Range]) -> list[CopyState]:
    """The copies in these ranges of UIDs."""

    def query(conn: Connection) -> list[CopyState]:
        seen = selected_folder(world, conn, actor, place, Right.SEE)
        return folder_view.states(conn, seen.folder.id, ranges, seen.reader)

    return await (world.store.read_briefly(query) if folder_view.few(ranges) else world.store.read(query))


async def changed_since(world: World, actor: Actor, place: FolderRef, modseq: int) -> list[CopyState]:
    """The copies that changed after that modification sequence."""

    def query(conn: Connection) -> list[CopyState]:
        seen = selected_folder(world, conn, actor, place, Right.SEE)
        return folder_view.changed_since(conn, seen.folder.id, modseq, seen.reader)

    return await world.store.read(query)


async def marks(world: World, actor: Actor, place: FolderRef, ranges: Sequence[Range]) -> Marks:
    """The flags and keywords of the copies in these ranges of UIDs."""

    def query(conn: Connection) -> Marks:
        seen = selected_folder(world, conn, actor, place, Right.SEE)
        return world.store.indexes.marks(conn, seen.folder, seen.reader, ranges)

    return await world.store.read(query)


Content = tuple[CopyState, tuple[bytes, bytes, bytes]]


class Contents(NamedTuple):
    """The first copies of some ranges, and the ranges of UIDs that are left."""

    found: list[Content]
    left: list[Range]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of messages: the bytes (`raw`), of at most so many octets together but at least one message's, or what names files."""

    raw: bool
    inside: bool = False
    octets_max: int = 1024 * 1024


async def contents(world: World, actor: Actor, place: FolderRef, ranges: Sequence[Range], wish: Wish) -> Contents:
    """The copies in these ranges with (ENVELOPE, BODYSTRUCTURE, bytes).

    The bytes on request; they, and the structure with its file names (`inside`), need the right to read.
    """

    def query(conn: Connection) -> Contents:
        seen = selected_folder(world, conn, actor, place, Right.SEE)
        if wish.raw or wish.inside:
            gate.check_right(actor, seen.held, Right.READ)
        rows = folder_view.states(conn, seen.folder.id, ranges, seen.reader)
        now = _that_fit(rows, wish.octets_max) if wish.raw else len(rows)
        found = folder_view.bodies(conn, {row.message_id for row in rows[:now]}, raw=wish.raw)
        left = [] if now == len(rows) else [(max(low, rows[now].uid), high) for low, high in ranges if high >= rows[now].uid]
        return Contents([(row, found[row.message_id]) for row in rows[:now] if row.message_id in found], left)

    return await world.store.read(query)


def _that_fit(rows: Sequence[CopyState], octets_max: int) -> int:
    """How many of the copies, from the first, have so many octets together; at least one."""
    octets = 0
    for at, row in enumerate(rows):
        octets += row.size_bytes
        if octets > octets_max:
            return max(at, 1)
    return len(rows)


async def search(
    world: World, actor: Actor, place: FolderRef, uids: Sequence[int], key: Key, told: Callable[[list[int]], list[int]] = list
) -> tuple[list[int], int]:
    """The UIDs among these that match a key, ascending, and where a key needs it the highest modification sequence.

    It is the highest among those that `told` picks, or all when it is not given. Searching content needs the right to read.
    """
    check_texts(texts(key), world.settings.search.query_chars_max)

    def query(conn: Connection) -> tuple[list[int], int]:
        seen = selected_folder(world, conn, actor, place, Right.SEE)
        if looks_inside(key):
            gate.check_right(actor, seen.held, Right.READ)
        scope = Scope(seen.folder.id, frozenset(uids), lambda: world.store.indexes.marks(conn, seen.folder, seen.reader))
        found = sorted(find(conn, scope, key))
        asked = found and "MODSEQ" in kinds(key)
        return found, folder_view.highest_modseq(conn, seen.folder.id, frozenset(told(found))) if asked else 0

    return await world.store.read(query)


async def sortables(world: World, actor: Actor, place: FolderRef, uids: Sequence[int]) -> list[Sortable]:
    """The values that SORT and THREAD compare, for these UIDs."""

    def query(conn: Connection) -> list[Sortable]:
        seen = selected_folder(world, conn, actor, place, Right.SEE)
        return folder_view.sortables(conn, seen.folder.id, frozenset(uids))

    return await world.store.read(query)
