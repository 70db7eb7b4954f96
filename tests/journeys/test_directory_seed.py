"""The seed `annuaire`: what a program that searches the directory meets in it, a hospital of two pages above all."""

import io
import zipfile
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.annuaire import Annuaire, addresses, families, link, resources
from tests.conftest import StartSimulator

_BELOW = "@moulin.sim.mssante.fr"


@pytest_asyncio.fixture
async def annuaire(start: StartSimulator) -> AsyncIterator[Annuaire]:
    async with start(seed="annuaire") as simulator:
        yield Annuaire(simulator)


async def test_whoever_forgets_the_second_page_sees_fifty_of_sixty(annuaire: Annuaire) -> None:
    (hospital,) = await annuaire.found("Organization?name:contains=rables")
    search = f"PractitionerRole?organization=Organization/{hospital['id']}"
    first = await annuaire.page(search)
    second = await annuaire.page(str(link(first, "next")))
    assert (len(resources(first)), len(resources(second)), link(second, "next")) == (50, 10, None)
    assert len(set(addresses([*resources(first), *resources(second)]))) == 60


async def test_the_addresses_of_one_doctor_stand_on_her_and_on_her_role(annuaire: Annuaire) -> None:
    found = await annuaire.found("Practitioner?family:exact=MARTIN&_revinclude=PractitionerRole:practitioner")
    assert [addresses([one]) for one in found] == [
        [f"helene.martin{_BELOW}", f"medecins{_BELOW}"],
        [f"h.martin{_BELOW}"],
    ]
    (practice,) = await annuaire.found("Organization?name=maison")
    assert addresses([practice]) == [f"accueil{_BELOW}"]
    assert families(await annuaire.found("Practitioner?given=helen&family=martin")) == ["MARTIN"]


async def test_who_is_on_the_red_list_and_who_left_show_no_address(annuaire: Annuaire) -> None:
    (colleague,) = await annuaire.found("Practitioner?family=haddad")
    assert addresses([colleague]) == []  # that of the practice stands on who answers for it
    assert await annuaire.found(f"Practitioner?mailbox-mss=samir.haddad{_BELOW}") == []
    assert families(await annuaire.found("Practitioner?family=martinet&active=true")) == []


async def test_a_place_and_a_kind_of_structure_lead_to_its_people(annuaire: Annuaire) -> None:
    found = await annuaire.found("Organization?address-postalcode=78&type=SA05&_revinclude=PractitionerRole:organization")
    assert [one["resourceType"] for one in found] == ["Organization", "PractitionerRole"]
    assert found[0]["name"] == "Centre de santé de la Gare"


async def test_the_daily_file_has_a_line_for_each_published_mailbox_of_a_person_or_a_structure(annuaire: Annuaire) -> None:
    with zipfile.ZipFile(io.BytesIO((await annuaire.ask(annuaire.ready["extraction"])).content)) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()[1:]
    listed = {line.split("|")[1]: line.split("|")[0] for line in lines}
    assert len(listed) == 60 + 2 + 3
    assert listed[f"accueil{_BELOW}"] == "ORG"
    assert not listed.keys() & {f"samir.haddad{_BELOW}", f"medecins{_BELOW}", "resultats@ch-erables.sim.mssante.fr"}
