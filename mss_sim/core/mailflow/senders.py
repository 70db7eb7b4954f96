"""From which mailbox an actor may send now, and in what quality; asked at MAIL FROM, and for each author at the end of DATA.

A permission is kept until something changes the rights of anyone, or until a grant between the actor and the mailbox begins or ends: a
session that sends letter after letter does not ask the store each time. Refusals are never kept, nor what a client certificate opens
(it has a life of its own). Delivery decides again on locked rows, so what is kept here can let no letter through.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from mss_sim.clock import Micros
from mss_sim.core.access import rights_in_force
from mss_sim.core.access.authentication import Actor, barred, check_login_method
from mss_sim.core.access.rights_in_force import access_to
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.headers import readable
from mss_sim.policy.access import Access
from mss_sim.policy.delegation import SendAs, decide_leaving, decide_sending
from mss_sim.store import grants, mailboxes
from mss_sim.store.engine import RIGHTS_CHANGED, Connection
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.doors import LogInBy
from mss_sim.vocabulary.mailboxes import MailboxKind, MailboxState, SendMode
from mss_sim.words.sentence import say

_KEPT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class SendingMailbox:
    """A mailbox that an actor may send from, and in what quality. `own_mailbox` is their own personal one.

    `carer`: they are the carer of the patient whose mailbox it is.
    """

    mailbox: Mailbox
    sending: SendAs
    own_mailbox: str | None
    carer: bool = False


def shown_author(mailbox: Mailbox, actor: Actor) -> tuple[str, str]:
    """(display name, address) in From of a letter that is written here: the mailbox's own name, or that of who writes."""
    return readable(mailbox.label or actor.identity.name), mailbox.address


def shown_sender(actor: Actor, one: SendingMailbox) -> tuple[str, str] | None:
    """(display name, address) in Sender, which the server writes; None where the quality needs no such field.

    On behalf: the delegate's own mailbox, or the mailbox's address with the delegate's name when they have none.
    """
    if one.sending.mode is not SendMode.ON_BEHALF:
        return None
    return actor.identity.name, one.own_mailbox or one.mailbox.address


class _Wish(NamedTuple):
    identity_id: int
    way: LogInBy | None
    address: str
    mode: SendMode | None


class _Kept(NamedTuple):
    """A permission, true from the instant at which it was read until a grant begins or ends (None: none will)."""

    sender: SendingMailbox
    since: Micros
    until: Micros | None


class Senders:
    """Who may send from where, as it was last read."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[_Wish, _Kept] = {}
        self._changes = 0
        world.store.watch(self._forget)

    def _forget(self, changed: set[int]) -> None:
        if RIGHTS_CHANGED in changed:
            self._kept.clear()
            self._changes += 1

    async def choices(self, actor: Actor) -> list[SendingMailbox]:
        """All mailboxes from which the actor may send now, their own first; one for each quality in which they may."""
        world, found = self._world, list[SendingMailbox]()
        accesses = rights_in_force.accesses_at(await world.people.read(rights_in_force.holdings, actor.identity.id), world.clock.now())
        rows = await world.store.read_unchanged(mailboxes.with_ids, tuple(accesses))
        for held in rights_in_force.held(accesses, rows):
            for mode in (SendMode.OWNER,) if held.access.role else (SendMode.ON_BEHALF, SendMode.AS):
                with suppress(Refusal):  # a right that is not held, a mailbox that does not send, a log-in that it does not take
                    found.append(await self.sender_at(actor, held.mailbox.address, mode))
        return found

    async def sender_at(self, actor: Actor, address: str, mode: SendMode | None = None) -> SendingMailbox:
        """The mailbox at `address` when this actor may send from it now, in that quality if one is wished; Refusal otherwise."""
        if actor.mailbox is not None and actor.mailbox != address:
            raise Refusal(
                Rule.SEND_NOT_ALLOWED,
                say("You logged in to act for {mailbox}; {address} is another mailbox.", mailbox=actor.mailbox, address=address),
                subject=address,
                reference="quirks#acting-for",
            )
        wish, now = _Wish(actor.identity.id, actor.way, address, mode), self._world.clock.now()
        kept = self._kept.get(wish) if actor.serial is None else None
        if kept and kept.since <= now and (kept.until is None or now < kept.until):
            self._world.uses.note(kept.sender.mailbox.id)
            return kept.sender
        changes = self._changes
        sender, until = await self._world.store.read(self._read, actor, wish, now)
        decide_leaving(sender.mailbox.state, address)
        self._world.uses.note(sender.mailbox.id)
        if actor.serial is None and changes == self._changes:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            self._kept[wish] = _Kept(sender, now, until)
        return sender

    def _read(self, conn: Connection, actor: Actor, wish: _Wish, now: Micros) -> tuple[SendingMailbox, Micros | None]:
        world, address = self._world, wish.address
        why = barred(world, conn, actor)
        if why is not None:
            raise Refusal(Rule.SEND_NOT_ALLOWED, why, reference="quirks#log-in-taken-back")
        held = access_to(conn, address, actor.identity.id, now)
        allowed = held.access if held else Access()
        sending = decide_sending(allowed, address, world.settings.delegation.send_precedence, wish.mode)
        assert held is not None  # noqa: S101 - an access without a mailbox has no right, and was refused
        own = [box for box in mailboxes.owned_by(conn, actor.identity.id) if box.kind is MailboxKind.PER]
        active = [box.address for box in own if box.state is MailboxState.ACTIVE]
        try:
            check_login_method(world, conn, held.mailbox, actor.way)
        except Refusal as refusal:
            raise Refusal(Rule.SEND_NOT_ALLOWED, refusal.detail, subject=address, reference=refusal.reference) from refusal
        moments = [
            moment for row in grants.between(conn, held.mailbox_id, actor.identity.id) for moment in (row.valid_from, row.valid_until)
        ]
        until = min((moment for moment in moments if moment is not None and moment > now), default=None)
        box = replace(held.mailbox, id=held.mailbox_id)
        return SendingMailbox(box, sending, active[0] if active else None, held.carer_of is not None), until
