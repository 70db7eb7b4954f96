"""The verbs that change copies: STORE, EXPUNGE, COPY, MOVE, APPEND. The caller reports the effect on the open folder."""

from mss_sim.core.mailbox import appending, charge_deeds, copies, selected_folder
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.copies import InFolder, Transfer
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.errors import Refusal, Rule
from mss_sim.imap.grammar import search_keys
from mss_sim.imap.grammar.commands import Append, AppendMessage, Copy, StoreArguments
from mss_sim.imap.grammar.responses import flag_list, sequence_set
from mss_sim.imap.grammar.wire import Bad, SequenceSet
from mss_sim.imap.session import RefusedWithCode, Session
from mss_sim.policy.access import flag_rights
from mss_sim.vocabulary.imap import Capability
from mss_sim.vocabulary.journal import Change
from mss_sim.vocabulary.mailboxes import FLAG_NAMES, Right
from mss_sim.words.sentence import say

_AT_ONCE = 500
_FLAGS = {name.upper(): name for name in FLAG_NAMES}


def _flag_names(flags: tuple[str, ...]) -> frozenset[str]:
    """System flags as the store spells them; `\\Recent` belongs to the server and is ignored (ref: rfc3501#2.3.2)."""
    return frozenset(_FLAGS.get(flag.upper(), flag) for flag in flags if flag.upper() != "\\RECENT")


async def _check_writable(session: Session, right: Right) -> None:
    """Refuse a change in a folder that was examined, or opened without any right to change something in it that has not come since."""
    view = session.opened
    if view.examined:
        raise Refusal(Rule.RIGHT_MISSING, say("{name} is open for reading only: SELECT it.", name=view.name), reference="rfc9051#6.3.3")
    if view.read_only:
        await selected_folder.select(session.world, session.actor, view.place, right)


async def store(session: Session, wanted: StoreArguments, *, by_uid: bool) -> bytes:
    """STORE and UID STORE."""
    view, names = session.opened, _flag_names(wanted.flags)
    await _check_writable(session, flag_rights(names, replace=wanted.change is Change.REPLACE)[0])
    if wanted.unchanged_since is not None:
        session.enabled.add(Capability.CONDSTORE)
    added, removed = (frozenset[str](), names) if wanted.change is Change.REMOVE else (names, frozenset[str]())
    wish = FlagChange(added, removed, wanted.change is Change.REPLACE, wanted.unchanged_since)
    late: list[int] = []
    spans = view.spans(wanted.sequence, by_uid=by_uid)
    for batch in view.batches(spans, _AT_ONCE):
        marked = await session.core.reading.change_flags(session.actor, InFolder(view.place, view.ranges(batch)), wish)
        untold = {uid for uid, modseq in marked.was.items() if view.is_untold(uid, modseq)}
        view.remember_own_change(((row.uid, row.modseq) for row in marked.rows), marked.modseq_before, marked.modseq_after)
        late += marked.late
        for row in marked.rows:
            number = view.number(row.uid)
            own = row.uid not in untold and not _does_more(names, wanted.change, row.keywords)
            silent = wanted.silent and own  # silence is about the client's own change (ref: rfc9051#6.4.6)
            if number is None or (silent and not session.condstore):
                continue
            parts = [b"UID %d" % row.uid] if by_uid or Capability.QRESYNC in session.enabled else []
            parts += [] if silent else [b"FLAGS " + flag_list(int(row.flags), row.seen, row.keywords, view.is_recent(row.uid))]
            parts += [b"MODSEQ (%d)" % row.modseq] if session.condstore else []
            session.say(b"* %d FETCH (%b)" % (number, b" ".join(parts)))
        await session.stream.flush()
    if late:
        shown = late if by_uid else [number for uid in late if (number := view.number(uid))]
        return b"OK [MODIFIED %b] Conditional STORE failed for these" % sequence_set(shown)
    return b"OK STORE completed"


def _does_more(names: frozenset[str], change: Change, keywords: str) -> bool:
    """Whether a copy may have other keywords now than the client thinks.

    One that shows in whose hands it is takes the place of another, and one that the client may not take off stays.
    """
    return bool(charge_deeds.words_in(" ".join(names)) or (change is Change.REPLACE and charge_deeds.words_in(keywords)))


async def expunge(session: Session, _: None) -> bytes:
    """EXPUNGE: everything marked \\Deleted that the client knows of."""
    return await _expunge(session, SequenceSet(((1, 0),)))


async def uid_expunge(session: Session, wanted: SequenceSet) -> bytes:
    """UID EXPUNGE (ref: rfc4315#2.1)."""
    return await _expunge(session, wanted)


async def _expunge(session: Session, sequence: SequenceSet) -> bytes:
    await _check_writable(session, Right.DELETE)
    view = session.opened
    for batch in view.batches(view.spans(sequence, by_uid=True), _AT_ONCE * 4):
        await copies.delete(session.world, session.actor, InFolder(view.place, view.ranges(batch)), marked=True)
    await session.refresh()
    modseq = b"[HIGHESTMODSEQ %d] " % session.view.known.modseq if session.condstore and session.view else b""
    return b"OK %bEXPUNGE completed" % modseq


async def copy(session: Session, wanted: Copy, *, by_uid: bool) -> bytes:
    """COPY and UID COPY."""
    transfer = await _transfer(session, wanted, moving=False, by_uid=by_uid)
    return b"OK %bCOPY completed" % _copied(session, transfer)


async def move(session: Session, wanted: Copy, *, by_uid: bool) -> bytes:
    """MOVE and UID MOVE (ref: rfc6851#3): COPYUID comes before the EXPUNGEs."""
    await _check_writable(session, Right.FILE)
    transfer = await _transfer(session, wanted, moving=True, by_uid=by_uid)
    told = _copied(session, transfer)
    if told:
        session.say(b"* OK %bMoved" % told)
    await session.refresh()
    return b"OK MOVE completed"


async def _transfer(session: Session, wanted: Copy, *, moving: bool, by_uid: bool) -> Transfer | None:
    view = session.opened
    target = await _target(session, wanted.name)
    spans = view.spans(wanted.sequence, by_uid=by_uid)
    if not spans:
        return None
    verb = copies.move if moving else copies.copy
    return await verb(session.world, session.actor, InFolder(view.place, view.ranges(spans)), target)


async def _target(session: Session, name: str) -> selected_folder.FolderRef:
    """The target folder; TRYCREATE when it does not exist yet in an existing mailbox (ref: rfc9051#6.4.7)."""
    place = await session.seen_place(name)
    try:
        await selected_folder.select(session.world, session.actor, place)
    except Refusal as refusal:
        if refusal.rule is Rule.NOT_FOUND:
            raise RefusedWithCode(refusal, "TRYCREATE") from refusal
        raise
    return place


def _copied(session: Session, transfer: Transfer | None) -> bytes:
    if transfer is None or not transfer.here or not session.offers(Capability.UIDPLUS):
        return b""
    return b"[COPYUID %d %b %b] " % (transfer.uid_validity, sequence_set(transfer.here), sequence_set(transfer.there))


async def append(session: Session, wanted: Append) -> bytes:
    """APPEND: the messages are on disk when this is answered, or none is; an empty one calls all off (ref: rfc3502#6.3.11)."""
    if len(wanted.messages) > 1:
        _check_several(session, wanted)
    if not all(one.message.octets for one in wanted.messages) and session.offers(Capability.MULTIAPPEND):
        raise Refusal(Rule.INVALID, say("An empty message calls the APPEND off: none was stored."), reference="rfc3502#6.3.11")
    target = await session.seen_place(wanted.name)
    try:
        validity, uids = await appending.append(session.world, session.actor, target, *map(_new_copy, wanted.messages))
    except Refusal as refusal:
        if refusal.rule is Rule.NOT_FOUND:
            raise RefusedWithCode(refusal, "TRYCREATE") from refusal
        raise
    session.transcript.costs.letters_sent += len(uids)
    code = b"[APPENDUID %d %b] " % (validity, sequence_set(uids)) if session.offers(Capability.UIDPLUS) else b""
    return b"OK %bAPPEND completed" % code


def _check_several(session: Session, wanted: Append) -> None:
    if not session.offers(Capability.MULTIAPPEND):
        raise Bad(say("one message a command: MULTIAPPEND is not offered"))
    most = session.world.settings.imap.append_messages_max  # the writer is held while they are stored
    if len(wanted.messages) > most:
        detail = say("One APPEND takes at most {most} messages; none was stored.", most=most)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#multiappend")


def _new_copy(one: AppendMessage) -> NewCopy:
    date = search_keys.date_time(one.date) if one.date is not None else None
    return NewCopy(one.message.octets, _flag_names(one.flags), date)
