"""What metadata, subject and names say held against the documents: each attribute by itself, and what may be written in several ways."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest

from mss_sim.documents.diagnosing import diagnose_file
from mss_sim.documents.making.flaws import FLAWS
from mss_sim.documents.making.parcel import Parcel, Steps, make_files, make_parcel
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.vocabulary.documents import CdaLevel, DocumentKind, Scheme
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.parcels import PRACTICE, codes, found, letter, paper, posted
from tests.pure.test_mdn import composed

_INS = "1.2.250.1.213.1.4.10^"
_USUAL = "ins.test-root"
"""The patient of the samples has a number of the tests."""


def _slot(name: str, old: str, new: str) -> Callable[[bytes], bytes]:
    """A value of a slot of the entry of the document in the place of another."""

    def put(octets: bytes) -> bytes:
        before, entry, after = octets.partition(b"<rim:ExtrinsicObject")
        changed, count = re.subn(
            rf'(<rim:Slot name="{name}">(?:(?!</rim:Slot>).)*?){re.escape(old)}'.encode(),
            lambda slot: slot[1] + new.encode(),
            after,
            flags=re.DOTALL,
        )
        assert count == 1, name
        return before + entry + changed

    return put


def _node(old: str, new: str) -> Callable[[bytes], bytes]:
    """A code of a classification in the place of another."""

    def put(octets: bytes) -> bytes:
        written = f'nodeRepresentation="{old}"'.encode()
        assert octets.count(written) == 1
        return octets.replace(written, f'nodeRepresentation="{new}"'.encode())

    return put


def _title(octets: bytes) -> bytes:
    before, entry, after = octets.partition(b"<rim:ExtrinsicObject")
    return before + entry + after.replace(b'value="Lettre', b'value="Courrier', 1)


_OTHER, _MARTIN = "899700420047", "899700420013"
_DIFFERENT: dict[str, Callable[[bytes], bytes]] = {
    "creationTime": _slot("creationTime", "20260105090000", "20260105100000"),
    "serviceStartTime": _slot("serviceStartTime", "20260105090000", "20260105090001"),
    "languageCode": _slot("languageCode", "fr-FR", "fr-CA"),
    "legalAuthenticator": _slot("legalAuthenticator", _MARTIN, _OTHER),
    "author": _slot("authorPerson", _MARTIN, _OTHER),
    "sourcePatientId": _slot("sourcePatientId", "IPP-1", "IPP-2"),
    "sourcePatientInfo/PID-5/1": _slot("sourcePatientInfo", "PAT-TROIS", "PAT-QUATRE"),
    "sourcePatientInfo/PID-5/2": _slot("sourcePatientInfo", "DOMINIQUE", "MARIE"),
    "sourcePatientInfo/PID-7": _slot("sourcePatientInfo", "19790328", "19790329"),
    "sourcePatientInfo/PID-8": _slot("sourcePatientInfo", "PID-8|F", "PID-8|M"),
    "confidentialityCode": _node("N", "R"),
    "healthcareFacilityTypeCode": _node("SA07", "SA08"),
    "practiceSettingCode": _node("AMBULATOIRE", "ETABLISSEMENT"),
    "title": _title,
}


def _told(raw: bytes) -> list[tuple[str, str]]:
    """(code, place) of what a diagnosis says beside the usual."""
    return [(one.kind.code, one.where) for one in found(raw).findings if one.kind.code != _USUAL]


@pytest.mark.parametrize("name", _DIFFERENT)
def test_an_attribute_that_says_something_else_is_told_by_its_name(name: str) -> None:
    assert _told(letter(steps=Steps(metadata=_DIFFERENT[name]))) == [("metadata.differs", f"Document01/{name}")]


def _changed(pattern: str, new: str) -> Callable[[bytes], bytes]:
    """The first place of the entry of the document that is so written, written otherwise."""

    def put(octets: bytes) -> bytes:
        before, entry, after = octets.partition(b"<rim:ExtrinsicObject")
        changed, count = re.subn(pattern.encode(), new.encode(), entry + after, count=1, flags=re.DOTALL)
        assert count == 1, pattern
        return before + changed

    return put


_NO_TITLE = [("metadata.known-missing", "Document01/title")]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            _changed(r'(ExtrinsicObject[^>]*?) id="[^"]*"', r"\1"), [("metadata.known-no-association", "")], id="an entry without id"
        ),
        pytest.param(_changed(r' mimeType="[^"]*"', ""), [], id="without the kind of its octets"),
        pytest.param(_changed(r' nodeRepresentation="[^"]*"', ""), [], id="a classification without its code"),
        pytest.param(
            _changed(r'Slot name="creationTime"', "Slot"), [("metadata.known-missing", "Document01/creationTime")], id="a slot without name"
        ),
        pytest.param(_changed(r"(<rim:Name>.*?)<rim:LocalizedString[^>]*/>", r"\1"), _NO_TITLE, id="a name without text"),
        pytest.param(_changed(r'(LocalizedString[^>]*?) value="[^"]*"', r"\1"), _NO_TITLE, id="a text without value"),
    ],
)
def test_what_lacks_an_attribute_of_the_registry_has_none(change: Callable[[bytes], bytes], told: list[tuple[str, str]]) -> None:
    assert _told(letter(steps=Steps(metadata=change))) == told


@pytest.mark.parametrize("uri", ["/etc/passwd", "C:DOC00001.XML", "..\\DOC00001.XML", "file:DOC00001.XML"])
def test_a_place_outside_the_archive_is_told_as_it_is_written(uri: str) -> None:
    told = [
        one
        for one in found(letter(steps=Steps(metadata=_slot("URI", "DOC00001.XML", uri)))).findings
        if one.kind.code.startswith("metadata.")
    ]
    assert [(one.kind.code, one.document, one.where, one.seen) for one in told] == [
        ("metadata.uri-outside", "IHE_XDM.ZIP/IHE_XDM/SUBSET01/METADATA.XML", "Document01/URI", uri)
    ]


def _without_slot(name: str) -> Callable[[bytes], bytes]:
    def drop(octets: bytes) -> bytes:
        before, entry, after = octets.partition(b"<rim:ExtrinsicObject")
        changed, count = re.subn(rf'<rim:Slot name="{name}">.*?</rim:Slot>'.encode(), b"", after, count=1, flags=re.DOTALL)
        assert count == 1, name
        return before + entry + changed

    return drop


def _without_scheme(scheme: str) -> Callable[[bytes], bytes]:
    """What stands under a scheme stands under one that nobody knows."""

    def drop(octets: bytes) -> bytes:
        assert octets.count(scheme.encode()) == 1
        return octets.replace(scheme.encode(), b"urn:uuid:00000000-0000-4000-8000-000000000000")

    return drop


def _without_identifier(scheme: str) -> Callable[[bytes], bytes]:
    """The identifier of a patient is known by its form, too, whatever it stands under."""

    def drop(octets: bytes) -> bytes:
        changed, count = re.subn(rf'<rim:ExternalIdentifier [^>]*"{scheme}".*?</rim:ExternalIdentifier>'.encode(), b"", octets)
        assert count == 1
        return changed

    return drop


_ABSENT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "Document01/hash": (_without_slot("hash"), "metadata.required-missing"),
    "Document01/size": (_without_slot("size"), "metadata.required-missing"),
    "Document01/URI": (_without_slot("URI"), "metadata.required-missing"),
    "Document01/uniqueId": (_without_scheme(Scheme.ENTRY_ID), "metadata.required-missing"),
    "RegistryPackage/uniqueId": (_without_scheme(Scheme.SET_ID), "metadata.required-missing"),
    "RegistryPackage/sourceId": (_without_scheme(Scheme.SET_SOURCE), "metadata.required-missing"),
    "RegistryPackage/patientId": (_without_identifier(Scheme.SET_PATIENT), "metadata.known-missing"),
    "RegistryPackage/author": (_without_scheme(Scheme.SET_AUTHOR), "metadata.unknown-missing"),
    "RegistryPackage/contentTypeCode": (_without_scheme(Scheme.SET_CONTENT_TYPE), "metadata.unknown-missing"),
    "Document01/patientId": (_without_identifier(Scheme.ENTRY_PATIENT), "metadata.known-missing"),
    "Document01/typeCode": (_without_scheme(Scheme.TYPE), "metadata.known-missing"),
    "Document01/confidentialityCode": (_without_scheme(Scheme.CONFIDENTIALITY), "metadata.known-missing"),
    "Document01/healthcareFacilityTypeCode": (_without_scheme(Scheme.FACILITY), "metadata.known-missing"),
    "Document01/practiceSettingCode": (_without_scheme(Scheme.PRACTICE), "metadata.known-missing"),
    "Document01/classCode": (_without_scheme(Scheme.CLASS), "metadata.unknown-missing"),
    "Document01/formatCode": (_without_scheme(Scheme.FORMAT), "metadata.unknown-missing"),
    **{
        f"Document01/{name}": (_without_slot(name), "metadata.known-missing")
        for name in ("creationTime", "serviceStartTime", "languageCode", "legalAuthenticator", "sourcePatientId")
    },
}


@pytest.mark.parametrize("place", _ABSENT)
def test_an_attribute_that_is_left_out_is_told_by_its_name(place: str) -> None:
    drop, code = _ABSENT[place]
    told = _told(letter(steps=Steps(metadata=drop)))
    assert (code, place) in told
    assert {found_ for found_, _ in told if found_.startswith("metadata.")} == {code}


def _ends(octets: bytes) -> bytes:
    """The act of the document is over half an hour later."""
    low = b'<low value="20260105100000+0100"/>'
    return octets.replace(low, low + b'<high value="20260105103000+0100"/>', 1)


def _stops(at: str) -> Callable[[bytes], bytes]:
    stop = f'<rim:Slot name="serviceStopTime"><rim:ValueList><rim:Value>{at}</rim:Value></rim:ValueList></rim:Slot>\n'
    return lambda octets: octets.replace(b'<rim:Slot name="sourcePatientId">', stop.encode() + b'<rim:Slot name="sourcePatientId">', 1)


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        (_stops("20260105093000"), []),
        (_stops("20260105103000"), [("metadata.differs", "Document01/serviceStopTime")]),
        (lambda octets: octets, [("metadata.known-missing", "Document01/serviceStopTime")]),
    ],
)
def test_the_end_of_the_act_is_held_against_the_document(metadata: Callable[[bytes], bytes], told: list[tuple[str, str]]) -> None:
    assert _told(letter(steps=Steps(cda=_ends, metadata=metadata))) == told


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param(_slot("creationTime", "20260105090000", "202601050900"), id="an instant to the minute"),
        pytest.param(lambda octets: re.sub(rb"[0-9a-f]{40}", lambda digest: digest[0].upper(), octets), id="a hash in capitals"),
        pytest.param(_slot("URI", "DOC00001.XML", "../SUBSET01/DOC00001.XML"), id="a URI that leads up and down again"),
        pytest.param(_slot("URI", "DOC00001.XML", "DOC%30%30001.XML"), id="a URI with escapes"),
        pytest.param(_slot("sourcePatientInfo", "PAT-TROIS^DOMINIQUE", "Pat Trois^Dominique"), id="a name in small letters"),
    ],
)
def test_what_the_metadata_may_write_otherwise(metadata: Callable[[bytes], bytes]) -> None:
    assert _told(letter(steps=Steps(metadata=metadata))) == []


def _subject(before: str, after: str = "") -> Callable[[Parcel], Parcel]:
    return lambda parcel: replace(parcel, subject=parcel.subject.replace("XDM/1.0/DDM+", f"{before}XDM/1.0/DDM+{after}"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            lambda parcel: replace(parcel, attachments=(replace(parcel.attachments[0], name="ihe_xdm.zip"), *parcel.attachments[1:])),
            [],
            id="the archive in small letters",
        ),
        pytest.param(_subject("", "[Annule et remplace] "), [], id="a correction, told behind the mark"),
        pytest.param(_subject("[Annule et remplace] "), ["subject.mark-not-first"], id="a correction, told before the mark"),
        pytest.param(lambda parcel: replace(parcel, subject=parcel.subject.removesuffix(" 28/03/1979")), [], id="no birth date"),
    ],
)
def test_what_a_letter_may_write_otherwise(change: Callable[[Parcel], Parcel], told: list[str]) -> None:
    assert [code for code, _ in _told(letter(steps=Steps(parcel=change)))] == told


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        pytest.param(Steps(), "claims PDF/A-1", id="right"),
        pytest.param(FLAWS["pdf-javascript"].steps, "contradicts its claim", id="JavaScript"),
        pytest.param(FLAWS["pdf-a-2"].steps, "claims nothing", id="another part"),
        pytest.param(Steps(pdf=lambda octets: octets.replace(b"conformance>B", b"conformance>U")), "contradicts its claim", id="no level"),
        pytest.param(FLAWS["pdf-not-claimed"].steps, "claims nothing", id="no claim"),
        pytest.param(FLAWS["pdf-encrypted"].steps, "contradicts its claim", id="encrypted"),
        pytest.param(FLAWS["pdf-damaged"].steps, "unreadable", id="damaged"),
    ],
)
@pytest.mark.parametrize("level", CdaLevel)
def test_of_a_pdf_is_told_what_it_claims_in_one_of_four_words(steps: Steps, verdict: str, level: CdaLevel) -> None:
    diagnosis = found(letter(level, steps))
    told = [one.facts["verdict"] for one in diagnosis.documents if one.kind is DocumentKind.PDF]
    assert (set(told), len(told) > 0) == ({verdict}, True)


def test_the_patient_of_the_submission_set_is_that_of_its_documents() -> None:
    number = b'"279035121518989^^^&amp;'

    def other(octets: bytes) -> bytes:
        assert octets.count(number) == 2
        return octets.replace(number, b'"146026322000196^^^&amp;', 1)

    (told,) = [one for one in found(letter(steps=Steps(metadata=other))).findings if one.kind.code != _USUAL]
    assert (told.kind.code, told.where, told.seen, str(told.expected)) == (
        *("metadata.patient-differs", "RegistryPackage/patientId"),
        *(f"{_INS}146026322000196", f"{_INS}279035121518989"),
    )


def _untied(octets: bytes) -> bytes:
    changed, count = re.subn(rb"<rim:Association [^>]*AssociationType:RPLC.*?(?:/>|</rim:Association>)\n?", b"", octets)
    assert count == 1
    return changed


def test_a_document_that_replaces_another_is_tied_to_it_in_the_metadata() -> None:
    papers = [replace(paper(), replaces="2.25.4711", version=2)]
    assert codes(found(posted(make_parcel(papers)))) == [_USUAL]
    assert _told(posted(make_parcel(papers, Steps(metadata=_untied)))) == [("metadata.known-missing", "Document01/Association")]
    alone = Steps(metadata=lambda octets: re.sub(rb"<rim:Association .*?(?:/>|</rim:Association>)", b"", octets, flags=re.DOTALL))
    assert _told(posted(make_parcel(papers, alone))) == [("metadata.known-no-association", "Document01")], (
        "as the national stylesheet has it"
    )


_NOBODY = {"number": "", "root": ""}


@pytest.mark.parametrize(
    ("first", "second", "several"),
    [
        (_NOBODY, {**_NOBODY, "birth_name": "SANTUCCI"}, True),
        (_NOBODY, {**_NOBODY, "born": "19700315"}, True),
        ({}, {**_NOBODY, "birth_name": "SANTUCCI"}, True),
        (_NOBODY, {**_NOBODY, "birth_name": "Pat Trois"}, False),
        ({}, _NOBODY, False),
    ],
)
def test_patients_without_an_ins_are_told_apart_by_name_and_birth_date(
    first: dict[str, str], second: dict[str, str], several: bool
) -> None:
    papers = [replace(paper(), patient=replace(paper().patient, **given)) for given in (first, second)]
    assert ("xdm.several-patients" in codes(found(posted(make_parcel(papers))))) is several


def test_an_archive_may_hold_several_submission_sets_of_one_patient() -> None:
    first, second = (make_files([one], [write_pdf(one)]) for one in (paper(), paper(CdaLevel.N3, "18748-4")))
    both = {**first, **{path.replace("SUBSET01", "SUBSET02"): octets for path, octets in second.items()}}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, octets in both.items():
            archive.writestr(path, octets)
    diagnosis = diagnose_file(made.getvalue(), "IHE_XDM.ZIP", PRACTICE)
    assert codes(diagnosis) == [_USUAL, _USUAL]
    assert [one.document for one in diagnosis.documents if one.kind is DocumentKind.CDA] == [
        f"IHE_XDM.ZIP/IHE_XDM/SUBSET0{number}/DOC00001.XML" for number in (1, 2)
    ]


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("[KO Intégration système !][902] ", []),
        ("[Erreur d'intégration !][902] ", []),
        ("[Erreur d’intégration !] ", []),
        ("[KO Intégration système !][903] ", ["receipt.subject"]),
    ],
)
def test_a_failed_integration_is_announced_in_either_bracket(mark: str, told: list[str]) -> None:
    raw = composed(Language.FR, disposition=Disposition.PROCESSED, automatic_action=True, automatic_sending=True, error="902^Inconnu")
    head, _, rest = raw.partition(b"\r\n\r\n")
    kept = re.sub(rb"(?mi)^Subject:[^\r]*(?:\r\n[ \t][^\r]*)*\r\n", b"", head + b"\r\n")
    assert codes(found(f"X-MSS-NIL: 1\r\nSubject: {mark}Bilan\r\n".encode() + kept + b"\r\n" + rest)) == told
