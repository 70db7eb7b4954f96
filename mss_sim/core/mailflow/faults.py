"""Faults on the way of a letter: into a mailbox, out of the queue, and those of read receipts.

| point        | reply 4xx               | reply 5xx              | delay                                             |
|--------------|-------------------------|------------------------|---------------------------------------------------|
| delivery     | as a full mailbox       | as a closed mailbox    | waits in the queue; a peer's letter is refused 450 |
| queue        | the try failed          | the letter is returned | is tried so much later                            |
| read-receipt | -                       | -                      | leaves so much later                              |

A delay is on the clock of the world and is kept in the queue, with the letter. What a peer brings cannot wait here: it waits at the peer's.
"""

from mss_sim.core.mailflow.letter import Addressee, Envelope, Letter, Relayed
from mss_sim.core.mailflow.outbound_interface import RecipientReply, RelayResult, ours
from mss_sim.core.world.world import World
from mss_sim.errors import Failure
from mss_sim.faults.actions import Delay, Drop, Reply
from mss_sim.faults.faults import Fault
from mss_sim.faults.rules import Facts
from mss_sim.policy.routing import MailboxFitness, Route, Scope, way_of
from mss_sim.vocabulary.faults import Point

_LATER, _BROKEN_OFF = (450, "4.3.0"), (450, "4.4.2")


def at_delivery(world: World, letter: Letter, addressee: Addressee, reach: Scope) -> Route | Relayed | None:
    """What becomes of a recipient whose mailbox fails: another route, or relayed when the letter waits; None when it does not fail."""
    facts = Facts(sender=letter.envelope.sender, mailboxes=(addressee.address,), size_bytes=letter.parsed.size_bytes)
    fault = world.faults.find(Point.DELIVERY, facts)
    if fault is None:
        return None
    if isinstance(fault.action, Delay):
        seconds = fault.action.seconds
        if letter.submission_id is not None and not letter.tried_before:
            return Relayed(addressee, seconds)
        late = Failure(fault.sentence(), fault=fault.rule, code=_LATER[0], status=_LATER[1], wait_seconds=seconds)
        return Route(way_of(MailboxFitness.FULL, reach), late)
    action = fault.action
    if not isinstance(action, Reply):
        return None
    code = int(action.code)
    fitness = MailboxFitness.CLOSED if code >= 500 else MailboxFitness.FULL
    return Route(way_of(fitness, reach), Failure(fault.sentence(action.text), fault=fault.rule, code=code, status=_status(action)))


def at_queue(world: World, envelope: Envelope, size_bytes: int) -> Fault | None:
    """The fault of a try to carry a letter to another operator."""
    recipients = tuple(one.address for one in envelope.recipients)
    return world.faults.find(Point.QUEUE, Facts(sender=envelope.sender, mailboxes=recipients, size_bytes=size_bytes))


def answer_of_try(fault: Fault) -> RecipientReply | None:
    """What stands for the answer of the other server; None where it is asked after all."""
    match fault.action:
        case Reply() as action:
            return ours(int(action.code), _status(action), fault.sentence(action.text))
        case Delay(seconds):
            late = ours(*_LATER, fault.sentence())
            return RecipientReply(late.status, late.reply, wait_seconds=seconds)
        case Drop():
            return ours(*_BROKEN_OFF, fault.sentence())
    return None


def instead(envelope: Envelope, answer: RecipientReply) -> RelayResult:
    """The same answer for every recipient."""
    return RelayResult({one.address: answer for one in envelope.recipients})


def at_read_receipt(world: World, mailbox: str, to: str, idnat: str) -> Fault | None:
    """The fault of a read receipt that a mailbox sends."""
    return world.faults.find(Point.READ_RECEIPT, Facts(sender=mailbox, mailboxes=(to,), identities=(idnat,)))


def _status(action: Reply) -> str:
    return action.status or f"{action.code[0]}.3.0"
