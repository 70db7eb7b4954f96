"""Folders, their figures and subscriptions, for a door that shows many mailboxes as one tree."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mss_sim.core.access import gate, rights_in_force
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.mailbox.folders import NAME_CHARS_MAX
from mss_sim.core.mailbox.selected_folder import FolderRef, SelectedFolder, personal_reader, selected_folder
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import folder_view, folders, messages, subscriptions
from mss_sim.store.engine import Connection
from mss_sim.store.folders import Folder
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say


@dataclass(frozen=True, slots=True)
class MailboxFolders:
    """A mailbox with its folders, and the names in it that the actor is subscribed to, existing or not."""

    held: MailboxAccess
    folders: tuple[Folder, ...]
    subscribed: frozenset[str]


async def list_all(world: World, actor: Actor) -> list[MailboxFolders]:
    """Every mailbox whose folders the actor could open now."""

    def query(conn: Connection) -> list[MailboxFolders]:
        held = [one for one in rights_in_force.all_held(conn, actor.identity.id, world.clock.now()) if gate.opens(world, conn, actor, one)]
        rows = folders.of_mailboxes(conn, [one.mailbox.id for one in held])
        said: dict[int, dict[str, bool]] = {}
        for (mailbox_id, name), subscribed in subscriptions.subscriptions_of(conn, actor.identity.id).items():
            said.setdefault(mailbox_id, {})[name] = subscribed
        return [_listed(world, one, rows.get(one.mailbox.id, []), said.get(one.mailbox.id, {})) for one in held]

    return await world.store.read(query)


def _listed(world: World, held: MailboxAccess, rows: list[Folder], said: dict[str, bool]) -> MailboxFolders:
    """A folder of which nothing was said is subscribed; by the setting only one that its mailbox was born with."""
    silent = [row for row in rows if row.name not in said]
    wanted = {row.name for row in silent if world.settings.imap.new_folders_subscribed or row.special_use is not None}
    return MailboxFolders(held, tuple(rows), frozenset(wanted | {name for name, subscribed in said.items() if subscribed}))


@dataclass(frozen=True, slots=True)
class Figures:
    """A folder with the values that STATUS reports; `size_bytes` and `deleted` are -1, `recent` 0 unless requested."""

    selected: SelectedFolder
    unseen: int
    size_bytes: int = -1
    deleted: int = -1
    recent: int = 0


class Asked(NamedTuple):
    """What is asked of folders beside their counters. `first_recent` tells the first UID of a folder, by its id, that is recent."""

    sizes: bool = False
    first_recent: Callable[[int], int] | None = None


async def figures(world: World, actor: Actor, place: FolderRef, asked: Asked) -> Figures:
    """The figures of a folder."""

    def query(conn: Connection) -> Figures:
        found = selected_folder(world, conn, actor, place, Right.SEE)
        return _figures(conn, found.held, found.reader, [found.folder], asked)[found.folder.id]

    return await world.store.read(query)


async def figures_of_all(world: World, actor: Actor, wanted: Mapping[str, Collection[int]], asked: Asked) -> dict[int, Figures]:
    """The figures of many folders, given by mailbox, by their ids; those that are gone, or may not be seen any more, are left out."""

    def query(conn: Connection) -> dict[int, Figures]:
        found: dict[int, Figures] = {}
        for address, ids in wanted.items():
            try:
                held = gate.require(world, conn, actor, address, Right.SEE)
            except Refusal:
                continue
            rows = [folder for folder in folders.of_mailbox(conn, held.mailbox.id) if folder.id in ids]
            found |= _figures(conn, held, personal_reader(held, actor), rows, asked)
        return found

    return await world.store.read(query)


def _figures(conn: Connection, held: MailboxAccess, reader: int | None, rows: Sequence[Folder], asked: Asked) -> dict[int, Figures]:
    """By the id of the folder: a few queries for one mailbox, however many folders are asked for."""
    offsets = {} if reader is None else messages.unseen_offsets(conn, held.mailbox.id, reader)
    sizes = folder_view.sizes_of(conn, [row.id for row in rows]) if asked.sizes else {}
    found = {}
    for row in rows:
        size, deleted = sizes.get(row.id, (0, 0)) if asked.sizes else (-1, -1)
        recent = _recent(conn, row, asked.first_recent(row.id)) if asked.first_recent else 0
        unseen = row.unseen_count + offsets.get(row.id, 0)
        found[row.id] = Figures(SelectedFolder(held, row, reader), unseen, size, deleted, recent)
    return found


def _recent(conn: Connection, folder: Folder, first: int) -> int:
    """How many copies of a folder are recent; only counted where it is neither all nor none of them."""
    if first <= 1:
        return folder.exists_count
    return folder_view.count_from(conn, folder.id, first) if first < folder.uid_next else 0


async def subscribe(world: World, actor: Actor, place: FolderRef, *, subscribed: bool) -> None:
    """Subscribe to a folder of a visible mailbox, or unsubscribe from it."""
    if len(place.name) > NAME_CHARS_MAX:
        raise Refusal(
            Rule.INVALID,
            say("A folder name has at most {most} characters.", most=NAME_CHARS_MAX),
            subject=place.name[:100],
        )

    def unit(conn: Connection) -> None:
        held = gate.require(world, conn, actor, place.address, Right.SEE)
        subscriptions.set_subscription(conn, actor.identity.id, held.mailbox.id, place.name, subscribed=subscribed)

    await world.store.write(unit)
