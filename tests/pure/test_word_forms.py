"""Words for a trade that are looked for as its stem, and what is left as it is: names first."""

import pytest

from mss_sim.mail.parse import words_of
from mss_sim.policy.word_forms import _SAID, looked_for
from mss_sim.vocabulary.professions import PROFESSIONS, SPECIALTIES


@pytest.mark.parametrize(
    "word",
    [
        *(
            "martin",
            "durand",
            "bernard",
            "petit",
            "cardin",
            "cardio",
            "kine",
            "dermato",
            "ide",
            "mg",
            "orl",
            "sf",
            "s",
            "e",
            "",
            "75012",
            "a1",
        ),
        *(
            "infirmerie",
            "pharmacologie",
            "cardiologiste1",
            "chirurgical",
            "medecinat",
            "dentaire",
            "sagesse",
            "femina",
            "masson",
            "general",
        ),
        *("hopital", "generale", "generaliste", "biologi5", "pediatrx"),
    ],
)
def test_what_is_no_form_of_a_trade_is_left_as_it_is(word: str) -> None:
    assert looked_for(word) == word


@pytest.mark.parametrize(
    ("word", "stem"),
    [
        *((word, "cardiolog") for word in ("cardiolog", "cardiologu", "cardiologue", "cardiologues", "cardiologie", "cardiologiste")),
        *((word, "infirmi") for word in ("infirmi", "infirmie", "infirmier", "infirmiers", "infirmiere", "infirmieres")),
        *((word, "pediatr") for word in ("pediatr", "pediatre", "pediatres", "pediatrie")),
        *((word, "anesthes") for word in ("anesthesie", "anesthesi", "anesthesist", "anesthesistes")),
        *((word, "chirurg") for word in ("chirurgien", "chirurgienne", "chirurgiennes", "chirurgie")),
        *((word, "kinesitherapeut") for word in ("kinesitherapeute", "kinesitherapeutes")),
        *(("dermatologue", "dermatolog"), ("pneumologues", "pneumolog"), ("biologiste", "biolog"), ("podologues", "podolog")),
        *(("pharmacienne", "pharmac"), ("medecins", "medecin"), ("medecine", "medecin"), ("dentistes", "dentist")),
        *(("orthophonistes", "orthophon"), ("psychologie", "psycholog"), ("masseurs", "masseur")),
        *(("omnipraticiens", "generaliste"), ("generalistes", "generaliste"), ("sages", "sage"), ("masseuse", "masseur")),
    ],
)
def test_a_form_is_looked_for_as_its_stem(word: str, stem: str) -> None:
    assert looked_for(word) == stem


@pytest.mark.parametrize("label", [one.label for one in (*PROFESSIONS, *SPECIALTIES)])
def test_each_label_is_found_by_its_own_words(label: str) -> None:
    for word in words_of(label):
        assert any(other.startswith(looked_for(word)) for other in words_of(label))


def test_what_is_said_leads_to_a_word_that_people_have() -> None:
    known = {word for one in (*PROFESSIONS, *SPECIALTIES) for text in (one.label, one.word) for word in words_of(text)}
    assert set(_SAID.values()) <= known
