"""All that a letter with documents is made of: CDA, PDF, archive, subject, fields, names of files.

It is made in steps, so that a flaw (`flaws`) can break one thing of one step. What follows is made as by a program that knows nothing of
the flaw: a broken CDA has its right hash.
"""

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mss_sim.documents.letter_subject import without_accents
from mss_sim.documents.making.cda_writing import write_cda
from mss_sim.documents.making.metadata_writing import Member, write_metadata
from mss_sim.documents.making.paper import Paper
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.vocabulary.documents import (
    ARCHIVE_FOLDER,
    HEADER_CODES,
    HEADER_INS,
    HEADER_PRODUCT,
    INDEX_NAME,
    METADATA_NAME,
    README_NAME,
    SUBJECT_MARK,
)
from mss_sim.vocabulary.mail import XDM_NAME

PRODUCT = "MSS-SIM"
"""What X-MSS-NIL says of letters that are made here."""
FOLDER = f"{ARCHIVE_FOLDER}/SUBSET01"
_LABEL_CHARS = 40
_README = """Emetteur
  Nom : {given} {family}
  Organisme : {organisation}
  Contact : voir le message

Application
  Nom : mss-sim
  Version : demonstration
  Editeur : projet mss-sim

Instructions
  Ouvrir INDEX.HTM dans un navigateur.

Arborescence
  IHE_XDM/SUBSET01/METADATA.XML et les documents qu'il decrit
"""
_INDEX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.0//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>IHE_XDM</title></head><body>
<p>{organisation}</p>
<p><a href="README.TXT">README.TXT</a></p>
<ul>{documents}</ul>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of the letter."""

    name: str
    content_type: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter's subject, its fields and its files, without people: the sender names them."""

    subject: str
    headers: dict[str, str]
    attachments: tuple[Attachment, ...]


def _same(octets: bytes) -> bytes:
    return octets


@dataclass(frozen=True, slots=True)
class Steps:
    """What a flaw does at each step; each gets what was made, and gives what goes on."""

    papers: Callable[[list[Paper]], list[Paper]] = field(default=lambda papers: papers)
    pdf: Callable[[bytes], bytes] = _same
    cda: Callable[[bytes], bytes] = _same
    metadata: Callable[[bytes], bytes] = _same
    files: Callable[[dict[str, bytes]], dict[str, bytes]] = field(default=lambda files: files)
    archive: Callable[[bytes], bytes] = _same
    parcel: Callable[[Parcel], Parcel] = field(default=lambda parcel: parcel)


def make_parcel(papers: Sequence[Paper], steps: Steps = Steps()) -> Parcel:
    """The parcel of these documents, which are of one patient; one at least."""
    papers = steps.papers(list(papers))
    pdfs = [steps.pdf(write_pdf(paper)) for paper in papers]
    octets = pack(make_files(papers, pdfs, steps))
    named = zip(papers, pdfs, strict=True)
    attachments = (
        Attachment(XDM_NAME, "application/zip", steps.archive(octets)),
        *(Attachment(paper.pdf_name, "application/pdf", pdf) for paper, pdf in named),
    )
    first = papers[0]
    label = first.type_name[:_LABEL_CHARS].strip() if len(papers) == 1 else f"{len(papers)} documents"
    patient = first.patient
    name, given = without_accents(patient.birth_name).upper(), without_accents(patient.first_given)
    headers = {
        HEADER_CODES: ",".join(paper.type for paper in papers),
        HEADER_INS: "O" if patient.number else "N",
        HEADER_PRODUCT: PRODUCT,
    }
    return steps.parcel(Parcel(f"{SUBJECT_MARK}{label} {name} {given} {patient.birthday}".strip(), headers, attachments))


def make_files(papers: Sequence[Paper], pdfs: Sequence[bytes], steps: Steps = Steps()) -> dict[str, bytes]:
    """The files of the archive by their paths."""
    names = [f"DOC{number:05}.XML" for number in range(1, len(papers) + 1)]
    documents = [steps.cda(write_cda(paper, pdf)) for paper, pdf in zip(papers, pdfs, strict=True)]
    members = [Member(paper, octets, name) for paper, octets, name in zip(papers, documents, names, strict=True)]
    author = papers[0].author
    links = "".join(f'<li><a href="{FOLDER}/{name}">{name}</a></li>' for name in names)
    organisation = author.organisation.replace("&", "&amp;").replace("<", "&lt;")
    files = {
        INDEX_NAME: _INDEX.format(organisation=organisation, documents=links).encode(),
        README_NAME: _README.format(given=author.given, family=author.family, organisation=author.organisation)
        .replace("\n", "\r\n")
        .encode(),
        f"{FOLDER}/{METADATA_NAME}": steps.metadata(write_metadata(members)),
        **{f"{FOLDER}/{member.uri}": member.octets for member in members},
    }
    return steps.files(files)


def pack(files: dict[str, bytes]) -> bytes:
    """The archive of these files, the same octets each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, octets in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), octets, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
