"""Work that takes its time: one at a time, told how far it is, ended by a reset."""

import asyncio

import pytest

from mss_sim.core.control.bulk_work import BulkWork
from mss_sim.errors import Rule
from mss_sim.vocabulary.bulk import Stage, Undertaking
from tests.core.towns import Town, refused


def test_a_second_one_is_refused_until_the_first_is_over_however_it_ends() -> None:
    work = BulkWork(asyncio.Lock())
    with work.turn(Undertaking.IMPORT, Stage.CHECKING, 10) as progress:
        assert [work.progress] == [progress]
        with refused(Rule.CONFLICT, "Another one is under way (import)"):
            work.turn(Undertaking.GENERATION, Stage.OPERATORS).__enter__()
    assert work.progress is None
    with pytest.raises(ZeroDivisionError):
        _fail(work)
    assert work.progress is None
    work.check()


def _fail(work: BulkWork) -> None:
    with work.turn(Undertaking.IMPORT, Stage.CHECKING):
        raise ZeroDivisionError


def test_a_stage_begins_at_nothing() -> None:
    with BulkWork(asyncio.Lock()).turn(Undertaking.IMPORT, Stage.CHECKING, 10) as progress:
        progress.done = 7
        progress.begin(Stage.PEOPLE, 20)
        assert (progress.what, progress.stage, progress.done, progress.total) == (Undertaking.IMPORT, Stage.PEOPLE, 0, 20)


async def test_the_end_of_the_world_ends_what_is_under_way_and_lets_nothing_begin() -> None:
    work = BulkWork(asyncio.Lock())
    with work.turn(Undertaking.GENERATION, Stage.PEOPLE) as progress:
        await work.close()
        with refused(Rule.STORE_UNAVAILABLE, "The simulator stops"):
            await progress.piece().__aenter__()
    with refused(Rule.STORE_UNAVAILABLE, "The simulator stops"):
        work.check()


async def test_a_reset_ends_what_is_under_way(town: Town) -> None:
    await town.core.reset("none")
    with town.core.bulk.turn(Undertaking.GENERATION, Stage.PEOPLE) as progress:
        progress.check()
        async with progress.piece():
            resetting = asyncio.create_task(town.core.reset("none"))
            for _ in range(100):
                await town.world.store.write(lambda _: None)
            assert not resetting.done(), "a piece ends in the world that it was begun in"
        await resetting
        with refused(Rule.CONFLICT, "The world was reset meanwhile"):
            await progress.piece().__aenter__()
    with town.core.bulk.turn(Undertaking.GENERATION, Stage.PEOPLE) as progress:
        progress.check()
