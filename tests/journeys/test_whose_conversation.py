"""A letter joins the conversation of a letter that its sender may know; a Message-ID that was guessed tells and joins nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.mail import mdn
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD, ImapClient, Peer, Person, control, letter
from tests.conftest import StartSimulator

SECRET = "<secret.1@medecin.sim.mssante.fr>"
GUESSED = "<secret.2@medecin.sim.mssante.fr>"


@pytest.fixture
async def world(start: StartSimulator, database: str | None) -> AsyncIterator[Simulator]:
    async with start(database_url=database) as running:
        yield running


async def _until(what: Callable[[], Awaitable[Any]]) -> Any:
    for _ in range(1_000):
        if found := await what():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


async def _sent_secret(world: Simulator, to: str = DOCTOR2) -> str:
    """A letter of the doctor with a Message-ID that others may guess; its conversation."""
    doctor = Person(world, "doctor")
    assert (await doctor.smtp(DOCTOR, to, letter(DOCTOR, to, "Secret", Message_ID=SECRET))).code == 250
    return str((await doctor.get(f"/mailboxes/{DOCTOR}/messages", folder="Sent"))["items"][0]["conversation_id"])


async def _newest(person: Person, mailbox: str, folder: str = "INBOX") -> dict[str, Any]:
    return dict((await person.get(f"/mailboxes/{mailbox}/messages", folder=folder))["items"][0])


@pytest.mark.parametrize("field", ["In_Reply_To", "References"])
async def test_a_guessed_message_id_tells_its_guesser_nothing(world: Simulator, field: str) -> None:
    thread, hospital, doctor2 = await _sent_secret(world), Person(world, "hospital"), Person(world, "doctor2")
    for guess in (SECRET, GUESSED):
        message = letter(HOSPITAL, [HOSPITAL, DOCTOR2], "Deviné", guess, **{field: guess})
        assert (await hospital.smtp(HOSPITAL, [HOSPITAL, DOCTOR2], message)).code == 250
        for item in (await _newest(hospital, HOSPITAL), await _newest(hospital, HOSPITAL, "Sent"), await _newest(doctor2, DOCTOR2)):
            assert item["conversation_id"] != thread
    assert (await doctor2.get(f"/mailboxes/{DOCTOR2}/conversations/{thread}"))["message_count"] == 1


async def test_a_letter_put_into_a_folder_joins_no_conversation_of_others(world: Simulator) -> None:
    thread, person = await _sent_secret(world), Person(world, "hospital")
    client = await ImapClient.open(world, person.account["login"], person.account["password"])
    for guess in (SECRET, GUESSED):
        raw = f"From: {HOSPITAL}\r\nSubject: x\r\nIn-Reply-To: {guess}\r\n\r\nx\r\n".encode()
        assert (await client.append("INBOX", raw))[-1].startswith("OK")
        item = await _newest(person, HOSPITAL)
        assert item["conversation_id"] == item["email_id"]
    await client.ask("SELECT INBOX")
    assert (await client.ask(f"SEARCH THREADID T{thread}"))[:-1] in ([], ["* SEARCH"])
    await client.close()


async def test_an_answer_joins_at_both_sides_also_when_the_letter_was_deleted(world: Simulator) -> None:
    thread, doctor, doctor2 = await _sent_secret(world), Person(world, "doctor"), Person(world, "doctor2")
    item = await _newest(doctor2, DOCTOR2)
    assert (await doctor2.rest("DELETE", f"/mailboxes/{DOCTOR2}/messages/{item['id']}")).status_code == 204
    assert await doctor2.inbox(DOCTOR2) == []
    assert (await doctor2.smtp(DOCTOR2, DOCTOR, letter(DOCTOR2, DOCTOR, "Re: Secret", In_Reply_To=SECRET))).code == 250
    assert (await _newest(doctor, DOCTOR))["conversation_id"] == thread
    assert (await _newest(doctor2, DOCTOR2, "Sent"))["conversation_id"] == thread


@pytest.mark.parametrize("policy", ["none", "owner"])
async def test_who_keeps_no_copy_of_what_he_sent_follows_it_up_in_its_conversation(world: Simulator, policy: str) -> None:
    await control(world, "PATCH", f"/mailboxes/{PRACTICE}", {"sent_policy": policy})
    secretary, hospital = Person(world, "secretary"), Person(world, "hospital")
    await secretary.smtp(PRACTICE, HOSPITAL, letter(PRACTICE, HOSPITAL, "Un", Message_ID=SECRET))
    first = await _newest(hospital, HOSPITAL)
    await secretary.smtp(PRACTICE, HOSPITAL, letter(PRACTICE, HOSPITAL, "Deux", References=SECRET))
    assert (await _newest(hospital, HOSPITAL))["conversation_id"] == first["conversation_id"]


async def test_a_letter_of_another_server_joins_what_all_its_readers_have_or_its_sender_got(world: Simulator) -> None:
    assert (
        await control(world, "POST", "/operators", {"name": "Ailleurs", "domains": ["ailleurs.example"], "mx": "127.0.0.1:1"})
    ).status_code == 201
    peer, hospital, doctor2 = Peer(world), Person(world, "hospital"), Person(world, "doctor2")
    stranger, thread = "x@ailleurs.example", await _sent_secret(world)
    together = letter(stranger, [HOSPITAL, DOCTOR2], In_Reply_To=SECRET)
    assert (await peer.send(stranger, [HOSPITAL, DOCTOR2], together)).code == 250  # an accomplice reads the id, the victim has the letter
    found = await _newest(hospital, HOSPITAL)
    assert found["conversation_id"] == found["email_id"] != thread
    assert (await peer.send(stranger, [DOCTOR2], letter(stranger, DOCTOR2, In_Reply_To=SECRET))).code == 250
    assert (await _newest(doctor2, DOCTOR2))["conversation_id"] == thread
    doctor = Person(world, "doctor")
    await doctor.smtp(DOCTOR, [stranger], letter(DOCTOR, stranger, "À vous", Message_ID=GUESSED))
    assert (await peer.send(stranger, [DOCTOR, HOSPITAL], letter(stranger, [DOCTOR, HOSPITAL], In_Reply_To=GUESSED))).code == 250
    answered = await _newest(doctor, DOCTOR)
    assert answered["conversation_id"] == (await _newest(doctor, DOCTOR, "Sent"))["conversation_id"]
    assert (await _newest(hospital, HOSPITAL))["conversation_id"] == answered["conversation_id"]


async def test_a_patient_neither_joins_nor_learns_of_what_others_were_written(world: Simulator) -> None:
    doctor, patient = Person(world, "doctor"), Person(world, "patient")
    thread = await _sent_secret(world)
    await doctor.smtp(DOCTOR, PATIENT, letter(DOCTOR, PATIENT, "Pour vous"))
    own = (await _newest(patient, PATIENT))["conversation_id"]
    for guess in (SECRET, GUESSED):
        assert (await patient.smtp(PATIENT, DOCTOR, letter(PATIENT, DOCTOR, guess, In_Reply_To=guess))).code == 250
        assert (await _newest(patient, PATIENT, "Sent"))["conversation_id"] == own != thread


async def test_who_stored_a_message_id_first_stands_in_nobodys_way(start: StartSimulator, database: str | None) -> None:
    """A letter that comes back into the store that it left, and its receipt, are found although somebody else has one of that name."""
    async with start(relay="smtp", peers_proof="certificate", database_url=database) as world:
        ward, doctor, patient, hospital = (Person(world, role) for role in ("hospital_ward", "doctor", "patient", "hospital"))
        client = await ImapClient.open(world, f"{WARD}*{ward.account['login']}", ward.account["password"])
        assert (await client.append("INBOX", f"Subject: x\r\nMessage-ID: {SECRET}\r\n\r\nx\r\n".encode()))[-1].startswith("OK")
        await client.close()
        thread = await _sent_secret(world, PATIENT)
        item = (await _until(lambda: patient.inbox(PATIENT)))[0]
        assert item["conversation_id"] == thread
        closed = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{thread}/close")
        assert closed.json()["closed"] is True
        assert (await patient.send(PATIENT, to=[DOCTOR], in_reply_to=item["id"])).json()["code"] == "conversation-closed"
        asking = letter(DOCTOR, HOSPITAL, "Lu ?", Message_ID=GUESSED, Disposition_Notification_To=DOCTOR)
        assert (await doctor.smtp(DOCTOR, HOSPITAL, asking)).code == 250
        await _until(lambda: hospital.inbox(HOSPITAL))
        receipt = mdn.Receipt(
            final_recipient=HOSPITAL,
            name="",
            to=("", DOCTOR),
            original_message_id=GUESSED,
            original_subject="Lu ?",
            original_raw=bytes(asking),
            disposition=Disposition.DISPLAYED,
        )
        said = []
        for number in range(2):
            raw = mdn.compose(receipt, reporting_ua="x", message_id=f"<r{number}@test>", at=world.world.clock.now(), language=Language.EN)
            said.append(await hospital.smtp("", DOCTOR, raw))
        assert [one.code for one in said] == [250, 550], said
        assert "sent once" in said[1].text


async def test_a_header_full_of_message_ids_is_read_as_one_with_few(world: Simulator) -> None:
    doctor, hospital = Person(world, "doctor"), Person(world, "hospital")
    thread = await _sent_secret(world, HOSPITAL)
    many = "".join(f"\r\n <{number:x}@y>" for number in range(15_000))
    raw = f"From: {HOSPITAL}\r\nTo: {DOCTOR}\r\nSubject: x\r\nReferences: {SECRET}\r\nIn-Reply-To:{many}\r\n\r\nx\r\n".encode()
    assert (await hospital.smtp(HOSPITAL, DOCTOR, raw)).code == 250
    assert (await _newest(doctor, DOCTOR))["conversation_id"] == thread
    client = await ImapClient.open(world, hospital.account["login"], hospital.account["password"])
    assert (await client.append("INBOX", raw.replace(b"In-Reply-To:", f"In-Reply-To: {SECRET}".encode())))[-1].startswith("OK")
    await client.close()
    assert (await _newest(hospital, HOSPITAL))["conversation_id"] == thread
