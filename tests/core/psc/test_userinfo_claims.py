"""What userinfo tells: derived from the identity, completed or replaced by its profile, but never who it is."""

from dataclasses import replace
from typing import Any

import pytest

from mss_sim.core.psc.userinfo_claims import FIXED, userinfo
from mss_sim.core.world.store_types import Identity
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.vocabulary.psc import AuthMode

DOCTOR = Identity(1, "899700420013", IdentityKind.PROFESSIONAL, "MARTIN", "Camille", "Dr.", "Médecin généraliste", "", False, True, 0)
HOSPITAL = Identity(2, "1750990012", IdentityKind.ORGANISATION, "Hôpital des Ormes", "", "", "", "", False, True, 0)


def _told(identity: Identity = DOCTOR, structure: Identity | None = None, profile: dict[str, Any] | None = None) -> dict[str, Any]:
    return userinfo(identity, structure, profile or {}, AuthMode.CARD)


def _exercise(claims: dict[str, Any]) -> dict[str, Any]:
    (found,) = claims["SubjectRefPro"]["exercices"]
    return dict(found)


@pytest.mark.parametrize(
    ("profession", "code", "register"),
    [
        ("Médecin généraliste", "10", "CNOM/CNOM/ARS"),
        ("PHARMACIEN titulaire", "21", "CNOP/CNOP/ARS"),
        ("Infirmier, cadre", "60", "CNOI/CNOI/ARS"),
        ("Masseur-kinésithérapeute", "70", "CNOMK/CNOMK/ARS"),
        ("Podologue", "80", "CNOPP/CNOPP/ARS"),
    ],
)
def test_a_profession_in_words_is_told_by_its_code_and_who_keeps_its_register(profession: str, code: str, register: str) -> None:
    claims = _told(replace(DOCTOR, profession=profession))
    assert claims["SubjectRole"] == [f"{code}^1.2.250.1.213.1.1.5.5"]
    (activity,) = _exercise(claims)["activities"]
    assert (_exercise(claims)["codeProfession"], activity["autoriteDenregistrement"]) == (code, register)


@pytest.mark.parametrize(
    ("profession", "structure", "sector", "mode"),
    [
        ("Médecin", None, "SA07", "L"),
        ("Médecin", HOSPITAL, "SA01", "S"),
        ("Pharmacien", None, "SA33", "L"),
        ("Pharmacien", HOSPITAL, "SA33", "S"),
    ],
)
def test_the_sector_follows_from_the_profession_and_from_where_it_is_exercised(
    profession: str, structure: Identity | None, sector: str, mode: str
) -> None:
    claims = _told(replace(DOCTOR, profession=profession, structure="1750990012"), structure)
    (activity,) = _exercise(claims)["activities"]
    assert (claims["Secteur_Activite"], activity["codeSecteurDactivite"], activity["codeModeExercice"]) == (
        f"{sector}^1.2.250.1.71.4.2.4",
        sector,
        mode,
    )
    assert claims["SubjectOrganization"] == (structure.family_name if structure else "")


@pytest.mark.parametrize(
    ("number", "field"), [("1750990012", "numeroFinessSite"), ("2123", "numeroSirenSite"), ("3123", "numeroSiretSite")]
)
def test_the_number_of_a_structure_stands_in_the_field_of_its_register(number: str, field: str) -> None:
    claims = _told(replace(DOCTOR, structure=number))
    (activity,) = _exercise(claims)["activities"]
    assert (activity[field], activity["identifiantTechniqueDeLaStructure"], claims["SubjectOrganizationID"]) == (number[1:], number, number)
    (other,) = _exercise(_told(replace(DOCTOR, structure="4997")))["activities"]
    assert (other["numeroFinessSite"], other["numeroSirenSite"], other["numeroSiretSite"]) == ("", "", "")


@pytest.mark.parametrize("changed", [{"profession": "Secrétaire"}, {"kind": IdentityKind.EMPLOYEE}])
def test_who_has_no_profession_that_is_known_exercises_none(changed: dict[str, Any]) -> None:
    claims = _told(replace(DOCTOR, **changed))
    assert (claims["SubjectRole"], claims["SubjectRefPro"]) == ([], {"codeCivilite": "", "exercices": []})


def test_an_employee_works_in_no_sector() -> None:
    assert _told(replace(DOCTOR, kind=IdentityKind.EMPLOYEE))["Secteur_Activite"] == ""


def test_names_and_how_somebody_logged_in_are_told() -> None:
    claims = userinfo(DOCTOR, None, {}, AuthMode.MOBILE)
    assert (claims["given_name"], claims["family_name"], claims["authMode"]) == ("Camille", "MARTIN", "MOBILE")
    assert _exercise(claims)["codeCiviliteDexercice"] == "DR"
    assert claims["otherIds"] == [{"identifiant": "899700420013", "origine": "RPPS", "qualite": 1}]


def test_a_profile_adds_and_replaces_but_never_says_that_it_is_somebody_else() -> None:
    claims = _told(profile={"codeCivilite": "MME", "extra": 1, **dict.fromkeys(FIXED, "other")})
    assert (claims["codeCivilite"], claims["extra"]) == ("MME", 1)
    assert (claims["SubjectNameID"], claims["preferred_username"]) == ("899700420013", "899700420013")
    assert claims["sub"].endswith(":899700420013")


def test_exercises_of_a_profile_get_the_keys_that_they_lack_and_keep_theirs() -> None:
    claims = _told(
        profile={
            "SubjectRefPro": {"exercices": [{"codeProfession": "21", "activities": [{"codePostal": "75012"}]}, {"activities": 5}, "odd"]}
        }
    )
    first, second, odd = claims["SubjectRefPro"]["exercices"]
    assert (first["codeProfession"], first["nomDexercice"]) == ("21", "")
    assert (first["activities"][0]["codePostal"], first["activities"][0]["telephone"]) == ("75012", "")
    assert (second["activities"], odd) == ([], "odd")
    assert _told(profile={"SubjectRefPro": "odd"})["SubjectRefPro"] == "odd"


def test_all_is_told_of_a_doctor_in_a_hospital_by_the_names_of_the_samples() -> None:
    number = "1750990012"
    claims = _told(replace(DOCTOR, structure=number), HOSPITAL)
    activity = {
        "codeModeExercice": "S",
        "codeSecteurDactivite": "SA01",
        "codeGenreActivite": "GENR01",
        "numeroFinessSite": number[1:],
        "identifiantTechniqueDeLaStructure": number,
        "raisonSocialeSite": "Hôpital des Ormes",
        "autoriteDenregistrement": "CNOM/CNOM/ARS",
    }
    (exercise,) = claims.pop("SubjectRefPro")["exercices"]
    (told,) = exercise.pop("activities")
    assert exercise == {
        "codeProfession": "10",
        "codeCategorieProfessionnelle": "C",
        "codeCiviliteDexercice": "DR",
        "nomDexercice": "MARTIN",
        "prenomDexercice": "Camille",
        "codeTypeSavoirFaire": "",
        "codeSavoirFaire": "",
    }
    assert {name: value for name, value in told.items() if value} == activity
    assert len(told) == 30, "the others are empty texts, as in the samples"
    assert claims == {
        "sub": claims["sub"],
        "SubjectNameID": "899700420013",
        "preferred_username": "899700420013",
        "given_name": "Camille",
        "family_name": "MARTIN",
        "email_verified": False,
        "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"],
        "Secteur_Activite": "SA01^1.2.250.1.71.4.2.4",
        "SubjectOrganization": "Hôpital des Ormes",
        "SubjectOrganizationID": number,
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "UITVersion": "1.0",
        "Mode_Acces_Raison": "",
        "Acces_Regulation_Medicale": "FAUX",
        "authMode": "CARD",
        "otherIds": [{"identifiant": "899700420013", "origine": "RPPS", "qualite": 1}],
        "codeCivilite": "",
    }
