"""F10: several professionals write with one patient in one conversation, each opens and closes for their own mailbox alone."""

from typing import Any

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PATIENT2, PRACTICE, Person, letter


async def _why(person: Person, box: str, conversation: str) -> dict[str, tuple[bool, str]]:
    """By the mailbox that is answered: whether the patient may, and by what."""
    rows = await person.get(f"/mailboxes/{box}/conversations/{conversation}/why")
    return {row["to"]: (row["may_write"], row["code"]) for row in rows if row["from"] == PATIENT}


async def _answers(patient: Person, to: str, item: dict[str, Any]) -> str:
    """What the patient hears at both doors, which is one thing, when he answers a letter."""
    message = letter(PATIENT, to, In_Reply_To=item["message_id"])
    reply = await patient.smtp(PATIENT, to, message)
    answer = await patient.send(PATIENT, to=[to], in_reply_to=item["id"])
    code = "sent" if answer.status_code == 201 else answer.json()["code"]
    assert (reply.code == 250) is (code == "sent")
    if code != "sent":
        assert (reply.code, f"({code}, " in reply.text) == (550, True), reply.text
    return str(code)


async def test_one_of_three_closes_and_the_patient_answers_the_other_two(simulator: Simulator) -> None:
    doctor, doctor2, hospital, patient = (Person(simulator, role) for role in ("doctor", "doctor2", "hospital", "patient"))
    assert (await doctor.send(DOCTOR, to=[PATIENT, DOCTOR2, HOSPITAL], subject="Concertation")).status_code == 201
    for person, box in ((doctor2, DOCTOR2), (hospital, HOSPITAL)):
        item = (await person.inbox(box))[0]
        assert (await person.send(box, to=[PATIENT, DOCTOR], in_reply_to=item["id"])).status_code == 201
    items = await patient.inbox(PATIENT)
    assert len({item["conversation_id"] for item in items}) == 1, "one conversation"
    conversation, newest = items[0]["conversation_id"], items[0]
    open_ = (True, "conversation-open")
    assert await _why(patient, PATIENT, conversation) == dict.fromkeys((DOCTOR, DOCTOR2, HOSPITAL), open_)
    closed = await doctor2.rest("POST", f"/mailboxes/{DOCTOR2}/conversations/{conversation}/close")
    assert [(side["answers_to"], side["may_answer"]) for side in closed.json()["patients"]] == [(DOCTOR2, False)]
    assert [await _answers(patient, box, newest) for box in (DOCTOR, DOCTOR2, HOSPITAL)] == ["sent", "conversation-closed", "sent"]
    seen = await _why(patient, PATIENT, conversation)
    assert seen == {DOCTOR: open_, DOCTOR2: (False, "conversation-closed"), HOSPITAL: open_}
    assert await _why(doctor2, DOCTOR2, conversation) == {DOCTOR2: (False, "conversation-closed")}
    assert await _why(doctor, DOCTOR, conversation) == {DOCTOR: open_}
    assert (await hospital.send(HOSPITAL, to=[PATIENT], subject="[FIN]")).status_code == 201
    assert [await _answers(patient, box, newest) for box in (DOCTOR, HOSPITAL)] == ["sent", "conversation-closed"]
    assert (await doctor2.rest("POST", f"/mailboxes/{DOCTOR2}/conversations/{conversation}/reopen")).json()["closed"] is False
    assert await _answers(patient, DOCTOR2, newest) == "sent"


async def test_a_letter_to_all_with_the_mark_closes_for_its_sender_alone_and_the_next_letter_opens_again(simulator: Simulator) -> None:
    doctor, doctor2, patient = Person(simulator, "doctor"), Person(simulator, "doctor2"), Person(simulator, "patient")
    await doctor.send(DOCTOR, to=[PATIENT, DOCTOR2])
    item = (await doctor2.inbox(DOCTOR2))[0]
    await doctor2.send(DOCTOR2, to=[PATIENT, DOCTOR], in_reply_to=item["id"])
    answered = (await doctor.inbox(DOCTOR))[0]
    sent = await doctor.send(DOCTOR, to=[PATIENT, DOCTOR2], in_reply_to=answered["id"], close_conversation=True)
    assert sent.status_code == 201
    newest = (await patient.inbox(PATIENT))[0]
    assert [await _answers(patient, box, newest) for box in (DOCTOR, DOCTOR2)] == ["conversation-closed", "sent"]
    (row,) = await doctor.get(f"/mailboxes/{DOCTOR}/conversations/{newest['conversation_id']}/why")
    assert row["letter"] == {
        "email_id": sent.json()["email_id"],
        "message_id": sent.json()["message_id"],
        "date": row["withdrawn_at"],
        "mark": "X-MSS-MES: FIN",
    }
    assert (row["cause"], row["reference"]) == ("fin_header", "cnam#7")
    await doctor.send(DOCTOR, to=[PATIENT], in_reply_to=answered["id"])
    assert await _answers(patient, DOCTOR, (await patient.inbox(PATIENT))[0]) == "sent"


async def test_a_reply_to_moves_the_right_to_the_mailbox_that_is_named_and_both_may_close(simulator: Simulator) -> None:
    doctor, secretary, patient = Person(simulator, "doctor"), Person(simulator, "secretary"), Person(simulator, "patient")
    for closer, box in ((secretary, PRACTICE), (doctor, DOCTOR)):
        await doctor.send(DOCTOR, to=[PATIENT], reply_to=[PRACTICE], subject=box)
        item = (await patient.inbox(PATIENT))[0]
        assert [await _answers(patient, to, item) for to in (PRACTICE, DOCTOR)] == ["sent", "not-invited"]
        if closer is doctor:
            done = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{item['conversation_id']}/close")
            assert done.status_code == 200
        else:
            assert (await secretary.send(PRACTICE, to=[PATIENT], subject="[FIN]")).status_code == 201
        assert await _answers(patient, PRACTICE, item) == "conversation-closed"


async def test_a_co_holder_and_a_delegate_with_the_right_close_for_the_whole_mailbox(simulator: Simulator) -> None:
    doctor, doctor2, secretary = (Person(simulator, role) for role in ("doctor", "doctor2", "secretary"))
    assistant, patient = Person(simulator, "assistant"), Person(simulator, "patient")
    await doctor.send(PRACTICE, to=[PATIENT])
    item = (await patient.inbox(PATIENT))[0]
    path = f"/mailboxes/{PRACTICE}/conversations/{item['conversation_id']}"
    assert (await assistant.rest("POST", f"{path}/close")).json()["code"] == "right-missing"
    assert await _why(assistant, PRACTICE, item["conversation_id"]) == {PRACTICE: (True, "conversation-open")}
    for closer, opener in ((doctor2, secretary), (secretary, doctor)):
        assert (await closer.rest("POST", f"{path}/close")).json()["closed"] is True
        assert await _answers(patient, PRACTICE, item) == "conversation-closed"
        assert (await opener.rest("POST", f"{path}/reopen")).json()["closed"] is False
        assert await _answers(patient, PRACTICE, item) == "sent"


async def test_what_a_child_may_write_its_parent_may_not(simulator: Simulator) -> None:
    doctor, child, parent = Person(simulator, "doctor"), Person(simulator, "patient2"), Person(simulator, "patient")
    await doctor.send(DOCTOR, to=[PATIENT2])
    item = (await child.inbox(PATIENT2))[0]
    refused = await parent.smtp(PATIENT, DOCTOR, letter(PATIENT, DOCTOR, In_Reply_To=item["message_id"]))
    assert (refused.code, "(not-invited, cnam#answer)" in refused.text) == (550, True)
    assert (await child.send(PATIENT2, to=[DOCTOR], in_reply_to=item["id"])).status_code == 201
    assert (await doctor.get(f"/mailboxes/{DOCTOR}/why-not", **{"from": PATIENT}))["code"] == "not-invited"
    assert (await doctor.get(f"/mailboxes/{DOCTOR}/why-not", **{"from": PATIENT2}))["may_write"] is True
