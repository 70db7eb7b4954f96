"""The core of one world, put together: its verbs share one world, and a world that is reset is as it began."""

import asyncio

import pytest

from mss_sim.core.control.counts import state
from mss_sim.core.psc.clients import FIRST_CLIENT, GRANT_CIBA, find, register
from mss_sim.errors import Rule
from mss_sim.vocabulary.psc import AuthMode
from tests.clients import HOSPITAL, PRACTICE
from tests.core.mailflow.carriers import Carrier
from tests.core.towns import IDNATS, OpenTown, Town, refused


async def test_what_is_put_into_the_queue_wakes_the_queue_that_carries_it(open_town: OpenTown) -> None:
    carrier = Carrier()
    async with open_town(relay="smtp", transport=carrier, queue_poll_seconds=3_600) as town:
        running = asyncio.create_task(town.core.queue.run())
        await asyncio.sleep(0.1)
        await town.send("hospital", HOSPITAL, PRACTICE)
        for _ in range(1_000):
            if carrier.jobs:
                break
            await asyncio.sleep(0.01)
        running.cancel()
        await town.core.queue.stop(5)
        assert len(carrier.jobs) == 1


async def test_a_reset_world_is_as_it_began_and_nobody_is_logged_in(town: Town) -> None:
    began = await state(town.world)
    client, _ = await register(town.world, "c", None, {"grant_types": [GRANT_CIBA]})
    session = town.core.provider.log_in(IDNATS["doctor"], AuthMode.CARD)
    cookie = town.core.provider.cookie_of(session)
    await town.core.ciba.ask(client, login_hint=IDNATS["doctor"], binding_message="42", channel="CARD")
    await town.send("hospital", HOSPITAL, PRACTICE)
    await town.core.reset("cabinet")
    assert await state(town.world) == began
    assert await town.lying(PRACTICE) == []
    assert (town.core.provider.session_of(cookie), town.core.ciba.pending()) == (None, [])
    assert (await find(town.world, "c"), (await find(town.world, FIRST_CLIENT)) is not None) == (None, True)


@pytest.mark.parametrize("seed", [None, "none"])
async def test_a_world_is_emptied_where_no_seed_is_named(town: Town, seed: str | None) -> None:
    await town.core.reset(seed)
    found = await state(town.world)
    assert (found.operators, found.identities, found.mailboxes) == (0, 0, 0)
    await town.core.reset("cabinet")
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert await town.subjects(PRACTICE) == ["Bonjour"]


async def test_a_seed_that_is_not_there_resets_nothing(town: Town) -> None:
    before = await state(town.world)
    with refused(Rule.INVALID, "There is no seed"):
        await town.core.reset("nothing")
    assert await state(town.world) == before


async def test_resets_at_once_come_one_after_the_other(town: Town) -> None:
    began = await state(town.world)
    await asyncio.gather(*(town.core.reset("cabinet") for _ in range(3)))
    assert await state(town.world) == began


async def test_the_parts_of_a_core_are_those_of_its_world(open_town: OpenTown) -> None:
    async with open_town(psc_auto_approve=True) as town:
        core = town.core
        assert core.provider.switches.auto_approve
        assert (core.authorities, core.white_list, core.revocation) == (core.world.igc, core.world.white_list, core.world.igc.services)
