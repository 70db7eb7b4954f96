"""The documents of a letter as people read them: an archive as a tree, a CDA and the first page of a PDF as plain text.

What is shown is text and nothing else: no style sheet of a CDA is applied, no markup of it is kept; pages of a PDF are drawn elsewhere
(`drawing`). Limits are those of a diagnosis; what cannot be read is there by its name and size.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mss_sim.documents import xml
from mss_sim.documents.archive import Archive, is_archive, open_archive
from mss_sim.documents.cda import HL7, Cda
from mss_sim.documents.findings import Notes
from mss_sim.documents.pdf import inspect, is_pdf
from mss_sim.documents.practice import Practice
from mss_sim.mail.headers import readable
from mss_sim.mail.mime import content
from mss_sim.mail.parse import ParseLimits, parse
from mss_sim.vocabulary.documents import DocumentKind

_FILES_MAX = 20
_TEXT_CHARS = 4_000
_IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF87a": "image/gif", b"GIF89a": "image/gif"}
"""Pictures by how they begin: those alone a browser is given to show. SVG is none: it is a document with scripts."""


@dataclass(frozen=True, slots=True)
class Readable:
    """A file: its name, its part in the letter where it is attached, what it is, what it says.

    `facts` are (name, value) pairs of a header, `sections` (title, text); `files` what an archive holds; `image` the type of a picture;
    `pdf` the document whose pages can be drawn: the file, or what a CDA of level N1 holds.
    """

    name: str
    size_bytes: int
    part: str | None = None
    kind: DocumentKind | None = None
    facts: tuple[tuple[str, str], ...] = ()
    sections: tuple[tuple[str, str], ...] = ()
    files: tuple["Readable", ...] = field(default=())
    image: str | None = None
    pdf: bytes | None = field(default=None, repr=False)


def read_letter(raw: bytes, practice: Practice, limits: ParseLimits | None = None) -> tuple[Readable, ...]:
    """The attached files of a message, the first twenty."""
    parsed = parse(raw, limits or ParseLimits())
    found = []
    for part in parsed.attachments[:_FILES_MAX]:
        octets = content(raw, part.start, part.end, part.encoding)
        found.append(read_file(octets, part.filename or part.content_type, practice, part=part.number))
    return tuple(found)


def pdfs(documents: Iterable[Readable]) -> list[bytes]:
    """The PDF documents among these files, in the order in which they are shown."""
    return [pdf for one in documents for pdf in (*([] if one.pdf is None else [one.pdf]), *pdfs(one.files))]


def image_type(octets: bytes) -> str | None:
    """The type of a picture that a browser may be given; None for anything else."""
    if octets[:4] == b"RIFF" and octets[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begins, kind in _IMAGES.items() if octets.startswith(begins)), None)


def read_file(octets: bytes, name: str, practice: Practice, *, part: str | None = None) -> Readable:
    """One file, as far as it can be read."""
    shown, notes = readable(name), Notes(0)
    if is_archive(octets):
        archive = open_archive(octets, name, practice, notes)
        files = () if archive is None else _files(archive, practice)
        return Readable(shown, len(octets), part, DocumentKind.ARCHIVE, files=files)
    if is_pdf(octets):
        pdf = inspect(octets, name, practice, notes)
        facts = (("verdict", str(pdf.verdict)), ("pages", str(pdf.pages)))
        sections = (("", pdf.text[:_TEXT_CHARS]),) if pdf.text else ()
        return Readable(shown, len(octets), part, DocumentKind.PDF, facts, sections, pdf=octets)
    if octets.lstrip()[:5].startswith((b"<", b"\xef\xbb\xbf<")):
        root = xml.read(octets, name, practice, notes)
        if root is not None and root.tag == f"{{{HL7}}}ClinicalDocument":
            return _cda(Cda(name, root), shown, len(octets), part, practice)
    picture = image_type(octets)
    sections = (("", _text(octets)),) if picture is None and name.lower().endswith((".txt", ".htm", ".xml")) else ()
    return Readable(shown, len(octets), part, sections=sections, image=picture)


def _files(archive: Archive, practice: Practice) -> tuple[Readable, ...]:
    unread = [Readable(readable(path), 0) for path in sorted(archive.unread)]
    return (*(read_file(octets, path, practice) for path, octets in sorted(archive.files.items())), *unread)


def _text(octets: bytes) -> str:
    return octets[: 4 * _TEXT_CHARS].decode("utf-8", "replace")[:_TEXT_CHARS].replace("\x00", "")


def _cda(cda: Cda, name: str, size_bytes: int, part: str | None, practice: Practice) -> Readable:
    """A CDA: who, by whom, when, and its sections; of one of level N1 the first page of its PDF."""
    author = " ".join(
        text
        for text in (
            cda.text("author/assignedAuthor/assignedPerson/name/given"),
            cda.text("author/assignedAuthor/assignedPerson/name/family"),
        )
        if text
    )
    facts = {
        "title": cda.title,
        "type": " ".join(text for text in (cda.type.code, cda.type.name) if text),
        "level": str(cda.level or ""),
        "patient": " ".join(text for text in (cda.birth_name, cda.first_given) if text),
        "born": _day(cda.birth_date),
        "ins": cda.ins.extension if cda.ins else "",
        "author": author,
        "made": _day(cda.value("effectiveTime")),
        "custodian": cda.text("custodian/assignedCustodian/representedCustodianOrganization/name"),
    }
    sections = cda.narrative
    if cda.pdf is not None:
        sections = (("", inspect(cda.pdf, name, practice, Notes(0)).text[:_TEXT_CHARS]),)
    told = tuple((key, readable(value[:500])) for key, value in facts.items() if value)
    return Readable(name, size_bytes, part, DocumentKind.CDA, told, sections, pdf=cda.pdf)


def _day(text: str) -> str:
    """AAAAMMJJ, and HHMM behind it, as people write it; as it stands where it is something else."""
    if not text[:8].isdecimal() or len(text) < 8:
        return text
    day = f"{text[6:8]}/{text[4:6]}/{text[:4]}"
    return f"{day} {text[8:10]}:{text[10:12]}" if text[8:12].isdecimal() and len(text) >= 12 else day
