"""Grants: given, revoked, renounced, handed over. What they allow now is told by `rights_in_force.py`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from mss_sim.clock import Micros
from mss_sim.core.access import carer_view_upkeep, journal
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester, access, grant_of
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.policy import delegation as policy
from mss_sim.policy.access import Access, unseen
from mss_sim.store import folders, grants, identities, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.grants import GrantRow
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act, Change
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, Right
from mss_sim.words.sentence import say


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """The grant that a requester asks for over the mailbox at `address`.

    The grantee is named by idNat, login or the address of the mailbox that is theirs alone.
    """

    address: str
    grantee: str
    rights: frozenset[Right]
    valid_from: Micros | None = None
    valid_until: Micros | None = None
    reason: str = ""


async def grant(world: World, by: Requester, request: GrantRequest) -> GrantRow:
    """Grant rights over a mailbox; the new grant."""
    return await world.store.write(partial(give, world, by=by, request=request))


def give(world: World, conn: Connection, by: Requester, request: GrantRequest) -> GrantRow:
    """The same, inside a unit of work."""
    now = world.clock.now()
    mailbox, granter = _granter(conn, by, request.address, now)
    grantee = identity_called(conn, request.grantee)
    policy.decide_window(request.valid_from, request.valid_until, now)
    policy.decide_grant(
        granter,
        _as_grantee(grantee, request.grantee),
        request.rights,
        to_himself=grantee is not None and grantee.id == by.identity_id,
        mailbox=mailbox.kind,
        valid_until=request.valid_until,
        carers=_carer_rules(world, conn, mailbox, grantee, now),
    )
    assert grantee is not None  # noqa: S101 - an unknown grantee cannot hold a grant, and was refused
    row = GrantRow(
        id=world.ids.next(),
        mailbox_id=mailbox.id,
        grantee_id=grantee.id,
        rights=request.rights,
        valid_from=request.valid_from,
        valid_until=request.valid_until,
        reason=request.reason,
        granted_by_id=by.identity_id,
        granted_at=now,
    )
    add(world, conn, mailbox, row)
    _trace(world, conn, by, Act.GRANTED, row, {"rights": sorted(row.rights), "grantee": grantee.idnat, "reason": row.reason})
    return row


def _carer_rules(
    world: World, conn: Connection, mailbox: Mailbox, grantee: Identity | None, now: Micros, *, leaving: int | None = None
) -> policy.CarerRules | None:
    """What a patient may give that grantee now, who replaces the carer `leaving`, if any; None where the mailbox is no patient's."""
    if mailbox.kind is not MailboxKind.PATIENT:
        return None
    mailboxes.lock_for_delivery(conn, [mailbox.address])  # two processes do not each give the last place
    rules = world.settings.carers
    replaced = {grantee.id if grantee else None, leaving}
    others = {row.grantee_id for row in grants.of_mailbox(conn, mailbox.id) if _gives(row, now)} - replaced
    return policy.CarerRules(frozenset(rules.rights), rules.max, len(others))


def add(world: World, conn: Connection, mailbox: Mailbox, row: GrantRow) -> None:
    """Store a grant that was decided; a patient's first carer gets something to look at."""
    if mailbox.kind is MailboxKind.PATIENT and mailbox.carer_view_id is None:
        mailboxes.lock_for_delivery(conn, [mailbox.address])
        folders.lock(conn, [folder.id for folder in folders.of_mailbox(conn, mailbox.id)])
        current = mailboxes.by_id(conn, mailbox.id)
        if current is not None and current.carer_view_id is None:
            carer_view_upkeep.make(world, conn, current)
    grants.add(conn, [row])


def _as_grantee(identity: Identity | None, called: str) -> policy.Grantee:
    if identity is None:
        return policy.Grantee(called[:100], None)
    return policy.Grantee(called[:100], identity.kind, identity.anonymous_card, identity.enabled)


def _granter(conn: Connection, by: Requester, address: str, now: Micros) -> tuple[Mailbox, Access]:
    """The mailbox and what the requester may do with it; the control plane acts as its owner."""
    mailbox = mailboxes.by_address(conn, address)
    if mailbox is None:
        raise unseen(address)
    identity_id = mailbox.owner_id if by.identity_id is None else by.identity_id
    held = access(conn, mailbox, identity_id, now)
    held.require(Right.SEE, address)
    return mailbox, held


async def revoke(world: World, by: Requester, address: str, grant_id: int) -> GrantRow:
    """Revoke a grant, or renounce one's own; the ended grant. Revoking twice changes nothing."""

    def unit(conn: Connection) -> GrantRow:
        now = world.clock.now()
        mailbox, row = mailboxes.by_address(conn, address), grants.by_id(conn, grant_id)
        if mailbox is None or (row is not None and row.mailbox_id != mailbox.id):
            row = None
        own = row is not None and row.grantee_id == by.identity_id
        if not own:  # without the right to manage, refuse before revealing whether the grant exists
            policy.decide_revocation(_granter(conn, by, address, now)[1], own=False)
        if row is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no such grant over this mailbox."))
        if grants.revoke(conn, [row.id], by.identity_id, now):
            _ended(world, conn, by, Act.RENOUNCED if own else Act.REVOKED, row)
        return grants.by_id(conn, row.id) or row

    return await world.store.write(unit)


@dataclass(frozen=True, slots=True)
class HandOver:
    """What a bulk hand-over did: the grants that ended, and the ones that replace them."""

    ended: tuple[GrantRow, ...]
    created: tuple[GrantRow, ...]


async def hand_over(world: World, by: Requester, leaving: str, heir: str, address: str | None, reason: str) -> HandOver:
    """Transfer one person's grants in force to another, over one mailbox or all that the requester manages, in one transaction.

    A requester who manages none of them gets the same refusal for any person, whether that person exists or not.
    """

    def unit(conn: Connection) -> HandOver:
        now = world.clock.now()
        leaver, successor = identity_called(conn, leaving), identity_called(conn, heir)
        if leaving == heir or (leaver is not None and leaver == successor):
            raise Refusal(Rule.INVALID, say("A hand-over needs two different persons."))
        from_himself, to_himself = (one is not None and one.id == by.identity_id for one in (leaver, successor))
        policy.decide_hand_over(from_himself=from_himself, to_himself=to_himself)
        if address is not None:
            policy.decide_revocation(_granter(conn, by, address, now)[1], own=False)
        in_force = [row for row in grants.of_grantee(conn, leaver.id) if _gives(row, now)] if leaver else []
        grantee = _as_grantee(successor, heir)
        concerned = [row for row in in_force if _managed(world, conn, by, row, (grantee, successor, address), now)]
        if not concerned or leaver is None or successor is None:
            raise Refusal(
                Rule.NOT_FOUND, say("{leaving} holds no grant that you may hand over.", leaving=leaving[:100]), subject=leaving[:100]
            )
        created = [
            replace(
                row,
                id=world.ids.next(),
                grantee_id=successor.id,
                reason=reason or row.reason,
                granted_by_id=by.identity_id,
                granted_at=now,
            )
            for row in concerned
        ]
        grants.revoke(conn, [row.id for row in concerned], by.identity_id, now)
        grants.add(conn, created)
        for old, new in zip(concerned, created, strict=True):
            _trace(world, conn, by, Act.HANDED_OVER, new, {"from": leaver.idnat, "to": successor.idnat, "replaces": encode(old.id)})
        ended = [grants.by_id(conn, row.id) or row for row in concerned]
        return HandOver(tuple(ended), tuple(created))

    return await world.store.write(unit)


def _gives(row: GrantRow, now: Micros) -> bool:
    """Whether a grant gives rights now, or will later."""
    return row.revoked_at is None and (row.valid_until is None or now < row.valid_until)


def _managed(
    world: World, conn: Connection, by: Requester, row: GrantRow, to: tuple[policy.Grantee, Identity | None, str | None], now: Micros
) -> bool:
    """Whether the requester may give this grant's rights to the heir; a refusal is raised only when they named the mailbox."""
    heir, successor, address = to
    mailbox = mailboxes.by_id(conn, row.mailbox_id)
    if mailbox is None or (address is not None and mailbox.address != address):
        return False
    try:
        _, granter = _granter(conn, by, mailbox.address, now)
        carers = _carer_rules(world, conn, mailbox, successor, now, leaving=row.grantee_id)
        policy.decide_grant(granter, heir, row.rights, to_himself=False, mailbox=mailbox.kind, valid_until=row.valid_until, carers=carers)
    except Refusal as refusal:
        if address is not None or refusal.rule is Rule.GRANTEE_NOT_ALLOWED:
            raise
        return False
    return True


async def list_grants(world: World, identity_id: int, address: str) -> list[GrantRow]:
    """The grants over a mailbox: all of them for its managers, their own for any other grantee."""

    def query(conn: Connection) -> list[GrantRow]:
        mailbox, held = _granter(conn, Requester(identity_id, Door.REST), address, world.clock.now())
        rows = grants.of_mailbox(conn, mailbox.id)
        return rows if held.may(Right.MANAGE) else [row for row in rows if row.grantee_id == identity_id]

    return await world.store.read(query)


def _ended(world: World, conn: Connection, by: Requester, act: Act, row: GrantRow) -> None:
    grantee = identities.by_id(conn, row.grantee_id)
    _trace(world, conn, by, act, row, {"grantee": grantee.idnat if grantee else None})


def _trace(world: World, conn: Connection, by: Requester, act: Act, row: GrantRow, detail: dict[str, object]) -> None:
    journal.write(world, conn, by, [Entry(act, row.mailbox_id, detail, grant_id=row.id)])


async def grants_of(world: World, identity_id: int) -> list[tuple[GrantRow, str]]:
    """Every grant that an identity ever received, each with the address of its mailbox."""

    def query(conn: Connection) -> list[tuple[GrantRow, str]]:
        rows = grants.of_grantee(conn, identity_id)
        known = mailboxes.addresses(conn, {row.mailbox_id for row in rows})
        return [(row, known[row.mailbox_id]) for row in rows]

    return await world.store.read(query)


async def addresses_of(world: World, rows: Iterable[GrantRow]) -> dict[int, str]:
    """The addresses of the mailboxes that these grants cover."""
    return await world.store.read(mailboxes.addresses, {row.mailbox_id for row in rows})


async def rights_by_person(world: World, address: str) -> dict[str, frozenset[Right]]:
    """What each person may do with a mailbox now, by idNat: holders first, then grantees."""

    def query(conn: Connection) -> dict[str, frozenset[Right]]:
        mailbox = mailboxes.by_address(conn, address)
        if mailbox is None:
            raise unseen(address)
        now = world.clock.now()
        grantees = [row.grantee_id for row in grants.of_mailbox(conn, mailbox.id) if grant_of(row).holds_at(now)]
        people = list(dict.fromkeys((mailbox.owner_id, *mailboxes.co_holder_ids(conn, mailbox.id), *grantees)))
        known = identities.names(conn, set(people))
        return {known[id_].idnat: access(conn, mailbox, id_, now).rights for id_ in people if id_ in known}

    return await world.store.read(query)


async def set_rights(world: World, by: Requester, address: str, who: str, rights: frozenset[Right], change: Change) -> None:
    """Replace a person's grants in force by one grant: with these rights, or with these added or removed.

    The new grant ends when the first of the old ones would have ended. When no right is left, the grants end and none is made. Holders
    have their rights without a grant, and are refused here.
    """

    def unit(conn: Connection) -> None:
        now = world.clock.now()
        mailbox, granter = _granter(conn, by, address, now)
        grantee = identity_called(conn, who)
        if grantee is None or grantee.id != by.identity_id:
            policy.decide_revocation(granter, own=False)  # without the right to manage, reveal nothing about other people
        if grantee is None or grantee.kind is IdentityKind.PATIENT:
            policy.check_grantee(_as_grantee(grantee, who), mailbox.kind)
        assert grantee is not None  # noqa: S101 - an unknown grantee was refused
        own = grantee.id == by.identity_id
        if mailboxes.role_of(conn, mailbox, grantee.id) is not None:
            raise Refusal(
                Rule.GRANTEE_NOT_ALLOWED, say("{who} holds this mailbox already; grants are for others.", who=who), subject=who[:100]
            )
        rows = [row for row in grants.between(conn, mailbox.id, grantee.id) if grant_of(row).holds_at(now)]
        held = frozenset[Right]().union(*(row.rights for row in rows))
        wanted = {Change.ADD: held | rights, Change.REMOVE: held - rights, Change.REPLACE: rights}[change]
        if wanted == held and len(rows) < 2:
            return
        if rows:
            policy.decide_revocation(granter, own=own)
        if wanted:
            until = min((row.valid_until for row in rows if row.valid_until is not None), default=None)
            policy.decide_grant(
                granter,
                _as_grantee(grantee, who),
                wanted,
                to_himself=own,
                mailbox=mailbox.kind,
                valid_until=until,
                carers=_carer_rules(world, conn, mailbox, grantee, now),
            )
            made = GrantRow(world.ids.next(), mailbox.id, grantee.id, wanted, None, until, "", by.identity_id, now)
            add(world, conn, mailbox, made)
            _trace(world, conn, by, Act.GRANTED, made, {"rights": sorted(wanted), "grantee": grantee.idnat})
        if grants.revoke(conn, [row.id for row in rows], by.identity_id, now):
            for row in rows:
                _ended(world, conn, by, Act.RENOUNCED if own else Act.REVOKED, row)

    await world.store.write(unit)
