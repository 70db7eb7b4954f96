"""Unused mailboxes leave the public directory, after a warning, and come back when they are used.

| nobody has used it for          | what happens                                                                |
|---------------------------------|-----------------------------------------------------------------------------|
| `red_list_warned_days` (50)     | a letter into it says so, unless it is closed, or on the red list already    |
| `red_list_days` (60)            | it goes on the red list, unless it is closed, or on it already               |
| less, again                     | it leaves the red list, where it had gone there by itself                    |

It goes on receiving and sending all the while. What a use is, `world/uses` says.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from mss_sim.clock import DAY, Micros, iso
from mss_sim.core.access import journal
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.delivery_reports import system_letter
from mss_sim.core.mailflow.letter import Letter, OfServer
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.world import World
from mss_sim.mail.addresses import POSTMASTER, domain_of
from mss_sim.mail.compose import Draft, compose
from mss_sim.store import forwardings, identities, mailbox_uses, mailboxes
from mss_sim.store.engine import RIGHTS_CHANGED, Connection, announce
from mss_sim.store.mailbox_uses import Unused
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import AutoSubmitted
from mss_sim.vocabulary.mailboxes import MailboxState, UseStage
from mss_sim.words.sentence import say

_AT_ONCE = 200
_LETTER_BYTES = 16 * 1024
"""What is written for a warning, about."""
_SYSTEM = Requester(None, Door.SYSTEM)


class UnusedMailboxes:
    """What the agenda asks about unused mailboxes, and what notes their use."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        settings = world.settings.red_list
        self._world = world
        self._delivery = delivery
        self._kinds = settings.kinds
        self._spans = {UseStage.USED: settings.warned_days * DAY, UseStage.WARNED: settings.days * DAY}
        self._one_by_one = asyncio.Lock()
        self._next: tuple[int, Micros | None] = (-1, None)

    async def next_at(self) -> Micros | None:
        """When the next mailbox is warned or goes; uses are written down first."""
        async with self._one_by_one:
            await self._write_uses()
            return await self._next_at()

    async def _next_at(self) -> Micros | None:
        """The same; asked anew once mailboxes have changed, or been used."""
        store = self._world.store
        version, at = self._next
        if not store.exclusive or version != store.directory_version:
            version, at = store.directory_version, await store.read_briefly(self._first)
            self._next = version, at
        return at

    def _first(self, conn: Connection) -> Micros | None:
        far = 1 << 62
        rows = [row for stage in self._spans for row in mailbox_uses.first(conn, stage, self._kinds, far, 1)]
        return min((row.used_at + self._spans[row.stage] for row in rows), default=None)

    async def work(self) -> list[Fired]:
        """Warn, or take from the directory, whom it is time for; each told once."""
        fired: list[Fired] = []
        async with self._one_by_one:
            await self._write_uses()
            now = self._world.clock.now()
            while (at := await self._next_at()) is not None and at <= now:
                due = await self._world.store.read_briefly(self._due, now)
                self._next = (-1, None)
                done = await asyncio.gather(*(self._world.store.write_in_bulk(self._turned, row, _LETTER_BYTES) for row in due))
                fired += [one for one in done if one is not None]
        self._delivery.wake_queue_if_needed()
        return fired

    def _due(self, conn: Connection, now: Micros) -> Sequence[Unused]:
        """Those whose instant is the first of all that are due."""
        rows = [row for stage, span in self._spans.items() for row in mailbox_uses.first(conn, stage, self._kinds, now - span, _AT_ONCE)]
        first = min((row.used_at + self._spans[row.stage] for row in rows), default=now)
        return sorted(row for row in rows if row.used_at + self._spans[row.stage] == first)

    def _turned(self, conn: Connection, rows: Sequence[Unused]) -> list[Fired | None]:
        """Take mailboxes a stage further; nothing for one that was used, or gone on, meanwhile. A bulk: many were used on one day."""
        world, now = self._world, self._world.clock.now()
        as_they_are = {row.mailbox_id: row for row in mailbox_uses.of(conn, [row.mailbox_id for row in rows])}
        turning = {row.mailbox_id: row for row in rows if as_they_are.get(row.mailbox_id) == row}
        boxes = {box.id: box for box in mailboxes.with_ids(conn, turning)}
        concerned = {box.address for box in boxes.values()}
        mailboxes.lock_for_delivery(conn, concerned | forwardings.locked_with(conn, concerned))  # all that the warnings need, at once
        passed = {id_ for id_, box in boxes.items() if box.state is MailboxState.CLOSED or box.red_listed}
        owners = identities.names(conn, {box.owner_id for id_, box in boxes.items() if id_ not in passed})
        fired: dict[int, Fired] = {}
        warnings, lines, stages = list[Letter](), list[Entry](), list[tuple[Unused, UseStage]]()
        for id_, box in boxes.items():
            row = turning[id_]
            if id_ in passed:
                stages.append((row, UseStage.PASSED))
                continue
            warned = row.stage is UseStage.USED
            stages.append((row, UseStage.WARNED if warned else UseStage.UNLISTED))
            if warned:
                warnings.append(self._warning(box, row.used_at))
            lines.append(Entry(Act.UNUSED if warned else Act.RED_LISTED, id_, {"since": iso(row.used_at)}))
            owner = owners.get(box.owner_id)
            kind = FiredKind.UNUSED if warned else FiredKind.RED_LISTED
            fired[id_] = Fired(now, kind, id_, box.address, owner.idnat if owner else "")
        mailbox_uses.set_stages(conn, stages)
        unlisted = [row.mailbox_id for row, stage in stages if stage is UseStage.UNLISTED]
        mailboxes.set_red_listed(conn, unlisted, red_listed=True)
        if unlisted:
            announce(conn, RIGHTS_CHANGED)
        self._delivery.deliver(conn, warnings)
        journal.write(world, conn, _SYSTEM, lines, at=now)
        return [fired.get(row.mailbox_id) for row in rows]

    def _warning(self, mailbox: Mailbox, used_at: Micros) -> Letter:
        world, now = self._world, self._world.clock.now()
        goes_at = used_at + self._spans[UseStage.WARNED]
        text = say(
            "Nobody has used the mailbox {address} since {since}. If nobody does before {until}, it leaves the public directory (red list)."
            " It goes on receiving and sending letters, and comes back to the directory as soon as somebody uses it.",
            address=mailbox.address,
            since=iso(used_at),
            until=iso(goes_at),
        )
        draft = Draft(
            from_=("", f"{POSTMASTER}@{domain_of(mailbox.address)}"),
            to=[("", mailbox.address)],
            subject=world.translated(say("The mailbox {address} is not used", address=mailbox.address)),
            text=world.translated(text),
            headers={"Auto-Submitted": AutoSubmitted.GENERATED.value},
        )
        raw = compose(draft, message_id=world.ids.message_id(world.settings.hostname), at=now)
        return system_letter(world, raw, OfServer(mailbox.operator_id), to=mailbox.address, at=now)

    async def _write_uses(self) -> None:
        used = self._world.uses.take()
        if used:
            await self._world.store.write(partial(self._used, used=used))
            self._next = (-1, None)

    def _used(self, conn: Connection, used: dict[int, Micros]) -> None:
        """Mailboxes were used: their time begins anew, and those that had left the directory come back."""
        rows = [row for row in mailbox_uses.of(conn, used) if row.used_at < used[row.mailbox_id]]
        mailbox_uses.set_used(conn, {row.mailbox_id: used[row.mailbox_id] for row in rows})
        back = [row.mailbox_id for row in rows if row.stage is UseStage.UNLISTED]
        mailboxes.set_red_listed(conn, back, red_listed=False)
        if back:
            announce(conn, RIGHTS_CHANGED)
            journal.write(self._world, conn, _SYSTEM, [Entry(Act.PUBLISHED, mailbox_id, {}) for mailbox_id in back])
