"""What a world keeps, in words that a seed has."""

from datetime import UTC, date, datetime

import pytest

from mss_sim.core.control.values_as_seed import behaviour, moment, number, plain, slug, without_none
from mss_sim.store.patients import PatientIdentity, Representative
from mss_sim.vocabulary.patients import InsOid, PatientState, RepresentativeKind, Sex


def test_there_is_nothing_to_say_of_nothing() -> None:
    assert without_none({"a": None, "b": False, "c": "", "d": []}) == {"b": False, "c": "", "d": []}
    assert (moment(None), moment(1)) == (None, datetime(1970, 1, 1, 0, 0, 0, 1, UTC))


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("Échographie « cœur »", "-echographie-cur"),
        ("../../etc/passwd", "-etc-passwd"),
        ("", ""),
        ("診断", ""),
        ("a" * 100, "-" + "a" * 40),
        ("a" * 39 + " b", "-" + "a" * 39),
        ("CON. ", "-con"),
    ],
)
def test_a_subject_names_a_file_and_leads_nowhere(subject: str, name: str) -> None:
    assert slug(subject) == name


def test_a_behaviour_is_its_name_or_its_reactions() -> None:
    assert (behaviour(None), behaviour("answers")) == (None, "answers")
    assert behaviour('[{"subject": null, "steps": [{"act": "open", "text": null}]}]') == [{"steps": [{"act": "open"}]}]


def test_a_profile_with_a_null_is_told_as_the_json_that_it_is() -> None:
    assert plain('{"a": ["b"]}') == {"a": ["b"]}
    assert plain('{"a": null}') == '{"a": null}'


def test_an_identity_of_a_patient() -> None:
    root, kind = next(iter(InsOid)), next(iter(RepresentativeKind))
    traits = "FONTAINE", "", date(1985, 3, 12), next(iter(Sex)), "75113"
    one = PatientIdentity(1, 2, "285037511300167", root, PatientState.QUALIFIED, *traits, (Representative("x", kind),))
    told = number(one)
    assert told == {
        "oid": root.value,
        "state": "qualified",
        "birth_name": "FONTAINE",
        "birth_date": date(1985, 3, 12),
        "sex": traits[3].value,
        "birth_place": "75113",
        "representatives": [{"idnat": "x", "kind": kind.value}],
    }
