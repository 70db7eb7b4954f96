"""The consequences of a delivery attempt: the timeline, the queue, and the notification of the sender.

| answer                          | queue        | timeline               | notification, when asked for        |
|---------------------------------|--------------|------------------------|-------------------------------------|
| 2xx of our own mailbox          | leaves       | delivered              | delivered                           |
| 2xx of another server of ours   | leaves       | relayed, delivered     | theirs                              |
| 2xx of a server outside         | leaves       | relayed                | theirs, or relayed if it knows no DSN (ref: rfc3461#5.2.2) |
| 4xx                             | waits        | delayed, once          | delayed, once                       |
| 4xx, too old                    | leaves       | failed                 | failed                              |
| 5xx                             | leaves       | failed                 | failed                              |
| any, of a letter removed since  | is not there | none                   | none                                |
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mss_sim.clock import SECOND, Micros
from mss_sim.core.access import process_log
from mss_sim.core.mailflow import delivery_reports, timeline_writing
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.delivery_reports import retry_deadline
from mss_sim.core.mailflow.outbound_interface import DELIVERED, RecipientReply, RelayResult
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail import dsn
from mss_sim.mail.dsn import RecipientStatus
from mss_sim.policy.bounces import returns_later
from mss_sim.policy.receipts import diagnostic, dsn_due
from mss_sim.store import mailboxes, messages, queue
from mss_sim.store.engine import Connection
from mss_sim.store.operators import Operator
from mss_sim.store.queue import Due, Waiting
from mss_sim.store.submissions import Event, SentLetter
from mss_sim.vocabulary.mail import DsnAction, TimelineKind
from mss_sim.vocabulary.mailboxes import MailboxState
from mss_sim.words.sentence import Sentence, say

_KINDS = {
    DsnAction.DELIVERED: TimelineKind.DELIVERED,
    DsnAction.RELAYED: TimelineKind.RELAYED,
    DsnAction.FAILED: TimelineKind.FAILED,
    DsnAction.DELAYED: TimelineKind.DELAYED,
}


@dataclass(frozen=True, slots=True)
class Carried:
    """What another operator's server answered for recipients of one letter."""

    due: tuple[Due, ...]
    result: RelayResult
    receiver: Operator

    @property
    def all_taken_over(self) -> bool:
        """Whether it accepted the letter for all of them, with what the sender wants to hear."""
        return self.result.dsn and all(self.result.answers[due.person.address].accepted for due in self.due)


class Settling:
    """Records the outcome of attempts; each verb is part of a unit of work."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery

    def delivered(self, conn: Connection, due: Due) -> None:
        """One of our own mailboxes has received it."""
        queue.done(conn, due.person.id)
        self._tell(conn, due, DsnAction.DELIVERED, DELIVERED)

    def taken_over(self, conn: Connection, letters: Sequence[Carried]) -> list[None]:
        """Other servers have accepted letters for all recipients, with what their senders want to hear; a bulk."""
        tried = [(due, one) for one in letters for due in one.due]
        waiting = queue.of_recipients(conn, [due.person.id for due, _ in tried])
        events = []
        for due, one in tried:
            if due.person.id in waiting:
                reply = one.result.answers[due.person.address].reply
                kinds = (TimelineKind.RELAYED, TimelineKind.DELIVERED) if self._has_it(conn, due, one.receiver) else (TimelineKind.RELAYED,)
                events += [self._event(due, kind, reply) for kind in kinds]
        queue.done(conn, *waiting)
        timeline_writing.add(self._world, conn, events)
        return [None] * len(letters)

    def carried(self, conn: Connection, letter: Carried) -> None:
        """Another server has answered, for each recipient in its own way."""
        for due in letter.due:
            answer = letter.result.answers[due.person.address]
            if not queue.holds(conn, due.person.id):
                continue
            if not answer.accepted:
                self.refused(conn, due, answer)
            elif letter.result.dsn:
                self.taken_over(conn, [replace(letter, due=(due,))])
            else:
                queue.done(conn, due.person.id)
                self._tell(conn, due, DsnAction.RELAYED, answer)
                if self._has_it(conn, due, letter.receiver):
                    timeline_writing.add(self._world, conn, [self._event(due, TimelineKind.DELIVERED, answer.reply)])

    def _has_it(self, conn: Connection, due: Due, receiver: Operator) -> bool:
        """Whether a letter that another server accepted is in the mailbox: one of ours may return it later instead."""
        if receiver.mx is not None or not returns_later(self._world.settings.mes.refusal, due.person.address):
            return receiver.mx is None
        mailbox = mailboxes.by_address(conn, due.person.address)
        return mailbox is not None and mailbox.state is MailboxState.ACTIVE

    def refused(self, conn: Connection, due: Due, answer: RecipientReply) -> None:
        """The attempt failed: the letter waits, or is returned."""
        if not queue.holds(conn, due.person.id):
            return
        world, submission, waiting = self._world, due.submission, due.waiting
        now = world.clock.now()
        if answer.final:
            queue.done(conn, due.person.id)
            self._tell(conn, due, DsnAction.FAILED, answer)
            return
        if now >= retry_deadline(world, submission.submitted_at):
            queue.done(conn, due.person.id)
            too_late = say("Delivery time expired. The last answer was: {reply}", reply=answer.reply)
            status, reply = diagnostic(Refusal(Rule.EXPIRED, too_late))
            self._tell(conn, due, DsnAction.FAILED, RecipientReply(status, reply, answer.host))
            return
        late = now >= submission.submitted_at + int(world.settings.queue.delayed_after_seconds * SECOND)
        if late and not waiting.delayed_told:
            self._tell(conn, due, DsnAction.DELAYED, answer)
        changed = replace(
            waiting,
            attempts=waiting.attempts + 1,
            next_at=self._next(waiting, submission, now) if answer.wait_seconds is None else now + int(answer.wait_seconds * SECOND),
            delayed_told=waiting.delayed_told or late,
            last_reply=world.translated(answer.reply),
            leased_until=None,
        )
        queue.wait(conn, changed)
        process_log.note_deferral(conn, changed, due.person.address, submission)

    def _next(self, waiting: Waiting, submission: SentLetter, now: Micros) -> Micros:
        """The next attempt: the wait doubles up to its limit, and never skips the instants at which the sender must be notified."""
        settings = self._world.settings
        pause = min(settings.queue.retry_seconds * 2**waiting.attempts, settings.queue.retry_seconds_max)
        moments = [
            submission.submitted_at + int(settings.queue.delayed_after_seconds * SECOND),
            retry_deadline(self._world, submission.submitted_at),
        ]
        return min([now + int(pause * SECOND), *(moment for moment in moments if moment > now)])

    def _event(self, due: Due, kind: TimelineKind, detail: Sentence) -> Event:
        return Event(self._world.ids.next(), due.person.id, kind, self._world.clock.now(), self._world.translated(detail))

    def _tell(self, conn: Connection, due: Due, action: DsnAction, answer: RecipientReply) -> None:
        """Write on the timeline, and send the notification when one is due."""
        world, person, submission = self._world, due.person, due.submission
        timeline_writing.add(self._world, conn, [self._event(due, _KINDS[action], answer.reply)])
        if not dsn_due(action, person.notify, submission.return_path):
            return
        raw = messages.raw(conn, submission.message_id)
        about = dsn.DsnEnvelope(submission.return_path, submission.submitted_at, submission.envelope_id, submission.return_full, raw)
        until = retry_deadline(world, submission.submitted_at) if action is DsnAction.DELAYED else None
        reply = world.translated(answer.reply)
        told = RecipientStatus(person.address, action, answer.status, reply, person.original, answer.host, until)
        self._delivery.deliver(conn, [delivery_reports.notification(world, conn, about, [told], submission.id, submission.operator_id)])
