"""Documents to send: an IHE_XDM archive of a fictional patient, and whole letters with documents, right or broken in one way.

They are those of the generator (`mss_sim/documents/making`, docs/guide/documents.md): the patient of the seed, always the same octets.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mss_sim.documents.making.flaws import FLAWS
from mss_sim.documents.making.paper import Paper, Patient
from mss_sim.documents.making.parcel import Steps, make_parcel
from mss_sim.testing.documents import LetterFields
from mss_sim.vocabulary.documents import CdaLevel
from mss_sim.vocabulary.patients import InsOid

_AT = datetime(2026, 1, 5, 10, tzinfo=ZoneInfo("Europe/Paris"))
_CONSULTATION, _LIAISON = "11488-4", "11490-0"


@dataclass(frozen=True, slots=True)
class FictionalPatient:
    """Whose document it is; the default is the seed's patient. `born` is AAAAMMJJ, `sex` M or F, `place` a commune."""

    ins: str = "285037511300167"
    given: str = "Claire"
    family: str = "FONTAINE"
    born: str = "19850312"
    sex: str = "F"
    place: str = "75113"


def xdm_archive(patient: FictionalPatient | None = None) -> bytes:
    """The bytes of an `IHE_XDM.ZIP` with the CDA of a consultation and its metadata."""
    return make_parcel([_paper(_CONSULTATION, CdaLevel.N3, patient or FictionalPatient())]).attachments[0].octets


def letter_with_documents(
    *types: str, level: CdaLevel = CdaLevel.N3, patient: FictionalPatient | None = None, flaw: str | None = None
) -> LetterFields:
    """Subject, fields and files of a letter with a document of each type (codes of JDV_J07), to be sent by REST to whom you like.

    `flaw`: the one thing that is broken, by its name (`mss-sim document` lists them), in a document of the patient of the national samples.

    Raises
    ------
    KeyError
        There is no flaw of that name.
    """
    broken = FLAWS[flaw] if flaw else None
    depth = (broken.level if broken else None) or level
    who = None if broken else patient or FictionalPatient()
    parcel = make_parcel([_paper(one, depth, who) for one in types or (_LIAISON,)], broken.steps if broken else Steps())
    return {
        "subject": parcel.subject,
        "headers": parcel.headers,
        "attachments": [
            {"filename": one.name, "content_type": one.content_type, "content_base64": base64.b64encode(one.octets).decode("ascii")}
            for one in parcel.attachments
        ],
    }


def _paper(type_: str, level: CdaLevel, patient: FictionalPatient | None) -> Paper:
    if patient is None:
        return Paper(_AT, type=type_, level=level)
    given = patient.given.split(" ")[0]
    who = Patient(patient.ins, InsOid.NIR_TEST, patient.family, patient.given, given, patient.born, patient.sex, patient.place)
    return Paper(_AT, who, type=type_, level=level)
