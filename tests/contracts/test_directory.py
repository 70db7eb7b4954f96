"""The directory shows one thing on both databases: prefixes, sets of codes, walks, skeletons, the file of the day."""

import io
import zipfile

import httpx

from mss_sim.app.simulator import Simulator
from tests.annuaire import CARDIOLOGIST_IDNAT, HOSPITAL_IDNAT, NATIONAL, Annuaire, add, addresses, employ, families, link, nurse, resources
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, control

_FOUND = {
    "Practitioner?family=édit": ["ÉDITEUR"],
    "Practitioner?family=le": ["LE GALL", "LEROY"],
    "Practitioner?family:contains=%": [],
    "Practitioner?family:exact=MARTIN": ["MARTIN"],
    "Practitioner?name=camille,paul": ["DURAND", "MARTIN"],
    f"Practitioner?identifier={NATIONAL}|{CARDIOLOGIST_IDNAT}": ["DURAND"],
    "Practitioner?qualification-code=SM04,60": ["DURAND", "GARNIER"],
    "Practitioner?qualification-code=sm04": [],
    f"Practitioner?mailbox-mss={PRACTICE[:12]}": ["MARTIN"],
    f"Practitioner?mailbox-mss:exact={DOCTOR}": ["MARTIN"],
    "Practitioner?mailbox-mss:contains=CABINET.": ["MARTIN"],
    "Practitioner?identifier-type=ADELI": [],
    f"PractitionerRole?organization.identifier={HOSPITAL_IDNAT}&_include=PractitionerRole:practitioner": ["DURAND", "GARNIER"],
    "PractitionerRole?organization.address-city=paris&practitioner.family=dur&_include=*": ["DURAND"],
    "PractitionerRole?identifier=9970042004&_include=PractitionerRole:practitioner": ["DURAND"],
}


async def test_searches_find_the_same(world: Simulator) -> None:
    annuaire = Annuaire(world)
    for search, wanted in _FOUND.items():
        assert families(await annuaire.found(search)) == wanted, search
    assert len(await annuaire.found("Organization?identifier=https://finess.esante.gouv.fr|&address-postalcode=75,69")) == 2


async def test_a_walk_sees_one_state_and_the_next_one_what_happened(world: Simulator) -> None:
    await employ(world, 20)
    annuaire = Annuaire(world)
    first = await annuaire.page("Practitioner?_count=7&_total=accurate")
    await control(world, "PATCH", f"/identities/{CARDIOLOGIST_IDNAT}", {"enabled": False})
    await control(world, "DELETE", f"/identities/{nurse(19)['idnat']}")
    await control(world, "PATCH", f"/mailboxes/{DOCTOR}", {"red_listed": True})
    await add(world, "/identities", nurse(900))
    shown, next_ = resources(first), link(first, "next")
    while next_:
        page = await annuaire.page(next_)
        shown, next_ = [*shown, *resources(page)], link(page, "next")
    assert (len(shown), len({one["id"] for one in shown}), all(one["active"] for one in shown)) == (first["total"], 30, True)
    assert DOCTOR in addresses(shown)
    after = await annuaire.found("Practitioner?_count=100")
    assert (len(after), sum(not one["active"] for one in after), DOCTOR in addresses(after)) == (31, 2, False)


async def test_the_file_of_the_day_is_the_same(world: Simulator) -> None:
    async with httpx.AsyncClient(timeout=20) as client:
        file = await client.get(Annuaire(world).ready["extraction"])
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        _, *lines = archive.read(archive.namelist()[0]).decode().splitlines()
    assert sorted(line.split("|")[1] for line in lines)[2:] == ["hugo.bernard@medecin.sim.mssante.fr", HOSPITAL]
