"""What a closing act withdraws: rights that the patient has, and those still in transit to them (the second table of policy/closure).

A letter gives its right when it arrives; a closing act takes effect when it is done. So the act leaves a mark for each letter in
transit: a right that was withdrawn before it was given. The letter finds its mark when it arrives. No instants are compared, so
clocks may stand still or jump.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mss_sim.clock import Micros
from mss_sim.core.world.world import World
from mss_sim.mail.summary import read_summary
from mss_sim.policy.closure import Effect, effect_of
from mss_sim.store import conversations
from mss_sim.store.conversations import AnswerRightRow, OnItsWay
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox, Mailbox
from mss_sim.vocabulary.mail import ClosureCause


@dataclass(frozen=True, slots=True)
class Closing:
    """An act of `mailbox`: in one conversation or, without `thread_id`, in all; towards one patient or, without `patient`, all.

    `after` are the letters of its group that leave later: they stay open. At least one of `thread_id` and `patient` is given. `by` is the
    letter that closes, None for an explicit act.
    """

    mailbox: Mailbox | DeliveryMailbox
    at: Micros
    cause: ClosureCause
    thread_id: int | None = None
    patient: DeliveryMailbox | None = None
    after: frozenset[int] = frozenset()
    by: int | None = None


def withdraw(world: World, conn: Connection, act: Closing) -> int:
    """Withdraw rights, and mark letters in transit; how many rights were open or will not open."""
    patient_id = act.patient.id if act.patient else None
    where = {"thread_id": act.thread_id, "patient_mailbox_id": patient_id}
    count = conversations.withdraw(conn, act.mailbox.id, act.at, act.cause, closing_message_id=act.by, **where)
    letters = conversations.on_their_way(conn, thread_id=act.thread_id, patient_mailbox_id=patient_id)
    marks = [_mark(world, act, one) for one in letters if one.message_id not in act.after and _concerns(act.mailbox, one)]
    known = conversations.of_letters(conn, {(mark.message_id, mark.patient_mailbox_id) for mark in marks})
    taken = {(row.message_id, row.patient_mailbox_id, row.mailbox_id) for row in known}
    arrived = {(row.message_id, row.patient_mailbox_id) for row in known if not row.ahead}
    fresh = [
        mark
        for mark in marks
        if (mark.message_id, mark.patient_mailbox_id) not in arrived
        and (mark.message_id, mark.patient_mailbox_id, mark.mailbox_id) not in taken
    ]
    conversations.give(conn, fresh)
    return count + len(fresh)


def _concerns(mailbox: Mailbox | DeliveryMailbox, letter: OnItsWay) -> bool:
    """Whether the letter will give a right that this mailbox may close: as its sender, or as its Reply-To."""
    summary = read_summary(letter.summary)
    if effect_of(letter.sender_kind, letter.patient_kind, summary.exact_subject or letter.subject, summary.mes) is not Effect.OPEN:
        return False
    return letter.origin_mailbox_id == mailbox.id or mailbox.address in {one["address"] for one in summary.reply_to}


def _mark(world: World, act: Closing, letter: OnItsWay) -> AnswerRightRow:
    return AnswerRightRow(
        id=world.ids.next(),
        patient_mailbox_id=letter.patient_mailbox_id,
        mailbox_id=act.mailbox.id,
        origin_mailbox_id=letter.origin_mailbox_id,
        message_id=letter.message_id,
        thread_id=letter.thread_id,
        given_at=0,
        withdrawn_at=act.at,
        cause=act.cause,
        closing_message_id=act.by,
    )


def withdraw_from_writers(world: World, conn: Connection, act: Closing) -> int:
    """Close a conversation to patients who wrote first in it and were not answered: they get a right that is withdrawn."""
    if act.thread_id is None:
        return 0
    has = {(row.patient_mailbox_id, row.mailbox_id) for row in conversations.rights_of_threads(conn, [act.thread_id])}
    wrote = [one for one in conversations.by_patients(conn, act.thread_id) if one.mailbox_id == act.mailbox.id]
    newest = {one.patient_mailbox_id: one for one in wrote if (one.patient_mailbox_id, one.mailbox_id) not in has}
    rows = [
        AnswerRightRow(
            id=world.ids.next(),
            patient_mailbox_id=one.patient_mailbox_id,
            mailbox_id=one.mailbox_id,
            origin_mailbox_id=one.mailbox_id,
            message_id=one.message_id,
            thread_id=act.thread_id,
            given_at=act.at,
            withdrawn_at=act.at,
            cause=act.cause,
        )
        for one in newest.values()
    ]
    conversations.give(conn, rows)
    return len(rows)


def taken_up(conn: Connection, message_id: int, patient_mailbox_id: int) -> list[AnswerRightRow]:
    """The marks of a letter that arrives, and the rights that it gave if it came before; its own rights replace them."""
    rows = conversations.of_letters(conn, [(message_id, patient_mailbox_id)])
    if rows:
        conversations.forget(conn, [row.id for row in rows])
    return rows


def closed_ahead(before: Sequence[AnswerRightRow], sender_id: int, target_id: int) -> AnswerRightRow | None:
    """Why the right to write to a mailbox is already withdrawn when the letter arrives: closed by that mailbox, or by the sender."""
    return next(
        (row for row in before if row.withdrawn_at and (row.mailbox_id == target_id or (row.ahead and row.mailbox_id == sender_id))), None
    )
