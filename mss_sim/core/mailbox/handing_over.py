"""Whose a mailbox is: handed over by its owner or responsible, or by the control plane when they have left.

| what goes with it                           | what becomes of it                                                        |
|---------------------------------------------|---------------------------------------------------------------------------|
| letters, folders, the journal               | stay                                                                      |
| grants that the former owner gave           | stay or, by `delegation_grants_end_with_owner`, end                       |
| grants of others, and a practice's co-holders | stay                                                                    |
| where it forwards, its out-of-office answer | end: the former owner could read on by the one, and speaks in the other   |
| the former owner's own rights               | end at the very next request, on any open connection                      |
"""

from mss_sim.clock import Micros
from mss_sim.core.access import gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.identities import require_identity
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailbox.mailboxes import check_owner
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import forwardings, grants, identities, mailboxes, out_of_office
from mss_sim.store.engine import Connection
from mss_sim.store.identities import Identity
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import HolderRole, MailboxKind, Right
from mss_sim.words.sentence import say


def led_by(world: World, conn: Connection, actor: Actor | None, address: str) -> Mailbox:
    """The mailbox, when the actor is its owner or responsible, or the control plane (None)."""
    if actor is None:
        mailbox = mailboxes.by_address(conn, address)
        if mailbox is None:
            raise Refusal(Rule.NOT_FOUND, say("There is no mailbox {address}.", address=address), subject=address)
        return mailbox
    held = gate.about(world, conn, actor, address, Right.SEE)
    if held.access.role not in (HolderRole.OWNER, HolderRole.RESPONSIBLE):
        detail = say("Only the owner or the responsible of {address} decides whether it closes, and whose it is.", address=address)
        raise Refusal(Rule.GRANT_NOT_ALLOWED, detail, subject=address, reference="quirks#closing")
    return held.mailbox


async def hand_over(world: World, actor: Actor | None, address: str, heir: str) -> Identity:
    """Give a mailbox to another owner or responsible, named by idNat, login or own address, who is returned."""

    def unit(conn: Connection) -> Identity:
        mailbox, now = led_by(world, conn, actor, address), world.clock.now()
        successor = _successor(conn, mailbox, heir)
        former = identities.by_id(conn, mailbox.owner_id)
        by = journal.by(actor) if actor else CONTROL
        mailboxes.remove_co_holder(conn, mailbox.id, successor.id)
        mailboxes.set_owner(conn, mailbox.id, successor.id)
        act, detail = Act.OWNER_CHANGED, {"from": former.idnat if former else None, "to": successor.idnat}
        entries = [Entry(act, mailbox.id, detail), *_ended(world, conn, by, mailbox, now)]
        if forwardings.remove(conn, mailbox.id):
            entries.append(Entry(Act.FORWARDING_REMOVED, mailbox.id, {}))
        if out_of_office.remove(conn, mailbox.id):
            entries.append(Entry(Act.OUT_OF_OFFICE_REMOVED, mailbox.id, {}))
        journal.write(world, conn, by, entries, at=now)
        return successor

    return await world.store.write(unit, changes_directory=True)


def _successor(conn: Connection, mailbox: Mailbox, heir: str) -> Identity:
    """Who may own such a mailbox, and does not yet."""
    successor = identity_called(conn, heir) or require_identity(conn, heir)
    if mailbox.kind is MailboxKind.PATIENT:
        detail = say("A patient's mailbox is that patient's for good: its address is the patient's number.")
        raise Refusal(Rule.INVALID, detail, subject=mailbox.address, reference="quirks#hand-over")
    check_owner(mailbox.kind, successor)
    if not successor.enabled or successor.anonymous_card:
        detail = say("{heir} is disabled, or has an anonymous card: a mailbox goes to who can answer for it.", heir=heir[:100])
        raise Refusal(Rule.GRANTEE_NOT_ALLOWED, detail, subject=heir[:100], reference="quirks#hand-over")
    if successor.id == mailbox.owner_id:
        raise Refusal(
            Rule.CONFLICT, say("The mailbox is {heir}'s already.", heir=heir[:100]), subject=heir[:100], reference="quirks#hand-over"
        )
    return successor


def _ended(world: World, conn: Connection, by: Requester, mailbox: Mailbox, now: Micros) -> list[Entry]:
    """End the grants that the former owner gave, where they end with that owner; a line for each."""
    if not world.settings.delegation.grants_end_with_owner:
        return []
    given = [
        row
        for row in grants.of_mailbox(conn, mailbox.id)
        if row.granted_by_id == mailbox.owner_id and row.revoked_at is None and (row.valid_until is None or now < row.valid_until)
    ]
    grants.revoke(conn, [row.id for row in given], by.identity_id, now)
    people = identities.names(conn, {row.grantee_id for row in given})
    return [Entry(Act.REVOKED, mailbox.id, {"grantee": people[row.grantee_id].idnat}, grant_id=row.id) for row in given]
