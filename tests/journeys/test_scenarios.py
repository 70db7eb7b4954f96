"""Scenarios over real sockets, under the default settings: over HTTP step by step and at once, recorded from hands, and by the command."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.scenarios import shelf
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator

_PATH = "/control/scenarios"
_YAML = {"Content-Type": "application/yaml"}
_FILE = """\
title: {en: A letter, fr: Une lettre}
actors: {doctor: {role: doctor}, hospital: {role: hospital}}
mailboxes: {practice: {of: doctor, kind: CAB}}
steps:
  - {en: It is sent, actor: hospital, send: {to: practice, subject: Rapport}, as: report}
  - {en: It comes, wait: {letter: report, mailbox: practice}}
  - {en: It is listed, actor: doctor, list: practice, expect: {count: COUNT}}
  - {en: It is read, actor: doctor, open: {letter: report, mailbox: practice}}
"""
_RIGHT, _WRONG = _FILE.replace("COUNT", "1"), _FILE.replace("COUNT", "3")
_FAILURE = "Step 3 (line 7): expected was count 3; what came: count 1."


async def _asked(simulator: Simulator, method: str, path: str = "", **options: Any) -> httpx.Response:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], timeout=60) as client:
        return await client.request(method, f"{_PATH}{path}", **options)


async def _begun(simulator: Simulator, **options: Any) -> dict[str, Any]:
    answer = await _asked(simulator, "POST", **options)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("story", shelf.names())
async def test_each_story_that_ships_passes_at_once(start: StartSimulator, database: str | None, story: str) -> None:
    async with start(database_url=database) as simulator:
        found = await _begun(simulator, json={"story": story, "at_once": True})
        assert (found["state"], found["failure"]) == ("passed", None)
        assert {step["state"] for step in found["steps"]} == {"passed"}


async def test_the_stories_are_told_in_both_languages(simulator: Simulator) -> None:
    found = (await _asked(simulator, "GET", "/stories")).json()
    assert [one["name"] for one in found] == shelf.names()
    assert all(step["en"] and step["fr"] and step["en"] != step["fr"] for one in found for step in one["steps"])
    file = await _asked(simulator, "GET", "/stories/delegation")
    assert (file.content, file.headers["content-type"]) == (shelf.octets("delegation"), "application/yaml")
    missing = await _asked(simulator, "GET", "/stories/epic")
    assert (missing.status_code, missing.json()["detail"]) == (
        404,
        "There is no story epic; there are breakdown, delegation, locum, patient.",
    )


async def test_a_file_is_played_step_by_step(simulator: Simulator) -> None:
    play = await _begun(simulator, content=_RIGHT, headers=_YAML)
    assert (play["state"], play["steps_played"], play["mailboxes"]) == ("ready", 0, {"practice": PRACTICE})
    assert play["actors"]["doctor"]["mailbox"] == DOCTOR
    first = (await _asked(simulator, "POST", f"/{play['id']}/next")).json()
    assert [step["state"] for step in first["steps"]] == ["passed", "waiting", "waiting", "waiting"]
    assert (first["steps"][0]["type"], first["steps"][1]["type"], first["steps"][1]["outcome"]) == ("TRANSACTION", "VALIDATION", None)
    last = (await _asked(simulator, "POST", f"/{play['id']}/next?rest=true")).json()
    assert (last["state"], last["steps_played"]) == ("passed", 4)
    assert (await _asked(simulator, "GET", f"/{play['id']}")).json() == last
    over = await _asked(simulator, "POST", f"/{play['id']}/next")
    assert (over.status_code, over.json()["code"]) == (409, "conflict")
    assert [one["id"] for one in (await _asked(simulator, "GET")).json()] == [play["id"]]
    assert (await _asked(simulator, "DELETE", f"/{play['id']}")).status_code == 204
    assert [(await _asked(simulator, method, f"/{play['id']}")).status_code for method in ("GET", "DELETE")] == [404, 404]
    assert (await _asked(simulator, "POST", f"/{play['id']}/next")).status_code == 404


async def test_a_step_that_names_no_level_has_the_one_of_its_scenario(simulator: Simulator) -> None:
    of_some = _RIGHT.replace("actor: hospital,", "level: N3, actor: hospital,")
    for file, level in ((of_some, None), (f"level: N2\n{of_some}", "N2")):
        play = await _begun(simulator, content=file, headers=_YAML)
        assert (play["level"], [step["level"] for step in play["steps"]]) == (level, ["N3", level, level, level])


async def test_a_wrong_expectation_tells_the_step_what_was_expected_and_what_came(simulator: Simulator) -> None:
    found = await _begun(simulator, json={"file": _WRONG, "at_once": True})
    assert (found["state"], found["failure"]) == ("failed", _FAILURE)
    assert [step["state"] for step in found["steps"]] == ["passed", "passed", "failed", "not-played"]
    assert {name: found["steps"][2]["outcome"][name] for name in ("expected", "came", "refused")} == {
        "expected": "count 3",
        "came": "count 1",
        "refused": None,
    }


async def test_a_failure_is_told_in_the_language_of_the_world(start: StartSimulator) -> None:
    async with start(language="fr") as simulator:
        found = await _begun(simulator, json={"file": _WRONG, "at_once": True})
        assert found["failure"] == "Étape 3 (ligne 7) : attendu, count 3 ; venu, count 1."
        wrong = await _asked(simulator, "POST", content="titre: x\n", headers=_YAML)
        assert wrong.json()["detail"].startswith("Ligne 1 : Clé inconnue titre.")


@pytest.mark.parametrize("asked", [None, "false", "true"])
@pytest.mark.parametrize(
    "sent", [{"content": _RIGHT, "headers": _YAML}, {"json": {"file": _RIGHT}}, {"json": {"file": _RIGHT, "at_once": True}}]
)
async def test_it_is_played_at_once_where_the_query_or_the_body_says_so(
    simulator: Simulator, sent: dict[str, Any], asked: str | None
) -> None:
    found = await _begun(simulator, params={"at_once": asked} if asked else None, **sent)
    at_once = asked == "true" or "at_once" in sent.get("json", {})
    assert {step["state"] for step in found["steps"]} == ({"passed"} if at_once else {"waiting"})


async def test_one_step_is_played_at_a_time(simulator: Simulator) -> None:
    file = "title: t\nsteps:\n- {en: nothing comes, wait: {subject: x, none: true, timeout: 1}}\n"
    play = await _begun(simulator, content=file, headers=_YAML)
    both = await asyncio.gather(*(_asked(simulator, "POST", f"/{play['id']}/next") for _ in range(2)))
    assert sorted(one.status_code for one in both) == [200, 409]


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({"json": {}}, 422, "Give one of the two"),
        ({"json": {"story": "patient", "file": "x"}}, 422, "Give one of the two"),
        ({"json": {"story": "epic"}}, 404, "There is no story epic"),
        ({"json": {"play": "patient"}}, 422, "Correct the request"),
        ({"json": [1]}, 422, "Correct the request"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, "Correct the request"),
        ({"content": b"x", "headers": {"Content-Type": "text/csv"}}, 415, "Send application/yaml, or application/json."),
        ({"content": b"", "headers": _YAML}, 422, "Line 1: The file is empty"),
        ({"content": b"\xff", "headers": _YAML}, 422, "Line 1: The file is not in UTF-8"),
        ({"content": b"a: &a [*a, *a]", "headers": _YAML}, 422, "Line 1: Anchors and aliases"),
        ({"content": b"x" * 300_000, "headers": _YAML}, 422, "The file is over 262144 bytes"),
        ({"content": b"[" * 200_000, "headers": _YAML}, 422, "too deep or too long"),
        ({"content": _RIGHT.replace("role: doctor", "role: emperor"), "headers": _YAML}, 404, "Nobody here is emperor"),
        ({"content": _RIGHT, "headers": _YAML, "params": {"at_onec": "true"}}, 422, "Unknown query parameter"),
    ],
    ids=range(14),
)
async def test_what_is_no_play_is_refused(simulator: Simulator, options: dict[str, Any], status: int, said: str) -> None:
    answer = await _asked(simulator, "POST", **options)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert (await _asked(simulator, "GET")).json() == []


async def test_a_reset_forgets_plays(simulator: Simulator) -> None:
    await _begun(simulator, json={"story": "patient"})
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    assert (await _asked(simulator, "GET")).json() == []


async def test_what_hands_did_is_recorded_and_played_in_another_world(start: StartSimulator) -> None:
    async with start() as simulator, start() as other:
        cursor = (await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 0})).json()["cursor"]
        hospital, doctor = Person(simulator, "hospital"), Person(simulator, "doctor")
        assert (await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Rapport"))).code == 250
        await control(simulator, "POST", "/wait", {"kind": "message", "mailbox": PRACTICE})
        [item] = await doctor.inbox(PRACTICE)
        await doctor.get(f"/mailboxes/{PRACTICE}/messages/{item['id']}")
        await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/messages/{item['id']}")
        recorded = await _asked(simulator, "GET", f"/recording?after={cursor}")
        assert recorded.headers["content-type"] == "application/yaml"
        nothing = await _asked(other, "GET", f"/recording?after={cursor}")
        assert (nothing.status_code, nothing.json()["detail"]) == (404, "Nothing was done since: nothing can be recorded.")
        bad = await _asked(simulator, "GET", "/recording?after=yesterday")
        assert (bad.status_code, bad.json()["subject"]) == (422, "after")
        found = await _begun(other, content=recorded.content, headers=_YAML, params={"at_once": "true"})
        assert (found["state"], [step["verb"] for step in found["steps"]]) == ("passed", ["send", "wait", "open", "delete"])


def _command(*words: str, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The command, in a folder of its own, where no simulator is."""
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-m", "mss_sim", *words], capture_output=True, text=True, check=False, cwd=folder, env=environment, input=stdin
    )


def test_the_command_lists_the_stories(tmp_path: Path) -> None:
    listed = _command("play", "--language", "fr", folder=tmp_path)
    assert listed.returncode == 0
    assert all(name in listed.stdout for name in shelf.names())
    assert "Un remplaçant pour une semaine" in listed.stdout


def test_the_command_plays_in_a_world_of_its_own(tmp_path: Path) -> None:
    played = _command("play", "locum", "--memory", "--language", "fr", folder=tmp_path)
    assert (played.returncode, played.stderr) == (0, "")
    first, *steps, last = played.stdout.splitlines()
    assert (first, last) == ("Un remplaçant pour une semaine", "passed, 12 steps")
    assert [step.split()[1] for step in steps] == ["ok"] * 12
    assert list(tmp_path.iterdir()) == []


async def test_the_command_plays_in_a_running_simulator_and_leaves_no_play(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "right.yaml").write_text(_RIGHT, encoding="utf-8")
    (tmp_path / "wrong.yaml").write_text(_WRONG, encoding="utf-8")
    there = ("--http", simulator.ready()["http"])
    stepped = await asyncio.to_thread(_command, "play", "right.yaml", "--step", *there, folder=tmp_path, stdin="\n" * 4)
    assert (stepped.returncode, stepped.stdout.splitlines()[-1]) == (0, "passed, 4 steps")
    cut = await asyncio.to_thread(_command, "play", "right.yaml", "--step", *there, folder=tmp_path, stdin="\n")
    assert cut.returncode == 130
    failed = await asyncio.to_thread(_command, "play", "wrong.yaml", *there, folder=tmp_path)
    assert (failed.returncode, failed.stdout.splitlines()[-2:]) == (1, ["  3  FAILED  TRANSACTION  It is listed", _FAILURE])
    shown = json.loads((await asyncio.to_thread(_command, "play", "wrong.yaml", "--json", *there, folder=tmp_path)).stdout)
    assert shown["failure"] == _FAILURE
    assert (await _asked(simulator, "GET")).json() == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("epic", None, "mss-sim: there is no file epic, and no story of that name; the stories are breakdown, delegation, locum, patient"),
        ("x.yaml", b"\xff", "mss-sim: x.yaml is not in UTF-8"),
        ("x.yaml", b"title: t\nsteps: []\n", "mss-sim: Line 2: A list of steps is expected here, one at least."),
        ("x.yaml", b"title: t\nseed: town\nsteps: [{en: s}]\n", "mss-sim: there is no seed town; "),
    ],
)
def test_the_command_tells_what_is_wrong_in_one_line(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    told = _command("play", name, "--memory", folder=tmp_path)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(said)
    assert len(told.stderr.splitlines()) == 1


async def test_the_command_records_until_enter_or_from_a_cursor(simulator: Simulator, tmp_path: Path) -> None:
    there = ("--http", simulator.ready()["http"])
    nothing = await asyncio.to_thread(_command, "record", "a.yaml", *there, folder=tmp_path, stdin="\n")
    assert (nothing.returncode, "Nothing was done since" in nothing.stderr) == (1, True)
    cursor = (await control(simulator, "POST", "/wait", {"kind": "settled", "timeout": 0})).json()["cursor"]
    hospital = Person(simulator, "hospital")
    assert (await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Rapport"))).code == 250
    recorded = await asyncio.to_thread(_command, "record", "a.yaml", "--after", cursor, *there, folder=tmp_path)
    assert (recorded.returncode, recorded.stdout) == (0, "wrote a.yaml\n")
    assert "Rapport" in (tmp_path / "a.yaml").read_text(encoding="utf-8")
    again = await asyncio.to_thread(_command, "record", "a.yaml", *there, folder=tmp_path)
    assert (again.returncode, again.stderr) == (2, "mss-sim: a.yaml is there already; name another file\n")
