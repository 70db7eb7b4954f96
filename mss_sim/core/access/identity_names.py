"""Names by id, for responses that show them; and who somebody is that a request names."""

from collections.abc import Collection, Iterable

from mss_sim.core.world.world import World
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.store import identities, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
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


async def names_by_idnat(world: World, idnats: Collection[str]) -> dict[str, str]:
    """Names by idNat; who is not in this world any more is left out."""

    def query(conn: Connection) -> dict[str, str]:
        found = (identities.by_idnat(conn, one) for one in idnats)
        return {one.idnat: one.name for one in found if one is not None}

    return await world.store.read(query) if idnats else {}
