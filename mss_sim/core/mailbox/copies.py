"""Changes to the copies of a folder that somebody keeps open, each in one transaction; the reading is `selected.py`'s.

| verb                         | right                                     |
|------------------------------|-------------------------------------------|
| flags; \\Deleted             | mark; delete                              |
| expunge                      | delete                                    |
| copy                         | read here, file there                     |
| move                         | file; to Trash, or elsewhere, delete      |
| append                       | file                                      |

Mailboxes whose room changes are locked first, then folders, as delivery does: two processes never wait for one another in a circle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from mss_sim.clock import Micros
from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox.messages import FlagChange, changed_flags, check_words
from mss_sim.core.mailbox.selected import Place, Shelf, shelf
from mss_sim.core.mailbox.stored import read_message, stored, without_holding
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.policy.access import flag_rights
from mss_sim.policy.routing import Room, Standing, standing
from mss_sim.store import folder_view, folders, journal, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.folder_view import CopyState, Range
from mss_sim.store.folders import Folder
from mss_sim.store.journal import Line
from mss_sim.store.messages import CopyRow
from mss_sim.vocabulary import Act, Flag, Right, SpecialUse


@dataclass(frozen=True, slots=True)
class Marking:
    """A change of flags: `add` and `remove` as they are named, or everything replaced by `add`."""

    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    replace: bool = False
    unchanged_since: int | None = None


class Marked(NamedTuple):
    """Copies as they are afterwards, UIDs left alone because they changed too late, and the folder's modification sequences.

    `was`: the modification sequence of each copy before, by UID.
    """

    rows: list[CopyState]
    late: list[int]
    modseq_before: int
    modseq_after: int
    was: dict[int, int]


async def change_flags(world: World, actor: Actor, place: Place, ranges: Sequence[Range], wish: Marking) -> Marked:
    """Set and clear flags and keywords; `\\Seen` follows the mailbox's seen policy."""
    words = wish.add | wish.remove
    check_words(FlagChange(wish.add, wish.remove))
    rights = flag_rights(words, replace=wish.replace)

    def unit(conn: Connection) -> Marked:
        here = shelf(world, conn, actor, place, rights[0], lock=True)
        for right in rights[1:]:
            here.held.access.require(right, place.address)
        rows = folder_view.states(conn, here.folder.id, ranges, here.reader)
        limit, before = wish.unchanged_since, here.folder.modseq
        late = {row.uid for row in rows if limit is not None and row.modseq > limit}
        changes = {row.uid: changed for row in rows if row.uid not in late and (changed := _wanted(here, row, wish))}
        after, first = _apply(world, conn, actor, here, [(row, *changes[row.uid]) for row in rows if row.uid in changes])
        if after:
            detail: dict[str, object] = {"add": sorted(wish.add), "remove": sorted(wish.remove)}
            lines = [_line(world, actor, here, rights[0], Act.READ, row, {}) for row in first]
            journal.write(conn, [*lines, *(_line(world, actor, here, rights[0], Act.FLAGGED, row, detail) for row in after.values())])
        kept = [after.get(row.uid, row) for row in rows if row.uid not in late]
        return Marked(kept, sorted(late), before, here.folder.modseq, {row.uid: row.modseq for row in rows})

    return await world.store.write(unit)


def _wanted(here: Shelf, row: CopyState, wish: Marking) -> tuple[Flag, str] | None:
    """The flags, as the reader sees them, and keywords that a copy gets; None when nothing changes."""
    visible = (row.flags & ~Flag.SEEN) | (Flag.SEEN if row.seen else Flag(0))
    base = (Flag(0), "") if wish.replace else (visible, row.keywords)
    wanted, words = changed_flags(*base, FlagChange(wish.add, wish.remove))
    if wish.replace and Right.DELETE not in here.held.access.rights:
        wanted |= visible & Flag.DELETED  # what he may not take off stays (ref: rfc4314#4)
    return None if wanted == visible and words == row.keywords else (wanted, words)


def _apply(
    world: World, conn: Connection, actor: Actor, here: Shelf, changes: Sequence[tuple[CopyState, Flag, str]]
) -> tuple[dict[int, CopyState], list[CopyState]]:
    """Write flags and keywords, whose \\Seen it is, who read; the copies afterwards, by UID, and those that he reads for the first time."""
    after: dict[int, CopyState] = {}
    first: list[CopyState] = []
    said: list[tuple[int, bool]] = []
    for row, wanted, words in changes:
        seen = Flag.SEEN in wanted
        if seen != row.seen and (seen or here.reader is not None):
            if messages.note_reading(conn, row.copy_id, actor.identity.id, world.clock.now()) and seen:
                first.append(row)
            said.append((row.copy_id, seen))
        stored = wanted if here.reader is None else (wanted & ~Flag.SEEN) | (row.flags & Flag.SEEN)
        here.folder.unseen_count += bool(row.flags & Flag.SEEN) - bool(stored & Flag.SEEN)
        after[row.uid] = row._replace(flags=stored, keywords=words, modseq=here.folder.step(), seen=seen)
    if here.reader is not None:
        for copy_id, seen in said:
            messages.set_seen_by(conn, copy_id, actor.identity.id, seen=seen)
    if after:
        messages.set_flags(conn, [(row.copy_id, row.flags, row.keywords, row.modseq) for row in after.values()])
        folders.keep(conn, [here.folder])
    return after, first


async def note_reading(world: World, actor: Actor, place: Place, rows: Sequence[CopyState]) -> None:
    """Record that somebody read these copies, where it is his first time."""

    def unit(conn: Connection) -> None:
        here = shelf(world, conn, actor, place, Right.READ)
        now = world.clock.now()
        first = [row for row in rows if messages.note_reading(conn, row.copy_id, actor.identity.id, now)]
        journal.write(conn, [_line(world, actor, here, Right.READ, Act.READ, row, {}) for row in first])

    await world.store.write(unit)


async def expunge(world: World, actor: Actor, place: Place, ranges: Sequence[Range]) -> list[int]:
    """Delete for good the copies in these ranges that are marked \\Deleted; their UIDs."""

    def unit(conn: Connection) -> list[int]:
        mailboxes.berths(conn, [place.address])
        here = shelf(world, conn, actor, place, Right.DELETE, lock=True)
        gone = [row for row in folder_view.states(conn, here.folder.id, ranges, here.reader) if row.flags & Flag.DELETED]
        _take_out(here.folder, gone)
        messages.remove_copies(conn, [(row.copy_id, row.message_id) for row in gone])
        if gone:
            mailboxes.use(conn, here.held.mailbox.id, -sum(row.size_bytes for row in gone))
            folders.keep(conn, [here.folder])
            journal.write(conn, [_line(world, actor, here, Right.DELETE, Act.DELETED, row, {}) for row in gone])
        return [row.uid for row in gone]

    return await world.store.write(unit)


def _take_out(folder: Folder, rows: Iterable[CopyState]) -> None:
    for row in rows:
        folder.exists_count -= 1
        folder.unseen_count -= not row.flags & Flag.SEEN
        folder.step()


def _allowed(there: Shelf, row: CopyState) -> CopyState:
    """The copy with the flags that the actor may set there; the others are dropped (ref: rfc4314#4)."""
    rights, flags = there.held.access.rights, row.flags
    if Right.DELETE not in rights:
        flags &= ~Flag.DELETED
    if Right.MARK not in rights:
        flags &= Flag.DELETED
    return row._replace(flags=flags, keywords=row.keywords if Right.MARK in rights else "")


def _put_in(world: World, folder: Folder, row: CopyState, *, id_: int | None = None) -> CopyRow:
    folder.exists_count += 1
    folder.unseen_count += not row.flags & Flag.SEEN
    copy_id = world.ids.next() if id_ is None else id_
    uid, modseq = folder.take_uid(), folder.step()
    return CopyRow(copy_id, folder.mailbox_id, folder.id, row.message_id, uid, modseq, row.flags, row.keywords, row.internal_at)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where copies came to lie: UIDVALIDITY of the target, and the UIDs here and there, in the same order."""

    uid_validity: int
    here: tuple[int, ...]
    there: tuple[int, ...]


async def copy(world: World, actor: Actor, place: Place, ranges: Sequence[Range], target: Place) -> Transfer:
    """Copy into another folder, of this mailbox or another."""

    def unit(conn: Connection) -> Transfer:
        mailboxes.berths(conn, [target.address])
        source = shelf(world, conn, actor, place, Right.READ)
        there = shelf(world, conn, actor, target, Right.FILE, lock=True)
        rows = folder_view.states(conn, source.folder.id, ranges, source.reader)
        _require_room(world, there, sum(row.size_bytes for row in rows))
        made = [_put_in(world, there.folder, _allowed(there, row)) for row in rows]
        messages.add_copies(conn, made)
        if made:
            if source.held.mailbox.id == there.held.mailbox.id:
                messages.copy_readings(conn, [(row.copy_id, copied.id) for row, copied in zip(rows, made, strict=True)])
            mailboxes.use(conn, there.held.mailbox.id, sum(row.size_bytes for row in rows))
            folders.keep(conn, [there.folder])
            journal.write(conn, [_line(world, actor, there, Right.FILE, Act.COPIED, row, {"to": there.folder.name}) for row in rows])
        return Transfer(there.folder.uid_validity, tuple(row.uid for row in rows), tuple(row.uid for row in made))

    return await world.store.write(unit)


async def move(world: World, actor: Actor, place: Place, ranges: Sequence[Range], target: Place) -> Transfer:
    """Move into another folder; within a mailbox the copies keep their ids."""

    def unit(conn: Connection) -> Transfer:
        mailboxes.berths(conn, {place.address, target.address})
        source, there = _both(world, conn, actor, place, target)
        rows = folder_view.states(conn, source.folder.id, ranges, source.reader)
        same = source.held.mailbox.id == there.held.mailbox.id
        size = sum(row.size_bytes for row in rows)
        if not same:
            _require_room(world, there, size)
        _take_out(source.folder, rows)
        made = [
            _put_in(world, there.folder, row, id_=row.copy_id) if same else _put_in(world, there.folder, _allowed(there, row))
            for row in rows
        ]
        if same:
            for copied in made:
                messages.move(conn, copied.id, there.folder.id, copied.uid, copied.modseq)
        elif made:
            messages.add_copies(conn, made)
            messages.remove_copies(conn, [(row.copy_id, row.message_id) for row in rows])
            mailboxes.use(conn, source.held.mailbox.id, -size)
            mailboxes.use(conn, there.held.mailbox.id, size)
        if made:
            folders.keep(conn, [source.folder, there.folder])
            detail: dict[str, object] = {"from": source.folder.name, "to": there.folder.name}
            here = (source, Right.FILE if same else Right.DELETE)
            ends = [here] if same else [here, (there, Right.FILE)]  # each mailbox keeps a journal of its own
            journal.write(conn, [_line(world, actor, end, right, Act.MOVED, row, detail) for end, right in ends for row in rows])
        return Transfer(there.folder.uid_validity, tuple(row.uid for row in rows), tuple(row.uid for row in made))

    return await world.store.write(unit)


def _both(world: World, conn: Connection, actor: Actor, place: Place, target: Place) -> tuple[Shelf, Shelf]:
    """The two ends of a move, locked in one order, when the actor may."""
    source = shelf(world, conn, actor, place, Right.SEE)
    there = shelf(world, conn, actor, target, Right.SEE)
    if source.folder.id == there.folder.id:
        raise Refusal(Rule.CONFLICT, "The messages are in that folder already.")
    same = source.held.mailbox.id == there.held.mailbox.id
    to_trash = there.folder.special_use is SpecialUse.TRASH and Right.FILE not in there.held.access.rights
    there.held.access.require(Right.DELETE if same and to_trash else Right.FILE, target.address)
    if not same:
        source.held.access.require(Right.READ, place.address)
        source.held.access.require(Right.DELETE, place.address)
    locked = folders.lock(conn, [source.folder.id, there.folder.id])
    return (
        Shelf(source.held, locked[source.folder.id], source.reader),
        Shelf(there.held, locked[there.folder.id], there.reader),
    )


@dataclass(frozen=True, slots=True)
class NewCopy:
    """A message that a client puts into a folder itself."""

    raw: bytes
    flags: frozenset[str] = frozenset()
    internal_at: Micros | None = None


async def append(world: World, actor: Actor, target: Place, new: NewCopy) -> tuple[int, int]:
    """Store a message in a folder, byte for byte; (UIDVALIDITY, UID)."""
    check_words(FlagChange(new.flags))
    parsed = await read_message(world, new.raw)
    at = world.clock.now()
    made = partial(stored, world.ids.next(), new.raw, parsed, return_path=None, fields=(), at=at)
    _, row, imap_envelope, search_text = await without_holding(new.raw, made)

    def unit(conn: Connection) -> tuple[int, int]:
        mailboxes.berths(conn, [target.address])
        there = shelf(world, conn, actor, target, Right.FILE, lock=True)
        _require_room(world, there, len(new.raw))
        body = (row.id, imap_envelope, parsed.structure, search_text, new.raw)
        messages.add(conn, [row._replace(thread_id=_thread(conn, there, row.id, parsed.in_reply_to))], [body])
        flags_, words = changed_flags(Flag(0), "", FlagChange(new.flags))
        when = at if new.internal_at is None else new.internal_at
        state = CopyState(0, 0, row.id, flags_, words, 0, when, len(new.raw), row.id, bool(flags_ & Flag.SEEN))
        copy = _put_in(world, there.folder, _allowed(there, state))
        messages.add_copies(conn, [copy])
        mailboxes.use(conn, there.held.mailbox.id, len(new.raw))
        folders.keep(conn, [there.folder])
        state = state._replace(copy_id=copy.id)
        journal.write(conn, [_line(world, actor, there, Right.FILE, Act.APPENDED, state, {"to": there.folder.name})])
        return there.folder.uid_validity, copy.uid

    return await world.store.write(unit)


def _thread(conn: Connection, there: Shelf, message_id: int, answered: Sequence[str]) -> int:
    """The conversation of a message that a client files: that of what it answers, when this mailbox has it (see mailflow/threads)."""
    stored = messages.known(conn, answered)
    had = messages.had_by(conn, [id_ for id_ in answered if id_ in stored], there.held.mailbox.id, there.held.mailbox.address)
    return next((had[id_][0] for id_ in answered if id_ in had), message_id)


def _require_room(world: World, there: Shelf, size: int) -> None:
    mailbox = there.held.mailbox
    limit = world.directory.limit_of(mailbox.message_size_bytes_max, mailbox.operator_id)
    stands = standing(mailbox.state, Room(mailbox.used_bytes, mailbox.quota_bytes, limit), size)
    if stands is Standing.FULL:
        raise Refusal(Rule.MAILBOX_FULL, f"The mailbox {mailbox.address} is full; delete messages first.", subject=mailbox.address)
    if stands is Standing.TOO_SMALL:
        raise Refusal(Rule.TOO_LARGE, f"The message has {size} bytes; at most {limit} are accepted here.", reference="rfc1870#6.1")
    if stands in (Standing.CLOSED, Standing.SUSPENDED):
        rule = Rule.MAILBOX_CLOSED if stands is Standing.CLOSED else Rule.MAILBOX_SUSPENDED
        raise Refusal(rule, f"The mailbox {mailbox.address} is {mailbox.state}.", subject=mailbox.address)


def _line(world: World, actor: Actor, here: Shelf, right: Right, act: Act, row: CopyState, detail: dict[str, object]) -> Line:
    """Who did what, and by which grant when not by his own right."""
    grant = here.held.access.grant_for(right)
    told = {"message": encode(row.copy_id), **detail}
    now = world.clock.now()
    mailbox_id = here.held.mailbox.id
    return Line(world.ids.next(), now, act, actor.door, actor.identity.id, mailbox_id, grant.id if grant else None, row.message_id, told)
