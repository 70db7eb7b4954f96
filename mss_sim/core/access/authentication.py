"""Authentication: from credentials to an actor.

A person logs in by their login, their idNat or the address of the personal mailbox that they own. They act for another mailbox by the
authorisation identity of the mechanism or, for clients without one, by the name `mailbox*login`; clients that know one name only send
that one in both places.
"""

from dataclasses import dataclass, replace
from functools import partial

from mss_sim.clock import SECOND, Micros
from mss_sim.core.access import rights_in_force
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.trust import certificates
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.policy.logins import decide_way, split_name
from mss_sim.store import certificates as kept
from mss_sim.store import identities, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Account, Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.doors import Door, LogInBy, Profile, TokenExpiry
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxState
from mss_sim.words.sentence import Sentence, joined, say

_MAIL_DOORS = frozenset({Door.SMTP, Door.IMAP})


@dataclass(frozen=True, slots=True)
class Actor:
    """An identity authenticated at one door. `mailbox` is the address that they chose to act for, if any.

    `way`: how they logged in, at the doors where it decides which mailboxes they may open; None at the others.
    `until`: when to cut the connection because the token that opened it expires, None when it is kept.
    `serial`: of the client certificate that opened it, which may be revoked later.
    """

    identity: Identity
    door: Door
    mailbox: str | None = None
    until: Micros | None = None
    way: LogInBy | None = None
    serial: str | None = None


def _refused() -> Refusal:
    return Refusal(Rule.AUTHENTICATION_FAILED, say("The login or the password is wrong."), reference="rfc4954#6")


async def with_password(world: World, name: str, password: str, *, door: Door, mailbox: str | None = None) -> Actor:
    """The actor behind a name and a password; Refusal(AUTHENTICATION_FAILED) otherwise, always after the same work."""
    chosen, login = split_name(name, plus=world.settings.login.plus)
    account = await world.people.read(_account, login)
    right = await world.passwords.check(password, account.password_hash if account else None)
    if not right or account is None:
        raise _refused()
    if world.settings.profile is Profile.STRICT:
        raise Refusal(
            Rule.AUTHENTICATION_FAILED, say("The strict profile takes no password: log in with a token."), reference="ref2#ECO.1.2.1"
        )
    return await _actor(world, account.identity, door, mailbox or chosen or None, LogInBy.PASSWORD)


async def with_token(world: World, token: str, *, door: Door, mailbox: str | None = None) -> Actor:
    """The actor that an access token identifies. The identity is the one *in the token*, whatever name came with it."""
    claims = world.tokens.claims(token)
    idnat = str(claims["SubjectNameID"])
    identity = await world.people.read(identities.by_idnat, idnat)
    if identity is None:
        raise Refusal(
            Rule.AUTHENTICATION_FAILED, say("The token speaks for an identity that is not known here."), reference="psc#access-token"
        )
    actor = await _actor(world, identity, door, mailbox, LogInBy.PSC)
    return replace(actor, until=claims["exp"] * SECOND) if world.settings.token.expiry is TokenExpiry.CUT else actor


def mint_token(world: World, idnat: str, *, lifetime_seconds: int | None = None) -> str:
    """An access token for an identity, without a log-in; for tests and trainers."""
    return world.tokens.mint(idnat, lifetime_seconds=lifetime_seconds)


async def by_name(world: World, who: str, *, door: Door) -> Actor:
    """The actor of that idNat, login or address, without a proof; for trainers who play people. Refusal as for a wrong password."""
    identity = await world.store.read_briefly(identity_called, who)
    if identity is None:
        raise _refused()
    return await _acting(world, identity, door, None)


async def with_certificate(world: World, certificate: bytes | None, *, door: Door, mailbox: str | None = None) -> Actor:
    """The application whose mailbox a client certificate (DER) is bound to (ref: client-requirements#2.5)."""
    shown = await certificates.presented(world, certificate) if certificate else None
    if shown is None:
        raise _certificate_refused(say("Show a client certificate in TLS first"))
    if not shown.trusted or shown.revoked:
        why = say("is revoked") if shown.revoked else say("is not of the authority of organisations, or out of its time")
        raise _certificate_refused(say("The certificate {subject} {why}", subject=shown.subject, why=why))
    bound = shown.row.mailbox_id if shown.row else None
    box = await world.store.read_briefly(mailboxes.by_id, bound) if bound is not None else None
    if box is None:
        raise _certificate_refused(say("The certificate {subject} is bound to no mailbox", subject=shown.subject))
    if mailbox and _canonical(mailbox) != box.address:
        raise _certificate_refused(
            say("The certificate {subject} opens {address}, not {mailbox}", subject=shown.subject, address=box.address, mailbox=mailbox),
            Rule.AUTHORIZATION_FAILED,
        )
    owner = await world.store.read_briefly(identities.by_id, box.owner_id)
    if owner is None or not owner.enabled:
        raise _refused()
    await world.store.read_briefly(partial(check_login_method, world), mailbox=box, way=LogInBy.CERTIFICATE)
    world.tally.logged_in(door, owner.id, LogInBy.CERTIFICATE, box.address)
    return Actor(owner, door, box.address, way=LogInBy.CERTIFICATE, serial=shown.serial)


def barred(world: World, conn: Connection, actor: Actor) -> Sentence | None:
    """Why an actor who logged in may no longer act, None when they may; checked again at every act."""
    if not identities.is_enabled(conn, actor.identity.id):
        return say("Your identity was disabled since you logged in.")
    if actor.serial is not None and not certificates.is_good(world, kept.by_serial(conn, actor.serial)):
        return say("The certificate that opened this connection was taken back, or has run out; log in with another one.")
    return None


def token_expired(world: World, actor: Actor) -> bool:
    """Whether the token that opened a connection has expired, so that the connection must end."""
    return actor.until is not None and actor.until <= world.clock.now()


def _certificate_refused(why: str, rule: Rule = Rule.AUTHENTICATION_FAILED) -> Refusal:
    return Refusal(rule, joined((why, ".")), reference="client-requirements#2.5")


def _canonical(text: str) -> str | None:
    try:
        return canonical(text)
    except AddressError:
        return None


def _account(conn: Connection, name: str) -> Account | None:
    """The account that a name refers to: a login, an idNat, or the address of an owned personal mailbox."""
    account = None if "\x00" in name else identities.account_of_login(conn, name)  # nobody's idNat takes a login from its owner
    if account is not None:
        return account
    found = identity_called(conn, name)
    return identities.account_of_identity(conn, found.id) if found else None


async def _actor(world: World, identity: Identity, door: Door, mailbox: str | None, way: LogInBy) -> Actor:
    """A known identity, acting for a mailbox that they may use, or for themselves; over SMTP and IMAP the log-in method must open it."""
    actor = await _acting(world, identity, door, mailbox)
    if door in _MAIL_DOORS:
        actor = replace(actor, way=way)
        await world.store.read_briefly(partial(_check_home, world), actor)
        world.tally.logged_in(door, identity.id, way, actor.mailbox)
    return actor


def _check_home(world: World, conn: Connection, actor: Actor) -> None:
    home = _home(conn, actor, world.clock.now())
    if home is not None:
        check_login_method(world, conn, home, actor.way)
        world.uses.note(home.id)


def _home(conn: Connection, actor: Actor, now: Micros) -> Mailbox | None:
    """The mailbox that a log-in opens: the chosen one, else the actor's own open one; for an application, the first it may use."""
    if actor.mailbox:
        return mailboxes.by_address(conn, actor.mailbox)
    held = rights_in_force.all_held(conn, actor.identity.id, now)
    own = [one.mailbox for one in held if one.access.role is not None or actor.identity.kind is IdentityKind.APPLICATION]
    return next((mailbox for mailbox in own if mailbox.state is not MailboxState.CLOSED), None)


def check_login_method(world: World, conn: Connection, mailbox: Mailbox, way: LogInBy | None) -> None:
    """Refuse a mailbox that the actor's log-in method does not open; checked for every mailbox that they open or send from."""
    if way is None:
        return
    operator = world.directory.operator_in(conn, mailbox.address)
    accepted, name = (operator.authentication, operator.name) if operator else (frozenset(LogInBy), "")
    lenient = world.settings.login.app_passwords and world.settings.profile is Profile.DEVELOPMENT
    decide_way(mailbox.kind, way, accepted, name, app_passwords=lenient)


async def _acting(world: World, identity: Identity, door: Door, mailbox: str | None) -> Actor:
    if not identity.enabled:
        raise _refused()
    if identity.kind in (IdentityKind.PATIENT, IdentityKind.CARER) and world.settings.profile is Profile.STRICT:
        raise Refusal(
            Rule.AUTHENTICATION_FAILED, say("Patients write through Mon espace santé, not through mail clients."), reference="mes#portal"
        )
    chosen, login = split_name(mailbox or "", plus=world.settings.login.plus)
    if chosen and not await _is_called(world, identity, login):
        detail = say("You are not {login}: name yourself behind the mailbox, or the mailbox alone.", login=login)
        raise Refusal(Rule.AUTHORIZATION_FAILED, detail, subject=login[:100], reference="quirks#acting-for")
    wanted = chosen or login
    if not wanted or await _is_called(world, identity, wanted, address=False):
        return Actor(identity, door)
    return Actor(identity, door, await _chosen(world, identity, wanted))


async def _is_called(world: World, identity: Identity, name: str, *, address: bool = True) -> bool:
    """Whether a name is that of this identity: its idNat, its login or, where it counts, the address of its own mailbox."""
    if name.lower() == identity.idnat.lower():
        return True
    if not address:
        account = await world.store.read_briefly(identities.account_of_identity, identity.id)
        return account is not None and identities.canonical_login(name) == account.login
    named = await world.store.read_briefly(identity_called, name)
    return named is not None and named.id == identity.id


async def _chosen(world: World, identity: Identity, text: str) -> str:
    """The mailbox that an identity wants to act for, when they have any right over it."""
    refused = Refusal(
        Rule.AUTHORIZATION_FAILED,
        say("You neither hold {text} nor have a grant over it.", text=text),
        subject=text,
        reference="quirks#acting-for",
    )
    try:
        address = canonical(text)
    except AddressError:
        raise refused from None
    held = await world.store.read_briefly(rights_in_force.access_to, address, identity.id, world.clock.now())
    if held is None or not held.access.rights:
        raise refused
    return address
