"""Documents made for people of a world: whose they are, what is left out of them, what is refused."""

import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from mss_sim.core.access.patient_identities import of_person
from mss_sim.core.control.documents_on_demand import Wanted, make
from mss_sim.documents.making.parcel import Parcel
from mss_sim.errors import Rule
from mss_sim.store import patients
from mss_sim.vocabulary.documents import CdaLevel
from mss_sim.vocabulary.patients import PatientState, Sex
from tests.core.towns import Town, refused
from tests.parcels import codes, found, grave, posted

_HL7 = "{urn:hl7-org:v3}"
_PATIENT, _DOCTOR = "285037511300167", "899700420013"


async def _made(town: Town, **given: object) -> tuple[Parcel, str | None]:
    wanted: dict[str, object] = {"types": ["11490-0"], **given}
    return await make(town.world, Wanted(**wanted))  # type: ignore[arg-type]


@pytest.mark.parametrize("level", CdaLevel)
async def test_documents_of_a_patient_of_the_world_are_right(town: Town, level: CdaLevel) -> None:
    parcel, finding = await _made(town, patient=_PATIENT, author=_DOCTOR, level=level, text=["Tout va bien."])
    assert finding is None
    assert "FONTAINE" in parcel.subject
    assert grave(found(posted(parcel))) == []


@pytest.mark.parametrize(
    ("state", "told"), [(PatientState.QUALIFIED, "O"), (PatientState.MES_CLOSED, "O"), (PatientState.PROVISIONAL, "N")]
)
async def test_a_number_that_is_not_proven_is_not_given_away(town: Town, state: PatientState, told: str) -> None:
    person = await town.identity(_PATIENT)
    known = (await of_person(town.world, person))[0]
    await town.world.store.write(lambda conn: patients.replace_all(conn, person.id, [replace(known, state=state)]))
    parcel, _ = await _made(town, patient=_PATIENT)
    diagnosis = found(posted(parcel))
    assert (parcel.headers["X-MSS-INS"], grave(diagnosis), "ins.absent" in codes(diagnosis)) == (told, [], told == "N")


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({}, "FONTAINE Claire 19850312 F 75113"),
        ({"sex": Sex.MALE}, "FONTAINE Claire 19850312 M 75113"),
        ({"sex": None, "birth_date": None, "birth_place": ""}, "FONTAINE Claire UN"),
        ({"birth_name": "MARCHAND", "given_names": "Claire Lise"}, "MARCHAND Claire Lise 19850312 F 75113"),
        ({"birth_name": "", "given_names": ""}, "FONTAINE Claire 19850312 F 75113"),
        (None, "FONTAINE Claire UN"),
    ],
)
async def test_a_document_tells_the_traits_that_are_known_of_its_patient(town: Town, known: dict[str, Any] | None, told: str) -> None:
    """Of somebody without a national identity, those of the person."""
    person = await town.identity(_PATIENT)
    rows = [] if known is None else [replace((await of_person(town.world, person))[0], state=PatientState.PROVISIONAL, **known)]
    await town.world.store.write(lambda conn: patients.replace_all(conn, person.id, rows))
    parcel, _ = await _made(town, patient=_PATIENT)
    [patient] = etree.fromstring(_document(parcel)).iter(f"{_HL7}patient")
    names = [next(patient.iter(f"{_HL7}{name}")) for name in ("family", "given")]
    sex, born, place = (next(patient.iter(f"{_HL7}{name}"), None) for name in ("administrativeGenderCode", "birthTime", "county"))
    found = [one.text for one in names]
    found += [one.get(name) for one, name in ((born, "value"), (sex, "code")) if one is not None]
    found += [place.text] if place is not None else []
    assert " ".join(one for one in found if one) == told


def _document(parcel: Parcel) -> bytes:
    """The CDA document in the archive of a letter."""
    [archive] = [one.octets for one in parcel.attachments if one.name.endswith(".ZIP")]
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        [name] = [one for one in opened.namelist() if one.endswith(".XML") and "METADATA" not in one]
        return opened.read(name)


@pytest.mark.parametrize(("flaw", "code"), [("hash-wrong", "xdm.hash-mismatch"), ("pdf-of-another", "letter.pdf-differs")])
async def test_a_flaw_says_its_finding(town: Town, flaw: str, code: str) -> None:
    """The second breaks a document of level N1, whatever level is asked for."""
    parcel, finding = await _made(town, flaw=flaw)
    assert (finding, code in codes(found(posted(parcel)))) == (code, True)
    assert "ins.test-root" in codes(found(posted(parcel)))


@pytest.mark.parametrize(
    ("given", "rule", "words"),
    [
        pytest.param({"flaw": "nothing"}, Rule.INVALID, "no flaw nothing", id="an unknown flaw"),
        pytest.param({"flaw": "hash-wrong", "patient": _PATIENT}, Rule.INVALID, "of the samples", id="a flaw for somebody"),
        pytest.param({"flaw": "hash-wrong", "types": ["11490-0", "11502-2"]}, Rule.INVALID, "one type", id="a flaw for two"),
        pytest.param({"patient": "1"}, Rule.NOT_FOUND, "no identity", id="nobody's"),
        pytest.param({"patient": _DOCTOR}, Rule.INVALID, "no patient", id="a doctor for a patient"),
        pytest.param({"author": _PATIENT}, Rule.INVALID, "signs no document", id="a patient for a doctor"),
    ],
)
async def test_what_cannot_be_made_is_refused(town: Town, given: dict[str, object], rule: Rule, words: str) -> None:
    with refused(rule, words):
        await _made(town, **given)
