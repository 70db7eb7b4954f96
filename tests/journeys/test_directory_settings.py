"""What settings change in the national directory, over sockets."""

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings
from mss_sim.vocabulary.directory import DirectoryErrors, DirectoryProfile
from tests.annuaire import Annuaire, link, resources
from tests.conftest import StartSimulator


async def test_a_key_of_ones_own_under_another_address(start: StartSimulator) -> None:
    async with start(directory_api_key="une-cle-a-moi", directory_base_url="https://gateway.example") as simulator:
        told = simulator.ready()["directory"]
        assert (told["fhir"], told["api_key"]) == ("https://gateway.example/fhir/v2", "une-cle-a-moi")
        annuaire = Annuaire(simulator)
        annuaire.ready = {**told, "fhir": f"{simulator.ready()['http']}/fhir/v2"}
        page = await annuaire.page("Practitioner?_count=1")
        assert str(link(page, "next")).startswith("https://gateway.example/fhir/v2/_page?id=u")
        assert page["entry"][0]["fullUrl"].startswith("https://gateway.example/fhir/v2/Practitioner/003-")
        named = await annuaire.ask("Practitioner?family=martin", headers={"Host": "gateway.example"})
        assert (named.status_code, len(resources(named.json()))) == (200, 1)  # whatever it is called


async def test_errors_as_fhir_has_them(start: StartSimulator) -> None:
    async with start(directory_errors=DirectoryErrors.STRICT) as simulator:
        annuaire = Annuaire(simulator)
        status, code, told = await annuaire.refused("Practitioner?_summary=count")
        assert (status, code) == (400, "invalid")
        assert told.startswith("Parameter _summary not found for resource Practitioner")
        assert (await annuaire.refused("Practitioner/zzz"))[0] == 404


async def test_resources_as_the_guide_has_them(start: StartSimulator) -> None:
    async with start(directory_profile=DirectoryProfile.IG_1_2) as simulator:
        (doctor,) = await Annuaire(simulator).found("Practitioner?mailbox-mss=camille")
        assert all(one["url"] != "digitization" for box in doctor["telecom"] for one in box["extension"][1]["extension"])


async def test_what_it_says_is_french_where_the_world_is(start: StartSimulator) -> None:
    async with start(language="fr") as simulator:
        assert (await Annuaire(simulator).refused("Practitioner?a=1"))[2].startswith("Paramètre a inconnu pour la ressource Practitioner")


@pytest.mark.parametrize("given", [{"directory_api_key": "short"}, {"directory_api_key": "une clé à moi"}, {"directory_page_size": 0}])
def test_a_setting_that_cannot_be_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="directory"):
        Settings(**given)


async def test_the_key_stays_with_the_world(start: StartSimulator, simulator: Simulator) -> None:
    async with start() as other:
        assert other.ready()["directory"]["api_key"] != simulator.ready()["directory"]["api_key"]
