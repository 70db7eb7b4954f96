"""What an identity may do in a mailbox now: the rights of holders and of grants in force, read in the unit of work that acts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mss_sim.clock import Micros
from mss_sim.policy.access import Access, Grant, access_at, unseen
from mss_sim.policy.masks import Viewer, viewer_of
from mss_sim.store import grants, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.grants import GrantRow
from mss_sim.store.mailboxes import DeliveryMailbox, Mailbox
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import HolderRole, Right


@dataclass(frozen=True, slots=True)
class MailboxAccess:
    """A mailbox with what one identity may do with it.

    `mailbox` is as they see it. For a carer its `id` is that of the view that carers have of it, so that readers of folders and copies
    by that id find nothing that is masked; `mailbox_id` is the mailbox itself, for all else: journal, grants, submissions, receipts.
    """

    mailbox: Mailbox
    access: Access
    carer_of: int | None = None

    @property
    def mailbox_id(self) -> int:
        """The mailbox itself, for any actor."""
        return self.mailbox.id if self.carer_of is None else self.carer_of


@dataclass(frozen=True, slots=True)
class Requester:
    """The requester, for the journal: `identity_id` None is the control plane, which may do everything."""

    identity_id: int | None
    door: Door


def grant_of(row: GrantRow) -> Grant:
    """The part of a stored grant that a decision needs. A revoked grant stays revoked, even when the clock is set back."""
    return Grant(row.id, row.rights, row.valid_from, row.valid_until, None if row.revoked_at is None else 0)


def access(conn: Connection, mailbox: Mailbox | DeliveryMailbox, identity_id: int, now: Micros) -> Access:
    """What an identity may do with a mailbox at that instant."""
    role = mailboxes.role_of(conn, mailbox, identity_id)
    if role is not None:
        return Access(role)
    return access_at(now, None, map(grant_of, grants.between(conn, mailbox.id, identity_id)))


def access_to(conn: Connection, address: str, identity_id: int, now: Micros) -> MailboxAccess | None:
    """The mailbox at an address with what an identity may do with it; None when there is no such mailbox."""
    mailbox = mailboxes.by_address(conn, address)
    return as_seen(mailbox, access(conn, mailbox, identity_id, now)) if mailbox else None


def as_seen(mailbox: Mailbox, held: Access) -> MailboxAccess:
    """A mailbox as somebody with that access sees it: a carer sees the view that carers have, and nothing where there is none."""
    if not held.grants or viewer_of(mailbox.kind, held) is not Viewer.CARER:
        return MailboxAccess(mailbox, held)
    if mailbox.carer_view_id is None:
        return MailboxAccess(mailbox, Access())
    view = replace(mailbox, id=mailbox.carer_view_id, used_bytes=mailbox.carer_view_bytes)
    return MailboxAccess(view, held, mailbox.id)


def require_seen(conn: Connection, address: str, identity_id: int, now: Micros) -> MailboxAccess:
    """The mailbox at an address when the identity may see it; the refusal of a mailbox that is not there otherwise."""
    held = access_to(conn, address, identity_id, now)
    if held is None or not held.access.may(Right.SEE):
        raise unseen(address)
    return held


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that gives an identity rights, whatever the time: the mailboxes that it holds, in order, and every grant that it ever got."""

    roles: dict[int, HolderRole]
    grants: dict[int, list[Grant]]


def holdings(conn: Connection, identity_id: int) -> Holdings:
    """The holdings of an identity: its own mailboxes first, then the shared ones; grants by mailbox, the oldest first."""
    own = mailboxes.owned_by(conn, identity_id)
    roles = {mailbox.id: mailboxes.owner_role(mailbox.kind) for mailbox in own}
    shared = dict.fromkeys((mailbox.id for mailbox in mailboxes.co_held_by(conn, identity_id)), HolderRole.CO_HOLDER)
    given: dict[int, list[Grant]] = {}
    for row in grants.of_grantee(conn, identity_id):
        given.setdefault(row.mailbox_id, []).append(grant_of(row))
    return Holdings(roles | {id_: role for id_, role in shared.items() if id_ not in roles}, given)


def accesses_at(found: Holdings, now: Micros) -> dict[int, Access]:
    """What these holdings allow at that instant, by mailbox: own, shared, then delegated ones."""
    delegated = {id_: access_at(now, None, given) for id_, given in found.grants.items() if id_ not in found.roles}
    return {id_: Access(role) for id_, role in found.roles.items()} | {
        id_: delegated[id_] for id_ in sorted(delegated) if delegated[id_].grants
    }


def all_held(conn: Connection, identity_id: int, now: Micros) -> list[MailboxAccess]:
    """Every mailbox over which an identity has a right now: its own first, then the shared ones, then the delegated ones."""
    accesses = accesses_at(holdings(conn, identity_id), now)
    return held(accesses, mailboxes.with_ids(conn, tuple(accesses)))


def held(accesses: Mapping[int, Access], rows: Iterable[Mailbox]) -> list[MailboxAccess]:
    """These mailboxes with what may be done with them, in the order of the first."""
    boxes = {mailbox.id: mailbox for mailbox in rows}
    return [as_seen(boxes[id_], one) for id_, one in accesses.items() if id_ in boxes]
