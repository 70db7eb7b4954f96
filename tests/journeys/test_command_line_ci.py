"""The life of `mss-sim run` in CI: when it is ready, what its variables are, what to try, what a second process is told."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from mss_sim.app.asking import usual_http
from mss_sim.app.greeting import lines
from mss_sim.cli import app
from mss_sim.commands.running import SETTINGS
from mss_sim.config.settings import EARLIER, FIELDS, variable
from mss_sim.config.variables import OF_RUN
from tests.clients import PRACTICE, Person
from tests.conftest import StartSimulator
from tests.journeys.test_command_line import Process

_ANY = ("--submission-port", "0", "--mx-port", "0", "--imap-port", "0", "--http-port", "0")


def _run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "mss_sim", *command]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment})


# The ready file


async def test_a_stale_ready_file_was_believed(start: StartSimulator, tmp_path: Path) -> None:
    """What a killed process left is gone before the first port is taken, and there again when all accept."""
    stale = tmp_path / "other" / "ready.json"
    stale.parent.mkdir()
    stale.write_text('{"http": "http://127.0.0.1:1"}', encoding="utf-8")
    async with start() as simulator:
        file = simulator.data_dir / "ready.json"
        assert json.loads(file.read_text(encoding="utf-8")) == simulator.ready()
        assert file.stat().st_mode & 0o077 == 0
        failed = _run("run", "--data", str(stale.parent), *_ANY[:-1], simulator.ready()["http"].rpartition(":")[2])
        assert (failed.returncode, stale.exists()) == (1, False), failed.stderr
    assert not file.exists()


def test_the_ready_file_is_always_in_the_data_folder_and_where_it_is_asked_for_besides(tmp_path: Path) -> None:
    running = Process(tmp_path / "more.json", "--data", str(tmp_path / "data"))
    always = tmp_path / "data" / "ready.json"
    assert json.loads(always.read_text(encoding="utf-8")) == running.ready
    assert running.stop() == 0
    assert not always.exists()
    assert not running.ready_file.exists()


def test_a_second_process_spoke_of_a_port_before_it_said_whose_the_folder_is(tmp_path: Path) -> None:
    running = Process(tmp_path / "more.json", "--data", str(tmp_path / "data"))
    port = running.ready["http"].rpartition(":")[2]
    second = _run("run", "--data", str(tmp_path / "data"), *_ANY[:-1], port)
    waiting, refused = second.stderr.splitlines()
    assert "another simulator uses the data folder; waiting for its end" in waiting
    assert "is used by another simulator; stop it, or name another folder with --data" in refused
    assert refused.endswith(f"it answers at {running.ready['http']}")
    assert second.returncode == 1
    assert (tmp_path / "data" / "ready.json").exists(), "the first one is still ready"
    assert running.stop() == 0


# Variables


def test_each_option_of_run_has_its_variable(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    given = {"MSS_SIM_SEED": "none", "MSS_SIM_MEMORY": "true", "MSS_SIM_READY_FILE": str(ready), "MSS_SIM_LOG_LEVEL": "error"}
    ports = {f"MSS_SIM_{name}_PORT": "0" for name in ("SUBMISSION", "MX", "IMAP", "HTTP")}
    command = [sys.executable, "-m", "mss_sim", "run"]
    with subprocess.Popen(command, env={**os.environ, **given, **ports}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert json.loads(ready.read_text(encoding="utf-8"))["personas"] == []
        process.terminate()
        assert process.communicate()[0] == b"", "at level error nothing is told"


def test_no_option_of_run_is_without_a_variable() -> None:
    """Each is a setting, or known to have a variable of its own; typer reads the latter by itself."""
    command: Any = get_command(app)
    options = {one.name: one for one in command.commands["run"].params}
    assert set(SETTINGS.values()) <= set(FIELDS)
    assert set(options) - set(SETTINGS) == set(OF_RUN)
    assert {name: options[name].envvar for name in OF_RUN} == {name: variable(name) for name in OF_RUN}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("MSS_SIM_SED", "Did you mean MSS_SIM_SEED?"),
        ("MSS_SIM_LOGLEVEL", "Did you mean MSS_SIM_LOG_LEVEL?"),
        ("MSS_SIM_FILE_READY", "Did you mean MSS_SIM_READY_FILE?"),
        ("MSS_SIM_DATA", "Did you mean MSS_SIM_DATA_DIR?"),
        ("mss_sim_langauge", "Did you mean MSS_SIM_LANGUAGE?"),
        ("MSSSIM_LANGUAGE", "Did you mean MSS_SIM_LANGUAGE?"),
        ("MSS_SIMLANGUAGE", "Did you mean MSS_SIM_LANGUAGE?"),
        ("MSS_SIM_NONSENSE", "See mss-sim settings."),
    ],
)
def test_a_misspelt_variable_was_passed_over(name: str, told: str) -> None:
    wrong = _run("run", "--memory", *_ANY, **{name: "x", "MSS_SIM_RECIPIENT_MAX": "1"})
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert f"Unknown setting {name}. {told}" in wrong.stderr
    assert "Did you mean MSS_SIM_MESSAGE_RECIPIENTS_MAX?" in wrong.stderr, "each of them is told"


def test_what_kubernetes_and_docker_make_for_a_service_of_our_name_is_left_alone() -> None:
    made = ("MSS_SIM_SERVICE_HOST", "MSS_SIM_SERVICE_PORT", "MSS_SIM_SERVICE_PORT_REST", "MSS_SIM_PORT", "MSS_SIM_PORT_8080_TCP_ADDR")
    linked = ("MSS_SIM_NAME", "MSS_SIM_ENV_MSS_SIM_HOST", "MSS_SIM_ENV_PYTHONUNBUFFERED")
    assert _run("settings", **dict.fromkeys((*made, *linked, "MSSSIM_HOME", "MSSIMULATOR"), "x")).returncode == 0


def test_the_settings_are_listed_with_what_is_in_force() -> None:
    shown = _run("settings", MSS_SIM_MESSAGE_RECIPIENTS_MAX="7", MSS_SIM_CONTROL_KEY="a-secret-key", MSS_SIM_SEED="clinique").stdout
    told = "message_recipients_max\n    MSS_SIM_MESSAGE_RECIPIENTS_MAX\n    default 100\n    in force 7 (environment)\n    Recipients of"
    assert told in shown
    assert "MSS_SIM_SEED\n    default cabinet\n    in force clinique (environment)\n" in shown
    assert "a-secret-key" not in shown
    assert [name for name in (*FIELDS, *OF_RUN) if variable(name) not in shown] == []


def test_the_settings_are_listed_for_programs_too() -> None:
    secret = {"MSS_SIM_CONTROL_KEY": "a-secret-key", "MSS_SIM_DATABASE_URL": "postgresql://u:a-secret-key@x/y"}
    told = _run("settings", "--json", "--imap-port", "0", "--memory", **secret, MSS_SIM_TRAPS="true", MSS_SIM_HTTP_HOSTS='["a"]')
    rows = {row.pop("name"): row for row in json.loads(told.stdout)}
    assert set(rows) == {*FIELDS, *OF_RUN}
    given = {name: (row["value"], row["source"], row["given_by"]) for name, row in rows.items() if row["source"] != "default"}
    assert given == {
        "memory": (True, "option", "--memory"),
        "data_dir": (None, "option", "--memory"),
        "imap_port": (0, "option", "--imap-port"),
        "control_key": ("set, and not shown", "environment", "MSS_SIM_CONTROL_KEY"),
        "database_url": ("set, and not shown", "environment", "MSS_SIM_DATABASE_URL"),
        "traps_open": (True, "environment", "MSS_SIM_TRAPS"),
        "http_hosts": (["a"], "environment", "MSS_SIM_HTTP_HOSTS"),
    }
    assert all(row["value"] == row["default"] and row["given_by"] is None for row in rows.values() if row["source"] == "default")
    assert "a-secret-key" not in told.stdout
    assert rows["token_lifetime_seconds"] == {
        "variable": "MSS_SIM_TOKEN_LIFETIME_SECONDS",
        "value": 120,
        "source": "default",
        "given_by": None,
        "default": 120,
        "unit": "seconds",
        "description": FIELDS["token_lifetime_seconds"].description,
    }


def test_the_settings_are_those_of_run_with_the_same_options() -> None:
    assert (
        "imap_port\n    MSS_SIM_IMAP_PORT\n    default 1143\n    in force 7 (option --imap-port)\n"
        in _run("settings", "--imap-port=7").stdout
    )
    over = json.loads(_run("settings", "--json", "--data", "here", MSS_SIM_DATA_DIR="there", MSS_SIM_MEMORY="false").stdout)
    assert [(row["value"], row["source"]) for row in over if row["name"] == "data_dir"] == [("here", "option")]
    for wrong in (("--imap-prot", "7"), ("--imap-port", "x"), ("7",), ("--memory", "--data", "x")):
        refused, run = _run("settings", *wrong), _run("run", *wrong)
        assert (refused.returncode, refused.stderr) == (2, run.stderr)


@pytest.mark.parametrize("today", EARLIER)
def test_a_setting_that_was_renamed_has_one_name_of_before(today: str) -> None:
    assert today in FIELDS
    assert EARLIER[today] not in FIELDS


def test_the_variable_of_before_is_understood_and_told() -> None:
    before = _run("settings", MSS_SIM_RECIPIENTS_MAX="7", MSS_SIM_TRAPS="true")
    assert "MSS_SIM_MESSAGE_RECIPIENTS_MAX\n    default 100\n    in force 7 (environment MSS_SIM_RECIPIENTS_MAX)\n" in before.stdout
    assert "MSS_SIM_TRAPS_OPEN\n    default false\n    in force true (environment MSS_SIM_TRAPS)\n" in before.stdout
    assert "MSS_SIM_RECIPIENTS_MAX is called MSS_SIM_MESSAGE_RECIPIENTS_MAX now" in before.stderr
    assert "MSS_SIM_TRAPS is called MSS_SIM_TRAPS_OPEN now" in before.stderr
    both = _run("settings", MSS_SIM_RECIPIENTS_MAX="7", MSS_SIM_MESSAGE_RECIPIENTS_MAX="8")
    assert "in force 8 (environment)\n    Recipients of one message" in both.stdout
    assert _run("settings", MSS_SIM_RECIPIENT_MAX="7").stderr.count("MSS_SIM_MESSAGE_RECIPIENTS_MAX") == 1


# What is told


def test_the_version_is_an_option_too() -> None:
    assert _run("--version").stdout == _run("version").stdout


def test_the_personas_of_a_running_simulator_are_shown(tmp_path: Path) -> None:
    running = Process(tmp_path / "ready.json", "--memory")
    shown = running.run("personas", "--http", running.ready["http"])
    assert (shown.returncode, "sophie.petit" in shown.stdout, PRACTICE in shown.stdout) == (0, True, True)
    assert "590000010000017/SEC0001" in shown.stdout, "nobody has to guess an idNat"
    assert json.loads(running.run("personas", "--json", "--http", running.ready["http"]).stdout) == running.ready["personas"]
    assert running.stop() == 0


def test_a_command_asks_the_simulator_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert usual_http() == "http://127.0.0.1:8080"
    running = Process(tmp_path / "elsewhere.json", "--data", "data")
    assert usual_http() == running.ready["http"]
    assert "sophie.petit" in running.run("personas").stdout
    assert running.stop() == 0
    for content in ("", "[]", "{}"):
        Path("data", "ready.json").write_text(content, encoding="utf-8")
        assert usual_http() == "http://127.0.0.1:8080"


def test_a_command_finds_address_and_key_in_the_ready_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is: a key that a test suite set is not typed again. It is for that simulator alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MSS_SIM_CONTROL_KEY", "a-key-of-mine")
    running = Process(tmp_path / "elsewhere.json", "--data", "here")
    monkeypatch.delenv("MSS_SIM_CONTROL_KEY")
    http = running.ready["http"]
    assert "Give the control key" in running.run("personas", "--http", http).stderr
    for name, value in (("MSS_SIM_DATA_DIR", "here"), ("MSS_SIM_READY_FILE", str(running.ready_file))):
        with monkeypatch.context() as there:
            there.setenv(name, value)
            assert "sophie.petit" in running.run("personas").stdout
            assert "sophie.petit" in running.run("personas", "--http", http).stdout
            assert "Give the control key" in running.run("personas", "--http", http.replace("127.0.0.1", "localhost")).stderr
            assert running.run("health").stdout == "ready\n"
    assert running.stop() == 0


def test_health_tells_whether_a_simulator_is_ready(tmp_path: Path) -> None:
    nobody = _run("health", "--http", "http://127.0.0.1:1")
    assert (nobody.returncode, "no simulator answers" in nobody.stderr) == (1, True)
    running = Process(tmp_path / "ready.json", "--memory")
    told = running.run("health", "--http", running.ready["http"])
    assert (told.returncode, told.stdout) == (0, "ready\n")
    assert running.stop() == 0
    assert running.run("health", "--http", running.ready["http"]).returncode == 1


async def _try(command: str) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_shell(command, stdout=pipe, stderr=nowhere, env={**os.environ, "PATH": path})
    return (await process.communicate())[0].decode()


@pytest.mark.parametrize("profile", ["development", "strict"])
async def test_the_commands_that_run_prints_work_as_they_are_printed(start: StartSimulator, profile: str) -> None:
    assert shutil.which("curl"), "apt-get install curl"
    async with start(profile=profile) as simulator:
        printed = list(lines(simulator.ready(), passwords=profile == "development"))
        commands = [line.strip() for line in printed if line.startswith("  curl ")]
        assert len(commands) == 3
        me, sent, unread = [json.loads(await _try(command)) for command in commands]
        assert me["idnat"] == Person(simulator, "doctor").idnat
        assert [one["state"] for one in sent["recipients"]] == ["delivered"]
        assert [one["subject"] for one in unread["items"]] == ["Bonjour"]
        assert all(any(one["login"] in line for line in printed) for one in simulator.ready()["personas"])


def test_a_key_that_nobody_set_is_printed_and_one_that_is_set_is_not(tmp_path: Path) -> None:
    for given, printed in (
        ({"MSS_SIM_CONTROL_KEY_DRAWN": "true"}, None),
        ({"MSS_SIM_CONTROL_KEY": "a-secret-key"}, "the one that was set"),
    ):
        ready, said = tmp_path / f"{len(given)}-{printed}.json", tmp_path / "said"
        command = [sys.executable, "-m", "mss_sim", "run", "--memory", *_ANY, "--ready-file", str(ready)]
        with said.open("wb") as out, subprocess.Popen(command, env={**os.environ, **given}, stdout=out, stderr=out) as process:
            deadline = time.monotonic() + 30
            while b"Try:" not in said.read_bytes():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            key = json.loads(ready.read_text(encoding="utf-8"))["control_key"]
            process.terminate()
        text = said.read_text(encoding="utf-8")
        assert f"Control key, for X-Control-Key: {printed or key}\n" in text
        assert text.count(key) == (printed is None)


async def test_an_empty_world_says_how_to_fill_it(start: StartSimulator) -> None:
    async with start(seed=None) as simulator:
        assert list(lines(simulator.ready(), passwords=True)) == [
            f"Nobody can log in: the world is empty. Plant people with: mss-sim seed --http {simulator.ready()['http']}"
        ]


def test_a_driver_that_is_not_installed_was_a_trace() -> None:
    """The interpreter is told that there is no psycopg, as it is where the extra was not asked for."""
    without = "import sys; sys.modules['psycopg'] = None; from mss_sim.cli import main; main()"
    command = [sys.executable, "-c", without, "db", "upgrade", "--url", "postgresql://u:secret@127.0.0.1/x"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stderr.count("\n")) == (2, 1), told.stderr
    assert "pip install 'mss-sim[postgresql]'" in told.stderr
    assert "secret" not in told.stderr
