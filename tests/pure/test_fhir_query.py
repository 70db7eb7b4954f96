"""Searches of the directory as they are read: what cannot be read first, then each kind of a value."""

from typing import Any

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.bundles import capability_statement, write_statement
from mss_sim.fhir.dates import Stretch
from mss_sim.fhir.query import Condition, Habits, Reference, Token, read_query
from mss_sim.vocabulary.directory import ResourceType

_PERSON, _ROLE = ResourceType.PRACTITIONER, ResourceType.PRACTITIONER_ROLE
_LOCATION = (
    "Parameter PractitionerRole:location not found for resource PractitionerRole: _include cannot follow it; "
    "known here: PractitionerRole:organization, PractitionerRole:practitioner."
)


def refused(type_: ResourceType, *pairs: tuple[str, str]) -> str:
    """What is said of a search that is refused."""
    with pytest.raises(Refusal) as caught:
        read_query(type_, pairs)
    assert (caught.value.rule, caught.value.reference) == (Rule.INVALID, "quirks#directory-errors")
    return str(caught.value.detail)


@pytest.mark.parametrize(
    ("type_", "pair", "said"),
    [
        (_PERSON, ("colour", "red"), "Parameter colour not found for resource Practitioner; known are _id,"),
        (_PERSON, ("x" * 1_000, "red"), f"Parameter {'x' * 100} not found"),
        (_PERSON, ("_include", "*"), ""),
        (_PERSON, ("_include", "Practitioner:organization"), "none is known here"),
        (_ROLE, ("_include", "PractitionerRole:location"), "PractitionerRole:organization, PractitionerRole:practitioner"),
        (_ROLE, ("_revinclude", "*:organization"), "Parameter *:organization not found for resource PractitionerRole"),
        (_PERSON, ("_count", "١٢"), "Parameter _count cannot be '١٢'"),
        (_PERSON, ("_count", "9999999999"), "Parameter _count cannot be"),
        (_PERSON, ("_pretty", "yes"), "Parameter _pretty cannot be 'yes': true or false is expected."),
        (_PERSON, ("_lastUpdated", "ge2026-02-30"), "a date such as ge2026-01-05 is expected"),
        (_PERSON, ("active:contains", "true"), "Parameter active has no modifier contains; known here: not."),
        (_ROLE, ("organization:identifier", "1"), "Parameter organization has no modifier identifier; none is known here."),
        (_ROLE, ("organization.", "1"), "Parameter  not found for resource Organization"),
        (_ROLE, (".name", "1"), "Parameter .name not found for resource PractitionerRole"),
    ],
)
def test_what_cannot_be_read(type_: ResourceType, pair: tuple[str, str], said: str) -> None:
    if said:
        assert said in refused(type_, pair)
    else:
        assert read_query(type_, [pair]).includes == frozenset()


def test_limits_are_of_parameters_characters_and_values() -> None:
    pairs = [("family", "a")] * 100
    assert len(read_query(_PERSON, pairs).conditions) == 100
    assert "at most 100 parameters" in refused(_PERSON, *pairs, ("family", "a"))
    assert "of 8000 characters together" in refused(_PERSON, ("family", "a" * 8_000))
    assert len(read_query(_PERSON, [("family", "a" * 7_994)]).conditions) == 1
    assert len(read_query(_PERSON, [("family", ",".join("a" * 200))]).conditions[0].values) == 200
    assert "over 200 values" in refused(_PERSON, ("family", ",".join("a" * 201)))


@pytest.mark.parametrize(
    ("type_", "pair", "condition"),
    [
        (_PERSON, ("family", "mar"), Condition(_PERSON, "family", "", ("mar",))),
        (_PERSON, ("family:contains", "a,b"), Condition(_PERSON, "family", "contains", ("a", "b"))),
        (_PERSON, ("family:text", "a"), Condition(_PERSON, "family", "", ("a",))),  # a string forgets a modifier that it does not know
        (_PERSON, ("family", "a\\,b"), Condition(_PERSON, "family", "", ("a\\", "b"))),  # no comma is escaped
        (_PERSON, ("identifier", "s|1"), Condition(_PERSON, "identifier", "", (Token("s", "1"),))),
        (_PERSON, ("identifier", "s|"), Condition(_PERSON, "identifier", "", (Token("s", None),))),
        (_PERSON, ("identifier", "|1"), Condition(_PERSON, "identifier", "", (Token(None, "1"),))),
        (_PERSON, ("identifier:not", "1"), Condition(_PERSON, "identifier", "not", (Token(None, "1"),))),
        (_ROLE, ("organization", "Organization/1"), Condition(_ROLE, "organization", "", (Reference("Organization", "1"),))),
        (_ROLE, ("organization", "http://x/Organization/1"), Condition(_ROLE, "organization", "", (Reference("Organization", "1"),))),
        (_ROLE, ("organization", "1"), Condition(_ROLE, "organization", "", (Reference(None, "1"),))),
        (
            _ROLE,
            ("organization.name:exact", "A"),
            Condition(ResourceType.ORGANIZATION, "name", "exact", ("A",), "organization"),
        ),
    ],
)
def test_a_condition_is_read(type_: ResourceType, pair: tuple[str, str], condition: Condition) -> None:
    assert read_query(type_, [pair]).conditions == (condition,)


def test_an_empty_value_asks_for_nothing() -> None:
    assert read_query(_PERSON, [("family", ""), ("given", ",,")]).conditions == ()


def test_controls_are_no_conditions() -> None:
    query = read_query(
        _ROLE, [("_count", "7"), ("_total", "accurate"), ("_elements", "name, telecom"), ("_pretty", "true"), ("_include", "*")]
    )
    assert (query.conditions, query.count, query.total, query.elements, query.pretty) == ((), 7, "accurate", ("name", "telecom"), True)
    assert query.includes == {"organization", "practitioner"}


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("mailbox-mss:contains", "medecin.mssante.fr", ()),
        ("mailbox-mss:contains", "MEDECIN.MSSANTE.FR,martin", ("martin",)),
        ("mailbox-mss:contains", "mssante.fr", ("mssante.fr",)),
        ("mailbox-mss:contains", "@medecin.mssante.fr", ("@medecin.mssante.fr",)),
        ("mailbox-mss", "medecin.mssante.fr", ("medecin.mssante.fr",)),
        ("family:contains", "medecin.mssante.fr", ("medecin.mssante.fr",)),
    ],
)
def test_a_domain_may_be_missed_where_an_address_has_to_hold_it(name: str, text: str, left: tuple[str, ...]) -> None:
    (condition,) = read_query(_PERSON, [(name, text)], Habits(misses_domains=True)).conditions
    assert condition.values == left
    (condition,) = read_query(_PERSON, [(name, text)]).conditions
    assert condition.values == tuple(text.split(","))


def test_a_chain_may_forget_all_the_others() -> None:
    pairs = [("organization.name", "ormes"), ("_count", "1"), ("active", "true")]
    assert len(read_query(_ROLE, pairs).conditions) == 2
    alone = read_query(_ROLE, pairs, Habits(chained_alone=True))
    assert (len(alone.conditions), alone.count, alone.is_chained) == (1, None, True)
    assert read_query(_ROLE, pairs[1:], Habits(chained_alone=True)).count == 1


_EVERYWHERE = {"token": "_id data-information-system data-registration-authority identifier", "date": "_lastUpdated"}
_SEARCHED: dict[str, dict[str, str]] = {
    "Practitioner": {
        "token": "active identifier-type qualification-code type-smartcard",
        "string": "family given mailbox-mss name number-smartcard",
    },
    "PractitionerRole": {"token": "active role", "string": "mailbox-mss", "reference": "organization practitioner"},
    "Organization": {
        "token": "active identifier-type type",
        "string": "address address-city address-line address-postalcode mailbox-mss name pharmacy-licence",
        "reference": "partof",
    },
    "HealthcareService": {"token": "active characteristic service-category service-type", "reference": "organization"},
    "Device": {"token": "status type", "string": "manufacturer model", "reference": "organization"},
}
_READ = {"token": Token, "date": Stretch, "string": str, "reference": Reference}
_INCLUDED = {
    "PractitionerRole": ["organization", "practitioner"],
    "Organization": ["partof"],
    "HealthcareService": ["organization"],
    "Device": ["organization"],
}
_INCLUDED_BACK = {
    "Practitioner": ["PractitionerRole:practitioner"],
    "Organization": ["Device:organization", "HealthcareService:organization", "Organization:partof", "PractitionerRole:organization"],
}


@pytest.mark.parametrize("type_", list(ResourceType))
def test_what_each_type_is_searched_by_is_read_and_stated_and_nothing_else_is(type_: ResourceType) -> None:
    kinds = {name: kind for table in (_EVERYWHERE, _SEARCHED[type_]) for kind, names in table.items() for name in names.split()}
    for name, kind in kinds.items():
        [condition] = read_query(type_, [(name, "2026")]).conditions
        assert isinstance(condition.values[0], _READ[kind]), name
    [stated] = [one for one in capability_statement("b", "1", "d")["rest"][0]["resource"] if one["type"] == type_]
    assert [(one["name"], one["type"]) for one in stated["searchParam"]] == sorted(kinds.items())
    assert "known are " + ", ".join(sorted(kinds)) + "." in refused(type_, ("colour", "red"))


@pytest.mark.parametrize("type_", list(ResourceType))
def test_what_is_brought_along_with_each_type_is_read_and_stated(type_: ResourceType) -> None:
    names, back = _INCLUDED.get(type_, []), _INCLUDED_BACK.get(type_, [])
    for text, found in [("*", names), (f"{type_}:*", names), *((f"{type_}:{name}", [name]) for name in names)]:
        assert read_query(type_, [("_include", text)]).includes == set(found), text
    for text, found in [("*", back), *((one, [one]) for one in back)]:
        assert read_query(type_, [("_revinclude", text)]).revincludes == set(found), text
    refused(type_, ("_include", f"{type_}:colour"))
    refused(type_, ("_include", "Colour:*"))
    refused(type_, ("_revinclude", f"{type_}:*"))
    [stated] = [one for one in capability_statement("b", "1", "d")["rest"][0]["resource"] if one["type"] == type_]
    assert stated.get("searchInclude") == (["*", *(f"{type_}:{name}" for name in names)] if names else None)
    assert stated.get("searchRevInclude") == (back or None)


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ([], {"count": None, "total": "", "elements": (), "pretty": False}),
        ([("_count", "0")], {"count": 0}),
        ([("_count", "999999999")], {"count": 999_999_999}),
        ([("_total", "none")], {"total": "none"}),
        ([("_total", "estimate")], {"total": "estimate"}),
        ([("_total", "accurate")], {"total": "accurate"}),
        ([("_pretty", "true")], {"pretty": True}),
        ([("_pretty", "false")], {"pretty": False}),
        ([("_elements", "name, ,family"), ("_elements", "active")], {"elements": ("name", "family", "active")}),
        *(([("_format", name)], {}) for name in ("json", "application/json", "application/fhir+json", "application/json+fhir")),
    ],
)
def test_controls_are_read(pairs: list[tuple[str, str]], told: dict[str, Any]) -> None:
    found = read_query(_PERSON, [*pairs, ("family", "a")])
    assert {name: getattr(found, name) for name in told} == told
    assert [one.name for one in found.conditions] == ["family"]


@pytest.mark.parametrize(
    ("pair", "said", "subject"),
    [
        (("_format", "xml"), "Parameter _format cannot be 'xml': json is expected.", "_format"),
        (
            ("_include", "PractitionerRole:location"),
            _LOCATION,
            "PractitionerRole:location",
        ),
        (("active:contains", "true"), "Parameter active has no modifier contains; known here: not.", "contains"),
        (("x" * 200, "1"), "", "x" * 100),
    ],
    ids=lambda one: one[:1] if isinstance(one, tuple) else "",
)
def test_a_refusal_names_what_it_is_about(pair: tuple[str, str], said: str, subject: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_query(_ROLE, [pair])
    assert caught.value.subject == subject
    assert said in ("", str(caught.value.detail))


def test_a_token_is_cut_at_its_first_bar() -> None:
    (one,) = read_query(_PERSON, [("identifier", "urn:a|b|c")]).conditions
    assert one.values == (Token("urn:a", "b|c"),)


@pytest.mark.parametrize(
    "pair", [("_total", "all"), ("_format", "xml"), ("_pretty", "1"), ("_count", ""), ("_count", "-1"), ("_count", "1000000000")]
)
def test_a_control_is_one_of_its_words(pair: tuple[str, str]) -> None:
    assert f"Parameter {pair[0]} cannot be {pair[1]!r}" in refused(_PERSON, pair)


def test_a_value_holds_no_nul_and_a_chain_has_one_level_along_a_reference() -> None:
    assert "a text without control characters is expected" in refused(_PERSON, ("family", "a\0"))
    for type_, name in ((_ROLE, "organization.partof.name"), (_PERSON, "organization.name"), (ResourceType.ORGANIZATION, "partof.name")):
        assert f"Parameter {name} not found for resource {type_}" in refused(type_, (name, "a"))
    assert read_query(_ROLE, [("practitioner.family", "a")]).is_chained
    assert not read_query(_ROLE, [("organization", "a")]).is_chained


def test_operators_are_told_that_they_may_patch_what_bears_mailboxes() -> None:
    told = write_statement("b", "1", "d")
    assert "id" not in told
    assert "url" not in told
    resources = told["rest"][0]["resource"]
    assert [one["type"] for one in resources] == ["Practitioner", "PractitionerRole", "Organization"]
    for one in resources:
        assert (one["interaction"], one["searchParam"]) == ([{"code": "patch"}], [{"name": "identifier", "type": "token"}])
        assert one["extension"][0]["valueBoolean"] is True


def test_a_statement_says_what_it_is_of_whom_and_since_when() -> None:
    read = capability_statement("http://x/fhir", "1.2", "2026-01-05")
    assert {name: value for name, value in read.items() if name != "rest"} == {
        "resourceType": "CapabilityStatement",
        "id": "AsServerDPCapabilityStatement",
        "url": read["url"],
        "status": "active",
        "date": "2026-01-05",
        "kind": "instance",
        "software": {"name": "mss-sim", "version": "1.2"},
        "implementation": {"description": "mss-sim, fictional people only", "url": "http://x/fhir"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
    }
    (rest,) = read["rest"]
    assert rest["mode"] == "server"
    assert all(one["interaction"] == [{"code": "search-type"}, {"code": "read"}] for one in rest["resource"])
    written = write_statement("http://x/fhir", "1.2", "2026-01-05")
    assert {"id", "url"}.isdisjoint(written)
    assert [one["mode"] for one in written["rest"]] == ["server"]
