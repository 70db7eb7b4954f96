"""A message that a client files itself: APPEND. Only the right to file is asked.

The copy is the same as one that came by mail: its bytes are kept as they are, and it joins the conversation of what it answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mss_sim.clock import Micros
from mss_sim.core.access import journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailbox.copies import allowed, entry_of, put_in, require_room
from mss_sim.core.mailbox.flag_rules import FlagChange, changed, check_words
from mss_sim.core.mailbox.selected_folder import FolderRef, SelectedFolder, selected_folder
from mss_sim.core.mailbox.stored_message import read_message, stored, without_holding
from mss_sim.core.world.world import World
from mss_sim.mail.headers import without_fields
from mss_sim.store import folder_view, folders, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.folder_view import CopyState
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Flag, Right, SpecialUse


@dataclass(frozen=True, slots=True)
class NewCopy:
    """A message that a client puts into a folder directly."""

    raw: bytes
    flags: frozenset[str] = frozenset()
    internal_at: Micros | None = None


async def append(world: World, actor: Actor, target: FolderRef, new: NewCopy) -> tuple[int, int]:
    """Store a message in a folder, byte for byte; (UIDVALIDITY, UID).

    In Sent a letter that was filed there when it was sent is not filed again.
    """
    check_words(FlagChange(new.flags))
    parsed = await read_message(world, new.raw)
    at = world.clock.now()
    _, row, imap_envelope, search_text = await without_holding(
        new.raw, stored, world.ids.next(), new.raw, parsed, return_path=None, fields=(), at=at
    )

    def unit(conn: Connection) -> tuple[int, int]:
        mailboxes.lock_for_delivery(conn, [target.address])
        there = selected_folder(world, conn, actor, target, Right.FILE, lock=True)
        filed = _filed_already(conn, there, parsed.message_id, new.raw) if world.settings.sent.append_once else None
        if filed is not None:
            return there.folder.uid_validity, filed
        require_room(world, there, len(new.raw))
        body = (row.id, imap_envelope, parsed.structure, search_text, new.raw)
        messages.add(conn, [row._replace(thread_id=_thread(conn, there, row.id, parsed.in_reply_to))], [body])
        flags_, words = changed(Flag(0), "", FlagChange(new.flags))
        when = at if new.internal_at is None else new.internal_at
        state = CopyState(0, 0, row.id, flags_, words, 0, when, len(new.raw), row.id, bool(flags_ & Flag.SEEN))
        copy = put_in(world, there.folder, allowed(there, state))
        messages.add_copies(conn, [copy])
        mailboxes.add_usage(conn, there.held.mailbox.id, len(new.raw))
        folders.save_counters(conn, [there.folder])
        state = state._replace(copy_id=copy.id)
        journal.write(world, conn, journal.by(actor), [entry_of(there, Right.FILE, Act.APPENDED, state, {"to": there.folder.name})])
        return there.folder.uid_validity, copy.uid

    return await world.store.write(unit)


def _filed_already(conn: Connection, there: SelectedFolder, rfc_message_id: str | None, raw: bytes) -> int | None:
    """The UID under which a letter lies in Sent since it was sent; None when it does not, or when its bytes are others."""
    if there.folder.special_use is not SpecialUse.SENT or not rfc_message_id:
        return None
    wanted = without_fields(raw, ["Sender"]).rstrip(b"\r\n")  # which the server writes, or takes away
    for uid, message_id in folder_view.submitted(conn, there.folder.id, rfc_message_id):
        whole = messages.raw(conn, message_id).rstrip(b"\r\n")
        on_top = whole[: max(0, len(whole) - len(wanted))]
        if whole.endswith(wanted) and b"\r\n\r\n" not in on_top and on_top[-2:] in (b"", b"\r\n"):
            return uid
    return None


def _thread(conn: Connection, there: SelectedFolder, message_id: int, answered: Sequence[str]) -> int:
    """The conversation of a message that a client files: that of the message it answers, if this mailbox has it (see mailflow/threads)."""
    known = messages.known(conn, answered) if answered else set()
    had = messages.had_by(conn, [id_ for id_ in answered if id_ in known], there.held.mailbox.id, there.held.mailbox.address)
    return next((had[id_][0] for id_ in answered if id_ in had), message_id)
