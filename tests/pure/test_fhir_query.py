"""Searches of the directory as they are read: what cannot be read first, then each kind of a value."""

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.query import Condition, Habits, Reference, Token, read_query
from mss_sim.vocabulary.directory import ResourceType

_PERSON, _ROLE = ResourceType.PRACTITIONER, ResourceType.PRACTITIONER_ROLE


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
