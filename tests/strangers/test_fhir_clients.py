"""FHIR libraries that do not know us: every resource is FHIR to fhir.resources; fhirpy, fhirclient and, in node, fhir-kit-client search as
their users do, and the last one writes.
"""

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
from tests.annuaire import (
    CARDIOLOGIST_IDNAT,
    DOCTOR_IDNAT,
    HOSPITAL_IDNAT,
    Annuaire,
    box_path,
    contact_point,
    employ,
    operation,
    operator,
    parameters,
    patch,
    patched,
)
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, control
from tests.conftest import StartSimulator
from tests.strangers.telling import HERE, must_exist, told_as_json

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


async def test_what_operators_send_and_are_answered_is_fhir(simulator: Simulator) -> None:
    liberal = await operator(simulator, "Messagerie libérale")
    wanted = operation(
        "insert", "Practitioner.telecom", 0, valueContactPoint=contact_point("a@cabinet.sim.mssante.fr", "PER", listeRouge=True)
    )
    _judge(parameters(wanted))
    path = f"Practitioner?identifier={DOCTOR_IDNAT}"
    _judge(await patched(liberal, path, wanted))
    _judge((await patch(liberal, path, wanted)).json())
    _judge((await patch(liberal, path, operation("delete", box_path("Practitioner", DOCTOR)), prefer="return=OperationOutcome")).json())
    _judge((await liberal.ask(f"{liberal.ready['write']}/metadata")).json())
    for entry in (await liberal.page("Practitioner?_count=100"))["entry"]:
        _judge(entry["resource"])


async def test_fhir_kit_client_searches_and_writes(simulator: Simulator) -> None:
    must_exist(HERE / "node" / "node_modules" / "fhir-kit-client", "fhir-kit-client")
    known = (await control(simulator, "GET", "/operators")).json()
    told = simulator.ready()["directory"]
    story = {
        "search": told["fhir"],
        "write": told["write"],
        "key": next(one["directory_key"] for one in known if one["name"] == "Messagerie libérale"),
        "address": DOCTOR,
        "operations": [
            operation("replace", box_path("Practitioner", DOCTOR, "rank"), valueInteger=2),
            operation("replace", box_path("Practitioner", PRACTICE, "rank"), valueInteger=1),
        ],
    }
    can, walked, before, answered, after, by_json, nobody, elsewhere = await told_as_json(
        "node", str(HERE / "node" / "annuaire.mjs"), json.dumps(story)
    )
    assert can == [True, False]
    assert walked[0] == walked[1] == 10
    assert before == [[DOCTOR, 1], [PRACTICE, None]]
    assert answered == after == [[PRACTICE, 1], [DOCTOR, 2]]
    assert (by_json, nobody, elsewhere) == ([415, "not-supported"], [404, "not-found"], [403, "forbidden"])
