"""A letter: its archive, its PDF, and whether subject, fields and names of files say what these do.

| the letter                                   | is asked                                                                 |
|----------------------------------------------|--------------------------------------------------------------------------|
| has an archive whose documents can be read   | everything                                                               |
| has one that cannot be read whole            | the archive and the PDF; what would be computed from documents is left out |
| has none                                     | fields; that nothing announces an archive                                |
| is a receipt                                 | its form (`receipt`), and the reference of the software                   |
| comes from a patient                         | nothing of what software of professionals has to write                   |
"""

import hashlib
import re
from dataclasses import dataclass, field

from mss_sim.documents import letter_fields, letter_subject
from mss_sim.documents import letter_kinds as kinds
from mss_sim.documents.archive import is_archive
from mss_sim.documents.archives import Contents, check_archive
from mss_sim.documents.cda import Cda
from mss_sim.documents.cda_rules import same_name
from mss_sim.documents.findings import Notes
from mss_sim.documents.pdf import Pdf, inspect, is_pdf
from mss_sim.documents.practice import Practice
from mss_sim.documents.receipt import check_receipt
from mss_sim.mail.mime import Part, content
from mss_sim.mail.parse import ParsedMessage, fold
from mss_sim.vocabulary.documents import SUBJECT_MARK, CdaLevel, Confidentiality, DocumentKind, PdfVerdict
from mss_sim.vocabulary.mail import XDM_NAME
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN
from mss_sim.words.sentence import say

_LIKE_AN_ARCHIVE = re.compile(r"ihe.?xdm", re.IGNORECASE)
_ZIP_TYPES = ("application/zip", "application/x-zip-compressed")
_ARCHIVES_MAX, _PDFS_MAX = 3, 20
_PDF_NAME = re.compile(r"(?P<day>\d{8})_[^_]+_(?P<name>[^_]+)_(?P<given>[^_]+)(?:_[^_]+)?\.pdf\Z", re.IGNORECASE | re.ASCII)


@dataclass(slots=True)
class _File:
    """An attached file: its part, what it is called in findings, its octets."""

    part: Part
    name: str
    octets: bytes
    pdf: Pdf | None = None


@dataclass(slots=True)
class _Files:
    """The files of a letter that matter here."""

    archives: list[_File] = field(default_factory=list)
    pdfs: list[_File] = field(default_factory=list)


def check_letter(raw: bytes, parsed: ParsedMessage, document: str, practice: Practice, notes: Notes) -> None:
    """Judge a message as it was accepted; `document` is what it is called in findings."""
    notes.unchecked(say("Signatures of letters are not verified, and what is encrypted is not read."))
    if parsed.is_report:
        check_receipt(raw, parsed, document, notes)
        letter_fields.check_product(parsed.headers, document, practice, notes, report=True)
        return
    notes.read(document, DocumentKind.LETTER, subject=parsed.subject, message_id=parsed.message_id)
    found = _files(raw, parsed, notes)
    contents = [check_archive(one.octets, one.name, practice, notes) for one in found.archives[:_ARCHIVES_MAX]]
    for one in found.pdfs[:_PDFS_MAX]:
        one.pdf = inspect(one.octets, one.name, practice, notes)
    if len(found.pdfs) > _PDFS_MAX:
        notes.unchecked(say("Only the first PDF files of a letter are looked at; this one has more."))
    if _from_patient(parsed):
        return
    letter_fields.check_product(parsed.headers, document, practice, notes, report=False)
    letter_fields.check_closing(parsed.headers, document, notes, to_patient=bool(_patients(parsed)))
    if not found.archives:
        letter_fields.check_no_documents(parsed.headers, document, notes)
        if SUBJECT_MARK in parsed.subject:
            notes.add(kinds.SUBJECT_MARK_ALONE, document, "Subject", seen=parsed.subject)
        for one in found.pdfs:
            notes.add(kinds.PDF_ALONE, one.name)
        return
    _check_names(found, document, notes)
    _check_against(contents, parsed, found, document, practice, notes)
    _check_pdf_headers(raw, found, notes)


def _check_names(found: _Files, document: str, notes: Notes) -> None:
    if len(found.archives) > 1:
        notes.add(kinds.SEVERAL_ARCHIVES, document, seen=len(found.archives), expected=1)
    for one in found.archives:
        if (one.part.filename or "").upper() != XDM_NAME:
            notes.add(kinds.ARCHIVE_NAME, document, seen=one.name, expected=XDM_NAME)
        elif one.part.content_type not in _ZIP_TYPES:
            notes.add(kinds.ARCHIVE_TYPE, document, seen=one.part.content_type, expected=_ZIP_TYPES[0])


def _files(raw: bytes, parsed: ParsedMessage, notes: Notes) -> _Files:
    found = _Files()
    for part in parsed.attachments:
        if part.content_type.startswith("message/"):
            notes.unchecked(say("Letters that are attached to a letter are not opened."))
            continue
        octets = content(raw, part.start, part.end, part.encoding)
        name = part.filename or part.number
        if name.upper() == XDM_NAME or (is_archive(octets) and (_LIKE_AN_ARCHIVE.search(name) or b"IHE_XDM/" in octets)):
            found.archives.append(_File(part, name, octets))
        elif part.content_type == "application/pdf" or name.lower().endswith(".pdf") or is_pdf(octets):
            found.pdfs.append(_File(part, name, octets))
    return found


def _check_against(contents: list[Contents], parsed: ParsedMessage, found: _Files, document: str, practice: Practice, notes: Notes) -> None:
    """What is computed from the documents."""
    if not all(one.whole for one in contents):
        letter_subject.check_subject(parsed.subject, [], document, notes)
        notes.unchecked(say("The archive cannot be read whole: subject, fields and PDF were not held against its documents."))
        return
    cdas = [cda for one in contents for cda in one.cdas]
    letter_subject.check_subject(parsed.subject, cdas, document, notes)
    letter_fields.check_fields(parsed.headers, cdas, document, practice, notes)
    _check_addressees(parsed, cdas, document, notes)
    if len(found.pdfs) != len(cdas):
        notes.add(kinds.PDF_COUNT, document, seen=len(found.pdfs), expected=len(cdas))
    digests = {hashlib.sha256(one.octets).digest() for one in found.pdfs}
    for cda in cdas:
        _check_pdf_of(cda, found.pdfs, digests, practice, notes)
    for one in found.pdfs:
        _check_pdf_name(one, cdas, notes)


def _check_pdf_of(cda: Cda, pdfs: list[_File], digests: set[bytes], practice: Practice, notes: Notes) -> None:
    """That one attached PDF is the document: the same octets (N1), or its name and its title on the first page (N3)."""
    if cda.level is CdaLevel.N1 and cda.pdf is not None:
        if hashlib.sha256(cda.pdf).digest() not in digests:
            if pdfs:
                notes.add(kinds.PDF_DIFFERS, cda.document, "component/nonXMLBody/text")
            inspect(cda.pdf, cda.document, practice, notes)
    elif cda.level is CdaLevel.N3 and pdfs:
        read = [one.pdf.text for one in pdfs if one.pdf is not None and one.pdf.verdict is not PdfVerdict.UNREADABLE and one.pdf.text]
        wanted = [text for text in (cda.birth_name, cda.title) if text]
        if not read:
            notes.unchecked(say("The text of a PDF cannot be read: whether it tells of the patient and the title was not checked."))
        elif not any(all(_squeezed(text) in _squeezed(told) for text in wanted) for told in read):
            notes.add(kinds.PDF_TEXT, cda.document, seen=read[0], expected=", ".join(wanted))


def _squeezed(text: str) -> str:
    """Letters and digits alone: blanks and hyphens of a PDF are a matter of its layout."""
    return "".join(letter for letter in fold(text) if letter.isalnum())


def _check_pdf_name(one: _File, cdas: list[Cda], notes: Notes) -> None:
    """That the name of a PDF is the one of some document: its day, the patient's name and first name."""
    told = _PDF_NAME.match(one.name)
    for cda in cdas:
        days = {cda.act_began[:8], cda.value("effectiveTime")[:8]}
        if told and told["day"] in days and same_name(told["name"], cda.birth_name) and same_name(told["given"], cda.first_given):
            return
    if cdas:
        notes.add(kinds.PDF_NAME, one.name, seen=one.name, expected=pdf_name(cdas[0]))


def pdf_name(cda: Cda) -> str:
    """What the PDF of a document is called (ref: ref2#ECO.2.1.6)."""
    fields = (cda.act_began[:8] or cda.value("effectiveTime")[:8], cda.type.name, cda.birth_name, cda.first_given)
    return "_".join(text.replace("_", " ").replace("/", " ") for text in fields) + ".pdf"


def _check_pdf_headers(raw: bytes, found: _Files, notes: Notes) -> None:
    for one in found.pdfs:
        head = raw[one.part.header_start : one.part.start].lower()
        if not one.name.isascii() and b"filename*" not in head and b"name*" not in head:
            notes.add(kinds.PDF_NAME_ENCODING, one.name, "Content-Disposition")


def _check_addressees(parsed: ParsedMessage, cdas: list[Cda], document: str, notes: Notes) -> None:
    patients = _patients(parsed)
    numbers = {cda.ins.extension.upper() for cda in cdas if cda.ins is not None}
    for patient in patients if numbers else ():
        if patient not in numbers:
            notes.add(kinds.ADDRESSEE, document, "To", seen=patient, expected=", ".join(sorted(numbers)))
    for cda in cdas if patients else ():
        if Confidentiality.HIDDEN_FROM_PATIENT in cda.confidentiality:
            notes.add(kinds.HIDDEN, cda.document, "confidentialityCode/@code", seen=Confidentiality.HIDDEN_FROM_PATIENT)


def _patients(parsed: ParsedMessage) -> list[str]:
    """The local parts of patients among those who are written to, in capitals."""
    addresses = [address for _, address in (*parsed.to, *parsed.cc)]
    return [local.upper() for local, _, domain in (address.rpartition("@") for address in addresses) if domain == PATIENT_DOMAIN]


def _from_patient(parsed: ParsedMessage) -> bool:
    return any(address.rpartition("@")[2] == PATIENT_DOMAIN for _, address in parsed.from_)
