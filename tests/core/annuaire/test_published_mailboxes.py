"""The published mailboxes one after the other: who is listed with what, in one state of the world, and one by its address."""

from datetime import timedelta
from typing import Any

import pytest

from mss_sim.core.annuaire import published_mailboxes
from mss_sim.core.annuaire.published_mailboxes import ListedMailbox
from mss_sim.core.mailbox.mailboxes import change_mailbox
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town


async def change(town: Town, address: str, **values: Any) -> None:
    """Change a mailbox as the control plane does."""
    await change_mailbox(town.world, address, values, actor_id=None, door=Door.CONTROL)


async def every(town: Town) -> dict[str, ListedMailbox]:
    """All that are listed, by address."""
    return {one.address: one async for some in town.core.annuaire().listing.every() for one in some}


async def test_published_mailboxes_are_listed_with_whose_they_are(town: Town) -> None:
    found = await every(town)
    assert {DOCTOR, PRACTICE, HOSPITAL, WARD} <= found.keys()
    assert PATIENT not in found
    doctor, ward = found[DOCTOR], found[WARD]
    assert (doctor.kind, doctor.idnat, doctor.family, doctor.given) == ("PER", IDNATS["doctor"], "MARTIN", "Camille")
    assert (ward.kind, ward.family, ward.given, ward.structure) == ("ORG", "Hôpital des Ormes", "", "")
    assert found[HOSPITAL].structure == "Hôpital des Ormes"


async def test_they_are_the_same_however_few_are_read_at_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await every(town)
    monkeypatch.setattr(published_mailboxes, "_AT_ONCE", 2)
    some = [len(batch) async for batch in town.core.annuaire().listing.every()]
    assert len(some) > 4
    assert sum(some) == len(whole)
    assert await every(town) == whole


async def test_one_is_found_by_its_whole_address(town: Town) -> None:
    find = town.core.annuaire().listing.one
    for address in (DOCTOR, PRACTICE, WARD):
        found = await find(address)
        assert found is not None
        assert found == (await every(town))[address]
    for address in (DOCTOR[:-1], f"x{DOCTOR}", "", "%", PATIENT, "nobody@cabinet.sim.mssante.fr"):
        assert await find(address) is None


async def test_what_is_on_the_red_list_or_closed_is_not_listed(town: Town) -> None:
    await change(town, DOCTOR, red_listed=True)
    await change(town, WARD, state="closed")
    assert not {DOCTOR, WARD} & (await every(town)).keys()
    assert await town.core.annuaire().listing.one(DOCTOR) is None
    await change(town, DOCTOR, red_listed=False)
    assert await town.core.annuaire().listing.one(DOCTOR) is not None


async def test_a_walk_sees_one_state_of_the_world(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await every(town)
    monkeypatch.setattr(published_mailboxes, "_AT_ONCE", 1)
    found: set[str] = set()
    async for some in town.core.annuaire().listing.every():
        found |= {one.address for one in some}
        for address in (DOCTOR, HOSPITAL, WARD):
            await change(town, address, red_listed=True)
    assert found == before.keys()
    assert not {DOCTOR, HOSPITAL, WARD} & (await every(town)).keys()


async def test_a_change_is_listed_as_late_as_the_directory_publishes_it(open_town: OpenTown) -> None:
    async with open_town(directory_publication_delay_seconds=3_600) as town:
        town.clock.advance(timedelta(hours=2))
        assert DOCTOR in await every(town)
        await change(town, DOCTOR, red_listed=True)
        assert DOCTOR in await every(town)
        town.clock.advance(timedelta(hours=2))
        assert DOCTOR not in await every(town)
