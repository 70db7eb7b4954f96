"""Who is there: from credentials to an actor.

A person logs in by his login, his idNat or the address of the personal mailbox that he owns. He acts for another mailbox by the
authorisation identity of his mechanism or, for clients that have none, by the name `mailbox*login`.
"""

from dataclasses import dataclass

from mss_sim.core import delegation
from mss_sim.core.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.store import identities, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Account, Identity
from mss_sim.vocabulary import Door, IdentityKind, MailboxKind, Profile

_SEPARATOR = "*"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who is authenticated, at one door. `mailbox` is the address that he chose to act for, if any."""

    identity: Identity
    door: Door
    mailbox: str | None = None


def _refused() -> Refusal:
    return Refusal(Rule.AUTHENTICATION_FAILED, "The login or the password is wrong.", reference="rfc4954#6")


async def with_password(world: World, name: str, password: str, *, door: Door, mailbox: str | None = None) -> Actor:
    """The actor behind a name and a password; Refusal(AUTHENTICATION_FAILED) otherwise, always after the same work."""
    chosen, star, login = name.rpartition(_SEPARATOR)
    account = await world.store.read(_account, login if star else name)
    right = await world.passwords.check(password, account.password_hash if account else None)
    if not right or account is None:
        raise _refused()
    if world.settings.profile is Profile.STRICT:
        raise Refusal(Rule.AUTHENTICATION_FAILED, "The strict profile takes no password: log in with a token.", reference="ref2#ECO.1.2.1")
    return await _actor(world, account.identity, door, mailbox or (chosen if star else None))


async def with_token(world: World, token: str, *, door: Door, mailbox: str | None = None) -> Actor:
    """The actor that an access token speaks for. The identity is the one *in the token*, whatever name came with it."""
    idnat = world.tokens.verify(token)
    identity = await world.store.read(identities.by_idnat, idnat)
    if identity is None:
        raise Refusal(Rule.AUTHENTICATION_FAILED, "The token speaks for an identity that is not known here.", reference="psc#access-token")
    return await _actor(world, identity, door, mailbox)


def _account(conn: Connection, name: str) -> Account | None:
    """The account that a name means: a login, an idNat, or the address of an owned personal mailbox."""
    if "\x00" in name:  # no login has it, and a database may refuse to look for it
        return None
    found = identities.account_of_login(conn, name) or identities.account_of_idnat(conn, name)
    if found is not None:
        return found
    try:
        mailbox = mailboxes.by_address(conn, canonical(name))
    except AddressError:
        return None
    if mailbox is None or mailbox.kind not in (MailboxKind.PER, MailboxKind.PATIENT):
        return None
    return identities.account_of_identity(conn, mailbox.owner_id)


async def _actor(world: World, identity: Identity, door: Door, mailbox: str | None) -> Actor:
    if not identity.enabled:
        raise _refused()
    if identity.kind is IdentityKind.PATIENT and world.settings.profile is Profile.STRICT:
        raise Refusal(
            Rule.AUTHENTICATION_FAILED, "Patients write through Mon espace santé, not through mail clients.", reference="mes#portal"
        )
    if not mailbox or mailbox.lower() == identity.idnat.lower():
        return Actor(identity, door)
    account = await world.store.read(identities.account_of_identity, identity.id)
    if account is not None and mailbox.lower() == account.login:
        return Actor(identity, door)
    return Actor(identity, door, await _chosen(world, identity, mailbox))


async def _chosen(world: World, identity: Identity, text: str) -> str:
    """The mailbox that somebody wants to act for, when he has any right over it."""
    refused = Refusal(
        Rule.AUTHENTICATION_FAILED,
        f"You neither hold {text} nor have a grant over it.",
        subject=text,
        reference="mss-sim#acting-for",
    )
    try:
        address = canonical(text)
    except AddressError:
        raise refused from None
    held = await world.store.read(delegation.access_to, address, identity.id, world.clock.now())
    if held is None or not held.access.rights:
        raise refused
    return address
