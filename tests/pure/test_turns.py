"""Turns: together the clients of a world are answered for a moment, then the loop belongs to the others; nobody waits for ever."""

import asyncio

from mss_sim.net.turns import ROUND_SECONDS, Turns


def _work(turns: Turns, seconds: float = 2 * ROUND_SECONDS) -> None:
    """One command that keeps the loop for so long."""
    loop = asyncio.get_running_loop()
    begun = turns.begin()
    ends = loop.time() + seconds
    while loop.time() < ends:
        pass
    turns.end(begun)


async def test_a_turn_is_over_after_a_moment_and_begins_anew_with_the_next_round() -> None:
    turns = Turns()
    states = []
    for seconds in (0.0, 2 * ROUND_SECONDS):
        _work(turns, seconds)
        states.append(turns.over)
    await asyncio.sleep(0)
    assert [*states, turns.over] == [False, True, False]


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
    assert order.count("flood") <= 20 + 5 * 4, "four at most go on in a round, once each had its first command"
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
