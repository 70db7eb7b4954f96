"""The documents of a letter as people read them: text and nothing else, whatever they hold."""

import re
from dataclasses import replace

import pytest

from mss_sim.documents.making.flaws import FLAWS
from mss_sim.documents.making.parcel import Attachment, Parcel, Steps, make_parcel
from mss_sim.documents.reading import Readable, image_type, pdfs, read_file, read_letter
from mss_sim.mail.parse import MalformedMessage, ParseLimits
from mss_sim.vocabulary.documents import CdaLevel, DocumentKind
from tests.parcels import PRACTICE, paper, posted
from tests.pure.test_linear_documents import _HOSTILE

_TEXT = ["Bilan normal.", "Suite inchangée."]
_BESIDE = [
    ("a.png", "image/png", b"\x89PNG\r\n\x1a\n..."),
    ("a.htm", "text/html", b"<p>\x00\xff"),
    ("a.bin", "application/octet-stream", b"abc"),
    ("", "application/x-nameless", b"abc"),
]
_OF_THE_PDF = """Lettre de liaison à la sortie d'un établissement de soins
Patient : PAT-TROIS DOMINIQUE 28/03/1979
INS : 279035121518989
Auteur : Camille MARTIN, Cabinet des Tilleuls
Le 05/01/2026 à 10:00
Bilan normal.
Suite inchangée."""


def _read(level: CdaLevel = CdaLevel.N3, steps: Steps | None = None) -> tuple[Readable, ...]:
    return read_letter(posted(make_parcel([replace(paper(level), text=_TEXT)], steps or Steps())), PRACTICE)


def _cda(read: tuple[Readable, ...]) -> Readable:
    return next(one for one in read[0].files if one.kind is DocumentKind.CDA)


def test_an_archive_is_a_tree_and_a_cda_a_text() -> None:
    archive, pdf = _read()
    assert [one.name for one in archive.files] == [
        *("IHE_XDM/SUBSET01/DOC00001.XML", "IHE_XDM/SUBSET01/METADATA.XML"),
        *("INDEX.HTM", "README.TXT"),
    ]
    cda = _cda((archive, pdf))
    facts = dict(cda.facts)
    assert (facts["patient"], facts["born"], facts["made"], facts["author"]) == (
        *("PAT-TROIS DOMINIQUE", "28/03/1979"),
        *("05/01/2026 10:00", "Camille MARTIN"),
    )
    assert cda.sections == (("Lettre de liaison à la sortie d'un établissement de soins", "Bilan normal.\nSuite inchangée."),)
    assert pdf.sections[0][1].splitlines()[-2:] == _TEXT


def test_the_pdf_in_a_cda_is_read_too() -> None:
    assert _cda(_read(CdaLevel.N1)).sections[0][1].splitlines()[-2:] == _TEXT


def test_tables_and_lists_are_lines() -> None:
    table = "<table><tbody><tr><th>Na</th><td>140 <content>mmol/l</content> ok</td></tr><tr><td>K</td><td>4</td></tr></tbody></table>"
    more = "<list><item>un</item><item>deux<br/>trois</item></list>"
    assert _shown(table + more) == "Na | 140 mmol/l ok\nK | 4\nun\ndeux\ntrois"


def test_what_stands_between_letters_for_programs_is_passed_over_and_what_is_behind_it_is_read() -> None:
    assert _shown("<paragraph>Na <!-- sodium -->est <?xsl here?>bas<content/>.<?end?></paragraph>") == "Na est bas."


def _shown(text: str) -> str:
    """A section of that text, followed by the second line of the others."""
    changed = Steps(cda=lambda octets: octets.replace(b"<paragraph>Bilan normal.</paragraph>", text.encode()))
    return _cda(_read(steps=changed)).sections[0][1].removesuffix("\nSuite inchangée.")


def test_all_that_is_read_of_a_letter() -> None:
    letter = replace(make_parcel([replace(paper(CdaLevel.N1), text=_TEXT)]), headers={})
    archive, pdf = letter.attachments
    cda, metadata, index, readme = next(one.files for one in read_letter(posted(letter), PRACTICE))
    beside = (Attachment(name, kind, octets) for name, kind, octets in _BESIDE)
    assert read_letter(posted(replace(letter, attachments=(archive, pdf, *beside))), PRACTICE) == (
        Readable("IHE_XDM.ZIP", len(archive.octets), "2", DocumentKind.ARCHIVE, files=(cda, metadata, index, readme)),
        Readable(
            pdf.name, len(pdf.octets), "3", DocumentKind.PDF,
            (("verdict", "claims PDF/A-1"), ("pages", "1")), (("", _OF_THE_PDF),), pdf=pdf.octets,
        ),
        Readable("a.png", 11, "4", image="image/png"),
        Readable("a.htm", 5, "5", sections=(("", "<p>\ufffd"),)),
        Readable("a.bin", 3, "6"),
        Readable("application/x-nameless", 3, "7"),
    )  # fmt: skip
    assert cda == Readable(
        "IHE_XDM/SUBSET01/DOC00001.XML", cda.size_bytes, None, DocumentKind.CDA,
        (
            ("title", "Lettre de liaison à la sortie d'un établissement de soins"),
            ("type", "11490-0 Lettre de liaison à la sortie d'un établissement de soins"),
            ("level", "N1"),
            ("patient", "PAT-TROIS DOMINIQUE"),
            ("born", "28/03/1979"),
            ("ins", "279035121518989"),
            ("author", "Camille MARTIN"),
            ("made", "05/01/2026 10:00"),
            ("custodian", "Cabinet des Tilleuls"),
        ),
        (("", _OF_THE_PDF),),
        pdf=pdf.octets,
    )  # fmt: skip
    assert (readme.kind, readme.facts, readme.sections[0][1].splitlines()[0]) == (None, (), "Emetteur")
    assert pdfs(read_letter(posted(letter), PRACTICE)) == [pdf.octets, pdf.octets]
    assert pdfs([replace(cda, pdf=None, files=(cda,)), cda]) == [pdf.octets, pdf.octets]


def test_twenty_files_of_a_letter_are_read() -> None:
    files = tuple(Attachment(f"{number}.txt", "text/plain", b"a") for number in range(21))
    assert [one.name for one in read_letter(posted(Parcel("Bilan", {}, files)), PRACTICE)] == [f"{number}.txt" for number in range(20)]


def test_a_letter_is_read_within_the_limits_that_are_given() -> None:
    letter = posted(make_parcel([paper()]))
    with pytest.raises(MalformedMessage):
        read_letter(letter, PRACTICE, ParseLimits(parts=2))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("20260105", "05/01/2026"),
        ("202601051", "05/01/2026"),
        ("20260105100", "05/01/2026"),
        ("202601051030", "05/01/2026 10:30"),
        ("20260105103059+0100", "05/01/2026 10:30"),
        ("20260105+0100", "05/01/2026"),
        ("2026010", "2026010"),
        ("2026-01-05", "2026-01-05"),
    ],
)
def test_an_instant_is_shown_as_people_write_it(written: str, shown: str) -> None:
    changed = Steps(
        cda=lambda octets: re.sub(rb'<effectiveTime value="[^"]*"', f'<effectiveTime value="{written}"'.encode(), octets, count=1)
    )
    assert dict(_cda(_read(steps=changed)).facts)["made"] == shown


@pytest.mark.parametrize("flaw", FLAWS)
def test_whatever_is_broken_something_is_read(flaw: str) -> None:
    level = FLAWS[flaw].level or CdaLevel.N3
    assert _read(level, FLAWS[flaw].steps)


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_documents_are_read_within_the_same_limits(name: str) -> None:
    read = read_file(_HOSTILE[name][0](), "A.XML", PRACTICE)
    assert sum(len(text) for _, text in read.sections) <= 200_000


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<html>", None),
        (b"", None),
        (b"GIF87", None),
        (b"RIFF1234AVI ", None),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF1234WEBP", "image/webp"),
    ],
)
def test_a_picture_is_what_begins_as_one(octets: bytes, kind: str | None) -> None:
    assert image_type(octets) == kind
