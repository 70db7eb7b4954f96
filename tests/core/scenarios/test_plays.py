"""Plays: step by step or at once, one step at a time, as many as may be; the stories that ship."""

import asyncio

import pytest

from mss_sim.errors import Rule
from mss_sim.scenarios import shelf
from mss_sim.vocabulary.scenarios import PlayState, StepState
from tests.core.scenarios.playing import SENT, begun, file_of, scenario_of
from tests.core.towns import OpenTown, Town, refused

_BAD = "actor: doctor, list: practice, expect: {count: 5}"


@pytest.mark.parametrize("name", shelf.names())
async def test_a_story_that_ships_passes(town: Town, name: str) -> None:
    plays = town.core.plays()
    for _ in range(2):  # what a story leaves behind is not in the way of the next
        play = await plays.begin(await plays.read(shelf.octets(name)))
        await plays.play_next(play, rest=True)
        failed = [(number, str(one.came)) for number, one in enumerate(play.outcomes, 1) if one.state is not StepState.PASSED]
        assert (failed, play.state) == ([], PlayState.PASSED)


async def test_steps_are_played_one_by_one(town: Town) -> None:
    play = await begun(town, SENT, "actor: doctor, open: {letter: report, mailbox: practice}")
    assert (play.state, play.state_of(0)) == (PlayState.READY, StepState.WAITING)
    await town.core.plays().play_next(play)
    assert (play.state, play.state_of(0), play.state_of(1)) == (PlayState.READY, StepState.PASSED, StepState.WAITING)
    assert play.outcomes[0].at == town.clock.now()
    await town.core.plays().play_next(play)
    assert play.state is PlayState.PASSED
    with refused(Rule.CONFLICT, "The play is over"):
        await town.core.plays().play_next(play)


async def test_a_play_ends_with_the_first_step_that_fails(town: Town) -> None:
    play = await begun(town, SENT, _BAD, SENT.replace("report", "again"))
    await town.core.plays().play_next(play, rest=True)
    assert (play.state, [play.state_of(number) for number in range(3)]) == (
        PlayState.FAILED,
        [StepState.PASSED, StepState.FAILED, StepState.NOT_PLAYED],
    )
    with refused(Rule.CONFLICT, "The play is over"):
        await town.core.plays().play_next(play)


async def test_a_note_passes(town: Town) -> None:
    play = await begun(town, "type: INFORMATION", "actor: doctor")
    await town.core.plays().play_next(play, rest=True)
    assert play.state is PlayState.PASSED


async def test_one_step_is_played_at_a_time(town: Town) -> None:
    play = await begun(town, "wait: {mailbox: practice, none: true, timeout: 0.2}")
    playing = asyncio.create_task(town.core.plays().play_next(play))
    while not town.core.waits.count:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)
    assert play.busy
    with refused(Rule.CONFLICT, "A step of this play is being played"):
        await town.core.plays().play_next(play)
    await playing
    assert play.state is PlayState.PASSED


async def test_plays_are_found_and_removed(town: Town) -> None:
    first, second = await begun(town, SENT), await begun(town, SENT)
    assert town.core.plays().all() == [first, second]
    assert town.core.plays().one(second.id) is second
    town.core.plays().remove(first.id)
    with refused(Rule.NOT_FOUND, "There is no play"):
        town.core.plays().remove(first.id)
    town.core.plays().forget()
    assert town.core.plays().all() == []


async def test_the_oldest_play_that_is_over_gives_its_place(open_town: OpenTown) -> None:
    async with open_town(scenarios_plays_max=2) as town:
        waiting, over = await begun(town, SENT), await begun(town, SENT)
        with refused(Rule.LIMIT_REACHED, "2 plays go on"):
            await begun(town, SENT)
        await town.core.plays().play_next(over)
        new = await begun(town, SENT)
        assert town.core.plays().all() == [waiting, new]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"scenarios_steps_max": 1}, "A scenario has 1 steps at most"),
        ({"scenarios_file_size_bytes_max": 1_000}, "The file is over 1000 bytes"),
    ],
)
async def test_how_large_a_scenario_may_be_is_a_setting(open_town: OpenTown, settings: dict[str, int], said: str) -> None:
    octets = file_of(SENT, *[SENT] * 10)
    async with open_town(**settings) as town:
        with refused(Rule.INVALID, said):
            await town.core.plays().read(octets)


async def test_what_is_wrong_in_a_file_is_told_by_line_and_step(town: Town) -> None:
    with refused(Rule.INVALID, "Line 11, step 2: Unknown key wiat. Did you mean wait?"):
        await town.core.plays().read(file_of(SENT, "wiat: {}"))


async def test_two_plays_go_on_side_by_side(town: Town) -> None:
    plays = town.core.plays()
    both = [await plays.begin(scenario_of(SENT, "wait: {letter: report, mailbox: practice}")) for _ in range(2)]
    await asyncio.gather(*(plays.play_next(one, rest=True) for one in both))
    assert [one.state for one in both] == [PlayState.PASSED] * 2
