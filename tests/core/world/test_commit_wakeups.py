"""Who is woken, by what, and that nobody is who has gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from mss_sim.clock import SECOND
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox.selected_folder import FolderRef, select
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town


class Sleeper:
    """Somebody who waits, and keeps why he was woken."""

    def __init__(self) -> None:
        self.woken: list[bool] = []

    def __call__(self, *, rights: bool) -> None:
        self.woken.append(rights)


async def _inbox(town: Town, address: str) -> int:
    return (await select(town.world, await town.actor("doctor"), FolderRef(address, "INBOX"))).folder.id


async def test_who_watches_a_folder_is_woken_when_it_changed_and_by_no_other(town: Town) -> None:
    here, elsewhere = Sleeper(), Sleeper()
    for sleeper, address in ((here, PRACTICE), (elsewhere, DOCTOR)):
        town.core.wakeups.watch(sleeper).folders = {await _inbox(town, address)}
    await town.send("hospital", HOSPITAL, PRACTICE)
    await asyncio.sleep(0)
    assert (here.woken, elsewhere.woken) == ([False], [])


async def test_everybody_is_woken_when_somebodys_rights_changed(town: Town) -> None:
    sleepers = [Sleeper(), Sleeper()]
    town.core.wakeups.watch(sleepers[0]).folders = {await _inbox(town, PRACTICE)}
    town.core.wakeups.watch(sleepers[1])
    await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE})))
    await asyncio.sleep(0)
    assert [sleeper.woken for sleeper in sleepers] == [[True], [True]]


async def test_who_has_gone_is_left_alone(town: Town) -> None:
    sleeper = Sleeper()
    watcher = town.core.wakeups.watch(sleeper)
    watcher.folders = {await _inbox(town, PRACTICE)}
    for _ in range(2):
        watcher.close()
    await town.send("hospital", HOSPITAL, PRACTICE)
    await asyncio.sleep(0)
    assert sleeper.woken == []


@asynccontextmanager
async def _ticking(town: Town) -> AsyncIterator[None]:
    running = asyncio.create_task(town.core.wakeups.run())
    yield
    running.cancel()


async def test_a_grant_that_runs_out_wakes_once_and_not_before_its_instant(open_town: OpenTown) -> None:
    async with open_town(delegation_tick_seconds=0.01) as town, _ticking(town):
        sleeper, other = Sleeper(), Sleeper()
        watcher = town.core.wakeups.watch(sleeper)
        town.core.wakeups.watch(other)
        watcher.until = town.clock.now() + 60 * SECOND
        for step, woken in ((timedelta(seconds=59), []), (timedelta(seconds=1), [True]), (timedelta(hours=1), [True])):
            town.clock.advance(step)
            await asyncio.sleep(0.05)  # some ticks: nobody is woken too soon, nor twice
            for _ in range(1_000):
                if len(sleeper.woken) >= len(woken):
                    break
                await asyncio.sleep(0.01)
            assert sleeper.woken == woken
        assert other.woken == []
