"""The documents of a letter as people read them: text and nothing else, whatever they hold."""

from dataclasses import replace

import pytest

from mss_sim.documents.making.flaws import FLAWS
from mss_sim.documents.making.parcel import Steps, make_parcel
from mss_sim.documents.reading import Readable, image_type, read_file, read_letter
from mss_sim.vocabulary.documents import CdaLevel, DocumentKind
from tests.parcels import PRACTICE, paper, posted
from tests.pure.test_linear_documents import _HOSTILE

_TEXT = ["Bilan normal.", "Suite inchangée."]


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
    changed = Steps(cda=lambda octets: octets.replace(b"<paragraph>Bilan normal.</paragraph>", (table + more).encode()))
    assert _cda(_read(steps=changed)).sections[0][1] == "Na | 140 mmol/l ok\nK | 4\nun\ndeux\ntrois\nSuite inchangée."


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
