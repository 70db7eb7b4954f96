"""FETCH: the metadata of many copies in one query, the messages themselves in pieces, so that a slow reader costs no memory."""

import asyncio
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Items
from typing import Any, NamedTuple

from mss_sim.core.mailbox import copies, selected_folder
from mss_sim.core.mailbox.copies import InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.imap.grammar.items import SIMPLE, FetchArguments, FetchItem
from mss_sim.imap.grammar.responses import flag_list, internal_date, object_id, ranges_of, sequence_set
from mss_sim.imap.grammar.sections import MessageSections
from mss_sim.imap.grammar.wire import SequenceSet
from mss_sim.imap.session import Enabled, Session
from mss_sim.imap.view import Span, View
from mss_sim.vocabulary.mailboxes import Right

_FIGURES = frozenset({"FLAGS", "UID", "MODSEQ"})
_STATES = _FIGURES | {"INTERNALDATE", "RFC822.SIZE", "EMAILID", "THREADID"}
_FIGURES_AT_ONCE = 4_000
_STATES_AT_ONCE = 2_000
_ENVELOPES_AT_ONCE = 1_000
_BYTES_AT_ONCE = 1024 * 1024
_FEW = 4
"""How often a message may be requested in one response that is built at once."""
_MESSAGES_AT_ONCE = 250
_HEAVY_BYTES = 64 * 1024  # above this size times the items that need it, parsing runs in a thread: others do not wait for it


class _State(NamedTuple):
    """The source of every item: the copy, and what was read of its message."""

    row: Any
    envelope: bytes = b""
    structure: bytes = b""
    letter: MessageSections = MessageSections(b"")
    recent: bool = False


async def fetch(session: Session, wanted: FetchArguments, *, by_uid: bool) -> bytes:
    """FETCH and UID FETCH."""
    view = session.opened
    spans = view.spans(wanted.sequence, by_uid=by_uid)
    items = _completed(wanted, by_uid=by_uid)
    if any(item.name == "MODSEQ" for item in items):
        session.enabled.add(Enabled.CONDSTORE)
    if wanted.vanished and by_uid and Enabled.QRESYNC in session.enabled:
        _tell_vanished(session, view, wanted.sequence)
    names = {item.name for item in items}
    since = wanted.changed_since or 0
    if names <= _FIGURES and since == 0:
        await _figures(session, view, spans, items)
    elif names <= _STATES:
        await _states(session, view, spans, items, since)
    else:
        await _contents(session, view, spans, items, since)
    return b"OK FETCH completed"


def _completed(wanted: FetchArguments, *, by_uid: bool) -> tuple[FetchItem, ...]:
    names = {item.name for item in wanted.items}
    more = [FetchItem("UID", b"UID")] if by_uid and "UID" not in names else []
    more += [FetchItem("MODSEQ", b"MODSEQ")] if wanted.changed_since is not None and "MODSEQ" not in names else []
    return (*more, *wanted.items)


def _tell_vanished(session: Session, view: View, sequence: SequenceSet) -> None:
    gone = view.missing(sequence)
    if gone:
        session.say(b"* VANISHED (EARLIER) " + sequence_set(gone))


async def _figures(session: Session, view: View, spans: Items[Span], items: Items[FetchItem]) -> None:
    """Flags of many copies: the usual request for a whole folder, so each line is built as cheaply as possible."""
    shape = (
        b"* %d FETCH (" + b" ".join({"FLAGS": b"FLAGS %b", "UID": b"UID %d", "MODSEQ": b"MODSEQ (%d)"}[i.name] for i in items) + b")\r\n"
    )
    order = [{"UID": 0, "FLAGS": 1, "MODSEQ": 3}[item.name] for item in items]
    one, two = (order[0], order[1]) if len(order) == 2 else (-1, -1)
    for batch in view.batches(spans, _FIGURES_AT_ONCE):
        rows = await selected_folder.flags(session.world, session.actor, view.place, view.ranges(batch))
        lines: list[bytes] = []
        at, uids = batch[0][0], view.uids
        for uid, flags, keywords, modseq, seen in rows:
            while uids[at] < uid:
                at += 1
            values = (uid, flag_list(flags, bool(seen), keywords, view.is_recent(uid)), None, modseq)
            if one >= 0:
                lines.append(shape % (at + 1, values[one], values[two]))
            else:
                lines.append(shape % (at + 1, *(values[place] for place in order)))
        await _send(session, lines)


async def _send(session: Session, lines: list[bytes]) -> None:
    if lines:
        session.transcript.server(lines[0])
        if len(lines) > 1:
            session.transcript.event(f"and {len(lines) - 1} responses more")
        session.stream.send(b"".join(lines))
        await session.stream.flush()


async def _states(session: Session, view: View, spans: Items[Span], items: Items[FetchItem], since: int) -> None:
    makers = [_MAKERS[item.name] for item in items]
    for batch in view.batches(spans, _STATES_AT_ONCE):
        rows = await selected_folder.states(session.world, session.actor, view.place, view.ranges(batch))
        changed = [_State(row, recent=view.is_recent(row.uid)) for row in rows if row.modseq > since]
        await _send(session, [_line(view, state, items, makers) for state in changed])


async def _contents(session: Session, view: View, spans: Items[Span], items: Items[FetchItem], since: int) -> None:
    """ENVELOPE and BODYSTRUCTURE as stored; the bytes of messages a piece at a time."""
    needs_bytes = any(item.needs_bytes for item in items)
    makers = [_MAKERS[item.name] if item.name in SIMPLE else _section(item) for item in items]
    inside = any(item.name == "BODYSTRUCTURE" for item in items)
    marks = any(not item.peek for item in items) and not view.examined
    for batch in view.batches(spans, _MESSAGES_AT_ONCE if needs_bytes else _ENVELOPES_AT_ONCE):
        for ranges in await _pieces(session, view, batch, needs_bytes=needs_bytes):
            found = await selected_folder.contents(session.world, session.actor, view.place, ranges, raw=needs_bytes, inside=inside)
            states = [
                _State(row, envelope, structure, MessageSections(raw), view.is_recent(row.uid))
                for row, (envelope, structure, raw) in found
                if row.modseq > since
            ]
            shown, flagged = items, False
            if marks and states:
                states, flagged = await _read(session, view, states)
            if flagged and not any(item.name == "FLAGS" for item in items):
                shown = [*items, FetchItem("FLAGS", b"FLAGS")]
            await _show(session, view, states, shown, [*makers, _MAKERS["FLAGS"]][: len(shown)])


async def _show(
    session: Session, view: View, states: list[_State], items: Items[FetchItem], makers: Items[Callable[[_State], bytes]]
) -> None:
    """The responses of one piece, a megabyte at a time however often its messages are requested, read in a thread when that takes long."""
    octets = sum(len(state.letter.raw) for state in states)
    wanted = sum(item.needs_bytes for item in items)
    heavy = octets * sum(item.is_heavy for item in items) > _HEAVY_BYTES
    if not heavy and octets * wanted <= _BYTES_AT_ONCE * _FEW:
        await _send(session, [_line(view, state, items, makers) for state in states])
        return
    session.transcript.event(f"{len(states)} responses")
    pieces = _pieces_of(view, states, items, makers)
    while shown := await asyncio.to_thread(_some, pieces):
        session.stream.send(shown)
        await session.stream.flush()


def _pieces_of(view: View, states: list[_State], items: Items[FetchItem], makers: Items[Callable[[_State], bytes]]) -> Iterator[bytes]:
    """The same as `_line` for every message, item by item; undecodable parts are found before a response is begun."""
    for state in states:
        for item in items:
            if item.name.startswith("BINARY") and item.section.path:
                state.letter.decodable(item.section)
        yield b"* %d FETCH (" % (view.number(state.row.uid) or 0)
        for at, (item, make) in enumerate(zip(items, makers, strict=True)):
            yield b"%b%b %b" % (b" " if at else b"", item.label, make(state))
        yield b")\r\n"


def _some(pieces: Iterator[bytes]) -> bytes:
    """The next pieces, up to a bounded size; nothing at the end."""
    taken: list[bytes] = []
    size = 0
    while size < _BYTES_AT_ONCE and (piece := next(pieces, b"")):
        taken.append(piece)
        size += len(piece)
    return b"".join(taken)


async def _pieces(session: Session, view: View, batch: Items[Span], *, needs_bytes: bool) -> list[list[tuple[int, int]]]:
    """The copies of a batch in groups whose messages have a bounded total size."""
    ranges = view.ranges(batch)
    if not needs_bytes:
        return [ranges]
    groups: list[list[int]] = []
    room = 0
    for row in await selected_folder.states(session.world, session.actor, view.place, ranges):
        if not groups or room < row.size_bytes:
            groups.append([])
            room = _BYTES_AT_ONCE
        groups[-1].append(row.uid)
        room -= row.size_bytes
    return [ranges_of(group) for group in groups]


async def _read(session: Session, view: View, states: list[_State]) -> tuple[list[_State], bool]:
    """A message fetched without PEEK is read: \\Seen is set where the actor may, and the first reader is recorded either way."""
    marked = await _mark_read(session, view, states)
    await session.core.receipts.after_reading(session.actor, view.selected.held.mailbox, [state.row.copy_id for state in states])
    return marked


async def _mark_read(session: Session, view: View, states: list[_State]) -> tuple[list[_State], bool]:
    unseen = [state for state in states if not state.row.seen]
    if not unseen:
        return states, False
    which = InFolder(view.place, ranges_of(state.row.uid for state in unseen))
    if view.read_only or Right.MARK not in view.selected.held.access.rights:
        await copies.note_reading(session.world, session.actor, which)
        return states, False
    marked = await copies.change_flags(session.world, session.actor, which, FlagChange(frozenset(("\\Seen",))))
    view.remember_own_change(((row.uid, row.modseq) for row in marked.rows), marked.modseq_before, marked.modseq_after)
    rows = {row.uid: row for row in marked.rows}
    return [state._replace(row=rows.get(state.row.uid, state.row)) for state in states], True


def _line(view: View, state: _State, items: Items[FetchItem], makers: Items[Callable[[_State], bytes]]) -> bytes:
    shown = b" ".join([b"%b %b" % (item.label, make(state)) for item, make in zip(items, makers, strict=True)])
    return b"* %d FETCH (%b)\r\n" % (view.number(state.row.uid) or 0, shown)


_MAKERS: dict[str, Callable[[_State], bytes]] = {
    "FLAGS": lambda state: flag_list(int(state.row.flags), state.row.seen, state.row.keywords, state.recent),
    "UID": lambda state: b"%d" % state.row.uid,
    "MODSEQ": lambda state: b"(%d)" % state.row.modseq,
    "INTERNALDATE": lambda state: internal_date(state.row.internal_at),
    "RFC822.SIZE": lambda state: b"%d" % state.row.size_bytes,
    "EMAILID": lambda state: b"(%b)" % object_id("M", state.row.message_id),
    "THREADID": lambda state: b"(%b)" % object_id("T", state.row.thread_id),
    "ENVELOPE": lambda state: state.envelope,
    "BODYSTRUCTURE": lambda state: state.structure,
    "BODY": lambda state: state.letter.body,
}


def _section(item: FetchItem) -> Callable[[_State], bytes]:
    """The function that builds one section of a message."""

    def body(state: _State) -> bytes:
        return _literal(state.letter.cut(item.section), item.partial, b"")

    def binary(state: _State) -> bytes:
        octets = state.letter.decoded(item.section)
        return b"0" if item.name == "BINARY.SIZE[]" and octets is None else _binary(item, octets)

    return body if item.name == "BODY[]" else binary


def _binary(item: FetchItem, octets: bytes | None) -> bytes:
    if item.name == "BINARY.SIZE[]":
        return b"%d" % len(octets or b"")
    return _literal(octets, item.partial, b"~" if octets and b"\x00" in octets else b"")


def _literal(octets: bytes | None, partial: tuple[int, int] | None, mark: bytes) -> bytes:
    if octets is None:
        return b"NIL"
    if partial is not None:
        octets = octets[partial[0] : partial[0] + partial[1]]
    return b"%b{%d}\r\n%b" % (mark, len(octets), octets)
