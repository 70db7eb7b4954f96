"""What a mailbox sent, with the timelines of the recipients, and the reports behind them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mss_sim.core.access import gate
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import carer_views, masks, messages, queue, submissions
from mss_sim.store.engine import Connection
from mss_sim.store.queue import Waiting
from mss_sim.store.submissions import Event, RecipientRow, SentLetter
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.words.sentence import say


@dataclass(frozen=True, slots=True)
class Sent:
    """A sent letter with what happened to each recipient, and what is still to be tried for them."""

    submission: SentLetter
    rfc_message_id: str | None
    subject: str
    recipients: tuple[tuple[RecipientRow, tuple[Event, ...], Waiting | None], ...]


async def sent_letters(world: World, actor: Actor, address: str, *, before: int | None, limit: int) -> list[Sent]:
    """The letters that a mailbox sent, newest first, with their timelines."""

    def query(conn: Connection) -> list[Sent]:
        held = gate.require(world, conn, actor, address, Right.SEE)
        shown_in = None if held.carer_of is None else held.mailbox.id
        return _sent(conn, held, submissions.of_mailbox(conn, held.mailbox_id, before=before, limit=limit, shown_in=shown_in))

    return await world.store.read(query)


async def timeline(world: World, actor: Actor, address: str, submission_id: int) -> Sent:
    """One sent letter of a mailbox with its timelines."""

    def query(conn: Connection) -> Sent:
        held = gate.require(world, conn, actor, address, Right.SEE)
        row = submissions.by_id(conn, submission_id)
        if row is None or not _is_of(conn, held, row):
            raise Refusal(Rule.NOT_FOUND, say("This mailbox sent no such letter."))
        return _sent(conn, held, [row])[0]

    return await world.store.read(query)


async def timeline_of_copy(world: World, actor: Actor, address: str, copy_id: int) -> Sent:
    """The timelines of the letter behind a copy, when the mailbox sent it."""

    def query(conn: Connection) -> Sent:
        held = gate.require(world, conn, actor, address, Right.SEE)
        item = messages.one(conn, held.mailbox.id, copy_id, None)
        row = submissions.of_message(conn, item.message.id, held.mailbox_id) if item else None
        if row is None:
            raise Refusal(Rule.NOT_FOUND, say("This mailbox did not send that message, so it has no timeline."))
        return _sent(conn, held, [row])[0]

    return await world.store.read(query)


async def sent_among(world: World, actor: Actor, address: str, message_ids: Collection[int]) -> dict[int, Sent]:
    """Those of these messages that the mailbox sent, with their timelines, by the id of the message."""

    def query(conn: Connection) -> dict[int, Sent]:
        held = gate.require(world, conn, actor, address, Right.SEE)
        rows = [row for row in submissions.of_messages(conn, message_ids) if _is_of(conn, held, row)]
        return {one.submission.message_id: one for one in _sent(conn, held, rows)}

    return await world.store.read(query)


async def raw_report(world: World, actor: Actor, address: str, submission_id: int, event_id: int) -> bytes:
    """The bytes of the report behind a timeline event; needs the right to read."""

    def query(conn: Connection) -> bytes:
        held = gate.require(world, conn, actor, address, Right.READ)
        row = submissions.by_id(conn, submission_id)
        if row is not None and _is_of(conn, held, row):
            for _, events, _ in _sent(conn, held, [row])[0].recipients:
                for event in events:
                    if event.id == event_id and event.report_id is not None:
                        return messages.raw(conn, event.report_id)
        raise Refusal(Rule.NOT_FOUND, say("No report came for this event."))

    return await world.store.read(query)


def _is_of(conn: Connection, held: MailboxAccess, row: SentLetter) -> bool:
    """Whether the mailbox sent a letter, as far as the reader may know: a carer knows of what lies where they look."""
    if row.mailbox_id != held.mailbox_id:
        return False
    return held.carer_of is None or bool(carer_views.lies_in(conn, held.mailbox.id, [row.message_id]))


def _sent(conn: Connection, held: MailboxAccess, rows: list[SentLetter]) -> list[Sent]:
    hidden = masks.hidden(conn, held.carer_of) if held.carer_of is not None else frozenset[int]()
    return _with_timelines(conn, rows, hidden)


def sent_by_id(conn: Connection, submission_ids: Sequence[int]) -> list[Sent]:
    """These submissions with their timelines, past every right, inside a query; in their order."""
    return _with_timelines(conn, sorted(submissions.with_ids(conn, submission_ids), key=lambda row: row.id), frozenset())


def _with_timelines(conn: Connection, rows: Sequence[SentLetter], hidden: Collection[int]) -> list[Sent]:
    """Sent letters with their timelines; `hidden`: the reports that are masked, and what they told with them."""
    people = submissions.people_of(conn, [row.id for row in rows])
    ids = [person.id for person in people]
    events, waiting = submissions.events_of(conn, ids), queue.of_recipients(conn, ids)
    if hidden:
        events = {id_: [event for event in one if event.report_id not in hidden] for id_, one in events.items()}
    found = []
    for row in rows:
        message = messages.by_id(conn, row.message_id)
        its = [person for person in people if person.submission_id == row.id]
        theirs = tuple((person, tuple(events.get(person.id, ())), waiting.get(person.id)) for person in its)
        found.append(Sent(row, message.rfc_message_id if message else None, message.subject if message else "", theirs))
    return found
