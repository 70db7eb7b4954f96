"""Names behind ids, for whoever shows them."""

from mss_sim.core.access import identities
from mss_sim.core.access.identity_names import identities_by_id, names_by_idnat
from tests.core.towns import IDNATS, Town


async def test_ids_are_told_as_people_and_nobody_is_left_out_but_who_is_gone(town: Town) -> None:
    doctor, newcomer = await town.identity("doctor"), await town.identity("newcomer")
    await identities.remove_identity(town.world, IDNATS["newcomer"])
    found = await identities_by_id(town.world, [doctor.id, None, newcomer.id, doctor.id])
    assert {id_: one.name for id_, one in found.items()} == {doctor.id: "Dr Camille MARTIN"}


async def test_where_nobody_is_asked_for_nobody_is_told(town: Town) -> None:
    assert await identities_by_id(town.world, [None]) == {}


async def test_idnats_are_told_as_names(town: Town) -> None:
    assert await names_by_idnat(town.world, [IDNATS["doctor"], "999"]) == {IDNATS["doctor"]: "Dr Camille MARTIN"}
    assert await names_by_idnat(town.world, []) == {}
