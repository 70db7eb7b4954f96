"""Read receipts of a mailbox: written, sent, and those that reading sends by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from mss_sim.core.access import gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import MailboxAccess, Requester
from mss_sim.core.mailflow import faults
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.delivery_reports import system_letter
from mss_sim.core.mailflow.letter import Letter, OfServer
from mss_sim.core.mailflow.submitted_receipts import note_sent
from mss_sim.core.world.store_types import JournalEntry
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.faults.actions import Delay, Drop, Duplicate
from mss_sim.mail import mdn, mdn_forms
from mss_sim.mail.headers import read_headers, split
from mss_sim.mail.summary import read_summary
from mss_sim.policy.delegation import decide_leaving
from mss_sim.policy.masks import decide_carer_receipt, viewer_of
from mss_sim.policy.receipts import ReceiptRequest, decide_receipt
from mss_sim.store import conversations, identities, messages, submissions
from mss_sim.store.engine import Connection
from mss_sim.store.messages import ListedMessage
from mss_sim.vocabulary.behaviours import ReceiptForm
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import Disposition
from mss_sim.vocabulary.mailboxes import KEYWORD_MDN_SENT, Right
from mss_sim.words.sentence import say

_HEADERS_MAX = 100_000  # its limits were applied when it arrived
_USER_AGENT = "mss-sim"


@dataclass(frozen=True, slots=True)
class ReceiptWish:
    """The reader's choices for a receipt. `confirmed`: they agree to answer an address that is not the return path.

    `form`: what leaves in its place, where a test wants it wrong; never NONE.
    """

    disposition: Disposition = Disposition.DISPLAYED
    error: str | None = None
    confirmed: bool = False
    automatic: bool = False
    form: ReceiptForm = ReceiptForm.CORRECT


@dataclass(frozen=True, slots=True)
class SentReceipt:
    """A read receipt that was sent, and to whom."""

    to: str
    message_id: int


class WrittenReceipt(NamedTuple):
    """A read receipt of a mailbox about a letter, not sent yet. `leaving`: what leaves, by a fault nothing or more than one letter."""

    to: str
    mailbox_id: int
    message_id: int
    letter_id: int
    leaving: list[Letter]
    by: Requester
    entry: Entry


class Receipts:
    """Sends read receipts."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery

    async def send(self, actor: Actor, address: str, copy_id: int, wish: ReceiptWish) -> SentReceipt:
        """Send the read receipt that a letter requests; the actor must have the right to read it. Everything in one transaction."""
        receipt = await self._world.store.write(lambda conn: self.send_in(conn, actor, address, copy_id, wish))
        self._delivery.wake_queue_if_needed()
        return receipt

    def send_in(self, conn: Connection, actor: Actor, address: str, copy_id: int, wish: ReceiptWish) -> SentReceipt:
        """The same within a unit of work; the caller wakes the queue after it."""
        (sent,) = self.send_written(conn, [self.write_in(conn, actor, address, copy_id, wish)])
        if isinstance(sent, Exception):
            raise sent
        return sent

    def write_in(self, conn: Connection, actor: Actor, address: str, copy_id: int, wish: ReceiptWish) -> WrittenReceipt:
        """The receipt that a letter requests, to be sent in the same unit of work; Refusal when none may leave."""
        world, now = self._world, self._world.clock.now()
        held = gate.require(world, conn, actor, address, Right.READ)
        item = messages.one(conn, held.mailbox.id, copy_id, None)
        if item is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no such message in this mailbox."))
        decide_leaving(held.mailbox.state, address)
        decide_carer_receipt(viewer_of(held.mailbox.kind, held.access), allowed=world.settings.carers.receipts)
        to = self._decide(conn, held, item, wish)
        receipt = _receipt(conn, held.mailbox.address, held.mailbox.label or _reader(conn, held, actor), to, item, wish)
        letters = [
            system_letter(world, raw, OfServer(held.mailbox.operator_id), to=to, at=now) for raw in self._written(receipt, item, wish)
        ]
        leaving = [one for whole in letters for one in self._leaving(whole, held.mailbox.address, to, actor)]
        detail = {"to": to, "disposition": wish.disposition, "of": item.message.rfc_message_id}
        sent = journal.entry(held, Right.READ, Act.RECEIPT_SENT, detail, message_id=item.message.id)
        return WrittenReceipt(to, held.mailbox_id, item.message.id, letters[0].id, leaving, journal.by(actor), sent)

    def send_written(self, conn: Connection, written: Sequence[WrittenReceipt]) -> list[SentReceipt | Exception]:
        """Deliver receipts together and note that they were sent; why not, in the place of one that cannot be delivered."""
        now = self._world.clock.now()
        outcomes = iter(self._delivery.deliver(conn, [letter for one in written for letter in one.leaving]))
        sent: list[SentReceipt | Exception] = []
        lines: list[JournalEntry] = []
        for one in written:
            failed = [outcome for outcome in islice(outcomes, len(one.leaving)) if isinstance(outcome, Exception)]
            if failed:
                sent.append(failed[0])
                continue
            note_sent(conn, one.mailbox_id, one.message_id, now)
            lines += journal.lines(self._world, one.by, [one.entry], at=now)
            sent.append(SentReceipt(one.to, one.letter_id))
        journal.add(conn, lines)
        return sent

    def _written(self, receipt: mdn.Receipt, item: ListedMessage, wish: ReceiptWish) -> list[bytes]:
        """What leaves: the receipt, twice or deformed where a test wants it."""
        world, found = self._world, []
        for _ in range(2 if wish.form is ReceiptForm.TWICE else 1):
            message_id, language = world.ids.message_id(world.settings.hostname), world.settings.language
            raw = mdn.compose(receipt, reporting_ua=_USER_AGENT, message_id=message_id, at=world.clock.now(), language=language)
            right = wish.form in (ReceiptForm.CORRECT, ReceiptForm.TWICE)
            found.append(raw if right else mdn_forms.deformed(raw, wish.form, letter_at=item.message.received_at))
        return found

    def _leaving(self, letter: Letter, mailbox: str, to: str, actor: Actor) -> list[Letter]:
        """The receipt, unless a fault loses it, doubles it or holds it back."""
        world = self._world
        fault = faults.at_read_receipt(world, mailbox, to, actor.identity.idnat) if world.faults.at(Point.READ_RECEIPT) else None
        match fault.action if fault else None:
            case Drop():
                return []
            case Duplicate():
                again = system_letter(world, letter.raw, OfServer(letter.operator_id), to=to, at=letter.at)
                return [letter, again]
            case Delay(seconds):
                return [replace(letter, held_seconds=seconds)]
        return [letter]

    def _decide(self, conn: Connection, held: MailboxAccess, item: ListedMessage, wish: ReceiptWish) -> str:
        summary = read_summary(item.message.summary)
        request = ReceiptRequest(
            receipt_to=tuple(summary.receipt_to),
            return_path=item.message.return_path,
            already_sent=conversations.receipt_sent(conn, item.message.id, held.mailbox_id)
            or KEYWORD_MDN_SENT in item.copy.keywords.split(),
            is_report=summary.is_report,
            required_options=mdn.required_options(_field(conn, item, "Disposition-Notification-Options")) if summary.receipt_to else (),
        )
        if submissions.of_message(conn, item.message.id, held.mailbox_id) and request.return_path == held.mailbox.address:
            raise Refusal(Rule.RECEIPT_NOT_REQUESTED, say("This mailbox sent the letter itself; there is nobody to tell."))
        return decide_receipt(request, confirmed=wish.confirmed)


def _reader(conn: Connection, held: MailboxAccess, actor: Actor) -> str:
    """Whose name a receipt bears: a carer's opening is the patient's to the requester (ref: quirks#carer-receipt)."""
    patient = identities.by_id(conn, held.mailbox.owner_id) if held.carer_of is not None else None
    return patient.name if patient else actor.identity.name


def awaited(conn: Connection, mailbox_id: int, copy_ids: Sequence[int]) -> list[int]:
    """The copies among these whose senders requested a receipt that has not been sent yet."""
    found = []
    for copy_id in copy_ids:
        item = messages.one(conn, mailbox_id, copy_id, None)
        if item and read_summary(item.message.summary).receipt_to and KEYWORD_MDN_SENT not in item.copy.keywords.split():
            found.append(copy_id)
    return found


def _field(conn: Connection, item: ListedMessage, name: str) -> str | None:
    """A header field that no summary holds."""
    raw = messages.raw(conn, item.message.id)
    return read_headers(raw[: split(raw)[0]], count_max=_HEADERS_MAX).text(name)


def _receipt(conn: Connection, address: str, name: str, to: str, item: ListedMessage, wish: ReceiptWish) -> mdn.Receipt:
    if item.message.rfc_message_id is None:
        given = _field(conn, item, "Message-ID")
        detail = say("The letter has no Message-ID, so no receipt can say which one was read.")
        if given:
            named = say(
                "The Message-ID of the letter, {given}, is not of the form <left@right> with its angle brackets", given=mdn.shortened(given)
            )
            detail = say("{named}, so no receipt can say which one was read; its sender has to write it so.", named=named)
        raise Refusal(Rule.RECEIPT_NOT_REQUESTED, detail, reference="rfc5322#3.6.4" if given else "quirks#message-id-and-date")
    return mdn.Receipt(
        final_recipient=address,
        name=name,
        to=("", to),
        original_message_id=item.message.rfc_message_id,
        original_subject=item.message.subject,
        original_raw=messages.raw(conn, item.message.id),
        disposition=wish.disposition,
        automatic_action=wish.automatic and wish.disposition is not Disposition.DISPLAYED,
        automatic_sending=wish.automatic,
        error=wish.error,
    )
