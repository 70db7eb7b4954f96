"""Lists and opened messages; one message changed, with its new state. The changes themselves are in `copies.py`.

| verb                                         | right, and see |
|----------------------------------------------|----------------|
| list a mailbox, its folders                  | see            |
| open a message, its preview, search its text | read           |

The result of a change comes from the transaction that made it: a client never gets "not found" for a message that it just changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mss_sim.core.access import access, gate
from mss_sim.core.access.access import MailboxAccess
from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox import copies
from mss_sim.core.mailbox.copies import ById
from mss_sim.core.mailbox.flag_rules import FlagChange, check_words
from mss_sim.core.mailbox.selected_folder import FolderRef, SelectedFolder, personal_reader
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.policy.searching import check_texts
from mss_sim.store import folders, mailboxes, messages, pages
from mss_sim.store.engine import Connection
from mss_sim.store.folders import Folder
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.messages import ListedMessage, Reading
from mss_sim.store.pages import ListQuery
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of a mailbox: items, the first reader of each, and their folders."""

    items: tuple[ListedMessage, ...]
    readings: dict[int, list[Reading]]
    folders: dict[int, Folder]
    readable: bool


@dataclass(frozen=True, slots=True)
class ChangedMessage:
    """A copy after a change: its folder, who read it; `readable` when the actor may know its content."""

    item: ListedMessage
    folder: Folder
    readings: tuple[Reading, ...]
    readable: bool


async def held_mailboxes(world: World, actor: Actor) -> list[MailboxAccess]:
    """Every mailbox that the actor may see now; only the one chosen at log-in, if one was chosen."""
    holdings = await world.people.read(access.holdings, actor.identity.id)
    accesses = access.accesses_at(holdings, world.clock.now())
    rows = access.held(accesses, await world.store.read_unchanged(mailboxes.with_ids, tuple(accesses)))
    return [held for held in rows if held.access.may(Right.SEE) and actor.mailbox in (None, held.mailbox.address)]


async def held_mailbox(world: World, actor: Actor, address: str, right: Right = Right.SEE) -> MailboxAccess:
    """One mailbox, when the actor has that right over it; a closed one is included."""
    return await world.store.read_briefly(lambda conn: gate.about(world, conn, actor, address, right))


async def open_mailbox(world: World, actor: Actor, address: str) -> MailboxAccess:
    """One mailbox in which the actor could open a folder now."""
    return await world.store.read_briefly(lambda conn: gate.require(world, conn, actor, address, Right.SEE))


async def may(world: World, actor: Actor, address: str, right: Right) -> bool:
    """Whether an act that needs that right over a mailbox would be allowed."""
    held = await world.store.read_briefly(access.access_to, address, actor.identity.id, world.clock.now())
    return held is not None and held.access.may(right) and actor.mailbox in (None, address)


def folder_named(boxes: Iterable[Folder], text: str) -> int:
    """The folder with that name or id; INBOX in any case (ref: rfc9051#5.1). Refusal(NOT_FOUND) when there is none."""
    wanted = "INBOX" if text.upper() == "INBOX" else text
    for box in boxes:
        if wanted in (box.name, encode(box.id)):
            return box.id
    raise Refusal(Rule.NOT_FOUND, say("There is no such folder in this mailbox."), subject=text[:100])


async def list_messages(world: World, actor: Actor, address: str, query: ListQuery, folder: str | None = None) -> MessagePage:
    """A page of copies, newest first, of one folder (its id or its name) or of all; `query.mailbox_id` is filled in here."""
    check_texts((query.from_, query.to, query.subject, query.text), world.settings.search.query_chars_max)

    def run(conn: Connection) -> MessagePage:
        held = gate.require(world, conn, actor, address, Right.SEE)
        if query.text:
            gate.check_right(actor, held, Right.READ)
        boxes = {folder.id: folder for folder in folders.of_mailbox(conn, held.mailbox.id)}
        folder_id = folder_named(boxes.values(), folder) if folder is not None else None
        asked = replace(query, mailbox_id=held.mailbox.id, folder_id=folder_id, personal_reader=personal_reader(held, actor))
        items = pages.page(conn, asked)
        readable = held.access.may(Right.READ)
        return MessagePage(tuple(items), messages.readings_of(conn, [item.copy.id for item in items]), boxes, readable)

    return await (world.store.read_briefly(run) if query.plain else world.store.read(run))


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """An opened message, with its bytes; `first_time` when the actor had never read it before."""

    mailbox: Mailbox
    item: ListedMessage
    readings: tuple[Reading, ...]
    folder: Folder
    raw: bytes
    first_time: bool


async def open_message(world: World, actor: Actor, address: str, copy_id: int) -> OpenedMessage:
    """A copy with its bytes. Each person's first reading is recorded, whatever the seen policy is; nothing is marked."""

    def look(conn: Connection) -> OpenedMessage:
        held = gate.require(world, conn, actor, address, Right.READ)
        item = _item(conn, held, actor, copy_id)
        read = tuple(messages.readings_of(conn, [copy_id]).get(copy_id, ()))
        folder = folders.by_id(conn, held.mailbox.id, item.copy.folder_id)
        if folder is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no such message in this mailbox."))
        first_time = actor.identity.id not in {reading.identity_id for reading in read}
        return OpenedMessage(held.mailbox, item, read, folder, messages.raw(conn, item.message.id), first_time)

    opened = await world.store.read(look)
    if not opened.first_time:
        return opened
    await copies.note_reading(world, actor, ById(address, copy_id))
    return await world.store.read(look)


async def change_flags(world: World, actor: Actor, address: str, copy_id: int, change: FlagChange) -> ChangedMessage:
    """Set and clear flags and keywords of one copy."""
    check_words(change)

    def unit(conn: Connection) -> ChangedMessage:
        here, _ = copies.change_flags_in(world, conn, actor, ById(address, copy_id), change)
        return _shown(conn, here, actor, copy_id)

    return await world.store.write(unit)


async def move(world: World, actor: Actor, address: str, copy_id: int, folder: str) -> ChangedMessage:
    """Move a copy to another folder of the same mailbox, by its id or its name; the copy keeps its id, not its UID."""

    def unit(conn: Connection) -> ChangedMessage:
        held = gate.require(world, conn, actor, address, Right.SEE)
        boxes = {box.id: box for box in folders.of_mailbox(conn, held.mailbox.id)}
        target = boxes[folder_named(boxes.values(), folder)]
        which, place = ById(address, copy_id), FolderRef(address, target.name, target.id)
        there, _ = copies.move_in(world, conn, actor, which, place, again=True)
        return _shown(conn, there, actor, copy_id)

    return await world.store.write(unit)


async def delete(world: World, actor: Actor, address: str, copy_id: int) -> None:
    """Delete a copy for good; the message goes with its last copy."""
    await copies.delete(world, actor, ById(address, copy_id))


def _item(conn: Connection, held: MailboxAccess, actor: Actor, copy_id: int) -> ListedMessage:
    item = messages.one(conn, held.mailbox.id, copy_id, personal_reader(held, actor))
    if item is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no such message in this mailbox."))
    return item


def _shown(conn: Connection, here: SelectedFolder, actor: Actor, copy_id: int) -> ChangedMessage:
    read = messages.readings_of(conn, [copy_id]).get(copy_id, ())
    return ChangedMessage(_item(conn, here.held, actor, copy_id), here.folder, tuple(read), here.held.access.may(Right.READ))
