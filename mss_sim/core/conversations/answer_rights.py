"""The rights of patients to answer: which ones a letter gives or withdraws, and whether a patient may write to a mailbox now, and why.

What a letter does is the first table of `policy/closure`, when it does so the third. The cases that need care:

| case                                                        | what happens                                                              |
|-------------------------------------------------------------|---------------------------------------------------------------------------|
| two letters of one group, the first closes                  | the second leaves after the act: it stays open (`after`)                  |
| a letter was overtaken by an act of closing                 | it finds its mark and arrives closed (`closing.taken_up`)                 |
| a letter arrives by the MX port that was submitted here     | it gives its rights under the id of the submitted one (`message_id`)      |
| a letter from the queue, or one of those                    | opens if it opens; it closed when it was accepted (`again`)               |
| a letter comes after a closure                              | it gives a new right, or by a setting it arrives closed                   |
| Reply-To names mailboxes                                    | they are answered in the sender's place, when they are professional ones  |
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mss_sim.clock import DAY, Micros
from mss_sim.core.conversations import withdrawn_rights
from mss_sim.core.conversations.withdrawn_rights import Closing
from mss_sim.core.world.world import World
from mss_sim.mail.closing_marks import ClosingMarks
from mss_sim.policy import closure
from mss_sim.policy.closure import AnswerRight, Effect, FirstLetter, Verdict, acts_now, effect_of
from mss_sim.store import conversations, dispensations
from mss_sim.store.conversations import AnswerRightRow
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox, Mailbox
from mss_sim.store.messages import MessageRef
from mss_sim.vocabulary.mail import ClosureCause, FinHeaderScope
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, MailboxKind

_CAUSES = {Effect.WITHDRAW: ClosureCause.FIN_SUBJECT, Effect.CLOSE: ClosureCause.FIN_HEADER}


@dataclass(frozen=True, slots=True)
class Occasion:
    """A letter of `sender` as its patients meet it: `reached` have it now, `awaited` get it later.

    `message_id` is the letter as it was submitted, `reply_to` are the mailboxes that it names, `after` the letters of its group that leave
    after it. `again`: it was accepted before, and comes from the queue or through the MX port.
    """

    sender: DeliveryMailbox
    message_id: int
    thread_id: int
    at: Micros
    marks: ClosingMarks
    reply_to: Sequence[DeliveryMailbox]
    reached: Sequence[DeliveryMailbox]
    awaited: Sequence[DeliveryMailbox]
    again: bool
    after: frozenset[int] = frozenset()


def apply(world: World, conn: Connection, letter: Occasion) -> None:
    """Give and withdraw what a letter gives and withdraws."""
    for patient, waits in (*((one, False) for one in letter.reached), *((one, True) for one in letter.awaited)):
        effect = effect_of(letter.sender.kind, patient.kind, *letter.marks)
        if acts_now(effect, waits=waits, again=letter.again):
            _apply_to(world, conn, letter, patient, effect)


def _apply_to(world: World, conn: Connection, letter: Occasion, patient: DeliveryMailbox, effect: Effect) -> None:
    cause, whole = _CAUSES.get(effect), effect is Effect.WITHDRAW
    if cause and (whole or world.settings.patient.fin_header_scope is FinHeaderScope.CONVERSATION):
        thread_id = None if whole else letter.thread_id
        withdrawn_rights.withdraw(
            world, conn, Closing(letter.sender, letter.at, cause, thread_id, patient, letter.after, letter.message_id)
        )
    marks = withdrawn_rights.taken_up(conn, letter.message_id, patient.id) if letter.again else []
    rows = []
    for target in _answerable(letter):
        mark = withdrawn_rights.closed_ahead(marks, letter.sender.id, target.id) or _closed_for_good(world, conn, letter, patient, target)
        rows.append(
            AnswerRightRow(
                id=world.ids.next(),
                patient_mailbox_id=patient.id,
                mailbox_id=target.id,
                origin_mailbox_id=letter.sender.id,
                message_id=letter.message_id,
                thread_id=letter.thread_id,
                given_at=letter.at,
                withdrawn_at=letter.at if cause else mark.withdrawn_at if mark else None,
                cause=cause or (mark.cause if mark else None),
                closing_message_id=letter.message_id if cause else mark.closing_message_id if mark else None,
            )
        )
    conversations.give(conn, rows)


def _closed_for_good(
    world: World, conn: Connection, letter: Occasion, patient: DeliveryMailbox, target: DeliveryMailbox
) -> AnswerRightRow | None:
    """The right whose withdrawal a new letter does not undo, where a setting says so: the newest of its conversation, else of all."""
    if world.settings.patient.reopened_by_letter:
        return None
    rows = conversations.rights_between(conn, patient.id, target.id)
    rows = [row for row in rows if row.thread_id == letter.thread_id] or rows
    return rows[-1] if rows and all(row.withdrawn_at is not None for row in rows) else None


def _answerable(letter: Occasion) -> list[DeliveryMailbox]:
    """The mailboxes that may be answered: the Reply-To ones in the sender's place, when they are professional ones (ref: cnam#9)."""
    professional = {mailbox.id: mailbox for mailbox in letter.reply_to if mailbox.kind in PROFESSIONAL_KINDS}
    return list(professional.values()) or [letter.sender]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what it was read from: the right that decided, and when medicines were dispensed where that was asked."""

    verdict: Verdict
    right: AnswerRightRow | None = None
    dispensed_at: Micros | None = None


def judge(
    world: World,
    conn: Connection,
    patient: Mailbox | DeliveryMailbox | None,
    address: str,
    mailbox: Mailbox | DeliveryMailbox | None,
    answered: MessageRef | None,
    *,
    hidden: Collection[int] = (),
) -> Judgement:
    """Whether a patient may write to an address now, and why; a mailbox that is not there, on either side, was never written to.

    `answered`: the letter that it would answer, None when it answers none that is known, or that is not known yet. `hidden`: letters that
    are masked from the carer who asks.
    """
    settings = world.settings.patient
    by_thread = settings.fin_header_scope is FinHeaderScope.CONVERSATION
    keys = frozenset((answered.thread_id if by_thread else answered.message_id,) if answered else ())
    if patient is None or mailbox is None:
        return Judgement(closure.judge_patient(closure.Recipient(address, MailboxKind.PATIENT), (), keys, FirstLetter()))
    rows = [row for row in conversations.rights_between(conn, patient.id, mailbox.id) if row.message_id not in hidden]
    rights = [AnswerRight(row.thread_id if by_thread else row.message_id, row.withdrawn_at is None, row.id) for row in rows]
    facts = dispensations.first_letter_facts(conn, patient.owner_id, mailbox.id)
    days = None if facts.dispensed_at is None else world.clock.now() // DAY - facts.dispensed_at // DAY
    recipient = closure.Recipient(address, mailbox.kind, mailbox.state, facts.red_listed, facts.opened, facts.sector)
    first = FirstLetter(days, settings.pharmacy_days_max, settings.first_letter_after_closure)
    verdict = closure.judge_patient(recipient, rights, keys, first)
    return Judgement(verdict, next((row for row in rows if verdict.right and row.id == verdict.right.id), None), facts.dispensed_at)


def check_answer(
    world: World,
    conn: Connection,
    patient: Mailbox | DeliveryMailbox,
    address: str,
    mailbox: Mailbox | DeliveryMailbox | None,
    answered: MessageRef | None,
    *,
    hidden: Collection[int] = (),
) -> None:
    """Raise the refusal when a patient may not write to an address now; `hidden` are letters that are masked from the carer who writes."""
    judge(world, conn, patient, address, mailbox, answered, hidden=hidden).verdict.require(address)
