"""What userinfo reports about a professional: derived from the identity, then completed or replaced by its profile.

Keys and shapes are those of the published samples of Pro Santé Connect (ref: psc#userinfo). An identity has a name, a profession in
words and a structure; the codes that follow from them are filled in, the others are empty strings, as in the samples.
"""

from typing import Any

from mss_sim.core.world.access_tokens import other_ids, subject_of
from mss_sim.store.identities import Identity
from mss_sim.vocabulary.mailboxes import IdentityKind
from mss_sim.vocabulary.professions import profession_of
from mss_sim.vocabulary.psc import AuthMode

_ACTIVITY_WORDS = (
    "codeModeExercice codeSecteurDactivite codeSectionPharmacien codeRole codeGenreActivite numeroSiretSite numeroSirenSite "
    "numeroFinessSite numeroFinessetablissementJuridique identifiantTechniqueDeLaStructure raisonSocialeSite enseigneCommercialeSite "
    "complementDestinataire complementPointGeographique numeroVoie indiceRepetitionVoie codeTypeDeVoie libelleVoie mentionDistribution "
    "bureauCedex codePostal codeCommune codePays telephone telephone2 telecopie adresseEMail codeDepartement "
    "ancienIdentifiantDeLaStructure autoriteDenregistrement"
)
_EXERCISE_WORDS = (
    "codeProfession codeCategorieProfessionnelle codeCiviliteDexercice nomDexercice prenomDexercice codeTypeSavoirFaire codeSavoirFaire"
)
_ACTIVITY_KEYS, _EXERCISE_KEYS = _ACTIVITY_WORDS.split(), _EXERCISE_WORDS.split()
_ROLES_OID = "1.2.250.1.213.1.1.5.5"
_SECTORS_OID = "1.2.250.1.71.4.2.4"
_SECTOR_PRACTICE, _SECTOR_HOSPITAL, _SECTOR_PHARMACY = "SA07", "SA01", "SA33"
_STRUCTURE_FIELDS = {"1": "numeroFinessSite", "2": "numeroSirenSite", "3": "numeroSiretSite"}
FIXED = frozenset({"sub", "SubjectNameID", "preferred_username"})
"""Claims that identify the person: a profile never replaces them."""


def userinfo(identity: Identity, structure: Identity | None, profile: dict[str, Any], mode: AuthMode) -> dict[str, Any]:
    """All claims of an identity that logged in with `mode`; `structure` is where it works, when that is known here."""
    code, register = _profession(identity)
    sector = _sector(code, structure) if identity.kind is IdentityKind.PROFESSIONAL else ""
    claims: dict[str, Any] = {
        "sub": subject_of(identity.idnat),
        "SubjectNameID": identity.idnat,
        "preferred_username": identity.idnat,
        "given_name": identity.given_name,
        "family_name": identity.family_name,
        "email_verified": False,
        "SubjectRole": [f"{code}^{_ROLES_OID}"] if code else [],
        "Secteur_Activite": f"{sector}^{_SECTORS_OID}" if sector else "",
        "SubjectOrganization": structure.family_name if structure else "",
        "SubjectOrganizationID": identity.structure,
        "PSI_Locale": "1.2.250.1.213.1.3.1.1",
        "Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1",
        "UITVersion": "1.0",
        "Mode_Acces_Raison": "",
        "Acces_Regulation_Medicale": "FAUX",
        "authMode": mode.value,
        "otherIds": other_ids(identity.idnat),
        "codeCivilite": "",
    }
    exercises = [_exercise(identity, structure, code, register, sector)] if code else []
    claims["SubjectRefPro"] = {"codeCivilite": "", "exercices": exercises}
    return _completed(claims, profile)


def _profession(identity: Identity) -> tuple[str, str]:
    found = profession_of(identity.profession) if identity.kind is IdentityKind.PROFESSIONAL else None
    return (found.code, found.register) if found else ("", "")


def _sector(code: str, structure: Identity | None) -> str:
    if code == "21":
        return _SECTOR_PHARMACY
    return _SECTOR_HOSPITAL if structure else _SECTOR_PRACTICE


def _exercise(identity: Identity, structure: Identity | None, code: str, register: str, sector: str) -> dict[str, Any]:
    activity = dict.fromkeys(_ACTIVITY_KEYS, "")
    number = identity.structure
    activity |= {
        "codeModeExercice": "S" if structure else "L",
        "codeSecteurDactivite": sector,
        "codeGenreActivite": "GENR01",
        "identifiantTechniqueDeLaStructure": number,
        "raisonSocialeSite": structure.family_name if structure else "",
        "autoriteDenregistrement": register,
    }
    if number[:1] in _STRUCTURE_FIELDS:
        activity[_STRUCTURE_FIELDS[number[:1]]] = number[1:]
    return {
        "codeProfession": code,
        "codeCategorieProfessionnelle": "C",
        "codeCiviliteDexercice": identity.title.upper().rstrip("."),
        "nomDexercice": identity.family_name,
        "prenomDexercice": identity.given_name,
        "codeTypeSavoirFaire": "",
        "codeSavoirFaire": "",
        "activities": [activity],
    }


def _completed(claims: dict[str, Any], profile: dict[str, Any]) -> dict[str, Any]:
    """The claims with those of the profile; exercises in the profile get the keys that they lack."""
    merged = {**claims, **{name: value for name, value in profile.items() if name not in FIXED}}
    professional = merged.get("SubjectRefPro")
    if isinstance(professional, dict) and isinstance(professional.get("exercices"), list):
        merged["SubjectRefPro"] = {**professional, "exercices": [_whole(one) for one in professional["exercices"]]}
    return merged


def _whole(exercise: Any) -> Any:
    if not isinstance(exercise, dict):
        return exercise
    activities = exercise.get("activities")
    if not isinstance(activities, list):
        activities = []
    whole = [{**dict.fromkeys(_ACTIVITY_KEYS, ""), **one} if isinstance(one, dict) else one for one in activities]
    return {**dict.fromkeys(_EXERCISE_KEYS, ""), **exercise, "activities": whole}
