"""The national directory as clients meet it: the acceptance list of searches, over sockets and under the default settings."""

import io
import re
import zipfile
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.annuaire import (
    CARDIOLOGIST_IDNAT,
    DOCTOR_IDNAT,
    HELENE,
    HOSPITAL_IDNAT,
    NATIONAL,
    Annuaire,
    add,
    addresses,
    employ,
    families,
    link,
    nurse,
    resources,
)
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PRACTICE, WARD, Person, control

_ROLES = "_revinclude=PractitionerRole:practitioner"


@pytest.fixture
async def annuaire(simulator: Simulator) -> Annuaire:
    person = {"family_name": "MARTIN", "given_name": "Hélène", "title": "Mme", "profession": "Sage-femme"}
    await add(simulator, "/identities", {"idnat": f"8{HELENE}", "kind": "professional", **person})
    return Annuaire(simulator)


async def test_a_name_is_found_by_its_beginning_without_case_and_accents(annuaire: Annuaire) -> None:
    assert await annuaire.found("Practitioner?family=helen") == []
    (helene,) = await annuaire.found("Practitioner?given=helen")
    assert helene["name"] == [{"family": "MARTIN", "given": ["Hélène"], "prefix": ["MME"]}]
    assert families(await annuaire.found("Practitioner?family=marti")) == ["MARTIN", "MARTIN"]
    assert families(await annuaire.found("Practitioner?family=artin")) == []
    assert families(await annuaire.found("Practitioner?name=helen")) == ["MARTIN"]


async def test_exact_is_the_whole_value_with_case_and_accents(annuaire: Annuaire) -> None:
    assert await annuaire.found("Practitioner?family:exact=martin") == []
    assert await annuaire.found("Practitioner?family:exact=MARTI") == []
    assert families(await annuaire.found("Practitioner?family:exact=MARTIN")) == ["MARTIN", "MARTIN"]
    assert await annuaire.found("Practitioner?given:exact=Helene") == []


async def test_contains_is_any_part_whatever_the_case(annuaire: Annuaire) -> None:
    (hospital,) = await annuaire.found("Organization?name:contains=ORMES")
    assert (hospital["name"], hospital["address"]) == (
        "Hôpital des Ormes",
        [{"line": ["12 rue des Ormes"], "city": "Paris", "postalCode": "75012"}],
    )
    assert addresses([hospital]) == [WARD]


async def test_several_values_are_or_and_several_parameters_are_and(annuaire: Annuaire) -> None:
    assert families(await annuaire.found("Practitioner?family=durand,martin")) == ["DURAND", "MARTIN", "MARTIN"]
    assert families(await annuaire.found("Practitioner?family=martin&given=camille")) == ["MARTIN"]
    assert families(await annuaire.found("Practitioner?family=mar&family=tin")) == []
    assert families(await annuaire.found("Practitioner?family=durand,martin&qualification-code=SM04")) == ["DURAND"]


async def test_the_roles_of_a_hospital_take_two_pages_of_one_state(simulator: Simulator, annuaire: Annuaire) -> None:
    await employ(simulator, 58)
    (hospital,) = await annuaire.found("Organization?name=hopital")
    search = f"PractitionerRole?organization=Organization/{hospital['id']}"
    first = await annuaire.page(search)
    assert (len(first["entry"]), "total" in first) == (50, False)
    assert [one["relation"] for one in first["link"]] == ["next", "self"]
    await add(simulator, "/identities", nurse(900))
    await control(simulator, "PATCH", f"/identities/{nurse(57)['idnat']}", {"enabled": False})
    second = await annuaire.page(str(link(first, "next")))
    assert (len(second["entry"]), link(second, "next")) == (10, None)
    ids = [one["id"] for one in [*resources(first), *resources(second)]]
    assert len(set(ids)) == 60
    assert all(one["active"] for one in resources(second))  # as when the walk began
    assert sum(map(len, await annuaire.walk(search))) == 61
    long = f"{search}&_include=PractitionerRole:practitioner&_count=100"
    page = await annuaire.page(long)
    assert len(page["entry"]) > 100, "one that is written beside the loop"
    assert link(page, "self") == f"{annuaire.ready['fhir']}/{long}"
    assert link(first, "self") == f"{annuaire.ready['fhir']}/{search}"


async def test_a_person_by_number_with_where_they_work(annuaire: Annuaire) -> None:
    page = await annuaire.page(f"Practitioner?identifier={NATIONAL}|{CARDIOLOGIST_IDNAT}&{_ROLES}")
    assert list(page) == ["resourceType", "type", "id", "total", "entry", "link"]
    assert [one["resource"]["resourceType"] for one in page["entry"]] == ["Practitioner", "PractitionerRole"]
    assert not any("search" in one for one in page["entry"])
    assert page["total"] == 1
    practitioner, role = resources(page)
    assert page["entry"][0]["fullUrl"] == f"{annuaire.ready['fhir']}/Practitioner/{practitioner['id']}"
    assert role["practitioner"] == {"reference": f"Practitioner/{practitioner['id']}"}
    hospital = (await annuaire.ask(role["organization"]["reference"])).json()
    assert hospital["identifier"][0]["value"] == HOSPITAL_IDNAT
    for form in (CARDIOLOGIST_IDNAT, CARDIOLOGIST_IDNAT[1:], f"https://rpps.esante.gouv.fr|{CARDIOLOGIST_IDNAT[1:]}"):
        assert families(await annuaire.found(f"Practitioner?identifier={form}")) == ["DURAND"]
    assert await annuaire.found(f"Practitioner?identifier=https://rpps.esante.gouv.fr|{CARDIOLOGIST_IDNAT}") == []


async def test_an_address_stands_on_one_resource_alone(annuaire: Annuaire) -> None:
    """The commonest complaint of integrators: they read one resource, and the address is on another."""
    assert addresses(await annuaire.found("Practitioner?family=durand")) == []
    assert addresses(await annuaire.found(f"PractitionerRole?mailbox-mss:exact={HOSPITAL}")) == [HOSPITAL]
    assert addresses(await annuaire.found("Organization?mailbox-mss=resultats@")) == [LABORATORY]
    (doctor,) = await annuaire.found("Practitioner?mailbox-mss=camille")
    kinds = [
        coding["code"]
        for box in doctor["telecom"]
        for one in box["extension"][1]["extension"]
        if one["url"] == "type"
        for coding in one["valueCodeableConcept"]["coding"]
    ]
    assert (addresses([doctor]), kinds) == ([DOCTOR, PRACTICE], ["PER", "CAB"])
    assert [box.get("rank") for box in doctor["telecom"]] == [1, None]


async def test_a_doctor_has_four_addresses_on_four_bearers(simulator: Simulator, annuaire: Annuaire) -> None:
    practice = {"idnat": "499700420013001", "kind": "organisation", "family_name": "Cabinet des Tilleuls", "sector": "SA07"}
    await add(simulator, "/identities", practice)
    own = {"address": "accueil@cabinet.sim.mssante.fr", "kind": "ORG", "owner_idnat": practice["idnat"]}
    await add(simulator, "/mailboxes", own)
    await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"with_structure": True})
    found = await annuaire.found(f"Practitioner?identifier={DOCTOR_IDNAT}&{_ROLES}")
    practitioner, role = found
    assert (addresses([practitioner]), addresses([role])) == ([DOCTOR], [PRACTICE])
    assert addresses([(await annuaire.ask(role["organization"]["reference"])).json()]) == [own["address"]]
    assert role["code"][1]["coding"][0]["code"] == "L"


async def test_what_must_not_be_there_is_not(simulator: Simulator, annuaire: Annuaire) -> None:
    everybody = addresses(await annuaire.found("Practitioner?mailbox-mss:contains=@"))
    assert (DOCTOR in everybody, PATIENT in everybody) == (True, False)
    assert all(
        type_ == [] for type_ in [await annuaire.found(f"{name}?mailbox-mss:contains=patient.mssante.fr") for name in _WITH_MAILBOXES]
    )
    await control(simulator, "PATCH", f"/mailboxes/{DOCTOR}", {"red_listed": True})
    assert await annuaire.found(f"Practitioner?mailbox-mss={DOCTOR}") == []
    assert addresses(await annuaire.found("Practitioner?family=martin")) == [PRACTICE]
    await control(simulator, "PATCH", f"/mailboxes/{DOCTOR}", {"red_listed": False, "state": "closed"})
    assert await annuaire.found(f"Practitioner?mailbox-mss={DOCTOR}") == []
    await control(simulator, "PATCH", f"/mailboxes/{DOCTOR}", {"state": "active"})
    assert addresses(await annuaire.found(f"Practitioner?mailbox-mss={DOCTOR}")) == [DOCTOR, PRACTICE]


_WITH_MAILBOXES = ("Practitioner", "PractitionerRole", "Organization")


async def test_a_change_by_the_manager_of_a_mailbox_is_seen_a_moment_later(simulator: Simulator, annuaire: Annuaire) -> None:
    await annuaire.found("Practitioner?family=martin")
    answer = await Person(simulator, "doctor").rest("PATCH", f"/mailboxes/{DOCTOR}", {"description": "Avant 18 h", "preferred_rank": 3})
    assert answer.status_code == 200, answer.text
    (doctor,) = await annuaire.found(f"Practitioner?mailbox-mss={DOCTOR}")
    mine = next(box for box in doctor["telecom"] if box["value"] == DOCTOR)
    assert (mine["rank"], mine["extension"][1]["extension"][1]) == (3, {"url": "description", "valueString": "Avant 18 h"})


async def test_centres_of_a_department_and_who_works_there(simulator: Simulator, annuaire: Annuaire) -> None:
    for number, place in enumerate(("78000", "78500", "75001")):
        centre = {"idnat": f"17899900{number}0", "kind": "organisation", "family_name": f"Centre {number}", "sector": "SA05"}
        await add(simulator, "/identities", {**centre, "postal_code": place, "city": "Versailles"})
    await add(simulator, "/identities", {**nurse(1), "structure": "1789990010"})
    found = await annuaire.found("Organization?address-postalcode=78&type=SA05&_revinclude=PractitionerRole:organization")
    assert [(one["resourceType"], one.get("name")) for one in found] == [
        ("Organization", "Centre 0"),
        ("Organization", "Centre 1"),
        ("PractitionerRole", None),
    ]
    assert [one["name"] for one in await annuaire.found("Organization?address-city=versail&address-postalcode:exact=75001")] == ["Centre 2"]
    (nurse_,) = await annuaire.found(f"Practitioner?_id={found[2]['practitioner']['reference'].partition('/')[2]}")
    assert families([nurse_]) == ["SOIGNANT001"]


async def test_who_went_is_a_skeleton(simulator: Simulator, annuaire: Annuaire) -> None:
    assert await annuaire.found("Practitioner?active=false") == []
    await control(simulator, "PATCH", f"/identities/{CARDIOLOGIST_IDNAT}", {"enabled": False})
    await control(simulator, "DELETE", f"/identities/8{HELENE}")
    found = await annuaire.found("Practitioner?_lastUpdated=ge2024-01-01&active=false")
    assert sorted(one["identifier"][0]["value"] for one in found) == sorted([CARDIOLOGIST_IDNAT, f"8{HELENE}"])
    for one in found:
        assert list(one) == ["resourceType", "id", "meta", "language", "identifier", "active"]
        assert (one["active"], one["meta"]["source"], len(one["meta"]["profile"])) == (False, "https://annuaire.sante.fr", 2)
        assert (await annuaire.ask(f"Practitioner/{one['id']}")).json() == one
    assert await annuaire.found("Practitioner?family=durand") == []
    (role,) = await annuaire.found("PractitionerRole?active=false")
    assert "telecom" not in role
    await control(simulator, "PATCH", f"/identities/{CARDIOLOGIST_IDNAT}", {"enabled": True})
    assert families(await annuaire.found("Practitioner?family=durand")) == ["DURAND"]


async def test_a_chain_of_one_level(annuaire: Annuaire) -> None:
    for search in (
        f"PractitionerRole?organization.identifier={HOSPITAL_IDNAT}&practitioner.family=duran&_include=*",
        "PractitionerRole?organization.name:contains=ormes&practitioner.qualification-code=SM04&_include=*",
        "PractitionerRole?organization.address-postalcode=75&practitioner.family:exact=DURAND&_include=*",
    ):
        found = await annuaire.found(search)
        assert [one["resourceType"] for one in found] == ["PractitionerRole", "Practitioner", "Organization"], search
    assert await annuaire.found("PractitionerRole?organization.name=clinique") == []


async def test_only_the_elements_that_are_asked_for(annuaire: Annuaire) -> None:
    (doctor,) = await annuaire.found(f"Practitioner?identifier={CARDIOLOGIST_IDNAT}&_elements=name")
    assert list(doctor) == ["resourceType", "id", "meta", "language", "identifier", "active", "name"]
    assert doctor["meta"]["tag"] == [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}]


async def test_the_total_is_told_when_it_is_asked_for_or_known(annuaire: Annuaire) -> None:
    assert "total" not in await annuaire.page("Practitioner?_count=2")
    page = await annuaire.page("Practitioner?_count=2&_total=accurate")
    assert page["total"] > 4
    assert (await annuaire.page(str(link(page, "next"))))["total"] == page["total"]
    assert "total" not in await annuaire.page("Practitioner?family=durand&_total=none")
    empty = await annuaire.page("Practitioner?_count=0")
    assert (empty["total"], "entry" in empty) == (page["total"], False)


async def test_a_search_by_post_is_the_same(annuaire: Annuaire) -> None:
    answer = await annuaire.ask("Practitioner/_search?given=paul", "POST", data={"family": "durand"})
    assert families(resources(answer.json())) == ["DURAND"]
    empty = await annuaire.ask("Practitioner/_search?given=camille", "POST", data={"family": "durand"})
    assert resources(empty.json()) == []


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"", None, 200),
        (b"", "text/plain", 200),
        (b"family=martin", "application/x-www-form-urlencoded; charset=utf-8", 200),
        (b"family=martin", "text/plain", 415),
        (b"family=martin", None, 415),
    ],
)
async def test_what_is_posted_to_a_search_is_a_form_or_nothing(
    annuaire: Annuaire, content: bytes, media_type: str | None, status: int
) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    answer = await annuaire.ask("Practitioner/_search?given=camille", "POST", content=content, headers=headers)
    assert answer.status_code == status, answer.text


async def test_what_no_world_has_is_served_and_empty(annuaire: Annuaire) -> None:
    for search in ("HealthcareService?organization=Organization/001-1-000000001", "Device?type=ABC", "Practitioner?number-smartcard=1"):
        assert (await annuaire.page(search)).get("entry") is None
    assert await annuaire.found("Organization?name=hopital&_revinclude=Device:organization&_include=Organization:partof") != []


async def test_what_it_can_do_is_told(annuaire: Annuaire) -> None:
    told = (await annuaire.ask("metadata")).json()
    assert (told["resourceType"], told["fhirVersion"]) == ("CapabilityStatement", "4.0.1")
    found = {one["type"]: one for one in told["rest"][0]["resource"]}
    assert set(found) == {"Practitioner", "PractitionerRole", "Organization", "HealthcareService", "Device"}
    for type_, one in found.items():
        assert [way["code"] for way in one["interaction"]] == ["search-type", "read"]
        for parameter in one["searchParam"]:
            assert (await annuaire.ask(f"{type_}?{parameter['name']}=2026")).status_code == 200, parameter


async def test_the_file_of_the_day_is_fetched_without_a_key(simulator: Simulator, annuaire: Annuaire) -> None:
    url = annuaire.ready["extraction"]
    async with httpx.AsyncClient() as client:
        head, file = await client.head(url), await client.get(url)
        name = file.headers["content-disposition"].partition("filename=")[2]
        assert head.headers["content-disposition"] == file.headers["content-disposition"]
        assert re.fullmatch(r"Extraction_Correspondance_MSSante_[0-9]{12}\.zip", name)
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            lines = archive.read(name.replace(".zip", ".txt")).decode().splitlines()
        assert sorted(line.split("|")[0] for line in lines[1:]) == ["ORG", "PER", "PER", "PER"]
        for field, value in (("If-None-Match", file.headers["etag"]), ("If-Modified-Since", file.headers["last-modified"])):
            again = await client.get(url, headers={field: value})
            assert (again.status_code, again.content) == (304, b"")
        for field, value in (
            ("If-None-Match", '"other"'),
            ("If-Modified-Since", "yesterday"),
            ("If-Modified-Since", "Mon, 05 Jan 2015 08:00:00 GMT"),
        ):
            assert (await client.get(url, headers={field: value})).status_code == 200
        await control(simulator, "PATCH", f"/mailboxes/{DOCTOR}", {"red_listed": True})
        assert (await client.get(url, headers={"If-None-Match": file.headers["etag"]})).status_code == 200


async def test_who_has_the_file_of_the_day_already_says_so_in_one_of_many_ways(annuaire: Annuaire) -> None:
    url = annuaire.ready["extraction"]
    async with httpx.AsyncClient() as client:
        file = await client.get(url)
        etag, at = file.headers["etag"], parsedate_to_datetime(file.headers["last-modified"])
        second = timedelta(seconds=1)
        cases = [
            ({"If-None-Match": "*"}, 304),
            ({"If-None-Match": f'"a", W/{etag}'}, 304),
            ({"If-None-Match": etag.strip('"')}, 200),
            ({"If-None-Match": ""}, 200),
            ({"If-Modified-Since": format_datetime(at, usegmt=True)}, 304),
            ({"If-Modified-Since": format_datetime(at + second, usegmt=True)}, 304),
            ({"If-Modified-Since": format_datetime(at - second, usegmt=True)}, 200),
            ({"If-Modified-Since": format_datetime(at.replace(tzinfo=None))}, 304),
            ({"If-Modified-Since": format_datetime((at - second).replace(tzinfo=None))}, 200),
            ({"If-None-Match": '"a"', "If-Modified-Since": format_datetime(at, usegmt=True)}, 200),
            ({"If-None-Match": etag, "If-Modified-Since": format_datetime(at - second, usegmt=True)}, 304),
        ]
        for fields, status in cases:
            again = await client.get(url, headers=fields)
            assert (again.status_code, again.headers["etag"], bool(again.content)) == (status, etag, status == 200), fields


async def test_the_file_of_professionals_is_fetched_as_that_of_mailboxes(simulator: Simulator, annuaire: Annuaire) -> None:
    url = annuaire.ready["professionals"]
    async with httpx.AsyncClient() as client:
        head, file = await client.head(url), await client.get(url)
        name = file.headers["content-disposition"].partition("filename=")[2]
        assert head.headers["content-disposition"] == file.headers["content-disposition"]
        assert (head.content, head.headers["etag"]) == (b"", file.headers["etag"])
        assert re.fullmatch(r"PS_LibreAcces_[0-9]{12}\.zip", name)
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            assert [one[:22] for one in archive.namelist()] == [
                "PS_LibreAcces_Personne",
                "PS_LibreAcces_SavoirFa",
                "PS_LibreAcces_Dipl_Aut",
            ]
        for field, value in (("If-None-Match", file.headers["etag"]), ("If-Modified-Since", file.headers["last-modified"])):
            again = await client.get(url, headers={field: value})
            assert (again.status_code, again.content) == (304, b"")
        cards = await client.get(annuaire.ready["cards"])
        assert re.fullmatch(r"Porteurs_CPS_CPF_[0-9]{12}\.zip", cards.headers["content-disposition"].partition("filename=")[2])
        assert (await client.get(url.replace("PS_LibreAcces", "Porteurs"))).status_code == 404
        await control(simulator, "PATCH", "/identities/899700420013", {"title": "Pr"})
        assert (await client.get(url, headers={"If-None-Match": file.headers["etag"]})).status_code == 200
