"""Waiting: whoever waits looks again after a commit that may matter, and at no other time."""

import asyncio

import pytest

from mss_sim.core.feed.wait_conditions import folders_of
from mss_sim.core.mailbox.mailboxes import change_mailbox
from mss_sim.errors import Rule
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.mailflow.carriers import Carrier
from tests.core.towns import OpenTown, Town, refused


class _Looks:
    """Something to look for, and how often it was looked for."""

    def __init__(self) -> None:
        self.count = 0
        self.there = False
        self.looked = asyncio.Event()

    async def __call__(self) -> str | None:
        self.count += 1
        self.looked.set()
        return "here" if self.there else None


async def _begun(town: Town, looks: _Looks, seconds: float = 30, folders: list[int] | None = None) -> "asyncio.Task[str | None]":
    waiting = asyncio.create_task(town.core.waits.until(looks, seconds, folders))
    await looks.looked.wait()
    return waiting


async def test_what_is_there_is_found_at_once(town: Town) -> None:
    looks = _Looks()
    looks.there = True
    assert await town.core.waits.until(looks, 0) == "here"
    assert (looks.count, town.core.waits.count) == (1, 0)


async def test_a_commit_has_whoever_waits_look_again(town: Town) -> None:
    looks = _Looks()
    waiting = await _begun(town, looks)
    looks.there = True
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert await waiting == "here"


async def test_the_time_is_over_without_a_further_look(town: Town) -> None:
    looks = _Looks()
    assert await town.core.waits.until(looks, 0.01) is None
    assert looks.count == 1


async def test_who_waits_for_a_mailbox_does_not_look_at_others(town: Town) -> None:
    looks = _Looks()
    waiting = await _begun(town, looks, folders=await folders_of(town.world, PRACTICE))
    await town.send("hospital", HOSPITAL, DOCTOR)
    await asyncio.sleep(0)
    assert looks.count == 1
    looks.there = True
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert await waiting == "here"


async def test_rights_and_the_clock_concern_everybody(town: Town) -> None:
    looks = _Looks()
    waiting = await _begun(town, looks, folders=await folders_of(town.world, PRACTICE))
    for act in (
        lambda: change_mailbox(town.world, DOCTOR, {"label": "Accueil"}, actor_id=None, door=Door.CONTROL),
        lambda: town.core.agenda.advance(by=1_000_000),
    ):
        before = looks.count
        await act()
        for _ in range(10):
            await asyncio.sleep(0)
        assert looks.count > before
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert town.core.waits.count == 0


async def test_what_looking_raises_is_raised(town: Town) -> None:
    async def look() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await town.core.waits.until(look, 30)
    assert town.core.waits.count == 0


async def test_a_reset_ends_waits(town: Town) -> None:
    looks = _Looks()
    waiting = await _begun(town, looks)
    await town.core.reset("cabinet")
    with refused(Rule.CONFLICT, "The world was reset while you waited."):
        await waiting


async def test_the_end_of_the_world_ends_waits_and_refuses_those_that_come(town: Town) -> None:
    waiting = await _begun(town, _Looks())
    await town.core.waits.close()
    with refused(Rule.CONFLICT, "The world ended while you waited."):
        await waiting
    with refused(Rule.CONFLICT, "The world ended while you waited."):
        await town.core.waits.until(_Looks(), 30)
    assert town.core.waits.count == 0


async def test_there_are_limits(open_town: OpenTown) -> None:
    async with open_town(waits_max=1, waits_seconds_max=5) as town:
        with refused(Rule.LIMIT_REACHED, "Wait 5.0 seconds at most"):
            await town.core.waits.until(_Looks(), 5.1)
        waiting = await _begun(town, _Looks(), 5)
        with refused(Rule.LIMIT_REACHED, "1 wait already"):
            await town.core.waits.until(_Looks(), 1)
        waiting.cancel()


async def test_the_end_of_the_last_try_has_whoever_waits_look_again(open_town: OpenTown) -> None:
    """The commit of a try comes before its end: without this, who waits for rest would wait for the next commit of somebody else."""
    async with open_town(relay="smtp", transport=Carrier()) as town:
        running = asyncio.create_task(town.core.queue.run())

        async def look() -> bool | None:
            return True if await town.core.settling.over() else None

        await town.send("hospital", HOSPITAL, PRACTICE)
        assert await town.core.waits.until(look, 10)
        running.cancel()
