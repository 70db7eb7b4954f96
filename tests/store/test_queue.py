"""What is leased from the queue, on both databases."""

import pytest

from mss_sim.clock import DAY, SECOND
from mss_sim.store import queue
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, Person, control
from tests.conftest import StartSimulator


@pytest.mark.parametrize(
    ("past", "leased"),
    [
        ((), [DOCTOR, LABORATORY, LABORATORY]),
        (["labo-parc.sim.mssante.fr"], [DOCTOR]),
        (["parc.sim.mssante.fr", "%", "_abo-parc.sim.mssante.fr"], [DOCTOR, LABORATORY, LABORATORY]),
        (["labo-parc.sim.mssante.fr", "medecin.sim.mssante.fr"], []),
        ([f"sante-{number}.sim.mssante.fr" for number in range(5_018)] + ["labo-parc.sim.mssante.fr"], [DOCTOR]),  # of a whole country
    ],
)
async def test_the_recipients_of_some_domains_can_be_left_alone(
    start: StartSimulator, database: str | None, past: list[str], leased: list[str]
) -> None:
    async with start(database_url=database, relay="direct") as simulator:
        store, hospital = simulator.world.store, Person(simulator, "hospital")
        for address in (LABORATORY, DOCTOR):
            assert (await control(simulator, "PATCH", f"/mailboxes/{address}", {"state": "suspended"})).status_code == 200
        for to in ([LABORATORY, DOCTOR], [LABORATORY]):
            assert (await hospital.send(HOSPITAL, to=to)).status_code == 201
        now = simulator.world.clock.now() + 120 * SECOND
        found = await store.write(lambda conn: queue.lease(conn, now, now + DAY, now + SECOND, 10, past))
        assert sorted(due.person.address for due in found) == leased
        await store.write(lambda conn: queue.release(conn, [due.waiting.recipient_id for due in found]))
