"""Diagnoses of a world: what its settings change, and that a few are made at once."""

import asyncio
import io
import time
from pathlib import Path

import pytest
from PIL import Image

from mss_sim.config.settings import Settings
from mss_sim.core.mailbox.diagnosis import Diagnoses, fault_of_ins, practice
from mss_sim.documents.diagnosing import diagnose_letter
from mss_sim.documents.making.flaws import FLAWS
from mss_sim.documents.making.parcel import Attachment, Parcel
from mss_sim.documents.making.pdf_writing import write_pdf
from mss_sim.documents.schematron import Rules
from mss_sim.errors import Rule
from mss_sim.vocabulary.documents import CdaLevel, FindingLevel
from mss_sim.vocabulary.patients import InsOid
from tests.core.towns import OpenTown, Town, refused
from tests.parcels import codes, letter, paper, posted


@pytest.mark.parametrize(
    ("given", "flaw", "expected"),
    [
        pytest.param({}, None, ["ins.test-root"], id="the defaults"),
        pytest.param({"documents_entries_max": 3}, None, "xdm.too-many-entries", id="entries"),
        pytest.param({"documents_expanded_bytes_max": 2_000}, None, "xdm.expands-too-far", id="octets unpacked"),
        pytest.param({"documents_ratio_max": 2_000}, "zip-bomb", "xdm.expands-too-far", id="how many times"),
        pytest.param({"documents_xml_bytes_max": 1_000}, None, "xml.too-large", id="octets of XML"),
        pytest.param({"documents_ins_roots": [InsOid.NIR]}, None, "header.ins-differs", id="roots of a qualified identity"),
        pytest.param({"documents_product": "3734"}, None, "header.nil-differs", id="the reference of the software"),
        pytest.param({"patient_ins_key": "strict"}, "ins-wrong-key", "ins.wrong-key", id="a wrong key"),
    ],
)
def test_what_a_setting_changes(given: dict[str, object], flaw: str | None, expected: str | list[str]) -> None:
    raw = letter(steps=FLAWS[flaw].steps) if flaw else letter()
    diagnosis = diagnose_letter(raw, practice(Settings(**given)))
    if isinstance(expected, list):
        assert codes(diagnosis) == expected
        return
    assert {one.level for one in diagnosis.findings if one.kind.code == expected} == {FindingLevel.ERROR}


def test_numbers_of_findings_and_of_objects_are_settings() -> None:
    made = practice(Settings(documents_findings_max=7, documents_pdf_objects_max=11))
    assert (made.findings_max, made.pdf_objects_max) == (7, 11)


@pytest.mark.parametrize(("number", "right"), [("279035121518989", True), ("279035121518988", False), ("27903512151898X", False)])
def test_what_is_wrong_with_a_number(number: str, *, right: bool) -> None:
    assert (fault_of_ins(number) is None) is right


async def test_a_letter_is_diagnosed_beside_others(town: Town) -> None:
    found = await asyncio.gather(*(town.core.diagnoses.of_letter(letter()) for _ in range(5)))
    assert [codes(one) for one in found] == [["ins.test-root"]] * 5


async def test_the_documents_of_a_letter_are_read(town: Town) -> None:
    read = await town.core.diagnoses.documents_of(letter())
    assert [len(one.files) for one in read] == [4, 0]


def _letter_with(*files: tuple[str, bytes]) -> bytes:
    return posted(Parcel("Documents", {}, tuple(Attachment(name, "application/pdf", octets) for name, octets in files)))


async def test_a_page_of_a_pdf_is_drawn_wherever_the_pdf_is(town: Town) -> None:
    diagnoses, pdf = Diagnoses(town.world), write_pdf(paper())
    for raw, documents in ((letter(CdaLevel.N3), 1), (letter(CdaLevel.N1), 2), (_letter_with(("a.pdf", pdf), ("b.pdf", pdf)), 2)):
        for document in range(1, documents + 1):
            drawn = await diagnoses.drawn_page(raw, document, 1)
            picture = Image.open(io.BytesIO(drawn))
            assert (picture.format, max(picture.size)) == ("PNG", 1_100)
            assert len(picture.convert("1").getcolors() or []) == 2, "something black stands on white paper"
        for document, page in ((documents + 1, 1), (0, 1), (1, 2), (1, 0), (1, 999_999)):
            with refused(Rule.NOT_FOUND, "can be drawn"):
                await diagnoses.drawn_page(raw, document, page)


async def test_what_draws_imports_nothing_from_the_folder_in_which_somebody_stands(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pypdfium2.py").write_text("raise SystemExit('a file of a stranger')")
    monkeypatch.chdir(tmp_path)
    assert (await Diagnoses(town.world).drawn_page(letter(), 1, 1)).startswith(b"\x89PNG")


async def test_a_pdf_that_is_none_or_takes_too_long_is_not_drawn(open_town: OpenTown) -> None:
    async with open_town(documents_drawing_seconds_max=0.01) as town:
        with refused(Rule.NOT_FOUND, "can be drawn"):
            await Diagnoses(town.world).drawn_page(_letter_with(("a.pdf", write_pdf(paper()))), 1, 1)
    async with open_town() as town:
        with refused(Rule.NOT_FOUND, "can be drawn"):
            await Diagnoses(town.world).drawn_page(_letter_with(("a.pdf", b"%PDF-1.4 and then nothing")), 1, 1)


def test_rules_of_others_are_run_where_a_setting_names_them(tmp_path: Path) -> None:
    rule = '<pattern><rule context="/"><assert test="false()">Never.</assert></rule></pattern>'
    for name in ("own.sch", "other.sch"):
        (tmp_path / name).write_text(f'<schema xmlns="http://purl.oclc.org/dsdl/schematron">{rule}</schema>')
    settings = Settings(documents_schematron=tmp_path, documents_schematron_files=["own*"], documents_schematron_seconds_max=20)
    rules = practice(settings).schematron
    assert rules == Rules(tmp_path, ("own*",), 20)
    found = diagnose_letter(letter(), practice(settings))
    assert [str(one.expected) for one in found.findings if one.kind.code == "cda.schematron"] == ["own.sch: Never."]


def test_rules_that_are_not_there_are_told_at_the_start(tmp_path: Path) -> None:
    assert practice(Settings()).schematron is None
    with pytest.raises(ValueError, match="there is no file or folder"):
        Settings(documents_schematron=tmp_path / "gone")


def test_rules_end_when_nobody_waits_for_them_any_more(open_town: OpenTown, tmp_path: Path) -> None:
    slow = "sum(for $one in 1 to 1000000000, $other in 1 to 100 return $one mod $other) = 0"
    rule = f'<pattern><rule context="/"><assert test="{slow}">Never.</assert></rule></pattern>'
    (tmp_path / "own.sch").write_text(f'<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">{rule}</schema>')

    async def ask_and_go() -> None:
        async with open_town(documents_schematron=tmp_path / "own.sch", documents_schematron_seconds_max=60) as town:
            asked = asyncio.create_task(Diagnoses(town.world).of_letter(letter()))
            await asyncio.sleep(2)
            assert not asked.done()
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked

    begun = time.monotonic()
    asyncio.run(ask_and_go())  # its end waits for threads, as that of the simulator does
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("name", ["", ".", "/rules/*.sch", "../*.sch", "a**.sch"])
def test_names_that_no_file_of_a_folder_can_have_are_told_at_the_start(name: str) -> None:
    with pytest.raises(ValueError, match="names no files of a folder"):
        Settings(documents_schematron_files=["own.sch", name])
    assert Settings(documents_schematron_files=["**/own.sch", "a/IHE*.sch"]).documents.schematron_files == ("**/own.sch", "a/IHE*.sch")
