"""Operators write into the national directory over HTTP: what is done, by whom, and what is refused."""

import json
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from tests.annuaire import (
    CARDIOLOGIST_IDNAT,
    DOCTOR_IDNAT,
    HOSPITAL_IDNAT,
    NATIONAL,
    Annuaire,
    addresses,
    box_path,
    boxes,
    contact_point,
    not_patched,
    operation,
    operator,
    parameters,
    patch,
    patched,
)
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, WARD, control
from tests.conftest import StartSimulator

LIBERAL, ORMES = "Messagerie libérale", "Hôpital des Ormes"
PERSON = f"Practitioner?identifier={NATIONAL}|{DOCTOR_IDNAT}"
PLACE = "Organization?identifier=https://finess.esante.gouv.fr|750990012"
NEW = "dr.martin@cabinet.sim.mssante.fr"


@pytest.fixture
async def liberal(simulator: Simulator) -> Annuaire:
    return await operator(simulator, LIBERAL)


@pytest.fixture
async def ormes(simulator: Simulator) -> Annuaire:
    return await operator(simulator, ORMES)


async def state(simulator: Simulator, address: str) -> dict[str, Any]:
    """A mailbox as the world has it."""
    found: dict[str, Any] = (await control(simulator, "GET", f"/mailboxes/{address}")).json()
    return found


async def test_rank_and_red_list_and_texts_are_those_of_the_mailbox(simulator: Simulator, liberal: Annuaire, ormes: Annuaire) -> None:
    person = await patched(liberal, PERSON, operation("replace", box_path("Practitioner", DOCTOR, "rank"), valueInteger=3))
    assert boxes(person)[DOCTOR] == {"type": "PER", "digitization": True, "listeRouge": False, "rank": 3}
    assert person["meta"]["profile"][1].endswith("/as-dr-practitioner")
    person = await patched(liberal, PERSON, operation("replace", box_path("Practitioner", DOCTOR, "listeRouge"), valueBoolean=True))
    assert boxes(person)[DOCTOR]["listeRouge"] is True
    assert (await state(simulator, DOCTOR))["red_listed"] is True
    assert await Annuaire(simulator).found(f"Practitioner?mailbox-mss:exact={DOCTOR}") == []
    place = await patched(
        ormes,
        PLACE,
        operation("replace", box_path("Organization", WARD, "description"), valueString="Le matin"),
        operation("replace", box_path("Organization", WARD, "service"), valueString="Cardiologie"),
        operation("replace", box_path("Organization", WARD, "responsible"), valueString="Mme LEROY"),
    )
    assert boxes(place)[WARD] == {
        "type": "ORG",
        "description": "Le matin",
        "service": "Cardiologie",
        "responsible": "Mme LEROY",
        "digitization": True,
        "listeRouge": False,
        "rank": None,
    }
    ward = await state(simulator, WARD)
    assert (ward["description"], ward["label"], ward["responsible_name"]) == ("Le matin", "Cardiologie", "Mme LEROY")
    (public,) = await Annuaire(simulator).found(f"Organization?mailbox-mss:exact={WARD}")
    assert boxes(public)[WARD] == {"type": "ORG", "description": "Le matin", "service": "Cardiologie", "digitization": True, "rank": None}


async def test_what_the_world_changes_the_restricted_profile_shows(simulator: Simulator, liberal: Annuaire) -> None:
    await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"red_listed": True, "responsible_name": "Dr MARTIN", "preferred_rank": 7})
    (person,) = await liberal.found(f"Practitioner?mailbox-mss:exact={PRACTICE}")
    shown = boxes(person)[PRACTICE]
    assert (shown["listeRouge"], shown["responsible"], shown["rank"]) == (True, "Dr MARTIN", 7)
    journal = await control(simulator, "GET", f"/journal?mailbox={DOCTOR}")
    assert journal.status_code == 200


async def test_a_mailbox_is_inserted_replaced_and_deleted(simulator: Simulator, liberal: Annuaire) -> None:
    box = contact_point(NEW, "PER", rank=2)
    person = await patched(liberal, PERSON, operation("insert", "Practitioner.telecom", index=0, valueContactPoint=box))
    assert boxes(person)[NEW]["rank"] == 2
    made = await state(simulator, NEW)
    assert (made["kind"], made["state"], made["owner"]["idnat"], made["preferred_rank"]) == ("PER", "active", DOCTOR_IDNAT, 2)
    path = box_path("Practitioner", NEW)
    person = await patched(liberal, PERSON, operation("replace", path, valueContactPoint=contact_point(NEW, "PER")))
    assert boxes(person)[NEW]["rank"] is None
    person = await patched(liberal, PERSON, operation("delete", path))
    assert NEW not in boxes(person)
    assert (await state(simulator, NEW))["state"] == "closed"
    person = await patched(liberal, PERSON, operation("insert", "Practitioner.telecom", index=0, valueContactPoint=box))
    assert (NEW in boxes(person), (await state(simulator, NEW))["state"]) == (True, "active")


async def test_all_of_it_or_nothing(simulator: Simulator, liberal: Annuaire) -> None:
    before = await state(simulator, DOCTOR)
    rank = operation("replace", box_path("Practitioner", DOCTOR, "rank"), valueInteger=9)
    insert = operation("insert", "Practitioner.telecom", valueContactPoint=contact_point(NEW, "PER"))
    for wrong, said in (
        (operation("delete", box_path("Practitioner", "nobody@medecin.sim.mssante.fr")), "Operation 3: there is no mailbox nobody@"),
        (operation("insert", "Practitioner.telecom", valueContactPoint=contact_point(NEW, "PER")), f"There is already a mailbox {NEW}"),
        (
            operation("replace", box_path("Practitioner", DOCTOR, "service"), valueString="x"),
            "Operation 3: a mailbox of kind PER has no service",
        ),
        (
            operation("replace", box_path("Practitioner", DOCTOR), valueContactPoint={"system": "email"}),
            "Operation 3: a mailbox is a Contact",
        ),
    ):
        status, _, told = await not_patched(liberal, PERSON, rank, insert, wrong)
        assert (status in (400, 409, 422), told[: len(said)]) == (True, said)
    assert await state(simulator, DOCTOR) == before
    assert (await control(simulator, "GET", f"/mailboxes/{NEW}")).status_code == 404


_REFUSED: list[tuple[str, dict[str, Any], int, str, str]] = [
    (
        PERSON,
        operation("replace", box_path("Practitioner", DOCTOR), valueContactPoint=contact_point(NEW, "PER")),
        422,
        "business-rule",
        f"Operation 1: the address of a mailbox never changes; delete {DOCTOR}, and insert the other.",
    ),
    (
        PERSON,
        operation("replace", box_path("Practitioner", DOCTOR), valueContactPoint=contact_point(DOCTOR, "CAB")),
        422,
        "business-rule",
        f"Operation 1: the kind of a mailbox never changes: {DOCTOR} is PER.",
    ),
    (
        PERSON,
        operation("insert", "Practitioner.telecom", valueContactPoint=contact_point(NEW, "ORG")),
        422,
        "business-rule",
        "stands no mailbox",
    ),
    (
        PERSON,
        operation("insert", "Practitioner.telecom", valueContactPoint=contact_point(NEW, "XYZ")),
        422,
        "business-rule",
        "has a type, one of",
    ),
    (
        PERSON,
        operation("insert", "Practitioner.telecom", valueContactPoint=contact_point("1@patient.mssante.fr", "PATIENT")),
        422,
        "business-rule",
        "has a type, one of APP, CAB, ORG, PER",
    ),
    (
        PERSON,
        operation("insert", "Practitioner.telecom", valueContactPoint=contact_point("a@hopital-ormes.sim.mssante.fr", "PER")),
        422,
        "business-rule",
        "the domain hopital-ormes.sim.mssante.fr is not one of Messagerie libérale",
    ),
    (
        PERSON,
        operation("insert", "Practitioner.telecom", valueContactPoint=contact_point("a@nowhere.mssante.fr", "PER")),
        422,
        "business-rule",
        "No operator has the domain of a@nowhere.mssante.fr",
    ),
    (
        PERSON,
        operation("insert", "Practitioner.telecom", valueContactPoint=contact_point(DOCTOR, "PER")),
        409,
        "conflict",
        f"There is already a mailbox {DOCTOR}.",
    ),
    (
        PERSON,
        operation("insert", "Practitioner.telecom", valueContactPoint=contact_point("no address", "PER")),
        422,
        "business-rule",
        "no address",
    ),
    (
        PERSON,
        operation("replace", box_path("Practitioner", PRACTICE, "description"), valueString="a\nb"),
        422,
        "business-rule",
        "one line of text without control characters",
    ),
    (
        f"Practitioner?identifier={NATIONAL}|{CARDIOLOGIST_IDNAT}",
        operation("delete", box_path("Practitioner", HOSPITAL)),
        422,
        "business-rule",
        "no mailbox paul.durand@hopital-ormes.sim.mssante.fr on this Practitioner; it may stand on another resource",
    ),
    (PLACE, operation("delete", box_path("Organization", WARD)), 403, "forbidden", f"{WARD} is another operator's"),
    (PERSON, operation("delete", "Practitioner.name"), 400, "invalid", "The path 'Practitioner.name' is none of these"),
    ("Practitioner?family=martin", operation("delete", box_path("Practitioner", DOCTOR)), 400, "invalid", "A PATCH names its resource"),
    ("Practitioner", operation("delete", box_path("Practitioner", DOCTOR)), 400, "invalid", "A PATCH names its resource"),
    ("Practitioner?identifier=", operation("delete", box_path("Practitioner", DOCTOR)), 400, "invalid", "A PATCH names its resource"),
    (
        "Practitioner?identifier=1&identifier=2",
        operation("delete", box_path("Practitioner", DOCTOR)),
        400,
        "invalid",
        "A PATCH names its resource",
    ),
    ("Practitioner?identifier=a%00", operation("delete", box_path("Practitioner", DOCTOR)), 400, "invalid", "control characters"),
    ("Practitioner?identifier=unknown", operation("delete", box_path("Practitioner", DOCTOR)), 404, "not-found", "No active Practitioner"),
    (
        f"Practitioner?identifier={NATIONAL}|",
        operation("delete", box_path("Practitioner", DOCTOR)),
        412,
        "conflict",
        "Several Practitioner resources meet this condition",
    ),
    ("Practitioner/003-0-000000001", operation("delete", box_path("Practitioner", DOCTOR)), 404, "not-found", "is not known"),
    ("Practitioner/'or'1'='1", operation("delete", box_path("Practitioner", DOCTOR)), 404, "not-found", "is not known"),
    ("Device/1", operation("delete", box_path("Device", DOCTOR)), 404, "not-found", "No mailbox stands on a Device"),
    ("Patient/1", operation("delete", box_path("Patient", DOCTOR)), 404, "processing", "HAPI-0302: Unknown resource type 'Patient'"),
]


@pytest.mark.parametrize(("path", "wanted", "status", "code", "said"), _REFUSED)
async def test_what_may_not_be(liberal: Annuaire, path: str, wanted: dict[str, Any], status: int, code: str, said: str) -> None:
    told = await not_patched(liberal, path, wanted)
    assert (told[:2], said in told[2]) == ((status, code), True), told


async def test_who_is_not_active_is_not_written_to(simulator: Simulator, liberal: Annuaire) -> None:
    (person,) = await liberal.found(f"Practitioner?identifier={DOCTOR_IDNAT}")
    await control(simulator, "PATCH", f"/identities/{DOCTOR_IDNAT}", {"enabled": False})
    wanted = operation("delete", box_path("Practitioner", DOCTOR))
    assert (await not_patched(liberal, f"Practitioner/{person['id']}", wanted))[::2] == (
        422,
        f"Practitioner/{person['id']} is not active any more; nothing is written to it.",
    )
    assert (await not_patched(liberal, PERSON, wanted))[0] == 404


async def test_a_role_is_found_in_both_ways_and_which_is_reported(simulator: Simulator, ormes: Annuaire) -> None:
    wanted = operation("replace", box_path("PractitionerRole", HOSPITAL, "rank"), valueInteger=1)
    for condition, said in (
        ("identifier=https://rpps.esante.gouv.fr|9970042004", "by the number of the activity, as the guide has it"),
        (f"practitioner.identifier={CARDIOLOGIST_IDNAT}&organization.identifier={HOSPITAL_IDNAT}", "as the OpenAPI description has it"),
    ):
        answer = await patch(ormes, f"PractitionerRole?{condition}", wanted, prefer="return=OperationOutcome")
        (issue,) = answer.json()["issue"]
        assert (answer.status_code, answer.headers["x-notes"], issue["severity"]) == (200, "1", "information")
        assert said in issue["diagnostics"]
    (role,) = await ormes.found(f"PractitionerRole?mailbox-mss:exact={HOSPITAL}")
    role = await patched(ormes, f"PractitionerRole/{role['id']}", operation("delete", box_path("PractitionerRole", HOSPITAL, "rank")))
    assert (boxes(role)[HOSPITAL]["rank"], role["meta"]["profile"][1].rpartition("/")[2]) == (None, "as-dr-practitionerrole")
    answer = await patch(ormes, f"PractitionerRole?practitioner.identifier={CARDIOLOGIST_IDNAT}", wanted)
    assert answer.status_code == 400


async def test_the_same_is_inserted_on_a_role(ormes: Annuaire) -> None:
    box = contact_point("dr.durand@hopital-ormes.sim.mssante.fr", "PER")
    role = await patched(
        ormes,
        "PractitionerRole?identifier=9970042004",
        operation("insert", "PractitionerRole.telecom", valueContactPoint=box),
    )
    assert addresses([role]) == ["dr.durand@hopital-ormes.sim.mssante.fr", HOSPITAL]


async def test_what_the_drafts_contradict_each_other_about_is_taken_and_reported(liberal: Annuaire) -> None:
    box = contact_point(NEW, "CAB", responsible="Dr MARTIN")
    del box["extension"][0]
    box["extension"][0]["extension"][0] = {"url": "type", "valueCode": "CAB"}
    insert = operation("insert", "Practitioner.telecom", valueContactPoint=box)
    answer = await patch(liberal, PERSON, insert, prefer="return=OperationOutcome")
    said = [issue["diagnostics"] for issue in answer.json()["issue"]]
    assert answer.status_code == 200
    assert answer.headers["x-notes"] == str(len(said))
    for number, words in enumerate(
        ("the extension that says MSSANTE is missing", "type is a valueCode", "a CAB has a responsible in the OpenAPI")
    ):
        assert said[number].startswith(f"Operation 1: {words}")
    answer = await patch(liberal, PERSON, operation("delete", box_path("Practitioner", NEW)), prefer="return=OperationOutcome")
    assert [issue["diagnostics"] for issue in answer.json()["issue"]] == ["OK"]


async def test_a_replaced_mailbox_stays_on_the_red_list_unless_it_is_said(simulator: Simulator, liberal: Annuaire) -> None:
    await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"red_listed": True})
    path = box_path("Practitioner", PRACTICE)
    person = await patched(liberal, PERSON, operation("replace", path, valueContactPoint=contact_point(PRACTICE, "CAB", description="A")))
    assert (boxes(person)[PRACTICE]["listeRouge"], boxes(person)[PRACTICE]["description"]) == (True, "A")
    person = await patched(liberal, PERSON, operation("replace", path, valueContactPoint=contact_point(PRACTICE, "CAB", listeRouge=False)))
    assert (boxes(person)[PRACTICE]["listeRouge"], "description" in boxes(person)[PRACTICE]) == (False, False)
    assert (await state(simulator, PRACTICE))["label"] == "Cabinet des Tilleuls"


async def test_who_may_write(simulator: Simulator, liberal: Annuaire) -> None:
    wanted = operation("delete", box_path("Practitioner", DOCTOR))
    key = liberal.ready["api_key"]
    own = (await control(simulator, "GET", "/operators")).json()
    liberals = next(one["directory_key"] for one in own if one["name"] == LIBERAL)
    word, name, seal = liberals.split(".")
    forged = (f"{word}.{name}.{'0' * 32}", f"{word}.QQ.{seal}", f"{word}..{seal}", f"{word}.{name * 200}.{seal}")
    for headers, status in (
        ({"X-Other": "1"}, 401),
        ({"ESANTE-API-KEY": key}, 403),
        *(({"ESANTE-API-KEY": one}, 403) for one in forged),
    ):
        answer = await patch(Annuaire(simulator, **headers), PERSON, wanted)
        assert (answer.status_code, answer.json()["http_status_code"], "resourceType" in answer.json()) == (status, status, False), headers
    found = await liberal.ask("Practitioner?family=martin")
    assert (found.status_code, found.json()["entry"][0]["resource"]["meta"]["profile"][1].rpartition("/")[2]) == (200, "as-dr-practitioner")


async def test_a_body_that_is_no_patch(liberal: Annuaire) -> None:
    url = f"{liberal.ready['write']}/{PERSON}"
    for content, type_, status in (
        (b"{}", "application/json", 400),
        (b"", "application/fhir+json", 400),
        (b'[{"op":"remove","path":"/telecom/0"}]', "application/json-patch+json", 415),
        (b"<Parameters/>", "application/fhir+xml", 415),
        (b"{}", "", 415),
        (json.dumps(parameters(*[operation("delete", "Practitioner.telecom")] * 10_000)).encode(), "application/fhir+json", 413),
        (json.dumps(parameters(*[operation("delete", "Practitioner.telecom")] * 900)).encode(), "application/fhir+json", 400),
    ):
        answer = await liberal.ask(url, "PATCH", content=content, headers={"content-type": type_})
        assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome"), (type_, answer.text[:200])
    answer = await patch(liberal, PERSON, operation("delete", box_path("Practitioner", DOCTOR)), **{"if-match": 'W/"1"'})
    assert (answer.status_code, answer.json()["issue"][0]["diagnostics"][-20:]) == (412, " leave If-Match out.")
    for method, path in (
        ("PUT", PERSON),
        ("DELETE", PERSON),
        ("GET", PERSON),
        ("POST", "Practitioner/_search"),
        ("PATCH", ""),
        ("PATCH", "a/b/c"),
    ):
        answer = await liberal.ask(f"{liberal.ready['write']}/{path}", method)
        assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome"), (method, path)


async def test_the_server_that_is_searched_names_the_one_that_is_written(simulator: Simulator) -> None:
    told = await Annuaire(simulator).refused("Practitioner/1", method="PATCH")
    assert told[2] == "PATCH is not for Practitioner/1: the directory is read here; its operators write by PATCH at /fhir/operators."


async def test_what_operators_can_do_is_told(liberal: Annuaire) -> None:
    told = (await liberal.ask(f"{liberal.ready['write']}/metadata")).json()
    found = {one["type"]: one for one in told["rest"][0]["resource"]}
    assert (told["kind"], told["implementation"]["url"], told["fhirVersion"]) == ("instance", liberal.ready["write"], "4.0.1")
    assert not {"id", "url"} & set(told), "they are those of the statement of searches"
    assert set(found) == {"Practitioner", "PractitionerRole", "Organization"}
    for one in found.values():
        assert one["interaction"] == [{"code": "patch"}]
        ((url, conditional),) = [(said["url"], said["valueBoolean"]) for said in one["extension"]]
        assert (url.rpartition("/")[2], conditional) == ("extension-CapabilityStatement.rest.resource.conditionalPatch", True)
        assert one["searchParam"] == [{"name": "identifier", "type": "token"}]


async def test_by_settings(start: StartSimulator) -> None:
    given = {"directory_write_refusals": "openapi", "directory_write_deletion": "removed", "directory_write_operations_max": 1}
    async with start(**given, directory_restricted="all") as simulator:
        liberal = await operator(simulator, LIBERAL)
        rank = operation("replace", box_path("Practitioner", DOCTOR, "rank"), valueInteger=1)
        assert (await not_patched(liberal, PERSON, rank, rank))[0] == 400
        wrong = operation("replace", box_path("Practitioner", DOCTOR, "service"), valueString="x")
        assert (await not_patched(liberal, PERSON, wrong))[:2] == (400, "business-rule")
        await patched(liberal, PERSON, operation("delete", box_path("Practitioner", DOCTOR)))
        assert (await control(simulator, "GET", f"/mailboxes/{DOCTOR}")).status_code == 404
        await control(simulator, "PATCH", f"/mailboxes/{WARD}", {"red_listed": True})
        (place,) = await liberal.found(f"Organization?mailbox-mss={WARD}")
        assert boxes(place)[WARD]["listeRouge"] is True


async def test_an_operator_sees_what_is_its_own_on_the_red_list(simulator: Simulator, liberal: Annuaire, ormes: Annuaire) -> None:
    for address in (WARD, HOSPITAL, PRACTICE):
        await control(simulator, "PATCH", f"/mailboxes/{address}", {"red_listed": True})
    for search, who, found in (
        (f"Organization?mailbox-mss={WARD[:8]}", ormes, [WARD]),
        (f"Organization?mailbox-mss={WARD[:8]}", liberal, []),
        (f"PractitionerRole?mailbox-mss:contains={HOSPITAL[2:20].upper()}", ormes, [HOSPITAL]),
        (f"Practitioner?mailbox-mss:exact={HOSPITAL}", ormes, []),
        (f"Practitioner?mailbox-mss:exact={PRACTICE}", liberal, [DOCTOR, PRACTICE]),
        (f"Practitioner?mailbox-mss:exact={PRACTICE}", ormes, []),
        (f"Practitioner?mailbox-mss:exact={PRACTICE}", Annuaire(simulator), []),
    ):
        assert addresses(await who.found(search)) == found, search
    assert addresses(await ormes.found("Practitioner?family=martin")) == [DOCTOR]
    whole = {address for page in await liberal.walk("Practitioner?_count=2") for address in addresses(page)}
    assert PRACTICE in whole
    assert HOSPITAL not in whole


async def test_the_line_of_the_acceptance_list(simulator: Simulator, liberal: Annuaire) -> None:
    """Rank, red list, delete; then two operations of which the second is wrong: nothing changes."""
    for wanted in (
        operation("replace", box_path("Practitioner", DOCTOR, "rank"), valueInteger=2),
        operation("replace", box_path("Practitioner", PRACTICE, "listeRouge"), valueBoolean=True),
        operation("delete", box_path("Practitioner", PRACTICE)),
    ):
        await patched(liberal, PERSON, wanted)
    before = await liberal.found(PERSON)
    right, wrong = operation("delete", box_path("Practitioner", DOCTOR)), operation("delete", box_path("Practitioner", DOCTOR, "rank"))
    assert (await patch(liberal, PERSON, right, wrong)).status_code == 422
    assert await liberal.found(PERSON) == before
    assert (await state(simulator, DOCTOR))["state"] == "active"
