"""A PATCH finds its resource, and all of it is done or nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest

from mss_sim.core.access.identities import change_identity
from mss_sim.core.annuaire.operator_patches import SeveralMatch, Written, read_condition, write
from mss_sim.errors import Rule
from mss_sim.fhir.entries import resource_id
from mss_sim.fhir.patch_paths import Unreadable
from mss_sim.fhir.patches import read_patch
from mss_sim.fhir.query import Query
from mss_sim.store import operators
from mss_sim.vocabulary.directory import ResourceType
from tests.annuaire import box_path, operation, parameters
from tests.clients import DOCTOR, HOSPITAL
from tests.core.towns import IDNATS, OpenTown, Town, refused

PERSON, ROLE, PLACE = ResourceType.PRACTITIONER, ResourceType.PRACTITIONER_ROLE, ResourceType.ORGANIZATION
RANK = operation("replace", box_path("Practitioner", DOCTOR, "rank"), valueInteger=6)


async def send(
    town: Town, where: str | Query, *wanted: Any, type_: ResourceType = PERSON, domain: str = "medecin.sim.mssante.fr"
) -> Written:
    """Do a PATCH as the operator of a domain."""
    operator = await town.world.store.read(operators.of_domain, domain)
    assert operator is not None
    patch = read_patch(type_, json.dumps(parameters(*wanted)).encode(), 100)
    return await write(town.world, town.core.annuaire(), operator.id, type_, where, patch)


@pytest.mark.parametrize(
    ("type_", "pairs"),
    [
        (PERSON, []),
        (PERSON, [("identifier", "")]),
        (PERSON, [("identifier", ",")]),
        (PERSON, [("family", "martin")]),
        (PERSON, [("identifier", "1"), ("family", "martin")]),
        (PERSON, [("identifier", "1"), ("identifier", "1")]),
        (PERSON, [("identifier:not", "1")]),
        (PERSON, [("identifier", "1\x00")]),
        (PERSON, [("practitioner.identifier", "1"), ("organization.identifier", "1")]),
        (ROLE, [("practitioner.identifier", "1")]),
        (ROLE, [("practitioner.identifier", "1"), ("practitioner.identifier", "1")]),
        (ROLE, [("practitioner.identifier", "1"), ("organization.identifier", "1"), ("identifier", "1")]),
        (PLACE, [("identifier", "1"), ("_include", "*")]),
    ],
)
def test_a_condition_that_the_drafts_do_not_have(type_: ResourceType, pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(Unreadable):
        read_condition(type_, pairs)


async def test_by_id_or_by_a_condition(town: Town) -> None:
    doctor, hospital = await town.identity("doctor"), await town.identity("hospital")
    done = await send(town, resource_id(PERSON, doctor.id), RANK)
    assert ([box.rank for box in done.shown.entry.mailboxes], done.notes) == ([6, None], ())
    wanted = operation("delete", box_path("PractitionerRole", HOSPITAL, "rank"))
    condition = read_condition(ROLE, [("organization.identifier", "1750990012"), ("practitioner.identifier", hospital.idnat)])
    done = await send(town, condition, wanted, type_=ROLE, domain="hopital-ormes.sim.mssante.fr")
    assert (done.shown.structure_id is not None, len(done.notes)) == (True, 1)


async def test_what_is_not_there_or_not_active(town: Town) -> None:
    doctor = await town.identity("doctor")
    for id_ in ("", "zzz", resource_id(PLACE, doctor.id), resource_id(PERSON, doctor.id + 1)):
        with refused(Rule.NOT_FOUND, "is not known; search for it"):
            await send(town, id_, RANK)
    with refused(Rule.NOT_FOUND, "No active Practitioner meets this condition."):
        await send(town, read_condition(PERSON, [("identifier", "899700499999")]), RANK)
    with pytest.raises(SeveralMatch, match="Several Practitioner resources"):
        await send(town, read_condition(PERSON, [("identifier", f"{IDNATS['doctor']},{IDNATS['doctor2']}")]), RANK)
    await change_identity(town.world, IDNATS["doctor"], {"enabled": False}, None, None)
    with refused(Rule.INVALID, "is not active any more; nothing is written to it."):
        await send(town, resource_id(PERSON, doctor.id), RANK)
    with refused(Rule.NOT_FOUND):
        await send(town, read_condition(PERSON, [("identifier", IDNATS["doctor"])]), RANK)


async def test_nothing_of_it_is_kept_when_one_operation_may_not_be(town: Town) -> None:
    doctor = await town.identity("doctor")
    with refused(Rule.INVALID, "Operation 2: there is no mailbox"):
        await send(town, resource_id(PERSON, doctor.id), RANK, operation("delete", box_path("Practitioner", HOSPITAL)))
    assert (await town.mailbox(DOCTOR)).preferred_rank == 1
    assert "mailbox.changed" not in await town.acts(DOCTOR)


async def test_what_is_answered_is_behind_all_that_was_written_however_late_it_is_published(open_town: OpenTown) -> None:
    async with open_town(directory_publication_delay_seconds=3_600) as town:
        doctor = await town.identity("doctor")
        town.clock.advance(timedelta(hours=2))
        done = await send(town, resource_id(PERSON, doctor.id), RANK)
        assert done.shown.entry.mailboxes[0].rank == 6
        public = await town.core.annuaire().one(PERSON, resource_id(PERSON, doctor.id))
        assert [box.rank for box in public.entry.mailboxes] == [1, None]
        assert (await town.acts(DOCTOR))[-1] == "mailbox.changed"
