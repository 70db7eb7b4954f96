"""FETCH: the metadata of many copies in one query, the messages themselves in pieces, so that a slow reader costs no memory."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from mss_sim.core.mailbox import selected_folder
from mss_sim.core.mailbox.selected_folder import Wish
from mss_sim.core.world.store_types import Mark, Uids
from mss_sim.imap import faults
from mss_sim.imap.grammar.items import SIMPLE, FetchArguments, FetchItem
from mss_sim.imap.grammar.responses import flag_list, internal_date, object_id, sequence_set
from mss_sim.imap.grammar.sections import MessageSections
from mss_sim.imap.grammar.wire import Bad, SequenceSet
from mss_sim.imap.session import Session
from mss_sim.imap.view import Span, View
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.imap import Capability
from mss_sim.words.sentence import say

_FIGURES = frozenset({"FLAGS", "UID", "MODSEQ"})
_STATES = _FIGURES | {"INTERNALDATE", "RFC822.SIZE", "EMAILID", "THREADID"}
_FIGURES_AT_ONCE = 10_000
_STATES_AT_ONCE = 2_000
_ENVELOPES_AT_ONCE = 1_000
_BYTES_AT_ONCE = 1024 * 1024
_FEW = 4
"""How often a message may be requested in one response that is built at once."""
_MESSAGES_AT_ONCE = 500
_FAILING_BYTES_MAX = 64 * 1024 * 1024  # what may fail is built whole; more than that does not fail
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
        session.enabled.add(Capability.CONDSTORE)
    if wanted.vanished:
        _check_vanished(session, by_uid=by_uid)
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


def _check_vanished(session: Session, *, by_uid: bool) -> None:
    """VANISHED is for who enabled QRESYNC, and of UID FETCH: a client that is wrong about either would wait for answers that never come."""
    if not by_uid:
        raise Bad(say("VANISHED stands with UID FETCH alone (rfc7162#3.2.6)"))
    if Capability.QRESYNC not in session.enabled:
        raise Bad(say("VANISHED needs ENABLE QRESYNC before it (rfc7162#3.2.3)"))


def _tell_vanished(session: Session, view: View, sequence: SequenceSet) -> None:
    gone = view.missing(sequence)
    if gone:
        session.say(b"* VANISHED (EARLIER) " + sequence_set(gone))


async def _figures(session: Session, view: View, spans: Sequence[Span], items: Sequence[FetchItem]) -> None:
    """Flags of many copies: the usual request for a whole folder, so each line is made of a shape that many share."""
    recent_spans = view.recent_spans()
    for batch in view.batches(spans, _FIGURES_AT_ONCE):
        marks = await selected_folder.marks(session.world, session.actor, view.place, view.ranges(batch))
        columns = [marks.uids if item.name == "UID" else marks.modseqs for item in items if item.name != "FLAGS"]
        rows = zip(_numbers(view, batch, marks.uids), *columns, strict=True)
        shapes = [_shape(kind, items, recent=False) for kind in marks.kinds]
        if recent_spans:
            new = [_shape(kind, items, recent=True) for kind in marks.kinds]
            lines = [(new if view.is_recent(uid) else shapes)[of] % row for uid, of, row in zip(marks.uids, marks.of, rows, strict=True)]
        else:
            lines = [shapes[of] % row for of, row in zip(marks.of, rows, strict=True)]
        if faults.may_fail(session, Point.IMAP_DATA):
            await faults.send_data(session, [line.encode("ascii") for line in lines])
        elif lines:
            await _send_joined(session, "".join(lines).encode("ascii"), lines[0].encode("ascii"), len(lines))


def _numbers(view: View, batch: Sequence[Span], uids: Uids) -> Sequence[int]:
    """The sequence numbers of the copies of a batch that are still there."""
    if len(uids) == sum(high - low for low, high in batch):
        return [number for low, high in batch for number in range(low + 1, high + 1)]
    return view.numbers(uids)


def _shape(mark: Mark, items: Sequence[FetchItem], *, recent: bool) -> str:
    """The response for a copy with these marks, with places for its numbers."""
    flags = flag_list(mark.flags, mark.seen, mark.keywords, recent).decode("ascii").replace("%", "%%")
    shown = {"FLAGS": f"FLAGS {flags}", "UID": "UID %d", "MODSEQ": "MODSEQ (%d)"}
    return f"* %d FETCH ({' '.join(shown[item.name] for item in items)})\r\n"


async def _send(session: Session, lines: list[bytes]) -> None:
    if faults.may_fail(session, Point.IMAP_DATA):
        await faults.send_data(session, lines)
    elif lines:
        await _send_joined(session, b"".join(lines), lines[0], len(lines))


async def _send_joined(session: Session, octets: bytes, first: bytes, count: int) -> None:
    """Send so many responses; the transcript shows the first of them."""
    session.transcript.server(first)
    if count > 1:
        session.transcript.event(f"and {count - 1} responses more")
    session.stream.send(octets)
    await session.stream.flush()


async def _states(session: Session, view: View, spans: Sequence[Span], items: Sequence[FetchItem], since: int) -> None:
    makers = [_MAKERS[item.name] for item in items]
    for batch in view.batches(spans, _STATES_AT_ONCE):
        rows = await selected_folder.states(session.world, session.actor, view.place, view.ranges(batch))
        changed = [_State(row, recent=view.is_recent(row.uid)) for row in rows if row.modseq > since]
        await _send(session, _lines(view, changed, items, makers))


async def _contents(session: Session, view: View, spans: Sequence[Span], items: Sequence[FetchItem], since: int) -> None:
    """ENVELOPE and BODYSTRUCTURE as stored; the bytes of messages a piece at a time."""
    needs_bytes = any(item.needs_bytes for item in items)
    makers = [_MAKERS[item.name] if item.name in SIMPLE else _section(item) for item in items]
    inside, whole = any(item.name == "BODYSTRUCTURE" for item in items), any(item.is_whole for item in items)
    peeks = all(item.peek for item in items) or view.examined
    shows_text = any(item.shows_text for item in items)
    wish = Wish(needs_bytes, inside, _BYTES_AT_ONCE)
    for batch in view.batches(spans, _MESSAGES_AT_ONCE if needs_bytes else _ENVELOPES_AT_ONCE):
        left = view.ranges(batch)
        while left:
            found, left = await selected_folder.contents(session.world, session.actor, view.place, left, wish)
            states = [
                _State(row, envelope, structure, MessageSections(raw), view.is_recent(row.uid))
                for row, (envelope, structure, raw) in found
                if row.modseq > since
            ]
            session.transcript.costs.letters_read += len(states) if whole else 0
            shown, flagged = items, False
            if states:
                states, flagged = await _read(session, view, states, shows_text=shows_text, peeks=peeks)
            if flagged:
                shown = [*items, *_news_of_reading(session, items)]
            await _show(session, view, states, shown, [*makers, *(_MAKERS[item.name] for item in shown[len(items) :])])


def _news_of_reading(session: Session, items: Sequence[FetchItem]) -> list[FetchItem]:
    """What a response says unasked when its message was marked as read: the client hears of that change nowhere else (ref: rfc7162#3.1)."""
    wanted = ["UID"] if Capability.QRESYNC in session.enabled else []
    wanted += ["FLAGS", *(["MODSEQ"] if session.condstore else [])]
    asked = {item.name for item in items}
    return [FetchItem(name, name.encode()) for name in wanted if name not in asked]


async def _show(
    session: Session, view: View, states: list[_State], items: Sequence[FetchItem], makers: Sequence[Callable[[_State], bytes]]
) -> None:
    """The responses of one piece, a megabyte at a time however often its messages are requested, read in a thread when that takes long."""
    octets = sum(len(state.letter.raw) for state in states)
    wanted = sum(item.needs_bytes for item in items)
    heavy = octets * sum(item.is_heavy for item in items) > _HEAVY_BYTES
    failing = faults.may_fail(session, Point.IMAP_DATA) and octets * wanted <= _FAILING_BYTES_MAX
    if failing or (not heavy and octets * wanted <= _BYTES_AT_ONCE * _FEW):
        await _send(session, _lines(view, states, items, makers))
        return
    session.transcript.event(f"{len(states)} responses")
    pieces = _pieces_of(view, states, items, makers)
    while shown := await asyncio.to_thread(_some, pieces):
        session.stream.send(shown)
        await session.stream.flush()


def _pieces_of(
    view: View, states: list[_State], items: Sequence[FetchItem], makers: Sequence[Callable[[_State], bytes]]
) -> Iterator[bytes]:
    """The same as `_lines`, item by item; undecodable parts are found before a response is begun."""
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


async def _read(session: Session, view: View, states: list[_State], *, shows_text: bool, peeks: bool) -> tuple[list[_State], bool]:
    """The messages as they are once they count as read, and whether that changed their flags."""
    rows = [state.row for state in states]
    reading, may_mark = session.core.reading, not view.read_only
    marked = await reading.fetch(session.actor, view.selected, rows, shows_text=shows_text, peeks=peeks, may_mark=may_mark)
    if marked is None:
        return states, False
    view.remember_own_change(((row.uid, row.modseq) for row in marked.rows), marked.modseq_before, marked.modseq_after)
    after = {row.uid: row for row in marked.rows}
    return [state._replace(row=after.get(state.row.uid, state.row)) for state in states], True


def _lines(view: View, states: list[_State], items: Sequence[FetchItem], makers: Sequence[Callable[[_State], bytes]]) -> list[bytes]:
    shape = b"* %d FETCH (" + b" ".join(item.label.replace(b"%", b"%%") + b" %b" for item in items) + b")\r\n"
    numbers = view.numbers([state.row.uid for state in states])
    return [shape % (number, *[make(state) for make in makers]) for number, state in zip(numbers, states, strict=True)]


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
