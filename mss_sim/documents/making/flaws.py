"""The negative set: letters each broken in one way, and the code of the one finding that says so.

A receiver is tried with them, and so is the diagnosis: a flaw gives its finding, and no other error or warning (`tests/pure`).
"""

import base64
import codecs
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from mss_sim.documents.making import zip_flaws
from mss_sim.documents.making.paper import Paper, Patient
from mss_sim.documents.making.parcel import FOLDER, Parcel, Steps, make_files
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.vocabulary.documents import HEADER_CODES, HEADER_INS, HEADER_PRODUCT, INDEX_NAME, METADATA_NAME, README_NAME, CdaLevel, Scheme

_METADATA, _FIRST = f"{FOLDER}/{METADATA_NAME}", f"{FOLDER}/DOC00001.XML"
_HASH = re.compile(rb'(<rim:Slot name="hash"><rim:ValueList><rim:Value>)([0-9a-f]{40})')
_SIZE = re.compile(rb'(<rim:Slot name="size"><rim:ValueList><rim:Value>)(\d+)')
_OTHER = Patient("170032B03302118", birth_name="SANTUCCI", given_names="ANGE", first_given="ANGE", born="19700315", sex="M", place="2B033")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is broken, and the code of the finding that tells it. `level`: of the CDA, where only one of the two can be broken so."""

    code: str
    steps: Steps
    level: CdaLevel | None = None


def _swapped(old: str, new: str, octets: bytes) -> bytes:
    """One text put in the place of another, which is there."""
    if old.encode() not in octets:
        raise ValueError(f"{old} is not there")
    return octets.replace(old.encode(), new.encode())


def _each_paper(papers: list[Paper], **changes: Any) -> list[Paper]:
    return [replace(paper, **changes) for paper in papers]


def _each_patient(papers: list[Paper], **changes: Any) -> list[Paper]:
    return [replace(paper, patient=replace(paper.patient, **changes)) for paper in papers]


def _with_files(given: Mapping[str, bytes | None], files: dict[str, bytes]) -> dict[str, bytes]:
    """Files added, or taken away where None is given."""
    wanted = {**files, **given}
    return {path: octets for path, octets in wanted.items() if octets is not None}


def _hash_in_base64(octets: bytes) -> bytes:
    return _HASH.sub(lambda found: found[1] + base64.b64encode(bytes.fromhex(found[2].decode())), octets)


def _hash_of_nothing(octets: bytes) -> bytes:
    return _HASH.sub(lambda found: found[1] + b"da39a3ee5e6b4b0d3255bfef95601890afd80709", octets)


def _size_off_by_one(octets: bytes) -> bytes:
    return _SIZE.sub(lambda found: found[1] + str(int(found[2]) + 1).encode(), octets)


def _of_another_set(files: dict[str, bytes]) -> dict[str, bytes]:
    """The metadata of a set that was made a year before."""
    other = Paper(_LONG_AGO)
    return {**files, _METADATA: make_files([other], [write_pdf(other)])[_METADATA]}


def _encrypted_pdf(octets: bytes) -> bytes:
    from mss_sim.documents.pdf import library  # noqa: PLC0415 - loaded when such a PDF is made

    pikepdf, made = library(), io.BytesIO()
    with pikepdf.open(io.BytesIO(octets)) as opened:
        opened.save(made, encryption=pikepdf.Encryption(owner="secret", user="", R=4), deterministic_id=False)
    return made.getvalue()


def _another_pdf(parcel: Parcel) -> Parcel:
    archive, pdf = parcel.attachments
    return replace(parcel, attachments=(archive, replace(pdf, octets=pdf.octets + b"%\n")))


def _file_called(position: int, name: str, parcel: Parcel) -> Parcel:
    files = list(parcel.attachments)
    files[position] = replace(files[position], name=name)
    return replace(parcel, attachments=tuple(files))


def _subject(old: str, new: str, parcel: Parcel) -> Parcel:
    return replace(parcel, subject=_swapped(old, new, parcel.subject.encode()).decode())


def _header(name: str, value: str | None, parcel: Parcel) -> Parcel:
    wanted = {**parcel.headers, name: value}
    return replace(parcel, headers={key: text for key, text in wanted.items() if text is not None})


def _with_two_archives(parcel: Parcel) -> Parcel:
    """A second archive with a second document, and its PDF: all is counted right."""
    archive, pdf = parcel.attachments
    codes = ",".join([parcel.headers[HEADER_CODES]] * 2)
    subject = re.sub(r"DDM\+.*? PAT-TROIS", "DDM+2 documents PAT-TROIS", parcel.subject)
    return Parcel(subject, {**parcel.headers, HEADER_CODES: codes}, (archive, archive, pdf, pdf))


_LONG_AGO = datetime(2025, 1, 6, 9, 30, tzinfo=UTC)
_CDA_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_BOMB = f'{_CDA_HEAD}\n<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
FLAWS: dict[str, Flaw] = {
    # the archive
    "no-index": Flaw("xdm.no-index", Steps(files=partial(_with_files, {INDEX_NAME: None}))),
    "no-readme": Flaw("xdm.no-readme", Steps(files=partial(_with_files, {README_NAME: None}))),
    "readme-empty": Flaw("xdm.readme-empty", Steps(files=partial(_with_files, {README_NAME: b" \r\n"}))),
    "index-broken": Flaw("xdm.index-not-xhtml", Steps(files=partial(_with_files, {INDEX_NAME: b"<html><body><p>Cabinet"}))),
    "no-metadata": Flaw("xdm.no-metadata", Steps(files=partial(_with_files, {_METADATA: None}))),
    "autorun": Flaw("xdm.autorun", Steps(files=partial(_with_files, {"AUTORUN.INF": b"[autorun]\r\nopen=x.exe\r\n"}))),
    "zip-in-zip": Flaw("xdm.nested-archive", Steps(files=partial(_with_files, {f"{FOLDER}/MORE.ZIP": zip_flaws.EMPTY}))),
    "two-patients": Flaw("xdm.several-patients", Steps(papers=lambda papers: [papers[0], replace(papers[0], patient=_OTHER)])),
    "not-a-zip": Flaw("xdm.not-a-zip", Steps(archive=lambda octets: octets[: len(octets) // 2])),
    "zip-damaged": Flaw("xdm.damaged", Steps(archive=zip_flaws.damaged)),
    "zip-slip": Flaw("xdm.path-outside", Steps(archive=partial(zip_flaws.with_entry, "../../EVIL.TXT"))),
    "zip-symlink": Flaw("xdm.symlink", Steps(archive=zip_flaws.with_link)),
    "zip-bomb": Flaw("xdm.expands-too-far", Steps(archive=zip_flaws.bomb)),
    "zip-encrypted": Flaw("xdm.encrypted", Steps(archive=zip_flaws.encrypted)),
    "zip-many-entries": Flaw("xdm.too-many-entries", Steps(archive=zip_flaws.many_entries)),
    "zip-accents": Flaw("xdm.name-not-iso9660", Steps(archive=partial(zip_flaws.with_entry, "IHE_XDM/SUBSET01/Été.TXT"))),
    # METADATA.XML
    "hash-wrong": Flaw("xdm.hash-mismatch", Steps(metadata=_hash_of_nothing)),
    "hash-in-base64": Flaw("xdm.hash-not-hexadecimal", Steps(metadata=_hash_in_base64)),
    "size-off-by-one": Flaw("xdm.size-mismatch", Steps(metadata=_size_off_by_one)),
    "uri-lower-case": Flaw("metadata.uri-case", Steps(metadata=partial(_swapped, "DOC00001.XML", "doc00001.xml"))),
    "uri-nowhere": Flaw("metadata.uri-nowhere", Steps(metadata=partial(_swapped, "DOC00001.XML", "DOC00009.XML"))),
    "uri-outside": Flaw("metadata.uri-outside", Steps(metadata=partial(_swapped, "DOC00001.XML", "../../../DOC00001.XML"))),
    "metadata-of-another-set": Flaw("metadata.of-another-document", Steps(files=_of_another_set)),
    "metadata-truncated": Flaw("xml.not-well-formed", Steps(metadata=lambda octets: octets[:-60])),
    "metadata-other-patient": Flaw(
        "metadata.patient-differs", Steps(metadata=partial(_swapped, "279035121518989^^^&amp;1", "146026322000196^^^&amp;1"))
    ),
    "metadata-other-type": Flaw(
        "metadata.type-differs", Steps(metadata=partial(_swapped, 'nodeRepresentation="11490-0"', 'nodeRepresentation="11502-2"'))
    ),
    "metadata-without-author": Flaw(
        "metadata.known-missing", Steps(metadata=partial(_swapped, Scheme.ENTRY_AUTHOR, "urn:uuid:00000000-0000-4000-8000-000000000000"))
    ),
    "replaces-unknown": Flaw(
        "metadata.replaces-unknown",
        Steps(papers=partial(_each_paper, replaces="2.25.4711", version=2), cda=partial(_swapped, "2.25.4711", "2.25.4712")),
    ),
    # the CDA
    "cda-byte-order-mark": Flaw("xml.byte-order-mark", Steps(cda=lambda octets: codecs.BOM_UTF8 + octets)),
    "cda-utf-16": Flaw("xml.encoding", Steps(cda=lambda octets: octets.decode().replace("UTF-8", "UTF-16", 1).encode("utf-16"))),
    "cda-latin-1": Flaw("xml.encoding", Steps(cda=lambda octets: octets.decode().encode("latin-1"))),
    "cda-doctype": Flaw("xml.doctype", Steps(cda=partial(_swapped, _CDA_HEAD, _BOMB))),
    "cda-without-custodian": Flaw("cda.element-missing", Steps(cda=partial(_swapped, "custodian>", "other>"))),
    "cda-without-title": Flaw("cda.element-advised", Steps(cda=lambda octets: re.sub(rb"<title>[^<]*</title>\n<eff", b"<eff", octets))),
    "cda-without-body": Flaw("cda.body-missing", Steps(cda=lambda octets: re.sub(rb"<component>.*</component>", b"", octets)), CdaLevel.N3),
    "cda-other-language": Flaw(
        "cda.language",
        Steps(
            cda=partial(_swapped, '<languageCode code="fr-FR"/>', '<languageCode code="fr"/>'),
            metadata=partial(_swapped, ">fr-FR<", ">fr<"),
        ),
    ),
    "cda-unknown-type": Flaw("cda.unknown-type", Steps(papers=partial(_each_paper, type="99999-9"))),
    "ins-wrong-key": Flaw("ins.wrong-key", Steps(papers=partial(_each_patient, number="279035121518988"))),
    "ins-short": Flaw("ins.shape", Steps(papers=partial(_each_patient, number="2790351215189"))),
    "ins-without-traits": Flaw("ins.traits-missing", Steps(papers=partial(_each_patient, place=""))),
    # the PDF
    "pdf-not-claimed": Flaw("pdf.no-claim", Steps(pdf=partial(_swapped, "pdfaid", "pdfxid"))),
    "pdf-a-2": Flaw("pdf.other-part", Steps(pdf=partial(_swapped, "<pdfaid:part>1", "<pdfaid:part>2"))),
    "pdf-encrypted": Flaw("pdf.encrypted", Steps(pdf=_encrypted_pdf)),
    "pdf-font-missing": Flaw("pdf.font-not-embedded", Steps(pdf=partial(_swapped, "/FontFile2 5 0 R", "/FontFileX 5 0 R"))),
    "pdf-javascript": Flaw("pdf.javascript", Steps(pdf=partial(_swapped, "/Producer (mss-sim)", "/JS (app.alert(1)) "))),
    "pdf-damaged": Flaw("pdf.damaged", Steps(pdf=lambda octets: octets[: len(octets) * 2 // 3])),
    "pdf-of-another": Flaw("letter.pdf-differs", Steps(parcel=_another_pdf), CdaLevel.N1),
    # the letter
    "pdf-missing": Flaw("letter.pdf-count", Steps(parcel=lambda parcel: replace(parcel, attachments=parcel.attachments[:1]))),
    "pdf-badly-called": Flaw("letter.pdf-name", Steps(parcel=partial(_file_called, 1, "document.pdf"))),
    "archive-badly-called": Flaw("letter.archive-name", Steps(parcel=partial(_file_called, 0, "ihe-xdm.zip"))),
    "archive-twice": Flaw("letter.several-archives", Steps(parcel=_with_two_archives)),
    "subject-without-mark": Flaw("subject.mark-missing", Steps(parcel=partial(_subject, "XDM/1.0/DDM+", ""))),
    "subject-mark-behind": Flaw("subject.mark-not-first", Steps(parcel=partial(_subject, "XDM/1.0/DDM+", "TR: XDM/1.0/DDM+"))),
    "subject-other-label": Flaw("subject.label", Steps(parcel=partial(_subject, "DDM+Lettre", "DDM+Courrier"))),
    "subject-other-name": Flaw("subject.name", Steps(parcel=partial(_subject, "PAT-TROIS", "DURAND"))),
    "subject-other-birth-date": Flaw("subject.birth-date", Steps(parcel=partial(_subject, "28/03/1979", "03/28/1979"))),
    "codecda-missing": Flaw("header.codecda-missing", Steps(parcel=partial(_header, HEADER_CODES, None))),
    "codecda-other": Flaw("header.codecda-differs", Steps(parcel=partial(_header, HEADER_CODES, "11502-2"))),
    "ins-header-other": Flaw("header.ins-differs", Steps(parcel=partial(_header, HEADER_INS, "N"))),
    "nil-missing": Flaw("header.nil-missing", Steps(parcel=partial(_header, HEADER_PRODUCT, None))),
}
"""By their names. All of them break the letter of the default patient and type (tests/pure)."""
