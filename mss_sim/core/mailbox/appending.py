"""Messages that a client files itself: APPEND. Only the right to file is asked.

The copy is the same as one that came by mail: its bytes are kept as they are, and it joins the conversation of what it answers.
"""

from dataclasses import dataclass
from typing import NamedTuple

from mss_sim.clock import Micros
from mss_sim.core.access import journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox import charge_deeds
from mss_sim.core.mailbox.charge_deeds import entry_of
from mss_sim.core.mailbox.copies import allowed, put_in
from mss_sim.core.mailbox.flag_rules import FlagChange, changed, check_words
from mss_sim.core.mailbox.message_to_store import Stored, read_message, stored, without_holding
from mss_sim.core.mailbox.room import require_room
from mss_sim.core.mailbox.selected_folder import FolderRef, SelectedFolder, selected_folder
from mss_sim.core.world.store_types import LetterLabel
from mss_sim.core.world.world import World
from mss_sim.mail.headers import without_fields
from mss_sim.mail.parse import ParsedMessage
from mss_sim.store import folder_view, folders, mailboxes, message_ids, messages
from mss_sim.store.engine import Connection
from mss_sim.store.folder_view import CopyState
from mss_sim.store.message_ids import Answer
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Flag, Right, SpecialUse

_BRIEF_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class NewCopy:
    """A message that a client puts into a folder directly."""

    raw: bytes
    flags: frozenset[str] = frozenset()
    internal_at: Micros | None = None


class Appended(NamedTuple):
    """Where messages came to lie, in the order in which they were given."""

    uid_validity: int
    uids: tuple[int, ...]


class _Ready(NamedTuple):
    """A message that is read and only has to be written."""

    new: NewCopy
    parsed: ParsedMessage
    stored: Stored


async def append(world: World, actor: Actor, target: FolderRef, *new: NewCopy) -> Appended:
    """Store messages in a folder, byte for byte: all of them or none.

    In Sent a letter that was filed there when it was sent is not filed again.
    """
    at = world.clock.now()
    ready = [await _made_ready(world, one, at) for one in new]

    def unit(conn: Connection) -> Appended:
        mailboxes.lock_for_delivery(conn, [target.address])
        there = selected_folder(world, conn, actor, target, Right.FILE, lock=True)
        filed = [_filed_already(conn, there, one) if world.settings.sent.append_once else None for one in ready]
        adding = [one for one, uid in zip(ready, filed, strict=True) if uid is None]
        if adding:
            require_room(world, there, [len(one.new.raw) for one in adding])
        added = iter([_put(world, conn, actor, there, one) for one in adding])
        if adding:
            mailboxes.add_usage(conn, there.held.mailbox.id, sum(len(one.new.raw) for one in adding))
            folders.save_counters(conn, [there.folder])
        return Appended(there.folder.uid_validity, tuple(next(added) if uid is None else uid for uid in filed))

    brief = sum(len(one.raw) for one in new) <= _BRIEF_BYTES_MAX
    return await (world.store.write_briefly(unit) if brief else world.store.write(unit))


async def _made_ready(world: World, new: NewCopy, at: Micros) -> _Ready:
    check_words(FlagChange(new.flags))
    parsed = await read_message(world, new.raw)
    row = await without_holding(new.raw, stored, world.ids.next(), new.raw, parsed, return_path=None, fields=(), at=at)
    return _Ready(new, parsed, row)


def _put(world: World, conn: Connection, actor: Actor, there: SelectedFolder, one: _Ready) -> int:
    """Write one message and its copy; the UID of the copy. The caller keeps the counters."""
    new, (_, row, imap_envelope, search_text) = one.new, one.stored
    body = (row.id, imap_envelope, one.parsed.structure, search_text, new.raw)
    messages.add(conn, [row._replace(thread_id=_thread(conn, there, row.id, one.parsed))], [body])
    change = FlagChange(new.flags)
    flags_, words = changed(Flag(0), "", charge_deeds.without_words(change))
    when = row.received_at if new.internal_at is None else new.internal_at
    state = CopyState(0, 0, row.id, flags_, words, 0, when, len(new.raw), row.id, bool(flags_ & Flag.SEEN))
    copy = put_in(world, there.folder, allowed(there, state))
    messages.add_copies(conn, [copy])
    state = state._replace(copy_id=copy.id)
    line = entry_of(there, Right.FILE, Act.APPENDED, state, {"to": there.folder.name})
    journal.write(world, conn, journal.by(actor), [line._replace(about=LetterLabel(row.subject, row.rfc_message_id))])
    charge_deeds.follow_new(world, conn, actor, there, state._replace(uid=copy.uid, flags=copy.flags, keywords=copy.keywords), change)
    return copy.uid


def _filed_already(conn: Connection, there: SelectedFolder, one: _Ready) -> int | None:
    """The UID under which a letter lies in Sent since it was sent; None when it does not, or when its bytes are others."""
    rfc_message_id = one.parsed.message_id
    if there.folder.special_use is not SpecialUse.SENT or not rfc_message_id:
        return None
    wanted = without_fields(one.new.raw, ["Sender"]).rstrip(b"\r\n")  # which the server writes, or takes away
    for uid, message_id in folder_view.submitted(conn, there.folder.id, rfc_message_id):
        whole = messages.raw(conn, message_id).rstrip(b"\r\n")
        on_top = whole[: max(0, len(whole) - len(wanted))]
        if whole.endswith(wanted) and b"\r\n\r\n" not in on_top and on_top[-2:] in (b"", b"\r\n"):
            return uid
    return None


def _thread(conn: Connection, there: SelectedFolder, message_id: int, parsed: ParsedMessage) -> int:
    """The conversation of a message that a client files: that of the message it answers, if this mailbox has it (see mailflow/threads)."""
    answered, box = parsed.in_reply_to, there.held.mailbox
    known = message_ids.existing(conn, answered) if answered else set()
    had = message_ids.had_by(conn, [id_ for id_ in answered if id_ in known], box.id, box.address, Answer(parsed.subject))
    return next((had[id_][0] for id_ in answered if id_ in had), message_id)
