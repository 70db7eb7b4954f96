"""Conversations: threads of a mailbox, and the rights of patients to answer; who was asked for and sent a read receipt."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, true, update

from mss_sim.clock import Micros
from mss_sim.models.tables import answer_rights, copies, messages, receipts
from mss_sim.store.messages import by_message
from mss_sim.vocabulary import ClosureCause


@dataclass(frozen=True, slots=True)
class AnswerRightRow:
    """A patient's right to write to `mailbox_id`, given by a letter of `origin_mailbox_id`; withdrawn when the date is set."""

    id: int
    patient_mailbox_id: int
    mailbox_id: int
    origin_mailbox_id: int
    message_id: int
    thread_id: int
    given_at: Micros
    withdrawn_at: Micros | None = None
    cause: ClosureCause | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation as one mailbox sees it: how many copies it holds and the newest of them."""

    id: int
    count: int
    last_copy_id: int


_COLUMNS = tuple(answer_rights.c)
_COPIES_A_THREAD = 4
"""How many copies are looked at for each conversation that is wanted, before looking further."""


def _right(row: Row[Any]) -> AnswerRightRow:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
    return AnswerRightRow(**{**values, "cause": ClosureCause(values["cause"]) if values["cause"] else None})


def give(conn: Connection, rows: Sequence[AnswerRightRow]) -> None:
    """Store rights, open or already withdrawn."""
    if rows:
        conn.execute(insert(answer_rights), [{column.name: getattr(row, column.name) for column in _COLUMNS} for row in rows])


def rights_between(conn: Connection, patient_mailbox_id: int, mailbox_id: int) -> list[AnswerRightRow]:
    """Every right that a patient ever got to write to a mailbox."""
    query = select(*_COLUMNS).where(answer_rights.c.patient_mailbox_id == patient_mailbox_id, answer_rights.c.mailbox_id == mailbox_id)
    return [_right(row) for row in conn.execute(query.order_by(answer_rights.c.id))]


def rights_of_threads(conn: Connection, thread_ids: Collection[int]) -> list[AnswerRightRow]:
    """Every right that letters of these conversations gave."""
    if not thread_ids:
        return []
    return [_right(row) for row in conn.execute(select(*_COLUMNS).where(answer_rights.c.thread_id.in_(list(thread_ids))))]


def _of(mailbox_id: int) -> Any:
    """The rights that a mailbox may close: those that its letters gave, and those to write to it, which a Reply-To gave."""
    return or_(answer_rights.c.origin_mailbox_id == mailbox_id, answer_rights.c.mailbox_id == mailbox_id)


def withdraw_given_by(conn: Connection, origin_mailbox_id: int, patient_mailbox_id: int, at: Micros) -> int:
    """Withdraw what a mailbox's letters gave to a patient; how many were open."""
    condition = and_(_of(origin_mailbox_id), answer_rights.c.patient_mailbox_id == patient_mailbox_id)
    return _withdraw(conn, condition, at, ClosureCause.FIN_SUBJECT)


def withdraw_thread(
    conn: Connection, thread_id: int, origin_mailbox_id: int, at: Micros, cause: ClosureCause, patient_mailbox_id: int | None = None
) -> int:
    """Withdraw what a mailbox's letters of one conversation gave, to one patient or to all; how many were open."""
    condition = and_(answer_rights.c.thread_id == thread_id, _of(origin_mailbox_id))
    if patient_mailbox_id is not None:
        condition = and_(condition, answer_rights.c.patient_mailbox_id == patient_mailbox_id)
    return _withdraw(conn, condition, at, cause)


def _withdraw(conn: Connection, condition: Any, at: Micros, cause: ClosureCause) -> int:
    open_ones = and_(condition, answer_rights.c.withdrawn_at.is_(None))
    return conn.execute(update(answer_rights).where(open_ones).values(withdrawn_at=at, cause=cause.value)).rowcount


def reopen_thread(conn: Connection, thread_id: int, origin_mailbox_id: int) -> int:
    """Give back what was withdrawn of a conversation; how many were withdrawn."""
    condition = and_(
        answer_rights.c.thread_id == thread_id,
        _of(origin_mailbox_id),
        answer_rights.c.withdrawn_at.is_not(None),
    )
    return conn.execute(update(answer_rights).where(condition).values(withdrawn_at=None, cause=None)).rowcount


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
        passed |= fresh - found.keys()  # their newest copy has an id of `before` or over: they stood on an earlier page
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
    """Whether a read receipt has left for that message and mailbox."""
    query = select(receipts.c.sent_at).where(receipts.c.message_id == message_id, receipts.c.mailbox_id == mailbox_id)
    return conn.execute(query).first() is not None


def note_receipt(conn: Connection, message_id: int, mailbox_id: int, at: Micros) -> None:
    """Record that a read receipt leaves; IntegrityError when one has left already."""
    conn.execute(insert(receipts).values(message_id=message_id, mailbox_id=mailbox_id, sent_at=at))
