"""The queue: recipients at another operator whose mailbox takes no mail for now.

A recipient is tried again after a wait that doubles. When the letter is `delayed_after_seconds` old, its sender is told once that it
is delayed; at `expires_after_seconds` it fails (ref: rfc5321#4.5.4.1). The state is in the store: a process that dies loses nothing.
"""

import asyncio
from dataclasses import replace
from functools import partial

from mss_sim import log
from mss_sim.clock import SECOND, Micros
from mss_sim.core import reports
from mss_sim.core.delivery import Delivery
from mss_sim.core.letters import Addressee, Envelope, Letter
from mss_sim.core.reports import retry_deadline
from mss_sim.core.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail import dsn
from mss_sim.mail.dsn import RecipientStatus
from mss_sim.mail.parse import Limits, parse
from mss_sim.policy.receipts import diagnostic, dsn_due
from mss_sim.store import mailboxes, messages, submissions
from mss_sim.store.engine import Connection
from mss_sim.store.submissions import Event, RecipientRow, Submission, Waiting
from mss_sim.vocabulary import Door, DsnAction, TimelineKind

_BATCH = 50
_NO_LIMITS = Limits(header_size_bytes=1 << 40, header_count=1 << 40, parts=1 << 40, depth=900)
"""What is stored was within the limits when it came, before the trace was written on top."""


class Queue:
    """Tries deferred recipients again, driven by the world's clock."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery
        self._log = log.get("core.queue")

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                while await self.work():
                    pass
            except Exception as error:  # noqa: BLE001 - the queue must outlive a bad moment of the store
                self._log.error("queue attempt failed", error=repr(error))
            await asyncio.sleep(self._world.settings.queue_poll_seconds)

    async def work(self) -> int:
        """Try every recipient whose time has come, once; how many were tried. One that cannot even be tried waits its longest wait."""
        now = self._world.clock.now()
        rows = await self._world.store.read(submissions.due, now, _BATCH)
        for waiting, _, _ in rows:
            try:
                await self._world.store.write(partial(self._attempt_one, recipient_id=waiting.recipient_id, now=now))
            except Exception as error:  # noqa: BLE001 - one letter must not hold up the others
                self._log.error("attempt failed", recipient=waiting.recipient_id, error=repr(error))
                later = now + int(self._world.settings.queue_retry_seconds_max * SECOND)
                await self._world.store.write(partial(submissions.wait, waiting=replace(waiting, next_at=later)))
        return len(rows)

    def _attempt_one(self, conn: Connection, *, recipient_id: int, now: Micros) -> None:
        for waiting, person, submission in submissions.due(conn, now, 1, recipient_id):
            self._attempt(conn, waiting, person, submission, now)

    def _attempt(self, conn: Connection, waiting: Waiting, person: RecipientRow, submission: Submission, now: Micros) -> None:
        refusal = self._deliver(conn, person, submission)
        if refusal is None:
            submissions.done_waiting(conn, person.id)
            self._tell(conn, person, submission, DsnAction.DELIVERED, "2.1.5", "250 2.1.5 Delivered", now)
            return
        status, reply = diagnostic(refusal)
        if not status.startswith("4"):
            submissions.done_waiting(conn, person.id)
            self._tell(conn, person, submission, DsnAction.FAILED, status, reply, now)
            return
        if now >= retry_deadline(self._world, submission.submitted_at):
            submissions.done_waiting(conn, person.id)
            expired, text = diagnostic(Refusal(Rule.EXPIRED, f"Delivery time expired. {refusal.detail}"))
            self._tell(conn, person, submission, DsnAction.FAILED, expired, text, now)
            return
        late = now >= submission.submitted_at + int(self._world.settings.delayed_after_seconds * SECOND)
        if late and not waiting.delayed_told:
            self._tell(conn, person, submission, DsnAction.DELAYED, status, reply, now)
        again = self._next(waiting, submission, now)
        told = waiting.delayed_told or late
        submissions.wait(
            conn,
            replace(
                waiting,
                attempts=waiting.attempts + 1,
                next_at=again,
                delayed_told=told,
                last_rule=refusal.rule,
                last_detail=refusal.detail,
            ),
        )

    def _next(self, waiting: Waiting, submission: Submission, now: Micros) -> Micros:
        """The next try: the wait doubles up to its limit, and never jumps over the moments when the sender must be told."""
        settings = self._world.settings
        pause = min(settings.queue_retry_seconds * 2**waiting.attempts, settings.queue_retry_seconds_max)
        moments = [
            submission.submitted_at + int(settings.delayed_after_seconds * SECOND),
            retry_deadline(self._world, submission.submitted_at),
        ]
        return min([now + int(pause * SECOND), *(moment for moment in moments if moment > now)])

    def _deliver(self, conn: Connection, person: RecipientRow, submission: Submission) -> Refusal | None:
        """Deliver the stored message to one recipient; the refusal when his mailbox still takes none."""
        row = messages.by_id(conn, submission.message_id)
        if row is None:
            return Refusal(Rule.EXPIRED, "The message is gone.")
        raw = messages.raw(conn, row.id)
        envelope = Envelope(submission.return_path, (Addressee(person.address),))
        parsed = parse(raw, _NO_LIMITS)
        letter = Letter(row.id, raw, parsed, row, envelope, Door.SYSTEM, self._world.clock.now(), tried_before=True)
        if submission.mailbox_id is not None:
            letter.sender_mailbox = mailboxes.addresses(conn, [submission.mailbox_id]).get(submission.mailbox_id)
        return self._delivery.deliver_stored(conn, letter)

    def _tell(
        self,
        conn: Connection,
        person: RecipientRow,
        submission: Submission,
        action: DsnAction,
        status: str,
        reply: str,
        now: Micros,
    ) -> None:
        """Write on the timeline, and send the notification when one is due."""
        world = self._world
        kinds = {
            DsnAction.DELIVERED: TimelineKind.DELIVERED,
            DsnAction.FAILED: TimelineKind.FAILED,
            DsnAction.DELAYED: TimelineKind.DELAYED,
        }
        submissions.add_events(conn, [Event(world.ids.next(), person.id, kinds[action], now, reply)])
        if not dsn_due(action, person.notify, submission.return_path):
            return
        raw = messages.raw(conn, submission.message_id)
        about = dsn.Envelope(submission.return_path, submission.submitted_at, submission.envelope_id, submission.return_full, raw)
        until = retry_deadline(world, submission.submitted_at) if action is DsnAction.DELAYED else None
        told = RecipientStatus(person.address, action, status, reply, person.original, will_retry_until=until)
        self._delivery.deliver(conn, [reports.notification(world, about, [told], submission.id)])
