"""Every kind of finding, each shown by one letter: what is changed in a right one, and all that a diagnosis then says beside the usual."""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from mss_sim.documents import archive_kinds, cda_kinds, letter_kinds, metadata_kinds, pdf_kinds, schematron
from mss_sim.documents.cda import instant
from mss_sim.documents.diagnosing import diagnose_file
from mss_sim.documents.findings import Diagnosis, Finding, Kind, Notes, deviation, error, info, warning
from mss_sim.documents.making.flaws import FLAWS
from mss_sim.documents.making.parcel import FOLDER, Attachment, Parcel, Steps, make_parcel
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.documents.pdf import inspect
from mss_sim.documents.practice import Practice
from mss_sim.documents.record import read_record, write_record
from mss_sim.vocabulary.documents import CdaLevel, FindingLevel, Scheme
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from mss_sim.words.sentence import quoted
from tests.parcels import PRACTICE, SECRETARY, codes, found, letter, paper, posted
from tests.pure.test_linear_documents import _HOSTILE
from tests.pure.test_mdn import composed

_USUAL = "ins.test-root"
"""The patient of the samples has a number of the tests."""


def _put(old: str, new: str, times: int = -1) -> Callable[[bytes], bytes]:
    """One text in the place of another; as long as that where PDF counts its octets."""

    def put(octets: bytes) -> bytes:
        assert old.encode() in octets, old
        return octets.replace(old.encode(), new.encode(), times)

    return put


def _files(**given: bytes) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: {**files, **given}


def _drop(pattern: str) -> Callable[[bytes], bytes]:
    def drop(octets: bytes) -> bytes:
        changed, count = re.subn(pattern.encode(), b"", octets, flags=re.DOTALL)
        assert count, pattern
        return changed

    return drop


def _fields(**given: str) -> Callable[[Parcel], Parcel]:
    named = {name.replace("_", "-"): value for name, value in given.items()}
    return lambda parcel: replace(parcel, headers={**parcel.headers, **named})


def _first_file(**given: object) -> Callable[[Parcel], Parcel]:
    return lambda parcel: replace(parcel, attachments=(replace(parcel.attachments[0], **given), *parcel.attachments[1:]))  # type: ignore[arg-type]


def _subject(text: str) -> Callable[[Parcel], Parcel]:
    return lambda parcel: replace(parcel, subject=text)


_KEEPER = '<representedCustodianOrganization><id root="1.2.250.1.71.4.2.2" extension="1750000001"'
_ARCHIVE: dict[str, Steps] = {
    "xdm.index-no-link": Steps(files=_files(**{"INDEX.HTM": b"<html><body><p>Cabinet</p></body></html>"})),
    "xdm.index-no-institution": Steps(files=_files(**{"INDEX.HTM": b'<html><body><a href="README.TXT">README.TXT</a></body></html>'})),
    "xdm.readme-incomplete": Steps(files=_files(**{"README.TXT": "Émetteur : Cabinet des Tilleuls\r\n".encode()})),
    "xdm.ignored-file": Steps(files=_files(**{f"{FOLDER}/IMAGE.PNG": b"\x89PNG"})),
    "metadata.known-no-association": Steps(metadata=_drop("<rim:Association .*?</rim:Association>")),
    "metadata.known-no-node": Steps(metadata=_drop("<rim:Classification id=.SubmissionSet01node.*?/>")),
    "metadata.known-lower-case": Steps(metadata=_put("rim:Classification", "rim:classification")),
    "metadata.known-capital": Steps(metadata=_put("sourcePatientInfo", "SourcePatientInfo")),
    "metadata.known-ins-c": Steps(metadata=_put("&amp;ISO^NH", "&amp;ISO^INS-C", 1)),
    "metadata.patient-scheme": Steps(metadata=_put(Scheme.ENTRY_PATIENT, Scheme.SET_SOURCE)),
    "metadata.known-patient-scheme": Steps(metadata=_put(Scheme.ENTRY_PATIENT, Scheme.ENTRY_ID)),
    "metadata.known-bare-scheme": Steps(metadata=_put(Scheme.ENTRY_PATIENT, "urn:uuid:")),
    "metadata.patient-form": Steps(metadata=_put("&amp;ISO^NH", "", 1)),
    "metadata.required-missing": Steps(metadata=_drop('<rim:Slot name="submissionTime">.*?</rim:Slot>')),
    "metadata.unknown-missing": Steps(metadata=_put(Scheme.FORMAT, "urn:uuid:other")),
    "metadata.mime-type": Steps(metadata=_put('mimeType="text/xml"', 'mimeType="application/xml"')),
    "metadata.id-differs": Steps(metadata=lambda octets: octets.replace(paper().id.encode(), b"2.25.1")),
    "metadata.differs": Steps(metadata=_put('value="Lettre', 'value="Courrier')),
    "metadata.format-unknown": Steps(metadata=_put("urn:asipSante:modelesHorsProfils:2011", "urn:of:ours:2026")),
    "metadata.practice-not-listed": Steps(metadata=_put("AMBULATOIRE", "ELSEWHERE"), cda=_put('code="AMBULATOIRE"', 'code="ELSEWHERE"')),
    "metadata.facility-not-listed": Steps(metadata=_put('"SA07"', '"SA99"'), cda=_put('code="SA07"', 'code="SA99"')),
}
_CDA: dict[str, Callable[[bytes], bytes]] = {
    "cda.element-twice": _put("<title>", '<versionNumber value="1"/><title>'),
    "cda.copy-time": _put("<title>", '<copyTime value="20260105"/><title>'),
    "cda.null-flavor": _put('<addr nullFlavor="NAV"/>', '<addr nullFlavor="NA"/>', 1),
    "cda.realm": _put('realmCode code="FR"', 'realmCode code="DE"'),
    "cda.type-id": _put("POCD_HD000040", "POCD_HD000041"),
    "cda.template-missing": _put("1.2.250.1.213.1.1.1.1", "1.2.250.1.213.1.1.1.2"),
    "cda.template-of-content": _put('<templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.1"/>', ""),
    "cda.telecom-use": _put("<telecom value", '<telecom use="WORK" value'),
    "cda.version": _put('versionNumber value="1"', 'versionNumber value="1.0"'),
    "cda.instant": _put('<effectiveTime value="20260105', '<effectiveTime value="2026-01-05'),
    "cda.custodian": _put(_KEEPER, _KEEPER.replace("71.4.2.2", "71.4.2.3")),
    "cda.organisation-id": _put(_KEEPER, _KEEPER.replace("1750000001", "175")),
    "cda.signature": _put('signatureCode code="S"', 'signatureCode code="X"'),
    "cda.professional-id": _put('extension="899700420013"', 'extension="99700420013"', 1),
    "cda.informant": _put("<custodian>", '<informant><relatedEntity classCode="NEIGHBOUR"/></informant><custodian>'),
    "cda.related-document": _put("<componentOf>", '<relatedDocument typeCode="APND"/><componentOf>'),
    "ins.address-differs": _put("mailto:279035121518989@", "mailto:146026322000196@"),
}  # fmt: skip
_PDF: dict[str, Callable[[bytes], bytes]] = {
    "pdf.conformance": _put("<pdfaid:conformance>B", "<pdfaid:conformance>U"),
    "pdf.launch": _put("/Producer (mss-sim)", "/S /Launch         "),
    "pdf.embedded-files": _put("/Producer (mss-sim)", "/EF << >>          "),
    "pdf.transparency": _put("/Producer (mss-sim)", "/S /Transparency   "),
    "pdf.no-output-intent": _put("/OutputIntents", "/OutputInventX"[:14]),
    "pdf.newer-structure": _put("/Type /Metadata ", "/Type /XRef     "),
}
_LETTER: dict[str, tuple[Callable[[Parcel], Parcel], dict[str, str]]] = {
    "letter.archive-type": (_first_file(content_type="text/plain"), {}),
    "letter.addressee-differs": (lambda parcel: parcel, {"to": "146026322000196@patient.mssante.fr"}),
    "subject.first-name": (_subject("XDM/1.0/DDM+Lettre de liaison à la sortie d'un établ PAT-TROIS MARIE 28/03/1979"), {}),
    "subject.accents": (_subject("XDM/1.0/DDM+Lettre de liaison a la sortie d'un etabl PAT-TROIS Dominique"), {}),
    "header.codecda-blanks": (_fields(X_MSS_CODECDA="11490-0 "), {}),
    "header.ins-missing": (lambda parcel: replace(parcel, headers={k: v for k, v in parcel.headers.items() if k != "X-MSS-INS"}), {}),
    "header.mes-value": (_fields(X_MSS_MES="fin"), {}),
    "header.mes-useless": (_fields(X_MSS_MES="FIN"), {}),
}
_BY_HAND = {"automatic_action": False}
"""Such a receipt has a subject for people."""
_RECEIPTS: dict[str, tuple[list[str], dict[str, object], tuple[str, str]]] = {
    "a reading": ([], {"disposition": Disposition.DISPLAYED}, ("", "")),
    "taken in": ([], {}, ("", "")),
    "refused": ([], {"error": "902^Identifiant de patient inconnu"}, ("", "")),
    "refused without the subject": (["receipt.subject"], {**_BY_HAND, "error": "902^Identifiant de patient inconnu"}, ("", "")),
    "refused for no known reason": (["receipt.unknown-code", "receipt.subject"], {**_BY_HAND, "error": "777^Autre"}, ("", "")),
    "refused for a long number": (["receipt.unknown-code", "receipt.subject"], {**_BY_HAND, "error": "000000902^Autre"}, ("", "")),
    "refused for a number": (["receipt.subject"], {**_BY_HAND, "error": "00000902^Autre"}, ("", "")),
    "refused without a word": (["receipt.error-without-words", "receipt.subject"], {**_BY_HAND, "error": "902"}, ("Error: 902\r\n", "")),
    "the older form": (
        ["receipt.old-form", "receipt.subject"], {**_BY_HAND, "error": "902^x"}, ("processed/error", "processed/Error: 902^x")
    ),
    "the form of IHE": (["receipt.ihe-form"], {"disposition": Disposition.DELETED, "error": "x"}, ("", "")),
    "no disposition": (["receipt.unreadable"], {}, ("Disposition: ", "Dispositon: ")),
    "without the letter": (["receipt.no-original"], {}, ("Content-Type: message/rfc822", "Content-Type: text/rfc822-headers")),
}  # fmt: skip
_ELSEWHERE = {
    "letter.pdf-without-archive",
    "letter.pdf-name-encoding",
    "letter.pdf-text",
    "letter.hidden-from-patient",
    "subject.mark-without-archive",
}
_ELSEWHERE |= {
    "header.codecda-without-cda",
    "header.ins-without-cda",
    "header.nil-differs",
    "receipt.attachments-repeated",
    "ins.absent",
    _USUAL,
}
_ELSEWHERE |= {
    "cda.schematron",
    "cda.biology-level",
    "cda.not-a-cda",
    "cda.type-incomplete",
    "cda.type-name",
    "cda.practice-setting",
    "cda.facility",
    "pdf.not-a-pdf",
}
_ELSEWHERE |= {
    "metadata.not-a-submission",
    "metadata.no-entry",
    "xdm.compression",
    "xdm.names-collide",
    "xdm.no-ihe-xdm",
    "xdm.no-submission-set",
}


def _beside_the_usual(raw: bytes) -> list[str]:
    return [code for code in codes(found(raw)) if code != _USUAL]


@pytest.mark.parametrize("code", _ARCHIVE)
def test_archives_and_metadata(code: str) -> None:
    extra = {"metadata.practice-not-listed": ["cda.practice-setting"], "metadata.facility-not-listed": ["cda.facility"]}
    assert sorted(set(_beside_the_usual(letter(steps=_ARCHIVE[code])))) == sorted([*extra.get(code, []), code])


@pytest.mark.parametrize("code", _CDA)
def test_headers_of_cda(code: str) -> None:
    extra = {"cda.professional-id": ["metadata.differs"]}
    assert _beside_the_usual(letter(steps=Steps(cda=_CDA[code]))) == [code, *extra.get(code, [])]


@pytest.mark.parametrize("code", _PDF)
@pytest.mark.parametrize("level", CdaLevel)
def test_pdf(code: str, level: CdaLevel) -> None:
    assert _beside_the_usual(letter(level, Steps(pdf=_PDF[code]))) == [code]


@pytest.mark.parametrize("code", _LETTER)
def test_letters(code: str) -> None:
    change, given = _LETTER[code]
    assert _beside_the_usual(letter(steps=Steps(parcel=change), to=given.get("to", SECRETARY))) == [code]


@pytest.mark.parametrize("name", _RECEIPTS)
def test_receipts(name: str) -> None:
    expected, given, (old, new) = _RECEIPTS[name]
    raw = composed(Language.EN, **{"disposition": Disposition.PROCESSED, "automatic_action": True, "automatic_sending": True, **given})
    assert old.encode() in raw
    changed = raw.replace(old.encode(), new.encode()) if old else raw
    assert _beside_the_usual(b"X-MSS-NIL: 1\r\n" + changed) == expected


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, octets in files.items():
            archive.writestr(name, octets)
    return made.getvalue()


_PAGES = {
    "INDEX.HTM": b"<html><body><p>Cabinet</p><a href='README.TXT'>x</a></body></html>",
    "README.TXT": b"emetteur logiciel editeur contenu",
}
_ALONE: dict[str, bytes] = {
    "cda.not-a-cda": b"<a/>",
    "pdf.not-a-pdf": b"",
    "xdm.compression": _zip({**_PAGES, "IHE_XDM/SUBSET01/METADATA.XML": b"x"}, zipfile.ZIP_BZIP2),
    "xdm.names-collide": _zip({**_PAGES, "README.txt": b"x"}),
    "xdm.no-ihe-xdm": _zip(_PAGES),
    "xdm.no-submission-set": _zip({**_PAGES, "IHE_XDM/A.TXT": b"x"}),
    "metadata.not-a-submission": _zip({**_PAGES, "IHE_XDM/SUBSET01/METADATA.XML": b"<a/>"}),
    "metadata.no-entry": _zip(
        {**_PAGES, "IHE_XDM/SUBSET01/METADATA.XML": b"<SubmitObjectsRequest><RegistryObjectList/></SubmitObjectsRequest>"}
    ),
}


@pytest.mark.parametrize("code", _ALONE)
def test_files_by_themselves(code: str) -> None:
    diagnose = partial(inspected, practice=PRACTICE) if code.startswith("pdf") else partial(diagnose_file, name="A.XML", practice=PRACTICE)
    assert code in codes(diagnose(_ALONE[code]))


def inspected(octets: bytes, practice: Practice) -> Diagnosis:
    """The diagnosis of octets that are taken for a PDF."""
    notes = Notes(practice.findings_max)
    inspect(octets, "A.PDF", practice, notes)
    return notes.diagnosis()


_ARCHIVE_AND_PDF = make_parcel([paper()])
_HEADERS = {"X-MSS-NIL": "1"}
_NO_ARCHIVE: dict[str, Parcel] = {
    "letter.pdf-without-archive": Parcel("Bilan", _HEADERS, _ARCHIVE_AND_PDF.attachments[1:]),
    "subject.mark-without-archive": Parcel("XDM/1.0/DDM+Bilan", _HEADERS, ()),
    "header.codecda-without-cda": Parcel("Bilan", {**_HEADERS, "X-MSS-CODECDA": "11490-0"}, ()),
    "header.ins-without-cda": Parcel("Bilan", {**_HEADERS, "X-MSS-INS": "O"}, ()),
}


@pytest.mark.parametrize("code", _NO_ARCHIVE)
def test_letters_without_an_archive(code: str) -> None:
    assert codes(found(posted(_NO_ARCHIVE[code]))) == [code]


def test_a_letter_of_a_patient_owes_nothing_of_software() -> None:
    assert codes(found(posted(Parcel("Merci", {}, ()), sender="279035121518989@patient.mssante.fr", to="a@sim.mssante.fr"))) == []
    assert codes(found(posted(Parcel("Merci", {}, ())))) == ["header.nil-missing"]
    [missing] = found(posted(Parcel("Merci", {}, ())), replace(PRACTICE, product="3734")).findings
    assert (missing.kind.code, missing.seen, str(missing.expected)) == ("header.nil-missing", None, "3734")


@pytest.mark.parametrize(("readme", "enough"), [("logiciel editeur contenu", True), ("logiciel editeur", False)])
def test_a_readme_names_three_of_four_things(readme: str, enough: bool) -> None:
    told = codes(found(letter(steps=Steps(files=_files(**{"README.TXT": readme.encode()})))))
    assert ("xdm.readme-incomplete" in told) is not enough


def test_an_instant_has_the_minutes_of_its_zone() -> None:
    assert instant("20260105093000+0545") == datetime(2026, 1, 5, 3, 45, tzinfo=UTC)
    assert instant("20260105093000-0330") == datetime(2026, 1, 5, 13, 0, tzinfo=UTC)


def test_a_file_beside_a_letter_is_a_pdf_by_its_kind_its_name_or_its_octets() -> None:
    pdf = _ARCHIVE_AND_PDF.attachments[1].octets
    for name, kind, octets, told in (
        ("a.bin", "application/pdf", b"x", True),
        ("a.pdf", "application/octet-stream", b"x", True),
        ("a.bin", "application/octet-stream", pdf, True),
        ("a.bin", "application/octet-stream", b"x", False),
    ):
        diagnosis = found(posted(Parcel("Bilan", _HEADERS, (Attachment(name, kind, octets),))))
        assert ("letter.pdf-without-archive" in codes(diagnosis)) is told, (name, kind)


def test_the_reference_of_the_software_is_the_one_of_the_setting() -> None:
    assert codes(found(letter(), replace(PRACTICE, product="3734"))) == ["header.nil-differs", _USUAL]
    assert codes(found(letter(), replace(PRACTICE, product="MSS-SIM"))) == [_USUAL]


def test_a_pdf_that_is_of_somebody_else() -> None:
    other = replace(paper(), patient=replace(paper().patient, birth_name="SANTUCCI"))
    files = (_ARCHIVE_AND_PDF.attachments[0], replace(_ARCHIVE_AND_PDF.attachments[1], octets=write_pdf(other)))
    assert _beside_the_usual(posted(replace(_ARCHIVE_AND_PDF, attachments=files))) == ["letter.pdf-text"]


def test_a_name_of_a_file_in_bare_octets() -> None:
    raw = posted(_ARCHIVE_AND_PDF)
    name = f'filename="{_ARCHIVE_AND_PDF.attachments[1].name}"'.encode()
    bare, count = re.subn(rb"filename\*[^\r]*(?:\r\n\t?[ ]?filename\*[^\r]*)*", name, raw)
    assert count == 1
    assert _beside_the_usual(bare) == ["letter.pdf-name-encoding"]


def test_a_document_that_its_patient_must_not_see() -> None:
    hidden = _put('Code code="N" displayName="Normal"', 'Code code="INVISIBLE_PATIENT" displayName="x"')
    steps = Steps(cda=hidden, metadata=_put('nodeRepresentation="N"', 'nodeRepresentation="INVISIBLE_PATIENT"'))
    assert _beside_the_usual(letter(steps=steps, to="279035121518989@patient.mssante.fr")) == ["letter.hidden-from-patient"]
    assert _beside_the_usual(letter(steps=steps)) == []


def test_a_type_without_a_name_and_one_with_another_name() -> None:
    nameless = _put('displayName="Lettre de liaison à la sortie d\'un établissement de soins"', "")
    assert "cda.type-incomplete" in codes(found(letter(steps=Steps(cda=nameless))))
    renamed = _put('displayName="Lettre de liaison à', 'displayName="Courrier de liaison à')
    assert "cda.type-name" in codes(found(letter(steps=Steps(cda=renamed))))


def receipt_beside(kind: bytes) -> bytes:
    """A receipt of integration, and a file of that type behind it."""
    report = composed(disposition=Disposition.PROCESSED)
    head, _, body = report.partition(b"\r\n\r\n")
    own = re.search(rb"Content-Type: [^\r]*(?:\r\n[ \t][^\r]*)*", head)
    assert own
    outer = head.replace(own[0], b"Content-Type: multipart/mixed; boundary=o")
    repeated = b"--o\r\nContent-Type: " + kind + b"\r\n\r\nPK\r\n--o--\r\n"
    return b"X-MSS-NIL: 1\r\n" + outer + b"\r\n\r\n--o\r\n" + own[0] + b"\r\n\r\n" + body + b"\r\n" + repeated


def test_attachments_that_are_repeated_beside_a_receipt() -> None:
    assert codes(found(receipt_beside(b"application/zip; name=IHE_XDM.ZIP"))) == ["receipt.attachments-repeated"]
    assert codes(found(receipt_beside(b"text/plain; name=a.txt"))) == []


@pytest.mark.parametrize(("make", "level"), [(error, FindingLevel.ERROR), (warning, FindingLevel.WARNING), (info, FindingLevel.INFO)])
def test_a_kind_of_each_level(make: Callable[..., Kind], level: FindingLevel) -> None:
    assert make("a.b", quoted("Mend it."), "x#y", "R1", "R2") == Kind("a.b", level, quoted("Mend it."), "x#y", ("R1", "R2"))
    assert deviation("a.b", quoted("Bear it.")) == Kind("a.b", FindingLevel.KNOWN_DEVIATION, quoted("Bear it."), "ans-cda#xdm")


def test_findings_stop_at_their_number_and_say_so() -> None:
    diagnosis = diagnose_file(_HOSTILE["a million telecoms"][0](), "A.XML", replace(PRACTICE, findings_max=3))
    assert len(diagnosis.findings) == 3
    assert any("more findings" in sentence for sentence in diagnosis.not_checked)


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (Scheme.SET_PATIENT, Scheme.SET_SOURCE),
        (Scheme.SET_PATIENT, Scheme.ENTRY_PATIENT),
        (Scheme.ENTRY_PATIENT, Scheme.SET_PATIENT),
    ],
    ids=["a set, under its source", "a set, as an entry", "an entry, as a set"],
)
def test_a_patient_stands_under_the_scheme_of_what_it_is_the_patient_of(own: Scheme, other: Scheme) -> None:
    steps = Steps(metadata=_put(f'"{own}"', f'"{other}"'))
    told = [(one.seen, str(one.expected)) for one in found(letter(steps=steps)).findings if one.kind is metadata_kinds.PATIENT_SCHEME]
    assert told == [(other, own)]


def test_what_is_not_checked_is_said_and_nothing_is_called_valid() -> None:
    diagnosis = found(letter())
    told = " ".join([*diagnosis.not_checked, *(kind.detail for kind in pdf_kinds.KINDS)])
    assert "PDF/A is not validated" in told
    assert "professions and functions" in told
    assert not re.search(r"\bvalid\b", told)


def test_every_kind_is_shown_by_some_letter() -> None:
    kinds = [*archive_kinds.KINDS, *metadata_kinds.KINDS, *cda_kinds.KINDS, *pdf_kinds.KINDS, *letter_kinds.KINDS, *schematron.KINDS]
    shown = {flaw.code for flaw in FLAWS.values()} | {code for _, code in _HOSTILE.values()} | {*_ARCHIVE, *_CDA, *_PDF, *_LETTER}
    shown |= {*_ALONE, *_NO_ARCHIVE}
    shown |= {code for expected, _, _ in _RECEIPTS.values() for code in expected}
    assert {kind.code for kind in kinds} - shown - _ELSEWHERE == set()


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_diagnosis_that_is_written_down_is_read_again_as_it_was(flaw: str) -> None:
    diagnosis = found(letter(steps=FLAWS[flaw].steps))
    again = read_record(write_record(diagnosis))
    assert again == diagnosis
    for language in Language:
        assert [_told(one, language) for one in again.findings] == [_told(one, language) for one in diagnosis.findings]
        assert [one.in_language(language) for one in again.not_checked] == [one.in_language(language) for one in diagnosis.not_checked]


def _told(one: Finding, language: Language) -> tuple[str, str | None]:
    return one.kind.detail.in_language(language), None if one.expected is None else one.expected.in_language(language)
