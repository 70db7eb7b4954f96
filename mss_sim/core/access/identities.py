"""The people and organisations of the world, with their accounts: created, changed and removed without any check of rights."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from mss_sim.core.access import journal, patient_identities
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.patient_identities import NewPatientIdentity
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.headers import readable
from mss_sim.store import grants, identities, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.words.sentence import say


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
    sector: str = ""
    address_line: str = ""
    postal_code: str = ""
    city: str = ""
    login: str | None = None
    password: str | None = None
    ins: tuple[NewPatientIdentity, ...] = ()


async def add_identity(world: World, new: NewIdentity, password_hash: str | None = None) -> Identity:
    """Create an identity; `password_hash` where the password was hashed before."""
    refuse_controls(asdict(new))
    password_hash = password_hash or _hash(world, new.login, new.password)

    return await world.store.write(partial(create_identity, world, new=new, password_hash=password_hash), changes_directory=True)


def create_identity(world: World, conn: Connection, new: NewIdentity, password_hash: str | None) -> Identity:
    """The same, inside a unit of work."""
    if identities.by_idnat(conn, new.idnat):
        raise idnat_taken(new.idnat)
    identity = row_of(world, new)
    identities.add(conn, identity)
    _set_account(world, conn, identity, new.login, password_hash)
    patient_identities.record(world, conn, identity, new.ins)
    return identity


def row_of(world: World, new: NewIdentity) -> Identity:
    """A new identity as it is stored."""
    return Identity(
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
        sector=new.sector,
        address_line=new.address_line,
        postal_code=new.postal_code,
        city=new.city,
    )


def idnat_taken(idnat: str) -> Refusal:
    """The refusal of an idNat that somebody has."""
    return Refusal(Rule.CONFLICT, say("There is already an identity {idnat}.", idnat=idnat), subject=idnat)


def login_taken(login: str) -> Refusal:
    """The refusal of a login that somebody else has."""
    return Refusal(Rule.CONFLICT, say("The login {login} is taken.", login=login), subject=login)


def check_account(login: str | None, password: str | None) -> None:
    """Refuse a login without a password, a password without a login, and a login that could not be told from login*mailbox."""
    if (login is not None or password is not None) and (not login or not password or "*" in login):
        raise Refusal(Rule.INVALID, say("An account needs a login without * and a password."))


def _hash(world: World, login: str | None, password: str | None) -> str | None:
    check_account(login, password)
    return None if password is None else world.passwords.hash(password)


def _set_account(world: World, conn: Connection, identity: Identity, login: str | None, password_hash: str | None) -> None:
    if login is None or password_hash is None:
        return
    taken = identities.account_of_login(conn, login)
    if taken is not None and taken.identity.id != identity.id:
        raise login_taken(login)
    identities.set_account(conn, world.ids.next(), identity.id, login, password_hash)


async def change_identity(world: World, idnat: str, changes: dict[str, Any], login: str | None, password: str | None) -> Identity:
    """Change fields of an identity, its account, or all its national identities (`ins`); a disabled one is refused at its next request."""
    password_hash = _hash(world, login, password)
    refuse_nulls(changes, frozenset())
    refuse_controls({**changes, "login": login})
    ins: Sequence[NewPatientIdentity] | None = changes.pop("ins", None)

    def unit(conn: Connection) -> Identity:
        identity = require_identity(conn, idnat)
        changed = replace(identity, **changes)
        identities.change(conn, changed)
        if changed.anonymous_card and not identity.anonymous_card:  # such a card cannot hold a grant
            held = [row for row in grants.of_grantee(conn, identity.id) if row.revoked_at is None]
            grants.revoke(conn, [row.id for row in held], None, world.clock.now())
            ended = [Entry(Act.REVOKED, row.mailbox_id, {"grantee": idnat}, grant_id=row.id) for row in held]
            journal.write(world, conn, Requester(None, Door.CONTROL), ended)
        _set_account(world, conn, changed, login, password_hash)
        if ins is not None:
            patient_identities.record(world, conn, changed, ins)
        return changed

    return await world.store.write(unit, changes_directory=True)


def require_identity(conn: Connection, idnat: str) -> Identity:
    """The identity with that idNat; Refusal(NOT_FOUND) when there is none."""
    return found_identity(identities.by_idnat(conn, idnat), idnat)


def found_identity(identity: Identity | None, idnat: str) -> Identity:
    """What was found under an idNat; Refusal(NOT_FOUND) when it is nothing."""
    if identity is None:
        raise Refusal(Rule.NOT_FOUND, say("There is no identity {idnat}.", idnat=idnat), subject=idnat)
    return identity


async def list_identities(world: World) -> list[Identity]:
    """All identities."""
    return await world.store.read(identities.list_all)


async def remove_identity(world: World, idnat: str) -> None:
    """Delete an identity with its account and grants; one that owns a mailbox is kept until the mailbox has another owner or is deleted."""

    def unit(conn: Connection) -> None:
        identity = require_identity(conn, idnat)
        owned = [mailbox.address for mailbox in mailboxes.owned_by(conn, identity.id)]
        if owned:
            raise Refusal(
                Rule.CONFLICT,
                say("{idnat} owns {owned}: delete those mailboxes first.", idnat=idnat, owned=", ".join(owned)),
                subject=idnat,
            )
        identities.remove(conn, identity.id)

    await world.store.write(unit, changes_directory=True)


def refuse_nulls(changes: dict[str, Any], nullable: frozenset[str]) -> None:
    """Refuse null for fields that always have a value."""
    empty = sorted(name for name, value in changes.items() if value is None and name not in nullable)
    if empty:
        raise Refusal(Rule.INVALID, say("{empty} cannot be null; leave it out to keep it.", empty=", ".join(empty)))


async def identity_named(world: World, who: str) -> Identity:
    """The identity with that idNat or login, or whose own mailbox has that address."""

    def query(conn: Connection) -> Identity:
        return identity_called(conn, who) or require_identity(conn, who)

    return await world.store.read(query)


def refuse_controls(texts: Mapping[str, object]) -> None:
    """Names and labels go into the headers of letters: each is one line of text. A password is never shown."""
    for name, value in texts.items():
        if isinstance(value, str) and name != "password" and readable(value) != value:
            raise Refusal(Rule.INVALID, say("{name} is one line of text without control characters.", name=name), reference="rfc5322#2.2")
