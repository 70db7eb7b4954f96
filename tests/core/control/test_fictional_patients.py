"""Fictional patients: the same for the same number, right in their numbers, and odd where they are meant to be."""

from collections import Counter
from hashlib import sha256

import orjson
import pytest

from mss_sim.core.access.patient_identities import NewPatientIdentity
from mss_sim.core.control.fictional_patients import CASES, FictionalPatient, ordinary, patients
from mss_sim.policy.ins import parse_ins
from mss_sim.policy.qualification import decide_identity, disagreements
from mss_sim.vocabulary.patients import InsOid, KeyCheck, PatientState, RepresentativeKind

_SEVEN = patients(40, 7)


def _of(case: str, people: list[FictionalPatient] = _SEVEN) -> list[FictionalPatient]:
    return [one for one in people if one.case == case]


def test_a_seed_gives_these_people_and_no_others_on_every_machine() -> None:
    told = orjson.dumps([one.as_json() for one in patients(100, 7)])
    assert sha256(told).hexdigest() == "1060e82e8f8fff8d725451141a14663fa88bd9b6505a64e504ab7242a5cad23d"
    assert [one.ins for one in patients(3, 7)] == ["289041501492165", "182072227890576", "220116544091309"]


def test_fewer_are_the_first_of_more_and_another_seed_gives_others() -> None:
    assert patients(25, 7) == _SEVEN[:25]
    assert not {one.ins for one in patients(40, 8)} & {one.ins for one in _SEVEN}
    assert not {one.login for one in patients(40, 8)} & {one.login for one in _SEVEN}
    assert patients(0, 7) == []


def test_twenty_hold_every_case() -> None:
    assert [one.case for one in _SEVEN] == [*CASES, *CASES]
    assert set(CASES) == {
        *("parent", "minor", "born-2025", "twin", "ward", "born-1925", "corsica-2a", "corsica-2b", "abroad", "overseas"),
        *("month-unknown", "month-abroad", "two-roots", "provisional", "sex-corrected", "ordinary"),
    }


@pytest.mark.parametrize("seed", [0, 7, 2**31 - 1])
def test_the_most_that_can_be_have_numbers_of_their_own_that_are_right_and_fictional(seed: int) -> None:
    people = patients(10_000, seed)
    assert max(Counter(one.ins for one in people).values()) == max(Counter(one.login for one in people).values()) == 1
    for one in people:
        ins = parse_ins(one.ins)
        assert ins.key == ins.right_key
        assert 900 <= int(ins.number[10:]) <= 999, "the order in the register is that of nobody"


def test_their_identities_can_be_recorded_and_only_a_corrected_sex_disagrees() -> None:
    for one in _SEVEN:
        for plain in one.identities():
            new = NewPatientIdentity.read(plain)
            ins = decide_identity(one.ins, new.state, new.traits, KeyCheck.STRICT)
            assert len(disagreements(ins, new.state, new.traits)) == (one.case == "sex-corrected"), one


def test_each_is_what_it_is_there_for() -> None:
    assert {parse_ins(one.ins).department for case in ("corsica-2a", "corsica-2b") for one in _of(case)} == {"2A", "2B"}
    assert {one.birth_date.year for one in _of("born-1925")} == {1925}
    assert {one.birth_date.year for one in _of("born-2025")} == {2025}
    assert {parse_ins(one.ins).foreign for case in ("abroad", "month-abroad") for one in _of(case)} == {True}
    assert {len(parse_ins(one.ins).department) for one in _of("overseas")} == {3}
    assert {parse_ins(one.ins).birth_month for case in ("month-unknown", "month-abroad") for one in _of(case)} == {None}
    assert {tuple(oid for oid, _ in one.roots) for one in _of("two-roots")} == {(InsOid.NIR, InsOid.NIA)}
    assert {one.roots for one in _of("provisional")} == {((InsOid.NIA, PatientState.PROVISIONAL),)}


def test_twins_have_adjacent_numbers_one_family_and_two_given_names() -> None:
    first, second, *_ = _of("twin")
    assert int(second.ins[:13]) == int(first.ins[:13]) + 1
    assert (first.birth_name, first.birth_date, first.sex) == (second.birth_name, second.birth_date, second.sex)
    assert first.given_name != second.given_name


def test_minors_have_an_address_of_their_own_and_adults_on_record() -> None:
    couple = [(one.ins, RepresentativeKind.PARENT) for one in _of("parent")[2:]]
    for case in ("minor", "born-2025", "twin"):
        child = _of(case)[-1]
        assert child.birth_date.year >= 2012
        assert list(child.representatives) == couple
        assert child.birth_name == _of("parent")[2].birth_name
        assert child.address.startswith(child.ins.lower())
    assert _of("ward")[-1].representatives == ((couple[0][0], RepresentativeKind.GUARDIAN),)
    assert {one.representatives for one in _of("ordinary")} == {()}


def test_of_ordinary_adults_everybody_is_somebody_else() -> None:
    people = ordinary(30, 7)
    assert {one.case for one in people} == {"ordinary"}
    assert len({one.ins for one in people}) == len({one.login for one in people}) == len(people) == 30
    assert ordinary(5, 7) == people[:5]
