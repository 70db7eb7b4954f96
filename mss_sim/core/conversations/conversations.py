"""Conversations of a mailbox, and the explicit acts that close and reopen them towards patients."""

from dataclasses import dataclass, replace

from mss_sim.core.access import gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.conversations import withdrawn_rights
from mss_sim.core.conversations.withdrawn_rights import Closing
from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailbox.selected_folder import personal_reader
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.mail.summary import read_summary
from mss_sim.policy.behaviours import Event
from mss_sim.store import conversations, mailboxes, masks, messages, pages
from mss_sim.store.conversations import AnswerRightRow, Thread
from mss_sim.store.engine import Connection
from mss_sim.store.messages import ListedMessage
from mss_sim.store.pages import ListQuery
from mss_sim.vocabulary.behaviours import Occasion
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import MailboxKind, Right
from mss_sim.words.sentence import say

_MESSAGES_MAX = 200


@dataclass(frozen=True, slots=True)
class PatientSide:
    """One patient's standing in a conversation: may they answer, and if not, since when and why."""

    patient: str
    answers_to: str
    right: AnswerRightRow


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread as one mailbox sees it, its newest copy, and its patients. `items` is filled when a single conversation is opened."""

    thread: Thread
    newest: ListedMessage
    patients: tuple[PatientSide, ...]
    items: tuple[ListedMessage, ...] = ()
    readable: bool = True


async def list_conversations(world: World, actor: Actor, address: str, *, before: int | None, limit: int) -> list[Conversation]:
    """The conversations of a mailbox, the one with the newest message first."""

    def query(conn: Connection) -> list[Conversation]:
        held = gate.require(world, conn, actor, address, Right.SEE)
        rows = conversations.threads(conn, held.mailbox.id, before=before, limit=limit)
        return [_conversation(conn, held, actor, row) for row in rows]

    return await world.store.read(query)


async def open_conversation(world: World, actor: Actor, address: str, thread_id: int) -> Conversation:
    """One conversation with its messages, newest first."""

    def query(conn: Connection) -> Conversation:
        held = gate.require(world, conn, actor, address, Right.SEE)
        return _opened(conn, held, actor, thread_id)

    return await world.store.read(query)


async def close(world: World, actor: Actor, address: str, thread_id: int) -> Conversation:
    """Withdraw every patient's right to answer this mailbox in the conversation, arrived or in transit; who wrote first loses it too."""

    def unit(conn: Connection) -> Conversation:
        now = world.clock.now()
        held = _held_for_closing(world, conn, actor, address)
        _opened(conn, held, actor, thread_id)  # a conversation that is not in this mailbox is not closed
        act = Closing(held.mailbox, now, ClosureCause.EXPLICIT, thread_id)
        count = withdrawn_rights.withdraw(world, conn, act) + withdrawn_rights.withdraw_from_writers(world, conn, act)
        found = _opened(conn, held, actor, thread_id)
        _refuse_without_patient(found)
        _trace(world, conn, actor, held, Act.CLOSED, found, count)
        for side in found.patients:
            _tell_patient(world, conn, side)
        return found

    closed = await world.store.write(unit)
    world.steps_planned.set()
    return closed


async def reopen(world: World, actor: Actor, address: str, thread_id: int) -> Conversation:
    """Restore the rights withdrawn in the conversation, by whatever act."""

    def unit(conn: Connection) -> Conversation:
        held = _held_for_closing(world, conn, actor, address)
        found = _opened(conn, held, actor, thread_id)
        _refuse_without_patient(found)
        count = conversations.reopen_thread(conn, thread_id, held.mailbox.id)
        _trace(world, conn, actor, held, Act.REOPENED, found, count)
        return _opened(conn, held, actor, thread_id)

    return await world.store.write(unit)


def _held_for_closing(world: World, conn: Connection, actor: Actor, address: str) -> MailboxAccess:
    mailboxes.lock_for_delivery(conn, [address])  # locked first, as delivery does: arrivals in another process are seen
    held = gate.require(world, conn, actor, address, Right.CLOSE)
    if held.mailbox.kind is MailboxKind.PATIENT:
        raise Refusal(Rule.RIGHT_MISSING, say("A conversation is closed by the professional, not by the patient."), reference="cnam#7")
    return held


def _tell_patient(world: World, conn: Connection, side: PatientSide) -> None:
    """A patient sees that the exchange is closed, and may have a behaviour for it; the letter is the newest that they were sent in it."""
    patient = mailboxes.by_id(conn, side.right.patient_mailbox_id)
    if patient is None or not behaviours.of_mailbox(world, patient):
        return
    for item in pages.page(conn, ListQuery(patient.id, _MESSAGES_MAX, thread_id=side.right.thread_id)):
        summary = read_summary(item.message.summary)
        author = next((one["address"] for one in summary.from_), "")
        if author != patient.address:
            files = any(leaf["attachment"] for leaf in summary.leaves)
            event = Event(Occasion.CLOSED, author, item.message.subject, bool(summary.receipt_to), files)
            behaviours.plan(world, conn, patient, item.message.id, event)
            return


def _refuse_without_patient(found: Conversation) -> None:
    if not found.patients:
        raise Refusal(
            Rule.CONFLICT, say("This mailbox wrote to no patient in this conversation; there is nothing to close."), reference="cnam#7"
        )


def _conversation(conn: Connection, held: MailboxAccess, actor: Actor, thread: Thread) -> Conversation:
    newest = messages.one(conn, held.mailbox.id, thread.last_copy_id, personal_reader(held, actor))
    if newest is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no such conversation in this mailbox."))
    rights = [
        row
        for row in conversations.rights_of_threads(conn, [thread.id])
        if held.mailbox_id in (row.origin_mailbox_id, row.mailbox_id, row.patient_mailbox_id)
    ]
    if held.carer_of is not None:
        hidden = masks.hidden(conn, held.carer_of)
        rights = [row for row in rights if row.message_id not in hidden]
    names = mailboxes.addresses(conn, {id_ for row in rights for id_ in (row.patient_mailbox_id, row.mailbox_id)})
    latest: dict[tuple[int, int], AnswerRightRow] = {}
    for row in sorted(rights, key=lambda row: (row.withdrawn_at is None, row.id)):
        latest[row.patient_mailbox_id, row.mailbox_id] = row
    sides = (PatientSide(names[row.patient_mailbox_id], names[row.mailbox_id], row) for row in latest.values())
    return Conversation(thread, newest, tuple(sides), readable=held.access.may(Right.READ))


def _opened(conn: Connection, held: MailboxAccess, actor: Actor, thread_id: int) -> Conversation:
    thread = conversations.thread(conn, held.mailbox.id, thread_id)
    if thread is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no such conversation in this mailbox."))
    found = _conversation(conn, held, actor, thread)
    query = ListQuery(held.mailbox.id, _MESSAGES_MAX, thread_id=thread_id, personal_reader=personal_reader(held, actor))
    return replace(found, items=tuple(pages.page(conn, query)))


def _trace(world: World, conn: Connection, actor: Actor, held: MailboxAccess, act: Act, found: Conversation, count: int) -> None:
    detail = {"conversation": encode(found.thread.id), "patients": [side.patient for side in found.patients], "rights": count}
    journal.write(world, conn, journal.by(actor), [journal.entry(held, Right.CLOSE, act, detail)])
