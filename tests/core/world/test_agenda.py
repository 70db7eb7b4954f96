"""The clock of a world is moved by way of all that is due: in order, each at its own instant, and nothing twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from mss_sim.clock import DAY, HOUR, SECOND, Micros, Pace
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.assembly import assemble
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.core.world.agenda import Agenda, Fired
from mss_sim.core.world.world import World
from mss_sim.errors import Rule
from mss_sim.store import clock as clocks
from mss_sim.store.clock import KeptClock
from mss_sim.vocabulary.clock import ClockMode, FiredKind
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, refused

MINUTE = 60 * SECOND


class Alarms:
    """Something that waits for instants, and notes when it was woken."""

    def __init__(self, world: World, *at: Micros) -> None:
        self._world = world
        self.left = sorted(at)
        self.rung: list[Micros] = []

    async def next_at(self) -> Micros | None:
        return self.left[0] if self.left else None

    async def work(self) -> list[Fired]:
        now, done = self._world.clock.now(), []
        while self.left and self.left[0] <= now:
            done.append(Fired(now, FiredKind.TRIED, self.left.pop(0), None, "alarm"))
        self.rung += [one.at for one in done]
        return done


@pytest.fixture
async def still(town: Town) -> Town:
    """A town whose time stands still."""
    await town.core.agenda.set_pace(ClockMode.FROZEN)
    return town


async def _timeline(town: Town, sent: Accepted, address: str = PRACTICE) -> list[tuple[Micros, TimelineKind]]:
    return [(event.at, event.kind) for event in (await town.events(sent))[address]]


# Paces


@pytest.mark.parametrize(
    ("mode", "rate", "after"),
    [(ClockMode.FROZEN, 1.0, 0), (ClockMode.OFFSET, 1.0, MINUTE), (ClockMode.PACED, 60.0, HOUR), (ClockMode.REAL, 1.0, MINUTE)],
)
async def test_a_clock_runs_as_it_is_told_and_says_how(town: Town, mode: ClockMode, rate: float, after: int) -> None:
    began = town.world.clock.now()
    await town.core.agenda.set_pace(mode, rate=rate)
    expected = ClockMode.REAL if mode is ClockMode.OFFSET else mode  # it is not ahead of the machine's yet
    assert town.world.clock.pace.mode is expected
    town.clock.advance(timedelta(minutes=1))
    assert town.world.clock.now() - began == after


async def test_a_clock_that_was_moved_runs_on_at_its_pace(town: Town) -> None:
    began = town.world.clock.now()
    await town.core.agenda.advance(by=7 * DAY)
    assert (town.world.clock.now() - began, town.world.clock.pace.mode) == (7 * DAY, ClockMode.OFFSET)
    town.clock.advance(timedelta(minutes=1))
    assert town.world.clock.now() - began == 7 * DAY + MINUTE
    await town.core.agenda.set_pace(ClockMode.PACED, rate=60)
    await town.core.agenda.advance(to=began + 8 * DAY)
    assert (town.world.clock.now() - began, town.world.clock.pace) == (8 * DAY, Pace(began + 8 * DAY, town.clock.now(), 60))


async def test_it_never_goes_back_not_even_to_the_machines(still: Town) -> None:
    agenda, began = still.core.agenda, still.world.clock.now()
    await agenda.advance(by=DAY)
    for going in (
        agenda.advance(to=began),
        agenda.advance(by=-1),
        agenda.set_pace(ClockMode.REAL),
        agenda.set_pace(ClockMode.FROZEN, at=began + DAY - 1),
    ):
        with refused(Rule.CONFLICT, "its time never goes back"):
            await going
        assert (still.world.clock.now(), still.world.clock.pace.mode) == (began + DAY, ClockMode.FROZEN)
    still.clock.advance(timedelta(days=1))
    await agenda.set_pace(ClockMode.REAL)
    assert (still.world.clock.now(), still.world.clock.pace.mode) == (still.clock.now(), ClockMode.REAL)
    assert await still.world.store.read(clocks.kept) is None


# Walking


async def test_what_is_due_is_done_in_order_each_at_its_own_instant(still: Town) -> None:
    world, now = still.world, still.world.clock.now()
    first, second = Alarms(world, now + 3 * HOUR, now + HOUR, now + DAY + 1), Alarms(world, now + 2 * HOUR, now + HOUR)
    fired = await Agenda(world.store, world.clock, (first, second)).advance(by=DAY)
    assert [(one.at - now, one.id - now) for one in fired] == [(hours * HOUR, hours * HOUR) for hours in (1, 1, 2, 3)]
    assert ([at - now for at in first.rung], [at - now for at in second.rung]) == ([HOUR, 3 * HOUR], [HOUR, 2 * HOUR])
    assert (first.left, world.clock.now()) == ([now + DAY + 1], now + DAY)


async def test_one_step_does_what_many_steps_do(open_town: OpenTown) -> None:
    told = []
    for steps in (1, 5, 24):
        async with open_town() as town:
            await town.core.agenda.set_pace(ClockMode.FROZEN)
            began = town.world.clock.now()
            await town.change(PRACTICE, state=MailboxState.SUSPENDED)
            sent = await town.send("hospital", HOSPITAL, PRACTICE)
            fired = [one for _ in range(steps) for one in await town.core.agenda.advance(by=DAY // steps)]
            events = await _timeline(town, sent)
            told.append(([(one.at - began, one.kind, one.who) for one in fired], [(at - began, kind) for at, kind in events]))
    assert told[0] == told[1] == told[2]
    assert len(told[0][0]) > 24


async def test_what_is_overdue_is_done_now(still: Town) -> None:
    now = still.world.clock.now()
    alarms = Alarms(still.world, now - DAY, now)
    fired = await Agenda(still.world.store, still.world.clock, (alarms,)).advance(by=0)
    assert [one.at for one in fired] == [now, now]


async def test_what_cannot_be_done_stays_due_and_holds_nobody_up(still: Town) -> None:
    class Stuck(Alarms):
        async def work(self) -> list[Fired]:
            return []

    now = still.world.clock.now()
    await asyncio.wait_for(Agenda(still.world.store, still.world.clock, (Stuck(still.world, now + 1),)).advance(by=DAY), 5)
    assert still.world.clock.now() == now + DAY


async def test_two_who_move_it_move_it_one_after_the_other(still: Town) -> None:
    began = still.world.clock.now()
    await asyncio.gather(*(still.core.agenda.advance(by=HOUR) for _ in range(5)))
    assert still.world.clock.now() - began == 5 * HOUR


async def test_a_letter_is_tried_at_its_hour_and_says_so_until_it_is_given_up(still: Town) -> None:
    await still.change(PRACTICE, state=MailboxState.SUSPENDED)
    began = still.world.clock.now()
    sent = await still.send("hospital", HOSPITAL, PRACTICE)
    fired = await still.core.agenda.advance(by=6 * DAY)
    assert [one.at - began for one in fired[:4]] == [MINUTE, 3 * MINUTE, 7 * MINUTE, 15 * MINUTE]
    assert {(one.kind, one.mailbox, one.who) for one in fired} == {(FiredKind.TRIED, HOSPITAL, PRACTICE)}
    events = [(at - began, kind) for at, kind in await _timeline(still, sent)]
    assert (4 * HOUR, TimelineKind.DELAYED) in events
    assert events[-1] == (5 * DAY, TimelineKind.FAILED)
    assert fired[-1].at - began == 5 * DAY


async def test_a_grant_begins_and_ends_on_the_way(still: Town) -> None:
    now = still.world.clock.now()
    row = await grant(still.world, CONTROL, GrantRequest(DOCTOR, IDNATS["newcomer"], frozenset({Right.SEE}), now + HOUR, now + 2 * HOUR))
    fired = await still.core.agenda.advance(by=DAY)
    told = [(one.at - now, one.kind, one.id, one.mailbox, one.who) for one in fired]
    about = row.id, DOCTOR, IDNATS["newcomer"]
    assert told == [(HOUR, FiredKind.GRANT_BEGAN, *about), (2 * HOUR, FiredKind.GRANT_ENDED, *about)]
    assert await still.core.agenda.advance(by=0) == []


# Kept


async def _opened_again(town: Town) -> Agenda:
    """The agenda as a process that starts now finds it."""
    again = assemble(town.world).agenda
    town.world.clock.run(Pace())
    await again.open()
    return again


async def test_a_clock_runs_as_before_when_the_world_is_opened_again(town: Town) -> None:
    began = town.world.clock.now()
    await town.core.agenda.advance(by=DAY)
    town.clock.advance(timedelta(hours=1))
    await _opened_again(town)
    assert town.world.clock.now() - began == DAY + HOUR, "a shifted clock went on"
    await town.core.agenda.set_pace(ClockMode.FROZEN)
    town.clock.advance(timedelta(hours=1))
    await _opened_again(town)
    assert town.world.clock.now() - began == DAY + HOUR, "one that stood still did not"


async def test_while_nobody_was_there_a_fast_clock_stood_still(town: Town) -> None:
    began = town.world.clock.now()
    await town.core.agenda.set_pace(ClockMode.PACED, rate=3_600)
    town.clock.advance(timedelta(seconds=10))
    await town.send("hospital", HOSPITAL, PRACTICE)
    town.clock.advance(timedelta(days=1))
    await _opened_again(town)
    assert 0 <= town.world.clock.now() - began - 10 * HOUR < SECOND, "the newest letter tells where it was"
    town.clock.advance(timedelta(seconds=1))
    assert 0 <= town.world.clock.now() - began - 11 * HOUR < SECOND


async def test_a_move_that_was_cut_short_is_finished_and_nothing_is_done_twice(still: Town) -> None:
    world, began = still.world, still.world.clock.now()

    class PowerCut(BaseException):
        pass

    class Cutting(Alarms):
        async def work(self) -> list[Fired]:
            if world.clock.now() > began + 2 * HOUR:
                raise PowerCut
            return await super().work()

    await still.change(PRACTICE, state=MailboxState.SUSPENDED)
    sent = await still.send("hospital", HOSPITAL, PRACTICE)
    cutting = Cutting(world, began + 3 * HOUR)
    with pytest.raises(PowerCut):
        await Agenda(world.store, world.clock, (cutting, *still.core.agenda._waiting)).advance(by=DAY)  # noqa: SLF001 - as it is, and one more
    kept = await world.store.read(clocks.kept)
    assert kept is not None
    assert kept.advancing_to == began + DAY
    before = await _timeline(still, sent)
    again = await _opened_again(still)
    assert world.clock.now() < began + 3 * HOUR + SECOND, "no further than it had come"
    await again.go_on()
    assert (world.clock.now(), world.clock.pace.mode) == (began + DAY, ClockMode.FROZEN)
    events = await _timeline(still, sent)
    assert events[: len(before)] == before
    assert [kind for _, kind in events].count(TimelineKind.DELAYED) == 1
    assert await again.go_on() == []


async def test_until_a_move_that_was_cut_short_goes_on_the_clock_stands_still(town: Town) -> None:
    world, began = town.world, town.world.clock.now()
    cut = KeptClock(Pace(began, town.clock.now(), 60.0), began + DAY)
    await world.store.write(lambda conn: clocks.keep(conn, cut))
    again = await _opened_again(town)
    found = world.clock.now()
    town.clock.advance(timedelta(minutes=1))
    assert world.clock.now() == found
    await again.go_on()
    town.clock.advance(timedelta(minutes=1))
    assert (world.clock.now() - began, world.clock.pace.mode) == (DAY + HOUR, ClockMode.PACED)


async def test_a_world_that_is_emptied_has_the_machines_time(still: Town) -> None:
    await still.core.agenda.advance(by=DAY)
    await still.core.reset("cabinet")
    assert (still.world.clock.now(), still.world.clock.pace.mode) == (still.clock.now(), ClockMode.REAL)
    assert await still.world.store.read(clocks.kept) is None


async def test_a_world_that_is_emptied_while_its_clock_is_moved_has_the_machines_time_afterwards(still: Town) -> None:
    await still.change(PRACTICE, state=MailboxState.SUSPENDED)
    await still.send("hospital", HOSPITAL, PRACTICE)
    moving = asyncio.create_task(still.core.agenda.advance(by=6 * DAY))
    while still.world.clock.now() < still.clock.now() + DAY:  # noqa: ASYNC110 - on its way it tells nobody
        await asyncio.sleep(0)
    await still.core.reset("cabinet")
    with refused(Rule.CONFLICT, "The world was reset while its time was moved"):
        await moving
    assert (still.world.clock.now(), still.world.clock.pace.mode) == (still.clock.now(), ClockMode.REAL)


async def test_a_move_ends_before_its_next_instant_where_the_world_begins_anew_or_ends(still: Town) -> None:
    """It may have years to go, through letters and webhooks that fail at each instant: nobody waits for all that."""
    world, began = still.world, still.world.clock.now()

    class Slow(Alarms):
        async def work(self) -> list[Fired]:
            done = await super().work()
            if len(self.rung) == 1:
                reached.set()
                await go_on.wait()
            return done

    reached, go_on = asyncio.Event(), asyncio.Event()
    slow = Slow(world, began + HOUR, began + 2 * HOUR, began + 3 * HOUR)
    agenda = Agenda(world.store, world.clock, (slow,))
    moving, next_one = (asyncio.create_task(agenda.advance(by=span)) for span in (DAY, HOUR))
    await reached.wait()
    exchanging = asyncio.create_task(_exchange(agenda))
    await _turns()
    assert not exchanging.done(), "what is being done is done"
    go_on.set()
    await exchanging
    with refused(Rule.CONFLICT, "The world was reset while its time was moved"):
        await moving
    assert slow.rung == [began + HOUR]
    assert len(await next_one) == 1, "it had not begun, and moves the next world"
    await agenda.close()
    with refused(Rule.STORE_UNAVAILABLE, "The simulator stops"):
        await agenda.advance(by=DAY)
    assert slow.rung == [began + HOUR, began + 2 * HOUR]


async def test_a_move_that_is_given_up_before_it_began_leaves_the_clock_to_the_next(still: Town) -> None:
    agenda, done = Agenda(still.world.store, still.world.clock, ()), asyncio.Event()
    async with agenda.exchanged():
        given_up, next_one = (asyncio.create_task(agenda.advance(by=HOUR)) for _ in range(2))
        exchanging = asyncio.create_task(_exchange(agenda, done))
        await _turns()
    await _turns()
    given_up.cancel()
    await _turns()
    assert given_up.cancelled()
    assert not next_one.done(), "it waits still for who has the clock"
    done.set()
    await exchanging
    assert await next_one == []


async def _exchange(agenda: Agenda, done: asyncio.Event | None = None) -> None:
    async with agenda.exchanged():
        if done:
            await done.wait()


async def test_what_another_process_kept_is_followed(town: Town) -> None:
    """Where several have one database, who moved the clock tells the others."""
    began = town.world.clock.now()
    await town.world.store.write(lambda conn: clocks.keep(conn, KeptClock(Pace(began + DAY, began, 0.0))))
    await town.core.agenda._follow()  # noqa: SLF001 - what a neighbour's word does
    assert town.world.clock.now() == began + DAY
    await town.world.store.write(lambda conn: clocks.keep(conn, KeptClock(Pace(began + 2 * DAY, began, 0.0), began + 3 * DAY)))
    await town.core.agenda._follow()  # noqa: SLF001
    assert town.world.clock.now() == began + DAY, "not while it is on its way"


# What has no loop of its own


async def _turns() -> None:
    """Let whoever is awake do what he does: nothing here waits for more than the store."""
    for _ in range(20):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def _followed(town: Town, alarms: Alarms, look_seconds: float = 3_600) -> AsyncIterator[asyncio.Event]:
    woken = asyncio.Event()
    following = asyncio.create_task(town.core.agenda.follow(alarms, woken, look_seconds))
    try:
        await _turns()
        yield woken
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


async def test_what_is_followed_is_done_when_its_instant_has_come(town: Town) -> None:
    now = town.world.clock.now()
    alarms = Alarms(town.world, now - SECOND, now + HOUR)
    async with _followed(town, alarms) as woken:
        assert alarms.rung == [now], "it was overdue"
        town.clock.advance(timedelta(hours=1))
        woken.set()
        await _turns()
        assert alarms.rung == [now, now + HOUR]


async def test_what_is_followed_is_left_alone_while_time_is_moved(town: Town) -> None:
    now = town.world.clock.now()
    alarms = Alarms(town.world, now + HOUR)
    async with _followed(town, alarms) as woken:
        async with town.core.agenda.exchanged():
            town.clock.advance(timedelta(hours=1))
            woken.set()
            await _turns()
            assert alarms.rung == []
        await _turns()
        assert alarms.rung == [now + HOUR]


class Broken(Alarms):
    """Fails the first time, as a store does that does not answer."""

    async def next_at(self) -> Micros | None:
        if not self.failed:
            self.failed = True
            raise OSError("the store does not answer")
        return await super().next_at()

    failed = False


async def test_a_failure_does_not_end_it(town: Town) -> None:
    alarms = Broken(town.world, town.world.clock.now())
    async with _followed(town, alarms) as woken:
        assert alarms.rung == []
        woken.set()
        await _turns()
        assert len(alarms.rung) == 1


async def _rings(alarms: Alarms) -> None:
    """Wait until it has rung, though nobody wakes it."""
    async with asyncio.timeout(5):
        while not alarms.rung:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)


async def test_after_a_failure_it_looks_again_by_itself(town: Town) -> None:
    alarms = Broken(town.world, town.world.clock.now())
    async with _followed(town, alarms, 0.01):
        await _rings(alarms)


async def test_what_is_due_before_the_next_look_is_not_waited_for_any_longer(town: Town) -> None:
    alarms = Alarms(town.world, town.world.clock.now() + SECOND // 10)
    async with _followed(town, alarms):
        town.clock.advance(timedelta(milliseconds=100))
        await _rings(alarms)


class Stuck(Alarms):
    """Is due, and cannot be done."""

    async def work(self) -> list[Fired]:
        self.rung.append(self._world.clock.now())
        return []


async def test_what_cannot_be_done_is_tried_once_and_looked_at_again_later(town: Town) -> None:
    alarms = Stuck(town.world, town.world.clock.now())
    async with _followed(town, alarms) as woken:
        assert len(alarms.rung) == 1
        woken.set()
        await _turns()
        assert len(alarms.rung) == 2
