"""Events as they are handed on: read once from the store, for everybody who listens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mss_sim.clock import Micros
from mss_sim.core.access import journal
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.store import feed, identities, mailboxes, messages, timelines
from mss_sim.store.engine import Connection
from mss_sim.store.feed import Ref, Source
from mss_sim.store.identities import Identity
from mss_sim.store.journal import JournalRow
from mss_sim.store.timelines import TimelineEvent
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.events import RESET, Family
from mss_sim.words.sentence import say

_NAMES = ("grantee", "idnat", "from", "to")


@dataclass(frozen=True, slots=True, eq=False)
class FeedEvent:
    """Something that happened; read once, and the same object for all who hear it.

    `position`: 1, 2, 3 … in the order of the commits; `kind`: a word of `vocabulary.events.KINDS`; `id`: of the line of a journal or of a
    timeline, 0 for the world. `mailbox`: the address, None where it was about none, or the mailbox is gone. `named`: the idNats in the
    detail of a grant or of a change of holders. `copies`: where the letter lies, by mailbox.
    """

    position: int
    kind: str
    id: int
    at: Micros | None
    mailbox_id: int | None = None
    mailbox: str | None = None
    actor: Identity | None = None
    door: Door | None = None
    grant_id: int | None = None
    letter_id: int | None = None
    subject: str | None = None
    message_id: str | None = None
    detail: Mapping[str, Any] | None = None
    named: frozenset[str] = frozenset()
    copies: Mapping[int, int] | None = None


class Events(NamedTuple):
    """Events in their order, and the position until which all was read: rows that are gone are left out."""

    events: list[FeedEvent]
    position: int


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: of these kinds, all where none is named; in this mailbox, any where none is."""

    kinds: frozenset[str] = frozenset()
    mailbox: str | None = None

    def takes(self, event: FeedEvent) -> bool:
        """Whether it is one of those; what befalls the whole world is one always."""
        if event.kind == RESET:
            return True
        return (not self.kinds or event.kind in self.kinds) and self.mailbox in (None, event.mailbox)


async def last_position(world: World) -> int:
    """The position of the newest event; 0 where nothing happened."""
    return await world.store.read_briefly(feed.last)


async def check_position(world: World, position: int, name: str) -> None:
    """Refuse a position that this world has not given yet: what stands behind it would be passed over until it has."""
    newest = await last_position(world)
    if position > newest:
        detail = say(
            "{name} is {position}, and the newest event of this world is {newest}: another world gave it.",
            name=name,
            position=position,
            newest=newest,
        )
        raise Refusal(Rule.INVALID, detail, subject=name, reference="quirks#events")


def begun_anew(position: int) -> FeedEvent:
    """What is told to who comes with a position of another world: what was known is void, and this is the newest position here."""
    return FeedEvent(position, RESET, 0, None)


async def read_events(world: World, after: int, limit: int) -> Events:
    """The events behind a position, at most `limit` of them."""
    return await world.store.read_briefly(events_after, after, limit)


def events_after(conn: Connection, after: int, limit: int) -> Events:
    """The same within a read."""
    refs = feed.after(conn, after, limit)
    lines = journal.with_ids(conn, [ref.id for ref in refs if ref.source is Source.JOURNAL])
    told = timelines.with_ids(conn, [ref.id for ref in refs if ref.source is Source.TIMELINE])
    letters = {row.line.message_id for row in lines.values()} | {one.letter_id for one in told.values()}
    boxes = {row.line.mailbox_id for row in lines.values()} | {one.mailbox_id for one in told.values()}
    known = _Known(
        lines,
        told,
        identities.names(conn, {row.line.actor_id for row in lines.values() if row.line.actor_id is not None}),
        {box.id: box.address for box in mailboxes.with_ids(conn, {id_ for id_ in boxes if id_ is not None})},
        messages.copy_ids(conn, {id_ for id_ in letters if id_ is not None}),
    )
    found = (known.event(ref) for ref in refs)
    return Events([event for event in found if event is not None], refs[-1].position if refs else after)


class _Known(NamedTuple):
    """What the rows behind some positions say, and the names in them."""

    lines: dict[int, JournalRow]
    told: dict[int, TimelineEvent]
    people: dict[int, Identity]
    addresses: dict[int, str]
    copies: dict[int, dict[int, int]]

    def event(self, ref: Ref) -> FeedEvent | None:
        """The event at a position; None when its row is gone."""
        if ref.source is Source.WORLD:
            return begun_anew(ref.position)
        if ref.source is Source.TIMELINE:
            told = self.told.get(ref.id)
            return self._told(ref, told) if told else None
        row = self.lines.get(ref.id)
        return self._line(ref, row) if row else None

    def _line(self, ref: Ref, row: JournalRow) -> FeedEvent:
        line, detail = row.line, row.line.detail or {}
        family = line.act.value.partition(".")[0]
        named = (detail.get(name) for name in _NAMES) if family in (Family.GRANT, Family.HOLDER) else ()
        return FeedEvent(
            position=ref.position,
            kind=line.act.value,
            id=line.id,
            at=line.at,
            mailbox_id=line.mailbox_id,
            mailbox=self.addresses.get(line.mailbox_id or 0),
            actor=self.people.get(line.actor_id or 0),
            door=line.door,
            grant_id=line.grant_id,
            letter_id=line.message_id,
            subject=row.subject,
            message_id=row.rfc_message_id,
            detail=detail,
            named=frozenset(one for one in named if isinstance(one, str)),
            copies=self.copies.get(line.message_id or 0),
        )

    def _told(self, ref: Ref, told: TimelineEvent) -> FeedEvent:
        return FeedEvent(
            position=ref.position,
            kind=f"{Family.TIMELINE}.{told.kind.value}",
            id=told.id,
            at=told.at,
            mailbox_id=told.mailbox_id,
            mailbox=self.addresses.get(told.mailbox_id or 0),
            letter_id=told.letter_id,
            subject=told.subject,
            message_id=told.message_id,
            detail={"recipient": told.recipient, "failed": told.failed, "detail": told.detail},
            copies=self.copies.get(told.letter_id),
        )
