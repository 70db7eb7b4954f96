"""Who holds a practice's mailbox: one responsible, any number of co-holders (ref: ans-ig-mss#cab)."""

from dataclasses import dataclass

from mss_sim.clock import Micros
from mss_sim.core.access import journal, rights_in_force
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import unseen
from mss_sim.store import identities, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import HolderRole, IdentityKind, MailboxKind
from mss_sim.words.sentence import say


@dataclass(frozen=True, slots=True)
class Holder:
    """One holder of a mailbox."""

    identity: Identity
    role: HolderRole


async def list_holders(world: World, identity_id: int, address: str) -> list[Holder]:
    """The holders of a mailbox, its owner or responsible first; visible to every identity that may see the mailbox."""

    def query(conn: Connection) -> list[Holder]:
        held = rights_in_force.require_seen(conn, address, identity_id, world.clock.now())
        return holders_of(conn, held.mailbox)

    return await world.store.read(query)


def holders_of(conn: Connection, mailbox: Mailbox) -> list[Holder]:
    """The holders of a mailbox, past every right."""
    ids = [mailbox.owner_id, *mailboxes.co_holder_ids(conn, mailbox.id)]
    known = identities.names(conn, set(ids))
    found = [(known[id_], mailboxes.role_of(conn, mailbox, id_)) for id_ in ids if id_ in known]
    return [Holder(identity, role) for identity, role in found if role]


async def add_co_holder(world: World, by: Requester, address: str, idnat: str) -> list[Holder]:
    """Make a professional, by idNat, login or own address, a co-holder; the responsible decides. Their grants stay, for when they leave."""

    def unit(conn: Connection) -> list[Holder]:
        mailbox = _led_by(conn, by, address, world.clock.now())
        identity = _professional(conn, idnat)
        if mailboxes.role_of(conn, mailbox, identity.id):
            raise Refusal(Rule.CONFLICT, say("{idnat} already holds this mailbox.", idnat=idnat), subject=idnat)
        mailboxes.add_co_holder(conn, mailbox.id, identity.id, world.clock.now())
        _trace(world, conn, by, mailbox, Act.HOLDER_ADDED, {"idnat": identity.idnat})
        return holders_of(conn, mailbox)

    return await world.store.write(unit)


async def remove_holder(world: World, by: Requester, address: str, idnat: str) -> list[Holder]:
    """Remove a co-holder, or leave oneself; the responsible leaves only by naming a successor."""

    def unit(conn: Connection) -> list[Holder]:
        identity = identity_called(conn, idnat)
        leaving = identity is not None and identity.id == by.identity_id
        if leaving:
            _refuse_stranger(conn, by, address, world.clock.now())
        mailbox = _practice(conn, address) if leaving else _led_by(conn, by, address, world.clock.now())
        role = mailboxes.role_of(conn, mailbox, identity.id) if identity else None
        if role is HolderRole.RESPONSIBLE:
            raise Refusal(
                Rule.SUCCESSOR_REQUIRED,
                say("The responsible of a practice's mailbox leaves only when a successor is named: use PUT …/responsible first."),
                subject=idnat,
                reference="ans-ig-mss#cab",
            )
        if identity is None or role is None:
            raise Refusal(Rule.NOT_FOUND, say("{idnat} does not hold this mailbox.", idnat=idnat), subject=idnat)
        mailboxes.remove_co_holder(conn, mailbox.id, identity.id)
        _trace(world, conn, by, mailbox, Act.HOLDER_REMOVED, {"idnat": identity.idnat})
        return holders_of(conn, mailbox)

    return await world.store.write(unit)


async def change_responsible(world: World, by: Requester, address: str, idnat: str, *, stay: bool) -> list[Holder]:
    """Name the successor of the responsible, who stays a co-holder when `stay` is set."""

    def unit(conn: Connection) -> list[Holder]:
        mailbox = _led_by(conn, by, address, world.clock.now())
        successor = _professional(conn, idnat)
        if successor.id == mailbox.owner_id:
            raise Refusal(Rule.CONFLICT, say("{idnat} is the responsible already.", idnat=idnat), subject=idnat)
        mailboxes.remove_co_holder(conn, mailbox.id, successor.id)
        mailboxes.set_owner(conn, mailbox.id, successor.id)
        if stay and mailboxes.role_of(conn, mailboxes.by_id(conn, mailbox.id) or mailbox, mailbox.owner_id) is None:
            mailboxes.add_co_holder(conn, mailbox.id, mailbox.owner_id, world.clock.now())
        _trace(world, conn, by, mailbox, Act.RESPONSIBLE_CHANGED, {"idnat": successor.idnat, "stays": stay})
        return holders_of(conn, mailboxes.by_id(conn, mailbox.id) or mailbox)

    return await world.store.write(unit, changes_directory=True)


def _practice(conn: Connection, address: str) -> Mailbox:
    mailbox = mailboxes.by_address(conn, address)
    if mailbox is None:
        raise unseen(address)
    if mailbox.kind is not MailboxKind.CAB:
        raise Refusal(
            Rule.INVALID,
            say("A mailbox of kind {kind} has one owner; only CAB mailboxes have co-holders.", kind=mailbox.kind),
            subject=address,
        )
    return mailbox


def _refuse_stranger(conn: Connection, by: Requester, address: str, now: Micros) -> None:
    """Without the right to see a mailbox, reveal nothing about it, not even whether it exists."""
    if by.identity_id is not None:
        rights_in_force.require_seen(conn, address, by.identity_id, now)


def _led_by(conn: Connection, by: Requester, address: str, now: Micros) -> Mailbox:
    """The practice's mailbox, when the requester is its responsible or the control plane."""
    _refuse_stranger(conn, by, address, now)
    practice = _practice(conn, address)
    if by.identity_id not in (None, practice.owner_id):
        raise Refusal(Rule.GRANT_NOT_ALLOWED, say("Only the responsible changes who holds the mailbox."), reference="ans-ig-mss#cab")
    return practice


def _professional(conn: Connection, idnat: str) -> Identity:
    identity = identity_called(conn, idnat)
    if identity is None or identity.kind is not IdentityKind.PROFESSIONAL or identity.anonymous_card or not identity.enabled:
        raise Refusal(
            Rule.GRANTEE_NOT_ALLOWED,
            say("A practice's mailbox is held by enabled professionals with an RPPS number."),
            subject=idnat,
            reference="ans-ig-mss#cab",
        )
    return identity


def _trace(world: World, conn: Connection, by: Requester, mailbox: Mailbox, act: Act, detail: dict[str, object]) -> None:
    journal.write(world, conn, by, [Entry(act, mailbox.id, detail)])


CONTROL = Requester(None, Door.CONTROL)
"""The control plane as the requester."""

SEED = Requester(None, Door.SEED)
"""A seed, which gives grants as the world begins."""
