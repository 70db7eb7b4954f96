"""Names by id, for responses that show them; and who somebody is that a request names."""

from collections.abc import Iterable

from mss_sim.core.world.world import World
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.store import identities, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.mailboxes import MailboxKind


def identity_called(conn: Connection, name: str) -> Identity | None:
    """The identity that a name refers to: its idNat, its login, or the address of the mailbox that is its own alone."""
    if "\x00" in name:  # no name contains it, and a database may reject it in a query
        return None
    found = identities.by_idnat(conn, name)
    if found is not None:
        return found
    account = identities.account_of_login(conn, name)
    if account is not None:
        return account.identity
    try:
        mailbox = mailboxes.by_address(conn, canonical(name))
    except AddressError:
        return None
    own = mailbox is not None and mailbox.kind in (MailboxKind.PER, MailboxKind.PATIENT)
    return identities.by_id(conn, mailbox.owner_id) if mailbox and own else None


async def identities_by_id(world: World, ids: Iterable[int | None]) -> dict[int, Identity]:
    """The identities with these ids; None and identities deleted since are left out."""
    wanted = {id_ for id_ in ids if id_ is not None}
    return await world.store.read_briefly(identities.names, wanted) if wanted else {}


async def names_by_idnat(world: World, idnats: Iterable[str]) -> dict[str, str]:
    """The names of the people with these numbers; unknown ones are left out."""
    wanted = set(idnats)
    if not wanted:
        return {}
    return {idnat: one.name for idnat, one in (await world.store.read(identities.with_idnats, wanted)).items()}


async def names_behind(world: World, called: Iterable[str]) -> set[str]:
    """The names of people, and the labels of their mailboxes, that addresses, idNats and logins refer to; unknown ones are left out."""
    wanted = tuple(called)

    def run(conn: Connection) -> set[str]:
        found: set[str] = set()
        for name in wanted:
            identity, mailbox = identity_called(conn, name), _mailbox_at(conn, name)
            if mailbox is not None:
                found.add(mailbox.label)
                identity = identity or identities.by_id(conn, mailbox.owner_id)
            if identity is not None:
                found.add(identity.name)
        return found - {""}

    return await world.store.read(run)


def _mailbox_at(conn: Connection, name: str) -> Mailbox | None:
    try:
        return mailboxes.by_address(conn, canonical(name))
    except AddressError:
        return None
