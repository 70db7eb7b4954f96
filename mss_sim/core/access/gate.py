"""The one gate before a mailbox: may this actor, as they logged in, do this here now? Every verb of every door passes it.

| the actor, or the mailbox                                     | refusal                                  |
|---------------------------------------------------------------|------------------------------------------|
| was disabled, or shows a certificate that was taken back      | `authentication-failed`                  |
| chose another mailbox at log-in                               | `right-missing`, whether this one exists or not |
| may not see it, or there is none                              | `not-found`, one text for both           |
| misses the right                                              | `right-missing`                          |
| the mailbox is closed                                         | `mailbox-closed`                         |
| logged in by a way that does not open it (`policy/logins`)    | `right-missing`                          |

`require` checks all rows, `about` the first four: the fact that a mailbox is closed, its grants, holders and journal stay readable.
A carer's visit is written down before they are told what they asked for (`journal.keep_visits`).
Checks run inside the transaction that acts, so that a grant that has just ended allows nothing. Sending has a gate of its own, in
`core/mailflow/submission.py`: it does not need the right to see.
"""

from mss_sim.core.access import rights_in_force
from mss_sim.core.access.authentication import Actor, barred, check_login_method
from mss_sim.core.access.rights_in_force import MailboxAccess
from mss_sim.core.world.world import World
from mss_sim.errors import Attempt, Refusal, Rule
from mss_sim.policy.access import unseen
from mss_sim.store.engine import Connection, Visit, note_visit
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from mss_sim.words.sentence import say


def require(world: World, conn: Connection, actor: Actor, address: str, right: Right) -> MailboxAccess:
    """The mailbox with what the actor may do in it, when they may use that right now; a Refusal by the table above otherwise."""
    held = about(world, conn, actor, address, right)
    check_open(world, conn, actor, held)
    world.uses.note(held.mailbox.id)
    if held.carer_of is not None:
        note_visit(conn, Visit(actor.identity.id, actor.door, held.carer_of, held.access.grants[0].id))
    return held


def about(world: World, conn: Connection, actor: Actor, address: str, right: Right) -> MailboxAccess:
    """The same without the last two rows, for information about a mailbox rather than its content: a closed one stays visible."""
    check_known(world, conn, actor)
    check_reach(actor, address)
    held = rights_in_force.access_to(conn, address, actor.identity.id, world.clock.now())
    if held is None:
        raise unseen(address)
    check_right(actor, held, right)
    return held


def check_right(actor: Actor, held: MailboxAccess, right: Right) -> None:
    """Refuse an act that asks for a right which is not held; the journal keeps it where the actor may see the mailbox."""
    try:
        held.access.require(right, held.mailbox.address)
    except Refusal as refusal:
        if refusal.rule is Rule.RIGHT_MISSING:
            refusal.attempt = Attempt(actor.identity.id, actor.door, held.mailbox_id, right)
        raise


def check_known(world: World, conn: Connection, actor: Actor) -> None:
    """Refuse an actor who may no longer act."""
    why = barred(world, conn, actor)
    if why is not None:
        raise Refusal(Rule.AUTHENTICATION_FAILED, why, reference="quirks#log-in-taken-back")


async def require_known(world: World, actor: Actor) -> None:
    """The same, for a door that keeps actors between two requests."""
    await world.store.read_briefly(lambda conn: check_known(world, conn, actor))


def check_reach(actor: Actor, address: str | None) -> None:
    """Refuse an act on a mailbox other than the one chosen at log-in, or on all of them (None)."""
    if actor.mailbox in (None, address):
        return
    raise Refusal(
        Rule.RIGHT_MISSING,
        say(
            "You logged in to act for {mailbox}; log in without it to reach {address}.",
            mailbox=actor.mailbox,
            address=address or say("your other mailboxes"),
        ),
        subject=address,
        reference="quirks#acting-for",
    )


def check_open(world: World, conn: Connection, actor: Actor, held: MailboxAccess) -> None:
    """Refuse a mailbox that is closed, or that the actor's log-in method does not open."""
    address = held.mailbox.address
    if held.mailbox.state is MailboxState.CLOSED:
        detail = say("The mailbox {address} is closed: nothing is read or done in it until it is opened again.", address=address)
        raise Refusal(Rule.MAILBOX_CLOSED, detail, subject=address, reference="quirks#closed-mailbox")
    try:
        check_login_method(world, conn, held.mailbox, actor.way)
    except Refusal as refusal:
        raise Refusal(Rule.RIGHT_MISSING, refusal.detail, subject=address, reference=refusal.reference) from refusal


def opens(world: World, conn: Connection, actor: Actor, held: MailboxAccess) -> bool:
    """Whether a mailbox over which the actor holds a right would pass the gate for an actor who may see it; for lists of mailboxes."""
    if not held.access.may(Right.SEE):
        return False
    try:
        check_reach(actor, held.mailbox.address)
        check_open(world, conn, actor, held)
    except Refusal:
        return False
    return True
