"""The promise of closure: a patient answers what he was written, until the professional says that it is over."""

import pytest

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, PRACTICE, Person
from tests.contracts.doors import Door

_CLOSED = ("550 5.7.1", "403 conversation-closed")


async def _last_id(door: Door, role: str, mailbox: str) -> str:
    return str((await door.folder(role, mailbox))[0]["message_id"])


async def test_a_patient_may_answer_who_wrote_to_him(door: Door, world: Simulator) -> None:
    await door.send("doctor", DOCTOR, [PATIENT])
    answered = await _last_id(door, "patient", PATIENT)
    assert (await door.send("patient", PATIENT, [DOCTOR], headers={"In-Reply-To": answered})).accepted
    assert (await door.send("patient", PATIENT, [DOCTOR])).accepted
    assert not (await door.send("patient2", PATIENT2, [DOCTOR])).accepted
    assert not (await door.send("patient", PATIENT, [PRACTICE])).accepted


async def test_subject_fin_withdraws_every_earlier_letter_of_the_mailbox(door: Door, world: Simulator) -> None:
    await door.send("doctor", DOCTOR, [PATIENT], subject="Un")
    await door.send("doctor", DOCTOR, [PATIENT], subject="Deux")
    await door.send("hospital", HOSPITAL, [PATIENT])
    await door.send("doctor", DOCTOR, [PATIENT], subject="[FIN]")
    assert (await door.send("patient", PATIENT, [DOCTOR])).shown == door.shows(*_CLOSED)
    assert (await door.send("patient", PATIENT, [HOSPITAL])).accepted
    await door.send("doctor", DOCTOR, [PATIENT], subject="Trois")
    assert (await door.send("patient", PATIENT, [DOCTOR])).accepted


@pytest.mark.parametrize("subject", ["[Fin]", "Re: [FIN]", "FIN", "[FIN] merci"])
async def test_any_other_subject_closes_nothing(door: Door, subject: str) -> None:
    await door.send("doctor", DOCTOR, [PATIENT], subject=subject)
    assert (await door.send("patient", PATIENT, [DOCTOR])).accepted


async def test_header_fin_closes_with_that_very_letter(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, [PATIENT], subject="Compte rendu des urgences", headers={"X-MSS-MES": "FIN"})
    assert len(await door.folder("patient", PATIENT)) == 1
    assert (await door.send("patient", PATIENT, [HOSPITAL])).shown == door.shows(*_CLOSED)


async def test_header_fin_leaves_other_conversations_open(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, [PATIENT], subject="Rendez-vous")
    first = await _last_id(door, "patient", PATIENT)
    await door.send("hospital", HOSPITAL, [PATIENT], subject="Compte rendu", headers={"X-MSS-MES": "FIN"})
    closed = await _last_id(door, "patient", PATIENT)
    assert (await door.send("patient", PATIENT, [HOSPITAL], headers={"In-Reply-To": first})).accepted
    assert (await door.send("patient", PATIENT, [HOSPITAL], headers={"In-Reply-To": closed})).shown == door.shows(*_CLOSED)


async def test_header_fin_in_lower_case_closes_nothing(door: Door) -> None:
    await door.send("hospital", HOSPITAL, [PATIENT], headers={"X-MSS-MES": "fin"})
    assert (await door.send("patient", PATIENT, [HOSPITAL])).accepted


async def test_the_reply_to_mailbox_is_answered_in_the_senders_place(door: Door, world: Simulator) -> None:
    await door.send("doctor", DOCTOR, [PATIENT], headers={"Reply-To": PRACTICE})
    assert (await door.send("patient", PATIENT, [PRACTICE])).accepted
    assert (await door.send("patient", PATIENT, [DOCTOR])).shown == door.shows("550 5.7.1", "403 not-invited")


async def test_a_conversation_is_closed_and_reopened_explicitly(door: Door, world: Simulator) -> None:
    await door.send("secretary", PRACTICE, [PATIENT])
    secretary = Person(world, "secretary")
    found = (await secretary.get(f"/mailboxes/{PRACTICE}/conversations"))["items"][0]
    assert found["closed"] is False
    path = f"/mailboxes/{PRACTICE}/conversations/{found['id']}"
    assert (await secretary.rest("POST", f"{path}/close")).json()["closed"] is True
    assert (await door.send("patient", PATIENT, [PRACTICE])).shown == door.shows(*_CLOSED)
    assert (await secretary.rest("POST", f"{path}/reopen")).json()["closed"] is False
    assert (await door.send("patient", PATIENT, [PRACTICE])).accepted
    doctor = Person(world, "doctor")
    grant = next(one for one in await doctor.get(f"/mailboxes/{PRACTICE}/grants") if one["grantee"]["idnat"] == secretary.idnat)
    lines = [line for line in (await doctor.get(f"/mailboxes/{PRACTICE}/journal"))["items"] if line["act"].startswith("conversation.")]
    assert [line["act"] for line in lines] == ["conversation.reopened", "conversation.closed"]
    for line in lines:
        assert (line["actor"]["idnat"], line["door"], line["grant_id"]) == (secretary.idnat, "rest", grant["id"])
        assert line["detail"] == {"conversation": found["id"], "patients": [PATIENT], "rights": 1}


async def test_who_lacks_the_right_to_close_is_refused(door: Door, world: Simulator) -> None:
    await door.send("secretary", PRACTICE, [PATIENT])
    assistant = Person(world, "assistant")
    found = (await assistant.get(f"/mailboxes/{PRACTICE}/conversations"))["items"][0]
    answer = await assistant.rest("POST", f"/mailboxes/{PRACTICE}/conversations/{found['id']}/close")
    assert (answer.status_code, answer.json()["code"]) == (403, "right-missing")
    assert (await door.send("patient", PATIENT, [PRACTICE])).accepted, "nothing was closed"


async def test_the_patient_cannot_close_or_reopen(door: Door, world: Simulator) -> None:
    patient = Person(world, "patient")
    for verb, headers, closed in (("close", {}, False), ("reopen", {"X-MSS-MES": "FIN"}, True)):
        await door.send("doctor", DOCTOR, [PATIENT], headers=headers)
        path = f"/mailboxes/{PATIENT}/conversations/{(await patient.get(f'/mailboxes/{PATIENT}/conversations'))['items'][0]['id']}"
        answer = await patient.rest("POST", f"{path}/{verb}")
        assert (answer.status_code, answer.json()["code"], answer.json()["reference"]) == (403, "right-missing", "cnam#7")
        assert (await patient.get(path))["closed"] is closed
    answered = await _last_id(door, "patient", PATIENT)
    assert (await door.send("patient", PATIENT, [DOCTOR], headers={"In-Reply-To": answered})).shown == door.shows(*_CLOSED)
    assert (await door.send("patient", PATIENT, [DOCTOR])).accepted
    lines = (await patient.get(f"/mailboxes/{PATIENT}/journal"))["items"] + (
        await Person(world, "doctor").get(f"/mailboxes/{DOCTOR}/journal")
    )["items"]
    assert [line for line in lines if line["act"].startswith("conversation.")] == []


async def test_a_new_letter_opens_again_what_was_closed_explicitly(door: Door, world: Simulator) -> None:
    await door.send("doctor", DOCTOR, [PATIENT])
    doctor = Person(world, "doctor")
    found = (await doctor.get(f"/mailboxes/{DOCTOR}/conversations"))["items"][0]
    assert (await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{found['id']}/close")).json()["closed"] is True
    assert (await door.send("patient", PATIENT, [DOCTOR])).shown == door.shows(*_CLOSED)
    await door.send("doctor", DOCTOR, [PATIENT])
    assert (await door.send("patient", PATIENT, [DOCTOR])).accepted


async def test_a_reply_to_that_is_no_mailbox_here_is_ignored(door: Door, world: Simulator) -> None:
    await door.send("doctor", DOCTOR, [PATIENT], headers={"Reply-To": "personne@cabinet.sim.mssante.fr"})
    assert (await door.send("patient", PATIENT, [DOCTOR])).accepted


async def test_a_reply_to_that_is_a_patients_lets_no_patient_write_to_another(door: Door, world: Simulator) -> None:
    await door.send("doctor", DOCTOR, [PATIENT], headers={"Reply-To": PATIENT2})
    assert (await door.send("patient", PATIENT, [PATIENT2])).shown == door.shows("550 5.7.1", "403 not-invited")
    assert (await door.send("patient", PATIENT, [DOCTOR])).accepted
    assert await door.folder("patient2", PATIENT2) == []
