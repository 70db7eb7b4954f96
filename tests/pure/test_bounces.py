"""Letters that Mon espace santé returns: which ones, and what their text says."""

import pytest

from mss_sim.errors import Rule
from mss_sim.policy.bounces import TEXTS, BounceFacts, bounce_text, masked, returns_later
from mss_sim.vocabulary.behaviours import MesRefusal

CLAIRE = "285037511300167@patient.mssante.fr"
FACTS = BounceFacts("10/01/2026", CLAIRE, 11, 10)


@pytest.mark.parametrize(
    ("refusal", "address", "later"),
    [
        (MesRefusal.RCPT, CLAIRE, False),
        (MesRefusal.BOUNCE, "camille.martin@medecin.sim.mssante.fr", False),
        (MesRefusal.BOUNCE, "ana@autre-patient.mssante.fr", False),
        (MesRefusal.BOUNCE, CLAIRE, True),
    ],
)
def test_the_patients_operator_alone_returns_later_and_by_the_setting(refusal: MesRefusal, address: str, later: bool) -> None:
    assert returns_later(refusal, address) is later


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (CLAIRE, "2850…167"),
        ("123456789@patient.mssante.fr", "1234…789"),
        ("12345678@patient.mssante.fr", "12345678"),
        ('"285037511300167@sim"@patient.mssante.fr', '"285…im"'),
    ],
)
def test_a_number_is_masked_for_people_to_read(address: str, shown: str) -> None:
    assert masked(address) == shown


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule.MAILBOX_CLOSED, "Votre message du 10/01/2026 n'a pas pu être remis : la messagerie de l'usager 2850…167 est fermée."),
        (Rule.UNKNOWN_MAILBOX, "Votre message du 10/01/2026 n'a pas pu être remis : aucun usager ne correspond à l'adresse 2850…167."),
        (
            Rule.BAD_ADDRESS,
            f"Votre message du 10/01/2026 n'a pas pu être remis : l'adresse {CLAIRE} n'est pas une adresse d'usager valide.",
        ),
        (
            Rule.TOO_LARGE,
            (
                "This is the mail system. Your message of 10/01/2026 could not be delivered to 2850…167: "
                "message size 11 exceeds size limit 10 of the server."
            ),
        ),
        (Rule.NOT_INVITED, "Votre message du 10/01/2026 n'a pas pu être remis : l'usager 2850…167 ne peut pas le recevoir."),
    ],
)
def test_the_text_of_each_rule(rule: Rule, text: str) -> None:
    assert bounce_text(rule.value, FACTS, {}) == text


def test_a_text_of_the_setting_goes_before_ours_and_keeps_the_holes_that_it_does_not_know() -> None:
    texts = {Rule.TOO_LARGE.value: "{size}/{limit} {whatever}", Rule.MAILBOX_CLOSED.value: ""}
    assert bounce_text(Rule.TOO_LARGE.value, FACTS, texts) == "11/10 {whatever}"
    for rule in (Rule.MAILBOX_CLOSED.value, Rule.UNKNOWN_MAILBOX.value):
        assert bounce_text(rule, FACTS, texts) == bounce_text(rule, FACTS, TEXTS)
