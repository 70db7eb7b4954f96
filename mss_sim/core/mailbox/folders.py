"""The folders of a mailbox: list, create, rename, delete. Names are paths, `Parent/Child`; INBOX and the special folders stay."""

from mss_sim.core.access import carer_view_upkeep, gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.mailbox import copies
from mss_sim.core.mailbox.selected_folder import SelectedFolder, personal_reader
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import folders, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.folders import Folder
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import FOLDER_SEPARATOR, NAMESPACE_OTHERS, NAMESPACE_SHARED, Right
from mss_sim.words.sentence import say

NAME_CHARS_MAX = 255
_DEPTH_MAX = 20


async def list_folders(world: World, actor: Actor, address: str) -> list[tuple[Folder, int]]:
    """The folders of a mailbox, INBOX first, each with the number of its messages that the actor has not seen."""

    def query(conn: Connection) -> list[tuple[Folder, int]]:
        held = gate.require(world, conn, actor, address, Right.SEE)
        rows = folders.of_mailbox(conn, held.mailbox.id)
        reader = personal_reader(held, actor)
        if reader is None:
            return [(row, row.unseen_count) for row in rows]
        offsets = messages.unseen_offsets(conn, held.mailbox.id, reader)
        return [(row, row.unseen_count + offsets.get(row.id, 0)) for row in rows]

    return await world.store.read(query)


async def create_folder(world: World, actor: Actor, address: str, name: str) -> Folder:
    """Create a folder, and its missing parents (ref: rfc9051#6.3.4); the last one created."""
    path = folder_path(name)

    def unit(conn: Connection) -> Folder:
        held = gate.require(world, conn, actor, address, Right.FILE)
        if folders.by_name(conn, held.mailbox.id, FOLDER_SEPARATOR.join(path)):
            raise Refusal(Rule.CONFLICT, say("There is already a folder {name}.", name=name), subject=name)
        add_missing(world, conn, held.mailbox, path[:-1])
        made = _add(world, conn, held.mailbox, FOLDER_SEPARATOR.join(path))
        _trace(world, conn, actor, held, Act.FOLDER_CREATED, {"name": made.name})
        return made

    return await world.store.write(unit)


def add_missing(world: World, conn: Connection, mailbox: Mailbox, path: list[str]) -> None:
    """Create the missing folders of a path, inside a unit of work, for an actor who may; Refusal(LIMIT_REACHED)."""
    for depth in range(1, len(path) + 1):
        name = FOLDER_SEPARATOR.join(path[:depth])
        if folders.by_name(conn, mailbox.id, name) is None:
            _add(world, conn, mailbox, name)


def _add(world: World, conn: Connection, mailbox: Mailbox, name: str) -> Folder:
    validity = mailboxes.take_uid_validity(conn, mailbox.id, world.new_uid_validity())
    most = world.settings.mailbox.folders_max
    if folders.count(conn, mailbox.id) >= most:
        detail = say("The mailbox holds {most} folders, the most that it may; delete some first.", most=most)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#folders")
    folder = Folder(world.ids.next(), mailbox.id, name, None, validity, 1, 1, 0, 0)
    folders.add(conn, folder)
    if mailbox.carer_view_id is not None:
        carer_view_upkeep.add_folder(world, conn, mailbox.carer_view_id, folder)
    return folder


async def rename_folder(world: World, actor: Actor, address: str, folder_id: int, name: str) -> Folder:
    """Rename a folder, with everything inside it."""
    path = FOLDER_SEPARATOR.join(folder_path(name))

    def unit(conn: Connection) -> Folder:
        held = gate.require(world, conn, actor, address, Right.FILE)
        folder = _ordinary(conn, held, folder_id)
        if path == folder.name:
            return folder
        if path.startswith(folder.name + FOLDER_SEPARATOR):
            raise Refusal(Rule.INVALID, say("A folder cannot be moved into itself."))
        inside = folders.below(conn, held.mailbox.id, folder.name)
        names = {folder.id: path} | {inner.id: path + inner.name[len(folder.name) :] for inner in inside}
        for target in names.values():
            folder_path(target)
            if folders.by_name(conn, held.mailbox.id, target):
                raise Refusal(Rule.CONFLICT, say("There is already a folder {target}.", target=target), subject=target)
        add_missing(world, conn, held.mailbox, path.split(FOLDER_SEPARATOR)[:-1])
        for id_, target in names.items():
            folders.rename(conn, id_, target)
        _trace(world, conn, actor, held, Act.FOLDER_RENAMED, {"from": folder.name, "to": path})
        return folders.by_id(conn, held.mailbox.id, folder_id) or folder

    return await world.store.write(unit)


async def renew_uid_validities(world: World, address: str) -> None:
    """Give all folders of a mailbox another UIDVALIDITY, as a server does that was restored; asked by a fault, so no right is checked."""

    def unit(conn: Connection) -> None:
        found = mailboxes.by_address(conn, address)
        if found is None:
            return
        for folder in folders.of_mailbox(conn, found.id):
            folders.renew_uid_validity(conn, folder.id, mailboxes.take_uid_validity(conn, found.id, world.new_uid_validity()))

    await world.store.write(unit)


async def delete_folder(world: World, actor: Actor, address: str, folder_id: int, *, with_messages: bool) -> None:
    """Delete a folder with the messages in it, which needs the right to delete; otherwise only one that holds nothing.

    Folders inside it stay: its name then only holds them (ref: rfc3501#6.3.4).
    """

    def unit(conn: Connection) -> None:
        mailboxes.lock_for_delivery(conn, [address])
        held = gate.require(world, conn, actor, address, Right.FILE)
        folders.lock(conn, [folder_id])
        folder = _ordinary(conn, held, folder_id)
        if not with_messages:
            _refuse_filled(conn, folder)
        copies.empty_in(world, conn, actor, SelectedFolder(held, folder, personal_reader(held, actor)))
        carer_view_upkeep.remove_folder(conn, held.mailbox.id, folder)
        folders.remove(conn, folder.id)
        _trace(world, conn, actor, held, Act.FOLDER_DELETED, {"name": folder.name})

    await world.store.write(unit)


def _refuse_filled(conn: Connection, folder: Folder) -> None:
    if folders.below(conn, folder.mailbox_id, folder.name):
        raise Refusal(Rule.CONFLICT, say("The folder holds other folders; delete or move those first."), reference="quirks#delete-folder")
    if folders.holds_copies(conn, folder.id):
        detail = say("The folder holds messages; move or delete them first, or over REST say messages=true to delete them too.")
        raise Refusal(Rule.CONFLICT, detail, reference="quirks#delete-folder")


def _ordinary(conn: Connection, held: MailboxAccess, folder_id: int) -> Folder:
    folder = folders.by_id(conn, held.mailbox.id, folder_id)
    if folder is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no such folder in this mailbox."))
    if folder.special_use is not None:
        raise Refusal(
            Rule.CONFLICT, say("{name} is a special folder: it is neither renamed nor deleted.", name=folder.name), reference="rfc6154#2"
        )
    return folder


def folder_path(name: str) -> list[str]:
    """The steps of a folder's name; Refusal(INVALID) for what is none."""
    path = name.split(FOLDER_SEPARATOR)
    if len(name) > NAME_CHARS_MAX or len(path) > _DEPTH_MAX:
        detail = say(
            "A folder name has at most {most} characters and {levels} levels.",
            most=NAME_CHARS_MAX,
            levels=_DEPTH_MAX,
        )
        raise Refusal(Rule.INVALID, detail, reference="rfc9051#5.1")
    usable = all(step.strip() == step and step and step.isprintable() for step in path)
    if not usable or any(letter in "%*" for letter in name):
        raise Refusal(
            Rule.INVALID,
            say("{name!r} is not a folder name: printable words separated by /, without % or *.", name=name),
            reference="rfc9051#5.1",
        )
    if path[0] in (NAMESPACE_OTHERS, NAMESPACE_SHARED):
        raise Refusal(
            Rule.INVALID, say("{path} is where others' folders are seen over IMAP; take another name.", path=path[0]), reference="rfc2342#4"
        )
    if path[0].upper() == "INBOX":
        path[0] = "INBOX"
    return path


def _trace(world: World, conn: Connection, actor: Actor, held: MailboxAccess, act: Act, detail: dict[str, object]) -> None:
    journal.write(world, conn, journal.by(actor), [journal.entry(held, Right.FILE, act, detail)])
