"""Why somebody may or may not write to a mailbox now: the verdict that decides a letter, with the facts and the letter behind it.

Nothing is decided here: `answer_rights.judge` is what delivery asks too.
"""

from dataclasses import dataclass
from datetime import date

from mss_sim.clock import Micros, to_datetime
from mss_sim.core.access import gate
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.conversations import answer_rights
from mss_sim.core.conversations.answer_rights import Judgement
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import domain_of
from mss_sim.policy.closure import PROFESSIONAL_WRITES, Verdict
from mss_sim.store import conversations, mailboxes, masks
from mss_sim.store.conversations import AnswerRightRow
from mss_sim.store.engine import Connection
from mss_sim.store.messages import MessageRef
from mss_sim.vocabulary.mail import HEADER_MES, HEADER_MES_FIN, SUBJECT_FIN, ClosureCause
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, Right
from mss_sim.words.sentence import say

_MARKS = {ClosureCause.FIN_SUBJECT: SUBJECT_FIN, ClosureCause.FIN_HEADER: f"{HEADER_MES}: {HEADER_MES_FIN}"}


@dataclass(frozen=True, slots=True)
class DecidingLetter:
    """The letter that closed or, where none did, the one that gave the right; `mark` is how it closed, None when it opened."""

    message_id: int
    rfc_message_id: str | None
    at: Micros
    mark: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether `sender` may write to `recipient` now, by what, and what was looked at."""

    sender: str
    recipient: str
    verdict: Verdict
    right: AnswerRightRow | None = None
    letter: DecidingLetter | None = None
    dispensed_on: date | None = None


async def why(world: World, actor: Actor, address: str, thread_id: int) -> list[Explanation]:
    """Whether each patient of a conversation may answer in it, for each mailbox that they write to, as `address` sees them."""

    def query(conn: Connection) -> list[Explanation]:
        held = gate.require(world, conn, actor, address, Right.SEE)
        own, hidden = held.mailbox, _hidden(conn, held)
        if conversations.thread(conn, own.id, thread_id) is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no such conversation in this mailbox."))
        rights = [row for row in conversations.rights_of_threads(conn, [thread_id]) if not row.ahead and row.message_id not in hidden]
        newest = {(row.patient_mailbox_id, row.mailbox_id): row.message_id for row in sorted(rights, key=lambda row: row.id)}
        seen = {
            (row.patient_mailbox_id, row.mailbox_id)
            for row in rights
            if held.mailbox_id in (row.origin_mailbox_id, row.mailbox_id, row.patient_mailbox_id)
        }
        wrote = conversations.by_patients(conn, thread_id)
        pairs = seen | {(one.patient_mailbox_id, one.mailbox_id) for one in wrote if held.mailbox_id in one[:2]}
        named = mailboxes.addresses(conn, {id_ for pair in pairs for id_ in pair})
        return [
            _explain(world, conn, named[pair[0]], named[pair[1]], MessageRef(thread_id, newest.get(pair, 0)), hidden)
            for pair in sorted(pairs)
        ]

    return await world.store.read(query)


async def why_not(world: World, actor: Actor, address: str, sender: str, recipient: str) -> Explanation:
    """Whether a new letter from `sender` to `recipient` would be taken, for who may see `address`, which is one of the two."""

    def query(conn: Connection) -> Explanation:
        held = gate.about(world, conn, actor, address, Right.SEE)
        if address not in (sender, recipient):
            detail = say("Ask about letters from {address} or to it; of others, the control plane tells.", address=address)
            raise Refusal(Rule.INVALID, detail, subject=address)
        return _explain(world, conn, sender, recipient, None, _hidden(conn, held))

    return await world.store.read(query)


async def why_not_any(world: World, sender: str, recipient: str) -> Explanation:
    """The same for any two addresses, without a check of rights."""
    return await world.store.read(lambda conn: _explain(world, conn, sender, recipient, None))


def _hidden(conn: Connection, held: MailboxAccess) -> frozenset[int]:
    """The letters that are masked from who asks."""
    return frozenset() if held.carer_of is None else masks.hidden(conn, held.carer_of)


def _explain(
    world: World, conn: Connection, sender: str, recipient: str, answered: MessageRef | None, hidden: frozenset[int] = frozenset()
) -> Explanation:
    if domain_of(sender) != PATIENT_DOMAIN:
        return Explanation(sender, recipient, PROFESSIONAL_WRITES)
    patient, mailbox = mailboxes.by_address(conn, sender), mailboxes.by_address(conn, recipient)
    judged: Judgement = answer_rights.judge(world, conn, patient, recipient, mailbox if patient else None, answered, hidden=hidden)
    day = to_datetime(judged.dispensed_at).date() if judged.dispensed_at is not None else None
    return Explanation(sender, recipient, judged.verdict, judged.right, _letter(conn, judged.right), day)


def _letter(conn: Connection, right: AnswerRightRow | None) -> DecidingLetter | None:
    if right is None:
        return None
    decided = right.closing_message_id or right.message_id
    found = conversations.letter(conn, decided)
    if found is None:
        return None
    mark = _MARKS.get(right.cause) if right.cause and right.closing_message_id else None
    return DecidingLetter(decided, found[0], found[1], mark)
