"""Indicators as they are asked for: by REST as JSON and as a table, and by the command line; labelled ours, harmless in spreadsheets."""

import asyncio
import csv
import io
import json
import sys
from typing import Any

import httpx

from mss_sim.app.simulator import Simulator
from mss_sim.vocabulary.indicators import INDICATORS, LABEL, Indicator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, base64_of, control, letter
from tests.conftest import StartSimulator

_CABINET, _MEDECIN = "cabinet.sim.mssante.fr", "medecin.sim.mssante.fr"
_UNKNOWN = "personne@cabinet.sim.mssante.fr"


async def _asked(simulator: Simulator, path: str, accept: str = "application/json") -> httpx.Response:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers={"Accept": accept}, timeout=20) as client:
        return await client.get(f"/control{path}")


def _table(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


async def _life(simulator: Simulator) -> None:
    """Two letters of the hospital, one with a document to a patient, and one of the practice; one that nobody takes."""
    hospital, doctor = Person(simulator, "hospital"), Person(simulator, "doctor")
    file = {"filename": "a.pdf", "content_type": "application/pdf", "content_base64": base64_of(b"%PDF-1.7")}
    await hospital.send(HOSPITAL, to=[PRACTICE, DOCTOR])
    await hospital.send(HOSPITAL, to=[PATIENT], attachments=[file])
    await doctor.send(PRACTICE, to=[HOSPITAL])
    assert (await doctor.smtp(DOCTOR, _UNKNOWN, letter(DOCTOR, _UNKNOWN))).code == 550


async def test_the_same_story_as_json_and_as_a_table(simulator: Simulator) -> None:
    await _life(simulator)
    answer = await _asked(simulator, "/indicators?group=day&from=&to=")
    assert answer.status_code == 422
    found: dict[str, Any] = (await _asked(simulator, "/indicators?group=day")).json()
    assert (found["label"], found["by"], len(found["periods"])) == (LABEL, "day", 30)
    assert {one["name"] for one in found["indicators"]} == {one.value for one in Indicator}
    assert found["totals"]["numbers"]["letters_sent"] == 3
    assert found["totals"]["numbers"]["sent_with_documents"] == 1
    today = {(row["domain"], row["kind"]): row["numbers"] for row in found["rows"] if row["period"] == found["last"]}
    assert (today[_CABINET, "CAB"]["letters_sent"], today[_MEDECIN, "PER"]["letters_received"]) == (1, 1)
    for shown in (await _asked(simulator, "/indicators?group=day", "text/csv"), await _asked(simulator, "/indicators.csv?group=day")):
        rows = _table(shown)
        assert len(rows) == len(found["rows"])
        assert {row["label"] for row in rows} == {LABEL}
        for row, told in zip(rows, found["rows"], strict=True):
            assert (row["period"], row["domain"], row["kind"]) == (told["period"], told["domain"], told["kind"])
            assert {name: int(row[name]) for name in INDICATORS} == told["numbers"]


async def test_what_is_asked_for_is_checked(simulator: Simulator) -> None:
    for query, status in {
        "from=2026-02-01&to=2026-01-01": 422,
        "from=yesterday": 422,
        "from=1969-01-01": 422,
        "to=9999-12-31": 422,
        "group=week": 422,
        "kind=BAL": 422,
        "since=2026-01-01": 422,
        "group=day&from=2020-01-01&to=2026-01-01": 422,
        f"domain={'x' * 256}": 422,
        "domain=%00": 200,
        "domain=CABINET.sim.mssante.fr&kind=CAB": 200,
        "from=2100-12-31&group=day": 200,
    }.items():
        answer = await _asked(simulator, f"/indicators?{query}")
        assert answer.status_code == status, (query, answer.text)
        if status == 422:
            assert answer.json()["code"] in ("invalid-request", "limit-reached")


async def test_what_doors_refused_is_told_by_rule(simulator: Simulator) -> None:
    await _life(simulator)
    told = (await _asked(simulator, "/indicators/refusals")).json()
    assert {"door": "smtp", "rule": "unknown-mailbox", "times": 1} in told
    for shown in (await _asked(simulator, "/indicators/refusals", "text/csv"), await _asked(simulator, "/indicators/refusals.csv")):
        assert [(row["door"], row["rule"], int(row["times"])) for row in _table(shown)] == [
            (one["door"], one["rule"], one["times"]) for one in told
        ]


async def test_the_name_of_a_client_is_no_formula(simulator: Simulator) -> None:
    async with httpx.AsyncClient(base_url=simulator.ready()["http"], headers={"User-Agent": '=cmd|"/C calc"!A1,\t"x"'}) as client:
        await client.get("/api/v1/me")
    rows = _table(await _asked(simulator, "/evidence/clients.csv?door=rest"))
    assert [(row["client"], row["commands"], row["rules"]) for row in rows] == [
        ('\'=cmd|"/C calc"!A1,?"x"', "1", "authentication-required=1")
    ]
    assert _table(await _asked(simulator, "/evidence/clients", "text/csv")) == rows


async def test_both_databases_tell_the_same(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        await _life(simulator)
        totals = (await _asked(simulator, "/indicators")).json()["totals"]["numbers"]
        wanted = {"letters_sent": 3, "sent_to_patients": 1, "sent_with_documents": 1, "letters_received": 4, "received_from_patients": 0}
        assert {name: totals[name] for name in wanted} == wanted


async def test_a_seed_begins_at_zero_and_a_reset_too(simulator: Simulator) -> None:
    for _ in range(2):
        totals = (await _asked(simulator, "/indicators")).json()["totals"]["numbers"]
        assert {name: number for name, number in totals.items() if number and not name.startswith("mailboxes")} == {}
        assert totals["mailboxes"] > 5
        await _life(simulator)
        assert (await control(simulator, "POST", "/reset", {})).status_code < 300


async def test_the_command_line_tells_the_same(simulator: Simulator) -> None:
    await _life(simulator)

    async def report(*options: str) -> tuple[int, str, str]:
        command = (sys.executable, "-m", "mss_sim", "report", "--http", simulator.ready()["http"], *options)
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        told, wrong = await process.communicate()
        return await process.wait(), told.decode(), wrong.decode()

    status, shown, _ = await report("--domain", _CABINET)
    assert (status, LABEL in shown, _CABINET in shown, _MEDECIN in shown) == (0, True, True, False)
    asked = (await _asked(simulator, "/indicators?kind=CAB")).json()
    assert json.loads((await report("--json", "--kind", "CAB"))[1]) == asked
    assert (await report("--csv"))[1].encode() == (await _asked(simulator, "/indicators.csv")).content
    assert (await report("--csv", "--json"))[0] == 2
    status, _, wrong = await report("--from", "2026-02-01", "--to", "2026-01-01")
    assert (status, "no stretch of time" in wrong) == (1, True)
