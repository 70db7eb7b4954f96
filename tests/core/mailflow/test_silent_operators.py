"""An operator whose server is silent: letters to others go past those that wait for it."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import func, select

from mss_sim.core.mailflow.outbound_interface import RelayJob, RelayResult
from mss_sim.models.tables import queue as queue_rows
from tests.clients import HOSPITAL, LABORATORY, PRACTICE
from tests.core.mailflow.carriers import TAKEN
from tests.core.towns import OpenTown

CLINIC = "contact@clinique-pins.sim.mssante.fr"


class Silent:
    """The clinic's server says nothing until it may; all others take what comes."""

    def __init__(self) -> None:
        self.tries: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.limits: list[float] = []
        self.may_speak = asyncio.Event()

    async def carry(self, job: RelayJob) -> RelayResult:
        """Take the letter, sooner or later."""
        self.tries[job.receiver.name] += 1
        self.limits.append(job.limit_seconds)
        if job.envelope.recipients[0].address == CLINIC:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await self.may_speak.wait()
            finally:
                self.at_once -= 1
        return RelayResult({one.address: TAKEN for one in job.envelope.recipients}, dsn=True)


async def _until(silent: Silent, name: str, tries: int) -> None:
    """Wait until that many letters to one operator were tried."""
    for _ in range(2_000):
        if silent.tries[name] >= tries:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(silent.tries)


@pytest.mark.parametrize("most", [16, 3])
async def test_letters_to_others_go_past_those_to_a_silent_operator(open_town: OpenTown, most: int) -> None:
    silent = Silent()
    async with open_town(relay="smtp", transport=silent, queue_tries_per_operator_max=most) as town:
        waiting = [await town.send("hospital", HOSPITAL, CLINIC) for _ in range(200)]
        running = asyncio.create_task(town.core.queue.run())
        await _until(silent, "Clinique des Pins", most)
        for address, name in ((PRACTICE, "Messagerie libérale"), (LABORATORY, "Laboratoire du Parc")):
            await town.send("hospital", HOSPITAL, address)
            await _until(silent, name, 1)
        assert silent.tries["Clinique des Pins"] == most
        leased = select(func.count()).select_from(queue_rows).where(queue_rows.c.leased_until.is_not(None))
        assert await town.world.store.read(lambda conn: conn.execute(leased).scalar_one()) < 150, "what cannot be tried soon stays free"
        silent.may_speak.set()
        await _until(silent, "Clinique des Pins", 200)
        running.cancel()
        await town.core.queue.stop(5)
        assert silent.most_at_once == most
        assert silent.tries["Clinique des Pins"] == 200, "each is tried once"
        assert {(await town.kinds(one))[-1] for one in waiting} == {"relayed"}


async def test_what_is_held_for_a_silent_operator_is_given_back_when_the_queue_stops(open_town: OpenTown) -> None:
    silent = Silent()
    async with open_town(relay="smtp", transport=silent, queue_tries_per_operator_max=2) as town:
        for _ in range(5):
            await town.send("hospital", HOSPITAL, CLINIC)
        running = asyncio.create_task(town.core.queue.run())
        await _until(silent, "Clinique des Pins", 2)
        running.cancel()
        await town.core.queue.stop(0.05)
        assert silent.tries["Clinique des Pins"] == 2, "nothing is begun by a queue that stops"
        silent.may_speak.set()
        assert await town.core.queue.work() == 5


async def test_what_was_held_for_half_of_its_lease_is_given_back_before_it_is_tried(open_town: OpenTown) -> None:
    """By the time its turn comes, another process could take it in the middle of the try."""
    silent = Silent()
    async with open_town(relay="smtp", transport=silent, queue_tries_per_operator_max=1, queue_lease_seconds=1) as town:
        for _ in range(3):
            await town.send("hospital", HOSPITAL, CLINIC)
        running = asyncio.create_task(town.core.queue.run())
        await _until(silent, "Clinique des Pins", 1)
        await asyncio.sleep(0.6)
        silent.may_speak.set()
        await _until(silent, "Clinique des Pins", 3)
        running.cancel()
        await town.core.queue.stop(5)
        assert silent.tries["Clinique des Pins"] == 3
        assert min(silent.limits) > 0.9 / 2


async def test_whoever_waits_for_all_attempts_waits_for_those_held_too(open_town: OpenTown) -> None:
    silent = Silent()
    async with open_town(relay="smtp", transport=silent, queue_tries_per_operator_max=1) as town:
        for _ in range(4):
            await town.send("hospital", HOSPITAL, CLINIC)
        running = asyncio.create_task(town.core.queue.run())
        await _until(silent, "Clinique des Pins", 1)
        silent.may_speak.set()
        await town.core.queue.work()
        assert (silent.tries["Clinique des Pins"], silent.at_once) == (4, 0)
        running.cancel()
        await town.core.queue.stop(5)
