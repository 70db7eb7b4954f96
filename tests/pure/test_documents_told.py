"""Each letter that is broken in one way, and all that a diagnosis says of it, word for word as diagnoses.txt has it.

A finding is a line of level and code, document, place, what was seen and what was expected; `read` is a document that was read otherwise
than in a right letter, `unchecked` what is said to be unchecked beside what always is. Of the two right letters all is there.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mss_sim.documents.diagnosing import diagnose_file
from mss_sim.documents.findings import Diagnosis
from mss_sim.documents.making.flaws import FLAWS
from mss_sim.documents.making.parcel import Parcel, Steps
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.vocabulary.documents import CdaLevel, DocumentKind, FindingLevel
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.parcels import PRACTICE, SECRETARY, codes, found, letter, paper, posted
from tests.pure.test_documents_findings import (
    _ALONE,
    _ARCHIVE,
    _ARCHIVE_AND_PDF,
    _CDA,
    _LETTER,
    _NO_ARCHIVE,
    _PDF,
    _RECEIPTS,
    inspected,
    receipt_beside,
)
from tests.pure.test_mdn import composed

_USUAL = "ins.test-root"
"""The patient of the samples has a number of the tests."""
_OF_LIBRARIES = ("xml.not-well-formed", "xdm.index-not-xhtml", "pdf.damaged", "pdf.not-a-pdf", "xdm.expands-too-far")
"""What was seen, or may be, is in the words of a library, or of the length that it packs to."""
_Case = Callable[[], Diagnosis]


def _of_letter(level: CdaLevel = CdaLevel.N3, to: str = SECRETARY, **steps: object) -> _Case:
    return lambda: found(letter(level, Steps(**steps), to=to))  # type: ignore[arg-type]


def _of_receipt(name: str) -> _Case:
    _, given, (old, new) = _RECEIPTS[name]
    asked = {"disposition": Disposition.PROCESSED, "automatic_action": True, "automatic_sending": True, **given}
    return lambda: found(b"X-MSS-NIL: 1\r\n" + composed(Language.EN, **asked).replace(old.encode() or b"\0", new.encode()))


def _of_file(code: str) -> _Case:
    read = partial(inspected, practice=PRACTICE) if code.startswith("pdf") else partial(diagnose_file, name="A.XML", practice=PRACTICE)
    return lambda: read(_ALONE[code])


_CASES: dict[str, _Case] = {
    "a right letter, N1": _of_letter(CdaLevel.N1),
    "a right letter, N3": _of_letter(CdaLevel.N3),
    **{f"flaw {name}": partial(lambda flaw: found(letter(flaw.level or CdaLevel.N3, flaw.steps)), flaw) for name, flaw in FLAWS.items()},
    **{f"archive {code}": partial(lambda steps: found(letter(steps=steps)), steps) for code, steps in _ARCHIVE.items()},
    **{f"CDA {code}": _of_letter(cda=change) for code, change in _CDA.items()},
    **{f"PDF {code}, {level}": _of_letter(level, pdf=change) for code, change in _PDF.items() for level in CdaLevel},
    **{f"letter {code}": _of_letter(to=given.get("to", SECRETARY), parcel=change) for code, (change, given) in _LETTER.items()},
    **{f"receipt: {name}": _of_receipt(name) for name in _RECEIPTS},
    **{f"file {code}": _of_file(code) for code in _ALONE},
    **{f"no archive {code}": partial(lambda parcel: found(posted(parcel)), parcel) for code, parcel in _NO_ARCHIVE.items()},
}
_HIDDEN = Steps(
    cda=lambda octets: octets.replace(b'Code code="N" displayName="Normal"', b'Code code="INVISIBLE_PATIENT" displayName="x"'),
    metadata=lambda octets: octets.replace(b'nodeRepresentation="N"', b'nodeRepresentation="INVISIBLE_PATIENT"'),
)
_OF_ANOTHER = write_pdf(replace(paper(), patient=replace(paper().patient, birth_name="SANTUCCI")))
_CASES |= {
    "a PDF of somebody else": lambda: found(posted(_with_pdf(octets=_OF_ANOTHER))),
    "a PDF without a name": lambda: found(posted(_with_pdf(name=""))),
    "a PDF that is badly called, of an act without its instant": _of_letter(
        cda=lambda octets: re.sub(b"<low [^>]*>", b"", octets), parcel=FLAWS["pdf-badly-called"].steps.parcel
    ),
    "hidden from its patient": lambda: found(letter(steps=_HIDDEN, to="279035121518989@patient.mssante.fr")),
    "a type without a name": _of_letter(
        cda=lambda octets: re.sub(rb'(<code code="11490-0"[^>]*) displayName="[^"]*"', rb"\1", octets, count=1)
    ),
    "a type by another name": _of_letter(cda=lambda octets: octets.replace(b'displayName="Lettre', b'displayName="Courrier')),
    "another reference of software": lambda: found(letter(), replace(PRACTICE, product="3734")),
    "a receipt and a file": lambda: found(receipt_beside(b"application/zip; name=IHE_XDM.ZIP")),
    "a receipt and a file without a name": lambda: found(receipt_beside(b"application/zip")),
    "a receipt of other software": lambda: found(receipt_beside(b"text/plain"), replace(PRACTICE, product="3734")),
    "a receipt of no software": lambda: found(composed(disposition=Disposition.DISPLAYED)),
    "too many findings": lambda: found(letter(steps=_HIDDEN), replace(PRACTICE, findings_max=0)),
    "a wrong key that is held against the letter": lambda: found(
        letter(steps=FLAWS["ins-wrong-key"].steps), replace(PRACTICE, wrong_key=FindingLevel.ERROR)
    ),
    "no recipient of a letter of a patient": lambda: found(posted(Parcel("Merci", {}, ()), sender="279035121518989@patient.mssante.fr")),
    "a letter in a letter": lambda: found(posted(Parcel("Bilan", {"X-MSS-NIL": "1"}, ())).replace(b"text/plain", b"message/rfc822")),
}


def _with_pdf(**given: Any) -> Parcel:
    archive, pdf = _ARCHIVE_AND_PDF.attachments
    return replace(_ARCHIVE_AND_PDF, attachments=(archive, replace(pdf, **given)))


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    for one in diagnosis.findings:
        seen = "…" if one.kind.code in _OF_LIBRARIES and one.seen else one.seen or "-"
        expected = one.expected.in_language(Language.EN) if one.expected and one.kind.code != "xdm.expands-too-far" else "-"
        yield " | ".join((f"{one.level} {one.kind.code}", one.document, one.where or "-", seen, expected))
    for read in diagnosis.documents:
        yield " | ".join((f"read {read.kind}", read.document, *(f"{name}={value}" for name, value in read.facts.items())))
    for sentence in diagnosis.not_checked:
        yield f"unchecked {sentence.in_language(Language.EN)}"


def told(name: str) -> list[str]:
    """What a diagnosis says of that case, without what it says of a right letter."""
    usual = [] if name.startswith("a right") else [*_lines(_CASES["a right letter, N1"]()), *_lines(_CASES["a right letter, N3"]())]
    return [line for line in _lines(_CASES[name]()) if line not in usual and not (usual and line.startswith(f"info {_USUAL} "))]


def _expected() -> dict[str, list[str]]:
    written = Path(__file__).with_name("diagnoses.txt").read_text(encoding="utf-8")
    cases = (block.splitlines() for block in written.strip().split("\n\n"))
    return {name: [line.strip() for line in lines] for name, *lines in cases}


_EXPECTED = _expected()


@pytest.mark.parametrize("name", _CASES)
def test_a_diagnosis_says_this_and_no_more(name: str) -> None:
    assert told(name) == _EXPECTED[name]


def test_no_diagnosis_is_written_down_of_what_is_no_case() -> None:
    assert [*_EXPECTED] == [*_CASES]


@pytest.mark.parametrize(("count", "told_of_more"), [(20, False), (21, True)])
def test_twenty_pdf_of_a_letter_are_looked_at(count: int, told_of_more: bool) -> None:
    pdf = _ARCHIVE_AND_PDF.attachments[1]
    diagnosis = found(posted(Parcel("Bilan", {}, tuple(replace(pdf, name=f"{number}.pdf") for number in range(count)))))
    assert [one.document for one in diagnosis.documents[1:]] == [f"{number}.pdf" for number in range(20)]
    assert any("this one has more" in sentence for sentence in diagnosis.not_checked) is told_of_more


def test_three_archives_of_a_letter_are_looked_at() -> None:
    archive, pdf = _ARCHIVE_AND_PDF.attachments
    diagnosis = found(posted(replace(_ARCHIVE_AND_PDF, attachments=(archive, archive, archive, archive, pdf))))
    assert [one.kind for one in diagnosis.documents].count(DocumentKind.ARCHIVE) == 3


@pytest.mark.parametrize("day", ["20260105", "20260107"], ids=["of the act", "of the document"])
def test_a_pdf_is_called_after_either_day(day: str) -> None:
    steps = Steps(
        cda=lambda octets: octets.replace(b'<effectiveTime value="20260105', b'<effectiveTime value="20260107', 1),
        parcel=lambda parcel: replace(
            parcel, attachments=(parcel.attachments[0], replace(parcel.attachments[1], name=f"{day}_Lettre_PAT-TROIS_DOMINIQUE.pdf"))
        ),
    )
    assert "letter.pdf-name" not in codes(found(letter(steps=steps)))
