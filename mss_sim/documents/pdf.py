"""A PDF: what it claims to be, what plainly contradicts it, and the text of its first page (ref: pdf-a).

Nothing here validates: that takes a program of another language (veraPDF). The verdict is one of four words, and none of them is "valid".

| what a PDF may try                            | what becomes of it                                                        |
|-----------------------------------------------|---------------------------------------------------------------------------|
| streams that grow a thousandfold, many filters | limits of the library (qpdf), which belong to the process and are set once |
| a million objects, ten thousand pages          | so many objects are looked at, and pages are counted by the library       |
| pages, forms and arrays that hold themselves   | objects are looked at one after another, each once; no tree is walked     |
| damage that makes a reader search             | is not mended: a damaged PDF is told so                                    |
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from mss_sim.documents import pdf_kinds as kinds
from mss_sim.documents.findings import Kind, Notes
from mss_sim.documents.pdf_text import first_page
from mss_sim.documents.practice import Practice
from mss_sim.vocabulary.documents import DocumentKind, PdfVerdict
from mss_sim.words.sentence import say

_HEAD = b"%PDF-"
_CLAIM = {
    name: re.compile(rf"pdfaid:{name}(?:\s{{0,9}}=\s{{0,9}}[\"']|\s{{0,9}}>)\s{{0,9}}(\w{{1,4}})") for name in ("part", "conformance")
}
_OF_STREAM = re.compile(r"^stream <[^<>]{0,80}>\s?")
"""How the library names octets that are in no file."""
_XMP_BYTES_MAX = 262_144
_NEWER = re.compile(rb"/Type\s{0,9}/(ObjStm|XRef)\b")
_STREAM_BYTES_MAX = 64 * 1024**2
_LEVELS = ("A", "B")
_NODES_PER_OBJECT = 5
_LAUNCHES = ("/Launch", "/Sound", "/Movie", "/ImportData", "/ResetForm")
_FILES = ("/FontFile", "/FontFile2", "/FontFile3")


@dataclass(frozen=True, slots=True)
class Pdf:
    """What was read of a PDF; `text` of its first page, empty where there is none that can be read."""

    verdict: PdfVerdict
    pages: int = 0
    text: str = ""


def is_pdf(octets: bytes) -> bool:
    """Whether the octets begin as a PDF does, with a little before it."""
    return _HEAD in octets[:1_024]


def inspect(octets: bytes, document: str, practice: Practice, notes: Notes) -> Pdf:
    """What the PDF claims, and what contradicts it."""
    pdf = _inspected(octets, document, practice, notes)
    notes.read(document, DocumentKind.PDF, verdict=pdf.verdict, pages=str(pdf.pages) if pdf.pages else None)
    notes.unchecked(say("PDF/A is not validated: the claim was read, and what plainly contradicts it was looked for."))
    return pdf


def _inspected(octets: bytes, document: str, practice: Practice, notes: Notes) -> Pdf:
    if not is_pdf(octets):
        notes.add(kinds.NOT_A_PDF, document, seen=octets[:8])
        return Pdf(PdfVerdict.UNREADABLE)
    pikepdf = library()
    try:
        with pikepdf.open(io.BytesIO(octets), attempt_recovery=False) as opened:
            if opened.is_encrypted:
                notes.add(kinds.ENCRYPTED, document)
                return Pdf(PdfVerdict.CONTRADICTS, len(opened.pages))
            claimed = _claim(opened, document, notes)
            wrong = _contradictions(pikepdf, opened, octets, practice, notes)
            for kind, seen in wrong.items() if claimed else ():
                notes.add(kind, document, seen=seen)
            contradicted = bool(wrong) or notes.has((kinds.CONFORMANCE,), document)
            verdict = PdfVerdict.CLAIMS_NOTHING if not claimed else PdfVerdict.CONTRADICTS if contradicted else PdfVerdict.CLAIMS
            return Pdf(verdict, len(opened.pages), first_page(pikepdf, opened))
    except pikepdf.PasswordError:
        notes.add(kinds.ENCRYPTED, document)
        return Pdf(PdfVerdict.CONTRADICTS)
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        notes.add(kinds.DAMAGED, document, seen=_OF_STREAM.sub("", str(error)))
        return Pdf(PdfVerdict.UNREADABLE)


@cache
def library() -> ModuleType:
    """The library, loaded when a PDF is looked at; its limits are those of the process, and nobody else in it reads a PDF."""
    import pikepdf  # noqa: PLC0415 - loaded when a diagnosis is asked for

    pikepdf.settings.set_qpdf_limits(
        parser_max_nesting=100,
        parser_max_container_size=200_000,
        max_stream_filters=2,
        flate_max_memory=_STREAM_BYTES_MAX,
        run_length_max_memory=_STREAM_BYTES_MAX,
        png_max_memory=_STREAM_BYTES_MAX,
        tiff_max_memory=_STREAM_BYTES_MAX,
        dct_max_memory=_STREAM_BYTES_MAX,
        doc_max_warnings=1_000,
    )
    return pikepdf


def _claim(opened: Any, document: str, notes: Notes) -> bool:
    """Whether the PDF says that it is PDF/A-1; a finding where it says anything else."""
    metadata = opened.Root.get("/Metadata")
    xmp = "" if metadata is None else bytes(metadata.read_bytes())[:_XMP_BYTES_MAX].decode("utf-8", "replace")
    part, conformance = (found[1] if (found := _CLAIM[name].search(xmp)) else None for name in ("part", "conformance"))
    if part is None:
        notes.add(kinds.NO_CLAIM, document, expected="pdfaid:part 1")
        return False
    if part != "1":
        notes.add(kinds.OTHER_PART, document, "pdfaid:part", seen=part, expected="1")
        return False
    if conformance not in _LEVELS:
        notes.add(kinds.CONFORMANCE, document, "pdfaid:conformance", seen=conformance, expected=" ".join(_LEVELS))
    return True


def _contradictions(pikepdf: ModuleType, opened: Any, octets: bytes, practice: Practice, notes: Notes) -> dict[Kind, str | None]:
    """Each kind of thing that PDF/A-1 forbids and that is there, with the first one seen."""
    found: dict[Kind, str | None] = {}
    newer = _NEWER.search(octets)
    if newer:
        found[kinds.NEWER_STRUCTURE] = newer[1].decode("ascii")
    if not opened.Root.get("/OutputIntents"):
        found[kinds.OUTPUT_INTENT] = None
    for dictionary in _dictionaries(pikepdf, opened, practice.pdf_objects_max, notes):
        for kind, seen in _wrong_in(dictionary):
            found.setdefault(kind, seen)
    return found


def _dictionaries(pikepdf: ModuleType, opened: Any, most: int, notes: Notes) -> Iterator[Any]:
    """Every dictionary of the file, those of streams too, each once: indirect ones as the file lists them, direct ones below them."""
    left = most * _NODES_PER_OBJECT
    for number, thing in enumerate(opened.objects):
        if number >= most or left <= 0:
            notes.unchecked(say("A PDF has more objects than are looked at."))
            return
        stack = [thing]
        while stack and left > 0:
            node = stack.pop()
            left -= 1
            if isinstance(node, pikepdf.Array):
                stack.extend(child for child in _children(node) if _is_direct(pikepdf, child))
            elif isinstance(node, pikepdf.Dictionary | pikepdf.Stream):
                yield node
                stack.extend(child for _, child in node.items() if _is_direct(pikepdf, child))


def _children(array: Any) -> Iterator[Any]:
    for place in range(min(len(array), 1_000)):
        yield array[place]


def _is_direct(pikepdf: ModuleType, child: Any) -> bool:
    return isinstance(child, pikepdf.Array | pikepdf.Dictionary) and not child.is_indirect


def _wrong_in(dictionary: Any) -> Iterator[tuple[Kind, str | None]]:
    action, kind = str(dictionary.get("/S", "")), str(dictionary.get("/Type", ""))
    if action == "/JavaScript" or "/JS" in dictionary:
        yield kinds.JAVASCRIPT, None
    if action in _LAUNCHES:
        yield kinds.LAUNCH, action
    if "/EF" in dictionary or kind == "/EmbeddedFile" or "/EmbeddedFiles" in dictionary:
        yield kinds.EMBEDDED_FILES, None
    if action == "/Transparency":
        yield kinds.TRANSPARENCY, None
    if kind == "/Font" and str(dictionary.get("/Subtype", "")) not in ("/Type0", "/Type3"):
        descriptor = dictionary.get("/FontDescriptor")
        if descriptor is None or not any(file in descriptor for file in _FILES):
            yield kinds.FONT, str(dictionary.get("/BaseFont", "?"))
