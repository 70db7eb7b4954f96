"""The daily letter about a watch list: as time passes by itself, with two processes, and over kill -9. No day has two."""

import asyncio
import signal
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.clients import PRACTICE, Person, control
from tests.conftest import StartSimulator
from tests.journeys.test_command_line import Process
from tests.journeys.test_several_processes import two

__all__ = ["two"]
_BOX = f"/mailboxes/{PRACTICE}"
_NOBODY = "personne@hopital-ormes.sim.mssante.fr"


async def _prepared(simulator: Simulator, hour: int = 7) -> None:
    """A letter that failed, and the daily letter switched on."""
    doctor = Person(simulator, "doctor")
    assert (await doctor.send(PRACTICE, to=[_NOBODY])).status_code == 201
    await simulator.core.queue.work()
    assert (await doctor.rest("PUT", f"{_BOX}/watch-list/digest", {"enabled": True, "hour": hour})).status_code == 200


async def _letters(simulator: Simulator) -> list[str]:
    """The days on which one came, the newest first."""
    items = await Person(simulator, "doctor").inbox(PRACTICE, subject="watch list", limit=100)
    return [item["received_at"][:10] for item in items]


async def _until(simulator: Simulator, count: int) -> list[str]:
    for _ in range(200):
        if len(await _letters(simulator)) >= count:
            break
        await asyncio.sleep(0.02)
    return await _letters(simulator)


async def test_it_comes_as_time_passes_by_itself(simulator: Simulator) -> None:
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2040-05-10T06:59:59Z"})
    await _prepared(simulator)
    assert await _letters(simulator) == []
    await control(simulator, "PUT", "/clock", {"mode": "paced", "rate": 10})
    assert await _until(simulator, 1) == ["2040-05-10"]
    await control(simulator, "PUT", "/clock", {"mode": "frozen"})
    assert await _letters(simulator) == ["2040-05-10"]


async def test_one_that_was_due_while_nobody_was_there_comes_at_the_start(start: StartSimulator, tmp_path: Path) -> None:
    clock, folder = ManualClock(datetime(2026, 1, 5, 8, 0, tzinfo=UTC)), tmp_path / "kept"
    async with start(clock=clock, data_dir=folder) as simulator:
        await _prepared(simulator)
    clock.advance(timedelta(days=3, hours=2))
    async with start(clock=clock, data_dir=folder) as simulator:
        assert await _until(simulator, 1) == ["2026-01-08"]
        digest = await Person(simulator, "doctor").get(f"{_BOX}/watch-list/digest")
        assert (digest["next_at"], digest["sent_at"]) == ("2026-01-09T07:00:00Z", "2026-01-08T10:00:00Z")


async def test_two_processes_that_look_at_one_instant_send_one(two: tuple[Simulator, Simulator]) -> None:
    here, there = two
    await control(here, "PUT", "/clock", {"mode": "frozen", "at": "2040-05-10T06:59:50Z"})
    await _prepared(here)
    await control(there, "PUT", "/clock", {"mode": "paced", "rate": 20})
    assert await _until(there, 1) == ["2040-05-10"]
    moved = [await control(one, "POST", "/clock/advance", {"by": "P2D"}) for one in two]
    days = [row["at"][:10] for answer in moved for row in answer.json()["fired"] if row["kind"] == "watch_list.digest"]
    assert await _until(here, 5) == [f"2040-05-{day}" for day in (14, 13, 12, 11, 10)]
    assert days == [f"2040-05-{day}" for day in (11, 12, 13, 14)]


def _asked(ready: dict[str, Any], method: str, path: str, **body: Any) -> dict[str, Any]:
    answer = httpx.request(method, f"{ready['http']}{path}", json=body or None, timeout=120, auth=("camille.martin", "cabinet-2026"))
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_killed_in_the_middle_of_a_year_no_day_has_two_and_none_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSS_SIM_RELAY", "direct")
    options, box = ("--data", str(tmp_path / "data")), f"/api/v1{_BOX}"
    first = Process(tmp_path / "ready.json", *options)
    ready = first.ready
    _asked(ready, "PUT", "/control/clock", mode="frozen", at="2040-01-01T12:00:00Z")
    _asked(ready, "POST", f"{box}/messages", to=[_NOBODY], subject="x", text="x")
    _asked(ready, "PUT", f"{box}/watch-list/digest", enabled=True)

    def move() -> None:
        with pytest.raises(httpx.TransportError):
            _asked(ready, "POST", "/control/clock/advance", by="P1Y")

    moving = threading.Thread(target=move)
    moving.start()
    while _asked(ready, "GET", "/control/clock")["now"] < "2040-02":
        time.sleep(0.005)
    first.stop(signal.SIGKILL)
    moving.join()
    again = Process(tmp_path / "again.json", *options)
    assert _asked(again.ready, "GET", "/control/clock")["now"] == "2041-01-01T12:00:00Z"
    first_page = _asked(again.ready, "GET", f"{box}/messages?subject=watch+list&limit=200")
    second = _asked(again.ready, "GET", f"{box}/messages?subject=watch+list&limit=200&cursor={first_page['next_cursor']}")
    found = [item["received_at"] for item in (*first_page["items"], *second["items"])]
    assert len(found) == 366, "2040 is a leap year"
    assert set(Counter(at[:10] for at in found).values()) == {1}
    assert {at[10:] for at in found} == {"T07:00:00Z"}
    assert again.stop() == 0
