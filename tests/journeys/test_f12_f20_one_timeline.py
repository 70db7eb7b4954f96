"""F12, F20: one letter to a patient, a colleague and an application, and one timeline that tells what became of it for each of them.

The law has documents sent to the attending doctor, the prescriber and the patient; the hospital wants to know for each whether it came
and was read, and by what rule the patient may answer.
"""

from typing import Any

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PATIENT2, Person, control


async def _advance(simulator: Simulator, by: str) -> None:
    assert (await control(simulator, "POST", "/clock/advance", {"by": by})).status_code == 200


async def _story(hospital: Person, sent: dict[str, Any]) -> dict[str, list[str]]:
    rows = (await hospital.get(f"/mailboxes/{HOSPITAL}/messages/{sent['id']}/timeline"))["recipients"]
    return {row["address"]: [event["kind"] for event in row["events"]] for row in rows}


async def test_each_recipient_has_a_story_of_his_own(simulator: Simulator) -> None:
    await control(simulator, "PUT", "/clock", {"mode": "frozen", "at": "2040-03-05T09:00:00Z"})
    await control(simulator, "PUT", f"/mailboxes/{PATIENT}/behaviour", {"name": "opens-next-day"})
    await control(simulator, "PATCH", f"/mailboxes/{LABORATORY}", {"state": "suspended"})
    await control(simulator, "PATCH", f"/mailboxes/{PATIENT2}", {"state": "closed"})
    hospital, doctor = Person(simulator, "hospital"), Person(simulator, "doctor")
    letter = {"to": [DOCTOR, PATIENT, PATIENT2], "cc": [LABORATORY], "subject": "Compte rendu d'hospitalisation"}
    wished = {"request_read_receipt": True, "request_delivery_receipt": True}
    sent = (await hospital.send(HOSPITAL, **letter, **wished)).json()
    came = ["submitted", "relayed", "delivered"]
    assert await _story(hospital, sent) == {
        DOCTOR: came,
        PATIENT: came,
        PATIENT2: ["submitted", "failed"],
        LABORATORY: ["submitted"],
    }
    (item,) = await doctor.inbox(DOCTOR)
    assert (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages/{item['id']}/receipt")).status_code == 201
    await _advance(simulator, "PT5H")
    await control(simulator, "PATCH", f"/mailboxes/{LABORATORY}", {"state": "active"})
    await _advance(simulator, "P2D")
    assert await _story(hospital, sent) == {
        DOCTOR: [*came, "displayed"],
        PATIENT: [*came, "displayed"],
        PATIENT2: ["submitted", "failed"],
        LABORATORY: ["submitted", "delayed", "relayed", "delivered"],
    }
    rows = (await hospital.get(f"/mailboxes/{HOSPITAL}/messages/{sent['id']}/timeline"))["recipients"]
    assert [(row["state"], row["failed"], row["waiting"]) for row in rows] == [
        (row["events"][-1]["kind"], row["address"] == PATIENT2, None) for row in rows
    ]
    assert {event["kind"] for row in rows for event in row["events"] if event["failed"]} == {"failed"}
    with_reports = {event["kind"] for row in rows for event in row["events"] if event["report_url"]}
    assert {event["kind"] for row in rows for event in row["events"] if event["family"]} == {"displayed"} <= with_reports
    subjects = [one["subject"] for one in await hospital.inbox(HOSPITAL, limit=100)]
    assert sorted(subjects) == sorted(
        [
            *["Read: Compte rendu d'hospitalisation"] * 2,
            *["Delivered message"] * 3,
            "Delayed message",
            "Undelivered message",
        ]
    )


async def test_the_patient_answers_whom_it_came_from_and_the_colleague_answers_everybody(simulator: Simulator) -> None:
    """Beside professionals a patient is still a patient: he answers the sender, and nobody who was written to with him."""
    hospital, doctor, patient = Person(simulator, "hospital"), Person(simulator, "doctor"), Person(simulator, "patient")
    assert (await hospital.send(HOSPITAL, to=[DOCTOR, PATIENT], subject="Sortie")).status_code == 201
    refused = await patient.send(PATIENT, to=[DOCTOR], subject="Re: Sortie")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-invited")
    assert (await patient.send(PATIENT, to=[HOSPITAL], subject="Re: Sortie")).status_code == 201
    assert (await doctor.send(DOCTOR, to=[HOSPITAL, PATIENT], subject="Re: Sortie")).status_code == 201
    assert (await patient.send(PATIENT, to=[DOCTOR], subject="Merci")).status_code == 201, "now he wrote to her"
    assert [one["subject"] for one in await doctor.inbox(DOCTOR)] == ["Merci", "Sortie"]
