"""What would happen if a grant ended now: told to those who may end it, before they do."""

from dataclasses import dataclass

from mss_sim.clock import Micros
from mss_sim.core.access.rights_in_force import Requester, access, grant_of
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy import delegation as policy
from mss_sim.policy.access import access_at, unseen
from mss_sim.store import folders, grants, identities, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.grants import GrantRow
from mss_sim.store.identities import Identity
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import Right, SpecialUse
from mss_sim.words.sentence import say

_KEPT_OPEN = frozenset({Door.IMAP, Door.SMTP})


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A connection of a mail program; `client`: what it calls itself, empty where it does not say."""

    door: Door
    client: str
    since: Micros


@dataclass(frozen=True, slots=True)
class GrantEnd:
    """What the end of a grant takes from its grantee, and what it leaves.

    `lost` and `kept`: rights over the mailbox now; `drafts`: letters in its folder of drafts, which stay in the mailbox;
    `connections`: those of the grantee, which stay open and show the mailbox no longer.
    """

    grant: GrantRow
    grantee: Identity
    lost: frozenset[Right]
    kept: frozenset[Right]
    drafts: int
    connections: tuple[OpenConnection, ...]


async def foresee(world: World, by: Requester, address: str, grant_id: int) -> GrantEnd:
    """What would end with a grant. Refusals as those of `delegation.revoke`; NOT_FOUND for a grant that was revoked already."""

    def query(conn: Connection) -> tuple[GrantRow, Identity, frozenset[Right], frozenset[Right], int]:
        now = world.clock.now()
        mailbox, row = mailboxes.by_address(conn, address), grants.by_id(conn, grant_id)
        if mailbox is None:
            raise unseen(address)
        if row is not None and row.mailbox_id != mailbox.id:
            row = None
        own = row is not None and row.grantee_id == by.identity_id
        if not own:
            held = access(conn, mailbox, mailbox.owner_id if by.identity_id is None else by.identity_id, now)
            held.require(Right.SEE, address)
            policy.decide_revocation(held, own=False)
        grantee = identities.by_id(conn, row.grantee_id) if row is not None else None
        if row is None or grantee is None or row.revoked_at is not None:
            raise Refusal(Rule.NOT_FOUND, say("There is no such grant over this mailbox."))
        now_held = access(conn, mailbox, grantee.id, now)
        others = (grant_of(one) for one in grants.between(conn, mailbox.id, grantee.id) if one.id != row.id)
        kept = access_at(now, now_held.role, others).rights
        drafts = sum(one.exists_count for one in folders.of_mailbox(conn, mailbox.id) if one.special_use is SpecialUse.DRAFTS)
        return row, grantee, now_held.rights - kept, kept, drafts

    row, grantee, lost, kept, drafts = await world.store.read(query)
    return GrantEnd(row, grantee, lost, kept, drafts, _connections(world, grantee))


def _connections(world: World, who: Identity) -> tuple[OpenConnection, ...]:
    """The connections of mail programs that somebody has open, the newest first; none where nothing is recorded."""
    if world.transcripts is None:
        return ()
    return tuple(
        OpenConnection(one.door, one.facts.get("client", ""), one.opened_at)
        for one in world.transcripts.newest_first()
        if one.closed_at is None and one.door in _KEPT_OPEN and one.facts.get("identity") == who.idnat
    )
