"""What a start must not load, or only when it is asked: each of these took memory and time of every start, for what few of them use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_WEB = ("fastapi", "starlette", "uvicorn", "mss_sim.http", "mss_sim.api", "mss_sim.control")
_PAGES = ("mss_sim.web", "jinja2", "nh3", "pypdfium2")
_SCENARIOS = ("yaml", "mss_sim.scenarios.reading", "mss_sim.core.scenarios.plays", "mss_sim.core.scenarios.journal_as_scenario")
_SOME_WORLDS = ("alembic", "mako", "dnslib", "psycopg", "pyasn1", "pyasn1_modules", "mss_sim.dns", "mss_sim.ldap", *_SCENARIOS)
_SEARCHES = ("mss_sim.fhir.query", "mss_sim.store.directory_search", "mss_sim.core.annuaire.published_mailboxes")
_SOME_COMMANDS = ("smtplib", "mcp", "mss_sim.agents", "mss_sim.testing")
_NEVER = ("sqlalchemy.orm", "lxml", "pikepdf", "pypdf", "saxonche", "mss_sim.documents.diagnosing", "prometheus_client")
_FOR_HELP = ("pydantic", "sqlalchemy", "cryptography", "uvloop", "mss_sim.core", "mss_sim.store", "mss_sim.config")


_A_START = """
import asyncio, json, sys, urllib.request
from pathlib import Path
from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings

async def main():
    ports = {f"{door}_port": 0 for door in ("submission", "mx", "imap", "http")}
    async with Simulator(Settings(data_dir=Path(sys.argv[1]), **ports)) as simulator:
        print(json.dumps(list(sys.modules)))
        await asyncio.to_thread(urllib.request.urlopen, simulator.ready()["http"] + "/healthz")
        print(json.dumps(list(sys.modules)))

asyncio.run(main())
"""
"""Prints what is loaded when the simulator is ready, and when it has answered over HTTP."""


_A_RUN = """
import gc, os, signal, sys
from mss_sim import cli
from mss_sim.app import simulator
from mss_sim.commands import running

class Told(simulator.Simulator):
    def _announce(self):
        super()._announce()
        print("collecting", gc.isenabled(), gc.get_freeze_count() > 0)
        print("switching", round(sys.getswitchinterval() * 1e6))

spare = running._spare_the_collector

def spare_and_end():
    spare()
    print("collecting", gc.isenabled(), gc.get_freeze_count() > 0)
    os.kill(os.getpid(), signal.SIGTERM)

simulator.Simulator, running._spare_the_collector = Told, spare_and_end
ports = [f"--{door}-port=0" for door in ("submission", "mx", "imap", "http")]
sys.argv[1:] = ["run", "--memory", "--log-level", "error", *ports]
cli.main()
"""
"""Prints whether the collector is on and keeps clear of anything, when the ready file is there and when the start is over; between them,
after how many microseconds threads demand the interpreter.
"""


def _output(program: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("mss_sim.cli", (*_FOR_HELP, *_WEB, *_SOME_WORLDS, *_SOME_COMMANDS, *_NEVER)),
        ("mss_sim.app.simulator", (*_WEB, *_SEARCHES, *_SOME_WORLDS, *_SOME_COMMANDS, *_NEVER)),
        ("mss_sim.app.http_doors", (*_SOME_WORLDS, *_SOME_COMMANDS, *_NEVER)),
    ],
)
def test_an_import_does_not_load(module: str, heavy: tuple[str, ...]) -> None:
    loaded = json.loads(_output(f"import json, sys, {module}; print(json.dumps(list(sys.modules)))"))
    assert set(loaded) & set(heavy) == set()


def test_the_web_framework_is_loaded_when_it_is_asked_for(tmp_path: Path) -> None:
    ready, asked = [set(json.loads(line)) for line in _output(_A_START, str(tmp_path)).splitlines()]
    assert ready & {*_WEB, *_PAGES, *_SEARCHES, *_SOME_WORLDS, *_SOME_COMMANDS, *_NEVER} == set()
    assert asked & {*_SOME_WORLDS, *_SOME_COMMANDS, *_NEVER} == set()
    assert asked >= set(_WEB)


def test_the_collector_is_off_until_the_start_is_over() -> None:
    assert _output(_A_RUN).splitlines()[::2] == ["collecting False False", "collecting True True"]


def test_threads_have_the_interpreter_before_a_round_of_a_busy_loop_is_over() -> None:
    """`make bench ARGS="--only worlds_apart"` shows what for: beside a flood, a letter into another world waited for half a second."""
    assert "switching 50" in _output(_A_RUN).splitlines()
