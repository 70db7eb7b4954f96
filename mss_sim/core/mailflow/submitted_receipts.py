"""Read receipts sent by a reader's own mail program: when they may be sent, and that one is enough.

| what the report says                                | verdict                       |
|-----------------------------------------------------|-------------------------------|
| of a letter that does not lie in the mailbox, or of another reader | an ordinary letter |
| of a letter that asked for no receipt               | `receipt-not-requested`       |
| by somebody who may not read that mailbox           | `right-missing`               |
| a second time, through whatever door                | `receipt-already-sent`        |
| without a return path, and it cannot be read        | `malformed-message`           |
| otherwise                                           | leaves, and is remembered     |
"""

from collections.abc import Collection, Sequence

from mss_sim.clock import Micros
from mss_sim.core.access import rights_in_force
from mss_sim.core.mailflow.letter import Letter, ReceiptSubject
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail import mdn
from mss_sim.mail.returned import likeness, returned_letter
from mss_sim.mail.summary import read_summary
from mss_sim.policy.access import right_missing
from mss_sim.policy.masks import decide_carer_receipt, viewer_of
from mss_sim.store import conversations, folders, mailboxes, messages
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox
from mss_sim.store.messages import MessageRow
from mss_sim.vocabulary.mailboxes import KEYWORD_MDN_SENT, Right
from mss_sim.words.sentence import say


def subject_of(conn: Connection, letter: Letter, hidden: Collection[int] = ()) -> ReceiptSubject | None:
    """The letter that a submitted read receipt is about; None when it is not a receipt, or the mailbox never received that letter.

    What is `hidden` from the carer who submits it was never received.
    """
    if letter.submitted is None or letter.report is None:
        return None
    report, reader = letter.report, mailboxes.by_address(conn, letter.submitted.mailbox)
    if report.message_id is None or reader is None or not report.is_receipt_of(reader.address):
        return None
    lying = [row for row in messages.lying_in(conn, report.message_id, reader.id) if row.id not in hidden]
    if not lying:
        return None
    row = lying[0] if len(lying) == 1 else _meant(conn, letter, lying, reader.id)
    return ReceiptSubject(reader.id, row.id, frozenset(read_summary(row.summary).receipt_to))


def _meant(conn: Connection, letter: Letter, lying: Sequence[MessageRow], mailbox_id: int) -> MessageRow:
    """Of several letters with one Message-ID the one that the receipt gives back, else one for which none has left yet."""
    returned = returned_letter(letter.received, letter.parsed.root)
    return max(
        lying,
        key=lambda row: (likeness(returned, messages.raw(conn, row.id)), not conversations.receipt_sent(conn, row.id, mailbox_id)),
    )


def check_null_path(letter: Letter) -> None:
    """Refuse a person's submission without a return path, unless it is their own read receipt: no server sends through a person."""
    if letter.envelope.sender or letter.submitted is None:
        return
    report, own = letter.report, letter.submitted.mailbox
    why = mdn.unreadable(letter.received, letter.parsed.root) if report is None else None
    if why:
        detail = say("The read receipt cannot be read, and its sender would not be told: {why}.", why=why)
        raise Refusal(Rule.MALFORMED_MESSAGE, detail, subject=own, reference="rfc8098#3.2")
    if report is None or not report.is_receipt_of(own):
        detail = say("Only a read receipt of {own} itself leaves without a return path; say MAIL FROM:<{own}>.", own=own)
        raise Refusal(Rule.SEND_NOT_ALLOWED, detail, subject=own, reference="rfc8098#3")


def check(world: World, conn: Connection, letter: Letter, about: ReceiptSubject, sender: DeliveryMailbox) -> None:
    """Refuse a read receipt by the table above (ref: rfc8098#2.1)."""
    if letter.submitted:
        held = rights_in_force.access(conn, sender, letter.submitted.actor_id, letter.at)
        lacking = held.lacks(Right.READ)
        if lacking:
            right_missing(lacking, sender.address)
        decide_carer_receipt(viewer_of(sender.kind, held), allowed=world.settings.carers.receipts)
    if not about.receipt_to:
        detail = say("That letter asked for no read receipt: it has no Disposition-Notification-To. Send none.")
        raise Refusal(Rule.RECEIPT_NOT_REQUESTED, detail, reference="rfc8098#2.1")
    if conversations.receipt_sent(conn, about.message_id, about.mailbox_id):
        detail = say("The read receipt for that letter has left already; it is sent once.")
        raise Refusal(Rule.RECEIPT_ALREADY_SENT, detail, reference="rfc8098#2.1")


def note_sent(conn: Connection, mailbox_id: int, message_id: int, at: Micros) -> None:
    """Record that a mailbox has sent its read receipt for a letter, once, and mark its copies (ref: rfc3503#3)."""
    conversations.note_receipt(conn, message_id, mailbox_id, at)
    for copy_id in messages.copies_of(conn, mailbox_id, message_id):
        item = messages.one(conn, mailbox_id, copy_id, None)
        if item is None:
            continue
        folder = folders.lock(conn, [item.copy.folder_id])[item.copy.folder_id]
        words = " ".join(sorted({*item.copy.keywords.split(), KEYWORD_MDN_SENT}))
        messages.set_flags(conn, [(copy_id, item.copy.flags, words, folder.step())])
        folders.save_counters(conn, [folder])
