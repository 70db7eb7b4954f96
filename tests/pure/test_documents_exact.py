"""Documents at the very edge of a rule, and what a finding says word by word where only its code is looked at elsewhere."""

import io
import re
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from lxml import etree

from mss_sim.documents import archive_kinds, cda_kinds, pdf, pdf_kinds
from mss_sim.documents.archive import open_archive
from mss_sim.documents.diagnosing import diagnose_file
from mss_sim.documents.findings import Diagnosis, Finding, Notes
from mss_sim.documents.making import font
from mss_sim.documents.making.parcel import FOLDER, Steps, make_files, make_parcel, pack
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.documents.pdf import is_pdf, library
from mss_sim.vocabulary.documents import CdaLevel
from tests.parcels import PRACTICE, codes, found, letter, paper, posted

_HL7 = "{urn:hl7-org:v3}"
_USUAL = "ins.test-root"
_PIKEPDF = library()
_TEN = replace(PRACTICE, entries_max=10)


def _zip(names: dict[str, bytes], comment: bytes = b"") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.comment = comment
        for name, octets in names.items():
            archive.writestr(name, octets)
    return made.getvalue()


def _opened(octets: bytes, entries_max: int = 50) -> list[Finding]:
    notes = Notes(PRACTICE.findings_max)
    open_archive(octets, "IHE_XDM.ZIP", replace(PRACTICE, entries_max=entries_max), notes)
    return list(notes.diagnosis().findings)


def _codes(octets: bytes, entries_max: int = 50) -> list[str]:
    return [one.kind.code for one in _opened(octets, entries_max)]


def test_an_empty_archive_lacks_all_that_its_root_holds_whether_or_not_it_has_a_comment() -> None:
    lacking = [kind.code for kind in (archive_kinds.NO_FOLDER, archive_kinds.NO_INDEX, archive_kinds.NO_README)]
    assert _codes(_zip({})) == _codes(_zip({}, comment=b"rien")) == lacking


def _with_end(octets: bytes, count: int | None = None, size: int | None = None) -> bytes:
    """An archive whose last record tells of so many entries, in a directory of so many octets."""
    at = len(octets) - 22
    told_count, told_size = struct.unpack_from("<HL", octets, at + 10)
    told = struct.pack("<HL", told_count if count is None else count, told_size if size is None else size)
    return octets[: at + 10] + told + octets[at + 16 :]


def test_a_directory_that_says_it_is_huge_is_not_read() -> None:
    told = _opened(_with_end(_zip({"A.TXT": b"a"}), size=10**9))
    assert [(one.kind, one.document, one.seen) for one in told] == [(archive_kinds.TOO_MANY_ENTRIES, "IHE_XDM.ZIP", "1")]


def test_entries_are_counted_as_they_are_and_not_as_the_archive_says() -> None:
    octets = _with_end(_zip({f"{number}.TXT": b"" for number in range(4)}), count=1)
    told = _opened(octets, entries_max=3)
    assert [(one.kind, one.document, one.seen) for one in told] == [(archive_kinds.TOO_MANY_ENTRIES, "IHE_XDM.ZIP", "4")]
    assert archive_kinds.TOO_MANY_ENTRIES.code not in _codes(octets, entries_max=4)


@pytest.mark.parametrize("name", ["/ABS.TXT", "c:A.TXT", "C:A.TXT", "..", "A/../B.TXT", "A\\B.TXT", "A\0B.TXT"])
def test_a_name_that_leads_out_of_the_archive_is_told_as_it_is_written(name: str) -> None:
    octets = _zip({name.replace("\0", "@").replace("\\", "#"): b"a"}).replace(b"@", b"\0").replace(b"#", b"\\")
    assert [one.seen for one in _opened(octets) if one.kind is archive_kinds.OUTSIDE] == [name.replace("\0", "\ufffd")]


def test_a_set_is_there_by_its_folder_alone() -> None:
    told = _codes(_zip({"IHE_XDM/SUBSET01/": b"", "INDEX.HTM": b"", "README.TXT": b""}))
    assert (archive_kinds.NO_METADATA.code in told, archive_kinds.NO_SET.code in told) == (True, False)


def test_the_title_of_the_index_does_not_name_who_sends() -> None:
    page = "<html><head><title>Cabinet des Tilleuls</title></head><body>{}<a href='README.TXT'>x</a></body></html>"
    alone, told = (
        letter(steps=Steps(files=lambda files, text=text: {**files, "INDEX.HTM": page.format(text).encode()}))  # type: ignore[misc]
        for text in ("", "<p>Cabinet des Tilleuls</p>")
    )
    assert codes(found(alone)) == ["xdm.index-no-institution", _USUAL]
    assert codes(found(told)) == [_USUAL]


def test_an_entry_whose_document_cannot_be_unpacked_is_held_against_nothing() -> None:
    def bzip(octets: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(octets)) as source, zipfile.ZipFile(made, "w") as target:
            for one in source.namelist():
                target.writestr(one, source.read(one), zipfile.ZIP_BZIP2 if one.endswith("DOC00001.XML") else zipfile.ZIP_DEFLATED)
        return made.getvalue()

    told = codes(found(letter(steps=Steps(archive=bzip))))
    assert "xdm.compression" in told
    assert not [one for one in told if one.startswith("metadata.")]


# A CDA


def _changed(change: Callable[[etree._Element], None], level: CdaLevel = CdaLevel.N3, type_: str = "11490-0") -> list[Finding]:
    with zipfile.ZipFile(io.BytesIO(make_parcel([paper(level, type_)]).attachments[0].octets)) as archive:
        root = etree.fromstring(archive.read(f"{FOLDER}/DOC00001.XML"))
    change(root)
    return _told(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _told(octets: bytes) -> list[Finding]:
    return [one for one in diagnose_file(octets, "A.XML", PRACTICE).findings if one.kind.code != _USUAL]


def test_a_stylesheet_without_a_document_is_no_cda() -> None:
    octets = b'<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'
    assert [(one.kind, one.seen) for one in _told(octets)] == [(cda_kinds.NOT_A_CDA, "{http://www.w3.org/1999/XSL/Transform}stylesheet")]


def test_what_may_not_be_unknown_is_told_with_the_word_that_it_has() -> None:
    told = _changed(lambda root: root.find(f"{_HL7}code").set("nullFlavor", "UNK"))
    assert ("code", "UNK") in [(one.where, one.seen) for one in told if one.kind is cda_kinds.NULL_FORBIDDEN]


def test_a_telecom_that_begins_otherwise_is_told_with_its_place() -> None:
    def change(root: etree._Element) -> None:
        telecom = root.find(f"{_HL7}author/{_HL7}assignedAuthor/{_HL7}telecom")
        del telecom.attrib["nullFlavor"]
        telecom.set("value", "0199001234")

    assert [(one.kind, one.where, one.seen) for one in _changed(change)] == [(cda_kinds.TELECOM, "telecom/@value", "0199001234")]


def test_a_report_of_biology_that_is_not_structured_is_told_with_its_place() -> None:
    told = _changed(lambda root: None, CdaLevel.N1, "11502-2")
    assert [(one.kind, one.where, one.seen, one.expected) for one in told] == [
        (cda_kinds.BIOLOGY_LEVEL, "component/nonXMLBody", "N1", "N3")
    ]


@pytest.mark.parametrize(("code", "told"), [("ECON", []), ("CON", []), ("AGNT", [cda_kinds.INFORMANT])])
def test_who_may_tell_of_a_patient(code: str, told: list[object]) -> None:
    def change(root: etree._Element) -> None:
        author = root.find(f"{_HL7}custodian")
        written = (
            f'<informant xmlns="urn:hl7-org:v3"><relatedEntity classCode="{code}"><addr nullFlavor="NAV"/></relatedEntity></informant>'
        )
        author.addprevious(etree.fromstring(written))

    assert [one.kind for one in _changed(change) if one.kind is cda_kinds.INFORMANT] == told


def test_an_encoding_that_is_not_utf_8_is_told_by_its_name() -> None:
    (one,) = _told(b'<?xml version="1.0" encoding="utf-16le"?><a/>')
    assert (one.kind.code, one.seen, one.expected) == ("xml.encoding", "utf-16le", "UTF-8")


# What metadata say


def _of(diagnosis: Diagnosis, where: str) -> list[tuple[str, str | None, str | None]]:
    return [(one.kind.code, one.seen, one.expected and str(one.expected)) for one in diagnosis.findings if one.where == where]


def _metadata(pattern: str, new: str) -> Steps:
    def change(octets: bytes) -> bytes:
        before, entry, after = octets.partition(b"<rim:ExtrinsicObject")
        changed, count = re.subn(pattern.encode(), new.encode(), entry + after, count=1, flags=re.DOTALL)
        assert count == 1, pattern
        return before + changed

    return Steps(metadata=change)


def test_a_patient_without_a_sex_in_the_metadata_has_none() -> None:
    steps = _metadata(r"<rim:Value>PID-8\|[^<]*</rim:Value>", "")
    assert _of(found(letter(steps=steps)), "Document01/sourcePatientInfo/PID-8") == [("metadata.known-missing", None, "F")]


@pytest.mark.parametrize(("name", "code"), [("typeCode", "11490-0"), ("healthcareFacilityTypeCode", "SA07"), ("confidentialityCode", "N")])
def test_a_classification_without_its_code_has_none(name: str, code: str) -> None:
    told = found(letter(steps=_metadata(f' nodeRepresentation="{code}"', "")))
    assert _of(told, f"Document01/{name}") == [("metadata.known-missing", None, code)]


def test_a_document_that_replaces_another_and_is_not_tied_to_it_is_told_with_what_it_replaces() -> None:
    tie = rb"<rim:Association [^>]*AssociationType:RPLC.*?(?:/>|</rim:Association>)\n?"
    untie = Steps(metadata=lambda octets: re.sub(tie, b"", octets))
    told = found(posted(make_parcel([replace(paper(), replaces="2.25.4711", version=2)], untie)))
    assert _of(told, "Document01/Association") == [("metadata.known-missing", None, "2.25.4711")]


def test_more_entries_than_are_looked_at_are_said_to_be() -> None:
    entry = rb"(<rim:ExtrinsicObject.*?</rim:ExtrinsicObject>)"
    told = found(letter(steps=Steps(metadata=lambda octets: re.sub(entry, rb"\1" * 11, octets, flags=re.DOTALL))), _TEN)
    assert "METADATA.XML has more entries than are looked at." in told.not_checked
    assert "METADATA.XML has more entries than are looked at." not in found(letter(), _TEN).not_checked


@pytest.mark.parametrize(
    ("pattern", "new", "told"),
    [
        pytest.param(r"<confidentialityCode[^>]*/>", "", [("cda.element-missing", "confidentialityCode")], id="no confidentiality"),
        pytest.param(
            r"1\.2\.250\.1\.71\.4\.2\.1",
            "1.2.250.1.999.2",
            [("metadata.unknown-missing", "Document01/author"), ("metadata.unknown-missing", "Document01/legalAuthenticator")],
            id="nobody has a national number",
        ),
        pytest.param(r"<given>[^<]*</given>", "<given/>", [("ins.traits-missing", "recordTarget/patientRole/patient")], id="empty names"),
    ],
)
def test_what_a_document_does_not_say_is_not_asked_of_the_metadata(pattern: str, new: str, told: list[tuple[str, str]]) -> None:
    diagnosis = found(letter(steps=Steps(cda=lambda octets: re.sub(pattern.encode(), new.encode(), octets))))
    assert [(one.kind.code, one.where) for one in diagnosis.findings if one.kind.code != _USUAL] == told


# What is made


def test_what_the_font_has_no_sign_for_is_a_space_or_a_question_mark() -> None:
    assert font.encoded("a\tb\u20ac\u4e2d") == b"a b\x80?"


def test_files_in_an_archive_are_of_one_second() -> None:
    with zipfile.ZipFile(io.BytesIO(pack({"A.TXT": b"a"}))) as archive:
        assert archive.infolist()[0].date_time == (2026, 1, 1, 0, 0, 0)


def test_a_cda_of_a_patient_without_a_number_has_the_number_of_the_practice_alone() -> None:
    nobody = replace(paper(), patient=replace(paper().patient, number="", root=""))
    files = make_files([nobody], [write_pdf(nobody)], Steps())
    assert b'<patientRole><id extension="IPP-1"' in files[f"{FOLDER}/DOC00001.XML"]


@pytest.mark.parametrize(("before", "is_one"), [(0, True), (1_019, True), (1_020, False)])
def test_a_pdf_begins_within_its_first_kibibyte(before: int, *, is_one: bool) -> None:
    assert is_pdf(b" " * before + b"%PDF-1.4") is is_one


# What is looked at in a PDF


def _looked_at(things: list[Any], most: int) -> tuple[int, bool]:
    """How many dictionaries of these objects are looked at, and whether it is said that there are more."""
    notes = Notes(PRACTICE.findings_max)
    count = len(list(pdf._dictionaries(_PIKEPDF, SimpleNamespace(objects=things), most, notes)))  # noqa: SLF001 - the bound itself
    return count, "A PDF has more objects than are looked at." in notes.diagnosis().not_checked


def test_five_times_as_many_places_are_looked_at_as_objects() -> None:
    def many(count: int) -> Any:
        return _PIKEPDF.Array([_PIKEPDF.Dictionary() for _ in range(count)])

    assert _looked_at([many(9), _PIKEPDF.Dictionary()], 2) == (9, True)
    assert _looked_at([many(8), _PIKEPDF.Dictionary()], 2) == (9, False)
    assert _looked_at([many(20)], 2) == (9, False)
    assert _looked_at([_PIKEPDF.Dictionary()] * 3, 2) == (2, True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"/Type": "/EmbeddedFile"}, [pdf_kinds.EMBEDDED_FILES]),
        ({"/EF": {}}, [pdf_kinds.EMBEDDED_FILES]),
        ({"/EmbeddedFiles": {}}, [pdf_kinds.EMBEDDED_FILES]),
        ({"/Type": "/Font", "/Subtype": "/Type0"}, []),
        ({"/Type": "/Font", "/Subtype": "/Type3"}, []),
        ({"/Type": "/Font", "/Subtype": "/TrueType"}, [pdf_kinds.FONT]),
        ({"/Type": "/Font"}, [pdf_kinds.FONT]),
    ],
)
def test_what_a_dictionary_may_not_hold(given: dict[str, Any], told: list[object]) -> None:
    assert [kind for kind, _ in pdf._wrong_in(given)] == told  # noqa: SLF001 - one dictionary, without the file around it


def test_why_a_pdf_cannot_be_read_is_told_without_the_name_of_a_stream() -> None:
    notes = Notes(PRACTICE.findings_max)
    pdf.inspect(b"%PDF-1.4 nothing", "A.PDF", PRACTICE, notes)
    assert [(one.kind, one.seen) for one in notes.diagnosis().findings] == [(pdf_kinds.DAMAGED, ": can't find startxref")]
