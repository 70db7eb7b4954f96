"""Delivery: from letters to copies on disk, many letters in one transaction.

This is the one place where mail enters mailboxes. Everything that the decision needs is read from locked rows in the transaction
that writes the copies: a mailbox that was closed or filled, or a grant that was revoked, since RCPT is seen here. What was accepted
and cannot be delivered is returned to its sender as a notification, in the same transaction. Order of work, for a whole group at once:

    receiving and folders locked → each letter sorted (policy) → threads → messages, copies, counters → submissions and timelines
    → rights of patients → reports matched → journal → notifications, which are letters themselves
"""

from collections.abc import Callable, Sequence

from mss_sim.core.access import patient_identities, rights_in_force
from mss_sim.core.conversations import answer_rights
from mss_sim.core.mailflow import (
    delivery_records,
    faults,
    forwarded_letters,
    idempotency,
    mes_bounces,
    out_of_office,
    planned_reactions,
    report_matching,
    submitted_receipts,
    threads,
)
from mss_sim.core.mailflow import delivery_reports as reports
from mss_sim.core.mailflow.letter import Accepted, Addressee, Delivered, Letter, Missed, Relayed, RoutedLetter, Warned, answer_of
from mss_sim.core.world.world import World
from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.mail.addresses import domain_of
from mss_sim.policy import closure
from mss_sim.policy.access import right_missing
from mss_sim.policy.delegation import SendAs, decide_leaving, decide_sending
from mss_sim.policy.routing import Disposal, MailboxFitness, Room, Scope, decide_route, standing
from mss_sim.store import folders, forwardings, identities, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.folders import Folder
from mss_sim.store.mailboxes import DeliveryMailbox
from mss_sim.store.messages import CopyRow, MessageRef
from mss_sim.store.operators import Operator
from mss_sim.vocabulary.doors import Door, Relay
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, Flag, MailboxKind, Right, SendMode, SentPolicy, SpecialUse
from mss_sim.words.sentence import say

_COPY_BYTES = 12 * 1024
"""Approximate growth of SQLite's log per copy: a page of each of its indexes."""


class Delivery:
    """Delivers the letters of one world; `deliver` is a bulk of the store's writer."""

    def __init__(self, world: World, wake: Callable[[], None], diagnose: Callable[[int], None] | None = None) -> None:
        """`wake` is called after a commit that put something into the queue, so that it leaves at once; `diagnose` before that of a letter
        with files, by its id, into a mailbox that keeps what is wrong with them.
        """
        self._world = world
        self._diagnose = diagnose
        self._enqueued = False
        self._planned = False
        self._wake = wake

    async def send(self, letter: Letter) -> Accepted:
        """Deliver one letter and return once it is on disk; its refusal is raised and nothing is kept."""
        written = letter.row.size_bytes + _COPY_BYTES * len(letter.envelope.recipients)
        accepted = await self._world.store.write_in_bulk(self.deliver, letter, written)
        self.wake_queue_if_needed()
        return accepted

    def wake_queue_if_needed(self) -> None:
        """Wake the queue and the planned steps if something was added to them; called after a commit, cheap when nothing was."""
        if self._enqueued:
            self._enqueued = False
            self._wake()
        if self._planned:
            self._planned = False
            self._world.steps_planned.set()

    def deliver(self, conn: Connection, letters: Sequence[Letter]) -> list[Accepted | Exception]:
        """Deliver letters in one transaction; a refused one gives its refusal in its place."""
        results: dict[int, Accepted | Exception] = {}
        waiting = list(letters)
        while waiting:
            now, later = idempotency.split_same_keys(waiting)
            first = _before_an_answer(now)
            results |= self._deliver_group(conn, now[:first])
            waiting = [*now[first:], *later]
        return [results[letter.id] for letter in letters]

    def _deliver_group(self, conn: Connection, letters: Sequence[Letter]) -> dict[int, Accepted | Exception]:
        receiving = mailboxes.lock_for_delivery(conn, _addresses(conn, letters))
        among = threads.known_threads(conn, letters)
        results: dict[int, Accepted | Exception] = {}
        kept: list[RoutedLetter] = []
        for letter in letters:
            try:
                before = idempotency.previous_answer(self._world, conn, letter)
                if before:
                    results[letter.id] = before
                    continue
                sorted_ = self._sort(conn, letter, receiving, among)
            except Refusal as refusal:
                results[letter.id] = refusal
                continue
            among.add(sorted_)
            kept.append(sorted_)
        if kept:
            self._store(conn, kept, receiving)
            results |= {sorted_.letter.id: answer_of(sorted_) for sorted_ in kept}
            self._enqueued |= any(sorted_.relayed for sorted_ in kept)
            notifications = reports.notifications(self._world, conn, kept)
            if notifications:
                self.deliver(conn, notifications)
            self._follow(conn, kept)
        return results

    def deliver_stored(self, conn: Connection, letter: Letter) -> Refusal | None:
        """Deliver an already stored message to its one recipient; the refusal when their mailbox accepts no mail now."""
        receiving = mailboxes.lock_for_delivery(conn, _addresses(conn, [letter]))
        sorted_ = RoutedLetter(letter, letter.row.thread_id)
        addressee = letter.envelope.recipients[0]
        mailbox = receiving.get(addressee.address)
        refusal = self._sort_one(conn, sorted_, addressee, None, mailbox)  # its sender was judged when it was accepted
        if refusal is None:
            self._store_effects(conn, [sorted_], receiving)
            self._follow(conn, [sorted_])
        return refusal

    def _follow(self, conn: Connection, stored: Sequence[RoutedLetter]) -> None:
        """What mailboxes do by themselves with letters that have arrived."""
        answers = out_of_office.answers(self._world, conn, stored)
        if answers:
            self.deliver(conn, answers)
        for copy in forwarded_letters.due(self._world, conn, stored):
            forwarded_letters.note(self._world, conn, copy, self.deliver(conn, [copy.made])[0])

    def _sort(self, conn: Connection, letter: Letter, receiving: dict[str, DeliveryMailbox], among: threads.KnownThreads) -> RoutedLetter:
        """Decide on one letter; Refusal when none of it may be kept."""
        sender = receiving.get(letter.left_from)
        hidden = threads.hidden_from(conn, letter, sender)
        answered = threads.answered(conn, letter, sender, receiving, among, hidden=hidden)
        twin = threads.twin(conn, letter, sender) if self._may_have_left(conn, letter) else None
        thread_id = answered[0].thread_id if answered else threads.of_new(conn, letter, sender, receiving, hidden=hidden)
        sorted_ = RoutedLetter(
            letter, twin.thread_id if twin else thread_id, twin=twin.message_id if twin else None, hidden=hidden or frozenset()
        )
        if letter.submitted:
            sorted_.sending = self._sending(conn, letter, sender)
            submitted_receipts.check_null_path(letter)
            about = submitted_receipts.subject_of(conn, letter, sorted_.hidden)
            if about and sender:
                submitted_receipts.check(self._world, conn, letter, about, sender)
                sorted_.receipt_of = about
        refusals = []
        for addressee in letter.envelope.recipients:
            refusal = self._sort_one(conn, sorted_, addressee, sender, receiving.get(addressee.address), answered)
            if refusal:
                refusals.append(refusal)
        nobody = not sorted_.delivered and not sorted_.relayed and all(way is Disposal.REFUSE for _, way, _ in sorted_.missed)
        strict = letter.submitted is not None and letter.submitted.strict
        if refusals and (strict or nobody):
            _release_room(sorted_)
            raise RecipientsRefused(refusals) if strict else refusals[0]
        if letter.submitted and sender:
            sorted_.sent_in = self._sent_in(letter, sender, sorted_.sending, receiving)
        return sorted_

    def _sending(self, conn: Connection, letter: Letter, sender: DeliveryMailbox | None) -> SendAs:
        """In what quality the letter is sent; checked again here because a grant may have ended since MAIL."""
        origin = letter.submitted
        if origin is None or sender is None:
            raise Refusal(Rule.SEND_NOT_ALLOWED, say("The mailbox that the letter leaves from is gone."))
        if not identities.is_enabled(conn, origin.actor_id):
            raise Refusal(Rule.SEND_NOT_ALLOWED, say("Your identity was disabled."), reference="quirks#log-in-taken-back")
        held = rights_in_force.access(conn, sender, origin.actor_id, letter.at)
        sending = decide_sending(held, sender.address, self._world.settings.delegation.send_precedence, origin.wished)
        effect = closure.effect_of(sender.kind, MailboxKind.PATIENT, *letter.parsed.marks)
        if effect in (closure.Effect.CLOSE, closure.Effect.WITHDRAW) and _writes_to_patients(letter):
            lacking = held.lacks(Right.CLOSE)
            if lacking:
                right_missing(lacking, sender.address)
        decide_leaving(sender.state, sender.address)
        return sending

    def _sort_one(
        self,
        conn: Connection,
        sorted_: RoutedLetter,
        addressee: Addressee,
        sender: DeliveryMailbox | None,
        mailbox: DeliveryMailbox | None,
        answered: Sequence[MessageRef] = (),
    ) -> Refusal | None:
        """Put one recipient among the delivered, the relayed or the missed; returns the refusal when it would be refused."""
        letter = sorted_.letter
        operator = self._world.directory.operator_in(conn, addressee.address)
        local = letter.operator_id in (None, operator.id if operator else None)
        judged = letter.tried_before or sorted_.twin is not None  # when it was accepted: what closes since comes after it
        try:
            if sender and sender.kind is not MailboxKind.PATIENT:
                self._warn(conn, sorted_, addressee.address, operator)
            elif sender and not judged and not _is_receipt_to(sorted_, addressee.address):
                parent = answered[0] if answered else None  # the conversation that the letter will be filed in decides
                answer_rights.check_answer(self._world, conn, sender, addressee.address, mailbox, parent, hidden=sorted_.hidden)
        except Refusal as refusal:
            sorted_.missed.append(Missed(addressee, Disposal.REFUSE, refusal))
            return refusal
        stands = self._fitness_of(mailbox, operator, letter)
        relays = self._relays(letter, operator, local=local)
        waits = letter.held_seconds and not letter.tried_before
        if waits or (relays and (self._world.settings.peers.unknown_bounces or stands is MailboxFitness.ACTIVE)):
            sorted_.relayed.append(Relayed(addressee, letter.held_seconds))
            return None
        reach = self._reach(letter, addressee.address, local=local)
        route = decide_route(addressee.address, stands, reach)
        if route.refusal is None and mailbox is not None and self._world.faults.at(Point.DELIVERY):
            failing = faults.at_delivery(self._world, letter, addressee, reach)
            if isinstance(failing, Relayed):
                sorted_.relayed.append(failing)
                return None
            route = failing or route
        if route.refusal is None and mailbox is not None:
            mailbox.used_bytes += letter.row.size_bytes
            sorted_.delivered.append(Delivered(addressee, mailbox, not local))
            return None
        why = route.refusal or Refusal(Rule.UNKNOWN_MAILBOX, say("There is no mailbox {address}.", address=addressee.address))
        sorted_.missed.append(Missed(addressee, route.way, why))
        return why if route.way is Disposal.REFUSE else None

    def _warn(self, conn: Connection, sorted_: RoutedLetter, address: str, operator: Operator | None) -> None:
        """Note what the sender has to know of a patient's address; Refusal when it may not be written to. Operators outside know best."""
        if sorted_.letter.submitted and operator is not None and operator.mx is None:
            warning = patient_identities.check_addressee(self._world, conn, address)
            if warning:
                sorted_.warned.append(Warned(address, warning))

    def _reach(self, letter: Letter, address: str, *, local: bool) -> Scope:
        if letter.door is Door.SYSTEM and not letter.tried_before:
            return Scope.NOTICE
        if letter.door is Door.MX:
            return mes_bounces.scope_here(self._world, address)
        return Scope.LOCAL if local or not self._world.settings.peers.unknown_bounces else Scope.REMOTE

    def _may_have_left(self, conn: Connection, letter: Letter) -> bool:
        """Whether a letter that comes in by the MX port may have been submitted to this same store."""
        if letter.door is not Door.MX or self._world.settings.relay is not Relay.SMTP:
            return False
        operator = self._world.directory.operator_in(conn, letter.left_from) if letter.left_from else None
        return operator is not None and operator.mx is None

    def _relays(self, letter: Letter, operator: Operator | None, *, local: bool) -> bool:
        """Whether another server handles a recipient: an external operator, or one of this world when mail goes over the wire."""
        if operator is None or letter.door is Door.MX or letter.tried_before:
            return False
        return operator.mx is not None or (not local and self._world.settings.relay is Relay.SMTP)

    def _fitness_of(self, mailbox: DeliveryMailbox | None, operator: Operator | None, letter: Letter) -> MailboxFitness:
        if mailbox is None:
            if operator is not None and operator.mx is not None and letter.door is not Door.MX:
                return MailboxFitness.ACTIVE
            return MailboxFitness.OUTSIDE if operator is None else MailboxFitness.UNKNOWN
        limit = self._world.directory.limit_of(mailbox.message_size_bytes_max, mailbox.operator_id)
        size = 0 if letter.tried_before else letter.parsed.size_bytes - letter.trace_bytes
        return standing(mailbox.state, Room(mailbox.used_bytes, mailbox.quota_bytes, limit), size, letter.row.size_bytes - size)

    def _sent_in(
        self, letter: Letter, sender: DeliveryMailbox, sending: SendAs | None, receiving: dict[str, DeliveryMailbox]
    ) -> list[DeliveryMailbox]:
        """The mailboxes that get a copy in Sent: the holder's own for a holder, by the mailbox's policy for a delegate."""
        if letter.door is Door.SMTP and not self._world.settings.sent.copy_on_submission:
            return []
        own = receiving.get(letter.submitted.own_mailbox or "") if letter.submitted else None
        policy = SentPolicy.OWNER if sending is None or sending.mode is SendMode.OWNER else sender.sent_policy
        wanted = {
            SentPolicy.OWNER: [sender],
            SentPolicy.SENDER: [own or sender],
            SentPolicy.BOTH: [sender, own or sender],
            SentPolicy.NONE: [],
        }[policy]
        found = list({mailbox.id: mailbox for mailbox in wanted}.values())
        for mailbox in found:
            mailbox.used_bytes += letter.row.size_bytes
        return found

    def _store(self, conn: Connection, kept: list[RoutedLetter], receiving: dict[str, DeliveryMailbox]) -> None:
        stored = [sorted_ for sorted_ in kept if sorted_.delivered or sorted_.sent_in or sorted_.relayed or sorted_.missed]
        rows = [sorted_.letter.row._replace(thread_id=sorted_.thread_id) for sorted_ in stored]
        messages.add(conn, rows, [_body(sorted_.letter) for sorted_ in stored])
        self._store_effects(conn, stored, receiving)

    def _store_effects(self, conn: Connection, stored: list[RoutedLetter], receiving: dict[str, DeliveryMailbox]) -> None:
        """Everything that follows once the messages themselves are stored."""
        self._add_copies(conn, stored)
        touched = {mailbox.id: mailbox for sorted_ in stored for mailbox in (*(b for _, b, _ in sorted_.delivered), *sorted_.sent_in)}
        mailboxes.save_usage(conn, touched.values())
        delivery_records.record(self._world, conn, stored, receiving)
        idempotency.remember(self._world, conn, stored)
        for sorted_ in stored:
            if self._diagnose and sorted_.letter.row.has_attachments and any(box.keeps_diagnoses for _, box, _ in sorted_.delivered):
                self._diagnose(sorted_.letter.id)
            if sorted_.receipt_of:
                submitted_receipts.note_sent(conn, sorted_.receipt_of.mailbox_id, sorted_.receipt_of.message_id, sorted_.letter.at)
            report_matching.match(self._world, conn, sorted_)
            self._planned |= planned_reactions.plan(self._world, conn, sorted_, receiving) | mes_bounces.plan(self._world, conn, sorted_)

    def _add_copies(self, conn: Connection, stored: list[RoutedLetter]) -> None:
        """Copies with their numbers; the folder rows are locked first, in one order, then written back once."""
        ids = {mailbox.id for sorted_ in stored for _, mailbox, _ in sorted_.delivered} | {b.id for s in stored for b in s.sent_in}
        if not ids:
            return
        lying = folders.for_delivery(conn, ids, sent=any(sorted_.sent_in for sorted_ in stored))
        rows: list[CopyRow] = []
        for sorted_ in stored:
            for _, mailbox, _ in sorted_.delivered:
                rows.append(self._copy(sorted_.letter, lying[mailbox.id, SpecialUse.INBOX], Flag(0)))
            for mailbox in sorted_.sent_in:
                copy = self._copy(sorted_.letter, lying[mailbox.id, SpecialUse.SENT], Flag.SEEN)
                sorted_.sent_copy_id = sorted_.sent_copy_id or copy.id
                rows.append(copy)
        messages.add_copies(conn, rows)
        changed = {row.folder_id for row in rows}
        folders.save_counters(conn, [folder for folder in lying.values() if folder.id in changed])

    def _copy(self, letter: Letter, folder: Folder, flags: Flag) -> CopyRow:
        uid, modseq = folder.enter(flags)
        return CopyRow(self._world.ids.next(), folder.mailbox_id, folder.id, letter.id, uid, modseq, flags, "", letter.at)


def _before_an_answer(letters: Sequence[Letter]) -> int:
    """How many letters of a group come before the first that a patient wrote after one to them, which gives or withdraws their rights."""
    written_to: set[str] = set()
    for number, letter in enumerate(letters):
        if letter.left_from in written_to:
            return number
        written_to.update(one.address for one in letter.envelope.recipients if domain_of(one.address) == PATIENT_DOMAIN)
    return len(letters)


def _is_receipt_to(sorted_: RoutedLetter, address: str) -> bool:
    """Whether the letter is the read receipt that was requested at that address: it is not an answer, and always leaves."""
    letter, about = sorted_.letter, sorted_.receipt_of
    if letter.envelope.sender or not letter.parsed.is_report:
        return False
    return letter.tried_before or letter.door is Door.MX or (about is not None and address in about.receipt_to)


def _body(letter: Letter) -> tuple[int, bytes, bytes, str, bytes]:
    return letter.id, letter.imap_envelope, letter.parsed.structure, letter.search_text, letter.raw


def _writes_to_patients(letter: Letter) -> bool:
    return any(domain_of(addressee.address) == PATIENT_DOMAIN for addressee in letter.envelope.recipients)


def _addresses(conn: Connection, letters: Sequence[Letter]) -> set[str]:
    """Every address whose mailbox the group needs, itself or for what is passed on."""
    found: set[str] = set()
    for letter in letters:
        found.update(addressee.address for addressee in letter.envelope.recipients)
        found.update(address for _, address in letter.parsed.reply_to)
        found.update((letter.envelope.sender, letter.left_from))
        if letter.submitted:
            found.update(address for address in (letter.submitted.mailbox, letter.submitted.own_mailbox) if address)
    found.discard("")
    return found | forwardings.locked_with(conn, found)


def _release_room(sorted_: RoutedLetter) -> None:
    """Give back the room that a refused letter had taken."""
    for _, mailbox, _ in sorted_.delivered:
        mailbox.used_bytes -= sorted_.letter.row.size_bytes
