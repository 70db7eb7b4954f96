"""What a mailbox does by itself, over real SMTP and IMAP: it answers while nobody is there, and passes letters on to a colleague."""

from email import message_from_string
from typing import Any

from mss_sim.app.simulator import Simulator
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, ImapClient, Person, control, letter
from tests.conftest import StartSimulator
from tests.scene import PASSWORD

_BOX = f"/mailboxes/{PRACTICE}"


async def _put(simulator: Simulator, what: str, role: str = "doctor", box: str = _BOX, **body: Any) -> None:
    answer = await Person(simulator, role).rest("PUT", f"{box}/{what}", json=body)
    assert answer.status_code == 200, answer.text


async def _fetched(simulator: Simulator, name: str, password: str) -> list[str]:
    """The whole INBOX as a mail program gets it."""
    client = await ImapClient.open(simulator, name, password)
    await client.ask("SELECT INBOX")
    told = await client.ask("FETCH 1:* BODY.PEEK[]")
    await client.close()
    return told


async def test_an_absent_practice_answers_each_sender_once(simulator: Simulator) -> None:
    """Under the default settings: the letter comes over the wire from another operator, and so goes the answer."""
    hospital, doctor = Person(simulator, "hospital"), Person(simulator, "doctor")
    await _put(simulator, "out-of-office", subject="Cabinet ferme", text="Retour le 2 janvier.")
    for number in range(2):
        assert (await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, Message_ID=f"<{number}@x.fr>"))).code == 250
    (answer,) = await hospital.inbox(HOSPITAL)
    assert (answer["subject"], answer["from"][0]["address"]) == ("Cabinet ferme", PRACTICE)
    told = "\r\n".join(await _fetched(simulator, "paul.durand", "hopital-2026"))
    raw = message_from_string(told.partition("\r\n")[2])
    assert (raw["Auto-Submitted"], raw["In-Reply-To"], raw["Return-Path"]) == ("auto-replied", "<0@x.fr>", "<>")
    assert "Retour le 2 janvier." in told

    await control(simulator, "POST", "/clock/advance", {"by": "P7D"})
    assert (await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))).code == 250
    assert len(await hospital.inbox(HOSPITAL)) == 2, "a period later"
    acts = [line["act"] for line in (await doctor.get(f"{_BOX}/journal", limit=100))["items"]]
    assert acts.count("message.auto_replied") == 2


async def test_an_answer_gives_a_patient_no_right_to_write(simulator: Simulator) -> None:
    doctor, patient = Person(simulator, "doctor"), Person(simulator, "patient")
    assert (await doctor.send(PRACTICE, to=[PATIENT], subject="Résultats")).status_code == 201
    await _put(simulator, "out-of-office", text="Fermé.")
    assert (await patient.send(PATIENT, to=[PRACTICE], subject="Re: Résultats")).status_code == 201
    assert [item["subject"] for item in await patient.inbox(PATIENT)] == ["Automatic reply: Re: Résultats", "Résultats"]
    assert (await doctor.send(PRACTICE, to=[PATIENT], subject="[FIN]")).status_code == 201
    refused = await patient.send(PATIENT, to=[PRACTICE], subject="Re: Automatic reply")
    assert refused.json()["code"] == "conversation-closed", refused.text


async def test_letters_go_on_to_a_colleague_of_another_operator(simulator: Simulator) -> None:
    doctor, hospital = Person(simulator, "doctor"), Person(simulator, "hospital")
    await _put(simulator, "forwarding", to=DOCTOR, keep=False)
    assert (await doctor.send(PRACTICE, to=[PATIENT])).status_code == 201
    assert (await Person(simulator, "patient").send(PATIENT, to=[PRACTICE], subject="Une question")).status_code == 201
    assert (await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Compte rendu"))).code == 250
    shown = [(item["subject"], item["from"][0]["address"]) for item in await doctor.inbox(DOCTOR)]
    assert shown == [("Compte rendu", PRACTICE), ("Une question", PRACTICE)]
    assert await doctor.inbox(PRACTICE) == []
    told = "\r\n".join(await _fetched(simulator, "camille.martin", PASSWORD))
    assert f"Reply-To: {HOSPITAL}" in told
    assert f"<{PATIENT}>" in told
    refused = await Person(simulator, "patient").send(PATIENT, to=[DOCTOR])
    assert refused.json()["code"] == "not-invited"


async def test_two_that_forward_to_each_other_end_at_once_and_answer_once(simulator: Simulator) -> None:
    doctor, hospital = Person(simulator, "doctor"), Person(simulator, "hospital")
    await _put(simulator, "forwarding", to=DOCTOR)
    await _put(simulator, "forwarding", box=f"/mailboxes/{DOCTOR}", to=PRACTICE)
    await _put(simulator, "out-of-office", text="Fermé.")
    assert (await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))).code == 250
    boxes = [len(await doctor.inbox(box)) for box in (PRACTICE, DOCTOR)]
    assert (boxes, len(await hospital.inbox(HOSPITAL))) == ([1, 1], 1)
    newest = (await doctor.get(f"/mailboxes/{DOCTOR}/journal", limit=1))["items"][0]
    assert (newest["act"], newest["detail"]) == ("message.not_forwarded", {"to": PRACTICE, "why": "loop"})


async def test_out_of_the_trust_space_nothing_is_forwarded(simulator: Simulator) -> None:
    answer = await Person(simulator, "doctor").rest("PUT", f"{_BOX}/forwarding", json={"to": "camille@example.org"})
    assert (answer.status_code, answer.json()["code"]) == (422, "domain-outside-trust-space"), answer.text


async def test_both_are_kept_over_a_restart_on_both_databases(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database) as simulator:
        await _put(simulator, "out-of-office", text="Fermé.")
        await _put(simulator, "forwarding", to=DOCTOR)
        assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
        assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 1
    async with start(database_url=database) as simulator:
        assert (await Person(simulator, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
        assert len(await Person(simulator, "doctor").inbox(DOCTOR)) == 2
        assert len(await Person(simulator, "hospital").inbox(HOSPITAL)) == 1, "he was answered before"


async def test_a_mailbox_closes_under_an_open_connection(simulator: Simulator) -> None:
    doctor = Person(simulator, "doctor")
    asked = await doctor.rest("POST", f"{_BOX}/closing")
    assert asked.status_code == 202, asked.text
    assert (await doctor.rest("POST", f"{_BOX}/closing")).status_code == 409
    assert (await doctor.get(f"{_BOX}/closing"))["closes_at"] == asked.json()["closes_at"]
    client = await ImapClient.open(simulator, f"{PRACTICE}*sophie.petit", PASSWORD)
    await client.ask("SELECT INBOX")
    await client.idle()
    moved = (await control(simulator, "POST", "/clock/advance", {"by": "P31D"})).json()
    closed = [(row["at"], row["mailbox"]) for row in moved["fired"] if row["kind"] == "mailbox.closed"]
    assert closed == [(asked.json()["closes_at"], PRACTICE)]
    assert (await client.line()).startswith("* BYE")
    assert (await Person(simulator, "doctor2").send(DOCTOR2, to=[PRACTICE])).json()["code"] == "mailbox-closed"
    assert (await doctor.rest("DELETE", f"{_BOX}/closing")).json()["code"] == "mailbox-closed"
