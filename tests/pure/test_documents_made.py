"""What the generator makes and what the diagnosis says, as one table: a right letter gives nothing, a broken one the one right finding."""

import base64
import io
import time
import zipfile
from dataclasses import replace

import pypdf
import pytest

from mss_sim.documents import archive_kinds, cda_kinds, letter_kinds, metadata_kinds, pdf_kinds, schematron, value_sets
from mss_sim.documents.diagnosing import diagnose_file
from mss_sim.documents.making.flaws import FLAWS
from mss_sim.documents.making.paper import Author, Paper, Patient
from mss_sim.documents.making.parcel import Attachment, Parcel, make_parcel
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.testing.builders import letter_with_documents, xdm_archive
from mss_sim.testing.documents import LetterFields
from mss_sim.vocabulary.documents import CdaLevel
from tests.parcels import AT, PRACTICE, codes, found, grave, letter, paper, posted

_KINDS = [*archive_kinds.KINDS, *metadata_kinds.KINDS, *cda_kinds.KINDS, *pdf_kinds.KINDS, *letter_kinds.KINDS, *schematron.KINDS]
_BROKEN = [(name, level) for name, flaw in FLAWS.items() for level in ([flaw.level] if flaw.level else CdaLevel)]
_WITHOUT_INS = Patient(number="", root="", given_names="ANGE", first_given="ANGE", birth_name="D'ARC-LÉ", born="", sex="UN", place="")


@pytest.mark.parametrize(("name", "level"), _BROKEN)
def test_a_flaw_gives_its_finding_and_no_other(name: str, level: CdaLevel) -> None:
    assert grave(found(letter(level, FLAWS[name].steps))) == [FLAWS[name].code]


@pytest.mark.parametrize("level", CdaLevel)
@pytest.mark.parametrize("type_", [code for _, code in value_sets.types().names])
def test_a_right_letter_of_any_type_gives_nothing_to_mend(type_: str, level: CdaLevel) -> None:
    beside = ["cda.biology-level"] if (type_, level) == ("11502-2", CdaLevel.N1) else []
    assert sorted(codes(found(posted(make_parcel([paper(level, type_)]))))) == [*beside, "ins.test-root"]


@pytest.mark.parametrize(
    ("papers", "expected"),
    [
        pytest.param([paper(CdaLevel.N1)], ["ins.test-root"], id="a PDF in a CDA"),
        pytest.param([paper(), paper(CdaLevel.N1, "18748-4")], ["ins.test-root", "ins.test-root"], id="two documents"),
        pytest.param([paper()] * 3, ["ins.test-root"] * 3, id="three alike"),
        pytest.param([replace(paper(), version=2, replaces="2.25.1")], ["ins.test-root"], id="a second version"),
        pytest.param([replace(paper(), patient=_WITHOUT_INS)], ["ins.absent"], id="nobody's number, accents and an apostrophe"),
        pytest.param([replace(paper(), text=["Une ligne très longue. " * 200])], ["ins.test-root"], id="several pages"),
        pytest.param([replace(paper(), author=Author(organisation='<&"> Cie'))], ["ins.test-root"], id="what XML would stumble over"),
    ],
)
def test_right_letters_of_all_sorts(papers: list[Paper], expected: list[str]) -> None:
    diagnosis = found(posted(make_parcel(papers)))
    assert [code for code in codes(diagnosis) if code != "metadata.unknown-missing"] == expected


def test_what_is_made_is_the_same_each_time() -> None:
    assert make_parcel([paper()]) == make_parcel([paper()])
    assert make_parcel([paper()]) != make_parcel([replace(paper(), at=AT.replace(hour=11))])


def test_a_flaw_says_what_it_would_have_broken_where_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"^/Producer \(mss-sim\) is not there$"):
        FLAWS["pdf-javascript"].steps.pdf(b"%PDF-1.4")
    with pytest.raises(ValueError, match=r"^DDM\+Lettre is not there$"):
        FLAWS["subject-other-label"].steps.parcel(Parcel("Bilan", {}, ()))


def test_every_flaw_has_a_kind_and_every_code_is_there_once() -> None:
    known = [kind.code for kind in _KINDS]
    assert len(set(known)) == len(known)
    assert {flaw.code for flaw in FLAWS.values()} <= set(known)


@pytest.mark.parametrize("level", CdaLevel)
def test_each_file_of_a_letter_is_right_by_itself(level: CdaLevel) -> None:
    for one in make_parcel([paper(level)]).attachments:
        assert grave(diagnose_file(one.octets, one.name, PRACTICE)) == []


def test_a_reader_that_does_not_know_us_reads_the_pdf() -> None:
    made = replace(paper(), text=["Première ligne, œuvre d’été : 12 €.", "x" * 40, *["Encore une ligne."] * 100])
    read = pypdf.PdfReader(io.BytesIO(write_pdf(made)), strict=True)
    text = read.pages[0].extract_text()
    assert "PAT-TROIS DOMINIQUE 28/03/1979" in text
    assert "Première ligne, œuvre d’été : 12 €." in text
    assert len(read.pages) == 3
    assert read.metadata is not None
    assert read.metadata.title == made.title


def test_the_archive_has_the_layout_of_the_norm() -> None:
    octets = make_parcel([paper(), paper()]).attachments[0].octets
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [
            *("INDEX.HTM", "README.TXT", "IHE_XDM/SUBSET01/METADATA.XML"),
            *("IHE_XDM/SUBSET01/DOC00001.XML", "IHE_XDM/SUBSET01/DOC00002.XML"),
        ]


def test_builders_of_test_suites_make_right_documents_and_broken_ones() -> None:
    assert grave(diagnose_file(xdm_archive(), "IHE_XDM.ZIP", PRACTICE)) == []
    assert grave(found(_sent(letter_with_documents("11502-2", "18748-4", level=CdaLevel.N1)))) == []
    assert grave(found(_sent(letter_with_documents(flaw="hash-wrong")))) == ["xdm.hash-mismatch"]
    with pytest.raises(KeyError):
        letter_with_documents(flaw="nothing")


def _sent(fields: LetterFields) -> bytes:
    files = [Attachment(one["filename"], one["content_type"], base64.b64decode(one["content_base64"])) for one in fields["attachments"]]
    return posted(Parcel(fields["subject"], fields["headers"], tuple(files)))


def test_a_letter_with_one_cda_and_one_pdf_is_diagnosed_in_sixty_milliseconds() -> None:
    """Processor time, the shortest of a few: what other processes take away is not the diagnosis's."""
    raw = letter(CdaLevel.N1)
    assert min(_milliseconds(raw) for _ in range(5)) < 60


def _milliseconds(raw: bytes) -> float:
    begun = time.thread_time()
    found(raw)
    return (time.thread_time() - begun) * 1_000
