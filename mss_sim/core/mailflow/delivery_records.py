"""Records written with a delivery: submissions, timelines, answer rights, journal."""

from collections.abc import Sequence

from mss_sim.clock import SECOND
from mss_sim.core.access import journal, process_log
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.conversations import answer_rights
from mss_sim.core.conversations.answer_rights import Occasion
from mss_sim.core.mailflow import timeline_writing
from mss_sim.core.mailflow.letter import Letter, RoutedLetter
from mss_sim.core.world.store_types import JournalEntry, LetterLabel
from mss_sim.core.world.world import World
from mss_sim.policy.closure import Effect, effect_of, near_miss
from mss_sim.policy.receipts import diagnostic
from mss_sim.policy.routing import Disposal
from mss_sim.store import queue, submissions
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox
from mss_sim.store.queue import Waiting
from mss_sim.store.submissions import Event, RecipientRow, SentLetter
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import TimelineKind


def record(world: World, conn: Connection, stored: Sequence[RoutedLetter], receiving: dict[str, DeliveryMailbox]) -> None:
    """Write all records of the letters of one group."""
    _submissions(world, conn, stored, receiving)
    for number in range(len(stored)):
        _rights(world, conn, stored, number, receiving)
    journal.add(conn, [line for sorted_ in stored for line in _lines(world, sorted_, receiving)])


def _submissions(world: World, conn: Connection, stored: Sequence[RoutedLetter], receiving: dict[str, DeliveryMailbox]) -> None:
    rows: list[SentLetter] = []
    people: list[RecipientRow] = []
    events: list[Event] = []
    waiting: list[Waiting] = []
    for sorted_ in stored:
        letter = sorted_.letter
        waits = sorted_.relayed or any(way is Disposal.DEFER for _, way, _ in sorted_.missed)
        if letter.submission_id is None or not (letter.submitted or waits):
            continue  # brought by a peer; a notification that arrived
        rows.append(_submission(sorted_, receiving[letter.submitted.mailbox].id if letter.submitted else None))
        fates = {addressee.address: (remote, None, None) for addressee, _, remote in sorted_.delivered}
        held = {relayed.addressee.address: relayed.held_seconds for relayed in sorted_.relayed}
        missed = {addressee.address: (way, refusal) for addressee, way, refusal in sorted_.missed}
        for addressee in letter.envelope.recipients:
            person = RecipientRow(world.ids.next(), letter.submission_id, addressee.address, addressee.notify, addressee.original)
            people.append(person)

            def tell(kind: TimelineKind, detail: str = "", *, to: int = person.id, at: int = letter.at) -> None:
                events.append(Event(world.ids.next(), to, kind, at, detail))

            tell(TimelineKind.SUBMITTED)
            if addressee.address in held:
                first = letter.at + int(held[addressee.address] * SECOND)
                waiting.append(Waiting(person.id, 0, first, delayed_told=False, last_reply=""))
                continue
            if addressee.address in fates:
                if fates[addressee.address][0]:
                    tell(TimelineKind.RELAYED)
                tell(TimelineKind.DELIVERED)
                continue
            way, refusal = missed[addressee.address]
            if way is not Disposal.DEFER:
                tell(TimelineKind.FAILED, world.translated(diagnostic(refusal)[1]))
                continue
            reply = world.translated(diagnostic(refusal)[1])
            tell(TimelineKind.RELAYED, reply)
            first = letter.at + int(world.settings.queue.retry_seconds * SECOND)
            deferred = Waiting(person.id, 1, first, delayed_told=False, last_reply=reply)
            waiting.append(deferred)
            process_log.note_deferral(conn, deferred, person.address, rows[-1])
    submissions.add(conn, rows, people)
    asking = {one.letter.submission_id for one in stored if one.letter.parsed.receipt_to and not one.letter.parsed.is_report}
    timeline_writing.begin(world, conn, rows, people, events, asking=asking, waiting={one.recipient_id for one in waiting})
    queue.add(conn, waiting)


def _submission(sorted_: RoutedLetter, mailbox_id: int | None) -> SentLetter:
    letter, sending = sorted_.letter, sorted_.sending
    return SentLetter(
        id=letter.submission_id or 0,
        message_id=letter.id,
        mailbox_id=mailbox_id,
        actor_id=letter.submitted.actor_id if letter.submitted else None,
        grant_id=sending.grant.id if sending and sending.grant else None,
        mode=sending.mode if sending else None,
        return_path=letter.envelope.sender,
        envelope_id=letter.envelope.envelope_id,
        return_full=letter.envelope.return_full,
        submitted_at=letter.at,
        operator_id=letter.operator_id,
    )


def _rights(world: World, conn: Connection, stored: Sequence[RoutedLetter], number: int, receiving: dict[str, DeliveryMailbox]) -> None:
    """What one letter of the group does to its patients' rights to answer."""
    sorted_ = stored[number]
    letter = sorted_.letter
    sender = receiving.get(letter.left_from)
    if sender is None:
        return
    waiting = [*(one.addressee for one in sorted_.relayed), *(one for one, way, _ in sorted_.missed if way is Disposal.DEFER)]
    occasion = Occasion(
        sender=sender,
        message_id=sorted_.twin or letter.id,
        thread_id=sorted_.thread_id,
        at=letter.at,
        marks=letter.parsed.marks,
        reply_to=[receiving[address] for _, address in letter.parsed.reply_to if address in receiving],
        reached=[mailbox for _, mailbox, _ in sorted_.delivered],
        awaited=[receiving[one.address] for one in waiting if one.address in receiving],
        again=(letter.tried_before and letter.sent_from is not None) or sorted_.twin is not None,
        after=frozenset(one.letter.id for one in stored[number + 1 :]),
    )
    answer_rights.apply(world, conn, occasion)


def _lines(world: World, sorted_: RoutedLetter, receiving: dict[str, DeliveryMailbox]) -> list[JournalEntry]:
    """The journal lines: submitted, by whom and by which grant, and where it was received."""
    letter, origin, sending = sorted_.letter, sorted_.letter.submitted, sorted_.sending
    written: list[JournalEntry] = []
    about = LetterLabel(letter.row.subject, letter.row.rfc_message_id)
    if origin:
        detail = {
            "to": [addressee.address for addressee in letter.envelope.recipients],
            "mode": sending.mode if sending else None,
            "rfc_message_id": letter.row.rfc_message_id,
        }
        grant_id = sending.grant.id if sending and sending.grant else None
        box = receiving[origin.mailbox]
        entries = [Entry(Act.SUBMITTED, box.id, detail, letter.id, grant_id, about)]
        mistaken = _mistaken(world, letter, box, receiving)
        if mistaken:
            entries.append(Entry(Act.NOT_CLOSED, box.id, mistaken, letter.id, grant_id, about))
        if sorted_.warned:
            odd = [{"address": address, "why": world.translated(why)} for address, why in sorted_.warned]
            entries.append(Entry(Act.NOT_QUALIFIED, box.id, {"recipients": odd}, letter.id, grant_id, about))
        written += journal.lines(world, Requester(origin.actor_id, letter.door), entries, at=letter.at)
    brought = {"from": letter.envelope.sender}
    received = [Entry(Act.RECEIVED, mailbox.id, brought, letter.id, about=about) for _, mailbox, _ in sorted_.delivered]
    return written + journal.lines(world, Requester(None, letter.door), received, at=letter.at)


def _mistaken(world: World, letter: Letter, sender: DeliveryMailbox, receiving: dict[str, DeliveryMailbox]) -> dict[str, object] | None:
    """What the journal says of a letter that leaves patients free to answer and looks as if it should not."""
    marks = letter.parsed.marks
    reached = (receiving.get(addressee.address) for addressee in letter.envelope.recipients)
    patients = [one.address for one in reached if one and effect_of(sender.kind, one.kind, *marks) is Effect.OPEN]
    why = near_miss(*marks, letter.parsed.text) if patients else None
    return {"why": world.translated(why), "patients": patients} if why else None
