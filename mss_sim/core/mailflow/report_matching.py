"""Incoming reports, of servers and of readers, matched with the letters that they are about (ref: rfc3464, rfc8098)."""

from collections.abc import Iterator, Sequence
from itertools import chain

from mss_sim.core.access import journal
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailflow import timeline_writing
from mss_sim.core.mailflow.letter import FromPeer, Letter, OfServer, RoutedLetter
from mss_sim.core.mailflow.report_reading import RecipientReport, Report
from mss_sim.core.world.world import World
from mss_sim.ids import encode
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.reports import addresses
from mss_sim.mail.returned import likeness, returned_letter
from mss_sim.mail.summary import read_summary
from mss_sim.store import messages, submissions
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox
from mss_sim.store.submissions import Event, SentLetter
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act


def match(world: World, conn: Connection, sorted_: RoutedLetter) -> None:
    """When a delivered letter is a credible report, add it to the timeline of the letter that it is about."""
    letter, report = sorted_.letter, sorted_.letter.report
    if report is None:
        return
    for delivered in sorted_.delivered:
        for said in report.recipients:
            for address in chain(said.known_as, _given_as(conn, delivered.mailbox, report, said)):
                sent = _subject_of(conn, letter, delivered.mailbox, report, said, address)
                if sent is not None and _is_believed(letter, said, address) and _put_on_timeline(world, conn, letter, sent, said, address):
                    break


def _given_as(conn: Connection, mailbox: DeliveryMailbox, report: Report, said: RecipientReport) -> Iterator[str]:
    """The recipients for whom the client itself gave that original recipient (ref: rfc3461#4.2)."""
    sent = submissions.spoken_of(conn, mailbox.id, None, report.message_id, report.envelope_id)
    people = submissions.people_of(conn, [one.id for one in sent])
    yield from (person.address for person in people if set(addresses(person.original)) & set(said.known_as))


def _subject_of(
    conn: Connection, letter: Letter, mailbox: DeliveryMailbox, report: Report, said: RecipientReport, address: str
) -> SentLetter | None:
    """The letter that a report is about, sent by the mailbox that gets the report or, for a read receipt, that requested it there."""
    if isinstance(letter.origin, OfServer) and letter.origin.about_submission is not None:
        return submissions.by_id(conn, letter.origin.about_submission)
    own = submissions.spoken_of(conn, mailbox.id, address, report.message_id, report.envelope_id)
    if own or not said.is_receipt or report.message_id is None:
        return _meant(conn, letter, own, said, address)
    asking = []
    for sent in submissions.with_message_id(conn, report.message_id, address):
        row = messages.by_id(conn, sent.message_id)
        if row is not None and mailbox.address in read_summary(row.summary).receipt_to:
            asking.append(sent)
    return _meant(conn, letter, asking, said, address)


def _meant(conn: Connection, letter: Letter, sent: Sequence[SentLetter], said: RecipientReport, address: str) -> SentLetter | None:
    """Of several letters to one address with one Message-ID the one that the report gives back, else the newest that it tells more of."""
    if len(sent) < 2:
        return sent[0] if sent else None
    returned = returned_letter(letter.received, letter.parsed.root)
    people = {one.submission_id: one.id for one in submissions.people_of(conn, [one.id for one in sent]) if one.address == address}
    events = submissions.events_of(conn, people.values())

    def rank(one: SentLetter) -> tuple[int, bool]:
        known = any(event.kind is said.kind and event.report_id for event in events[people[one.id]])
        return likeness(returned, messages.raw(conn, one.message_id)), not known

    return max(sent, key=rank)


def _is_believed(letter: Letter, said: RecipientReport, address: str) -> bool:
    """Whether the reporter may speak for the recipient at that address: a reader for themselves, a mail server for any recipient.

    A person's report that waited in the queue is still that person's, and so is one that their operator brings with their return path.
    """
    who = letter.sent_from
    if who is not None:
        return said.is_receipt and who == address
    if letter.door is Door.SYSTEM:
        return True
    if not isinstance(letter.origin, FromPeer) or (
        letter.origin.speaks_for is not None and domain_of(address) not in letter.origin.speaks_for
    ):
        return False
    readers_own = said.is_receipt and letter.envelope.sender == letter.left_from == address
    return not letter.envelope.sender or readers_own


def _put_on_timeline(world: World, conn: Connection, letter: Letter, sent: SentLetter, said: RecipientReport, address: str) -> bool:
    """Add what is said to the timeline of the recipient at that address; False when the letter has none."""
    people = {person.address: person.id for person in submissions.people_of(conn, [sent.id])}
    if address not in people:
        return False
    if not submissions.attach_report(conn, people[address], said.kind, letter.id):
        event = Event(world.ids.next(), people[address], said.kind, letter.at, said.detail, letter.id, said.failed, said.family)
        timeline_writing.add(world, conn, [event])
    detail = {"recipient": address, "kind": said.kind, "of": encode(sent.id)}
    matched = Entry(Act.RECEIPT_MATCHED, sent.mailbox_id, detail, letter.id)
    journal.write(world, conn, Requester(None, letter.door), [matched], at=letter.at)
    return True
