"""Fictional patients are made by a number, over REST, on the command line and from Python; they log in, and are written to."""

import json
import subprocess
import sys
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.testing.handle import RunningSimulator
from tests.clients import DOCTOR, ImapClient, Person, control
from tests.conftest import StartSimulator


async def _added(simulator: Simulator, count: int, seed: int) -> list[dict[str, Any]]:
    answer = await control(simulator, "POST", "/patients", {"count": count, "seed": seed})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_they_log_in_and_are_written_to(simulator: Simulator) -> None:
    people = await _added(simulator, 20, 7)
    corsican = next(one for one in people if one["case"] == "corsica-2a")
    assert (await Person(simulator, "doctor").send(DOCTOR, to=[corsican["address"].upper()])).json()["warnings"] == []
    while await simulator.core.queue.work():
        pass
    for name in (corsican["login"], corsican["idnat"], corsican["address"].upper()):
        client = await ImapClient.open(simulator, name, corsican["password"])
        assert "* 1 EXISTS" in await client.ask("SELECT INBOX")
        await client.close()
    twins = [one["idnat"] for one in people if one["case"] == "twin"]
    assert int(twins[1][:13]) - int(twins[0][:13]) == 1
    told = {one["idnat"]: one for one in (await control(simulator, "GET", "/identities")).json()}
    assert [told[one["idnat"]]["ins"] for one in people] == [one["ins"] for one in people]
    assert [one["case"] for one in people if told[one["idnat"]]["warnings"]] == ["sex-corrected"]


async def test_the_same_number_gives_the_same_people_once(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        before = len((await control(simulator, "GET", "/mailboxes")).json())
        first = await _added(simulator, 20, 7)
        assert (await _added(simulator, 25, 7))[:20] == first
        assert len((await control(simulator, "GET", "/mailboxes")).json()) == before + 25
        minor = next(one for one in first if one["case"] == "minor")
        told = (await control(simulator, "GET", f"/identities/{minor['idnat']}")).json()
        assert (told["ins"], told["warnings"]) == (minor["ins"], [])


def test_the_command_line_and_python_tell_the_same_people() -> None:
    command = [sys.executable, "-m", "mss_sim", "patients", "--count", "20", "--seed", "7"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    with RunningSimulator() as running:
        assert running.patients(20, seed=7) == json.loads(printed)


@pytest.mark.parametrize(
    "wanted",
    [
        {"count": 0},
        {"count": -1},
        {"count": 10_001},
        {"count": 10**30},
        {"count": "3"},
        {"count": 1.5},
        {"count": True},
        {},
        {"count": 1, "seed": -1},
        {"count": 1, "seed": 2**31},
        {"count": 1, "seed": "7"},
        {"count": 1, "sed": 7},
    ],
    ids=str,
)
async def test_a_count_or_a_seed_that_cannot_be_is_refused(simulator: Simulator, wanted: dict[str, Any]) -> None:
    assert (await control(simulator, "POST", "/patients", wanted)).status_code == 422
