"""National identifiers: their shapes and check digits, on both sides of each rule; every number here is fictional."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mss_sim.policy import identifiers
from mss_sim.policy.identifiers import address_warnings, luhn_holds, warnings
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind

EMPLOYEE, PATIENT, PROFESSIONAL = IdentityKind.EMPLOYEE, IdentityKind.PATIENT, IdentityKind.PROFESSIONAL


def with_luhn(digits: str) -> str:
    """The digits and their check digit, by the schoolbook: from the right, every second digit is doubled."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value // 10 + value % 10
    return digits + str(-total % 10)


@pytest.mark.parametrize(
    "digits",
    [
        pytest.param("", id="nothing"),
        pytest.param("1", id="one digit that is not zero"),
        pytest.param("123456783", id="one more than the right digit"),
        pytest.param("123456781", id="one less than the right digit"),
        pytest.param("213456782", id="two neighbours exchanged"),
        pytest.param("12345678A", id="a letter"),
        pytest.param("1234 6782", id="a space"),
        pytest.param("-23456782", id="a sign"),
        pytest.param("12345678²", id="a superscript digit, which is no decimal"),
        pytest.param("①②③④⑤⑥⑦⑧②", id="circled digits"),
        pytest.param("١٢٣٤٥٦٧٨٢", id="the right number in Arabic-Indic digits"),
    ],
)
def test_a_number_without_its_luhn_digit_does_not_hold(digits: str) -> None:
    assert not luhn_holds(digits)


@pytest.mark.parametrize("digits", ["0", "18", "123456782", "79927398713", "73282932000074"])
def test_a_number_with_its_luhn_digit_holds(digits: str) -> None:
    assert luhn_holds(digits)


@settings(deadline=None)
@given(st.text("0123456789", min_size=1, max_size=13))
def test_exactly_one_last_digit_makes_a_number_hold(digits: str) -> None:
    assert [digit for digit in "0123456789" if luhn_holds(digits + digit)] == [with_luhn(digits)[-1]]
    assert identifiers.with_luhn(digits) == with_luhn(digits)


@pytest.mark.parametrize(
    ("idnat", "kind"),
    [
        pytest.param("", PROFESSIONAL, id="professional, nothing"),
        pytest.param("8", PROFESSIONAL, id="professional, only the 8"),
        pytest.param(with_luhn("1000000001"), PROFESSIONAL, id="professional, RPPS without the 8"),
        pytest.param("0" + with_luhn("1000000001"), PROFESSIONAL, id="professional, ADELI prefix"),
        pytest.param("8" + with_luhn("1000000001")[:-1] + "x", PROFESSIONAL, id="professional, a letter"),
        pytest.param("8" + with_luhn("100000000"), PROFESSIONAL, id="professional, 10 digits"),
        pytest.param("8" + with_luhn("10000000001"), PROFESSIONAL, id="professional, 12 digits"),
        pytest.param("810000000010", PROFESSIONAL, id="professional, wrong key"),
        pytest.param("8²²²²²²²²²²²", PROFESSIONAL, id="professional, superscript digits"),
        pytest.param("146026322000197", PATIENT, id="patient, wrong key"),
        pytest.param("255062A00401278", PATIENT, id="patient, key of the other Corsica"),
        pytest.param("123456789012345", PATIENT, id="patient, the usual demonstration number"),
        pytest.param("", EMPLOYEE, id="employee, nothing"),
        pytest.param("3123456782", EMPLOYEE, id="employee, no slash"),
        pytest.param("3123456782/", EMPLOYEE, id="employee, no internal number"),
        pytest.param("/42", EMPLOYEE, id="employee, only an internal number"),
        pytest.param("7123456782/42", EMPLOYEE, id="employee, unknown kind of structure"),
        pytest.param("312345678/42", EMPLOYEE, id="employee, short FINESS"),
        pytest.param("3123456783/42", EMPLOYEE, id="employee, wrong FINESS key"),
        pytest.param("5123456782/42", EMPLOYEE, id="employee, SIRET of 9 digits"),
        pytest.param("473282932000074/42", EMPLOYEE, id="employee, SIREN of 14 digits"),
        pytest.param("3²²²²²²²²²/42", EMPLOYEE, id="employee, superscript digits"),
        pytest.param("8123", EMPLOYEE, id="employee, short RPPS"),
        pytest.param("810000000010", EMPLOYEE, id="employee, RPPS with a wrong key"),
    ],
)
def test_an_odd_identifier_gets_a_warning(idnat: str, kind: IdentityKind) -> None:
    assert len(warnings(idnat, kind)) == 1


@pytest.mark.parametrize(
    ("idnat", "kind"),
    [
        pytest.param("8" + with_luhn("1000000001"), PROFESSIONAL, id="professional, 8 and RPPS"),
        pytest.param("146026322000196", PATIENT, id="patient"),
        pytest.param("255062A00401251", PATIENT, id="patient of South Corsica"),
        pytest.param("255062b00401278", PATIENT, id="patient of North Corsica in lower case"),
        pytest.param("3123456782/42", EMPLOYEE, id="employee of a FINESS"),
        pytest.param("4123456782/42", EMPLOYEE, id="employee of a SIREN"),
        pytest.param("573282932000074/42", EMPLOYEE, id="employee of a SIRET"),
        pytest.param("673282932000074/42", EMPLOYEE, id="employee of a practice"),
        pytest.param("3123456782/a/b", EMPLOYEE, id="employee, slash in the internal number"),
        pytest.param("8" + with_luhn("1000000001"), EMPLOYEE, id="employee with an RPPS"),
        pytest.param("anything", IdentityKind.ORGANISATION, id="organisation"),
        pytest.param("anything", IdentityKind.APPLICATION, id="application"),
    ],
)
def test_a_right_identifier_gets_no_warning(idnat: str, kind: IdentityKind) -> None:
    assert warnings(idnat, kind) == []


@pytest.mark.parametrize(
    ("idnat", "kind", "said"),
    [
        ("910000000010", PROFESSIONAL, "A professional's idNat is 8 and an RPPS of 11 digits that ends with its Luhn digit."),
        ("810000000010", EMPLOYEE, "The RPPS in this idNat does not end with its Luhn digit."),
        ("/42", EMPLOYEE, "An employee's idNat is 3+FINESS, 4+SIREN, 5+SIRET or 6+practice, a slash and an internal number."),
        ("3123456783/42", EMPLOYEE, "The structure number in this idNat does not end with its Luhn digit."),
    ],
)
def test_a_warning_says_what_is_expected(idnat: str, kind: IdentityKind, said: str) -> None:
    assert warnings(idnat, kind) == [said]


def test_the_warning_of_a_wrong_key_tells_the_right_one() -> None:
    assert "96" in warnings("146026322000197", PATIENT)[0]


@settings(deadline=None)
@given(st.text(max_size=20) | st.text("0123456789AB²/8", max_size=16), st.sampled_from(IdentityKind))
@example("8²²²²²²²²²²²", PROFESSIONAL)
def test_no_identifier_makes_the_check_itself_fail(idnat: str, kind: IdentityKind) -> None:
    assert isinstance(warnings(idnat, kind), list)


@pytest.mark.parametrize(
    ("address", "kind", "count"),
    [
        pytest.param("146026322000196@patient.mssante.fr", MailboxKind.PATIENT, 0, id="the INS of a patient"),
        pytest.param("146026322000196@@patient.mssante.fr", MailboxKind.PATIENT, 0, id="what follows the first at sign is no part of it"),
        pytest.param("camille.martin@patient.mssante.fr", MailboxKind.PATIENT, 1, id="the name of a patient"),
        pytest.param("camille.martin@medecin.mssante.fr", MailboxKind.PER, 0, id="the name of a professional"),
    ],
)
def test_the_address_of_a_patient_alone_is_expected_to_be_an_ins(address: str, kind: MailboxKind, count: int) -> None:
    assert len(address_warnings(address, kind)) == count
