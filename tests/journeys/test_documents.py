"""Documents from end to end: made over REST, sent, diagnosed by their reader and by the control plane; files on the command line."""

import asyncio
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.documents.making.flaws import FLAWS
from tests.clients import DOCTOR, PATIENT, PRACTICE, Person, control
from tests.conftest import StartSimulator

_FLAWS = {
    "hash-wrong": ["ECO.2.1.1"],
    "two-patients": ["ECO.2.1.1", "MSS/va1.01"],
    "pdf-encrypted": ["ECO.2.1.1"],
    "zip-slip": [],
    "cda-doctype": [],
    "subject-other-name": ["ECO.2.1.3"],
    "nil-missing": ["ECO.2.4.3", "SC.MSS/CONF.16"],
}
"""Letters broken in one way, and the requirements of the field that this touches."""


async def _sent(simulator: Simulator, **wanted: Any) -> str | None:
    """Documents made and sent from the doctor to the practice; the code of the finding that is to be expected."""
    made = await control(simulator, "POST", "/documents", json=wanted)
    assert made.status_code == 200, made.text
    letter = made.json()
    finding: str | None = letter.pop("finding")
    answer = await Person(simulator, "doctor").send(DOCTOR, to=[PRACTICE], text="Bonjour.", **letter)
    assert answer.status_code == 201, answer.text
    return finding


async def _diagnosed(simulator: Simulator) -> dict[str, Any]:
    """The last letter of the practice, diagnosed by its secretary; the control plane says the same."""
    secretary = Person(simulator, "secretary")
    [letter] = await secretary.inbox(PRACTICE)
    answer = await secretary.rest("GET", f"/mailboxes/{PRACTICE}/messages/{letter['id']}/diagnosis")
    assert answer.status_code == 200, answer.text
    beside = await control(simulator, "GET", f"/messages/{letter['email_id']}/diagnosis")
    assert beside.json() == answer.json()
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("level", ["N1", "N3"])
async def test_right_documents_arrive_and_nothing_is_to_mend(simulator: Simulator, level: str) -> None:
    patient = PATIENT.partition("@")[0]
    assert await _sent(simulator, level=level, patient=patient, author="899700420013", types=["11502-2"]) is None
    found = await _diagnosed(simulator)
    assert [one for one in found["findings"] if one["level"] in ("error", "warning")] == []
    assert {one["kind"]: one["facts"].get("level") for one in found["documents"]}["cda"] == level
    assert any("proof of conformity" in text for text in found["not_checked"])


@pytest.mark.parametrize("flaw", _FLAWS)
async def test_a_flaw_is_told_with_its_place_and_its_source(simulator: Simulator, flaw: str) -> None:
    finding = await _sent(simulator, flaw=flaw)
    found = await _diagnosed(simulator)
    [told] = [one for one in found["findings"] if one["level"] in ("error", "warning")]
    assert (told["code"], found["worst"], found["counts"]["error"]) == (finding, "error", 1)
    assert told["document"]
    assert told["detail"].endswith(".")
    assert told["reference"]
    assert told["requirements"] == _FLAWS[flaw]
    if flaw == "hash-wrong":
        assert (told["where"], told["seen"]) == ("Document01/hash", hashlib.sha1(b"").hexdigest())  # noqa: S324 - as the norm has it
        assert re.fullmatch("[0-9a-f]{40}", told["expected"])


async def test_a_developer_sends_the_whole_negative_set_and_reads_a_right_diagnosis_of_each(simulator: Simulator) -> None:
    flaws = (await control(simulator, "GET", "/documents")).json()["flaws"]
    assert {one["name"] for one in flaws} == FLAWS.keys()
    secretary = Person(simulator, "secretary")
    for one in flaws:
        assert await _sent(simulator, flaw=one["name"]) == one["finding"]
        assert (await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 10.0})).json()["met"]
        [letter] = await secretary.inbox(PRACTICE)
        path = f"/mailboxes/{PRACTICE}/messages/{letter['id']}"
        found = (await secretary.rest("GET", f"{path}/diagnosis")).json()["findings"]
        grave = [told for told in found if told["level"] in ("error", "warning")]
        assert [told["code"] for told in grave] == [one["finding"]]
        assert all(told["detail"] and told["document"] and told["reference"] for told in grave), one
        assert (await Person(simulator, "doctor").rest("DELETE", path)).status_code == 204


async def test_a_diagnosis_is_a_reading_and_needs_the_right_to(simulator: Simulator) -> None:
    await _sent(simulator)
    secretary, stranger = Person(simulator, "secretary"), Person(simulator, "hospital")
    [letter] = await secretary.inbox(PRACTICE)
    path = f"/mailboxes/{PRACTICE}/messages/{letter['id']}"
    assert (await stranger.rest("GET", f"{path}/diagnosis")).status_code == 404
    assert (await secretary.rest("GET", f"{path}/diagnosis")).status_code == 200
    opened = (await secretary.rest("GET", path)).json()
    assert [one["by"]["idnat"] for one in opened["read_by"]] == [secretary.idnat]
    assert (await control(simulator, "GET", "/messages/0am6c38w5xc01/diagnosis")).status_code == 404


async def test_a_mailbox_keeps_what_is_wrong_when_its_manager_says_so(simulator: Simulator) -> None:
    doctor, box = Person(simulator, "doctor"), f"/mailboxes/{PRACTICE}"
    assert (await doctor.get(box))["keeps_diagnoses"] is False
    await _sent(simulator)
    assert (await _diagnosed(simulator))["kept_at"] is None
    await doctor.rest("DELETE", f"{box}/messages/{(await doctor.inbox(PRACTICE))[0]['id']}")
    assert (await doctor.rest("PATCH", box, json={"keeps_diagnoses": True})).json()["keeps_diagnoses"] is True
    await _sent(simulator, flaw="hash-wrong")
    kept = await control(simulator, "POST", "/wait", {"kind": "act", "acts": ["message.diagnosed"], "mailbox": PRACTICE, "timeout": 10.0})
    found = await _diagnosed(simulator)
    assert (found["kept_at"], found["worst"]) == (kept.json()["found"][0]["at"], "error")
    assert (await control(simulator, "GET", box)).json()["keeps_diagnoses"] is True


async def test_what_is_kept_goes_back_with_a_snapshot_and_away_with_a_reset(simulator: Simulator) -> None:
    assert (await control(simulator, "PATCH", f"/mailboxes/{PRACTICE}", {"keeps_diagnoses": True})).status_code == 200
    await _sent(simulator)
    assert (await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 10.0})).json()["met"]
    kept = await _diagnosed(simulator)
    assert kept["kept_at"] is not None
    assert (await control(simulator, "POST", "/snapshots", {"name": "kept"})).status_code == 201
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    await _sent(simulator)
    assert (await _diagnosed(simulator))["kept_at"] is None
    assert (await control(simulator, "POST", "/snapshots/kept/restore")).status_code == 204
    assert await _diagnosed(simulator) == kept


async def test_findings_are_told_in_french_where_the_world_is(start: StartSimulator) -> None:
    async with start(language="fr") as simulator:
        await _sent(simulator, flaw="no-readme")
        found = await _diagnosed(simulator)
        assert found["findings"][0]["detail"] == "L’archive n’a pas de README.TXT à sa racine."


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"types": []}, 422),
        ({"types": ["11490-0"] * 21}, 422),
        ({"types": ["<x>"]}, 422),
        ({"flaw": "nothing"}, 422),
        ({"text": ["a\u0000b"]}, 422),
        ({"level": "N2"}, 422),
        ({"patient": "nobody"}, 404),
    ],
    ids=str,
)
async def test_what_cannot_be_made_is_refused(simulator: Simulator, body: dict[str, Any], status: int) -> None:
    assert (await control(simulator, "POST", "/documents", json=body)).status_code == status


async def test_what_stands_on_a_limit_is_made_and_one_more_is_refused(simulator: Simulator) -> None:
    for most, beyond, status in (
        ({"text": ["a" * 1_000]}, {"text": ["a" * 1_001]}, 200),
        ({"text": ["a"] * 200}, {"text": ["a"] * 201}, 200),
        ({"types": ["11490-0"] * 20}, {"types": ["11490-0"] * 21}, 200),
        ({"types": ["a" * 40]}, {"types": ["a" * 41]}, 200),
        ({"patient": "a" * 100}, {"patient": "a" * 101}, 404),
        ({"author": "a"}, {"author": ""}, 404),
    ):
        answers = [await control(simulator, "POST", "/documents", json=body) for body in (most, beyond)]
        assert [one.status_code for one in answers] == [status, 422], most


async def test_what_can_be_made_is_listed(simulator: Simulator) -> None:
    listed = (await control(simulator, "GET", "/documents")).json()
    assert listed["types"]["11502-2"] == "CR d'examens biologiques"
    assert {"name": "hash-wrong", "finding": "xdm.hash-mismatch"} in listed["flaws"]


async def test_one_diagnosis_at_once(start: StartSimulator) -> None:
    async with start(documents_at_once_max=1) as simulator:
        await _sent(simulator)
        assert (await _diagnosed(simulator))["worst"] == "info"


_RULE = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><ns prefix="cda" uri="urn:hl7-org:v3"/>
<pattern><rule context="cda:ClinicalDocument"><assert test="cda:setId/@extension = 'ours'">The set is ours.</assert></rule></pattern>
</schema>
"""


async def test_rules_of_others_are_run_over_the_documents_of_a_letter(start: StartSimulator, tmp_path: Path) -> None:
    (tmp_path / "own.sch").write_text(_RULE)
    async with start(documents_schematron=tmp_path, documents_schematron_files=["*.sch"]) as simulator:
        await _sent(simulator)
        found = await _diagnosed(simulator)
        (broken,) = [one for one in found["findings"] if one["code"] == "cda.schematron"]
        assert (broken["where"], broken["expected"], broken["level"]) == ("/ClinicalDocument", "own.sch: The set is ours.", "error")
        assert any(text.startswith("The Schematron own.sch (sha256 ") for text in found["not_checked"])


def test_rules_of_others_are_run_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "own.sch").write_text(_RULE)
    assert _run("document", str(tmp_path / "made")).returncode == 0
    archive = str(tmp_path / "made" / "IHE_XDM.ZIP")
    told = _run("diagnose", archive, "--schematron", str(tmp_path / "own.sch"))
    assert (told.returncode, "expected: own.sch: The set is ours." in told.stdout) == (1, True)
    told = _run("diagnose", archive, "--schematron", str(tmp_path))
    assert (told.returncode, "has no file called CI-SIS_StructurationMinimale.sch" in told.stdout) == (0, True)
    told = _run("diagnose", archive, "--schematron", str(tmp_path / "gone"))
    assert (told.returncode, "there is no Schematron" in told.stderr) == (2, True)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "mss_sim", *command], capture_output=True, text=True, timeout=60, check=False)


def test_files_are_made_and_diagnosed_on_the_command_line(tmp_path: Path) -> None:
    right, broken, marked = tmp_path / "right", tmp_path / "broken", tmp_path / "marked"
    assert "wrote IHE_XDM.ZIP" in _run("document", str(right)).stdout
    assert "finds xdm.size-mismatch" in _run("document", str(broken), "--flaw", "size-off-by-one", "--level", "N1").stdout
    assert _run("document", str(marked), "--flaw", "cda-byte-order-mark").returncode == 0
    for file in sorted(right.iterdir()):
        told = _run("diagnose", str(file))
        assert (told.returncode, told.stderr) == (0, ""), told
    with zipfile.ZipFile(right / "IHE_XDM.ZIP") as archive:
        (tmp_path / "DOC00001.XML").write_bytes(archive.read("IHE_XDM/SUBSET01/DOC00001.XML"))
    told = _run("diagnose", str(tmp_path / "DOC00001.XML"))
    assert (told.returncode, "level N3, type 11490-0" in told.stdout) == (0, True)
    told = _run("diagnose", str(broken / "letter.eml"), "--json")
    assert (told.returncode, json.loads(told.stdout)["findings"][0]["code"]) == (1, "xdm.size-mismatch")
    plain = _run("diagnose", str(broken / "IHE_XDM.ZIP"))
    assert (plain.returncode, "error: xdm.size-mismatch" in plain.stdout, "not checked:" in plain.stdout) == (1, True, True)
    assert _run("diagnose", str(marked / "IHE_XDM.ZIP")).returncode == 3
    assert "taille" in _run("diagnose", str(broken / "IHE_XDM.ZIP"), "--language", "fr").stdout


async def test_files_are_made_on_the_command_line_for_people_of_a_world(simulator: Simulator, tmp_path: Path) -> None:
    patient = PATIENT.partition("@")[0]
    people = ("--patient", patient, "--author", "899700420013", "--http", simulator.ready()["http"])
    made = await asyncio.to_thread(_run, "document", str(tmp_path), *people, "--type", "11502-2", "--level", "N1")
    assert (made.returncode, made.stderr) == (0, "")
    told = await asyncio.to_thread(_run, "diagnose", str(tmp_path / "letter.eml"), "--json")
    found = json.loads(told.stdout)
    (cda,) = [one["facts"] for one in found["documents"] if one["kind"] == "cda"]
    assert (told.returncode, cda["patient"], cda["type"], cda["level"]) == (0, patient, "11502-2", "N1")


@pytest.mark.parametrize(
    ("wanted", "codes", "files"),
    [
        (["--flaw", "archive-twice"], ["letter.several-archives"], ["IHE_XDM-2.ZIP", "IHE_XDM.ZIP"]),
        (["--type", "11502-2", "--type", "11502-2"], [], ["IHE_XDM.ZIP"]),
    ],
)
def test_files_of_one_name_are_all_in_the_letter(tmp_path: Path, wanted: list[str], codes: list[str], files: list[str]) -> None:
    assert _run("document", str(tmp_path), *wanted).returncode == 0
    found = json.loads(_run("diagnose", str(tmp_path / "letter.eml"), "--json").stdout)
    assert [one["code"] for one in found["findings"] if one["level"] in ("error", "warning")] == codes
    assert (sorted(one.name for one in tmp_path.glob("*.ZIP")), len(list(tmp_path.glob("*.pdf")))) == (files, 2)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["diagnose", "nowhere.zip"], "there is no file nowhere.zip"),
        (["document", "x", "--flaw", "nothing"], "there is no flaw nothing"),
        (["document", "x", "--flaw", "no-index", "--type", "11490-0", "--type", "11502-2"], "name one --type"),
    ],
)
def test_what_is_typed_wrong_is_said_in_one_line(command: list[str], words: str) -> None:
    told = _run(*command)
    assert (told.returncode, words in told.stderr, told.stderr.count("\n")) == (2, True, 1)


def test_what_is_no_letter_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.eml").write_bytes(b"a\x00b")
    told = _run("diagnose", str(tmp_path / "x.eml"))
    assert (told.returncode, "NUL" in told.stderr) == (2, True)
    assert "11490-0" in _run("document").stdout
