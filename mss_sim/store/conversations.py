"""Conversations: threads of a mailbox, and the rights of patients to answer; read receipts requested and sent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, true, update

from mss_sim.clock import Micros
from mss_sim.models.tables import answer_rights, copies, mailboxes, messages, queue, receipts, recipients, submissions
from mss_sim.store.compiled import Hot, HotQuery
from mss_sim.store.messages import by_message
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import MailboxKind


@dataclass(frozen=True, slots=True)
class AnswerRightRow:
    """A patient's right to write to `mailbox_id`, given by a letter of `origin_mailbox_id`; withdrawn when the date is set.

    `given_at` is 0 while the letter is in transit: the right is withdrawn in advance, allows no writing and is not shown.
    `closing_message_id` is the letter that withdrew it; None for an explicit act.
    """

    id: int
    patient_mailbox_id: int
    mailbox_id: int
    origin_mailbox_id: int
    message_id: int
    thread_id: int
    given_at: Micros
    withdrawn_at: Micros | None = None
    cause: ClosureCause | None = None
    closing_message_id: int | None = None

    @property
    def ahead(self) -> bool:
        """Whether it was withdrawn before it was given."""
        return self.given_at == 0


class PatientLetter(NamedTuple):
    """A letter that a patient wrote to a mailbox, in a conversation."""

    patient_mailbox_id: int
    mailbox_id: int
    message_id: int


class OnItsWay(NamedTuple):
    """A letter that waits in the queue for one patient. `summary` is JSON text."""

    message_id: int
    thread_id: int
    subject: str
    summary: str
    origin_mailbox_id: int
    sender_kind: MailboxKind
    patient_mailbox_id: int
    patient_kind: MailboxKind


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation as one mailbox sees it: how many copies it holds and the newest of them."""

    id: int
    count: int
    last_copy_id: int


_COLUMNS = tuple(answer_rights.c)
_COPIES_A_THREAD = 4
"""How many copies are read for each requested conversation, before reading further."""


def _right(row: Sequence[Any]) -> AnswerRightRow:
    found = AnswerRightRow(*row)
    return replace(found, cause=ClosureCause(found.cause)) if found.cause else found


def give(conn: Connection, rows: Sequence[AnswerRightRow]) -> None:
    """Store rights, open or already withdrawn."""
    _GIVE.run(conn, [_values(row) for row in rows])


_GIVE = Hot(insert(answer_rights))
_values = attrgetter(*(column.name for column in _COLUMNS))


def rights_between(conn: Connection, patient_mailbox_id: int, mailbox_id: int) -> list[AnswerRightRow]:
    """Every right that a patient ever received to write to a mailbox, by letters that have arrived."""
    return [_right(row) for row in _BETWEEN.rows(conn, patient=patient_mailbox_id, mailbox=mailbox_id)]


_BETWEEN = HotQuery(
    select(*_COLUMNS)
    .where(
        answer_rights.c.patient_mailbox_id == bindparam("patient"),
        answer_rights.c.mailbox_id == bindparam("mailbox"),
        answer_rights.c.given_at > 0,
    )
    .order_by(answer_rights.c.id)
)


def rights_of_threads(conn: Connection, thread_ids: Collection[int]) -> list[AnswerRightRow]:
    """Every right that letters of these conversations gave."""
    if not thread_ids:
        return []
    return [_right(row) for row in conn.execute(select(*_COLUMNS).where(answer_rights.c.thread_id.in_(list(thread_ids))))]


def _of(mailbox_id: int) -> Any:
    """The rights that a mailbox may close: those that its letters gave, and those to write to it, given by a Reply-To."""
    return or_(answer_rights.c.origin_mailbox_id == mailbox_id, answer_rights.c.mailbox_id == mailbox_id)


def withdraw(
    conn: Connection,
    mailbox_id: int,
    at: Micros,
    cause: ClosureCause,
    *,
    thread_id: int | None = None,
    patient_mailbox_id: int | None = None,
    closing_message_id: int | None = None,
) -> int:
    """Withdraw what a mailbox may close, in one conversation or in all, of one patient or of all; how many were open."""
    condition = and_(_of(mailbox_id), answer_rights.c.withdrawn_at.is_(None))
    if thread_id is not None:
        condition = and_(condition, answer_rights.c.thread_id == thread_id)
    if patient_mailbox_id is not None:
        condition = and_(condition, answer_rights.c.patient_mailbox_id == patient_mailbox_id)
    withdrawn = {"withdrawn_at": at, "cause": cause.value, "closing_message_id": closing_message_id}
    return conn.execute(update(answer_rights).where(condition).values(withdrawn)).rowcount


def reopen_thread(conn: Connection, thread_id: int, origin_mailbox_id: int) -> int:
    """Restore the rights withdrawn in a conversation, and let letters in transit give theirs on arrival; how many there are."""
    condition = and_(
        answer_rights.c.thread_id == thread_id,
        _of(origin_mailbox_id),
        answer_rights.c.withdrawn_at.is_not(None),
    )
    ahead = conn.execute(delete(answer_rights).where(condition, answer_rights.c.given_at == 0)).rowcount
    reopened = {"withdrawn_at": None, "cause": None, "closing_message_id": None}
    return ahead + conn.execute(update(answer_rights).where(condition).values(reopened)).rowcount


def of_letters(conn: Connection, sent: Collection[tuple[int, int]]) -> list[AnswerRightRow]:
    """Every right that letters gave to patients, or that was withdrawn before they could, by (message id, mailbox id of the patient)."""
    rows = [row for message_id, patient_id in sorted(sent) for row in _OF_LETTER.rows(conn, message=message_id, patient=patient_id)]
    return sorted(map(_right, rows), key=attrgetter("id"))


_OF_LETTER = HotQuery(
    select(*_COLUMNS).where(answer_rights.c.patient_mailbox_id == bindparam("patient"), answer_rights.c.message_id == bindparam("message"))
)


def letter(conn: Connection, message_id: int) -> tuple[str | None, Micros] | None:
    """The Message-ID of a letter, and when it was received here; None when it is gone."""
    row = conn.execute(select(messages.c.rfc_message_id, messages.c.received_at).where(messages.c.id == message_id)).one_or_none()
    return (row[0], row[1]) if row else None


def by_patients(conn: Connection, thread_id: int) -> list[PatientLetter]:
    """The letters of a conversation that patients wrote, to each mailbox that they wrote to, the oldest first."""
    sender, mailbox = mailboxes.alias(), mailboxes.alias()
    query = (
        select(sender.c.id, mailbox.c.id, messages.c.id)
        .select_from(messages)
        .join(submissions, submissions.c.message_id == messages.c.id)
        .join(sender, sender.c.id == submissions.c.mailbox_id)
        .join(recipients, recipients.c.submission_id == submissions.c.id)
        .join(mailbox, mailbox.c.address == recipients.c.address)
        .where(messages.c.thread_id == thread_id, sender.c.kind == MailboxKind.PATIENT.value)
    )
    return [PatientLetter(*row) for row in conn.execute(query.order_by(messages.c.id, mailbox.c.id))]


def forget(conn: Connection, ids: Collection[int]) -> None:
    """Delete rights whose letter gives them again."""
    _FORGET.run(conn, [{"b_id": id_} for id_ in ids])


_FORGET = Hot(delete(answer_rights).where(answer_rights.c.id == bindparam("b_id")))


def on_their_way(conn: Connection, *, thread_id: int | None = None, patient_mailbox_id: int | None = None) -> list[OnItsWay]:
    """The letters that wait in the queue for patients: of one conversation, to one patient."""
    patient, sender = mailboxes.alias(), mailboxes.alias()
    query = (
        select(
            messages.c.id,
            messages.c.thread_id,
            messages.c.subject,
            messages.c.summary,
            sender.c.id,
            sender.c.kind,
            patient.c.id,
            patient.c.kind,
        )
        .select_from(queue)
        .join(recipients, recipients.c.id == queue.c.recipient_id)
        .join(submissions, submissions.c.id == recipients.c.submission_id)
        .join(messages, messages.c.id == submissions.c.message_id)
        .join(patient, patient.c.address == recipients.c.address)
        .join(sender, sender.c.id == submissions.c.mailbox_id)
        .where(patient.c.kind == MailboxKind.PATIENT.value)
    )
    if thread_id is not None:
        query = query.where(messages.c.thread_id == thread_id)
    if patient_mailbox_id is not None:
        query = query.where(patient.c.id == patient_mailbox_id)
    return [
        OnItsWay(*row[:5], MailboxKind(row[5]), row[6], MailboxKind(row[7])) for row in conn.execute(query.order_by(queue.c.recipient_id))
    ]


def threads(conn: Connection, mailbox_id: int, *, before: int | None, limit: int) -> list[Thread]:
    """The conversations of a mailbox by their newest copy, newest first, whose newest copy has an id under `before`.

    Walks from the newest copy down, so that the first page of a large mailbox costs no more than that of a small one.
    """
    found: dict[int, Thread] = {}
    passed: set[int] = set()
    step = limit * _COPIES_A_THREAD
    while True:
        query = select(copies.c.id, messages.c.thread_id).join(messages, messages.c.id == copies.c.message_id)
        query = query.where(copies.c.mailbox_id == mailbox_id, copies.c.id < before if before is not None else true())
        rows = conn.execute(query.order_by(copies.c.id.desc()).limit(step)).all()
        fresh = {row.thread_id for row in rows} - found.keys() - passed
        sizes = _sizes(conn, mailbox_id, fresh)
        for row in rows:
            if row.thread_id in fresh and sizes[row.thread_id].last_copy_id == row.id:
                found[row.thread_id] = sizes[row.thread_id]
        passed |= fresh - found.keys()  # their newest copy has an id of `before` or higher: they were on an earlier page
        if len(found) >= limit or len(rows) < step:
            return list(found.values())[:limit]
        before = rows[-1].id


def thread(conn: Connection, mailbox_id: int, thread_id: int) -> Thread | None:
    """One conversation of a mailbox."""
    return _sizes(conn, mailbox_id, {thread_id}).get(thread_id)


def _sizes(conn: Connection, mailbox_id: int, thread_ids: Collection[int]) -> dict[int, Thread]:
    query = (
        select(messages.c.thread_id, func.count(func.distinct(messages.c.id)), func.max(copies.c.id))
        .join(messages, messages.c.id == copies.c.message_id)
        .where(by_message(mailbox_id), messages.c.thread_id.in_(list(thread_ids)))
        .group_by(messages.c.thread_id)
    )
    return {row.thread_id: Thread(*row) for row in conn.execute(query)}


def receipt_sent(conn: Connection, message_id: int, mailbox_id: int) -> bool:
    """Whether a read receipt was sent for that message and mailbox."""
    return bool(_RECEIPT.rows(conn, message=message_id, mailbox=mailbox_id))


_RECEIPT = HotQuery(
    select(receipts.c.sent_at).where(receipts.c.message_id == bindparam("message"), receipts.c.mailbox_id == bindparam("mailbox"))
)


def note_receipt(conn: Connection, message_id: int, mailbox_id: int, at: Micros) -> None:
    """Record that a read receipt is sent; IntegrityError when one was sent already."""
    _NOTE_RECEIPT.run(conn, [{"message_id": message_id, "mailbox_id": mailbox_id, "sent_at": at}])


_NOTE_RECEIPT = Hot(insert(receipts))
