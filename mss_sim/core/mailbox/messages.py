"""Lists and opened messages; one message changed, with its new state. The changes themselves are in `copies.py`.

| verb                                         | right, and see |
|----------------------------------------------|----------------|
| list a mailbox, its folders                  | see            |
| open a message, its preview, search its text | read           |

The result of a change comes from the transaction that made it: a client never gets "not found" for a message that it just changed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mss_sim.clock import Micros
from mss_sim.core.access import gate, rights_in_force
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.mailbox import copies
from mss_sim.core.mailbox.copies import ById
from mss_sim.core.mailbox.flag_rules import FlagChange, check_words
from mss_sim.core.mailbox.selected_folder import FolderRef, SelectedFolder, personal_reader
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.policy.searching import check_texts
from mss_sim.store import carer_views, charges, folders, identities, mailboxes, messages, pages
from mss_sim.store.charges import Charge
from mss_sim.store.engine import Connection
from mss_sim.store.folders import Folder
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.messages import CopyVersion, ListedMessage, Reading
from mss_sim.store.pages import ListQuery
from mss_sim.vocabulary.charge import ChargeChoice
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say


class FirstReader(NamedTuple):
    """Who read a copy first, and when; no idNat: somebody who was deleted since."""

    idnat: str | None
    name: str
    at: Micros


class Look(NamedTuple):
    """All that a list shows of a copy and that can change: what looks the same is shown the same.

    `readable`: whether the actor may know the text; `first`: None where nobody has read it; `charge`: in whose hands it is, if ever in
    anybody's.
    """

    copy: CopyVersion
    folder: str
    first: FirstReader | None
    readable: bool
    charge: Charge | None = None


class PageLook(NamedTuple):
    """The same of a whole page: its copies, the names of all folders, who read which copy first and has which; `more`: older copies follow.

    `folder`: the one that is listed, None: all are.
    """

    folder: int | None
    copies: tuple[CopyVersion, ...]
    folders: tuple[tuple[int, str], ...]
    first: tuple[tuple[int, FirstReader], ...]
    readable: bool
    more: bool
    charges: tuple[Charge, ...] = ()


Kept = Callable[[Look | PageLook], Any]


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of a mailbox. `whole`: what the asker has kept of it; where that is None, `looks` are its copies, with what is kept of each.

    `items` holds the copies of which nothing is kept, by id.
    """

    look: PageLook
    whole: Any = None
    looks: tuple[tuple[Look, Any], ...] = ()
    items: dict[int, ListedMessage] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangedMessage:
    """A copy after a change: its mailbox and folder, who read it; `readable` when the actor may know its content."""

    mailbox: Mailbox
    item: ListedMessage
    folder: Folder
    readings: tuple[Reading, ...]
    readable: bool


async def held_mailboxes(world: World, actor: Actor) -> list[MailboxAccess]:
    """Every mailbox that the actor may see now; only the one chosen at log-in, if one was chosen."""
    holdings = await world.people.read(rights_in_force.holdings, actor.identity.id)
    accesses = rights_in_force.accesses_at(holdings, world.clock.now())
    rows = rights_in_force.held(accesses, await world.store.read_unchanged(mailboxes.with_ids, tuple(accesses)))
    return [held for held in rows if held.access.may(Right.SEE) and actor.mailbox in (None, held.mailbox.address)]


async def held_mailbox(world: World, actor: Actor, address: str, right: Right = Right.SEE) -> MailboxAccess:
    """One mailbox, when the actor has that right over it; a closed one is included."""
    return await world.store.read_briefly(lambda conn: gate.about(world, conn, actor, address, right))


async def open_mailbox(world: World, actor: Actor, address: str) -> MailboxAccess:
    """One mailbox in which the actor could open a folder now."""
    return await world.store.read_briefly(lambda conn: gate.require(world, conn, actor, address, Right.SEE))


async def may(world: World, actor: Actor, address: str, right: Right) -> bool:
    """Whether an act that needs that right over a mailbox would be allowed."""
    held = await world.store.read_briefly(rights_in_force.access_to, address, actor.identity.id, world.clock.now())
    return held is not None and held.access.may(right) and actor.mailbox in (None, address)


async def seen_as(world: World, actor: Actor, address: str, copy_id: int | None) -> int | None:
    """The id by which the actor knows a copy of a mailbox: a carer knows another one than the patient."""

    def query(conn: Connection) -> int | None:
        held = rights_in_force.access_to(conn, address, actor.identity.id, world.clock.now())
        if copy_id is None or held is None or held.carer_of is None:
            return copy_id
        return carer_views.seen_as(conn, copy_id)

    return await world.store.read_briefly(query)


def folder_named(names: Mapping[int, str], text: str) -> int:
    """The folder with that name or id; INBOX in any case (ref: rfc9051#5.1). Refusal(NOT_FOUND) when there is none."""
    wanted = "INBOX" if text.upper() == "INBOX" else text
    for id_, name in names.items():
        if wanted in (name, encode(id_)):
            return id_
    raise Refusal(Rule.NOT_FOUND, say("There is no such folder in this mailbox."), subject=text[:100])


async def list_messages(
    world: World, actor: Actor, address: str, query: ListQuery, folder: str | None = None, *, kept: Kept = lambda _: None
) -> MessagePage:
    """A page of copies, newest first, of one folder (its id or its name) or of all; `query.mailbox_id` is filled in here.

    `kept` tells what the asker has kept of a page or of a copy as it looks now, None when nothing; it may be called in a thread.
    """
    if query.charge is ChargeChoice.MINE:
        query = replace(query, asker=actor.identity.id)
    check_texts((query.from_, query.to, query.subject, query.text), world.settings.search.query_chars_max)

    def run(conn: Connection) -> MessagePage:
        held = gate.require(world, conn, actor, address, Right.SEE)
        if query.text:
            gate.check_right(actor, held, Right.READ)
        readable, reader = held.access.may(Right.READ), personal_reader(held, actor)
        asked = held.mailbox.id, query, folder, reader, readable
        found = _page(conn, world.store.unchanged(conn, _look, *asked), kept)
        while found is None:
            found = _page(conn, _look(conn, *asked), kept)
        return found

    return await (world.store.read_briefly(run) if query.plain else world.store.read(run))


def _look(conn: Connection, mailbox_id: int, query: ListQuery, folder: str | None, reader: int | None, readable: bool) -> PageLook:
    names = folders.names_in(conn, mailbox_id)
    place = folder_named(names, folder) if folder is not None else None
    listed = pages.listed(conn, replace(query, mailbox_id=mailbox_id, folder_id=place, personal_reader=reader, limit=query.limit + 1))
    shown = tuple(listed[: query.limit])
    first = _first_readers(conn, shown)
    stand = tuple(charges.of(conn, [copy.id for copy in shown]).values())
    return PageLook(place, shown, tuple(names.items()), tuple(first.items()), readable, len(listed) > len(shown), stand)


def _page(conn: Connection, look: PageLook, kept: Kept) -> MessagePage | None:
    """The page that looks like this, with what is not kept of it; None when a copy is gone since.

    On PostgreSQL it may go between two statements, on SQLite by a commit that is not told yet.
    """
    whole = kept(look)
    if whole is not None:
        return MessagePage(look, whole)
    names, first, stand = dict(look.folders), dict(look.first), {charge.copy_id: charge for charge in look.charges}
    looks = [Look(copy, names.get(copy.folder_id, ""), first.get(copy.id), look.readable, stand.get(copy.id)) for copy in look.copies]
    pieces = [(one, kept(one)) for one in looks]
    wanted = [one.copy for one, piece in pieces if piece is None]
    items = messages.items(conn, wanted)
    return MessagePage(look, None, tuple(pieces), items) if len(items) == len(wanted) else None


def _first_readers(conn: Connection, listed: Sequence[CopyVersion]) -> dict[int, FirstReader]:
    read = messages.readings_of(conn, [copy.id for copy in listed])
    people = identities.names(conn, {readings[0].identity_id for readings in read.values()})
    return {id_: first for id_, readings in read.items() if (first := first_reader(readings, people))}


def first_reader(readings: Sequence[Reading], people: Mapping[int, Identity]) -> FirstReader | None:
    """The first of these readers, who come in order."""
    if not readings:
        return None
    who = people.get(readings[0].identity_id)
    return FirstReader(who.idnat if who else None, who.name if who else "", readings[0].first_at)


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """An opened message, with its bytes; `first_time` when the actor had never read it before, or is a carer."""

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
        assert folder is not None  # noqa: S101 - a copy lies in a folder
        first_time = held.carer_of is not None or actor.identity.id not in {reading.identity_id for reading in read}
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
        names = folders.names_in(conn, held.mailbox.id)
        target = folder_named(names, folder)
        which, place = ById(address, copy_id), FolderRef(address, names[target], target)
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
    return ChangedMessage(
        here.held.mailbox, _item(conn, here.held, actor, copy_id), here.folder, tuple(read), here.held.access.may(Right.READ)
    )
