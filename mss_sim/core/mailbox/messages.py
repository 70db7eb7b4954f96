"""Reading and keeping order in mailboxes: lists, messages, flags, moves, deletions.

| verb                                         | right, and see                 |
|----------------------------------------------|--------------------------------|
| list a mailbox, its folders                  | see                            |
| open a message, its preview, search its text | read                           |
| flags and keywords                           | mark; for \\Deleted, delete      |
| move to a folder                             | file; to Trash, delete will do |
| delete                                       | delete                         |

What a change answers comes from the transaction that made it: nobody hears that there is nothing of what he just changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mss_sim.clock import Micros
from mss_sim.core.access import access, gate
from mss_sim.core.access.access import Held
from mss_sim.core.access.authentication import Actor
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.policy.access import flag_rights
from mss_sim.policy.searching import check_texts
from mss_sim.store import folders, journal, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.folders import Folder
from mss_sim.store.journal import Line
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.messages import Item, ListQuery, Reading
from mss_sim.vocabulary import FLAG_NAMES, Act, Flag, Right, SeenPolicy, SpecialUse

_WORDS_MAX = 100
_WORD_CHARS_MAX = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a mailbox: items, who read each first, and the folders that they lie in."""

    items: tuple[Item, ...]
    readings: dict[int, list[Reading]]
    folders: dict[int, Folder]
    readable: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A copy as it is after a change: where it lies, who read it; `readable` when the actor may know what it says."""

    item: Item
    folder: Folder
    readings: tuple[Reading, ...]
    readable: bool


@dataclass(frozen=True, slots=True)
class FlagChange:
    """Flags and keywords to set and to clear, by their IMAP names."""

    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()


def personal_reader(held: Held, actor: Actor) -> int | None:
    """Whose reading says what is seen: the actor's where the mailbox's seen policy is personal, nobody's where it is shared."""
    return actor.identity.id if held.mailbox.seen_policy is SeenPolicy.PERSONAL else None


async def held_mailboxes(world: World, actor: Actor) -> list[Held]:
    """Every mailbox that the actor may see now; the one that he chose at log-in alone, when he chose one."""
    rows = await world.store.read(access.all_held, actor.identity.id, world.clock.now())
    return [held for held in rows if held.access.may(Right.SEE) and actor.mailbox in (None, held.mailbox.address)]


async def held_mailbox(world: World, actor: Actor, address: str, right: Right = Right.SEE) -> Held:
    """One mailbox, when the actor has that right over it; a closed one is told of too."""
    return await world.store.read(lambda conn: gate.about(world, conn, actor, address, right))


async def open_mailbox(world: World, actor: Actor, address: str) -> Held:
    """One mailbox that the actor could open a folder of now."""
    return await world.store.read(lambda conn: gate.require(world, conn, actor, address, Right.SEE))


async def may(world: World, actor: Actor, address: str, right: Right) -> bool:
    """Whether the actor would not be refused what needs that right over a mailbox."""
    held = await world.store.read(access.access_to, address, actor.identity.id, world.clock.now())
    return held is not None and held.access.may(right) and actor.mailbox in (None, address)


def folder_named(boxes: Iterable[Folder], text: str) -> int:
    """The folder that a name or an id means; INBOX in any case (ref: rfc9051#5.1). Refusal(NOT_FOUND) when there is none."""
    wanted = "INBOX" if text.upper() == "INBOX" else text
    for box in boxes:
        if wanted in (box.name, encode(box.id)):
            return box.id
    raise Refusal(Rule.NOT_FOUND, "There is no such folder in this mailbox.", subject=text[:100])


async def list_messages(world: World, actor: Actor, address: str, query: ListQuery, folder: str | None = None) -> Listed:
    """A page of copies, newest first, of one folder (its id or its name) or of all; `query.mailbox_id` is filled in here."""
    check_texts((query.from_, query.to, query.subject, query.text), world.settings.search_query_chars_max)

    def run(conn: Connection) -> Listed:
        held = gate.require(world, conn, actor, address, Right.SEE)
        if query.text:
            held.access.require(Right.READ, address)
        boxes = {folder.id: folder for folder in folders.of_mailbox(conn, held.mailbox.id)}
        folder_id = folder_named(boxes.values(), folder) if folder is not None else None
        asked = replace(query, mailbox_id=held.mailbox.id, folder_id=folder_id, personal_reader=personal_reader(held, actor))
        items = messages.page(conn, asked)
        readable = held.access.may(Right.READ)
        return Listed(tuple(items), messages.readings_of(conn, [item.copy.id for item in items]), boxes, readable)

    return await world.store.read(run)


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that somebody opened, with its bytes; `first_time` when he had never read it before."""

    mailbox: Mailbox
    item: Item
    readings: tuple[Reading, ...]
    folder: Folder
    raw: bytes
    first_time: bool


async def open_message(world: World, actor: Actor, address: str, copy_id: int) -> Opened:
    """A copy with its bytes. The first reading by each person is recorded, whatever the seen policy is; nothing is marked."""

    def look(conn: Connection) -> Opened:
        held = gate.require(world, conn, actor, address, Right.READ)
        item = _item(conn, held, actor, copy_id)
        read = tuple(messages.readings_of(conn, [copy_id]).get(copy_id, ()))
        folder = folders.by_id(conn, held.mailbox.id, item.copy.folder_id)
        if folder is None:
            raise Refusal(Rule.NOT_FOUND, "There is no such message in this mailbox.")
        first_time = actor.identity.id not in {reading.identity_id for reading in read}
        return Opened(held.mailbox, item, read, folder, messages.raw(conn, item.message.id), first_time)

    opened = await world.store.read(look)
    if not opened.first_time:
        return opened
    read = await world.store.write(lambda conn: _note_reading(world, conn, actor, address, copy_id))
    return replace(opened, readings=tuple(read))


def _note_reading(world: World, conn: Connection, actor: Actor, address: str, copy_id: int) -> list[Reading]:
    now = world.clock.now()
    held = gate.require(world, conn, actor, address, Right.READ)
    item = _item(conn, held, actor, copy_id)
    if messages.note_reading(conn, copy_id, actor.identity.id, now):
        _trace(world, conn, actor, held, Right.READ, Act.READ, item, {})
    return messages.readings_of(conn, [copy_id]).get(copy_id, [])


async def change_flags(world: World, actor: Actor, address: str, copy_id: int, change: FlagChange) -> Shown:
    """Set and clear flags and keywords; `\\Seen` follows the mailbox's seen policy."""
    check_words(change)
    rights = flag_rights(change.add | change.remove)

    def unit(conn: Connection) -> Shown:
        now = world.clock.now()
        held = gate.require(world, conn, actor, address, rights[0])
        for right in rights[1:]:
            held.access.require(right, address)
        item = _item(conn, held, actor, copy_id)
        folder = folders.lock(conn, [item.copy.folder_id])[item.copy.folder_id]
        item = _item(conn, held, actor, copy_id)
        flags, words = changed_flags(item.copy.flags, item.copy.keywords, change)
        if personal_reader(held, actor) is not None:
            flags, first = _seen_by_reader(conn, item, actor, change, flags, now)
        else:
            first = Flag.SEEN in flags and Flag.SEEN not in item.copy.flags and messages.note_reading(conn, copy_id, actor.identity.id, now)
        if first:
            _trace(world, conn, actor, held, Right.MARK, Act.READ, item, {})
        folder.unseen_count += bool(item.copy.flags & Flag.SEEN) - bool(flags & Flag.SEEN)
        messages.set_flags(conn, [(copy_id, flags, words, folder.step())])
        folders.keep(conn, [folder])
        _trace(world, conn, actor, held, rights[0], Act.FLAGGED, item, {"add": sorted(change.add), "remove": sorted(change.remove)})
        return _shown(conn, held, actor, copy_id, folder)

    return await world.store.write(unit)


def check_words(change: FlagChange) -> None:
    """Refuse what is neither a system flag nor a keyword, and more of them than anybody needs."""
    words = change.add | change.remove
    if len(words) > _WORDS_MAX:
        raise Refusal(Rule.LIMIT_REACHED, f"At most {_WORDS_MAX} flags and keywords at once.", reference="rfc9051#2.3.2")
    if any(len(word) > _WORD_CHARS_MAX for word in words):
        raise Refusal(Rule.INVALID, f"A keyword has at most {_WORD_CHARS_MAX} characters.", reference="rfc9051#2.3.2")
    for word in words:
        if word.startswith("\\") and word not in FLAG_NAMES:
            known = ", ".join(FLAG_NAMES)
            raise Refusal(Rule.INVALID, f"{word} is not a system flag; the system flags are {known}.", reference="rfc9051#2.3.2")
        if not word.strip("\\") or not word.isascii() or any(letter in '(){ %*"]' or not letter.isprintable() for letter in word):
            raise Refusal(Rule.INVALID, f"{word!r} cannot be a keyword: letters, digits and $ are.", reference="rfc9051#9")


def changed_flags(flags: Flag, keywords: str, change: FlagChange) -> tuple[Flag, str]:
    """Flags and keywords after a change; Refusal when that is more keywords than a copy may have."""
    for name, flag in FLAG_NAMES.items():
        if name in change.add:
            flags |= flag
        if name in change.remove:
            flags &= ~flag
    before = set(keywords.split())
    words = (before | (change.add - FLAG_NAMES.keys())) - change.remove
    if len(words) > _WORDS_MAX and words - before:
        detail = f"A message has at most {_WORDS_MAX} keywords; take others off first."
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="rfc9051#2.3.2")
    return flags, " ".join(sorted(words))


def _seen_by_reader(conn: Connection, item: Item, actor: Actor, change: FlagChange, flags: Flag, now: Micros) -> tuple[Flag, bool]:
    """Note `\\Seen` for this reader alone; the shared flag as it was, and whether he says for the first time that he read it."""
    first, seen = False, "\\Seen" in change.add
    if "\\Seen" in change.add | change.remove:
        first = messages.note_reading(conn, item.copy.id, actor.identity.id, now) and seen
        messages.set_seen_by(conn, item.copy.id, actor.identity.id, seen=seen)
    return (flags & ~Flag.SEEN) | (item.copy.flags & Flag.SEEN), first


async def move(world: World, actor: Actor, address: str, copy_id: int, folder: str) -> Shown:
    """Put a copy into another folder of the same mailbox, by its id or its name; the copy's id stays, its UID does not."""

    def unit(conn: Connection) -> Shown:
        held = gate.require(world, conn, actor, address, Right.SEE)
        boxes = {box.id: box for box in folders.of_mailbox(conn, held.mailbox.id)}
        target = boxes[folder_named(boxes.values(), folder)]
        right = Right.FILE
        if target.special_use is SpecialUse.TRASH and Right.FILE not in held.access.rights:
            right = Right.DELETE
        held.access.require(right, address)
        item = _item(conn, held, actor, copy_id)
        if item.copy.folder_id == target.id:
            return _shown(conn, held, actor, copy_id, target)
        locked = folders.lock(conn, [item.copy.folder_id, target.id])
        source, target = locked[item.copy.folder_id], locked[target.id]
        unseen = not item.copy.flags & Flag.SEEN
        source.exists_count -= 1
        source.unseen_count -= unseen
        source.step()
        target.exists_count += 1
        target.unseen_count += unseen
        messages.move(conn, copy_id, target.id, target.take_uid(), target.step())
        folders.keep(conn, [source, target])
        _trace(world, conn, actor, held, right, Act.MOVED, item, {"from": source.name, "to": target.name})
        return _shown(conn, held, actor, copy_id, target)

    return await world.store.write(unit)


async def delete(world: World, actor: Actor, address: str, copy_id: int) -> None:
    """Delete a copy for good; the message goes with its last copy."""

    def unit(conn: Connection) -> None:
        mailboxes.berths(conn, [address])  # mailboxes are locked before folders, everywhere
        held = gate.require(world, conn, actor, address, Right.DELETE)
        item = _item(conn, held, actor, copy_id)
        folder = folders.lock(conn, [item.copy.folder_id])[item.copy.folder_id]
        folder.exists_count -= 1
        folder.unseen_count -= not item.copy.flags & Flag.SEEN
        folder.step()
        folders.keep(conn, [folder])
        messages.remove_copies(conn, [(copy_id, item.message.id)])
        mailboxes.use(conn, held.mailbox.id, -item.message.size_bytes)
        detail: dict[str, object] = {"subject": item.message.subject, "rfc_message_id": item.message.rfc_message_id}
        _trace(world, conn, actor, held, Right.DELETE, Act.DELETED, item, detail)

    await world.store.write(unit)


def _item(conn: Connection, held: Held, actor: Actor, copy_id: int) -> Item:
    item = messages.one(conn, held.mailbox.id, copy_id, personal_reader(held, actor))
    if item is None:
        raise Refusal(Rule.NOT_FOUND, "There is no such message in this mailbox.")
    return item


def _shown(conn: Connection, held: Held, actor: Actor, copy_id: int, folder: Folder) -> Shown:
    read = messages.readings_of(conn, [copy_id]).get(copy_id, ())
    return Shown(_item(conn, held, actor, copy_id), folder, tuple(read), held.access.may(Right.READ))


def _trace(world: World, conn: Connection, actor: Actor, held: Held, right: Right, act: Act, item: Item, detail: dict[str, object]) -> None:
    """Who did what, and by which grant when not by his own right."""
    grant = held.access.grant_for(right)
    line = Line(
        id=world.ids.next(),
        at=world.clock.now(),
        act=act,
        door=actor.door,
        actor_id=actor.identity.id,
        mailbox_id=held.mailbox.id,
        grant_id=grant.id if grant else None,
        message_id=item.message.id,
        detail={"message": encode(item.copy.id), **detail},
    )
    journal.write(conn, [line])
