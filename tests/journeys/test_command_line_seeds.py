"""Seeds by the command line: a world written into a folder, begun out of one, and a folder brought into a simulator that runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients import HOSPITAL
from tests.journeys.test_command_line import Process


@pytest.mark.timeout(180)
def test_a_world_is_written_into_a_folder_and_begun_out_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "lesson"
    first = Process(tmp_path / "one.json", "--data", str(tmp_path / "one"), "--language", "fr")
    try:
        http = ("--http", first.ready["http"])
        smtp = ("--port", str(first.ready["submission"]["port"]), "--host", "localhost", "--ca", first.ready["ca_file"])
        letter = ("--from", HOSPITAL, "--to", HOSPITAL, "--login", "paul.durand", "--password", "hopital-2026", "--subject", "Essai")
        sent = first.run("send", *smtp, *letter)
        assert sent.returncode == 0, sent.stderr
        written = first.run("seed", "--write", str(folder), *http)
        assert (written.returncode, "letters: 1" in written.stdout) == (0, True), written.stdout + written.stderr
        assert 'language = "fr"' in (folder / "seed.toml").read_text(encoding="utf-8")
        again = first.run("seed", "--write", str(folder), *http)
        assert (again.returncode, "holds something already" in again.stderr) == (1, True)
        assert first.run("seed", "--snapshot", "x", *http).returncode == 2
        assert first.run("seed", "cabinet", "--write", str(tmp_path / "x"), *http).returncode == 2
        missing = first.run("seed", "--write", str(tmp_path / "x"), "--snapshot", "x", *http)
        assert (missing.returncode, "pas d’instantané x" in missing.stderr, (tmp_path / "x").exists()) == (1, True, False), missing.stderr
        planted = first.run("seed", str(folder), "--json", *http)
        assert {one["role"] for one in json.loads(planted.stdout)} >= {"doctor", "secretary"}, planted.stderr
    finally:
        assert first.stop() == 0
    second = Process(tmp_path / "two.json", "--data", str(tmp_path / "two"), "--seed", str(folder))
    try:
        assert {one["role"] for one in second.ready["personas"]} == {one["role"] for one in first.ready["personas"]}
        told = second.run("token", "nobody", "--http", second.ready["http"])
        assert "nobody" in told.stderr
        assert "Il n’y a" in told.stderr, "the world speaks as the seed has it"
    finally:
        assert second.stop() == 0
    third = Process(tmp_path / "three.json", "--data", str(tmp_path / "two"), "--seed", "lesson")
    try:
        assert third.ready["personas"] == second.ready["personas"], "by its name, once it is kept in the data folder"
    finally:
        assert third.stop() == 0


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("seed.toml", "[[operators]]\nname = 1\n", "seed.toml: line 1, operators: domains is missing"),
        ("seed.toml", "[[operators]\n", "seed.toml: line 1 is not TOML"),
        ("other.txt", "x", "seed.toml: it is missing"),
    ],
)
def test_a_folder_that_is_no_seed_is_told_before_anything_is_made(tmp_path: Path, name: str, text: str, said: str) -> None:
    folder = tmp_path / "lesson"
    folder.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "mss_sim", "run", "--seed", str(folder), "--data", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ})
    assert (done.returncode, said in done.stderr, (tmp_path / "data").exists()) == (1, True, False), done.stderr
