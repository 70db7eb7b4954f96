"""The daily letter about a watch list, into the mailbox itself: off until somebody who manages the mailbox asks for it.

It leaves in the transaction that puts it off to the next day, so that no day has two, even if processes die, and however many look.
Nothing is sent for an empty list, nor into a mailbox that is suspended or closed.
"""

import asyncio
from functools import partial

from mss_sim.clock import Micros, iso
from mss_sim.core.access import gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailflow import watch_list
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.delivery_reports import system_letter
from mss_sim.core.mailflow.letter import OfServer
from mss_sim.core.mailflow.watch_list import WatchEntry, WatchQuery
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.mail.addresses import domain_of
from mss_sim.mail.compose import Draft, compose
from mss_sim.policy.watch_list import next_digest
from mss_sim.store import mailboxes, watch_digests
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.watch_digests import WatchDigest
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import WatchReason
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from mss_sim.words.sentence import Sentence, say

_LISTED_MAX = 200
_AT_ONCE = 100
_REASONS: dict[WatchReason, Sentence] = {
    WatchReason.NOT_DELIVERED: say("not delivered"),
    WatchReason.DELAYED: say("delayed"),
    WatchReason.NOT_OPENED: say("not opened"),
}


class WatchDigests:
    """What the agenda asks about daily letters. `woken` is set when one may be due earlier than before."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self._delivery = delivery
        self._next_at: Micros | None = None
        self.woken = asyncio.Event()

    async def of_mailbox(self, actor: Actor, address: str) -> WatchDigest | None:
        """The daily letter of a mailbox; None when it was never asked for."""

        def look(conn: Connection) -> WatchDigest | None:
            return watch_digests.of_mailbox(conn, gate.about(self._world, conn, actor, address, Right.SEE).mailbox.id)

        return await self._world.store.read_briefly(look)

    async def change(self, actor: Actor, address: str, *, enabled: bool, hour: int | None) -> WatchDigest:
        """Ask for the daily letter of a mailbox, at that hour (`local_time`), else as before, else at the setting's; or for none."""
        world = self._world

        def unit(conn: Connection) -> WatchDigest:
            held = gate.about(world, conn, actor, address, Right.MANAGE)
            before = watch_digests.of_mailbox(conn, held.mailbox.id, to_change=True)
            usual, sent_at = (before.hour, before.sent_at) if before else (world.settings.watch_list.digest_hour, None)
            at = usual if hour is None else hour
            next_at = self._next(world.clock.now(), at, sent_at) if enabled else None
            after = WatchDigest(held.mailbox.id, at, next_at, sent_at)
            if _shown(before) != _shown(after):
                detail = {"before": {"watch_digest_hour": _shown(before)}, "after": {"watch_digest_hour": _shown(after)}}
                journal.write(world, conn, journal.by(actor), [journal.entry(held, Right.MANAGE, Act.MAILBOX_CHANGED, detail)])
                watch_digests.keep(conn, after)
            return after

        changed = await world.store.write(unit)
        self.woken.set()
        return changed

    def _next(self, now: Micros, hour: int, sent_at: Micros | None) -> Micros:
        return next_digest(now, hour, sent_at, self._world.settings.local_time)

    async def next_at(self) -> Micros | None:
        """When the next daily letter is due, whether there will be something to tell or not."""
        self._next_at = await self._world.store.read_briefly(watch_digests.next_at)
        return self._next_at

    async def work(self) -> list[Fired]:
        """Send all that was due when it was last asked, each in its own transaction; those that were sent."""
        world, sent = self._world, list[Fired]()
        if self._next_at is None or self._next_at > world.clock.now():
            return sent
        while due := await world.store.read_briefly(watch_digests.due, world.clock.now(), _AT_ONCE):
            for one in due:
                fired = await world.store.write(partial(self._send, one=one))
                sent += [fired] if fired else []
        self._delivery.wake_queue_if_needed()
        return sent

    def _send(self, conn: Connection, one: WatchDigest) -> Fired | None:
        """Put one letter off to the next day, and send it when there is something to tell."""
        world, now = self._world, self._world.clock.now()
        if not watch_digests.take(conn, one, self._next(now, one.hour, one.sent_at)):
            return None
        mailbox = mailboxes.by_id(conn, one.mailbox_id)
        if mailbox is None or mailbox.state is not MailboxState.ACTIVE:
            return None
        entries = watch_list.entries_in(world, conn, mailbox.id, WatchQuery(_LISTED_MAX + 1))
        if not entries:
            return None
        raw = _written(world, mailbox, entries, now)
        outcome = self._delivery.deliver(conn, [system_letter(world, raw, OfServer(mailbox.operator_id), to=mailbox.address, at=now)])[0]
        if isinstance(outcome, Exception):
            raise outcome
        watch_digests.note_sent(conn, mailbox.id, now, self._next(now, one.hour, now))
        return Fired(now, FiredKind.DIGEST_SENT, mailbox.id, mailbox.address, mailbox.address)


def _shown(one: WatchDigest | None) -> int | None:
    """The hour of a daily letter that is switched on."""
    return one.hour if one is not None and one.next_at is not None else None


def _written(world: World, mailbox: Mailbox, entries: list[WatchEntry], now: Micros) -> bytes:
    """The letter; it answers none, and programs do not answer it (ref: rfc3834#5)."""
    about = say(
        "These letters of {address} were not delivered, are delayed, or were not opened. Each may need another way, such as paper:",
        address=mailbox.address,
    )
    told = [line for entry in entries[:_LISTED_MAX] for line in ("", *_lines(world, entry))]
    if len(entries) > _LISTED_MAX:
        told += ["", world.translated(say("There are more; the watch list of the mailbox has them all."))]
    draft = Draft(
        from_=("", f"mailer-daemon@{domain_of(mailbox.address)}"),
        to=[("", mailbox.address)],
        subject=world.translated(say("Watch list: letters that did not arrive, or were not opened")),
        text="\n".join([world.translated(about), *told, ""]),
        headers={"Auto-Submitted": "auto-generated"},
    )
    return compose(draft, message_id=world.ids.message_id(world.settings.hostname), at=now)


def _lines(world: World, entry: WatchEntry) -> list[str]:
    """One entry: who, why, what was said of it, and which letter."""
    letter = entry.letter
    why = say("{address}: {reason}", address=letter.address, reason=_REASONS[entry.reason])
    which = say("letter of {at}: {subject}", at=iso(letter.submitted_at), subject=letter.subject)
    return [world.translated(why), f"  {entry.detail}", f"  {world.translated(which)}"]
