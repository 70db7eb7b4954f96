"""Letters that have been in a mailbox for so many days are removed, read or not, after a warning.

It is done in rounds at midnight (by the setting `local_time`), so that a month with thousands of letters is thirty rounds:

| a letter has been there for           | at the next midnight                                                     |
|---------------------------------------|--------------------------------------------------------------------------|
| its days less `retention_warned_days` | the journal of the mailbox says how many letters go, and when            |
| its days                              | it is removed from whatever folder it is in, its room is free, open sessions see it go |

The days are the mailbox's own or, for professional mailboxes without, `retention_days`; by default letters stay for good.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from mss_sim.clock import DAY, Micros, iso
from mss_sim.core.access import gate, journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailbox import forced_removals
from mss_sim.core.mailbox.handing_over import led_by
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.ids import instant_of, last_id_at
from mss_sim.policy.local_time import midnight_after, midnight_before
from mss_sim.store import identities, mailboxes, retention
from mss_sim.store.engine import Connection
from mss_sim.store.mailboxes import Mailbox
from mss_sim.store.messages import LeavingCopy
from mss_sim.store.retention import Keeping
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import MailboxKind, Right

_AT_ONCE = 500
_SYSTEM = Requester(None, Door.SYSTEM)


async def get_days(world: World, actor: Actor | None, address: str) -> int | None:
    """For how many days a mailbox keeps letters, for who may see it; None: for good."""

    def query(conn: Connection) -> int | None:
        mailbox = led_by(world, conn, None, address) if actor is None else gate.about(world, conn, actor, address, Right.SEE).mailbox
        return _days(world, conn, mailbox)

    return await world.store.read_briefly(query)


def _days(world: World, conn: Connection, mailbox: Mailbox) -> int | None:
    own = retention.own_days(conn, mailbox.id)
    return own[0] if own else None if mailbox.kind is MailboxKind.PATIENT else world.settings.retention.days


async def put_days(world: World, address: str, days: int | None) -> int | None:
    """Let a mailbox keep letters for so many days, whatever the others do; None: for good. By the control plane."""
    return await _change(world, address, lambda conn, id_: retention.put(conn, id_, days))


async def remove_days(world: World, address: str) -> int | None:
    """Let a mailbox keep letters as the others do."""
    return await _change(world, address, retention.remove)


async def _change(world: World, address: str, change: Callable[[Connection, int], None]) -> int | None:
    def unit(conn: Connection) -> int | None:
        mailbox = led_by(world, conn, None, address)
        before = _days(world, conn, mailbox)
        change(conn, mailbox.id)
        after = _days(world, conn, mailbox)
        if before != after:
            changed = Entry(Act.MAILBOX_CHANGED, mailbox.id, {"before": {"retention_days": before}, "after": {"retention_days": after}})
            journal.write(world, conn, CONTROL, [changed])
        return after

    return await world.store.write(unit, changes_directory=True)


class Retention:
    """What the agenda asks about letters that have been there for long."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._place = world.settings.local_time
        self._days = world.settings.retention.days
        self._warned_days = world.settings.retention.warned_days
        self._one_by_one = asyncio.Lock()
        self._keeping: tuple[int, list[Keeping]] = (-1, [])

    async def next_at(self) -> Micros | None:
        """When the next round has something to do."""
        async with self._one_by_one:
            return await self._next_at()

    async def _next_at(self) -> Micros | None:
        store = self._world.store
        version, kept = self._keeping
        if not store.exclusive or version != store.directory_version:
            version, kept = store.directory_version, await store.read_briefly(retention.keeping, self._days)
            self._keeping = version, kept
        if not kept:
            return None
        if await store.read_briefly(retention.warned_until) is None:  # there is no warning of what was due before one could be sent
            began = midnight_before(self._world.clock.now(), self._place)
            await store.write(lambda conn: retention.set_warned_until(conn, began))
        return await store.read_briefly(self._first, kept)

    def _first(self, conn: Connection, kept: Sequence[Keeping]) -> Micros | None:
        warned, found = retention.warned_until(conn) or 0, list[Micros]()
        for one in kept:
            oldest, span = retention.first(conn, one), self._warning_span(one)
            unwarned = retention.first(conn, one, last_id_at(warned - span)) if oldest else None
            found += [midnight_after(instant_of(oldest) + one.days * DAY, self._place)] if oldest else []
            found += [midnight_after(max(instant_of(unwarned) + span, warned + 1), self._place)] if unwarned and self._warned_days else []
        return min(found, default=None)

    def _warning_span(self, kept: Keeping) -> Micros:
        return max(kept.days - self._warned_days, 0) * DAY

    async def work(self) -> list[Fired]:
        """Warn of what goes in some days, and remove what goes now, a few hundred letters in one transaction; each told once."""
        store, fired = self._world.store, list[Fired]()
        async with self._one_by_one:
            at, midnight = await self._next_at(), midnight_before(self._world.clock.now(), self._place)
            if at is None or at > midnight:
                return []
            fired += await store.write(partial(self._warn, midnight=midnight))
            while removed := await store.write(partial(self._remove, midnight=midnight)):
                fired += removed
        return fired

    def _warn(self, conn: Connection, midnight: Micros) -> list[Fired]:
        """Write down, for each mailbox, how many letters go in some days."""
        warned = retention.warned_until(conn) or midnight
        retention.set_warned_until(conn, max(warned, midnight))
        lines = []
        for one in retention.keeping(conn, self._days) if self._warned_days and warned < midnight else ():
            span = self._warning_span(one)
            goes_at = iso(midnight_after(midnight + one.days * DAY - span, self._place))
            going = retention.counts(conn, one, last_id_at(warned - span), last_id_at(midnight - span))
            lines += [Entry(Act.LETTERS_EXPIRE, id_, {"letters": going[id_], "at": goes_at}) for id_ in sorted(going)]
        journal.write(self._world, conn, _SYSTEM, lines)
        return self._fired(conn, FiredKind.LETTERS_EXPIRE, [(line.mailbox_id, line.mailbox_id) for line in lines if line.mailbox_id])

    def _remove(self, conn: Connection, midnight: Micros) -> list[Fired]:
        """Remove some of the letters whose time is over."""
        gone: list[LeavingCopy] = []
        for one in retention.keeping(conn, self._days):
            gone += retention.between(conn, one, 0, last_id_at(midnight - one.days * DAY), _AT_ONCE - len(gone))
        if not gone:
            return []
        forced_removals.remove(self._world, conn, gone, Act.EXPIRED, _SYSTEM)
        return self._fired(conn, FiredKind.EXPIRED, [(row.mailbox_id, row.id) for row in gone])

    def _fired(self, conn: Connection, kind: FiredKind, about: Sequence[tuple[int, int]]) -> list[Fired]:
        """What happened to mailboxes, each with the id of what it is about."""
        now = self._world.clock.now()
        boxes = {box.id: box for box in mailboxes.with_ids(conn, {mailbox_id for mailbox_id, _ in about})}
        people = identities.names(conn, {box.owner_id for box in boxes.values()})
        return [Fired(now, kind, id_, boxes[box].address, people[boxes[box].owner_id].idnat) for box, id_ in about]
