"""Diagnoses of a world: what its settings change, and that a few are made at once."""

import asyncio

import pytest

from mss_sim.config.settings import Settings
from mss_sim.core.mailbox.diagnosis import fault_of_ins, practice
from mss_sim.documents.making.flaws import FLAWS
from mss_sim.vocabulary.documents import FindingLevel
from mss_sim.vocabulary.patients import InsOid
from tests.core.towns import Town
from tests.parcels import codes, letter


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
    from mss_sim.documents.diagnosing import diagnose_letter

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
