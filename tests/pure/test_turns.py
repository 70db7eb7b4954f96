"""Turns: together the clients of a world are answered for a moment, then the loop belongs to the others; nobody waits for ever."""

import asyncio
from collections.abc import Callable
from time import perf_counter

import pytest
import uvloop

from mss_sim.net.turns import ROUND_SECONDS, Turns


def _work(turns: Turns, seconds: float = 2 * ROUND_SECONDS) -> None:
    """One command that keeps the loop for so long."""
    begun = turns.begin()
    ends = perf_counter() + seconds
    while perf_counter() < ends:
        pass
    turns.end(begun)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_turn_is_over_after_a_moment_and_begins_anew_with_the_next_round(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """By a clock that is fine enough: the one of uvloop goes on by whole milliseconds, and a turn was as long as that."""

    async def play() -> set[tuple[bool, ...]]:
        turns, seen = Turns(), set()
        for _ in range(20):
            states = []
            for seconds in (0.0, 2 * ROUND_SECONDS):
                _work(turns, seconds)
                states.append(turns.over)
            await asyncio.sleep(0)
            seen.add((*states, turns.over))
        return seen

    with asyncio.Runner(loop_factory=loop) as runner:
        seen = runner.run(play())
    assert (False, True, False) in seen
    assert seen <= {(False, True, False), (True, True, False)}, "a busy machine may take the processor away in the first of them"


async def test_time_that_a_command_waited_is_not_its_own() -> None:
    turns = Turns()
    begun = turns.begin()
    await asyncio.sleep(3 * ROUND_SECONDS)
    turns.end(begun)
    assert not turns.over


async def test_others_are_served_between_the_commands_of_many_connections() -> None:
    turns, other, order = Turns(), asyncio.Event(), list[str]()

    async def flood() -> None:
        for _ in range(10):
            _work(turns)
            order.append("flood")
            if turns.over:
                await turns.wait()

    async def bystander() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
            order.append("other")
        other.set()

    floods = [asyncio.create_task(flood()) for _ in range(20)]
    waiting = asyncio.create_task(bystander())
    await other.wait()
    assert order.count("flood") <= 20 + 5 * 2, "two at most go on in a round, once each had its first command"
    await asyncio.gather(*floods, waiting)
    assert order.count("flood") == 200


async def test_who_is_cut_while_he_waits_holds_up_nobody() -> None:
    turns, done = Turns(), list[int]()

    async def client(number: int) -> None:
        _work(turns)
        await turns.wait()
        done.append(number)

    tasks = [asyncio.create_task(client(number)) for number in range(10)]
    await asyncio.sleep(0)
    for task in tasks[:6]:
        task.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(done) == [6, 7, 8, 9]
