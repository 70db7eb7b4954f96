"""Listening: each event once, in its order, as soon as it is committed; by who is far behind and by who does not take it."""

import asyncio
from contextlib import aclosing

from mss_sim.core.feed.listening import Batch, Ears, Everything, Feed, Heard
from mss_sim.core.feed.reading_events import EventFilter, FeedEvent, last_position, read_events
from mss_sim.errors import Rule
from mss_sim.policy.hearing import Hearing
from mss_sim.vocabulary.events import RESET
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import OpenTown, Town, refused

_ALL = EventFilter()
_RECEIVED = EventFilter(frozenset({"message.received"}))


class Deaf(Everything):
    """Somebody who may hear nothing."""

    def hear(self, event: FeedEvent) -> Heard | None:
        """Nothing."""
        return None


class _Listening:
    """Somebody who listens in a task, and what was heard."""

    def __init__(self, feed: Feed, wanted: EventFilter = _ALL, after: int | None = None) -> None:
        self.positions: list[int] = []
        self.kinds: list[str] = []
        self.ready = asyncio.Event()
        self._more = asyncio.Event()
        self.task = asyncio.create_task(self._listen(feed, wanted, after))

    async def _listen(self, feed: Feed, wanted: EventFilter, after: int | None) -> None:
        async with aclosing(feed.follow(wanted, Everything(), after)) as batches:
            async for batch in batches:
                self.ready.set()
                self.positions += [one.event.position for one in batch.heard]
                self.kinds += [one.event.kind for one in batch.heard]
                self._more.set()

    async def until(self, count: int) -> list[int]:
        """The positions once there are so many."""
        async with asyncio.timeout(20):
            while len(self.positions) < count:
                self._more.clear()
                await self._more.wait()
        return self.positions


async def test_who_listens_hears_what_comes_and_not_what_was(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    listening = _Listening(town.core.feed, _RECEIVED)
    await listening.ready.wait()
    before = await last_position(town.world)
    await town.send("hospital", HOSPITAL, PRACTICE)
    [position] = await listening.until(1)
    assert position > before
    listening.task.cancel()
    await asyncio.wait([listening.task])
    assert town.core.feed.count == 0


async def test_who_comes_again_goes_on_where_he_was(town: Town) -> None:
    begun = await last_position(town.world)
    for number in range(6):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=str(number))
    last = await last_position(town.world)
    whole = await _Listening(town.core.feed, after=begun).until(last - begun)
    assert whole == list(range(begun + 1, last + 1))
    again = _Listening(town.core.feed, after=whole[7])
    assert await again.until(last - whole[7]) == whole[8:]
    await town.send("hospital", HOSPITAL, DOCTOR)
    now = await last_position(town.world)
    assert await again.until(now - whole[7]) == list(range(whole[8], now + 1))


async def test_many_hear_the_same_while_many_letters_come(town: Town) -> None:
    begun = await last_position(town.world)
    listeners = [_Listening(town.core.feed, after=begun) for _ in range(20)]
    await asyncio.gather(*(town.send("hospital", HOSPITAL, PRACTICE, subject=str(number)) for number in range(60)))
    last = await last_position(town.world)
    assert last - begun > 200, "more than is handed on at once"
    listeners.append(_Listening(town.core.feed, after=begun))
    for one in listeners:
        assert await one.until(last - begun) == list(range(begun + 1, last + 1))


async def test_who_waits_is_moved_past_what_is_not_for_him(town: Town) -> None:
    """So that who comes again with that position is not told of it, and nothing is looked through twice."""
    async with aclosing(town.core.feed.follow(EventFilter(mailbox=DOCTOR), Everything(), None)) as batches:
        assert (await anext(batches)).heard == []
        waiting = asyncio.ensure_future(anext(batches))
        [listener] = town.core.feed._listeners  # noqa: SLF001 - who waits, and where
        while not listener.idle:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        await town.send("hospital", HOSPITAL, PRACTICE)
        last = await last_position(town.world)
        async with asyncio.timeout(20):
            while listener.position < last:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.001)
        assert listener.idle, "and was not woken"
        await town.send("hospital", HOSPITAL, DOCTOR)
        assert {one.event.mailbox for one in (await waiting).heard} == {DOCTOR}


async def test_what_is_not_wanted_wakes_nobody(town: Town) -> None:
    listening = _Listening(town.core.feed, EventFilter(mailbox=DOCTOR))
    await listening.ready.wait()
    await town.send("hospital", HOSPITAL, PRACTICE)
    await town.send("hospital", HOSPITAL, DOCTOR)
    await listening.until(1)
    found = await read_events(town.world, listening.positions[0] - 1, 1)
    assert (found.events[0].mailbox, found.events[0].kind) == (DOCTOR, "message.received")


async def test_a_page_is_the_same_for_who_does_not_wait(town: Town) -> None:
    begun = await last_position(town.world)
    for number in range(3):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=str(number))
    first = await town.core.feed.page(_RECEIVED, Everything(), begun, 2)
    rest = await town.core.feed.page(_RECEIVED, Everything(), first.position, 2)
    assert [[one.event.subject for one in page.heard] for page in (first, rest)] == [["0", "1"], ["2"]]
    assert rest.position == await last_position(town.world)
    assert {one.hearing for one in first.heard} == {Hearing.WHOLE}
    assert await town.core.feed.page(_ALL, Everything(), rest.position, 2) == Batch([], rest.position)


async def test_silence_is_broken_by_heartbeats(open_town: OpenTown) -> None:
    async with open_town(feed_heartbeat_seconds=0.01) as town, aclosing(town.core.feed.follow(_ALL, Everything(), None)) as batches:
        first = await anext(batches)
        assert [await anext(batches), await anext(batches)] == [first, first] == [Batch([], first.position)] * 2


async def test_what_he_may_not_hear_makes_no_heartbeat(open_town: OpenTown) -> None:
    """It would tell when something happened. Heartbeats come in their time, also to who has much to pass over."""
    async with open_town(feed_heartbeat_seconds=0.3) as town:
        begun = asyncio.get_running_loop().time()
        async with aclosing(town.core.feed.follow(_ALL, Deaf(), None)) as batches:
            first = await anext(batches)
            hearing = asyncio.ensure_future(anext(batches))
            for number in range(3):
                await town.send("hospital", HOSPITAL, PRACTICE, subject=str(number))
            assert await hearing == Batch([], await last_position(town.world)) != first
            assert asyncio.get_running_loop().time() - begun >= 0.3
        async with aclosing(town.core.feed.follow(_ALL, Deaf(), 0)) as batches:
            assert await anext(batches) == Batch([], 0)
            assert await anext(batches) == Batch([], await last_position(town.world))
        listening = asyncio.create_task(_first(town.core.feed, Deaf()))
        await asyncio.sleep(0.01)
        await town.core.feed.close()
        assert await listening == []


async def _first(feed: Feed, ears: Ears) -> list[Batch]:
    """What is heard after the first word, until the world ends."""
    async with aclosing(feed.follow(_ALL, ears, None)) as batches:
        return [batch async for batch in batches if batch.heard]


async def test_one_listens_for_the_time_that_he_says(town: Town) -> None:
    async with aclosing(town.core.feed.follow(_ALL, Everything(), None, 0.01)) as batches:
        assert [batch.heard async for batch in batches] == [[], []]


async def test_no_more_may_listen_than_the_setting_says(open_town: OpenTown) -> None:
    async with open_town(feed_listeners_max=1) as town:
        listening = _Listening(town.core.feed)
        await listening.ready.wait()
        with refused(Rule.LIMIT_REACHED, "1 listen to events already"):
            town.core.feed.check_room()
        await town.core.feed.close()
        await listening.task
        with refused(Rule.LIMIT_REACHED):
            await anext(town.core.feed.follow(_ALL, Everything(), None))


async def test_whoever_listens_learns_that_the_world_began_anew(town: Town) -> None:
    listening = _Listening(town.core.feed, EventFilter(frozenset({"grant.created"}), DOCTOR))
    await listening.ready.wait()
    await town.core.reset("cabinet")
    await listening.until(1)
    assert listening.kinds[0] == RESET
