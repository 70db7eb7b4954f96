"""Whole resources of the directory as they go out, every address of a system and of an extension in its place."""

from dataclasses import replace
from typing import Any

import pytest

from mss_sim.fhir.bundles import bundle, capability_statement, entry, informed, outcome
from mss_sim.fhir.entries import PublishedMailbox
from mss_sim.fhir.resources import resource
from mss_sim.vocabulary.directory import DirectoryProfile, ResourceType
from tests.pure.test_fhir_resources import PERSON, PLACE

_CORE, _GUIDE = "https://hl7.fr/ig/fhir/core", "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition"
_NOS = "https://mos.esante.gouv.fr/NOS"
_PERSON_BOX, _ROLE_BOX = PERSON.mailboxes
_ORG_BOX = PublishedMailbox("o@b.mssante.fr", "ORG", "Accueil", "Secrétariat", None, with_structure=False)


def coded(system: str, code: str) -> dict[str, Any]:
    """A code of the national nomenclatures, by the name of its table."""
    return {"coding": [{"system": f"{_NOS}/{system}/FHIR/{system.replace('_', '-', 1)}", "code": code}]}


def numbered(kind: str, system: str, value: str) -> dict[str, Any]:
    """An official identifier."""
    type_ = {"coding": [{"system": f"{_CORE}/CodeSystem/fr-core-cs-v2-0203", "code": kind}]}
    return {"use": "official", "type": type_, "system": system, "value": value}


def box(address: str, kind: str, *more: dict[str, Any], **rank: int) -> dict[str, Any]:
    """A mailbox with what is told of it."""
    mssante = {"system": f"{_NOS}/TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie", "code": "MSSANTE"}
    told = [{"url": "type", "valueCodeableConcept": coded("TRE_R257-TypeBAL", kind)}, *more]
    extension = [
        {"url": f"{_CORE}/StructureDefinition/fr-core-contact-point-email-type", "valueCoding": mssante},
        {"extension": told, "url": f"{_GUIDE}/as-ext-mailbox-mss-metadata"},
    ]
    return {"extension": extension, "system": "email", "value": address, **rank}


def of_type(kind: str, coding: dict[str, Any]) -> dict[str, Any]:
    """A type of an organisation."""
    return {"extension": [{"url": f"{_GUIDE}/as-ext-organization-types", "valueCode": kind}], **coding}


def text(url: str, value: str) -> dict[str, Any]:
    return {"url": url, "valueString": value}


_DIGITIZED = {"url": "digitization", "valueBoolean": True}
_EXERCISE = {
    "coding": [
        *coded("TRE_G15-ProfessionSante", "10")["coding"],
        *coded("TRE_R09-CategorieProfessionnelle", "C")["coding"],
    ]
}
_KNOWN = {"coding": [{**coded("TRE_R38-SpecialiteOrdinale", "SM54")["coding"][0], "display": "Médecine générale (SM)"}]}
_PRACTITIONER = {
    "resourceType": "Practitioner",
    "id": "003-0-000000007",
    "language": "fr",
    "identifier": [
        numbered("IDNPS", "urn:oid:1.2.250.1.71.4.2.1", "899700420013"),
        numbered("RPPS", "https://rpps.esante.gouv.fr", "99700420013"),
    ],
    "active": True,
    "name": [{"family": "MARTIN", "given": ["Camille"], "suffix": ["DR"]}],
    "telecom": [
        box(
            *("a@b.mssante.fr", "PER", text("description", "Le matin"), _DIGITIZED, text("responsible", "Camille MARTIN")),
            {"url": "listeRouge", "valueBoolean": True},
            rank=1,
        )
    ],
    "qualification": [{"code": _EXERCISE}, {"code": _KNOWN}],
}
_ROLE = {
    "resourceType": "PractitionerRole",
    "id": "005-0-000000007",
    "language": "fr",
    "identifier": [{"system": "https://rpps.esante.gouv.fr", "value": "9970042001"}],
    "active": True,
    "practitioner": {"reference": "Practitioner/003-0-000000007"},
    "organization": {"reference": "Organization/001-0-000000008"},
    "code": [coded("TRE_R22-GenreActivite", "GENR01"), coded("TRE_R23-ModeExercice", "L")],
    "telecom": [box("c@b.mssante.fr", "CAB", text("service", "Cabinet"))],
}
_ORGANIZATION = {
    "resourceType": "Organization",
    "id": "001-0-000000008",
    "language": "fr",
    "identifier": [
        numbered("IDNST", "urn:oid:1.2.250.1.71.4.2.2", "1750990012"),
        numbered("FINEG", "https://finess.esante.gouv.fr", "750990012"),
    ],
    "active": True,
    "type": [
        of_type("organizationType", {"coding": [{"system": f"{_CORE}/CodeSystem/fr-core-cs-v2-3307", "code": "GEOGRAPHICAL-ENTITY"}]}),
        of_type("secteurActiviteRASS", coded("TRE_R02-SecteurActivite", "SA01")),
    ],
    "name": "Ormes",
    "telecom": [box("o@b.mssante.fr", "ORG", text("description", "Secrétariat"), text("service", "Accueil"), _DIGITIZED)],
    "address": [{"line": ["1 rue"], "city": "Paris", "postalCode": "75012"}],
}


def test_a_person_a_role_and_an_organisation_as_they_go_out() -> None:
    shown = replace(_PERSON_BOX, red_listed=True, responsible="Camille MARTIN")
    made = [
        resource(ResourceType.PRACTITIONER, replace(PERSON, mailboxes=(shown, _ROLE_BOX)), None, DirectoryProfile.LIVE_V2),
        resource(ResourceType.PRACTITIONER_ROLE, PERSON, 8, DirectoryProfile.IG_1_2),
        resource(ResourceType.ORGANIZATION, replace(PLACE, mailboxes=(_ORG_BOX,)), None, DirectoryProfile.LIVE_V2),
    ]
    for found, wanted in zip(made, (_PRACTITIONER, _ROLE, _ORGANIZATION), strict=True):
        assert found.pop("meta")["source"] == "https://annuaire.sante.fr"
        assert found == wanted


@pytest.mark.parametrize(
    ("type_", "core", "own"),
    [
        (ResourceType.PRACTITIONER, "practitioner", "practitioner"),
        (ResourceType.PRACTITIONER_ROLE, "practitioner-role", "practitionerrole"),
        (ResourceType.ORGANIZATION, "organization", "organization"),
    ],
)
def test_each_type_names_the_profile_of_what_is_public_or_of_what_is_not(type_: ResourceType, core: str, own: str) -> None:
    whose = PLACE if type_ is ResourceType.ORGANIZATION else PERSON
    for restricted, kind in ((False, "dp"), (True, "dr")):
        meta = resource(type_, whose, None, DirectoryProfile.LIVE_V2, restricted=restricted)["meta"]
        assert meta["profile"] == [f"{_CORE}/StructureDefinition/fr-core-{core}", f"{_GUIDE}/as-{kind}-{own}"]


def test_each_type_states_its_profile() -> None:
    stated = {one["type"]: one["profile"] for one in capability_statement("b", "1", "d")["rest"][0]["resource"]}
    names = {"HealthcareService": "healthcareservice-healthcare-activity", "Device": "device"}
    for type_ in ResourceType:
        assert stated[type_] == f"{_GUIDE}/as-dp-{names.get(type_, type_.lower())}"


def test_a_page_has_its_links_and_a_total_and_entries_where_there_are_any() -> None:
    one = entry("https://x/fhir/v2", {"resourceType": "Device", "id": "1"})
    assert one == {"fullUrl": "https://x/fhir/v2/Device/1", "resource": {"resourceType": "Device", "id": "1"}}
    head, self_ = {"resourceType": "Bundle", "type": "searchset", "id": "i"}, {"relation": "self", "url": "s"}
    assert bundle("i", None, [], "s", None) == {**head, "link": [self_]}
    assert bundle("i", 0, [], "s", None) == {**head, "total": 0, "link": [self_]}
    assert bundle("i", 3, [one], "s", "n") == {**head, "total": 3, "entry": [one], "link": [{"relation": "next", "url": "n"}, self_]}


def test_outcomes_of_an_error_and_of_what_was_done() -> None:
    assert outcome("not-found", "Why.")["issue"] == [{"severity": "error", "code": "not-found", "diagnostics": "Why."}]
    told = {"severity": "information", "code": "informational"}
    assert informed([])["issue"] == [{**told, "diagnostics": "OK"}]
    assert informed(["a", "b"])["issue"] == [{**told, "diagnostics": "a"}, {**told, "diagnostics": "b"}]
