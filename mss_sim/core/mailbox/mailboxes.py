"""Mailboxes themselves: created, changed and removed by the control plane, changed by their managers."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from mss_sim.core.access import gate, journal, patient_identities
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.identities import refuse_controls, refuse_nulls, require_identity
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import POSTMASTER, AddressError, canonical, domain_of
from mss_sim.policy.identifiers import address_warnings
from mss_sim.policy.magic_addresses import magic_at
from mss_sim.store import mailbox_uses, mailboxes, messages, operators
from mss_sim.store import patients as patients_kept
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import (
    FOLDERS_AT_BIRTH,
    OPENED_TO_PATIENTS,
    PATIENT_DOMAIN,
    PROFESSIONAL_KINDS,
    IdentityKind,
    MailboxKind,
    MailboxState,
    Right,
    SeenPolicy,
    SentPolicy,
)
from mss_sim.vocabulary.patients import PatientState
from mss_sim.words.sentence import Sentence, joined, say, sentence_of

_SHARED_KINDS = frozenset({MailboxKind.ORG, MailboxKind.CAB})
_OF_PERSONS = frozenset({MailboxKind.PER, MailboxKind.CAB})


_OWNER_KINDS: dict[MailboxKind, frozenset[IdentityKind]] = {
    MailboxKind.PER: frozenset({IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE}),
    MailboxKind.ORG: frozenset({IdentityKind.ORGANISATION}),
    MailboxKind.APP: frozenset({IdentityKind.ORGANISATION}),
    MailboxKind.CAB: frozenset({IdentityKind.PROFESSIONAL}),
    MailboxKind.PATIENT: frozenset({IdentityKind.PATIENT}),
}
"""Who may own which kind: one person a PER, an organisation ORG and APP, one responsible a CAB (ref: ans-ig-mss#holders)."""
_HOLDERS: dict[IdentityKind, Sentence] = {
    IdentityKind.PROFESSIONAL: say("professional"),
    IdentityKind.EMPLOYEE: say("employee"),
    IdentityKind.ORGANISATION: say("organisation"),
    IdentityKind.APPLICATION: say("application"),
    IdentityKind.PATIENT: say("patient"),
    IdentityKind.CARER: say("carer"),
}


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """A mailbox to create; policies left None take the default of the kind. `behaviour` as `behaviours.stored` writes it."""

    address: str
    kind: MailboxKind
    owner_idnat: str
    label: str = ""
    description: str = ""
    red_listed: bool = False
    preferred_rank: int | None = None
    message_size_bytes_max: int | None = None
    quota_bytes: int | None = None
    seen_policy: SeenPolicy | None = None
    sent_policy: SentPolicy = SentPolicy.OWNER
    co_holders: tuple[str, ...] = ()
    state: MailboxState = MailboxState.ACTIVE
    behaviour: str | None = None
    with_structure: bool = False
    responsible_name: str = ""
    keeps_diagnoses: bool = False


async def add_mailbox(world: World, new: NewMailbox) -> Mailbox:
    """Create a mailbox with its folders."""
    address = address_of(new)
    return await world.store.write(partial(create_mailbox, world, address=address, new=new), changes_directory=True)


def address_of(new: NewMailbox) -> str:
    """The canonical address of a mailbox to create; Refusal for what is none, and for texts that no header can hold."""
    texts = {"label": new.label, "description": new.description, "responsible_name": new.responsible_name}
    if not all(map(str.isprintable, texts.values())):
        refuse_controls(texts)
    try:
        address = canonical(new.address)
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject=new.address, reference="rfc5321#4.1.2") from error
    if "/" in address:
        raise Refusal(Rule.INVALID, say("An address with / cannot stand in the path of the REST API."), subject=address)
    return address


def create_mailbox(world: World, conn: Connection, address: str, new: NewMailbox) -> Mailbox:
    """The same at a canonical address, inside a unit of work."""
    owner = require_identity(conn, new.owner_idnat)
    if mailboxes.by_address(conn, address):
        raise address_taken(address)
    operator = operators.of_domain(conn, domain_of(address))
    mailbox = row_of(world, address, new, owner, operator.id if operator else None, partial(patients_kept.states, conn))
    mailboxes.add(conn, mailbox, world.ids.many(len(FOLDERS_AT_BIRTH)))
    if new.kind in PROFESSIONAL_KINDS:
        mailbox_uses.add(conn, [mailbox.id], mailbox.created_at)
    for idnat in co_holders_of(new):
        holder = co_holder(new.kind, require_identity(conn, idnat))
        mailboxes.add_co_holder(conn, mailbox.id, holder.id, world.clock.now())
    return mailbox


def row_of(
    world: World,
    address: str,
    new: NewMailbox,
    owner: Identity,
    operator_id: int | None,
    states_of: Callable[[str], Collection[PatientState]],
) -> Mailbox:
    """A new mailbox as it is stored; `states_of` tells the states of a patient's number. Refusal for what cannot be."""
    _check_mailbox(address, new.kind, owner)
    _check_address(world, address, new.kind)
    _check_published(address, new.kind, with_structure=new.with_structure)
    if operator_id is None:
        raise Refusal(
            Rule.DOMAIN_OUTSIDE, say("No operator has the domain of {address}; create it first.", address=address), subject=address
        )
    state = new.state  # of a patient's, unless something else is asked for, what the identities say
    if new.kind is MailboxKind.PATIENT and state is MailboxState.ACTIVE:
        state = patient_identities.state_of_new_mailbox(world, address, states_of)
    now = world.clock.now()
    seen = new.seen_policy or (SeenPolicy.SHARED if new.kind in _SHARED_KINDS else SeenPolicy.PERSONAL)
    return Mailbox(
        id=world.ids.next(),
        address=address,
        operator_id=operator_id,
        owner_id=owner.id,
        kind=new.kind,
        state=state,
        label=new.label,
        description=new.description,
        red_listed=new.red_listed,
        preferred_rank=new.preferred_rank,
        message_size_bytes_max=new.message_size_bytes_max,
        quota_bytes=world.settings.mailbox.quota_bytes if new.quota_bytes is None else new.quota_bytes,
        used_bytes=0,
        seen_policy=seen,
        sent_policy=new.sent_policy,
        uid_validity_last=world.new_uid_validity(),
        created_at=now,
        behaviour=new.behaviour,
        with_structure=new.with_structure,
        responsible_name=new.responsible_name,
        keeps_diagnoses=new.keeps_diagnoses,
    )


def address_taken(address: str) -> Refusal:
    """The refusal of an address that a mailbox has."""
    return Refusal(Rule.CONFLICT, say("There is already a mailbox {address}.", address=address), subject=address)


def co_holders_of(new: NewMailbox) -> list[str]:
    """The idNats of the co-holders of a new mailbox, each once, without its owner."""
    return list(dict.fromkeys(one for one in new.co_holders if one != new.owner_idnat)) if new.co_holders else []


def co_holder(kind: MailboxKind, identity: Identity) -> Identity:
    """An identity that is to be a co-holder of a mailbox of that kind; Refusal when it may not."""
    idnat = identity.idnat
    if kind is not MailboxKind.CAB:
        raise Refusal(
            Rule.INVALID,
            say("A mailbox of kind {kind} has no co-holders; CAB has.", kind=kind),
            subject=idnat,
            reference="ans-ig-mss#holders",
        )
    if identity.kind is not IdentityKind.PROFESSIONAL or identity.anonymous_card:
        raise Refusal(Rule.INVALID, say("A co-holder is an identified professional."), subject=idnat, reference="ans-ig-mss#holders")
    return identity


def _check_address(world: World, address: str, kind: MailboxKind) -> None:
    if kind is not MailboxKind.PATIENT or not world.settings.patient.ins_required:
        return
    own = address.startswith(f"{POSTMASTER}@") or (world.settings.mailbox.magic_made and magic_at(address) is not None)
    odd = [] if own else address_warnings(address, kind)
    if odd:
        raise Refusal(
            Rule.INVALID, say("The address of a patient is an INS. {why}", why=odd[0]), subject=address, reference="quirks#patient-address"
        )


def _check_published(address: str, kind: MailboxKind, *, with_structure: bool) -> None:
    if with_structure and kind not in _OF_PERSONS:
        detail = say(
            "The directory shows a mailbox of kind PER or CAB where its owner works, and no other; {address} is none.", address=address
        )
        raise Refusal(Rule.INVALID, detail, subject=address, reference="quirks#directory-bearers")


def _check_mailbox(address: str, kind: MailboxKind, owner: Identity) -> None:
    check_owner(kind, owner)
    if (kind is MailboxKind.PATIENT) != (domain_of(address) == PATIENT_DOMAIN):
        raise Refusal(
            Rule.INVALID,
            say("Patients' mailboxes, and no others, are at {domain}.", domain=PATIENT_DOMAIN),
            subject=address,
        )


def check_owner(kind: MailboxKind, owner: Identity) -> None:
    """Refuse an owner of another sort than a mailbox of that kind has."""
    if owner.kind not in _OWNER_KINDS[kind]:
        allowed = joined((_HOLDERS[one] for one in sorted(_OWNER_KINDS[kind])), say(" or "))
        raise Refusal(
            Rule.INVALID,
            say("A mailbox of kind {kind} is owned by {allowed}, not by {other}.", kind=kind, allowed=allowed, other=_HOLDERS[owner.kind]),
            reference="ans-ig-mss#holders",
        )


_NULLABLE = frozenset({"preferred_rank", "message_size_bytes_max"})


async def change_mailbox(world: World, address: str, changes: dict[str, Any], *, actor_id: int | None, door: Door) -> Mailbox:
    """Change the state, the texts, the limits or the policies of a mailbox."""
    refuse_nulls(changes, _NULLABLE)
    refuse_controls(changes)

    def unit(conn: Connection) -> Mailbox:
        return change_stored(world, conn, Requester(actor_id, door), address, changes)

    return await world.store.write(unit, changes_directory=True)


def _mailbox(conn: Connection, address: str) -> Mailbox:
    mailbox = mailboxes.by_address(conn, address)
    if mailbox is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no mailbox {address}.", address=address), subject=address)
    return mailbox


async def get_mailbox(world: World, address: str) -> Mailbox:
    """One mailbox."""
    return await world.store.read(_mailbox, address)


async def remove_mailbox(world: World, address: str) -> None:
    """Delete a mailbox with everything in it."""

    await world.store.write(partial(remove_stored, address=address), changes_directory=True)


def remove_stored(conn: Connection, address: str) -> None:
    """The same, inside a unit of work."""
    mailbox = _mailbox(conn, address)
    held = messages.ids_in(conn, mailbox.id)
    mailboxes.remove(conn, mailbox.id)
    messages.sweep(conn, held)


async def change_managed_mailbox(world: World, actor: Actor, address: str, changes: dict[str, Any]) -> None:
    """The same, by a manager of the mailbox."""
    refuse_nulls(changes, _NULLABLE)

    def unit(conn: Connection) -> None:
        grant = gate.about(world, conn, actor, address, Right.MANAGE).access.grant_for(Right.MANAGE)
        change_stored(world, conn, journal.by(actor), address, changes, grant.id if grant else None)

    await world.store.write(unit, changes_directory=True)


def change_stored(
    world: World, conn: Connection, who: Requester, address: str, changes: dict[str, Any], grant_id: int | None = None
) -> Mailbox:
    """The same for an actor who may, inside a unit of work; the texts were checked."""
    mailbox = _mailbox(conn, address)
    if changes.get("patients_may_write") and mailbox.kind not in OPENED_TO_PATIENTS:
        detail = say("Patients write first to mailboxes of kind ORG or CAB alone; {address} is none.", address=address)
        raise Refusal(Rule.INVALID, detail, subject=address, reference="quirks#patients-write-first")
    _check_published(address, mailbox.kind, with_structure=bool(changes.get("with_structure")))
    if changes:
        mailboxes.change(conn, mailbox.id, changes)
        if {"red_listed", "state"} & changes.keys():  # by hand: it stays so, and its time begins anew
            mailbox_uses.set_used(conn, {mailbox.id: world.clock.now()})
        before = {name: getattr(mailbox, name) for name in changes}
        changed = Entry(Act.MAILBOX_CHANGED, mailbox.id, {"before": before, "after": changes}, grant_id=grant_id)
        journal.write(world, conn, who, [changed])
    return _mailbox(conn, address)
