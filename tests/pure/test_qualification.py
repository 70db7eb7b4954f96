"""Qualified identities: what may be recorded, what number and record say differently, and who is written to; every number is fictional."""

from datetime import date
from itertools import product
from typing import Any

import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.ins import parse_ins
from mss_sim.policy.qualification import Traits, decide_addressee, decide_identity, disagreements
from mss_sim.vocabulary.patients import KeyCheck, PatientState, Sex, Unqualified

CLAIRE = "285037511300167"
TRAITS = Traits("FONTAINE", "Claire", date(1985, 3, 12), Sex.FEMALE, "75113")
ACCEPTED, WARNED, REFUSED = Unqualified
STRICT, WARNING = KeyCheck
QUALIFIED, PROVISIONAL, WITHOUT_MES, MES_CLOSED, OPPOSED = PatientState


@pytest.mark.parametrize(
    ("text", "state", "traits", "key_check", "said"),
    [
        pytest.param("28503751130016", QUALIFIED, TRAITS, WARNING, "this one has 14", id="wrong length"),
        pytest.param("1" * 101, QUALIFIED, TRAITS, WARNING, "this one has 101", id="far too long"),
        pytest.param("28503751130016X", QUALIFIED, TRAITS, WARNING, "Character 15", id="a letter"),
        pytest.param("28503751130016X", PROVISIONAL, Traits(), WARNING, "Character 15", id="a letter, provisional"),
        pytest.param("285037511300168", QUALIFIED, TRAITS, STRICT, "should be 67", id="wrong key"),
        pytest.param("285037511300168", PROVISIONAL, Traits(), STRICT, "should be 67", id="wrong key, provisional"),
        pytest.param(
            CLAIRE, QUALIFIED, Traits(), WARNING, "birth_name, given_names, birth_date, sex, birth_place is missing", id="no traits"
        ),
        pytest.param(CLAIRE, QUALIFIED, TRAITS._replace(sex=None), WARNING, "; sex is missing", id="no sex"),
        pytest.param(
            CLAIRE, MES_CLOSED, TRAITS._replace(birth_place=""), WARNING, "mes-closed with all its traits; birth_place", id="no place"
        ),
        pytest.param(CLAIRE, OPPOSED, TRAITS._replace(birth_date=None), WARNING, "; birth_date is missing", id="no date"),
        pytest.param(CLAIRE, WITHOUT_MES, TRAITS._replace(given_names=""), WARNING, "; given_names is missing", id="no given name"),
    ],
)
def test_what_no_identity_may_be_is_refused(text: str, state: PatientState, traits: Traits, key_check: KeyCheck, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        decide_identity(text, state, traits, key_check)
    reference = "quirks#ins-key" if said.startswith("should be") else "ans-ins"
    assert (caught.value.rule, caught.value.subject, caught.value.reference) == (Rule.INVALID, text[:100], reference)
    assert said in caught.value.detail


@pytest.mark.parametrize(
    ("text", "state", "traits", "key_check"),
    [
        *((CLAIRE, state, TRAITS, STRICT) for state in PatientState),
        (CLAIRE, PROVISIONAL, Traits(), STRICT),
        ("285037511300168", QUALIFIED, TRAITS, WARNING),
        (CLAIRE, QUALIFIED, TRAITS._replace(sex=Sex.MALE), STRICT),
    ],
)
def test_an_identity_that_may_be_recorded(text: str, state: PatientState, traits: Traits, key_check: KeyCheck) -> None:
    assert decide_identity(text, state, traits, key_check) == parse_ins(text)


@pytest.mark.parametrize(
    ("number", "state", "changed", "said"),
    [
        pytest.param(CLAIRE, QUALIFIED, {"sex": Sex.MALE}, "The number tells the sex F, the record M.", id="sex corrected later"),
        pytest.param(CLAIRE, QUALIFIED, {"sex": Sex.UNKNOWN}, "The number tells the sex F, the record I.", id="sex not known"),
        pytest.param(CLAIRE, QUALIFIED, {"birth_date": date(1986, 3, 1)}, "a year of birth in 85, the record 1986", id="year"),
        pytest.param(CLAIRE, QUALIFIED, {"birth_date": date(1985, 4, 1)}, "the month of birth 3, the record 4", id="month"),
        pytest.param(CLAIRE, QUALIFIED, {"birth_place": "75114"}, "the place of birth 75113, the record 75114", id="place"),
        pytest.param("7" + CLAIRE[1:], QUALIFIED, {"sex": None}, "begins with 7: it is provisional", id="a provisional number"),
    ],
)
def test_what_number_and_record_say_differently(number: str, state: PatientState, changed: dict[str, Any], said: str) -> None:
    found = disagreements(parse_ins(number), state, TRAITS._replace(**changed))
    assert [said in one for one in found] == [True]


@pytest.mark.parametrize(
    ("number", "state", "traits"),
    [
        pytest.param(CLAIRE, QUALIFIED, TRAITS, id="all the same"),
        pytest.param(CLAIRE, PROVISIONAL, Traits(), id="nothing is known"),
        pytest.param("4" + CLAIRE[1:], PROVISIONAL, TRAITS, id="a provisional number of a provisional identity"),
        pytest.param("9" + CLAIRE[1:], QUALIFIED, TRAITS, id="a number that tells no sex"),
        pytest.param("285207511300167", QUALIFIED, TRAITS, id="a number that tells no month"),
        pytest.param("225037511300167", QUALIFIED, TRAITS._replace(birth_date=date(1925, 3, 1)), id="1925"),
        pytest.param("225037511300167", QUALIFIED, TRAITS._replace(birth_date=date(2025, 3, 1)), id="2025"),
    ],
)
def test_nothing_is_said_where_number_and_record_agree(number: str, state: PatientState, traits: Traits) -> None:
    assert disagreements(parse_ins(number), state, traits) == []


_HERE = "@patient.mssante.fr"
_WRONG = "285037511300168"


@pytest.mark.parametrize(
    ("number", "states", "unqualified", "key_check", "rule", "said"),
    [
        *(
            pytest.param(
                _WRONG, states, unqualified, STRICT, Rule.BAD_ADDRESS, "The key of this INS should be 67.", id=f"key {unqualified} {states}"
            )
            for unqualified, states in product(Unqualified, ([], [QUALIFIED]))
        ),
        pytest.param("claire", [], REFUSED, WARNING, Rule.PATIENT_NOT_QUALIFIED, "this one has 6", id="a name"),
        pytest.param('"28503751130016@x"', [], REFUSED, WARNING, Rule.PATIENT_NOT_QUALIFIED, "this one has 18", id="quoted, with an @"),
        pytest.param("28503751130016x", [], REFUSED, STRICT, Rule.PATIENT_NOT_QUALIFIED, "Character 15", id="letters"),
        pytest.param(_WRONG, [], REFUSED, WARNING, Rule.PATIENT_NOT_QUALIFIED, "should be 67", id="wrong key of nobody"),
        pytest.param(_WRONG, [PROVISIONAL], REFUSED, WARNING, Rule.PATIENT_NOT_QUALIFIED, "should be 67", id="wrong key, provisional"),
        pytest.param(CLAIRE, [], REFUSED, STRICT, Rule.PATIENT_NOT_QUALIFIED, "No identity with this number is known here.", id="nobody"),
        pytest.param(CLAIRE, [PROVISIONAL], REFUSED, STRICT, Rule.PATIENT_NOT_QUALIFIED, "The identity is provisional.", id="provisional"),
        pytest.param(CLAIRE, [PROVISIONAL] * 2, REFUSED, STRICT, Rule.PATIENT_NOT_QUALIFIED, "provisional.", id="provisional in two roots"),
    ],
)
def test_who_is_not_written_to(
    number: str, states: list[PatientState], unqualified: Unqualified, key_check: KeyCheck, rule: Rule, said: str
) -> None:
    with pytest.raises(Refusal) as caught:
        decide_addressee(number + _HERE, states, unqualified, key_check)
    reference = "quirks#ins-key" if rule is Rule.BAD_ADDRESS else "quirks#qualified-identity"
    assert (caught.value.rule, caught.value.subject, caught.value.reference) == (rule, number + _HERE, reference)
    assert said in caught.value.detail


@pytest.mark.parametrize(
    ("number", "states", "unqualified", "key_check", "said"),
    [
        pytest.param(
            "claire", [], WARNED, WARNING, "No qualified identity backs the address claire@patient.mssante.fr. An INS has 15", id="a name"
        ),
        pytest.param(_WRONG, [], WARNED, WARNING, "should be 67", id="wrong key of nobody"),
        pytest.param(CLAIRE, [], WARNED, STRICT, "No identity with this number", id="nobody"),
        pytest.param(CLAIRE, [PROVISIONAL], WARNED, STRICT, "The identity is provisional.", id="provisional"),
        pytest.param(_WRONG, [QUALIFIED], WARNED, WARNING, "The key of this INS should be 67.", id="wrong key of somebody, warned"),
        pytest.param(_WRONG, [QUALIFIED], REFUSED, WARNING, "The key of this INS should be 67.", id="wrong key of somebody, refused"),
        pytest.param(
            CLAIRE, [OPPOSED], WARNED, STRICT, f"The patient {CLAIRE}{_HERE} objects to letters by MSSanté.", id="opposed, warned"
        ),
        pytest.param(CLAIRE, [OPPOSED, QUALIFIED], REFUSED, STRICT, "objects to letters by MSSanté", id="opposed in one root, refused"),
    ],
)
def test_who_is_written_to_with_a_warning(
    number: str, states: list[PatientState], unqualified: Unqualified, key_check: KeyCheck, said: str
) -> None:
    warning = decide_addressee(number + _HERE, states, unqualified, key_check)
    assert warning is not None
    assert said in warning


@pytest.mark.parametrize(
    ("number", "states", "unqualified", "key_check"),
    [
        *((CLAIRE, [state], unqualified, STRICT) for state, unqualified in product((QUALIFIED, WITHOUT_MES, MES_CLOSED), Unqualified)),
        (CLAIRE, [PROVISIONAL, QUALIFIED], REFUSED, STRICT),
        ("255062a00401251", [QUALIFIED], REFUSED, STRICT),
        *((number, states, ACCEPTED, WARNING) for number in ("claire", _WRONG, CLAIRE) for states in ([], [PROVISIONAL], [OPPOSED])),
    ],
)
def test_who_is_written_to_without_a_word(number: str, states: list[PatientState], unqualified: Unqualified, key_check: KeyCheck) -> None:
    assert decide_addressee(number + _HERE, states, unqualified, key_check) is None
