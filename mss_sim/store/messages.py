"""Messages, stored once, and their copies in folders. Lists never read bodies."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from mss_sim.clock import Micros
from mss_sim.models.tables import copies, message_bodies, messages, queue, readings, recipients, submissions, timeline
from mss_sim.store import charges
from mss_sim.store.charges import Charge
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.store.engine import is_postgresql
from mss_sim.vocabulary.mailboxes import Flag

TWINS_MAX = 10
"""How many letters of one Message-ID are told apart: nothing makes it a key, and each costs a look at its bytes."""


class MessageRow(NamedTuple):
    """A message as stored, without its body. `summary` is JSON text; the `*_search` texts are folded."""

    id: int
    thread_id: int
    rfc_message_id: str | None
    return_path: str | None
    size_bytes: int
    sent_at: Micros | None
    received_at: Micros
    subject: str
    summary: str
    from_search: str
    to_search: str
    subject_search: str
    has_attachments: bool


class MessageRef(NamedTuple):
    """A message, with the conversation that it is filed in."""

    thread_id: int
    message_id: int


class CopyRow(NamedTuple):
    """One copy in one folder. `keywords` are separated by a space."""

    id: int
    mailbox_id: int
    folder_id: int
    message_id: int
    uid: int
    modseq: int
    flags: Flag
    keywords: str
    internal_at: Micros


class CopyVersion(NamedTuple):
    """A copy as it is at one moment: whatever changes in it raises its modification sequence, which a folder uses once (ref: rfc7162#3.1).

    `seen` follows the mailbox's policy; it is 0 or 1 from SQLite.
    """

    id: int
    folder_id: int
    uid: int
    modseq: int
    seen: bool


class LeavingCopy(NamedTuple):
    """A copy that is about to go, with what its folder and its mailbox give up. `seen`: its shared flag."""

    id: int
    mailbox_id: int
    folder_id: int
    message_id: int
    seen: bool
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """A copy with its message, as lists and single readings show it; `seen` follows the mailbox's policy.

    `charge`: in whose hands it is; None if it never was taken in charge.
    """

    copy: CopyRow
    message: MessageRow
    seen: bool
    charge: Charge | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The first time that a person read a copy, and the `\\Seen` that they set themselves; None when they never did."""

    copy_id: int
    identity_id: int
    first_at: Micros
    seen: bool | None


_INSERT_MESSAGE = Hot(insert(messages))
_INSERT_BODY = Hot(insert(message_bodies))
_INSERT_COPY = Hot(insert(copies))
_COPY_COLUMNS = tuple(copies.c)
_MESSAGE_COLUMNS = tuple(messages.c)
_AT_ONCE = 500
_SHORT_BYTES = 256 * 1024


def add(conn: Connection, rows: Sequence[MessageRow], bodies: Sequence[tuple[int, bytes, bytes, str, bytes]]) -> None:
    """Store messages with their (message id, ENVELOPE, BODYSTRUCTURE, search text, bytes)."""
    _INSERT_MESSAGE.run(conn, rows)
    _INSERT_BODY.run(conn, bodies)


def add_copies(conn: Connection, rows: Sequence[CopyRow]) -> None:
    """Store copies; their UIDs and sequence numbers were taken from the locked folder."""
    _INSERT_COPY.run(conn, [(*row[:6], int(row.flags), *row[7:]) for row in rows])  # a driver may not support Flag


def lying_in(conn: Connection, rfc_id: str, mailbox_id: int) -> list[MessageRow]:
    """The messages with that Message-ID that have a copy in a mailbox, the first ones first."""
    lies = select(copies.c.id).where(copies.c.message_id == messages.c.id, by_message(mailbox_id)).exists()
    query = select(*_MESSAGE_COLUMNS).where(messages.c.rfc_message_id == rfc_id, lies).order_by(messages.c.id)
    return [MessageRow(*row) for row in conn.execute(query.limit(TWINS_MAX))]


def raw(conn: Connection, message_id: int) -> bytes:
    """The whole message; empty when it is gone."""
    rows = _RAW.rows(conn, message=message_id)
    return bytes(rows[0][0]) if rows else b""


def short_raw(conn: Connection, message_id: int) -> bytes | None:
    """The whole message; None when it is over some hundred thousand bytes, which take their time to be read."""
    rows = _SHORT_RAW.rows(conn, message=message_id)
    return bytes(rows[0][0]) if rows else None


_RAW = HotQuery(select(message_bodies.c.raw).where(message_bodies.c.message_id == bindparam("message")))
_SHORT_RAW = HotQuery(
    select(message_bodies.c.raw)
    .join(messages, messages.c.id == message_bodies.c.message_id)
    .where(message_bodies.c.message_id == bindparam("message"), messages.c.size_bytes <= _SHORT_BYTES)
)


def items(conn: Connection, found: Collection[CopyVersion]) -> dict[int, ListedMessage]:
    """These copies with their messages, by the id of the copy."""
    seen = {copy.id: bool(copy.seen) for copy in found}
    stand = charges.of(conn, seen)
    return {row[0]: _item(row, seen[row[0]], stand.get(row[0])) for row in _ITEMS.rows(conn, "ids", sorted(seen))}


def _item(row: Sequence[Any], seen: bool, charge: Charge | None) -> ListedMessage:
    id_, mailbox_id, folder_id, message_id, uid, modseq, flags, keywords, internal_at, *message = row
    message[-1] = bool(message[-1])
    copy = CopyRow(id_, mailbox_id, folder_id, message_id, uid, modseq, Flag(flags), keywords, internal_at)
    return ListedMessage(copy, MessageRow(*message), seen, charge)


_ITEMS = HotSelect(
    select(*_COPY_COLUMNS, *_MESSAGE_COLUMNS)
    .join(messages, messages.c.id == copies.c.message_id)
    .where(copies.c.id.in_(bindparam("ids", expanding=True)))
)


def seen_by(personal_reader: Any) -> Any:
    """Whether a copy is seen: the mark of that reader (an id, or the parameter for it) where reading is personal, else the shared flag."""
    shared = copies.c.flags.op("&")(int(Flag.SEEN)) != 0
    if personal_reader is None:
        return shared
    said = select(readings.c.seen).where(readings.c.copy_id == copies.c.id, readings.c.identity_id == personal_reader)
    return func.coalesce(said.scalar_subquery(), shared)


def versions(personal_reader: Any) -> Select[Any]:
    """Copies, for units that add them; `personal_reader` as `seen_by` takes it."""
    return select(copies.c.id, copies.c.folder_id, copies.c.uid, copies.c.modseq, seen_by(personal_reader).label("is_seen"))


version = partial(tuple.__new__, CopyVersion)
"""A row of `versions` as what it is; a page makes many."""


def by_message(mailbox_id: int) -> ColumnElement[bool]:
    """Copies of that mailbox, for queries that match few messages: the sum keeps SQLite from scanning the mailbox's index instead."""
    return (copies.c.mailbox_id + 0) == mailbox_id


def one(conn: Connection, mailbox_id: int, copy_id: int, personal_reader: int | None) -> ListedMessage | None:
    """One copy of that mailbox with its message."""
    rows = _ONE[personal_reader is None].rows(conn, mailbox=mailbox_id, copy=copy_id, reader=personal_reader or 0)
    return items(conn, list(map(version, rows))).get(copy_id)


def _one(*, personal: bool) -> HotQuery:
    statement = versions(bindparam("reader", type_=BigInteger) if personal else None)
    return HotQuery(statement.where(copies.c.mailbox_id == bindparam("mailbox"), copies.c.id == bindparam("copy")))


_ONE = {True: _one(personal=False), False: _one(personal=True)}
"""By whether \\Seen is shared."""


def by_id(conn: Connection, message_id: int) -> MessageRow | None:
    """The message with that id, without its body."""
    rows = _BY_ID.rows(conn, id=message_id)
    return MessageRow(*rows[0])._replace(has_attachments=bool(rows[0][-1])) if rows else None


_BY_ID = HotQuery(select(*_MESSAGE_COLUMNS).where(messages.c.id == bindparam("id")))


def names_of(conn: Connection, message_ids: Collection[int]) -> dict[int, tuple[str, str | None]]:
    """(subject, Message-ID) of each of these messages."""
    return {id_: (subject, rfc_message_id) for id_, subject, rfc_message_id in _SUBJECTS.rows(conn, "ids", list(message_ids))}


_SUBJECTS = HotSelect(
    select(messages.c.id, messages.c.subject, messages.c.rfc_message_id).where(messages.c.id.in_(bindparam("ids", expanding=True)))
)


def copy_ids(conn: Connection, message_ids: Collection[int]) -> dict[int, dict[int, int]]:
    """Where these messages lie: for each the newest copy in each mailbox, in views of carers too."""
    found: dict[int, dict[int, int]] = {}
    for message_id, mailbox_id, copy_id in sorted(_COPY_IDS.rows(conn, "ids", sorted(message_ids))):
        found.setdefault(message_id, {})[mailbox_id] = copy_id
    return found


_COPY_IDS = HotSelect(
    select(copies.c.message_id, copies.c.mailbox_id, copies.c.id).where(copies.c.message_id.in_(bindparam("ids", expanding=True)))
)


def copies_of(conn: Connection, mailbox_id: int, message_id: int) -> list[int]:
    """The ids of a message's copies in one mailbox."""
    return [id_ for (id_,) in _COPIES_OF.rows(conn, message=message_id, mailbox=mailbox_id)]


_COPIES_OF = HotQuery(
    select(copies.c.id)
    .where((copies.c.mailbox_id + 0) == bindparam("mailbox"), copies.c.message_id == bindparam("message"))
    .order_by(copies.c.id)
)


_SET_FLAGS = Hot(
    update(copies)
    .where(copies.c.id == bindparam("c_id"))
    .values(flags=bindparam("c_flags"), keywords=bindparam("c_words"), modseq=bindparam("c_modseq"))
)


def set_flags(conn: Connection, rows: Sequence[tuple[int, Flag, str, int]]) -> None:
    """Replace (copy id, flags, keywords, modification sequence) of copies."""
    values = [{"c_id": id_, "c_flags": int(flags), "c_words": words, "c_modseq": modseq} for id_, flags, words, modseq in rows]
    _SET_FLAGS.run(conn, values)


def move(conn: Connection, copy_id: int, folder_id: int, uid: int, modseq: int) -> None:
    """Put a copy into another folder under a new UID; the copy's id stays."""
    conn.execute(update(copies).where(copies.c.id == copy_id).values(folder_id=folder_id, uid=uid, modseq=modseq))


def remove_copies(conn: Connection, rows: Sequence[tuple[int, int]]) -> None:
    """Delete (copy id, message id), and each message when that was its last copy and nothing else refers to it."""
    for start in range(0, len(rows), _AT_ONCE):
        piece = rows[start : start + _AT_ONCE]
        conn.execute(delete(copies).where(copies.c.id.in_([copy_id for copy_id, _ in piece])))
        sweep(conn, [message_id for _, message_id in piece])


def sweep(conn: Connection, message_ids: Collection[int]) -> None:
    """Delete the bodies of messages that are no longer in any folder; the row stays, timelines and threads refer to it.

    The body also stays while a recipient in the queue waits for it, and when it is the report of a timeline.
    """
    body = message_bodies.c.message_id
    waits = (
        select(queue.c.recipient_id)
        .join(recipients, recipients.c.id == queue.c.recipient_id)
        .join(submissions, submissions.c.id == recipients.c.submission_id)
        .where(submissions.c.message_id == body)
    )
    orphans = select(body).where(
        body.in_(list(message_ids)),
        ~exists().where(copies.c.message_id == body),
        ~exists().where(timeline.c.report_id == body),
        ~waits.exists(),
    )
    conn.execute(delete(message_bodies).where(message_bodies.c.message_id.in_(orphans)))


def readings_of(conn: Connection, copy_ids: Collection[int]) -> dict[int, list[Reading]]:
    """Who read these copies, the first reader first."""
    found: dict[int, list[Reading]] = {}
    for copy_id, identity_id, first_at, seen in _READINGS.rows(conn, "copies", sorted(copy_ids)):
        found.setdefault(copy_id, []).append(Reading(copy_id, identity_id, first_at, None if seen is None else bool(seen)))
    for rows in found.values():
        rows.sort(key=lambda reading: (reading.first_at, reading.identity_id))
    return found


_READINGS = HotSelect(select(*readings.c).where(readings.c.copy_id.in_(bindparam("copies", expanding=True))))


def note_reading(conn: Connection, copy_id: int, identity_id: int, at: Micros) -> bool:
    """Record that a person read a copy; True when it was their first time."""
    if _HAS_READ.rows(conn, copy=copy_id, identity=identity_id):
        return False
    if is_postgresql(conn):  # another process may note the same reading at this moment: one of them is the first
        return conn.execute(_READ_ONCE, {"copy_id": copy_id, "identity_id": identity_id, "first_at": at, "seen": None}).first() is not None
    _READ.run(conn, [(copy_id, identity_id, at, None)])
    return True


_HAS_READ = HotQuery(
    select(readings.c.copy_id).where(readings.c.copy_id == bindparam("copy"), readings.c.identity_id == bindparam("identity"))
)
_READ = Hot(insert(readings))
_READ_ONCE = postgresql.insert(readings).on_conflict_do_nothing().returning(readings.c.copy_id)


def set_seen_by(conn: Connection, copy_id: int, identity_id: int, *, seen: bool) -> None:
    """Mark a copy seen or unseen for one reader whose reading is recorded."""
    _SEEN_BY.run(conn, [{"b_copy": copy_id, "b_identity": identity_id, "b_seen": seen}])


_SEEN_BY = Hot(
    update(readings)
    .where(readings.c.copy_id == bindparam("b_copy"), readings.c.identity_id == bindparam("b_identity"))
    .values(seen=bindparam("b_seen"))
)


def copy_readings(conn: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Copy the readers of one copy to another: (copy read, copy made of it)."""
    for source, made in pairs:
        columns = (literal(made, BigInteger), readings.c.identity_id, readings.c.first_at, readings.c.seen)
        rows = select(*columns).where(readings.c.copy_id == source)
        conn.execute(insert(readings).from_select(["copy_id", "identity_id", "first_at", "seen"], rows))


def unseen_offsets(conn: Connection, mailbox_id: int, identity_id: int) -> dict[int, int]:
    """By how much one reader's unseen copies differ from the shared counter, by folder.

    The sum keeps a planner without statistics from scanning all copies of the mailbox instead of the reader's own marks.
    """
    shared = copies.c.flags.op("&")(int(Flag.SEEN)) != 0
    query = (
        select(copies.c.folder_id, shared, func.count())
        .join(readings, readings.c.copy_id == copies.c.id)
        .where(copies.c.mailbox_id + 0 == mailbox_id, readings.c.identity_id == identity_id, readings.c.seen != shared)
        .group_by(copies.c.folder_id, shared)
    )
    found: dict[int, int] = {}
    for folder_id, is_seen, number in conn.execute(query):
        found[folder_id] = found.get(folder_id, 0) + (number if is_seen else -number)
    return found


def ids_in(conn: Connection, mailbox_id: int) -> list[int]:
    """The messages with a copy in a mailbox."""
    return list(conn.execute(select(copies.c.message_id).where(copies.c.mailbox_id == mailbox_id).distinct()).scalars())


def count(conn: Connection) -> tuple[int, int]:
    """(messages, copies) in the whole store."""
    total = conn.execute(select(func.count()).select_from(messages)).scalar_one()
    return total, conn.execute(select(func.count()).select_from(copies)).scalar_one()
