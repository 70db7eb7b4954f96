"""Closing a mailbox in two steps: asked for, then, unless that is cancelled, done at its instant.

| the mailbox                       | asked for                    | cancelled            | its instant comes |
|-----------------------------------|------------------------------|----------------------|-------------------|
| is not to be closed               | waits for `closing_grace_days` | refused: `conflict` | -                 |
| is to be closed                   | refused: `conflict`          | as it was before     | is closed         |
| is closed                         | refused: `mailbox-closed`    | refused: `mailbox-closed` | -            |

While it waits, letters arrive and leave as before or, by `closing_accepts_mail`, it is suspended. Its owner or responsible asks and
cancels, or the control plane; a closed mailbox is opened again by the control plane alone.
"""

from functools import partial

from mss_sim.clock import DAY, Micros, iso
from mss_sim.core.access import gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailbox.handing_over import led_by
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import closings, identities, mailboxes
from mss_sim.store.closings import Closing
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from mss_sim.words.sentence import say


async def get(world: World, actor: Actor | None, address: str) -> Closing | None:
    """When a mailbox closes, for an actor who may see it; None if no closing was requested."""

    def query(conn: Connection) -> Closing | None:
        mailbox = led_by(world, conn, None, address) if actor is None else gate.about(world, conn, actor, address, Right.SEE).mailbox
        return closings.of_mailbox(conn, mailbox.id)

    return await world.store.read_briefly(query)


async def ask(world: World, actor: Actor | None, address: str) -> Closing:
    """Let a mailbox close once the grace is over; with a grace of no day, at once."""
    settings = world.settings.closing

    def unit(conn: Connection) -> Closing:
        mailbox, now = led_by(world, conn, actor, address), world.clock.now()
        _refuse_closed(mailbox)
        asked = closings.of_mailbox(conn, mailbox.id)
        if asked:
            detail = say("{address} is to be closed already, at {at}; that can be cancelled.", address=address, at=iso(asked.closes_at))
            raise Refusal(Rule.CONFLICT, detail, subject=address, reference="quirks#closing")
        closing = Closing(mailbox.id, now, now + settings.grace_days * DAY, mailbox.state)
        closings.add(conn, closing)
        if not settings.accepts_mail:
            mailboxes.change(conn, mailbox.id, {"state": MailboxState.SUSPENDED.value})
        _trace(world, conn, actor, Act.CLOSING_ASKED, mailbox, {"closes_at": iso(closing.closes_at)})
        if not settings.grace_days:
            _close(world, conn, closing)
        return closing

    return await world.store.write(unit, changes_directory=True)


async def cancel(world: World, actor: Actor | None, address: str) -> None:
    """Let a mailbox that was to be closed live on as it was."""

    def unit(conn: Connection) -> None:
        mailbox = led_by(world, conn, actor, address)
        _refuse_closed(mailbox)
        asked = closings.of_mailbox(conn, mailbox.id)
        if asked is None:
            detail = say("Nobody has asked to close {address}; there is nothing to cancel.", address=address)
            raise Refusal(Rule.CONFLICT, detail, subject=address, reference="quirks#closing")
        closings.remove(conn, mailbox.id)
        if mailbox.state is MailboxState.SUSPENDED:
            mailboxes.change(conn, mailbox.id, {"state": asked.state_before.value})
        _trace(world, conn, actor, Act.CLOSING_CANCELLED, mailbox, {"closes_at": iso(asked.closes_at)})

    await world.store.write(unit, changes_directory=True)


def _refuse_closed(mailbox: Mailbox) -> None:
    if mailbox.state is MailboxState.CLOSED:
        detail = say("The mailbox {address} is closed already; the control plane alone opens it again.", address=mailbox.address)
        raise Refusal(Rule.MAILBOX_CLOSED, detail, subject=mailbox.address, reference="quirks#closing")


def _trace(world: World, conn: Connection, actor: Actor | None, act: Act, mailbox: Mailbox, detail: dict[str, str | None]) -> None:
    journal.write(world, conn, journal.by(actor) if actor else CONTROL, [Entry(act, mailbox.id, detail)])


def _close(world: World, conn: Connection, closing: Closing) -> Fired | None:
    """Close one mailbox; nothing when that was cancelled, or it was closed by hand, meanwhile."""
    mailbox = mailboxes.by_id(conn, closing.mailbox_id)
    if not closings.remove(conn, closing.mailbox_id) or mailbox is None or mailbox.state is MailboxState.CLOSED:
        return None
    mailboxes.change(conn, mailbox.id, {"state": MailboxState.CLOSED.value})
    now, owner = world.clock.now(), identities.by_id(conn, mailbox.owner_id)
    asked = Entry(Act.MAILBOX_CLOSED, mailbox.id, {"asked_at": iso(closing.asked_at)})
    journal.write(world, conn, Requester(None, Door.SYSTEM), [asked], at=now)
    return Fired(now, FiredKind.MAILBOX_CLOSED, mailbox.id, mailbox.address, owner.idnat if owner else "")


class Closings:
    """What the agenda asks about mailboxes that are to be closed."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def next_at(self) -> Micros | None:
        """When the next mailbox closes."""
        return await self._world.store.read_briefly(closings.next_at)

    async def work(self) -> list[Fired]:
        """Close those whose instant has come, each told once."""
        store, fired = self._world.store, list[Fired]()
        for closing in await store.read_briefly(closings.due, self._world.clock.now()):
            done = await store.write(partial(self._close, closing=closing), changes_directory=True)
            fired += [done] if done else []
        return fired

    def _close(self, conn: Connection, closing: Closing) -> Fired | None:
        return _close(self._world, conn, closing) if closings.of_mailbox(conn, closing.mailbox_id) == closing else None
