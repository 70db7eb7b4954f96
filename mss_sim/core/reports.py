"""Notifications that delivery owes to senders, and reports that come in and are matched with the letter they speak of."""

from collections.abc import Sequence
from itertools import groupby

from mss_sim.clock import SECOND, Micros
from mss_sim.core.letters import Addressee, Envelope, Letter, Sorted, prepare
from mss_sim.core.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.mail import dsn, mdn
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.dsn import RecipientStatus
from mss_sim.mail.parse import parse
from mss_sim.policy.receipts import diagnostic, dsn_due
from mss_sim.policy.routing import Way
from mss_sim.store import conversations, folders, journal, mailboxes, messages, submissions
from mss_sim.store.engine import Connection
from mss_sim.store.journal import Line
from mss_sim.store.submissions import Event, Submission
from mss_sim.vocabulary import KEYWORD_MDN_SENT, Act, Disposition, Door, DsnAction, TimelineKind

_DISPOSITIONS: dict[Disposition, TimelineKind] = {
    Disposition.DISPLAYED: TimelineKind.DISPLAYED,
    Disposition.PROCESSED: TimelineKind.PROCESSED,
    Disposition.DISPATCHED: TimelineKind.PROCESSED,
    Disposition.DELETED: TimelineKind.PROCESSED,
}
_ACTIONS: dict[DsnAction, TimelineKind] = {
    DsnAction.DELIVERED: TimelineKind.DELIVERED,
    DsnAction.RELAYED: TimelineKind.RELAYED,
    DsnAction.EXPANDED: TimelineKind.RELAYED,
    DsnAction.DELAYED: TimelineKind.DELAYED,
    DsnAction.FAILED: TimelineKind.FAILED,
}


def notifications(world: World, kept: Sequence[Sorted]) -> list[Letter]:
    """The notifications due for letters just sorted, one per letter and action."""
    letters = []
    for sorted_ in kept:
        statuses = _statuses(sorted_)
        if statuses:
            envelope = sorted_.letter.envelope
            about = dsn.Envelope(envelope.sender, sorted_.letter.at, envelope.envelope_id, envelope.return_full, sorted_.letter.raw)
            number = sorted_.letter.submission_id
            letters += [notification(world, about, list(group), number) for _, group in groupby(statuses, key=lambda one: one.action)]
    return letters


def _statuses(sorted_: Sorted) -> list[RecipientStatus]:
    """What is due, ordered by action. A deferred recipient gets nothing yet: the queue tells later."""
    letter = sorted_.letter
    sender = letter.envelope.sender
    found = []
    for addressee, _, _ in sorted_.delivered:
        if dsn_due(DsnAction.DELIVERED, addressee.notify, sender):
            found.append(RecipientStatus(addressee.address, DsnAction.DELIVERED, "2.1.5", "250 2.1.5 Delivered", addressee.original))
    for addressee, way, refusal in sorted_.missed:
        if way is not Way.DEFER and dsn_due(DsnAction.FAILED, addressee.notify, sender):
            status, reply = diagnostic(refusal)
            found.append(RecipientStatus(addressee.address, DsnAction.FAILED, status, reply, addressee.original))
    return sorted(found, key=lambda status: status.action)


def notification(world: World, about: dsn.Envelope, statuses: Sequence[RecipientStatus], submission_id: int | None) -> Letter:
    """One notification as a letter to the return path, itself with a null one (ref: rfc5321#4.5.5)."""
    at = world.clock.now()
    hostname = world.settings.hostname
    raw = dsn.compose(
        about,
        statuses,
        reporting_mta=hostname,
        from_=f"mailer-daemon@{domain_of(about.sender)}",
        message_id=world.ids.message_id(hostname),
        at=at,
    )
    letter = system_letter(world, raw, to=about.sender, at=at)
    letter.about_submission = submission_id
    return letter


def system_letter(world: World, raw: bytes, *, to: str, at: Micros) -> Letter:
    """A letter of the simulator itself, with a null return path."""
    envelope = Envelope("", (Addressee(to),))
    fields = [("Return-Path", "<>")] if world.settings.trace_headers else []
    return prepare(world, raw, parse(raw), envelope, fields=fields, door=Door.SYSTEM, at=at)


def match(world: World, conn: Connection, sorted_: Sorted) -> None:
    """When a delivered letter is a report that may be believed, write on the timeline of the letter that it speaks of."""
    letter = sorted_.letter
    if letter.parsed.root.content_type != "multipart/report" or not sorted_.delivered:
        return
    told = _told(letter)
    if told is None:
        return
    rfc_id, envelope_id, entries = told
    for _, berth, _ in sorted_.delivered:
        for address, kind, detail in entries:
            sent = _spoken_of(conn, letter, berth.id, address, rfc_id, envelope_id)
            if sent is not None and _believed(letter, address, kind):
                _tell(world, conn, letter, sent, (address, kind, detail))


def _spoken_of(
    conn: Connection, letter: Letter, mailbox_id: int, address: str, rfc_id: str | None, envelope_id: str | None
) -> Submission | None:
    if letter.about_submission is not None:
        return submissions.by_id(conn, letter.about_submission)
    return submissions.spoken_of(conn, mailbox_id, address, rfc_id, envelope_id)


def _believed(letter: Letter, address: str, kind: TimelineKind) -> bool:
    """Whether the reporter may speak for that recipient: a reader for himself, a mail server for anybody.

    A person's report that waited in the queue is still that person's.
    """
    who = letter.sender_mailbox or (letter.origin.mailbox if letter.origin else None)
    if who is not None:
        return kind in _DISPOSITIONS.values() and who == address
    if letter.door is Door.SYSTEM:
        return True
    return letter.door is Door.MX and not letter.envelope.sender


def _tell(world: World, conn: Connection, letter: Letter, sent: Submission, entry: tuple[str, TimelineKind, str]) -> None:
    address, kind, detail = entry
    people = {person.address: person.id for person in submissions.people_of(conn, [sent.id])}
    if address not in people:
        return
    if not submissions.attach_report(conn, people[address], kind, letter.id):
        submissions.add_events(conn, [Event(world.ids.next(), people[address], kind, letter.at, detail, letter.id)])
    if kind in _DISPOSITIONS.values():
        _note_by_client(conn, letter, address, sent.message_id)
    found = {"recipient": address, "kind": kind, "of": encode(sent.id)}
    line = Line(world.ids.next(), letter.at, Act.RECEIPT_MATCHED, letter.door, None, sent.mailbox_id, None, letter.id, found)
    journal.write(conn, [line])


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
        folders.keep(conn, [folder])


def _receipt_of(conn: Connection, letter: Letter) -> tuple[int, int] | None:
    """(mailbox, message) that a person's own read receipt speaks of, where the message lies in the mailbox that he sends from."""
    if letter.origin is None or letter.parsed.root.content_type != "multipart/report":
        return None
    told, reader = _told(letter), mailboxes.by_address(conn, letter.origin.mailbox)
    if told is None or told[0] is None or reader is None or any(kind not in _DISPOSITIONS.values() for _, kind, _ in told[2]):
        return None
    found = messages.known(conn, [told[0]]).get(told[0])
    return (reader.id, found[1]) if found and messages.copies_of(conn, reader.id, found[1]) else None


def check_receipt(conn: Connection, letter: Letter) -> None:
    """Refuse a second read receipt of one mailbox for one letter, through whatever door the first left (ref: rfc8098#2.1)."""
    about = _receipt_of(conn, letter)
    if about is not None and conversations.receipt_sent(conn, about[1], about[0]):
        detail = "The read receipt for that letter has left already; it is sent once."
        raise Refusal(Rule.RECEIPT_ALREADY_SENT, detail, reference="rfc8098#2.1")


def note_receipt(conn: Connection, letter: Letter) -> None:
    """A reader's own mail program sends the receipt: it counts from here, though it may wait in the queue."""
    about = _receipt_of(conn, letter)
    if about is not None and not conversations.receipt_sent(conn, about[1], about[0]):
        note_sent(conn, about[0], about[1], letter.at)


def _note_by_client(conn: Connection, letter: Letter, address: str, message_id: int) -> None:
    """A reader's own mail program sent the receipt: no second one leaves through another door."""
    reader = mailboxes.by_address(conn, address)
    if (letter.origin or letter.sender_mailbox) and reader and not conversations.receipt_sent(conn, message_id, reader.id):
        note_sent(conn, reader.id, message_id, letter.at)


def _told(letter: Letter) -> tuple[str | None, str | None, list[tuple[str, TimelineKind, str]]] | None:
    """(Message-ID, envelope id, (recipient, kind, detail) rows) of a report; None when it cannot be read."""
    raw = letter.raw[len(letter.raw) - letter.parsed.size_bytes :]
    status = dsn.parse(raw, letter.parsed.root)
    if status is not None:
        rows = [(person.address, _ACTIONS[person.action], person.diagnostic or person.status) for person in status.recipients]
        return status.message_id, status.envelope_id, rows
    receipt = mdn.parse(raw, letter.parsed.root)
    if receipt is None or receipt.original_message_id is None or receipt.final_recipient is None:
        return None
    detail = receipt.disposition.value + (f"/error: {receipt.error}" if receipt.error else "")
    return receipt.original_message_id, None, [(receipt.final_recipient, _DISPOSITIONS[receipt.disposition], detail)]


def retry_deadline(world: World, submitted_at: Micros) -> Micros:
    """When deferred mail is given up."""
    return submitted_at + int(world.settings.expires_after_seconds * SECOND)
