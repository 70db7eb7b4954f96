"""Changes to copies: one implementation for every door, each in one transaction. `selected_folder.py` and `messages.py` read them.

| act                          | right, besides `see`                                                |
|------------------------------|---------------------------------------------------------------------|
| flags and keywords           | mark; for \\Deleted, delete                                         |
| note a reading               | read                                                                |
| delete                       | delete                                                              |
| move within a mailbox        | file; to Trash, delete will do                                      |
| move to another mailbox      | read and delete here, file there                                    |
| copy                         | read here, file there                                               |

REST names one copy by its id, IMAP several by the UIDs of a folder; both resolve to the same rows (`Copies`). An act that changes nothing
leaves no trace: no modification sequence, no journal line. The first time an actor reads a copy, or says that they did, is recorded.

Everything that somebody does to a copy lives in this file and in `appending.py`; beside them stand what no right is asked for: delivery,
`forced_removals.py`, letters that are passed on and not kept, and what carers see. A folder counts by its own hand (`store/folders.py`).
Mailboxes whose usage changes are locked first, then folders, as in delivery: two processes never deadlock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from mss_sim.core.access import carer_view_upkeep, gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox import charge_deeds
from mss_sim.core.mailbox.charge_deeds import entry_of
from mss_sim.core.mailbox.flag_rules import FlagChange, changed, check_words
from mss_sim.core.mailbox.room import require_room
from mss_sim.core.mailbox.selected_folder import FolderRef, SelectedFolder, personal_reader, selected_folder
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import flag_rights
from mss_sim.ranges import Range
from mss_sim.store import folder_view, folders, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.folder_view import CopyState
from mss_sim.store.folders import Folder
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.messages import CopyRow
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Flag, Right, SpecialUse
from mss_sim.words.sentence import say


@dataclass(frozen=True, slots=True)
class InFolder:
    """Copies by their UIDs; those deleted meanwhile are silently skipped (ref: rfc9051#6.4.9)."""

    place: FolderRef
    ranges: Sequence[Range]

    @property
    def address(self) -> str:
        """The mailbox that contains them."""
        return self.place.address

    @property
    def few(self) -> bool:
        """Whether they are read and written at once."""
        return folder_view.few(self.ranges)


@dataclass(frozen=True, slots=True)
class ById:
    """One copy by its id, wherever in its mailbox it is now; Refusal(NOT_FOUND) when it is gone."""

    address: str
    copy_id: int
    few: ClassVar[bool] = True


Copies = InFolder | ById


def find(
    world: World, conn: Connection, actor: Actor, which: Copies, right: Right, *, lock: bool = False
) -> tuple[SelectedFolder, list[CopyState]]:
    """The folder that contains the copies, its row locked until the commit on request, and the copies; Refusal without that right."""
    if isinstance(which, InFolder):
        here = selected_folder(world, conn, actor, which.place, right, lock=lock)
        return here, folder_view.states(conn, here.folder.id, which.ranges, here.reader)
    held = gate.require(world, conn, actor, which.address, right)
    reader = personal_reader(held, actor)
    folder: Folder | None = None
    while found := folder_view.state_of(conn, held.mailbox.id, which.copy_id, reader):
        folder_id, state = found
        if folder is not None and folder.id == folder_id:
            return SelectedFolder(held, folder, reader), [state]
        folder = folders.lock(conn, [folder_id])[folder_id] if lock else folders.by_id(conn, held.mailbox.id, folder_id)
    raise Refusal(Rule.NOT_FOUND, say("There is no such message in this mailbox."))


class FlagsChanged(NamedTuple):
    """The resulting copies, UIDs skipped because they changed too late, and the folder's modification sequences.

    `was`: the previous modification sequence of each copy, by UID.
    """

    rows: list[CopyState]
    late: list[int]
    modseq_before: int
    modseq_after: int
    was: dict[int, int]
    mailbox: Mailbox


async def change_flags(world: World, actor: Actor, which: Copies, change: FlagChange) -> FlagsChanged:
    """Set and clear flags and keywords; `\\Seen` follows the mailbox's seen policy."""
    check_words(change)
    write = world.store.write_briefly if which.few else world.store.write
    return await write(lambda conn: change_flags_in(world, conn, actor, which, change)[1])


def change_flags_in(world: World, conn: Connection, actor: Actor, which: Copies, change: FlagChange) -> tuple[SelectedFolder, FlagsChanged]:
    """The same within a unit of work, with the folder; the words are already checked."""
    rights = flag_rights(change.add | change.remove, replace=change.replace)
    here, rows = find(world, conn, actor, which, rights[0], lock=True)
    for right in rights[1:]:
        gate.check_right(actor, here.held, right)
    limit, before = change.unchanged_since, here.folder.modseq
    late, was = {row.uid for row in rows if limit is not None and row.modseq > limit}, {row.uid: row.modseq for row in rows}
    handed = charge_deeds.follow_words(world, conn, actor, here, [row for row in rows if row.uid not in late], change)
    rows, change = [handed.get(row.uid, row) for row in rows], charge_deeds.without_words(change)
    wanted = [(row, *new) for row in rows if row.uid not in late and (new := _wanted(here, row, change))]
    after, first = _flag(world, conn, actor, here, wanted)
    if after:
        detail = {"add": sorted(change.add), "remove": sorted(change.remove)}
        lines = [entry_of(here, rights[0], Act.READ, row, {}) for row in first]
        lines += [entry_of(here, rights[0], Act.FLAGGED, row, detail) for row in after.values()]
        journal.write(world, conn, journal.by(actor), lines)
    kept = [after.get(row.uid, row) for row in rows if row.uid not in late]
    return here, FlagsChanged(kept, sorted(late), before, here.folder.modseq, was, here.held.mailbox)


def _wanted(here: SelectedFolder, row: CopyState, change: FlagChange) -> tuple[Flag, str] | None:
    """The flags, as the reader sees them, and keywords that a copy gets; None when nothing changes."""
    visible = (row.flags & ~Flag.SEEN) | (Flag.SEEN if row.seen else Flag(0))
    base = (Flag(0), charge_deeds.words_in(row.keywords)) if change.replace else (visible, row.keywords)
    wanted, words = changed(*base, change)
    if change.replace and Right.DELETE not in here.held.access.rights:
        wanted |= visible & Flag.DELETED  # flags that the actor may not clear stay (ref: rfc4314#4)
    return None if wanted == visible and words == row.keywords else (wanted, words)


def _flag(
    world: World, conn: Connection, actor: Actor, here: SelectedFolder, changes: Sequence[tuple[CopyState, Flag, str]]
) -> tuple[dict[int, CopyState], list[CopyState]]:
    """Write flags, keywords, personal \\Seen and readers; the resulting copies by UID, and those that are read for the first time."""
    after: dict[int, CopyState] = {}
    first: list[CopyState] = []
    said: list[tuple[int, bool]] = []
    for row, wanted, words in changes:
        seen = Flag.SEEN in wanted
        if seen != row.seen and (seen or here.reader is not None):
            if messages.note_reading(conn, row.copy_id, actor.identity.id, world.clock.now()) and seen:
                first.append(row)
            said.append((row.copy_id, seen))
        stored_ = wanted if here.reader is None else (wanted & ~Flag.SEEN) | (row.flags & Flag.SEEN)
        after[row.uid] = row._replace(flags=stored_, keywords=words, modseq=here.folder.mark(row.flags, stored_), seen=seen)
    if here.reader is not None:
        for copy_id, seen in said:
            messages.set_seen_by(conn, copy_id, actor.identity.id, seen=seen)
    if after:
        messages.set_flags(conn, [(row.copy_id, row.flags, row.keywords, row.modseq) for row in after.values()])
        folders.save_counters(conn, [here.folder])
    return after, first


async def note_reading(world: World, actor: Actor, which: Copies) -> None:
    """Record that the actor read these copies, where it is their first time or they are a carer; nothing is marked."""

    def unit(conn: Connection) -> None:
        here, rows = find(world, conn, actor, which, Right.READ)
        now = world.clock.now()
        first = [row for row in rows if messages.note_reading(conn, row.copy_id, actor.identity.id, now)]
        if here.held.carer_of is not None:  # the patient sees each opening, and who read the copy that they know
            first = carer_view_upkeep.as_known(conn, rows)
            for row in first:
                messages.note_reading(conn, row.copy_id, actor.identity.id, now)
        journal.write(world, conn, journal.by(actor), [entry_of(here, Right.READ, Act.READ, row, {}) for row in first], at=now)

    await world.store.write(unit)


async def delete(world: World, actor: Actor, which: Copies, *, marked: bool = False) -> list[int]:
    """Delete copies for good, only those marked \\Deleted if `marked`; their UIDs. A message goes with its last copy."""

    def unit(conn: Connection) -> list[int]:
        mailboxes.lock_for_delivery(conn, [which.address])
        here, rows = find(world, conn, actor, which, Right.DELETE, lock=True)
        gone = [row for row in rows if row.flags & Flag.DELETED or not marked]
        if gone:
            _delete(world, conn, actor, here, gone)
            folders.save_counters(conn, [here.folder])
        return [row.uid for row in gone]

    return await world.store.write(unit)


def empty_in(world: World, conn: Connection, actor: Actor, here: SelectedFolder) -> None:
    """Delete every copy of a folder that is about to go, within a unit of work that has locked the mailbox; Refusal without `delete`."""
    rows = folder_view.states(conn, here.folder.id, [(1, here.folder.uid_next)], here.reader)
    if rows:
        gate.check_right(actor, here.held, Right.DELETE)
        _delete(world, conn, actor, here, rows)


def _delete(world: World, conn: Connection, actor: Actor, here: SelectedFolder, gone: Sequence[CopyState]) -> None:
    """Take copies out for good, give their room back, and write down what they were; the caller keeps the folder's counters."""
    names = messages.names_of(conn, {row.message_id for row in gone})
    _take_out(here.folder, gone)
    messages.remove_copies(conn, [(row.copy_id, row.message_id) for row in gone])
    mailboxes.add_usage(conn, here.held.mailbox.id, -sum(row.size_bytes for row in gone))
    lines = []
    for row in gone:
        subject, rfc_message_id = names[row.message_id]
        lines.append(entry_of(here, Right.DELETE, Act.DELETED, row, {"subject": subject, "rfc_message_id": rfc_message_id}))
    journal.write(world, conn, journal.by(actor), lines)


def _take_out(folder: Folder, rows: Iterable[CopyState]) -> None:
    for row in rows:
        folder.leave(seen=bool(row.flags & Flag.SEEN))


def allowed(there: SelectedFolder, row: CopyState) -> CopyState:
    """The copy with the flags that the actor may set there; the others are dropped (ref: rfc4314#4)."""
    rights, kept = there.held.access.rights, row.flags
    if Right.DELETE not in rights:
        kept &= ~Flag.DELETED
    if Right.MARK not in rights:
        kept &= Flag.DELETED
    return row._replace(flags=kept, keywords=row.keywords if Right.MARK in rights else "")


def _carried(source: SelectedFolder, there: SelectedFolder, row: CopyState) -> CopyState:
    """The copy as it enters another mailbox: nobody has it in charge there; where \\Seen is common there, it is what the reader saw here
    (ref: rfc9051#6.4.7)."""
    if source.held.mailbox.id != there.held.mailbox.id:
        row = row._replace(keywords=charge_deeds.words_beside(row.keywords))
    if source.reader is None or there.reader is not None:
        return row
    return row._replace(flags=(row.flags & ~Flag.SEEN) | (Flag.SEEN if row.seen else Flag(0)))


def _carry_seen(
    world: World, conn: Connection, actor: Actor, there: SelectedFolder, rows: Sequence[CopyState], made: Sequence[CopyRow]
) -> None:
    """Where \\Seen is each reader's own in the other mailbox, the one who puts a copy there keeps what they saw here."""
    if there.reader is None or Right.MARK not in there.held.access.rights:
        return
    for row, copied in zip(rows, made, strict=True):
        if row.seen != bool(copied.flags & Flag.SEEN):
            messages.note_reading(conn, copied.id, actor.identity.id, world.clock.now())
            messages.set_seen_by(conn, copied.id, actor.identity.id, seen=row.seen)


def put_in(world: World, folder: Folder, row: CopyState, *, id_: int | None = None) -> CopyRow:
    """A copy under a new UID at the end of a folder whose counters the caller keeps; under a new id, unless it keeps its own."""
    copy_id = world.ids.next() if id_ is None else id_
    uid, modseq = folder.enter(row.flags)
    return CopyRow(copy_id, folder.mailbox_id, folder.id, row.message_id, uid, modseq, row.flags, row.keywords, row.internal_at)


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where copies were put: UIDVALIDITY of the target, and source and target UIDs, in the same order."""

    uid_validity: int
    here: tuple[int, ...]
    there: tuple[int, ...]


async def copy(world: World, actor: Actor, which: InFolder, target: FolderRef) -> Transfer:
    """Copy into another folder, of this mailbox or another."""

    def unit(conn: Connection) -> Transfer:
        mailboxes.lock_for_delivery(conn, [target.address])
        source, rows = find(world, conn, actor, which, Right.READ)
        there = selected_folder(world, conn, actor, target, Right.FILE, lock=True)
        require_room(world, there, [row.size_bytes for row in rows])
        stand = charge_deeds.standing(conn, rows, there)
        made = [put_in(world, there.folder, allowed(there, _carried(source, there, row))) for row in stand.rows]
        messages.add_copies(conn, made)
        if made:
            if source.held.mailbox.id == there.held.mailbox.id:
                messages.copy_readings(conn, [(row.copy_id, copied.id) for row, copied in zip(rows, made, strict=True)])
                charge_deeds.copy(world, conn, stand, [copied.id for copied in made])
            else:
                _carry_seen(world, conn, actor, there, rows, made)
            mailboxes.add_usage(conn, there.held.mailbox.id, sum(row.size_bytes for row in rows))
            folders.save_counters(conn, [there.folder])
            lines = [entry_of(there, Right.FILE, Act.COPIED, row, {"to": there.folder.name}) for row in rows]
            if source.held.carer_of is not None:  # what a carer takes away stands in the patient's journal too
                lines += [
                    entry_of(source, Right.READ, Act.COPIED, row, {"to": target.address}) for row in carer_view_upkeep.as_known(conn, rows)
                ]
            journal.write(world, conn, journal.by(actor), lines)
        return Transfer(there.folder.uid_validity, tuple(row.uid for row in rows), tuple(row.uid for row in made))

    return await world.store.write(unit)


async def move(world: World, actor: Actor, which: Copies, target: FolderRef) -> Transfer:
    """Move into another folder; within a mailbox the copies keep their ids. Refusal(CONFLICT) when they are already in that folder."""

    def unit(conn: Connection) -> Transfer:
        mailboxes.lock_for_delivery(conn, {which.address, target.address})
        return move_in(world, conn, actor, which, target)[1]

    return await world.store.write(unit)


def move_in(
    world: World, conn: Connection, actor: Actor, which: Copies, target: FolderRef, *, again: bool = False
) -> tuple[SelectedFolder, Transfer]:
    """The same within a unit of work, which has locked the mailboxes, with the current folder of the copies.

    `again`: copies that are in the target already are left there.
    """
    source, there, right = _ends(world, conn, actor, which, target)
    if source.folder.id == there.folder.id:
        if again:
            return there, Transfer(there.folder.uid_validity, (), ())
        raise Refusal(Rule.CONFLICT, say("The messages are in that folder already."))
    reached = (
        InFolder(FolderRef(which.address, source.folder.name, source.folder.id), which.ranges) if isinstance(which, InFolder) else which
    )
    _, rows = find(world, conn, actor, reached, Right.SEE)
    same = source.held.mailbox.id == there.held.mailbox.id
    size = sum(row.size_bytes for row in rows)
    if not same:
        require_room(world, there, [row.size_bytes for row in rows])
    _take_out(source.folder, rows)
    entering = rows if same else [allowed(there, _carried(source, there, row)) for row in rows]
    made = [put_in(world, there.folder, row, id_=row.copy_id if same else None) for row in entering]
    if same:
        for copied in made:
            messages.move(conn, copied.id, there.folder.id, copied.uid, copied.modseq)
    elif made:
        messages.add_copies(conn, made)
        _carry_seen(world, conn, actor, there, rows, made)
        messages.remove_copies(conn, [(row.copy_id, row.message_id) for row in rows])
        mailboxes.add_usage(conn, source.held.mailbox.id, -size)
        mailboxes.add_usage(conn, there.held.mailbox.id, size)
    if made:
        folders.save_counters(conn, [source.folder, there.folder])
        detail = {"from": source.folder.name, "to": there.folder.name}
        ends = [(there, right)] if same else [(source, Right.DELETE), (there, right)]  # each mailbox keeps its own journal
        lines = [entry_of(end, by_right, Act.MOVED, row, detail) for end, by_right in ends for row in rows]
        journal.write(world, conn, journal.by(actor), lines)
    return there, Transfer(there.folder.uid_validity, tuple(row.uid for row in rows), tuple(row.uid for row in made))


def _ends(world: World, conn: Connection, actor: Actor, which: Copies, target: FolderRef) -> tuple[SelectedFolder, SelectedFolder, Right]:
    """The two ends of a move, locked in one order, and the right over the target that allows it."""
    if isinstance(which, InFolder):
        source = selected_folder(world, conn, actor, which.place, Right.SEE)
    else:
        source, _ = find(world, conn, actor, which, Right.SEE)
    there = selected_folder(world, conn, actor, target, Right.SEE)
    same = source.held.mailbox.id == there.held.mailbox.id
    to_trash = there.folder.special_use is SpecialUse.TRASH and Right.FILE not in there.held.access.rights
    right = Right.DELETE if same and to_trash else Right.FILE
    gate.check_right(actor, there.held, right)
    if not same:
        gate.check_right(actor, source.held, Right.READ)
        gate.check_right(actor, source.held, Right.DELETE)
    locked = folders.lock(conn, [source.folder.id, there.folder.id])
    return (
        SelectedFolder(source.held, locked[source.folder.id], source.reader),
        SelectedFolder(there.held, locked[there.folder.id], there.reader),
        right,
    )
