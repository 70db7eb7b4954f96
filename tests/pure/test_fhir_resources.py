"""What is written of an entry: ids both ways, numbers, titles, codes, skeletons, the two profiles."""

from dataclasses import replace

import pytest

from mss_sim.fhir.entries import Entry, PublishedMailbox, activity_of, codes_of, identity_id_of, resource_id, rpps_of, structure_identifiers
from mss_sim.fhir.resources import instant, only, resource
from mss_sim.vocabulary.directory import DirectoryProfile, ResourceType, System

_LIVE = DirectoryProfile.LIVE_V2
_PER = PublishedMailbox("a@b.mssante.fr", "PER", "Dr_A", "Le matin", 1, with_structure=False)
_CAB = PublishedMailbox("c@b.mssante.fr", "CAB", "Cabinet", "", None, with_structure=True)
PERSON = Entry(
    *(
        7,
        1_767_600_000_123_456,
        True,
        "899700420013",
        "professional",
        "MARTIN",
        "Camille",
        "Dr",
        "Médecin généraliste",
        "4997",
        "",
        "",
        "",
        "",
    ),
    (_PER, _CAB),
)
PLACE = Entry(8, 0, True, "1750990012", "organisation", "Ormes", "", "", "", "", "SA01", "1 rue", "75012", "Paris", ())


@pytest.mark.parametrize(
    "text", ["", "003", "003-1-1", "001-1-000000001", "003-01-000000001", "003-99999999999-000000001", "003-1-00000000١"]
)
def test_what_is_no_id_of_a_person(text: str) -> None:
    assert identity_id_of(ResourceType.PRACTITIONER, text) is None


@pytest.mark.parametrize("number", [0, 1, 10**9 - 1, 10**9, (1 << 63) - 1])
def test_an_id_leads_back(number: int) -> None:
    for type_ in (ResourceType.PRACTITIONER, ResourceType.PRACTITIONER_ROLE, ResourceType.ORGANIZATION):
        assert identity_id_of(type_, resource_id(type_, number)) == number
    assert identity_id_of(ResourceType.DEVICE, resource_id(ResourceType.PRACTITIONER, number)) is None


@pytest.mark.parametrize(
    ("idnat", "rpps"), [("899700420013", "99700420013"), ("8997004200", None), ("590000010000017/SEC1", None), ("8ABC00420013", None)]
)
def test_the_rpps_of_a_person(idnat: str, rpps: str | None) -> None:
    assert (rpps_of(idnat), activity_of(idnat)) == (rpps, rpps[:-1] if rpps else None)


@pytest.mark.parametrize(
    ("idnat", "kinds"),
    [
        ("1750990012", ["IDNST", "FINEG"]),
        ("318310021300028", ["IDNST", "SIRET"]),
        ("4997", ["IDNST", "RPPSRG"]),
        ("9", ["IDNST"]),
        ("1", ["IDNST"]),
    ],
)
def test_the_numbers_of_an_organisation(idnat: str, kinds: list[str]) -> None:
    assert [kind for kind, _, _ in structure_identifiers(idnat)] == kinds


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Dr", ("suffix", "DR")),
        ("Pr.", ("suffix", "PR")),
        ("M.", ("prefix", "M")),
        ("Mme", ("prefix", "MME")),
        ("Maître", None),
        ("", None),
    ],
)
def test_a_title_is_a_prefix_or_a_suffix(title: str, shown: tuple[str, str] | None) -> None:
    (name,) = resource(ResourceType.PRACTITIONER, replace(PERSON, title=title), None, _LIVE)["name"]
    assert {key: value for key, value in name.items() if key in ("prefix", "suffix")} == ({shown[0]: [shown[1]]} if shown else {})


def _codes(profession: str, kind: str = "professional") -> list[str]:
    found = resource(ResourceType.PRACTITIONER, replace(PERSON, profession=profession, kind=kind), None, _LIVE)
    return [coding["code"] for one in found.get("qualification", ()) for coding in one["code"]["coding"]]


@pytest.mark.parametrize(
    ("profession", "codes"),
    [
        ("Médecin généraliste", ["10", "C", "SM54"]),
        ("Médecin spécialiste en cardiologie", ["10", "C", "SM04"]),
        ("Infirmière", ["60", "C"]),
        ("Chirurgien-dentiste", ["40", "C"]),
        ("Chirurgienne", ["10", "C", "SM05"]),
        ("Pharmacien titulaire d'officine", ["21", "C"]),
        ("Astrologue", []),
        ("", []),
    ],
)
def test_a_profession_in_words_is_codes(profession: str, codes: list[str]) -> None:
    assert _codes(profession) == codes
    assert _codes(profession, "employee") == []


def test_a_mailbox_stands_on_the_person_or_on_the_role() -> None:
    person, role = (resource(type_, PERSON, 8, _LIVE) for type_ in (ResourceType.PRACTITIONER, ResourceType.PRACTITIONER_ROLE))
    assert [box["value"] for box in person["telecom"]] == ["a@b.mssante.fr"]
    assert [box["value"] for box in role["telecom"]] == ["c@b.mssante.fr"]
    alone = resource(ResourceType.PRACTITIONER, replace(PERSON, structure=""), None, _LIVE)
    assert [box["value"] for box in alone["telecom"]] == [
        "a@b.mssante.fr",
        "c@b.mssante.fr",
    ]  # where nobody works, nothing is published there


def test_a_mailbox_as_it_is_shown() -> None:
    (box,) = resource(ResourceType.PRACTITIONER, PERSON, None, _LIVE)["telecom"]
    assert list(box) == ["extension", "system", "value", "rank"]
    assert [one["url"] for one in box["extension"][1]["extension"]] == ["type", "description", "digitization"]
    (bare,) = resource(ResourceType.PRACTITIONER_ROLE, PERSON, None, DirectoryProfile.IG_1_2)["telecom"]
    assert [one["url"] for one in bare["extension"][1]["extension"]] == ["type", "service"]
    assert "rank" not in bare


def test_a_structure_that_is_not_here_is_told_by_its_number() -> None:
    role = resource(ResourceType.PRACTITIONER_ROLE, PERSON, None, _LIVE)
    assert role["organization"] == {"identifier": {"system": "urn:oid:1.2.250.1.71.4.2.2", "value": "4997"}}
    assert resource(ResourceType.PRACTITIONER_ROLE, PERSON, 8, _LIVE)["organization"] == {"reference": "Organization/001-0-000000008"}


def test_a_skeleton_has_numbers_alone_and_an_organisation_its_name() -> None:
    assert list(resource(ResourceType.PRACTITIONER, replace(PERSON, active=False), None, _LIVE))[4:] == ["identifier", "active"]
    assert list(resource(ResourceType.PRACTITIONER_ROLE, replace(PERSON, active=False), 8, _LIVE))[4:] == [
        "identifier",
        "active",
        "practitioner",
    ]
    assert list(resource(ResourceType.ORGANIZATION, replace(PLACE, active=False), None, _LIVE))[4:] == ["identifier", "active", "name"]


def test_an_employee_without_an_rpps_has_a_role_without_a_number() -> None:
    role = resource(ResourceType.PRACTITIONER_ROLE, replace(PERSON, idnat="590000010000017/SEC0001", kind="employee"), None, _LIVE)
    assert "identifier" not in role
    assert [one["coding"][0]["code"] for one in role["code"]] == ["S"]


def test_an_instant_has_milliseconds() -> None:
    assert instant(1_767_600_000_123_456) == "2026-01-05T08:00:00.123+00:00"


def test_elements_that_were_not_asked_for_are_left_out_and_it_is_said() -> None:
    whole = resource(ResourceType.ORGANIZATION, PLACE, None, _LIVE)
    part = only(whole, ["name", "nothing"])
    assert list(part) == ["resourceType", "id", "meta", "language", "identifier", "active", "name"]
    assert ("tag" in part["meta"], "tag" in whole["meta"]) == (True, False)


def test_a_resource_says_when_it_was_changed_where_it_comes_from_and_of_what_profile_it_is() -> None:
    meta = resource(ResourceType.PRACTITIONER, PERSON, None, _LIVE)["meta"]
    assert list(meta) == ["lastUpdated", "source", "profile"]
    assert meta["lastUpdated"] == instant(PERSON.changed_at)
    place = resource(ResourceType.ORGANIZATION, PLACE, None, _LIVE)
    assert place["name"] == "Ormes"


def test_an_organisation_without_a_sector_has_no_code_of_one() -> None:
    assert [system for system, _ in codes_of(replace(PLACE, sector=""))] == [System.ORGANIZATION_TYPE]
    assert [system for system, _ in codes_of(PLACE)] == [System.ORGANIZATION_TYPE, System.SECTOR]


@pytest.mark.parametrize(("idnat", "value"), [("1", None), ("17", "7"), ("175", "75")])
def test_a_national_number_tells_the_register_that_it_is_of(idnat: str, value: str | None) -> None:
    assert [one for _, _, one in structure_identifiers(idnat)][1:] == ([] if value is None else [value])
