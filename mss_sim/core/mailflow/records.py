"""Records written with a delivery: submissions, timelines, answer rights, journal."""

from collections.abc import Sequence

from mss_sim.clock import SECOND
from mss_sim.core.access import journal
from mss_sim.core.access.access import Requester
from mss_sim.core.access.journal import Entry
from mss_sim.core.conversations import closing
from mss_sim.core.conversations.closing import Closing
from mss_sim.core.mailflow.letter import RoutedLetter
from mss_sim.core.world.rows import JournalEntry
from mss_sim.core.world.world import World
from mss_sim.policy.closure import Effect, effect_of
from mss_sim.policy.receipts import diagnostic
from mss_sim.policy.routing import Disposal
from mss_sim.store import conversations, queue, submissions
from mss_sim.store.conversations import AnswerRightRow
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import DeliveryMailbox
from mss_sim.store.queue import Waiting
from mss_sim.store.submissions import Event, RecipientRow, SentLetter
from mss_sim.vocabulary import PROFESSIONAL_KINDS, Act, ClosureCause, FinHeaderScope, TimelineKind

_CAUSES = {Effect.WITHDRAW: ClosureCause.FIN_SUBJECT, Effect.CLOSE: ClosureCause.FIN_HEADER}


def record(world: World, conn: Connection, stored: Sequence[RoutedLetter], receiving: dict[str, DeliveryMailbox]) -> None:
    """Write everything that the letters of one group leave behind."""
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
            continue  # what a peer brought; a notification that arrived
        rows.append(_submission(sorted_, receiving[letter.submitted.mailbox].id if letter.submitted else None))
        fates = {addressee.address: (remote, None, None) for addressee, _, remote in sorted_.delivered}
        relayed = {addressee.address for addressee in sorted_.relayed}
        missed = {addressee.address: (way, refusal) for addressee, way, refusal in sorted_.missed}
        for addressee in letter.envelope.recipients:
            person = RecipientRow(world.ids.next(), letter.submission_id, addressee.address, addressee.notify, addressee.original)
            people.append(person)

            def tell(kind: TimelineKind, detail: str = "", *, to: int = person.id, at: int = letter.at) -> None:
                events.append(Event(world.ids.next(), to, kind, at, detail))

            tell(TimelineKind.SUBMITTED)
            if addressee.address in relayed:
                waiting.append(Waiting(person.id, 0, letter.at, delayed_told=False, last_reply=""))
                continue
            if addressee.address in fates:
                if fates[addressee.address][0]:
                    tell(TimelineKind.RELAYED)
                tell(TimelineKind.DELIVERED)
                continue
            way, refusal = missed[addressee.address]
            if way is not Disposal.DEFER:
                tell(TimelineKind.FAILED, diagnostic(refusal)[1])
                continue
            tell(TimelineKind.RELAYED, diagnostic(refusal)[1])
            first = letter.at + int(world.settings.queue_retry_seconds * SECOND)
            waiting.append(Waiting(person.id, 1, first, delayed_told=False, last_reply=diagnostic(refusal)[1]))
    submissions.add(conn, rows, people)
    submissions.add_events(conn, events)
    for entry in waiting:
        queue.wait(conn, entry)


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
    """What one letter of the group does to its patients' rights to answer (the table of policy/closure)."""
    sorted_ = stored[number]
    letter = sorted_.letter
    sender = receiving.get(letter.left_from)
    if sender is None:
        return
    answerable = _answerable(sorted_, sender, receiving)
    waiting = [*sorted_.relayed, *(one for one, way, _ in sorted_.missed if way is Disposal.DEFER)]
    deferred = [receiving[one.address] for one in waiting if one.address in receiving]
    for mailbox in (*(mailbox for _, mailbox, _ in sorted_.delivered), *deferred):
        effect = effect_of(sender.kind, mailbox.kind, letter.parsed.subject, letter.parsed.mes)
        again = (letter.tried_before and letter.sent_from is not None) or sorted_.twin is not None
        if effect is Effect.NONE or (mailbox in deferred and effect is Effect.OPEN) or (again and effect is not Effect.OPEN):
            continue  # what closes did so when it was accepted, what opens does so when it arrives
        cause, message_id = _CAUSES.get(effect), sorted_.twin or letter.id
        whole = effect is Effect.WITHDRAW
        if cause and (whole or world.settings.fin_header_scope is FinHeaderScope.CONVERSATION):
            after = frozenset(one.letter.id for one in stored[number + 1 :])
            closing.withdraw(world, conn, Closing(sender, letter.at, cause, None if whole else sorted_.thread_id, mailbox, after))
        marks = closing.taken_up(conn, message_id, mailbox.id) if again else []
        ahead = {target.id: closing.closed_ahead(marks, sender.id, target.id) for target in answerable}
        rows = [
            AnswerRightRow(
                id=world.ids.next(),
                patient_mailbox_id=mailbox.id,
                mailbox_id=target.id,
                origin_mailbox_id=sender.id,
                message_id=message_id,
                thread_id=sorted_.thread_id,
                given_at=letter.at,
                withdrawn_at=letter.at if cause else mark.withdrawn_at if mark else None,
                cause=cause or (mark.cause if mark else None),
            )
            for target in answerable
            for mark in (ahead[target.id],)
        ]
        conversations.give(conn, rows)


def _answerable(sorted_: RoutedLetter, sender: DeliveryMailbox, receiving: dict[str, DeliveryMailbox]) -> list[DeliveryMailbox]:
    """The mailboxes that may be answered: the Reply-To ones in the sender's place, when they are mailboxes (ref: cnam#9)."""
    targets = [receiving[address] for _, address in sorted_.letter.parsed.reply_to if address in receiving]
    professional = {mailbox.id: mailbox for mailbox in targets if mailbox.kind in PROFESSIONAL_KINDS}
    return list(professional.values()) or [sender]


def _lines(world: World, sorted_: RoutedLetter, receiving: dict[str, DeliveryMailbox]) -> list[JournalEntry]:
    """That it was submitted, by whom and by which grant, and where it was received."""
    letter, origin, sending = sorted_.letter, sorted_.letter.submitted, sorted_.sending
    written: list[JournalEntry] = []
    if origin:
        detail = {
            "to": [addressee.address for addressee in letter.envelope.recipients],
            "mode": sending.mode if sending else None,
            "rfc_message_id": letter.row.rfc_message_id,
        }
        grant_id = sending.grant.id if sending and sending.grant else None
        submitted = Entry(Act.SUBMITTED, receiving[origin.mailbox].id, detail, letter.id, grant_id)
        written += journal.lines(world, Requester(origin.actor_id, letter.door), [submitted], at=letter.at)
    received = [Entry(Act.RECEIVED, mailbox.id, {"from": letter.envelope.sender}, letter.id) for _, mailbox, _ in sorted_.delivered]
    return written + journal.lines(world, Requester(None, letter.door), received, at=letter.at)
