"""The INS: what is none and why, and what one tells; every number here is fictional."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.policy.identifiers import warnings
from mss_sim.policy.ins import InsError, ins_key, is_ins, parse_ins
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.vocabulary.patients import Sex


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "this one has 0", id="nothing"),
        pytest.param("14602632200019", "this one has 14", id="14 characters"),
        pytest.param("1460263220001966", "this one has 16", id="16 characters"),
        pytest.param("1460263220001", "this one has 13", id="without its key"),
        pytest.param("146026322000196\n", "this one has 16", id="a line break after"),
        pytest.param(" 146026322000196", "this one has 16", id="a space before"),
        pytest.param("1 46 02 63 220 0", "this one has 16", id="written in groups"),
        pytest.param("146026322000196" * 100_000, "this one has 1500000", id="far too long"),
        pytest.param("A46026322000196", "Character 1 of this INS is 'A': a digit stands there.", id="a letter for the sex"),
        pytest.param("255062C00401251", "Character 7 of this INS is 'C': a digit, A or B stands there.", id="a third letter"),
        pytest.param("255062X00401251", "Character 7 of this INS is 'X': a digit, A or B stands there.", id="the last letter but two"),
        pytest.param("255061A00401251", "Character 7 of this INS is 'A': a digit stands there.", id="Corsica without its 2"),
        pytest.param("25506A200401251", "Character 6 of this INS is 'A': a digit stands there.", id="letter before the digit"),
        pytest.param("2550A2A00401251", "Character 5 of this INS is 'A': a digit stands there.", id="a letter elsewhere"),
        pytest.param("255062AA0401251", "Character 8 of this INS is 'A': a digit stands there.", id="two letters"),
        pytest.param("255062A0040125A", "Character 15 of this INS is 'A': a digit stands there.", id="a letter in the key"),
        pytest.param("-46026322000196", "Character 1 of this INS is '-': a digit stands there.", id="a sign"),
        pytest.param("1460263220001 6", "Character 14 of this INS is ' ': a digit stands there.", id="a space within"),
        pytest.param("146026322000\x0096", "Character 13 of this INS is '\\x00': a digit stands there.", id="a NUL"),
        pytest.param("١" * 15, "Character 1 of this INS is '١': a digit stands there.", id="Arabic-Indic digits"),
        pytest.param("14602632200019²", "Character 15 of this INS is '²': a digit stands there.", id="a superscript digit"),
        pytest.param(
            "255062ß00401251", "Character 7 of this INS is 'ß': a digit, A or B stands there.", id="a letter that is two in capitals"
        ),
    ],
)
def test_a_text_that_is_no_ins_is_told_which_character_and_what_stands_there(text: str, why: str) -> None:
    with pytest.raises(InsError) as caught:
        parse_ins(text)
    assert why in str(caught.value)
    assert [why in one for one in warnings(text, IdentityKind.PATIENT)] == [True]


@pytest.mark.parametrize(
    ("number", "key"),
    [
        pytest.param("1460263220001", "96", id="a man of the published samples"),
        pytest.param("2790351215189", "89", id="a woman of the published samples"),
        pytest.param("2460374330002", "53", id="a published sample whose key is wrong"),
        pytest.param("2880912345678", "94", id="another"),
        pytest.param("1234567890123", "11", id="the usual demonstration number"),
        pytest.param("255062A004012", "51", id="South Corsica"),
        pytest.param("255062B004012", "78", id="North Corsica"),
        pytest.param("255062a004012", "51", id="South Corsica in lower case"),
        pytest.param("255062b004012", "78", id="North Corsica in lower case"),
        pytest.param("0000000000000", "97", id="the greatest key"),
        pytest.param("0000000000096", "01", id="the smallest key, two digits"),
    ],
)
def test_the_key_of_an_ins_is_97_less_the_remainder(number: str, key: str) -> None:
    assert ins_key(number) == parse_ins(number + "00").right_key == key


@settings(deadline=None)
@given(st.integers(0, 10**13 - 1))
def test_number_and_key_together_are_divisible_by_97(number: int) -> None:
    assert (number + int(ins_key(f"{number:013d}"))) % 97 == 0


@pytest.mark.parametrize("text", ["246037433000291", "288091234567823", "123456789012345", "146026322000197"])
def test_a_wrong_key_is_read_all_the_same(text: str) -> None:
    assert is_ins(text)
    ins = parse_ins(text)
    assert (str(ins), ins.key == ins.right_key) == (text, False)
    assert warnings(text, IdentityKind.PATIENT) == [f"The key of this INS should be {ins.right_key}."]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "255062A00401251",
            {"sex": Sex.FEMALE, "birth_month": 6, "department": "2A", "commune": "004"},
            id="woman, Corsica 2A, June 1955",
        ),
        pytest.param(
            "170032B03302118", {"sex": Sex.MALE, "birth_month": 3, "department": "2B", "commune": "033"}, id="man, Corsica 2B, March 1970"
        ),
        pytest.param("125037505600114", {"sex": Sex.MALE, "birth_month": 3, "birth_years": (1925, 2025)}, id="man born 1925"),
        pytest.param("125037505600213", {"sex": Sex.MALE, "birth_month": 3, "birth_years": (1925, 2025)}, id="boy born 2025"),
        pytest.param("219057511304093", {"sex": Sex.FEMALE, "birth_place": "75113", "birth_years": (1919, 2019)}, id="twin sister"),
        pytest.param("219057511304192", {"sex": Sex.FEMALE, "birth_place": "75113", "birth_years": (1919, 2019)}, id="her twin"),
        pytest.param(
            "112061305512350", {"sex": Sex.MALE, "birth_month": 6, "department": "13", "birth_years": (1912, 2012)}, id="boy born June 2012"
        ),
        pytest.param("268019935001283", {"foreign": True, "department": "99", "commune": "350", "birth_month": 1}, id="born abroad"),
        pytest.param("185029741100569", {"foreign": False, "department": "974", "commune": "11", "birth_month": 2}, id="born overseas"),
        pytest.param("130207505600339", {"birth_month": None, "birth_place": "75056"}, id="unknown month"),
        pytest.param("245319913200490", {"birth_month": None, "foreign": True, "commune": "132"}, id="foreign pseudo-month"),
        pytest.param("279035121518989", {"sex": Sex.FEMALE, "birth_month": 3, "department": "51"}, id="a woman of the published samples"),
        pytest.param("146026322000196", {"sex": Sex.MALE, "birth_month": 2, "department": "63"}, id="a man of the published samples"),
    ],
)
def test_an_ins_tells(text: str, told: dict[str, Any]) -> None:
    ins = parse_ins(text)
    assert {name: getattr(ins, name) for name in told} == told
    assert (str(ins), ins.key, ins.provisional) == (text, ins.right_key, False)
    assert warnings(text, IdentityKind.PATIENT) == []


@pytest.mark.parametrize(
    ("digit", "sex", "provisional"),
    [
        *(("0", None, False), ("1", Sex.MALE, False), ("2", Sex.FEMALE, False), ("3", Sex.MALE, True), ("4", Sex.FEMALE, True)),
        *(("5", None, False), ("6", None, False), ("7", Sex.MALE, True), ("8", Sex.FEMALE, True), ("9", None, False)),
    ],
)
def test_the_first_digit_tells_the_sex_and_whether_the_number_is_provisional(digit: str, sex: Sex | None, provisional: bool) -> None:
    ins = parse_ins(digit + "46026322000196"[:14])
    assert (ins.sex, ins.provisional) == (sex, provisional)


@pytest.mark.parametrize(("month", "read"), [("00", None), ("01", 1), ("12", 12), ("13", None), ("20", None), ("42", None), ("99", None)])
def test_a_month_that_is_none_is_not_read(month: str, read: int | None) -> None:
    assert parse_ins(f"146{month}6322000196").birth_month == read


@pytest.mark.parametrize(
    ("place", "parts"), [("97411", ("974", "11")), ("98818", ("988", "18")), ("96001", ("96", "001")), ("99350", ("99", "350"))]
)
def test_an_overseas_department_has_three_digits(place: str, parts: tuple[str, str]) -> None:
    ins = parse_ins(f"14602{place}00196")
    assert (ins.department, ins.commune) == parts


def test_lower_case_reads_as_upper_case() -> None:
    assert parse_ins("255062a00401251") == parse_ins("255062A00401251")
    assert str(parse_ins("170032b03302118")) == "170032B03302118"


@settings(deadline=None)
@given(st.text(max_size=20) | st.text("0123456789AB²/8", min_size=15, max_size=15))
def test_no_text_makes_the_reader_itself_fail(text: str) -> None:
    with contextlib.suppress(InsError):
        assert str(parse_ins(text)) == text.upper()
