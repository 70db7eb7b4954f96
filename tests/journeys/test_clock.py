"""The time of a world is stopped, hurried and moved over real sockets: what was due meanwhile has happened, at its own instant."""

import asyncio
import contextlib
import json
import signal
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import DAY, SECOND
from mss_sim.core.mailflow.due_tries import DueTries
from mss_sim.store import queue
from mss_sim.testing.handle import RunningSimulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, ImapClient, Person, control
from tests.conftest import StartSimulator
from tests.faulty import fail
from tests.journeys.test_command_line import Process
from tests.journeys.test_several_processes import two

__all__ = ["two"]
_DAYS = 86_400


@pytest.fixture
async def simulator(start: StartSimulator) -> AsyncIterator[Simulator]:
    """A world in which mailboxes that nobody uses are left alone: years pass here, and their story is told elsewhere."""
    async with start(red_list_kinds=[]) as running:
        yield running


async def _clock(simulator: Simulator, method: str = "GET", path: str = "", **body: Any) -> dict[str, Any]:
    answer = await control(simulator, method, f"/clock{path}", body or None)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def _suspended(simulator: Simulator, address: str, state: str = "suspended") -> None:
    assert (await control(simulator, "PATCH", f"/mailboxes/{address}", {"state": state})).status_code == 200


async def _timeline(simulator: Simulator, who: str, address: str) -> list[dict[str, Any]]:
    """What happened to the only recipient of the newest letter that a mailbox sent."""
    person = Person(simulator, who)
    sent = (await person.get(f"/mailboxes/{address}/messages", folder="Sent"))["items"][0]
    rows: list[dict[str, Any]] = (await person.get(f"/mailboxes/{address}/messages/{sent['id']}/timeline"))["recipients"][0]["events"]
    return rows


# As test suites do


async def test_a_week_passes_at_once_and_each_try_says_when_it_was(simulator: Simulator) -> None:
    """Under the default settings: each try goes over the wire to the other operator's server."""
    frozen = await _clock(simulator, "PUT", mode="frozen", at="2040-03-02T08:00:00Z")
    assert (frozen["mode"], frozen["now"], frozen["rate"]) == ("frozen", "2040-03-02T08:00:00Z", 0)
    await _suspended(simulator, PRACTICE)
    assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
    await simulator.core.queue.work()
    assert (await _clock(simulator))["next_at"] == "2040-03-02T08:01:00Z"
    moved = await _clock(simulator, "POST", "/advance", by="P1W")
    assert (moved["mode"], moved["now"], moved["next_at"]) == ("frozen", "2040-03-09T08:00:00Z", None)
    tries = [row["at"] for row in moved["fired"] if row["kind"] == "delivery.tried"]
    assert tries[:3] == ["2040-03-02T08:01:00Z", "2040-03-02T08:03:00Z", "2040-03-02T08:07:00Z"]
    assert {(row["mailbox"], row["who"]) for row in moved["fired"]} == {(HOSPITAL, PRACTICE)}
    events = {row["kind"]: row["at"] for row in await _timeline(simulator, "hospital", HOSPITAL)}
    assert (events["delayed"], events["failed"]) == ("2040-03-02T12:00:00Z", "2040-03-07T08:00:00Z")
    notices = await Person(simulator, "hospital").inbox(HOSPITAL)
    assert [item["received_at"] for item in notices] == ["2040-03-07T08:00:00Z", "2040-03-02T12:00:00Z"]
    raw = (await Person(simulator, "hospital").rest("GET", f"/mailboxes/{HOSPITAL}/messages/{notices[0]['id']}/raw")).text
    assert "Date: Wed, 07 Mar 2040 08:00:00 +0000" in raw


async def test_a_letter_that_is_under_way_as_time_is_moved_arrives_when_it_left(simulator: Simulator) -> None:
    """Nobody waits between a letter and the clock: the try that has begun is not one of the end of the week."""
    await fail(simulator, "mx", "delay", match={"verb": "END-OF-DATA"}, seconds=1.5)
    began = _at((await _clock(simulator))["now"])
    sending = asyncio.create_task(Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE]))
    for _ in range(12_000):
        await asyncio.sleep(0.005)
        if simulator.core.queue.busy:
            break
    moved = await _clock(simulator, "POST", "/advance", by="P7D")
    assert (await sending).status_code == 201
    assert [(row["kind"], row["mailbox"], row["who"]) for row in moved["fired"]] == [("delivery.tried", HOSPITAL, PRACTICE)]
    (item,) = await Person(simulator, "doctor").inbox(PRACTICE)
    assert _at(item["received_at"]) - began < timedelta(hours=1)
    events = {row["kind"]: _at(row["at"]) - began for row in await _timeline(simulator, "hospital", HOSPITAL)}
    assert events["delivered"] < timedelta(hours=1)


async def test_a_letter_that_waited_over_the_night_arrives_in_the_morning(simulator: Simulator) -> None:
    await _clock(simulator, "PUT", mode="frozen")
    began = _at((await _clock(simulator))["now"])
    await _suspended(simulator, PRACTICE)
    assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
    await simulator.core.queue.work()
    await _clock(simulator, "POST", "/advance", by="PT10H")
    await _suspended(simulator, PRACTICE, "active")
    await _clock(simulator, "POST", "/advance", by="PT1H")
    (item,) = await Person(simulator, "doctor").inbox(PRACTICE)
    assert timedelta(hours=10) < _at(item["received_at"]) - began <= timedelta(hours=11)
    assert (await _timeline(simulator, "hospital", HOSPITAL))[-1]["kind"] == "delivered"


async def test_a_grant_of_three_months_ends_under_an_open_connection(simulator: Simulator) -> None:
    ready = next(one for one in simulator.ready()["personas"] if one["role"] == "assistant")
    client = await ImapClient.open(simulator, f"{PRACTICE}*{ready['login']}", ready["password"])
    await client.ask("SELECT INBOX")
    await client.idle()
    moved = await _clock(simulator, "POST", "/advance", by="P4M")
    assert [(row["kind"], row["mailbox"], row["who"]) for row in moved["fired"]] == [("grant.ended", PRACTICE, ready["idnat"])]
    assert (await client.line()).startswith("* BYE")


async def test_tokens_run_out_and_sessions_end_as_time_is_moved(simulator: Simulator) -> None:
    token = (await control(simulator, "POST", "/tokens", {"who": "camille.martin"})).json()["access_token"]
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers={"Authorization": f"Bearer {token}"}) as client:
        assert (await client.get("/api/v1/me")).status_code == 200
        await _clock(simulator, "POST", "/advance", by="PT3M")
        assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_fast_clock_makes_what_waits_for_a_minute_happen_at_once(simulator: Simulator) -> None:
    await _suspended(simulator, PATIENT)
    assert (await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT])).status_code == 201
    await _suspended(simulator, PATIENT, "active")
    await _clock(simulator, "PUT", mode="paced", rate=600)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if (await _timeline(simulator, "doctor", DOCTOR))[-1]["kind"] == "delivered":
            break
    else:
        pytest.fail("a minute is a tenth of a second now")
    told = await _clock(simulator)
    assert (told["mode"], told["rate"]) == ("paced", 600)
    assert _at(told["now"]) > _at(told["machine"]) + timedelta(seconds=30)


async def test_a_reset_brings_the_machines_time_back(simulator: Simulator) -> None:
    await _clock(simulator, "POST", "/advance", by="P1Y")
    assert _at((await _clock(simulator))["now"]) > datetime.now(UTC) + timedelta(days=364)
    assert (await control(simulator, "POST", "/reset")).status_code == 204
    told = await _clock(simulator)
    assert told["mode"] == "real"
    assert abs(_at(told["now"]) - datetime.now(UTC)) < timedelta(seconds=5)
    assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/advance", {}, 422, "Give one of the two"),
        ("POST", "/advance", {"by": "P1D", "to": "2100-01-01T00:00:00Z"}, 422, "Give one of the two"),
        ("POST", "/advance", {"by": "-P1D"}, 422, "a duration of ISO 8601 is expected, such as P7D"),
        ("POST", "/advance", {"by": "NaN"}, 422, "a duration of ISO 8601 is expected"),
        ("POST", "/advance", {"by": 7}, 422, "by"),
        ("POST", "/advance", {"by": "P999999Y"}, 422, "the calendar ends before"),
        ("POST", "/advance", {"by": "P900Y"}, 422, "The time of a world ends with 2090-01-01T00:00:00Z"),
        ("POST", "/advance", {"to": "2020-01-01T00:00:00Z"}, 409, "its time never goes back"),
        ("POST", "/advance", {"to": "tomorrow"}, 422, "to"),
        ("POST", "/advance", {"to": 1e18}, 422, "write a date as in"),
        ("PUT", "", {"mode": "frozen", "at": "2020-01-01T00:00:00Z"}, 409, "its time never goes back"),
        ("PUT", "", {"mode": "real", "at": "2040-01-01T00:00:00Z"}, 422, "leave at out"),
        ("PUT", "", {"mode": "paced"}, 422, "paced needs it"),
        ("PUT", "", {"mode": "frozen", "rate": 2.0}, 422, "rate belongs to the mode paced"),
        ("PUT", "", {"mode": "paced", "rate": 0}, 422, "greater than 0"),
        ("PUT", "", {"mode": "paced", "rate": -1}, 422, "greater than 0"),
        ("PUT", "", {"mode": "paced", "rate": 1e9}, 422, "less than or equal to 1000000"),
        ("PUT", "", {"mode": "backwards"}, 422, "mode"),
        ("PUT", "", {}, 422, "mode"),
    ],
)
async def test_what_is_no_time_to_go_to_is_refused_in_words(
    simulator: Simulator, method: str, path: str, body: dict[str, Any], status: int, said: str
) -> None:
    answer = await control(simulator, method, f"/clock{path}", body)
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text
    assert (await _clock(simulator))["mode"] == "real"


async def test_not_even_a_number_that_is_none_is_a_pace(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"]) as client:
        for rate in ("NaN", "Infinity", "1e999"):
            content = f'{{"mode": "paced", "rate": {rate}}}'
            answer = await client.put("/control/clock", content=content, headers={"Content-Type": "application/json"})
            assert answer.status_code == 422, answer.text


# Several processes, and processes that die


async def test_who_moves_the_clock_moves_it_for_every_process_of_the_database(two: tuple[Simulator, Simulator]) -> None:
    here, there = two
    moved = await _clock(here, "PUT", mode="frozen", at="2040-01-01T00:00:00Z")
    for _ in range(100):
        if (await _clock(there))["now"] == moved["now"]:
            break
        await asyncio.sleep(0.02)
    assert (await _clock(there))["mode"] == "frozen"
    await asyncio.gather(*(_clock(one, "POST", "/advance", by="P1D") for one in (here, there, here)))
    await asyncio.sleep(0.3)
    assert [(await _clock(one))["now"] for one in two] == ["2040-01-04T00:00:00Z"] * 2


async def test_a_letter_that_is_under_way_in_another_process_arrives_once_and_when_it_left(two: tuple[Simulator, Simulator]) -> None:
    """Whoever moves the clock waits for it too; it was sent again at the end of its lease, and came twice."""
    for one in two:
        await fail(one, "mx", "delay", match={"verb": "END-OF-DATA"}, seconds=1.5, count=None)
    began = _at((await _clock(two[0]))["now"])
    sending = asyncio.create_task(Person(two[0], "hospital").send(HOSPITAL, to=[PRACTICE]))
    for _ in range(12_000):
        await asyncio.sleep(0.005)
        busy = [one.core.queue.busy for one in two]
        if any(busy):
            break
    moved = await _clock(two[busy.index(False)], "POST", "/advance", by="P7D")
    assert (await sending).status_code == 201
    assert [(row["kind"], row["mailbox"], row["who"]) for row in moved["fired"]] == [("delivery.tried", HOSPITAL, PRACTICE)]
    (item,) = await Person(two[0], "doctor").inbox(PRACTICE)
    assert _at(item["received_at"]) - began < timedelta(hours=1)
    assert [row["kind"] for row in await _timeline(two[0], "hospital", HOSPITAL)] == ["submitted", "relayed", "delivered"]


async def test_a_try_that_a_dead_process_left_behind_is_waited_for_so_long_and_no_longer(two: tuple[Simulator, Simulator]) -> None:
    here, there = (one.core.world for one in two)
    await _suspended(two[0], PRACTICE)
    assert (await Person(two[0], "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
    for one in two:
        await one.core.queue.work()
    (waiting,) = await here.store.read(queue.page, 10)
    now, until = here.clock.now(), here.clock.now() + 120 * SECOND
    leased = await here.store.write(lambda conn: queue.lease_one(conn, waiting.waiting.recipient_id, now, now + DAY, until))
    assert leased is not None
    tries = DueTries(there, two[1].core.queue, patience_seconds=0.1)
    assert now <= (await tries.next_at() or 0) <= there.clock.now()
    assert await tries.work() == []
    assert await tries.next_at() is None


def _asked(ready: dict[str, Any], method: str, path: str, **body: Any) -> dict[str, Any]:
    answer = httpx.request(method, f"{ready['http']}/control{path}", json=body or None, timeout=60)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_world_opens_at_the_time_at_which_it_was_left(tmp_path: Path) -> None:
    options = ("--data", str(tmp_path / "data"))
    first = Process(tmp_path / "ready.json", *options)
    _asked(first.ready, "PUT", "/clock", mode="frozen", at="2040-01-01T00:00:00Z")
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    again = Process(tmp_path / "again.json", *options)
    assert _asked(again.ready, "GET", "/clock")["now"] == "2040-01-01T00:00:00Z"
    assert again.stop() == 0


def test_killed_on_the_way_it_goes_on_and_nothing_happens_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSS_SIM_RELAY", "direct")
    monkeypatch.setenv("MSS_SIM_RED_LIST_KINDS", "[]")
    options = ("--data", str(tmp_path / "data"))
    first = Process(tmp_path / "ready.json", *options)
    ready, account = first.ready, ("paul.durand", "hopital-2026")
    _asked(ready, "PUT", "/clock", mode="frozen", at="2040-01-01T00:00:00Z")
    _asked(ready, "PATCH", f"/mailboxes/{PRACTICE}", state="suspended")
    with httpx.Client(base_url=ready["http"], auth=account, timeout=20) as client:
        for number in range(20):
            body = {"to": [PRACTICE], "subject": str(number), "text": "."}
            assert client.post(f"/api/v1/mailboxes/{HOSPITAL}/messages", json=body).status_code == 201

    def move() -> None:
        with pytest.raises(httpx.TransportError):
            _asked(ready, "POST", "/clock/advance", by="P6D")

    moving = threading.Thread(target=move)
    moving.start()
    while not _now(ready).startswith(("2040-01-02", "2040-01-03", "2040-01-04")):
        time.sleep(0.01)
    first.stop(signal.SIGKILL)
    moving.join()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "mss-sim.db")) as kept, kept:
        kept.execute("UPDATE queue SET leased_until = next_at + 660000000")  # as if each was being tried at that moment
    again = Process(tmp_path / "again.json", *options)
    assert _asked(again.ready, "GET", "/clock")["now"] == "2040-01-07T00:00:00Z", "when it is ready, it has come there"
    with httpx.Client(base_url=again.ready["http"], auth=account, timeout=20) as client:
        for item in client.get(f"/api/v1/mailboxes/{HOSPITAL}/messages?folder=Sent").json()["items"]:
            (row,) = client.get(f"/api/v1/mailboxes/{HOSPITAL}/messages/{item['id']}/timeline").json()["recipients"]
            assert [event["kind"] for event in row["events"]] == ["submitted", "relayed", "delayed", "failed"]
            assert row["events"][-1]["at"] == "2040-01-06T00:00:00Z"
        told = client.get(f"/api/v1/mailboxes/{HOSPITAL}/messages?limit=100").json()["items"]
        assert len(told) == 20 + 2 * 20, "each sender hears once of the delay and once of the failure"
    assert again.stop() == 0


def _now(ready: dict[str, Any]) -> str:
    return str(httpx.get(f"{ready['http']}/control/clock", timeout=60).json()["now"])


# By hand


def test_the_command_line_shows_and_moves_it(tmp_path: Path) -> None:
    running = Process(tmp_path / "ready.json", "--memory")
    at = ("--http", running.ready["http"])
    shown = running.run("clock", *at)
    assert (shown.returncode, shown.stdout.split()[1:]) == (0, ["real,", "next", shown.stdout.split()[-1]])
    assert running.run("clock", "--mode", "frozen", *at).stdout.split()[1] == "frozen,"
    moved = running.run("clock", "--advance", "P4M", *at).stdout.splitlines()
    assert any("grant.ended" in line for line in moved)
    assert moved[-1].split()[1:] == ["frozen,", "next", "nothing"]
    paced = running.run("clock", "--mode", "paced", "--rate", "60", *at)
    assert "paced at 60 seconds a second" in paced.stdout
    for wrong, status, said in (
        (("--advance", "7 days"), 1, "to"),
        (("--advance", "-P1D"), 1, "a duration of ISO 8601"),
        (("--rate", "2"), 2, "--rate belongs to --mode paced"),
        (("--mode", "real"), 1, "its time never goes back"),
    ):
        told = running.run("clock", *wrong, *at)
        assert (told.returncode, said in told.stderr, told.stderr.count("\n")) == (status, True, 1), told.stderr
    assert running.stop() == 0


def test_a_test_suite_moves_it_by_the_handle(tmp_path: Path) -> None:
    del tmp_path
    with RunningSimulator() as running:
        began = running.clock.now()
        assert abs(began - datetime.now(UTC)) < timedelta(seconds=5)
        running.clock.freeze()
        fired = running.clock.advance("P4M")
        assert [one.kind for one in fired if one.kind.startswith("grant.")] == ["grant.ended"]
        assert running.clock.advance(timedelta(days=1)) == []
        there = running.clock.now() + timedelta(hours=1)
        running.clock.advance(to=there)
        assert running.clock.now() == there
        running.clock.pace(1_000)
        time.sleep(0.1)
        assert running.clock.now() > there + timedelta(seconds=50)
        running.clock.run()
        with pytest.raises(TypeError):
            running.clock.advance()
    json.dumps(running.ready)
