"""The verbs on folders: SELECT, STATUS, CREATE, DELETE, RENAME, subscriptions, CLOSE. `tree.py` lists them."""

from collections.abc import Iterator
from contextlib import contextmanager

from mss_sim.core.mailbox import copies, folders, mailboxes_as_tree, selected_folder
from mss_sim.core.mailbox.copies import InFolder
from mss_sim.core.mailbox.mailboxes_as_tree import Asked, Figures
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.errors import Refusal, Rule
from mss_sim.imap.grammar import responses
from mss_sim.imap.grammar.commands import Create, Rename, Resync, Select
from mss_sim.imap.grammar.listings import Status
from mss_sim.imap.grammar.responses import folder_name, object_id
from mss_sim.imap.grammar.wire import Bad, SequenceSet
from mss_sim.imap.session import RefusedWithCode, Session
from mss_sim.imap.view import View
from mss_sim.vocabulary.charge import KEYWORDS
from mss_sim.vocabulary.imap import Capability
from mss_sim.vocabulary.mailboxes import FLAG_NAMES, KEYWORD_MDN_SENT, PROFESSIONAL_KINDS, Right
from mss_sim.words.sentence import say

_FLAGS = " ".join((*FLAG_NAMES, KEYWORD_MDN_SENT, "$Forwarded", "$Junk", "$NotJunk"))
_CHARGED = " ".join((_FLAGS, *KEYWORDS.values()))
"""Where letters are taken in charge."""


async def select(session: Session, wanted: Select) -> bytes:
    """SELECT."""
    return await _open(session, wanted, read_only=False)


async def examine(session: Session, wanted: Select) -> bytes:
    """EXAMINE."""
    return await _open(session, wanted, read_only=True)


async def _open(session: Session, wanted: Select, *, read_only: bool) -> bytes:
    if wanted.resync is not None and Capability.QRESYNC not in session.enabled:
        raise Bad(say("the parameter QRESYNC needs ENABLE QRESYNC before it (rfc7162#3.2.5)"))
    if session.view is not None:
        session.close()
        if session.enabled & {Capability.QRESYNC, Capability.IMAP4REV2}:
            session.say(b"* OK [CLOSED] The folder that was open is closed")
    if wanted.condstore:
        session.enabled.add(Capability.CONDSTORE)
    place = await session.seen_place(wanted.name)
    opening = await selected_folder.open_folder(session.world, session.actor, place)
    folder, rights = opening.selected.folder, opening.selected.held.access.rights
    locked = FolderRef(place.address, folder.name, folder.id)
    changing = rights & {Right.MARK, Right.DELETE, Right.FILE}
    view = View(wanted.name, locked, opening, read_only=read_only or not changing, examined=read_only)
    session.open(view)
    session.note_recent(view, folder)
    flags = (_CHARGED if opening.selected.held.mailbox.kind in PROFESSIONAL_KINDS else _FLAGS).encode("ascii")
    permanent = b" ".join([*_permanent(rights), *([b"\\*"] if Right.MARK in rights else [])]) if not view.read_only else b""
    rev2 = Capability.IMAP4REV2 in session.enabled
    lines = [b"* %d EXISTS" % len(view), b"* FLAGS (%b)" % flags]
    lines += [] if rev2 else [b"* %d RECENT" % view.recent_count]
    lines += [b"* OK [UNSEEN %d] First unseen" % number] if not rev2 and (number := view.number(opening.first_unseen)) else []
    lines += [
        b"* OK [PERMANENTFLAGS (%b)] Limited" % permanent,
        b"* OK [UIDVALIDITY %d] UIDs valid" % folder.uid_validity,
        b"* OK [UIDNEXT %d] Predicted next UID" % folder.uid_next,
        b"* OK [HIGHESTMODSEQ %d] Highest" % folder.modseq,
        b"* OK [MAILBOXID (%b)] Ok" % object_id("F", folder.id),
    ]
    lines += [b'* LIST () "/" ' + folder_name(wanted.name, utf8=True)] if rev2 else []
    for line in lines:
        session.say(line)
    if wanted.resync is not None:
        await _resynchronise(session, view, wanted.resync)
    return b"OK [READ-%b] completed" % (b"ONLY" if view.read_only else b"WRITE")


def _permanent(rights: frozenset[Right]) -> list[bytes]:
    """The system flags that these rights allow to change permanently."""
    needed = {name: Right.DELETE if name == "\\Deleted" else Right.MARK for name in FLAG_NAMES}
    return [name.encode("ascii") for name, right in needed.items() if right in rights]


async def _resynchronise(session: Session, view: View, resync: Resync) -> None:
    """What vanished and what changed since the client left (ref: rfc7162#3.2.5.2)."""
    folder = view.selected.folder
    if resync.uid_validity != folder.uid_validity or resync.modseq >= folder.modseq:
        return
    gone = view.missing(resync.known or SequenceSet(((1, 0),)))
    if gone:
        session.say(b"* VANISHED (EARLIER) " + responses.sequence_set(gone))
    for row in await selected_folder.changed_since(session.world, session.actor, view.place, resync.modseq):
        number = view.number(row.uid)
        if number is not None:
            shown = responses.flag_list(int(row.flags), row.seen, row.keywords, view.is_recent(row.uid))
            session.say(b"* %d FETCH (UID %d FLAGS %b MODSEQ (%d))" % (number, row.uid, shown, row.modseq))


async def close(session: Session, _: None) -> bytes:
    """CLOSE: copies marked \\Deleted are silently removed, where the client may delete; then no folder is open."""
    view = session.opened
    session.close()
    if not view.read_only and Right.DELETE in view.selected.held.access.rights:
        await copies.delete(session.world, session.actor, InFolder(view.place, [(1, view.known.uid_next)]), marked=True)
    return b"OK CLOSE completed"


async def unselect(session: Session, _: None) -> bytes:
    """UNSELECT: no folder is open; nothing is deleted (ref: rfc3691#2)."""
    session.close()
    return b"OK UNSELECT completed"


async def status(session: Session, wanted: Status) -> bytes:
    """STATUS."""
    place = await session.seen_place(wanted.name)
    session.say(await status_line(session, wanted.name, place, wanted.items))
    return b"OK STATUS completed"


async def status_line(session: Session, name: str, place: FolderRef, items: tuple[str, ...]) -> bytes:
    """The STATUS response of a folder; SIZE may read every message (ref: rfc8438), APPENDLIMIT is the mailbox's own (ref: rfc7889)."""
    return shown_status(
        session, name, await mailboxes_as_tree.figures(session.world, session.actor, place, items_asked(session, items)), items
    )


def items_asked(session: Session, items: tuple[str, ...]) -> Asked:
    """What the items of a STATUS need beside the counters of a folder."""
    first_recent = session.core.recent.first if "RECENT" in items and session.tells_recent else None
    return Asked(bool({"SIZE", "DELETED"} & set(items)), first_recent)


def shown_status(session: Session, name: str, found: Figures, items: tuple[str, ...]) -> bytes:
    """The STATUS response with the figures of a folder."""
    if "HIGHESTMODSEQ" in items:
        session.enabled.add(Capability.CONDSTORE)
    shown = b" ".join(b"%b %b" % (item.encode("ascii"), _figure(session, found, item)) for item in items)
    return b"* STATUS %b (%b)" % (folder_name(name, utf8=session.utf8), shown)


def _figure(session: Session, found: Figures, item: str) -> bytes:
    folder, mailbox = found.selected.folder, found.selected.held.mailbox
    if item == "MAILBOXID":
        return b"(%b)" % object_id("F", folder.id)
    numbers = {
        "MESSAGES": folder.exists_count,
        "RECENT": found.recent,
        "UIDNEXT": folder.uid_next,
        "UIDVALIDITY": folder.uid_validity,
        "UNSEEN": found.unseen,
        "DELETED": found.deleted,
        "SIZE": found.size_bytes,
        "HIGHESTMODSEQ": folder.modseq,
        "APPENDLIMIT": session.size_limit(mailbox),
    }
    return b"%d" % numbers[item]


@contextmanager
def _telling_what_is_there() -> Iterator[None]:
    """A conflict that names a folder is one with a folder that is there, which has a code of its own (ref: rfc5530#3)."""
    try:
        yield
    except Refusal as refusal:
        if refusal.rule is Rule.CONFLICT and refusal.subject is not None:
            raise RefusedWithCode(refusal, "ALREADYEXISTS") from refusal
        raise


async def create(session: Session, wanted: Create) -> bytes:
    """CREATE."""
    if wanted.use:
        known = ", ".join(wanted.use)
        detail = say(
            "Every mailbox is born with its special folders, and has one of each: {known} cannot be given to another.", known=known
        )
        raise RefusedWithCode(Refusal(Rule.CONFLICT, detail, reference="rfc6154#3"), "USEATTR")
    place = await session.seen_place(wanted.name.removesuffix("/"))
    with _telling_what_is_there():
        made = await folders.create_folder(session.world, session.actor, place.address, place.name)
    return b"OK [MAILBOXID (%b)] CREATE completed" % object_id("F", made.id)


async def delete(session: Session, name: str) -> bytes:
    """DELETE: the folder with its messages; by a setting only an empty one. Folders inside it stay (ref: rfc3501#6.3.4)."""
    place = await session.seen_place(name)
    folder = (await selected_folder.select(session.world, session.actor, place)).folder
    filled = not session.settings.imap.delete_empty_only
    await folders.delete_folder(session.world, session.actor, place.address, folder.id, with_messages=filled)
    return b"OK DELETE completed"


async def rename(session: Session, wanted: Rename) -> bytes:
    """RENAME, within one mailbox."""
    place, target = await session.seen_place(wanted.name), await session.seen_place(wanted.new_name)
    if place.address != target.address:
        raise Refusal(Rule.INVALID, say("A folder stays in its mailbox; create the other and move the messages."), subject=wanted.new_name)
    folder = (await selected_folder.select(session.world, session.actor, place)).folder
    with _telling_what_is_there():
        await folders.rename_folder(session.world, session.actor, place.address, folder.id, target.name)
    return b"OK RENAME completed"


async def subscribe(session: Session, name: str) -> bytes:
    """SUBSCRIBE."""
    await mailboxes_as_tree.subscribe(session.world, session.actor, await session.seen_place(name), subscribed=True)
    return b"OK SUBSCRIBE completed"


async def unsubscribe(session: Session, name: str) -> bytes:
    """UNSUBSCRIBE."""
    await mailboxes_as_tree.subscribe(session.world, session.actor, await session.seen_place(name), subscribed=False)
    return b"OK UNSUBSCRIBE completed"
