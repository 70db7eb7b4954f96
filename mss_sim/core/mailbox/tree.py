"""Folders, their figures and subscriptions, for a door that shows many mailboxes as one tree."""

from dataclasses import dataclass

from mss_sim.core.access import access, gate
from mss_sim.core.access.access import MailboxAccess
from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox.folders import NAME_CHARS_MAX
from mss_sim.core.mailbox.selected import FolderRef, SelectedFolder, personal_reader, selected_folder
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import folder_view, folders, messages, subscriptions
from mss_sim.store.engine import Connection
from mss_sim.store.folders import Folder
from mss_sim.vocabulary.mailboxes import Right


@dataclass(frozen=True, slots=True)
class MailboxFolders:
    """A mailbox with its folders, and the names in it that the actor is subscribed to, existing or not."""

    held: MailboxAccess
    folders: tuple[Folder, ...]
    subscribed: frozenset[str]


async def list_all(world: World, actor: Actor) -> list[MailboxFolders]:
    """Every mailbox whose folders the actor could open now."""

    def query(conn: Connection) -> list[MailboxFolders]:
        held = access.all_held(conn, actor.identity.id, world.clock.now())
        said = subscriptions.subscriptions_of(conn, actor.identity.id)
        return [_listed(conn, one, said) for one in held if gate.opens(world, conn, actor, one)]

    return await world.store.read(query)


def _listed(conn: Connection, held: MailboxAccess, said: dict[tuple[int, str], bool]) -> MailboxFolders:
    id_ = held.mailbox.id
    rows = tuple(folders.of_mailbox(conn, id_))
    silent = {row.name for row in rows if (id_, row.name) not in said}
    named = {name for (mailbox_id, name), subscribed in said.items() if mailbox_id == id_ and subscribed}
    return MailboxFolders(held, rows, frozenset(silent | named))


@dataclass(frozen=True, slots=True)
class Figures:
    """A folder with the values that STATUS reports; `size_bytes` and `deleted` are -1 unless requested."""

    selected: SelectedFolder
    unseen: int
    size_bytes: int = -1
    deleted: int = -1


async def figures(world: World, actor: Actor, place: FolderRef, *, sizes: bool) -> Figures:
    """The figures of a folder."""

    def query(conn: Connection) -> Figures:
        found = selected_folder(world, conn, actor, place, Right.SEE)
        unseen, reader = found.folder.unseen_count, personal_reader(found.held, actor)
        if reader is not None:
            unseen += messages.unseen_offsets(conn, found.held.mailbox.id, reader).get(found.folder.id, 0)
        size, deleted = folder_view.size_of(conn, found.folder.id) if sizes else (-1, -1)
        return Figures(found, unseen, size, deleted)

    return await world.store.read(query)


async def subscribe(world: World, actor: Actor, place: FolderRef, *, subscribed: bool) -> None:
    """Subscribe to a folder of a visible mailbox, or unsubscribe from it."""
    if len(place.name) > NAME_CHARS_MAX:
        raise Refusal(Rule.INVALID, f"A folder name has at most {NAME_CHARS_MAX} characters.", subject=place.name[:100])

    def unit(conn: Connection) -> None:
        held = gate.require(world, conn, actor, place.address, Right.SEE)
        subscriptions.set_subscription(conn, actor.identity.id, held.mailbox.id, place.name, subscribed=subscribed)

    await world.store.write(unit)
