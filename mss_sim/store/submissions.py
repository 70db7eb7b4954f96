"""Sent letters, their recipients and what happened to each of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, update

from mss_sim.clock import Micros
from mss_sim.models.tables import copies, idempotency, messages, queue, recipients, submissions, timeline
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.store.engine import happen
from mss_sim.store.messages import TWINS_MAX, MessageRef, by_message
from mss_sim.vocabulary.mail import Notify, ReceiptFamily, TimelineKind
from mss_sim.vocabulary.mailboxes import SendMode


@dataclass(frozen=True, slots=True)
class SentLetter:
    """One letter with its envelope. `mailbox_id` is where it was sent from; None for a waiting notice of the server itself."""

    id: int
    message_id: int
    mailbox_id: int | None
    actor_id: int | None
    grant_id: int | None
    mode: SendMode | None
    return_path: str
    envelope_id: str | None
    return_full: bool
    submitted_at: Micros
    operator_id: int | None = None


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One recipient of a submission, with the DSN parameters that the client gave."""

    id: int
    submission_id: int
    address: str
    notify: frozenset[Notify]
    original: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """An event in a recipient's timeline; `report_id` is the message that reported it.

    `failed`: a read receipt that tells of a failure; `family`: the form in which it does, None for what is no read receipt.
    """

    id: int
    recipient_id: int
    kind: TimelineKind
    at: Micros
    detail: str = ""
    report_id: int | None = None
    failed: bool = False
    family: ReceiptFamily | None = None


_INSERT_SUBMISSION = Hot(insert(submissions))
_INSERT_RECIPIENT = Hot(insert(recipients))
_INSERT_EVENT = Hot(insert(timeline))


def add(conn: Connection, rows: Sequence[SentLetter], people: Sequence[RecipientRow]) -> None:
    """Store submissions with their recipients."""
    _INSERT_SUBMISSION.run(conn, [{**plain(row, submissions), "mode": row.mode.value if row.mode else None} for row in rows])
    _INSERT_RECIPIENT.run(conn, [{**plain(row, recipients), "notify": " ".join(sorted(row.notify))} for row in people])


def plain(row: Any, table: Any) -> dict[str, Any]:
    """The values of a row object by the names of a table's columns."""
    return {column.name: getattr(row, column.name) for column in table.c}


def add_events(conn: Connection, events: Sequence[Event]) -> None:
    """Append to timelines."""
    _INSERT_EVENT.run(conn, [_row_of(event) for event in events])
    happen(conn, [-event.id for event in events])


def _row_of(event: Event) -> dict[str, Any]:
    return {**plain(event, timeline), "kind": event.kind.value, "family": event.family.value if event.family else None}


def _submission(row: Sequence[Any]) -> SentLetter:
    found = SentLetter(*row)
    return replace(found, mode=SendMode(found.mode) if found.mode else None, return_full=bool(found.return_full))


def _recipient(row: Sequence[Any]) -> RecipientRow:
    id_, submission_id, address, notify, original = row
    return RecipientRow(id_, submission_id, address, frozenset(Notify(word) for word in notify.split()), original)


def by_id(conn: Connection, submission_id: int) -> SentLetter | None:
    """The submission with that id."""
    return next(iter(with_ids(conn, [submission_id])), None)


def of_message(conn: Connection, message_id: int, mailbox_id: int) -> SentLetter | None:
    """The submission by which a mailbox sent a message."""
    rows = _OF_MESSAGE.rows(conn, message=message_id, mailbox=mailbox_id)
    return _submission(rows[0]) if rows else None


_OF_MESSAGE = HotQuery(
    select(*submissions.c).where(submissions.c.message_id == bindparam("message"), submissions.c.mailbox_id == bindparam("mailbox"))
)


def of_messages(conn: Connection, message_ids: Collection[int]) -> list[SentLetter]:
    """The submissions of these messages, whichever mailbox sent them."""
    return [_submission(row) for row in _OF_MESSAGES.rows(conn, "ids", list(message_ids))]


_OF_MESSAGES = HotSelect(select(*submissions.c).where(submissions.c.message_id.in_(bindparam("ids", expanding=True))))


def of_mailbox(conn: Connection, mailbox_id: int, *, before: int | None, limit: int, shown_in: int | None = None) -> list[SentLetter]:
    """The newest submissions of a mailbox with an id under `before`, newest first; of letters that lie in the view `shown_in`, if given."""
    query = select(*submissions.c).where(submissions.c.mailbox_id == mailbox_id)
    if shown_in is not None:
        query = query.where(exists().where(copies.c.message_id == submissions.c.message_id, by_message(shown_in)))
    if before is not None:
        query = query.where(submissions.c.id < before)
    return [_submission(row) for row in conn.execute(query.order_by(submissions.c.id.desc()).limit(limit))]


def people_of(conn: Connection, submission_ids: Collection[int]) -> list[RecipientRow]:
    """The recipients of these submissions, in the order they were given."""
    rows = _PEOPLE_OF.rows(conn, "ids", list(submission_ids))
    return sorted(map(_recipient, rows), key=attrgetter("id"))


_PEOPLE_OF = HotSelect(select(*recipients.c).where(recipients.c.submission_id.in_(bindparam("ids", expanding=True))))


def events_of(conn: Connection, recipient_ids: Collection[int]) -> dict[int, list[Event]]:
    """What happened to these recipients, in order."""
    found: dict[int, list[Event]] = {}
    for row in sorted(_EVENTS_OF.rows(conn, "ids", list(recipient_ids))):
        id_, recipient_id, kind, at, detail, report_id, failed, family = row
        event = Event(id_, recipient_id, TimelineKind(kind), at, detail, report_id, bool(failed), ReceiptFamily(family) if family else None)
        found.setdefault(event.recipient_id, []).append(event)
    return found


_EVENTS_OF = HotSelect(select(*timeline.c).where(timeline.c.recipient_id.in_(bindparam("ids", expanding=True))))


def spoken_of(
    conn: Connection, mailbox_id: int, recipient: str | None, rfc_message_id: str | None, envelope_id: str | None
) -> list[SentLetter]:
    """The letters of a mailbox to that recipient that a report may refer to, the newest first: by envelope id, else by Message-ID.

    Without a recipient, those to somebody for whom the client gave an original recipient.
    """
    if envelope_id:
        found = _SPOKEN_OF[recipient is None, True].rows(conn, box=mailbox_id, envid=envelope_id, to=recipient, most=TWINS_MAX)
        if found:
            return list(map(_submission, found))
    if rfc_message_id:
        rows = map(_submission, _SPOKEN_OF[recipient is None, False].rows(conn, rfc=rfc_message_id, to=recipient))
        return list(islice((row for row in rows if row.mailbox_id == mailbox_id), TWINS_MAX))
    return []


def _spoken_of(*, anybody: bool, by_envelope: bool) -> HotQuery:
    recipient_matches = recipients.c.original.is_not(None) if anybody else recipients.c.address == bindparam("to")
    to_recipient = select(recipients.c.id).where(recipients.c.submission_id == submissions.c.id, recipient_matches)
    query = select(*submissions.c).where(to_recipient.exists()).order_by(submissions.c.id.desc())
    if by_envelope:
        named = query.where(submissions.c.mailbox_id == bindparam("box"), submissions.c.envelope_id == bindparam("envid"))
        return HotQuery(named.limit(bindparam("most")))
    return HotQuery(query.join(messages, messages.c.id == submissions.c.message_id).where(messages.c.rfc_message_id == bindparam("rfc")))


_SPOKEN_OF = {(anybody, by): _spoken_of(anybody=anybody, by_envelope=by) for anybody in (True, False) for by in (True, False)}
"""By whether any recipient with an original one will do, and by envelope id; else found by Message-ID alone, as in `left_as`."""


def with_message_id(conn: Connection, rfc_message_id: str, recipient: str) -> list[SentLetter]:
    """Every letter with that Message-ID that any mailbox sent to that recipient, the newest first."""
    return [_submission(row) for row in _WITH_MESSAGE_ID.rows(conn, rfc=rfc_message_id, to=recipient)]


_WITH_MESSAGE_ID = HotQuery(
    select(*submissions.c)
    .join(messages, messages.c.id == submissions.c.message_id)
    .join(recipients, recipients.c.submission_id == submissions.c.id)
    .where(messages.c.rfc_message_id == bindparam("rfc"), recipients.c.address == bindparam("to"), submissions.c.mailbox_id.is_not(None))
    .order_by(submissions.c.id.desc())
)


_LEFT_AS = HotQuery(
    select(messages.c.thread_id, messages.c.id, submissions.c.mailbox_id)
    .join(submissions, submissions.c.message_id == messages.c.id)
    .join(recipients, recipients.c.submission_id == submissions.c.id)
    .where(messages.c.rfc_message_id == bindparam("rfc"), recipients.c.address == bindparam("to"))
)
"""Found by Message-ID alone: told the mailbox as well, SQLite walks all that it ever sent."""


def left_as(conn: Connection, rfc_message_id: str, mailbox_id: int, addresses: Collection[str]) -> list[MessageRef]:
    """The letters with that Message-ID that a mailbox sent to one of these addresses, the first first."""
    rows = {
        MessageRef(row[0], row[1]) for one in addresses for row in _LEFT_AS.rows(conn, rfc=rfc_message_id, to=one) if row[2] == mailbox_id
    }
    return sorted(rows, key=attrgetter("message_id"))[:TWINS_MAX]


_LEAVING_UNNAMED = HotQuery(
    select(messages.c.thread_id, messages.c.id)
    .select_from(queue)
    .join(recipients, recipients.c.id == queue.c.recipient_id)
    .join(submissions, submissions.c.id == recipients.c.submission_id)
    .join(messages, messages.c.id == submissions.c.message_id)
    .where(
        queue.c.leased_until.is_not(None),
        recipients.c.address == bindparam("to"),
        submissions.c.mailbox_id == bindparam("mailbox"),
        messages.c.rfc_message_id.is_(None),
    )
    .order_by(messages.c.id)
)


def leaving_unnamed(conn: Connection, mailbox_id: int, addresses: Collection[str]) -> list[MessageRef]:
    """Letters without a Message-ID that are being carried from a mailbox to one of these addresses now."""
    rows = {MessageRef(row[0], row[1]) for one in addresses for row in _LEAVING_UNNAMED.rows(conn, to=one, mailbox=mailbox_id)}
    return sorted(rows, key=attrgetter("message_id"))


def attach_report(conn: Connection, recipient_id: int, kind: TimelineKind, report_id: int) -> bool:
    """Attach a report to the event that it reports; False when no such event is without a report."""
    rows = _WITHOUT_REPORT.rows(conn, recipient=recipient_id, kind=kind.value)
    if not rows:
        return False
    _ATTACH.run(conn, [{"b_id": rows[0][0], "b_report": report_id}])
    return True


_ATTACH = Hot(update(timeline).where(timeline.c.id == bindparam("b_id")).values(report_id=bindparam("b_report")))


_WITHOUT_REPORT = HotQuery(
    select(timeline.c.id)
    .where(timeline.c.recipient_id == bindparam("recipient"), timeline.c.kind == bindparam("kind"), timeline.c.report_id.is_(None))
    .order_by(timeline.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """A key under which an identity made a submission, and the answer given."""

    identity_id: int
    key: str
    request_hash: str
    submission_id: int
    answer: str
    created_at: Micros


def remember_key(conn: Connection, one: Remembered) -> None:
    """Remember under which key a submission was made; IntegrityError when the key is known."""
    conn.execute(insert(idempotency).values(plain(one, idempotency)))


def recall_key(conn: Connection, identity_id: int, key: str, not_before: Micros) -> Remembered | None:
    """The stored answer for a key that the identity used since `not_before`; older keys are deleted."""
    conn.execute(delete(idempotency).where(idempotency.c.created_at < not_before))
    row = conn.execute(select(*idempotency.c).where(idempotency.c.identity_id == identity_id, idempotency.c.key == key)).one_or_none()
    return Remembered(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's documented name


def with_ids(conn: Connection, ids: Collection[int]) -> list[SentLetter]:
    """These submissions."""
    return [_submission(row) for row in _THESE_SUBMISSIONS.rows(conn, "ids", list(ids))]


def people_with_ids(conn: Connection, ids: Collection[int]) -> list[RecipientRow]:
    """These recipients."""
    return [_recipient(row) for row in _THESE_RECIPIENTS.rows(conn, "ids", list(ids))]


_THESE_SUBMISSIONS = HotSelect(select(*submissions.c).where(submissions.c.id.in_(bindparam("ids", expanding=True))))
_THESE_RECIPIENTS = HotSelect(select(*recipients.c).where(recipients.c.id.in_(bindparam("ids", expanding=True))))


def count_events(conn: Connection) -> dict[TimelineKind, int]:
    """How often each thing happened to a recipient of a letter."""
    rows = conn.execute(select(timeline.c.kind, func.count()).group_by(timeline.c.kind))
    return {TimelineKind(kind): count for kind, count in rows}
