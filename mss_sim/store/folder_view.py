"""One folder read from top to bottom: UIDs, states of copies, and what was computed of their messages at delivery."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, Connection, Select, String, bindparam, cast, func, literal_column, not_, or_, select

from mss_sim.clock import Micros
from mss_sim.models.tables import copies, message_bodies, messages, submissions
from mss_sim.ranges import Range
from mss_sim.store.compiled import HotQuery, HotSelect
from mss_sim.store.messages import seen_by
from mss_sim.vocabulary.mailboxes import Flag

_AT_ONCE = 400
_SAME_MAX = 20
_FEW = 20


class CopyState(NamedTuple):
    """One copy without its message. `flags` hold the shared \\Seen; `seen` is what the reader sees."""

    uid: int
    copy_id: int
    message_id: int
    flags: Flag
    keywords: str
    modseq: int
    internal_at: Micros
    size_bytes: int
    thread_id: int
    seen: bool


def _joined(joined: Any) -> Select[Any]:
    within = (copies.c.folder_id == bindparam("folder"), copies.c.uid.between(bindparam("low"), bindparam("high")))
    return select(joined).where(*within)


_COMMA: Any = literal_column("','")
_UIDS = HotQuery(_joined(func.group_concat(copies.c.uid, _COMMA)), _joined(func.string_agg(cast(copies.c.uid, String), _COMMA)))
"""Fetching one text costs a third of fetching as many rows; SQLite joins numbers as they are, faster than texts."""


def uids(conn: Connection, folder_id: int, low: int, high: int) -> list[int]:
    """Every UID of a folder from `low` to `high`, ascending."""
    [[joined]] = _UIDS.rows(conn, folder=folder_id, low=low, high=high)
    found: list[int] = orjson.loads(f"[{joined or ''}]")
    found.sort()
    return found


def _among(ranges: Sequence[Range]) -> Any:
    return or_(*(copies.c.uid == low if low == high else copies.c.uid.between(low, high) for low, high in ranges))


def _pieces(ranges: Sequence[Range]) -> Iterator[Sequence[Range]]:
    for start in range(0, len(ranges), _AT_ONCE):
        yield ranges[start : start + _AT_ONCE]


def _states(reader: Any) -> Select[Any]:
    own = (copies.c.uid, copies.c.id, copies.c.message_id, copies.c.flags, copies.c.keywords, copies.c.modseq, copies.c.internal_at)
    columns = (*own, messages.c.size_bytes, messages.c.thread_id, seen_by(reader))
    return select(*columns).join(messages, messages.c.id == copies.c.message_id)


def _state(row: Any) -> CopyState:
    values = list(row)
    values[3] = Flag(values[3])
    values[9] = bool(values[9])
    return CopyState(*values)


def _in_range(*, personal: bool) -> HotQuery:
    query = _states(bindparam("reader", type_=BigInteger) if personal else None)
    within = (copies.c.folder_id == bindparam("folder"), copies.c.uid.between(bindparam("low"), bindparam("high")))
    return HotQuery(query.where(*within).order_by(copies.c.uid))


_IN_RANGE = {True: _in_range(personal=False), False: _in_range(personal=True)}
"""By whether \\Seen is shared."""


def few(ranges: Sequence[Range]) -> bool:
    """Whether ranges name so few UIDs that their copies are read at once."""
    return len(ranges) <= _FEW and sum(high - low + 1 for low, high in ranges) <= _FEW


def states(conn: Connection, folder_id: int, ranges: Sequence[Range], reader: int | None) -> list[CopyState]:
    """The copies of a folder whose UIDs are in these ranges, in order."""
    if len(ranges) == 1:  # one message, or a whole batch: the most frequent request
        low, high = ranges[0]
        return [_state(row) for row in _IN_RANGE[reader is None].rows(conn, folder=folder_id, low=low, high=high, reader=reader or 0)]
    found: list[CopyState] = []
    for piece in _pieces(ranges):
        query = _states(reader).where(copies.c.folder_id == folder_id, _among(piece)).order_by(copies.c.uid)
        found += map(_state, conn.execute(query))
    return found


def state_of(conn: Connection, mailbox_id: int, copy_id: int, reader: int | None) -> tuple[int, CopyState] | None:
    """One copy of a mailbox by its id, with its folder; None when it is gone."""
    rows = _STATE_OF[reader is None].rows(conn, mailbox=mailbox_id, copy=copy_id, reader=reader or 0)
    return (rows[0][-1], _state(rows[0][:-1])) if rows else None


def _one_state(*, personal: bool) -> HotQuery:
    query = _states(bindparam("reader", type_=BigInteger) if personal else None).add_columns(copies.c.folder_id)
    return HotQuery(query.where(copies.c.mailbox_id == bindparam("mailbox"), copies.c.id == bindparam("copy")))


_STATE_OF = {True: _one_state(personal=False), False: _one_state(personal=True)}


def changed_since(conn: Connection, folder_id: int, modseq: int, reader: int | None) -> list[CopyState]:
    """The copies of a folder that changed after that modification sequence."""
    query = _states(reader).where(copies.c.folder_id == folder_id, copies.c.modseq > modseq).order_by(copies.c.uid)
    return [_state(row) for row in conn.execute(query)]


def first_unseen(conn: Connection, folder_id: int, reader: int | None) -> int:
    """The lowest UID that the reader has not seen; 0 when they have seen all."""
    query = select(copies.c.uid).where(copies.c.folder_id == folder_id, not_(seen_by(reader))).order_by(copies.c.uid).limit(1)
    return conn.execute(query).scalar() or 0


def highest_modseq(conn: Connection, folder_id: int, among: Collection[int]) -> int:
    """The highest modification sequence of these UIDs."""
    rows = conn.execute(select(copies.c.uid, copies.c.modseq).where(copies.c.folder_id == folder_id))
    return max((modseq for uid, modseq in rows if uid in among), default=0)


def sizes_of(conn: Connection, folder_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """(bytes of all copies of a folder, how many are marked \\Deleted), by folder; empty ones are left out."""
    deleted = func.count().filter(copies.c.flags.op("&")(int(Flag.DELETED)) != 0)
    query = select(copies.c.folder_id, func.sum(messages.c.size_bytes), deleted).join(messages, messages.c.id == copies.c.message_id)
    found = {}
    for start in range(0, len(folder_ids), _AT_ONCE):
        within = copies.c.folder_id.in_(folder_ids[start : start + _AT_ONCE])
        for id_, size, number in conn.execute(query.where(within).group_by(copies.c.folder_id)):
            found[id_] = int(size), int(number)
    return found


def count_from(conn: Connection, folder_id: int, uid: int) -> int:
    """How many copies of a folder have that UID or a higher one."""
    number: int = conn.execute(select(func.count()).where(copies.c.folder_id == folder_id, copies.c.uid >= uid)).scalar_one()
    return number


def submitted(conn: Connection, folder_id: int, rfc_message_id: str) -> list[tuple[int, int]]:
    """(UID, message id) of the letters with that Message-ID in a folder that were sent from here, the oldest few."""
    sent = select(submissions.c.id).where(submissions.c.message_id == messages.c.id).exists()
    query = select(copies.c.uid, messages.c.id).join(messages, messages.c.id == copies.c.message_id)
    wanted = (messages.c.rfc_message_id == rfc_message_id, copies.c.folder_id + 0 == folder_id, sent)
    return [(uid, id_) for uid, id_ in conn.execute(query.where(*wanted).order_by(copies.c.uid).limit(_SAME_MAX))]


class Sortable(NamedTuple):
    """The values of one copy that SORT and THREAD compare. `summary` is JSON text: people, references."""

    uid: int
    internal_at: Micros
    sent_at: Micros | None
    size_bytes: int
    subject: str
    message_id: str | None
    summary: str


def sortables(conn: Connection, folder_id: int, among: Collection[int]) -> list[Sortable]:
    """The values to compare, for these UIDs of a folder, ascending."""
    columns = (copies.c.uid, copies.c.internal_at, messages.c.sent_at, messages.c.size_bytes, messages.c.subject)
    query = select(*columns, messages.c.rfc_message_id, messages.c.summary).join(messages, messages.c.id == copies.c.message_id)
    rows = conn.execute(query.where(copies.c.folder_id == folder_id).order_by(copies.c.uid))
    return [Sortable(*row) for row in rows if row[0] in among]


MarkRow = tuple[int, int, str, int, bool]
"""(uid, flags, keywords, modseq, seen): the data of the longest lists."""


def _marked(*, personal: bool) -> HotQuery:
    seen = seen_by(bindparam("reader", type_=BigInteger) if personal else None)
    query = select(copies.c.uid, copies.c.flags, copies.c.keywords, copies.c.modseq, seen)
    within = (copies.c.folder_id == bindparam("folder"), copies.c.uid.between(bindparam("low"), bindparam("high")))
    return HotQuery(query.where(*within, copies.c.modseq > bindparam("since")).order_by(copies.c.uid))


_MARKED = {True: _marked(personal=False), False: _marked(personal=True)}
"""By whether \\Seen is shared."""


def marks(conn: Connection, folder_id: int, reader: int | None, uids: Range, since: int = 0) -> list[MarkRow]:
    """The marks of the copies in that range of UIDs that changed after that modification sequence, ascending."""
    given = {"folder": folder_id, "low": uids[0], "high": uids[1], "since": since, "reader": reader or 0}
    return _MARKED[reader is None].rows(conn, **given)


def _bodies(*columns: Any) -> HotSelect:
    these = message_bodies.c.message_id.in_(bindparam("messages", expanding=True))
    return HotSelect(select(message_bodies.c.message_id, message_bodies.c.envelope, message_bodies.c.structure, *columns).where(these))


_BODIES = {True: _bodies(message_bodies.c.raw), False: _bodies(literal_column("''"))}
"""By whether the bytes are requested."""


def bodies(conn: Connection, message_ids: Collection[int], *, raw: bool) -> dict[int, tuple[bytes, bytes, bytes]]:
    """(ENVELOPE, BODYSTRUCTURE, bytes) of these messages; the bytes are empty unless requested."""
    rows = _BODIES[raw].rows(conn, "messages", list(message_ids))
    return {id_: (bytes(envelope), bytes(structure), bytes(octets) if raw else b"") for id_, envelope, structure, octets in rows}
