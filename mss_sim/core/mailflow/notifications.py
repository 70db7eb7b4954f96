"""Notifications that delivery owes to senders, and reports that come in and are matched with the letter they speak of."""

from collections.abc import Sequence
from itertools import groupby

import orjson

from mss_sim.clock import SECOND, Micros
from mss_sim.core.access import journal
from mss_sim.core.access.access import By
from mss_sim.core.access.journal import Entry
from mss_sim.core.mailflow.letter import Addressee, Envelope, Letter, Sorted, prepare
from mss_sim.core.world.world import World
from mss_sim.ids import encode
from mss_sim.mail import dsn, mdn
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.dsn import RecipientStatus
from mss_sim.mail.parse import parse
from mss_sim.policy.receipts import diagnostic, dsn_due
from mss_sim.policy.routing import Way
from mss_sim.store import messages, submissions
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import Berth
from mss_sim.store.submissions import Event, Submission
from mss_sim.vocabulary import Act, Disposition, Door, DsnAction, TimelineKind

DISPOSITIONS: dict[Disposition, TimelineKind] = {
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


def notifications(world: World, conn: Connection, kept: Sequence[Sorted]) -> list[Letter]:
    """The notifications due for letters just sorted, one per letter and action."""
    letters = []
    for sorted_ in kept:
        statuses = _statuses(sorted_)
        if statuses:
            envelope = sorted_.letter.envelope
            about = dsn.Envelope(envelope.sender, sorted_.letter.at, envelope.envelope_id, envelope.return_full, sorted_.letter.raw)
            number = sorted_.letter.submission_id
            told = sorted_.delivered[0][0].address if sorted_.delivered else sorted_.missed[0][0].address
            operator = sorted_.letter.local_operator or operator_id(world, conn, told)
            groups = groupby(statuses, key=lambda one: one.action)
            letters += [notification(world, conn, about, list(group), number, operator) for _, group in groups]
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


def operator_id(world: World, conn: Connection, address: str) -> int | None:
    """The operator of an address."""
    operator = world.directory.operator_in(conn, address)
    return operator.id if operator else None


def notification(
    world: World,
    conn: Connection,
    about: dsn.Envelope,
    statuses: Sequence[RecipientStatus],
    submission_id: int | None,
    operator: int | None,
) -> Letter:
    """One notification of an operator as a letter to the return path, itself with a null one (ref: rfc5321#4.5.5)."""
    at = world.clock.now()
    hostname = world.settings.hostname
    raw = dsn.compose(
        about,
        statuses,
        reporting_mta=hostname,
        from_=f"mailer-daemon@{domain_of(about.sender if operator_id(world, conn, about.sender) == operator else statuses[0].address)}",
        message_id=world.ids.message_id(hostname),
        at=at,
    )
    letter = system_letter(world, raw, to=about.sender, at=at, operator=operator)
    letter.about_submission = submission_id
    return letter


def system_letter(world: World, raw: bytes, *, to: str, at: Micros, operator: int | None) -> Letter:
    """A letter of an operator itself, with a null return path. It waits for a mailbox that takes no mail for now."""
    envelope = Envelope("", (Addressee(to),))
    fields = [("Return-Path", "<>")] if world.settings.trace_headers else []
    letter = prepare(world, raw, parse(raw), envelope, fields=fields, door=Door.SYSTEM, at=at)
    letter.submission_id = world.ids.next()
    letter.local_operator = operator
    return letter


def match(world: World, conn: Connection, sorted_: Sorted) -> None:
    """When a delivered letter is a report that may be believed, write on the timeline of the letter that it speaks of."""
    letter = sorted_.letter
    if letter.parsed.root.content_type != "multipart/report" or not sorted_.delivered:
        return
    said = told(letter)
    if said is None:
        return
    rfc_id, envelope_id, entries = said
    for _, berth, _ in sorted_.delivered:
        for address, kind, detail in entries:
            sent = _spoken_of(conn, letter, berth, (address, kind), rfc_id, envelope_id)
            if sent is not None and _believed(letter, address, kind):
                _tell(world, conn, letter, sent, (address, kind, detail))


def _spoken_of(
    conn: Connection, letter: Letter, berth: Berth, entry: tuple[str, TimelineKind], rfc_id: str | None, envelope_id: str | None
) -> Submission | None:
    """The letter that a report speaks of, sent by the mailbox that gets the report or, for a read receipt, that asked for it there."""
    if letter.about_submission is not None:
        return submissions.by_id(conn, letter.about_submission)
    address, kind = entry
    own = submissions.spoken_of(conn, berth.id, address, rfc_id, envelope_id)
    if own is not None or kind not in DISPOSITIONS.values() or rfc_id is None:
        return own
    for sent in submissions.with_message_id(conn, rfc_id, address):
        row = messages.by_id(conn, sent.message_id)
        if row is not None and berth.address in orjson.loads(row.summary)["receipt_to"]:
            return sent
    return None


def _believed(letter: Letter, address: str, kind: TimelineKind) -> bool:
    """Whether the reporter may speak for that recipient: a reader for himself, a mail server for anybody.

    A person's report that waited in the queue is still that person's.
    """
    who = letter.sender_mailbox or (letter.origin.mailbox if letter.origin else None)
    if who is not None:
        return kind in DISPOSITIONS.values() and who == address
    if letter.door is Door.SYSTEM:
        return True
    if letter.door is not Door.MX or letter.envelope.sender:
        return False
    return letter.speaks_for is None or domain_of(address) in letter.speaks_for


def _tell(world: World, conn: Connection, letter: Letter, sent: Submission, entry: tuple[str, TimelineKind, str]) -> None:
    address, kind, detail = entry
    people = {person.address: person.id for person in submissions.people_of(conn, [sent.id])}
    if address not in people:
        return
    if not submissions.attach_report(conn, people[address], kind, letter.id):
        submissions.add_events(conn, [Event(world.ids.next(), people[address], kind, letter.at, detail, letter.id)])
    found = {"recipient": address, "kind": kind, "of": encode(sent.id)}
    matched = Entry(Act.RECEIPT_MATCHED, sent.mailbox_id, found, letter.id)
    journal.write(world, conn, By(None, letter.door), [matched], at=letter.at)


def told(letter: Letter) -> tuple[str | None, str | None, list[tuple[str, TimelineKind, str]]] | None:
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
    return receipt.original_message_id, None, [(receipt.final_recipient, DISPOSITIONS[receipt.disposition], detail)]


def retry_deadline(world: World, submitted_at: Micros) -> Micros:
    """When deferred mail is given up."""
    return submitted_at + int(world.settings.expires_after_seconds * SECOND)
