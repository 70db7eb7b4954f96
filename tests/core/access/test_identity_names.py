"""Names behind ids, for whoever shows them."""

from mss_sim.core.access import identities
from mss_sim.core.access.identity_names import identities_by_id, names_behind, names_by_idnat
from tests.clients import DOCTOR, PRACTICE
from tests.core.towns import IDNATS, Town


async def test_ids_are_told_as_people_and_nobody_is_left_out_but_who_is_gone(town: Town) -> None:
    doctor, newcomer = await town.identity("doctor"), await town.identity("newcomer")
    await identities.remove_identity(town.world, IDNATS["newcomer"])
    found = await identities_by_id(town.world, [doctor.id, None, newcomer.id, doctor.id])
    assert {id_: one.name for id_, one in found.items()} == {doctor.id: "Dr Camille MARTIN"}


async def test_where_nobody_is_asked_for_nobody_is_told(town: Town) -> None:
    assert await identities_by_id(town.world, [None]) == {}


async def test_numbers_are_told_as_names(town: Town) -> None:
    assert await names_by_idnat(town.world, [IDNATS["doctor"], "0"]) == {IDNATS["doctor"]: "Dr Camille MARTIN"}
    assert await names_by_idnat(town.world, []) == {}


async def test_addresses_and_numbers_lead_to_people_and_to_what_mailboxes_are_called(town: Town) -> None:
    found = await names_behind(town.world, [DOCTOR, PRACTICE, IDNATS["newcomer"], "nobody@nowhere.fr", "no address", "x\x00"])
    assert {"Dr Camille MARTIN", "Cabinet des Tilleuls", "Louise MOREAU"} <= found
    assert "" not in found
