"""Where a mailbox forwards: set by who manages it and reads it, for a copy shows all that arrives."""

from dataclasses import dataclass

from mss_sim.core.access import gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.mailflow.out_of_office import refuse_patients
from mss_sim.core.mailflow.submission import check_listed
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import AddressError, canonical, domain_of
from mss_sim.policy.routing import MailboxFitness, Scope, decide_route
from mss_sim.store import forwardings
from mss_sim.store.engine import Connection
from mss_sim.store.forwardings import Forwarding
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN, Right
from mss_sim.words.sentence import joined, say, sentence_of

_GONE = (MailboxFitness.CLOSED, MailboxFitness.UNKNOWN, MailboxFitness.OUTSIDE)


@dataclass(frozen=True, slots=True)
class WantedForwarding:
    """Where to forward; `keep` None: as the setting says."""

    target: str
    keep: bool | None = None


async def put(world: World, actor: Actor, address: str, wanted: WantedForwarding) -> Forwarding:
    """Let a mailbox forward to another professional mailbox of the trust space, and nowhere else."""
    held = await world.store.read_briefly(lambda conn: _managed(world, conn, actor, address))
    target = await _target(world, held, wanted.target)
    keep = world.settings.forwarding.keep if wanted.keep is None else wanted.keep

    def unit(conn: Connection) -> Forwarding:
        held = _managed(world, conn, actor, address)
        forwarding = Forwarding(held.mailbox.id, target, keep, world.clock.now())
        forwardings.put(conn, forwarding)
        set_ = journal.entry(held, Right.MANAGE, Act.FORWARDING_SET, {"to": target, "keep": keep})
        journal.write(world, conn, journal.by(actor), [set_])
        return forwarding

    return await world.store.write(unit)


def _managed(world: World, conn: Connection, actor: Actor, address: str) -> MailboxAccess:
    held = gate.about(world, conn, actor, address, Right.MANAGE)
    gate.check_right(actor, held, Right.READ)
    refuse_patients(held.mailbox)
    return held


async def _target(world: World, held: MailboxAccess, text: str) -> str:
    """A canonical address that the mailbox may forward to; a Refusal of any other."""
    try:
        target = canonical(text)
    except AddressError as error:
        raise Refusal(Rule.BAD_ADDRESS, joined((sentence_of(error), ".")), subject=text[:100], reference="rfc5321#4.1.2") from error
    if target == held.mailbox.address or domain_of(target) == PATIENT_DOMAIN:
        detail = say("Letters are forwarded to another mailbox, and never to a patient's.")
        raise Refusal(Rule.INVALID, detail, subject=target, reference="quirks#forwarding")
    stands, operator = await world.directory.standing(target, 0)
    if stands in _GONE and (operator is None or operator.mx is None):  # another server's mailbox: that server decides
        refusal = decide_route(target, stands, Scope.LOCAL).refusal
        if refusal is not None:
            raise refusal
    await check_listed(world, held.mailbox.operator_id, target)
    return target


async def get(world: World, actor: Actor, address: str) -> Forwarding | None:
    """Where a mailbox forwards; None when it does not."""

    def query(conn: Connection) -> Forwarding | None:
        mailbox = gate.about(world, conn, actor, address, Right.MANAGE).mailbox
        return forwardings.of_mailboxes(conn, [mailbox.id]).get(mailbox.id)

    return await world.store.read_briefly(query)


async def remove(world: World, actor: Actor, address: str) -> None:
    """Let a mailbox forward no more, if it did."""

    def unit(conn: Connection) -> None:
        held = gate.about(world, conn, actor, address, Right.MANAGE)
        if forwardings.remove(conn, held.mailbox.id):
            journal.write(world, conn, journal.by(actor), [journal.entry(held, Right.MANAGE, Act.FORWARDING_REMOVED, {})])

    await world.store.write(unit)
