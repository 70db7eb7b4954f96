"""The control plane: what a test suite or a trainer does to the world itself, past every right."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from mss_sim.clock import SECOND
from mss_sim.core import gate
from mss_sim.core.accounts import Actor
from mss_sim.core.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import AddressError, canonical, domain_of
from mss_sim.mail.headers import readable
from mss_sim.store import grants, identities, journal, mailboxes, messages, operators, queue
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.store.journal import Line
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary import (
    FOLDERS_AT_BIRTH,
    PATIENT_DOMAIN,
    Act,
    Door,
    IdentityKind,
    MailboxKind,
    MailboxState,
    Right,
    SeenPolicy,
    SentPolicy,
)

_SHARED_KINDS = frozenset({MailboxKind.ORG, MailboxKind.CAB})
_OWNER_KINDS: dict[MailboxKind, frozenset[IdentityKind]] = {
    MailboxKind.PER: frozenset({IdentityKind.PROFESSIONAL, IdentityKind.EMPLOYEE}),
    MailboxKind.ORG: frozenset({IdentityKind.ORGANISATION}),
    MailboxKind.APP: frozenset({IdentityKind.ORGANISATION}),
    MailboxKind.CAB: frozenset({IdentityKind.PROFESSIONAL}),
    MailboxKind.PATIENT: frozenset({IdentityKind.PATIENT}),
}
"""Who may own which kind: one person a PER, an organisation ORG and APP, one responsible a CAB (ref: ans-ig-mss#holders)."""


@dataclass(frozen=True, slots=True)
class State:
    """Counts of what the world holds."""

    operators: int
    identities: int
    mailboxes: int
    messages: int
    copies: int
    waiting: int


async def state(world: World) -> State:
    """What the world holds now."""

    def query(conn: Connection) -> State:
        stored, copied = messages.count(conn)
        people, boxes = identities.every(conn), mailboxes.every(conn)
        return State(len(operators.every(conn)), len(people), len(boxes), stored, copied, queue.waiting_count(conn))

    return await world.store.read(query)


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """An identity to create, with the account that authenticates it when a login is given."""

    idnat: str
    kind: IdentityKind
    family_name: str
    given_name: str = ""
    title: str = ""
    profession: str = ""
    structure: str = ""
    anonymous_card: bool = False
    enabled: bool = True
    login: str | None = None
    password: str | None = None


async def add_identity(world: World, new: NewIdentity) -> Identity:
    """Create an identity."""
    _refuse_controls(asdict(new))
    password_hash = _hash(world, new.login, new.password)

    def unit(conn: Connection) -> Identity:
        if identities.by_idnat(conn, new.idnat):
            raise Refusal(Rule.CONFLICT, f"There is already an identity {new.idnat}.", subject=new.idnat)
        identity = Identity(
            id=world.ids.next(),
            idnat=new.idnat,
            kind=new.kind,
            family_name=new.family_name,
            given_name=new.given_name,
            title=new.title,
            profession=new.profession,
            structure=new.structure,
            anonymous_card=new.anonymous_card,
            enabled=new.enabled,
            created_at=world.clock.now(),
        )
        identities.add(conn, identity)
        _set_account(world, conn, identity, new.login, password_hash)
        return identity

    return await world.store.write(unit, changes_directory=True)


def _refuse_controls(texts: Mapping[str, object]) -> None:
    """Names and labels stand in the headers of letters: each is one line of text. A password is nobody's to see."""
    for name, value in texts.items():
        if isinstance(value, str) and name != "password" and readable(value) != value:
            raise Refusal(Rule.INVALID, f"{name} is one line of text without control characters.", reference="rfc5322#2.2")


def _hash(world: World, login: str | None, password: str | None) -> str | None:
    if login is None and password is None:
        return None
    if not login or not password or "*" in login:
        raise Refusal(Rule.INVALID, "An account needs a login without * and a password.")
    return world.passwords.hash(password)


def _set_account(world: World, conn: Connection, identity: Identity, login: str | None, password_hash: str | None) -> None:
    if login is None or password_hash is None:
        return
    taken = identities.account_of_login(conn, login)
    if taken is not None and taken.identity.id != identity.id:
        raise Refusal(Rule.CONFLICT, f"The login {login} is taken.", subject=login)
    identities.set_account(conn, world.ids.next(), identity.id, login, password_hash)


async def change_identity(world: World, idnat: str, changes: dict[str, Any], login: str | None, password: str | None) -> Identity:
    """Change fields of an identity, or its account; a disabled one is refused at its very next request."""
    password_hash = _hash(world, login, password)
    _refuse_nulls(changes, frozenset())
    _refuse_controls({**changes, "login": login})

    def unit(conn: Connection) -> Identity:
        identity = _identity(conn, idnat)
        changed = replace(identity, **changes)
        identities.change(conn, changed)
        if changed.anonymous_card and not identity.anonymous_card:  # such a card can hold no grant
            grants.revoke(conn, [row.id for row in grants.of_grantee(conn, identity.id)], None, world.clock.now())
        _set_account(world, conn, changed, login, password_hash)
        return changed

    return await world.store.write(unit, changes_directory=True)


def _identity(conn: Connection, idnat: str) -> Identity:
    identity = identities.by_idnat(conn, idnat)
    if identity is None:
        raise Refusal(Rule.NOT_FOUND, f"There is no identity {idnat}.", subject=idnat)
    return identity


async def list_identities(world: World) -> list[Identity]:
    """All identities."""
    return await world.store.read(identities.every)


async def remove_identity(world: World, idnat: str) -> None:
    """Delete an identity with its account and grants; one that owns a mailbox is kept until the mailbox has another owner or is gone."""

    def unit(conn: Connection) -> None:
        identity = _identity(conn, idnat)
        owned = [mailbox.address for mailbox in mailboxes.owned_by(conn, identity.id)]
        if owned:
            raise Refusal(Rule.CONFLICT, f"{idnat} owns {', '.join(owned)}: delete those mailboxes first.", subject=idnat)
        identities.remove(conn, identity.id)

    await world.store.write(unit, changes_directory=True)


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """A mailbox to create; policies left None take the default of the kind."""

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


async def add_mailbox(world: World, new: NewMailbox) -> Mailbox:
    """Create a mailbox with its folders."""
    _refuse_controls({"label": new.label, "description": new.description})
    try:
        address = canonical(new.address)
    except AddressError as error:
        raise Refusal(Rule.INVALID, f"{error}.", subject=new.address) from error
    if "/" in address:
        raise Refusal(Rule.INVALID, "An address with / cannot stand in the path of the REST API.", subject=address)

    def unit(conn: Connection) -> Mailbox:
        owner = _identity(conn, new.owner_idnat)
        _check_mailbox(conn, address, new.kind, owner)
        operator_id = next((row.id for row in operators.every(conn) if domain_of(address) in row.domains), None)
        if operator_id is None:
            raise Refusal(Rule.DOMAIN_OUTSIDE, f"No operator has the domain of {address}; create it first.", subject=address)
        seen = new.seen_policy or (SeenPolicy.SHARED if new.kind in _SHARED_KINDS else SeenPolicy.PERSONAL)
        mailbox = Mailbox(
            id=world.ids.next(),
            address=address,
            operator_id=operator_id,
            owner_id=owner.id,
            kind=new.kind,
            state=MailboxState.ACTIVE,
            label=new.label,
            description=new.description,
            red_listed=new.red_listed,
            preferred_rank=new.preferred_rank,
            message_size_bytes_max=new.message_size_bytes_max,
            quota_bytes=world.settings.mailbox_quota_bytes if new.quota_bytes is None else new.quota_bytes,
            used_bytes=0,
            seen_policy=seen,
            sent_policy=new.sent_policy,
            uid_validity_last=world.clock.now() // SECOND,
            created_at=world.clock.now(),
        )
        mailboxes.add(conn, mailbox, [world.ids.next() for _ in FOLDERS_AT_BIRTH])
        for idnat in dict.fromkeys(one for one in new.co_holders if one != owner.idnat):
            mailboxes.add_co_holder(conn, mailbox.id, _co_holder(conn, new.kind, idnat).id, world.clock.now())
        return mailbox

    return await world.store.write(unit, changes_directory=True)


def _co_holder(conn: Connection, kind: MailboxKind, idnat: str) -> Identity:
    identity = _identity(conn, idnat)
    if kind is not MailboxKind.CAB:
        raise Refusal(Rule.INVALID, f"A mailbox of kind {kind} has no co-holders; CAB has.", subject=idnat, reference="ans-ig-mss#holders")
    if identity.kind is not IdentityKind.PROFESSIONAL or identity.anonymous_card:
        raise Refusal(Rule.INVALID, "A co-holder is an identified professional.", subject=idnat, reference="ans-ig-mss#holders")
    return identity


def _check_mailbox(conn: Connection, address: str, kind: MailboxKind, owner: Identity) -> None:
    if mailboxes.by_address(conn, address):
        raise Refusal(Rule.CONFLICT, f"There is already a mailbox {address}.", subject=address)
    if owner.kind not in _OWNER_KINDS[kind]:
        allowed = " or ".join(sorted(_OWNER_KINDS[kind]))
        raise Refusal(Rule.INVALID, f"A mailbox of kind {kind} is owned by {allowed}, not by {owner.kind}.", reference="ans-ig-mss#holders")
    if (kind is MailboxKind.PATIENT) != (domain_of(address) == PATIENT_DOMAIN):
        raise Refusal(Rule.INVALID, f"Patients' mailboxes, and no others, are at {PATIENT_DOMAIN}.", subject=address)


_NULLABLE = frozenset({"preferred_rank", "message_size_bytes_max"})


def _refuse_nulls(changes: dict[str, Any], nullable: frozenset[str]) -> None:
    empty = sorted(name for name, value in changes.items() if value is None and name not in nullable)
    if empty:
        raise Refusal(Rule.INVALID, f"{', '.join(empty)} cannot be null; leave it out to keep it.")


async def change_mailbox(world: World, address: str, changes: dict[str, Any], *, actor_id: int | None, door: Door) -> Mailbox:
    """Change the state, the texts, the limits or the policies of a mailbox."""
    _refuse_nulls(changes, _NULLABLE)
    _refuse_controls(changes)

    def unit(conn: Connection) -> Mailbox:
        return _change(conn, address, changes, Line(world.ids.next(), world.clock.now(), Act.MAILBOX_CHANGED, door, actor_id))

    return await world.store.write(unit, changes_directory=True)


async def change_managed_mailbox(world: World, actor: Actor, address: str, changes: dict[str, Any]) -> None:
    """The same, by somebody who manages the mailbox."""
    _refuse_nulls(changes, _NULLABLE)

    def unit(conn: Connection) -> None:
        grant = gate.about(world, conn, actor, address, Right.MANAGE).access.grant_for(Right.MANAGE)
        line = Line(
            world.ids.next(), world.clock.now(), Act.MAILBOX_CHANGED, actor.door, actor.identity.id, grant_id=grant.id if grant else None
        )
        _change(conn, address, changes, line)

    await world.store.write(unit, changes_directory=True)


def _change(conn: Connection, address: str, changes: dict[str, Any], line: Line) -> Mailbox:
    mailbox = _mailbox(conn, address)
    if changes:
        mailboxes.change(conn, mailbox.id, changes)
        before = {name: getattr(mailbox, name) for name in changes}
        journal.write(conn, [line._replace(mailbox_id=mailbox.id, detail={"before": before, "after": changes})])
    return _mailbox(conn, address)


def _mailbox(conn: Connection, address: str) -> Mailbox:
    mailbox = mailboxes.by_address(conn, address)
    if mailbox is None:
        raise Refusal(Rule.NOT_FOUND, f"There is no mailbox {address}.", subject=address)
    return mailbox


async def get_mailbox(world: World, address: str) -> Mailbox:
    """One mailbox."""
    return await world.store.read(_mailbox, address)


async def identity_named(world: World, who: str) -> Identity:
    """The identity with that idNat or login."""

    def query(conn: Connection) -> Identity:
        account = identities.account_of_login(conn, who)
        return account.identity if account else _identity(conn, who)

    return await world.store.read(query)


async def list_mailboxes(world: World) -> list[Mailbox]:
    """All mailboxes."""
    return await world.store.read(mailboxes.every)


async def remove_mailbox(world: World, address: str) -> None:
    """Delete a mailbox with all that is in it."""

    def unit(conn: Connection) -> None:
        mailbox = _mailbox(conn, address)
        held = messages.ids_in(conn, mailbox.id)
        mailboxes.remove(conn, mailbox.id)
        messages.sweep(conn, held)

    await world.store.write(unit, changes_directory=True)
