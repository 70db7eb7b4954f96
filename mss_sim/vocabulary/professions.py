"""Professions and specialties by their national codes, known by the words in which an identity has them.

TRE_G15-ProfessionSante and TRE_R38-SpecialiteOrdinale, as far as the people of a world need them.
"""

from functools import lru_cache
from typing import NamedTuple


class Profession(NamedTuple):
    """A profession; `register` is the keeper of its register, or empty. `word`: a profession in words that has it is this one."""

    word: str
    code: str
    label: str
    register: str = ""


PROFESSIONS = (
    Profession("chirurgien-dentiste", "40", "Chirurgien-Dentiste"),
    Profession("sage-femme", "50", "Sage-Femme"),
    Profession("infirmi", "60", "Infirmier", "CNOI/CNOI/ARS"),
    Profession("kinésithérapeute", "70", "Masseur-Kinésithérapeute", "CNOMK/CNOMK/ARS"),
    Profession("podologue", "80", "Pédicure-Podologue", "CNOPP/CNOPP/ARS"),
    Profession("orthophoniste", "91", "Orthophoniste"),
    Profession("orthoptiste", "92", "Orthoptiste"),
    Profession("psychologue", "93", "Psychologue"),
    Profession("pharmacien", "21", "Pharmacien", "CNOP/CNOP/ARS"),
    Profession("médecin", "10", "Médecin", "CNOM/CNOM/ARS"),
    Profession("chirurgien", "10", "Médecin", "CNOM/CNOM/ARS"),
    Profession("biologiste médical", "10", "Médecin", "CNOM/CNOM/ARS"),
)


class Specialty(NamedTuple):
    """A specialty of doctors; `word` as above."""

    word: str
    code: str
    label: str


SPECIALTIES = (
    Specialty("généraliste", "SM54", "Médecine générale (SM)"),
    Specialty("cardiologie", "SM04", "Cardiologie et Maladies vasculaires (SM)"),
    Specialty("biologiste", "SM03", "Biologie médicale (SM)"),
    Specialty("anesthésie", "SM02", "Anesthésie-réanimation (SM)"),
    Specialty("dermatologie", "SM15", "Dermatologie et Vénéréologie (SM)"),
    Specialty("pneumologie", "SM41", "Pneumologie (SM)"),
    Specialty("pédiatrie", "SM40", "Pédiatrie (SM)"),
    Specialty("chirurgien", "SM05", "Chirurgie générale (SM)"),
)


@lru_cache(maxsize=4_096)
def profession_of(words: str) -> Profession | None:
    """The profession that is meant by words; None where none is known."""
    small = words.lower()
    return next((one for one in PROFESSIONS if one.word in small), None)


@lru_cache(maxsize=4_096)
def specialty_of(words: str) -> Specialty | None:
    """The specialty of a doctor that is meant by words."""
    profession, small = profession_of(words), words.lower()
    return next((one for one in SPECIALTIES if one.word in small), None) if profession and profession.code == "10" else None
