"""FHIR libraries that do not know us: every resource is FHIR to fhir.resources, and fhirpy and fhirclient search as their users do."""

import asyncio
import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhirclient import client as smart
from fhirclient.models.practitioner import Practitioner
from fhirclient.models.practitionerrole import PractitionerRole
from fhirpy import AsyncFHIRClient

from mss_sim.app.simulator import Simulator
from tests.annuaire import CARDIOLOGIST_IDNAT, HOSPITAL_IDNAT, Annuaire, employ
from tests.clients import HOSPITAL, control
from tests.conftest import StartSimulator

_SEARCHES = (
    "Practitioner?_count=100",
    "PractitionerRole?_include=*&_count=100",
    "Organization?_revinclude=*",
    "Practitioner?_elements=name&_count=3",
    "Practitioner?active=false",
    "Device",
    "metadata",
    "Practitioner?_summary=count",
    "Practitioner/zzz",
)


def _judge(found: dict[str, Any]) -> None:
    """A library reads it as FHIR, and writes the same again."""
    model = get_fhir_model_class(found["resourceType"])
    read = json.loads(model.model_validate(found).model_dump_json())
    assert read.keys() == found.keys()


@pytest.mark.parametrize("profile", ["live-v2", "ig-1.2"])
async def test_all_that_is_answered_is_fhir(start: StartSimulator, profile: str) -> None:
    async with start(directory_profile=profile) as simulator:
        annuaire = Annuaire(simulator)
        await annuaire.found("Practitioner")
        await control(simulator, "PATCH", f"/identities/{CARDIOLOGIST_IDNAT}", {"enabled": False})
        for search in _SEARCHES:
            found = (await annuaire.ask(search)).json()
            _judge(found)
            for entry in found.get("entry", ()):
                _judge(entry["resource"])


async def test_fhirpy_follows_the_pages(simulator: Simulator) -> None:
    await employ(simulator, 58)
    told = simulator.ready()["directory"]
    client = AsyncFHIRClient(told["fhir"], extra_headers={"ESANTE-API-KEY": told["api_key"]})
    people = client.resources("Practitioner")
    (durand,) = await people.search(family="durand").fetch()
    assert durand["name"][0]["given"] == ["Paul"]
    (same,) = await people.search(identifier=f"urn:oid:1.2.250.1.71.4.2.1|{CARDIOLOGIST_IDNAT}").fetch()
    assert same["id"] == durand["id"]
    (hospital,) = await client.resources("Organization").search(identifier=HOSPITAL_IDNAT).fetch()
    roles = client.resources("PractitionerRole").search(organization=f"Organization/{hospital['id']}")
    assert len(await roles.fetch_all()) == 60
    found = (
        await client.resources("PractitionerRole")
        .search(mailbox_mss__exact=HOSPITAL)
        .include("PractitionerRole", "practitioner")
        .fetch_raw()
    )
    assert [one.resource["resourceType"] for one in found["entry"]] == ["PractitionerRole", "Practitioner"]


async def test_fhirclient_reads_and_searches(simulator: Simulator) -> None:
    told = simulator.ready()["directory"]

    def play() -> tuple[str, list[str], str, int]:
        connected = smart.FHIRClient(settings={"app_id": "test", "api_base": told["fhir"]})
        connected.server.session.headers["ESANTE-API-KEY"] = told["api_key"]
        (durand,) = Practitioner.where(struct={"family": "durand"}).perform_resources_iter(connected.server)
        (role,) = PractitionerRole.where(struct={"practitioner": durand.id}).perform_resources_iter(connected.server)
        again = Practitioner.read(durand.id, connected.server)
        everybody = Practitioner.where(struct={"_count": "3"}).perform_resources_iter(connected.server)
        return again.name[0].family, [box.value for box in role.telecom], role.organization.reference, len({one.id for one in everybody})

    family, boxes, place, count = await asyncio.to_thread(play)
    assert (family, boxes, place.partition("-")[0], count) == ("DURAND", [HOSPITAL], "Organization/001", 10)
