"""Listening: a listener gets each event once, in the order of the feed, as soon as it is committed.

Events are read once for all who listen, and the newest are kept; who comes from further back, or falls behind, reads for themselves. A
listener holds a position and nothing else, so that one who does not take what they are sent costs no memory.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from mss_sim.core.feed.reading_events import EventFilter, Events, FeedEvent, begun_anew, last_position, read_events
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.hearing import Hearing
from mss_sim.words.sentence import say

_AT_ONCE = 200
_KEPT = 2_000


class Heard(NamedTuple):
    """An event as somebody hears it; `letter_id`: what the letter is called at their door, None where it is not there for them."""

    event: FeedEvent
    hearing: Hearing
    letter_id: int | None


class Batch(NamedTuple):
    """What was heard, the oldest first, and the position until which one has listened; nothing where the wait was long."""

    heard: list[Heard]
    position: int


class Ears(Protocol):
    """Who listens, and what of an event they hear."""

    async def refresh(self) -> None:
        """Learn what may be heard now; Refusal when nothing may any more."""
        ...

    def hear(self, event: FeedEvent) -> Heard | None:
        """An event as they hear it; None when they do not."""
        ...


class Everything:
    """The control plane hears everything."""

    async def refresh(self) -> None:
        """He may, always."""

    def hear(self, event: FeedEvent) -> Heard | None:
        """The whole of it."""
        return Heard(event, Hearing.WHOLE, event.letter_id)


@dataclass(slots=True, eq=False)
class _Listener:
    """One who listens; `idle` while they wait for an event behind `position`."""

    wanted: EventFilter
    ears: Ears
    position: int
    idle: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Feed:
    """The listeners of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._settings = world.settings.feed
        self._listeners: set[_Listener] = set()
        self._recent: list[FeedEvent] = []
        self._since = 0
        self._until = 0
        self._begun = self._grown = False
        self._reading: asyncio.Task[None] | None = None
        self._closed = False
        world.store.watch_commits(self._committed)

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def close(self) -> None:
        """End all listening; who comes later is refused."""
        self._closed = True
        for listener in self._listeners:
            listener.woken.set()
        if self._reading:
            await self._reading

    def check_room(self) -> None:
        """Refuse one listener too many, and every one when the world ends."""
        if self._closed or len(self._listeners) >= self._settings.listeners_max:
            most = self._settings.listeners_max
            detail = say("{most} listen to events already, the most that may; listen again in a while.", most=most)
            raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#events")

    async def page(self, wanted: EventFilter, ears: Ears, after: int, limit: int) -> Batch:
        """What happened behind a position, at most `limit` of it, for who does not wait; what `ears.refresh` raises.

        Behind one that another world gave it is that the world began anew, here as in `follow`.
        """
        await ears.refresh()
        newest = await last_position(self._world)
        if after > newest:
            return _elsewhere(ears, newest)
        heard: list[Heard] = []
        while len(heard) < limit:
            found = await read_events(self._world, after, _AT_ONCE)
            if found.position == after:
                break
            for event in found.events:
                one = ears.hear(event) if wanted.takes(event) else None
                heard += [one] if one else []
                after = event.position
                if len(heard) == limit:
                    return Batch(heard, after)
            after = found.position
        return Batch(heard, after)

    async def follow(self, wanted: EventFilter, ears: Ears, after: int | None, seconds: float | None = None) -> AsyncGenerator[Batch, None]:
        """What happens behind a position, or from now on, for so many seconds, or until the world ends.

        An empty batch comes at once, and whenever nothing was heard for the time of a heartbeat.

        Refusal: LIMIT_REACHED when too many listen; whatever `ears.refresh` raises, when it does.
        """
        self.check_room()
        listener = _Listener(wanted, ears, after or 0)
        self._listeners.add(listener)  # first: from here on no commit is missed
        try:
            newest = await self._begin()
            if after is not None and after > newest:
                await ears.refresh()
                first = _elsewhere(ears, newest)
            else:
                first = Batch([], newest if after is None else after)
            listener.position = first.position
            yield first
            ends = None if seconds is None else asyncio.get_running_loop().time() + seconds
            while not self._closed and (left := self._patience(ends)) > 0:
                yield await self._next(listener, left)
        finally:
            self._listeners.discard(listener)
            self._begun = self._begun and bool(self._listeners)

    async def _begin(self) -> int:
        """Have events read from here on, unless that was done already; the position of the newest."""
        newest = await last_position(self._world)
        if not self._begun:
            self._recent, self._since, self._until, self._begun = [], newest, newest, True
            self._committed(set())
        return newest

    def _patience(self, ends: float | None) -> float:
        """Seconds until the next heartbeat, or until the end."""
        most = self._settings.heartbeat_seconds
        return most if ends is None else min(most, ends - asyncio.get_running_loop().time())

    async def _next(self, listener: _Listener, seconds: float) -> Batch:
        """What they hear next; nothing when it takes longer. What they may not hear makes no sound: it would tell when it happened."""
        ends = asyncio.get_running_loop().time() + seconds
        while True:
            listener.woken.clear()
            found = await self._after(listener.position)
            if found.position == listener.position and await self._nothing_until(ends, listener):
                await listener.ears.refresh()
                return Batch([], listener.position)
            if found.position == listener.position:
                found = await self._after(listener.position)
            await listener.ears.refresh()
            told = (listener.ears.hear(event) for event in found.events if listener.wanted.takes(event))
            heard = [one for one in told if one is not None]
            listener.position = max(found.position, listener.position)
            if heard or self._closed or asyncio.get_running_loop().time() >= ends:
                return Batch(heard, listener.position)

    async def _nothing_until(self, ends: float, listener: _Listener) -> bool:
        """Whether nothing that they want happens until then, by the time of the loop."""
        listener.idle = True
        try:
            async with asyncio.timeout_at(ends):
                await listener.woken.wait()
        except TimeoutError:
            return True
        finally:
            listener.idle = False
        return False

    async def _after(self, position: int) -> Events:
        if position < self._since:
            return await read_events(self._world, position, _AT_ONCE)
        start = bisect_right(self._recent, position, key=_position)
        events = self._recent[start : start + _AT_ONCE]
        whole = start + len(events) == len(self._recent)
        return Events(events, max(self._until if whole else events[-1].position, position))

    def _committed(self, _changed: set[int]) -> None:
        if not self._begun:
            return
        self._grown = True
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        """Read what was committed, and wake whom it may concern."""
        while self._grown and self._begun:
            self._grown = False
            while (found := await read_events(self._world, self._until, _AT_ONCE)).position > self._until:
                before, self._until = self._until, found.position
                self._recent += found.events
                if len(self._recent) > 2 * _KEPT:
                    del self._recent[:-_KEPT]
                    self._since = self._recent[0].position - 1
                self._wake(before, found)

    def _wake(self, before: int, found: Events) -> None:
        for listener in self._listeners:
            if any(map(listener.wanted.takes, found.events)):
                listener.woken.set()
            elif listener.idle and listener.position == before and not listener.woken.is_set():
                listener.position = found.position


def _elsewhere(ears: Ears, newest: int) -> Batch:
    """What is heard by who was last in another world: a simulator that kept nothing and was started again, or another one."""
    heard = ears.hear(begun_anew(newest))
    return Batch([heard] if heard else [], newest)


def _position(event: FeedEvent) -> int:
    return event.position
