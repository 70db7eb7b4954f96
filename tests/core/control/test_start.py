"""What a world begins with: the same at its start and when it begins again, and nobody where no seed is named."""

import asyncio
from pathlib import Path

import pytest

from mss_sim.clock import ManualClock
from mss_sim.core.access import identities
from mss_sim.core.control.start import Begun, begin
from mss_sim.core.psc import clients
from mss_sim.core.trust import operator_certificates
from mss_sim.core.world.store_types import Operator
from mss_sim.errors import Rule
from mss_sim.store import operators
from tests.clients import LABORATORY
from tests.core.towns import Town, make_world, refused


async def test_a_world_that_is_there_begins_with_what_is_there(town: Town) -> None:
    before = [one.idnat for one in await identities.list_identities(town.world)]
    found = await begin(town.world, "cabinet")
    assert [one.idnat for one in await identities.list_identities(town.world)] == before
    assert len(found.personas) == 13
    assert set(found.client_files) == {"mx_peer", "app_client"}
    assert found.client_files["app_client"]["mailbox"] == LABORATORY
    assert Path(found.client_files["mx_peer"]["cert_file"]).parent == town.world.igc.ca_file.parent.resolve() / "clients"
    with refused(Rule.INVALID):
        await begin(town.world, "nothing")


@pytest.mark.parametrize("seed", [None, "none"])
def test_without_a_seed_nobody_is_there_but_the_first_client(tmp_path: Path, seed: str | None) -> None:
    async def begun() -> tuple[Begun, int, list[str]]:
        world, store = make_world(tmp_path / "world", ManualClock())
        try:
            found = await begin(world, seed)
            return found, len(await identities.list_identities(world)), [one.client_id for one in await clients.registered(world)]
        finally:
            await store.close()

    assert asyncio.run(begun()) == (Begun((), {}), 0, [clients.FIRST_CLIENT])


async def test_operators_of_a_world_that_is_older_than_its_certificates_get_one_each(town: Town) -> None:
    old = Operator(town.world.ids.next(), "Ancien", None, ("ancien.sim.mssante.fr",), None, None)
    await town.world.store.write(lambda conn: operators.add(conn, old), changes_directory=True)
    for _ in range(2):
        await begin(town.world, None)
        rows = (await town.world.white_list.listing()).rows
        assert len(rows["ancien.sim.mssante.fr"]) == 1
    assert (await operator_certificates.certificate_of(town.world, old)).operator_id == old.id
