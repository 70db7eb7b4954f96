"""An entry of METADATA.XML held against the CDA that it describes, attribute by attribute (ref: ans-cda#xdm)."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from mss_sim.documents import metadata_kinds as kinds
from mss_sim.documents import value_sets
from mss_sim.documents.cda import Cda, Number, instant
from mss_sim.documents.cda_rules import same_name
from mss_sim.documents.findings import Kind, Notes
from mss_sim.documents.metadata import Patient, RegistryObject, patient_of
from mss_sim.vocabulary.documents import Root, Scheme

_FORMATS = frozenset(
    {
        *("urn:ihe:lab:xd-lab:2008", "urn:asip:ci-sis:vsm:2012", "urn:asip:ci-sis:crh:2009", "urn:asipSante:modelesHorsProfils:2011"),
        *(f"urn:asip:ci-sis:{name}:2009" for name in ("tap", "psc", "ppv", "dci", "avk")),
        *(f"urn:asip:ci-sis:{name}:2011" for name in ("idap", "frcp")),
        *(f"urn:asip:ci-sis:{name}:2012" for name in ("cs9", "cs24")),
        *("urn:ihe:pcc:ic:2009", "urn:ihe:qrph:hbs:2009", "urn:ihe:iti:xds-sd:pdf:2008"),
    }
)
"""Formats that the national stylesheet writes, and the generic one of a PDF (ref: ans-cda#xdm)."""
_PATHOLOGY = "urn:ihe:pat:apsr:"


class _Pair(NamedTuple):
    """An attribute: what the metadata say, what the document says, and what it is when they differ."""

    name: str
    seen: str
    expected: str
    kind: Kind = kinds.VALUE_DIFFERS


def compare(entry: RegistryObject, cda: Cda, document: str, notes: Notes) -> None:
    """Tell what an entry leaves out of its document, or says otherwise."""
    where = entry.id
    if not entry.identifier(Scheme.ENTRY_ID):
        notes.add(kinds.REQUIRED_MISSING, document, f"{where}/uniqueId", expected=str(cda.id))
    for pair in (*_identity(entry, cda), *_codes(entry, cda), *_instants(entry, cda), *_people(entry, cda)):
        place = f"{where}/{pair.name}"
        if not pair.seen:
            notes.add(kinds.KNOWN_MISSING if pair.expected else kinds.UNKNOWN_MISSING, document, place, expected=pair.expected or None)
        elif pair.expected and pair.seen != pair.expected:
            notes.add(pair.kind, document, place, seen=pair.seen, expected=pair.expected)
    _check_listed(entry, document, notes)


def _identity(entry: RegistryObject, cda: Cda) -> Iterator[_Pair]:
    identifier = next((value for value in entry.identifiers.get(Scheme.ENTRY_ID, ()) if "^^^" not in value), "")
    if identifier:
        yield _Pair("uniqueId", identifier, str(cda.id), kinds.ID_DIFFERS)
    patients = [patient for patient in map(patient_of, entry.patients()) if patient is not None]
    seen = str(patients[0].number) if patients else ""
    if seen or not entry.patients():  # one of another form was told
        yield _Pair("patientId", seen, str(cda.ins) if cda.ins else "", kinds.PATIENT_DIFFERS)
    local = str(cda.local_numbers[0]) if cda.local_numbers else ""
    own = patient_of(entry.slot("sourcePatientId"))
    known = {str(number) for number in (*cda.local_numbers, *((cda.ins,) if cda.ins else ()))}
    yield _Pair("sourcePatientId", entry.slot("sourcePatientId"), entry.slot("sourcePatientId") if _is_known(own, known) else local)
    yield from _traits(entry, cda)


def _is_known(patient: Patient | None, known: set[str]) -> bool:
    return patient is not None and str(patient.number) in known


def _traits(entry: RegistryObject, cda: Cda) -> Iterator[_Pair]:
    """The fields of the slot that tells who the patient is: name, birth date, sex."""
    told = defaultdict(str)
    for text in entry.slots.get("sourcePatientInfo") or entry.slots.get("SourcePatientInfo") or ():
        name, _, value = text.partition("|")
        told[name] = value
    family, given = [*told["PID-5"].split("^"), "", ""][:2]
    for name, seen, expected in (("PID-5/1", family, cda.birth_name), ("PID-5/2", given, cda.first_given)):
        yield _Pair(f"sourcePatientInfo/{name}", expected if same_name(seen, expected) else seen, expected)
    yield _Pair("sourcePatientInfo/PID-7", told["PID-7"][:8], cda.birth_date)
    yield _Pair("sourcePatientInfo/PID-8", told["PID-8"], {"UN": "U"}.get(cda.sex, cda.sex))


def _codes(entry: RegistryObject, cda: Cda) -> Iterator[_Pair]:
    for name, scheme, expected, kind in (
        ("typeCode", Scheme.TYPE, cda.type.code, kinds.TYPE_DIFFERS),
        ("confidentialityCode", Scheme.CONFIDENTIALITY, next(iter(cda.confidentiality), ""), kinds.VALUE_DIFFERS),
        ("healthcareFacilityTypeCode", Scheme.FACILITY, cda.facility.code, kinds.VALUE_DIFFERS),
        ("practiceSettingCode", Scheme.PRACTICE, cda.practice.code, kinds.VALUE_DIFFERS),
    ):
        code = entry.code(scheme)
        yield _Pair(name, code.code if code else "", expected, kind)
    for name, scheme in (("classCode", Scheme.CLASS), ("formatCode", Scheme.FORMAT)):
        code = entry.code(scheme)
        yield _Pair(name, code.code if code else "", "")
    yield _Pair("languageCode", entry.slot("languageCode"), cda.value("languageCode", "code"))
    yield _Pair("title", entry.title, cda.title)


def _instants(entry: RegistryObject, cda: Cda) -> Iterator[_Pair]:
    """Instants are the same in UTC, however they are written; those that the document does not tell are due from nobody."""
    for name, text in (
        ("creationTime", cda.value("effectiveTime")),
        ("serviceStartTime", cda.act_began),
        ("serviceStopTime", cda.act_ended),
    ):
        seen, expected = entry.slot(name), instant(text)
        if expected is None:
            continue
        known = instant(seen) if seen else None
        same = known is not None and expected.strftime("%Y%m%d%H%M%S").startswith(known.strftime("%Y%m%d%H%M%S")[: len(seen)])
        written = expected.strftime("%Y%m%d%H%M%S")
        yield _Pair(name, written if same else seen, written)


def _people(entry: RegistryObject, cda: Cda) -> Iterator[_Pair]:
    authors = [text for author in entry.authors for text in author.get("authorPerson", ())]
    yield _Pair("author", *_same_number(authors, cda.numbers("author/assignedAuthor/id")))
    signers = entry.slots.get("legalAuthenticator", [])
    yield _Pair("legalAuthenticator", *_same_number(signers, cda.numbers("legalAuthenticator/assignedEntity/id")))


def _same_number(texts: list[str], numbers: tuple[Number, ...]) -> tuple[str, str]:
    """What is told and what is expected: one and the same where a person of the metadata has a number of the document."""
    expected = next((number.extension for number in numbers if number.root == Root.PROFESSIONALS), "")
    told = [text.partition("^")[0] for text in texts]
    known = {number.extension for number in numbers}
    if not told:
        return "", expected
    return (expected, expected) if not expected or known & set(told) else (told[0], expected)


def _check_listed(entry: RegistryObject, document: str, notes: Notes) -> None:
    code = entry.code(Scheme.FORMAT)
    if code and code.code and code.code not in _FORMATS and not code.code.startswith(_PATHOLOGY):
        notes.add(kinds.FORMAT_UNKNOWN, document, f"{entry.id}/formatCode", seen=code.code)
    for name, scheme, listed, kind in (
        ("practiceSettingCode", Scheme.PRACTICE, value_sets.practices(), kinds.PRACTICE_NOT_LISTED),
        ("healthcareFacilityTypeCode", Scheme.FACILITY, value_sets.facilities(), kinds.FACILITY_NOT_LISTED),
    ):
        code = entry.code(scheme)
        if code and code.code and listed.system_of(code.code) is None:
            notes.add(kind, document, f"{entry.id}/{name}", seen=code.code)
