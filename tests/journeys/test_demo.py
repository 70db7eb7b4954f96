"""`make demo`: the story holds, shows what its steps promise, in both languages, and in a world that is in use."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from mss_sim.testing import demo
from mss_sim.testing.handle import RunningSimulator

_STEPS = 10


def _play(*options: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mss_sim.testing.demo", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, input=typed)


def test_the_demonstration_holds() -> None:
    played = _play()
    assert played.returncode == 0, played.stdout[-2_000:] + played.stderr
    assert "The whole story holds" in played.stdout
    assert "WRONG" not in played.stdout
    for shown in (
        "a token for Louise MOREAU, 590000010000017/SEC0002",
        "AUTHENTICATE XOAUTH2 user=tilleuls@",
        "GET (Bearer) /api/v1/",
        "is in force at once",
        "[NOPERM]",
        "403 {",
        "Sender: Louise MOREAU",
        "5.1.1",
        "grant.created ",
        "right.refused ",
        "grant.revoked ",
        "the mailbox does not exist any more",
        "asked why: conversation-closed, ",
        "grant.ended ",
        "the patient is still refused",
        "a new letter opens again",
    ):
        assert shown in played.stdout
    assert "LOGIN tilleuls@" not in played.stdout, "she needs no password"
    assert "…" in played.stdout


def test_in_french_step_by_step_and_uncut_in_a_world_that_is_in_use(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    with RunningSimulator() as running:
        ready.write_text(json.dumps(running.ready), encoding="utf-8")
        for _ in range(2):  # what the first one left behind does not disturb the second
            played = _play("--lang", "fr", "--step", "--whole", "--ready", str(ready), typed="\n" * _STEPS)
            assert played.returncode == 0, played.stdout[-2_000:] + played.stderr
            assert "L'histoire tient jusqu'au bout" in played.stdout
            assert played.stdout.count("[Entrée]") == _STEPS - 1
            assert f"http://127.0.0.1:{running.ready['http'].rpartition(':')[2]}/callback" in played.stdout
            lines = [line for line in played.stdout.splitlines() if not line.lstrip().startswith(("C:", "S:"))]
            assert [line for line in lines if line.endswith("…")] == [], "nothing is cut"
        assert max(map(len, played.stdout.splitlines())) > 1_000
        for english in ("WRONG", "accepted", "revoked,", "the ", " letter"):
            told = [line for line in played.stdout.splitlines() if line.lstrip().startswith("=>") or line[:1].isdigit()]
            assert [line for line in told if english in line] == []


def test_every_text_is_there_in_both_languages() -> None:
    """`step`, `check` and `end` are given the English, then the French; names stand for what a machine said, which is the same in both."""
    count = 0
    for module in ("demo.py", "demo_clients.py"):
        tree = ast.parse((Path(demo.__file__).parent / module).read_text(encoding="utf-8"))
        calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)]
        for call in calls:
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            texts = call.args[1:] if name == "check" else call.args
            if name not in ("step", "check", "end", "text") or any(isinstance(text, ast.Starred | ast.Name) for text in texts):
                continue
            count += 1
            english, french = (ast.unparse(text) for text in texts)
            assert english != french
    assert count >= 35


@pytest.mark.parametrize("content", [None, "not json"])
def test_without_a_running_world_it_says_what_to_do(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ready.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    played = _play("--ready", str(file))
    assert played.returncode == 1
    assert "start one with make run, and give data/ready.json" in played.stderr
    assert "Traceback" not in played.stderr


def test_a_world_without_the_people_of_the_story_is_told_so(tmp_path: Path) -> None:
    with RunningSimulator(seed=None) as running:
        (tmp_path / "ready.json").write_text(json.dumps(running.ready), encoding="utf-8")
        played = _play("--ready", str(tmp_path / "ready.json"), "--lang", "fr")
    assert played.returncode == 1
    assert "ERREUR : ce monde n'a pas de doctor" in played.stdout


def test_a_world_where_the_newcomer_has_a_grant_already_is_told_so(tmp_path: Path) -> None:
    with RunningSimulator() as running:
        (tmp_path / "ready.json").write_text(json.dumps(running.ready), encoding="utf-8")
        grants = f"{running.ready['http']}/control/mailboxes/tilleuls@cabinet.sim.mssante.fr/grants"
        assert httpx.post(grants, json={"grantee": "louise.moreau", "rights": ["see"]}).status_code == 201
        played = _play("--ready", str(tmp_path / "ready.json"))
    assert played.returncode == 1
    assert "WRONG: she has a grant in this world already: revoke it, or begin the world anew with POST /control/reset" in played.stdout
