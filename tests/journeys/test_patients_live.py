"""Patients live by themselves: they open, answer, are refused after the closure, close their account; as data, and by the clock."""

import asyncio
import contextlib
import signal
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, PATIENT, PATIENT2, Person, control, letter
from tests.conftest import StartSimulator
from tests.journeys.test_command_line import Process
from tests.journeys.test_several_processes import two

__all__ = ["two"]


async def _plan(simulator: Simulator, behaviour: str | list[dict[str, Any]], address: str = PATIENT) -> None:
    body = {"name": behaviour} if isinstance(behaviour, str) else {"reactions": behaviour}
    answer = await control(simulator, "PUT", f"/mailboxes/{address}/behaviour", body)
    assert answer.status_code == 200, answer.text


async def _advance(simulator: Simulator, by: str) -> list[dict[str, Any]]:
    await simulator.core.queue.work()
    await simulator.core.patients.work()
    answer = await control(simulator, "POST", "/clock/advance", {"by": by})
    assert answer.status_code == 200, answer.text
    fired: list[dict[str, Any]] = answer.json()["fired"]
    return fired


async def _freeze(simulator: Simulator) -> None:
    assert (await control(simulator, "PUT", "/clock", {"mode": "frozen"})).status_code == 200


async def _timeline(doctor: Person, sent: dict[str, Any]) -> list[str]:
    events = (await doctor.get(f"/mailboxes/{DOCTOR}/messages/{sent['id']}/timeline"))["recipients"][0]["events"]
    return [event["kind"] for event in events]


async def test_a_patient_opens_the_next_day_and_answers_an_hour_later(simulator: Simulator) -> None:
    await _freeze(simulator)
    await _plan(
        simulator,
        [{"steps": [{"act": "open", "after": "P1D"}, {"act": "answer", "after": "PT1H", "text": "Merci docteur.", "file": "photo"}]}],
    )
    doctor = Person(simulator, "doctor")
    sent = (await doctor.send(DOCTOR, to=[PATIENT], subject="Vos résultats", request_read_receipt=True)).json()
    await simulator.core.queue.work()
    pending = (await control(simulator, "GET", f"/mailboxes/{PATIENT}/pending")).json()
    assert [row["act"] for row in pending] == ["open", "answer"]
    fired = await _advance(simulator, "P2D")
    assert [(row["kind"], row["mailbox"], row["who"]) for row in fired if row["kind"].startswith("letter.")] == [
        ("letter.opened", PATIENT, DOCTOR),
        ("letter.answered", PATIENT, DOCTOR),
    ]
    assert fired[0]["at"] == pending[0]["at"]
    assert (await _timeline(doctor, sent))[-1] == "displayed"
    answer, _ = await doctor.inbox(DOCTOR)
    assert answer["subject"] == "Re: Vos résultats"
    opened = await doctor.open(DOCTOR, answer["id"])
    assert (opened["text"].strip(), [one["filename"] for one in opened["attachments"]]) == ("Merci docteur.", ["IMG_1234.JPG"])
    assert (await control(simulator, "GET", f"/mailboxes/{PATIENT}/pending")).json() == []


@pytest.mark.parametrize("how", ["subject", "header", "act"])
async def test_an_answer_after_the_closure_is_refused_however_it_was_closed(simulator: Simulator, how: str) -> None:
    await _freeze(simulator)
    await _plan(simulator, "answers-after-closure")
    doctor = Person(simulator, "doctor")
    await doctor.send(DOCTOR, to=[PATIENT], subject="Suivi")
    assert "letter.answered" in {row["kind"] for row in await _advance(simulator, "PT1H")}
    if how == "subject":
        await doctor.send(DOCTOR, to=[PATIENT], subject="[FIN]")
    elif how == "header":
        await doctor.send(DOCTOR, to=[PATIENT], subject="Suivi", close_conversation=True)
    else:
        thread = (await doctor.get(f"/mailboxes/{DOCTOR}/conversations"))["items"][0]["id"]
        assert (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{thread}/close")).status_code == 200
    kinds = [row["kind"] for row in await _advance(simulator, "PT1H")]
    assert ("letter.refused" in kinds, "letter.answered" in kinds) == (True, False)
    assert [item["subject"] for item in await doctor.inbox(DOCTOR)] == ["Re: Suivi"]
    lines = (await Person(simulator, "patient").get(f"/mailboxes/{PATIENT}/journal"))["items"]
    refused = next(line for line in lines if line["act"] == "message.refused")
    assert (refused["door"], refused["detail"]["rule"]) == ("mes", "conversation-closed")


async def test_two_devices_send_one_receipt(simulator: Simulator) -> None:
    await _freeze(simulator)
    await _plan(simulator, "two-devices")
    doctor = Person(simulator, "doctor")
    sent = (await doctor.send(DOCTOR, to=[PATIENT], request_read_receipt=True)).json()
    kinds = [row["kind"] for row in await _advance(simulator, "PT1H")]
    assert kinds.count("letter.opened") == 1, "the first one came at once"
    assert len(await doctor.inbox(DOCTOR)) == 1
    assert (await _timeline(doctor, sent)).count("displayed") == 1


@pytest.mark.parametrize(
    ("behaviour", "kinds", "lying"),
    [
        ("never-opens", [], 1),
        ("deletes-unread", ["letter.deleted"], 0),
        ("opens-then-deletes", ["letter.deleted"], 0),
        ("closes-account", ["mailbox.closed"], 1),
        ("account-closed-for-a-day", ["mailbox.reopened", "letter.opened"], 1),
        ("bounces-later", ["letter.returned"], 1),
        ("answers-with-pdf", ["letter.answered"], 1),
    ],
)
async def test_what_else_a_patient_may_do(simulator: Simulator, behaviour: str, kinds: list[str], lying: int) -> None:
    await _freeze(simulator)
    await _plan(simulator, behaviour)
    doctor = Person(simulator, "doctor")
    await doctor.send(DOCTOR, to=[PATIENT])
    fired = [row["kind"] for row in await _advance(simulator, "P2D")]
    assert [kind for kind in fired if kind != "delivery.tried"] == kinds
    answer = await control(simulator, "PATCH", f"/mailboxes/{PATIENT}", {"state": "active"})
    assert answer.status_code == 200
    assert len(await Person(simulator, "patient").inbox(PATIENT)) == lying


async def test_an_answer_to_all_reaches_whom_the_patient_may_write_to(simulator: Simulator) -> None:
    """Only the doctor wrote; the other one who was written to beside the patient may not be answered, and the patient is told."""
    await _freeze(simulator)
    await _plan(simulator, "answers-all")
    doctor = Person(simulator, "doctor")
    await doctor.send(DOCTOR, to=[PATIENT], cc=["paul.durand@hopital-ormes.sim.mssante.fr"])
    await _advance(simulator, "PT1H")
    (answer,) = await doctor.inbox(DOCTOR)
    assert answer["subject"] == "Re: Bonjour"
    assert [one["subject"] for one in await Person(simulator, "hospital").inbox("paul.durand@hopital-ormes.sim.mssante.fr")] == ["Bonjour"]
    notice = (await Person(simulator, "patient").inbox(PATIENT))[0]
    assert notice["subject"] == "Undelivered message"


async def test_a_letter_forwarded_to_a_professional_who_wrote_and_to_one_who_did_not(simulator: Simulator) -> None:
    await _freeze(simulator)
    await _plan(
        simulator,
        [{"from": DOCTOR, "steps": [{"act": "forward", "after": "PT1M", "address": DOCTOR.replace("camille.martin", "hugo.bernard")}]}],
    )
    await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT], subject="À transmettre")
    assert "letter.refused" in [row["kind"] for row in await _advance(simulator, "PT1H")]
    other = Person(simulator, "doctor2")
    await other.send("hugo.bernard@medecin.sim.mssante.fr", to=[PATIENT])
    await Person(simulator, "doctor").send(DOCTOR, to=[PATIENT], subject="À transmettre")
    assert "letter.forwarded" in [row["kind"] for row in await _advance(simulator, "PT1H")]
    (item,) = await other.inbox("hugo.bernard@medecin.sim.mssante.fr")
    assert item["subject"] == "Fwd: À transmettre"


async def test_what_comes_by_itself_and_what_is_asked_for_decide_the_reaction(simulator: Simulator) -> None:
    """The first reaction that matches is the one; a letter that a program wrote has none."""
    await _freeze(simulator)
    await _plan(
        simulator,
        [
            {"subject": "urgent", "steps": [{"act": "answer", "text": "Tout de suite."}]},
            {"asks_receipt": True, "steps": [{"act": "open", "receipt": "none"}, {"act": "receipt", "after": "P1D"}]},
        ],
    )
    doctor = Person(simulator, "doctor")
    await doctor.send(DOCTOR, to=[PATIENT], subject="URGENT", request_read_receipt=True)
    await doctor.send(DOCTOR, to=[PATIENT], subject="Plus tard", request_read_receipt=True)
    await doctor.send(DOCTOR, to=[PATIENT], subject="Sans suite")
    raw = letter(DOCTOR, PATIENT, "Urgent, automatique", Auto_Submitted="auto-generated").as_bytes()
    await doctor.post_raw(DOCTOR, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert [one["subject"] for one in await doctor.inbox(DOCTOR)] == ["Re: URGENT"]
    fired = await _advance(simulator, "P2D")
    assert [row["kind"] for row in fired if row["kind"] != "delivery.tried"] == ["receipt.sent"]
    assert [one["subject"] for one in await doctor.inbox(DOCTOR)] == ["Read: Plus tard", "Re: URGENT"]


async def test_a_behaviour_that_cannot_be_is_refused_with_what_to_write(simulator: Simulator) -> None:
    path = f"/mailboxes/{PATIENT2}/behaviour"
    for body, said in (
        ({}, "name, or reactions"),
        ({"name": "sings"}, "opens-next-day"),
        ({"reactions": [{"steps": [{"act": "open", "after": "tomorrow"}]}]}, "P7D"),
        ({"reactions": [{"steps": [{"act": "open", "after": "P999999Y"}]}]}, "calendar"),
        ({"reactions": [{"steps": [{"act": "forward"}]}]}, "forward needs it"),
        ({"reactions": [{"steps": [{"act": "open", "text": "x"}]}]}, "belong to an answer"),
        ({"reactions": [{"steps": [{"act": "answer", "receipt": "none"}]}]}, "open and receipt"),
        ({"reactions": [{"steps": [{"act": "bounce", "rule": "conflict"}]}]}, "unknown-mailbox"),
        ({"reactions": [{"steps": [{"act": "forward", "address": "no address"}]}]}, "address"),
        ({"reactions": [{"steps": [{"act": "open"}] * 21}]}, "20"),
    ):
        answer = await control(simulator, "PUT", path, body)
        assert (answer.status_code in (400, 422, 429), said in answer.text) == (True, True), (body, answer.text)
    assert (await control(simulator, "GET", path)).json() == {"name": None, "reactions": []}
    assert (await control(simulator, "PUT", "/mailboxes/nobody@patient.mssante.fr/behaviour", {"name": "answers"})).status_code == 404


async def test_a_behaviour_is_shown_as_it_was_given(simulator: Simulator) -> None:
    path = f"/mailboxes/{PATIENT2}/behaviour"
    given = {"from": DOCTOR, "subject": "bilan", "steps": [{"act": "open", "after": "PT1H"}]}
    assert (await control(simulator, "PUT", path, {"reactions": [given]})).status_code == 200
    [shown] = (await control(simulator, "GET", path)).json()["reactions"]
    assert (shown["from"], shown["subject"], [step["act"] for step in shown["steps"]]) == (DOCTOR, "bilan", ["open"])
    assert "from_" not in shown


async def test_the_seed_of_patients_shows_each_in_another_way(start: StartSimulator) -> None:
    """A month passes after one letter to everybody, and its closure."""
    async with start(seed="patients") as simulator:
        await _freeze(simulator)
        people = {one["role"]: one["mailboxes"][0]["address"] for one in simulator.ready()["personas"] if one["idnat"][0] in "12"}
        doctor = Person(simulator, "doctor")
        for address in people.values():
            await doctor.send(DOCTOR, to=[address], subject="Votre rendez-vous", request_read_receipt=True)
        fired = await _advance(simulator, "P3D")
        for address in (people["answers_after_closure"], people["has_a_story"]):
            await doctor.send(DOCTOR, to=[address], subject="[FIN]")
        fired += await _advance(simulator, "P1M")
        told = {
            role: [row["kind"] for row in fired if row["mailbox"] == address and row["kind"] != "delivery.tried"]
            for role, address in people.items()
        }
        assert told == {
            "opens": ["letter.opened"],
            "answers": ["letter.answered"],
            "never_opens": [],
            "sends_a_photo": ["letter.answered"],
            "answers_after_closure": ["letter.answered", "letter.refused"],
            "closes_account": ["mailbox.closed"],
            "wrong_receipt": ["letter.opened"],
            "has_a_story": ["letter.answered", "letter.refused"],
        }


async def test_two_processes_of_one_database_do_each_step_once(two: tuple[Simulator, Simulator]) -> None:
    first, second = two
    await _plan(first, [{"steps": [{"act": "open"}, {"act": "answer"}]}])
    doctor = Person(second, "doctor")
    for number in range(10):
        await doctor.send(DOCTOR, to=[PATIENT], subject=str(number), request_read_receipt=True)
    await asyncio.gather(*(one.core.patients.work() for one in two for _ in range(3)))
    for one in two:
        while await one.core.patients.work() or await one.core.queue.work():
            pass
    subjects = [item["subject"] for item in await doctor.inbox(DOCTOR)]
    assert sorted(subjects) == sorted(f"{mark}: {number}" for mark in ("Re", "Read") for number in range(10))


def test_killed_while_patients_answer_nobody_answers_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSS_SIM_RELAY", "direct")
    monkeypatch.setenv("MSS_SIM_RED_LIST_KINDS", "[]")  # nobody used them for years
    options = ("--data", str(tmp_path / "data"))
    first = Process(tmp_path / "ready.json", *options)
    steps = [{"act": act, "after": "PT1H"} for act in ("open", "answer")]
    control_url, account = f"{first.ready['http']}/control", ("camille.martin", "cabinet-2026")
    httpx.put(f"{control_url}/clock", json={"mode": "frozen", "at": "2040-01-01T00:00:00Z"}).raise_for_status()
    httpx.put(f"{control_url}/mailboxes/{PATIENT}/behaviour", json={"reactions": [{"steps": steps}]}).raise_for_status()
    with httpx.Client(base_url=first.ready["http"], auth=account, timeout=20) as client:
        for number in range(60):
            body = {"to": [PATIENT], "subject": str(number), "text": ".", "request_read_receipt": True}
            assert client.post(f"/api/v1/mailboxes/{DOCTOR}/messages", json=body).status_code == 201

    def move() -> None:
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{control_url}/clock/advance", json={"by": "P1D"}, timeout=60)

    moving = threading.Thread(target=move)
    moving.start()
    database = tmp_path / "data" / "mss-sim.db"
    with contextlib.closing(sqlite3.connect(database, timeout=20)) as seen:
        while seen.execute("SELECT count(*) FROM planned_steps WHERE act = 'answer'").fetchone()[0] > 45:
            time.sleep(0.005)
    first.stop(signal.SIGKILL)
    moving.join()
    again = Process(tmp_path / "again.json", *options)
    with httpx.Client(base_url=again.ready["http"], auth=account, timeout=20) as client:
        assert client.get(f"/control/mailboxes/{PATIENT}/pending").json() == [], "when it is ready, all is done"
        items = client.get(f"/api/v1/mailboxes/{DOCTOR}/messages?folder=INBOX&limit=200").json()["items"]
    assert sorted(item["subject"] for item in items) == sorted(f"{mark}: {number}" for mark in ("Re", "Read") for number in range(60))
    assert again.stop() == 0
