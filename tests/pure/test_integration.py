"""What a gateway says of the patient of a document, as one table."""

import pytest

from mss_sim.mail.mdn import integration_subject
from mss_sim.policy.integration import LABELS, IntegrationError, Traits, decide_integration, error_text

_CLAIRE = Traits("285037511300167", "FONTAINE", "CLAIRE", "19850312", "F")
_KNOWN = (_CLAIRE, Traits("125062A00401714", "D'ÉVREUX-POLI", "Ange", "19250624", "M"))


@pytest.mark.parametrize(
    ("told", "known", "error"),
    [
        pytest.param(_CLAIRE, _KNOWN, None, id="she is known"),
        pytest.param(_CLAIRE._replace(number="2850375113001"), _KNOWN, None, id="her number without its key"),
        pytest.param(Traits("125062a00401714", "X", "Y", "19250624", "M"), _KNOWN, None, id="the number decides"),
        pytest.param(None, _KNOWN, IntegrationError.NO_INS, id="no INS"),
        pytest.param(_CLAIRE._replace(number=""), _KNOWN, IntegrationError.INS_INCOMPLETE, id="no number"),
        pytest.param(_CLAIRE._replace(birth_name=""), _KNOWN, IntegrationError.INS_INCOMPLETE, id="no birth name"),
        pytest.param(_CLAIRE._replace(first_given=""), _KNOWN, IntegrationError.INS_INCOMPLETE, id="no first given name"),
        pytest.param(_CLAIRE._replace(born=""), _KNOWN, IntegrationError.INS_INCOMPLETE, id="no day of birth"),
        pytest.param(_CLAIRE._replace(sex=""), _KNOWN, IntegrationError.INS_INCOMPLETE, id="no sex"),
        pytest.param(_CLAIRE._replace(number="285037511300299"), _KNOWN, IntegrationError.INS_DIFFERS, id="another number"),
        pytest.param(
            Traits("125062A00409999", "D EVREUX POLI", "ANGE", "19250624", "M"),
            _KNOWN,
            IntegrationError.INS_DIFFERS,
            id="a name spelt otherwise",
        ),
        pytest.param(_CLAIRE._replace(number="285037511300299", sex="M"), _KNOWN, IntegrationError.PATIENT_UNKNOWN, id="another sex"),
        pytest.param(
            _CLAIRE._replace(number="285037511300299", born="19850313"), _KNOWN, IntegrationError.PATIENT_UNKNOWN, id="another day"
        ),
        pytest.param(_CLAIRE, (), IntegrationError.PATIENT_UNKNOWN, id="nobody is known"),
    ],
)
def test_what_is_wrong_with_the_patient_of_a_document(
    told: Traits | None, known: tuple[Traits, ...], error: IntegrationError | None
) -> None:
    assert decide_integration(told, known) is error


def test_every_error_has_its_words_and_stands_in_the_subject() -> None:
    assert set(LABELS) == set(IntegrationError)
    assert error_text(IntegrationError.PATIENT_UNKNOWN) == "902^Identifiant de patient inconnu"
    assert integration_subject("XDM/1.0/DDM+", "903^Pas d'INS dans le CDA") == "[KO Intégration système !][903] XDM/1.0/DDM+"
    assert integration_subject("XDM/1.0/DDM+", None) == "XDM/1.0/DDM+"
