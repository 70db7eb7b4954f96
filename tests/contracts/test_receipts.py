"""The promise of receipts: the sender learns what became of his letter, once, and nobody else does."""

import asyncio
from datetime import timedelta

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.core.mailbox import mailboxes
from mss_sim.mail import mdn
from mss_sim.vocabulary.doors import Door as Through
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, WARD, Person
from tests.conftest import StartSimulator
from tests.contracts.doors import Door, ImapDoor, RestDoor, SmtpDoor, imap


async def _subjects(world: Simulator, role: str, mailbox: str) -> list[str]:
    return [item["subject"] for item in await Person(world, role).inbox(mailbox)]


async def _events(world: Simulator, role: str, mailbox: str) -> dict[str, list[str]]:
    newest = (await Person(world, role).get(f"/mailboxes/{mailbox}/sent"))["items"][0]
    return {one["address"]: [event["kind"] for event in one["events"]] for one in newest["recipients"]}


async def test_a_delivery_receipt_comes_when_it_was_asked_for(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, [PRACTICE])
    assert await _subjects(world, "hospital", HOSPITAL) == []
    await door.send("hospital", HOSPITAL, [PRACTICE], dsn=True)
    receipt = (await door.folder("hospital", HOSPITAL))[0]
    raw = await door.raw("hospital", HOSPITAL, receipt["email_id"])
    assert raw.startswith("Return-Path: <>")
    assert "Action: delivered" in raw
    assert f"Final-Recipient: rfc822; {PRACTICE}" in raw
    assert 'report-type="delivery-status"' in raw


async def test_a_letter_to_nobody_at_another_operator_comes_back(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, ["personne@cabinet.sim.mssante.fr", PRACTICE], subject="Pour personne")
    hospital = Person(world, "hospital")
    returned = (await door.folder("hospital", HOSPITAL))[0]
    assert returned["subject"] == "Undelivered message"
    raw = await door.raw("hospital", HOSPITAL, returned["email_id"])
    assert "Action: failed" in raw
    assert "Status: 5.1.1" in raw
    assert len(await door.folder("secretary", PRACTICE)) == 1
    timeline = (await hospital.get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]
    failed = next(one for one in timeline["recipients"] if one["state"] == "failed")
    report = await hospital.rest("GET", failed["events"][-1]["report_url"].removeprefix("/api/v1"))
    assert report.text == raw


async def test_a_read_receipt_leaves_once(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, [PRACTICE], headers={"Disposition-Notification-To": HOSPITAL})
    secretary = Person(world, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    assert item["receipt_requested"] is True
    path = f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt"
    assert (await secretary.rest("POST", path)).status_code == 201
    again = await secretary.rest("POST", path)
    assert (again.status_code, again.json()["code"]) == (409, "receipt-already-sent")
    other = await Person(world, "doctor").rest("POST", path)
    assert other.status_code == 409
    assert (await secretary.inbox(PRACTICE))[0]["keywords"] == ["$MDNSent"]
    assert await _events(world, "hospital", HOSPITAL) == {PRACTICE: ["submitted", "relayed", "delivered", "displayed"]}
    receipts = await door.folder("hospital", HOSPITAL)
    raw = await door.raw("hospital", HOSPITAL, receipts[0]["email_id"])
    assert f"Original-Message-ID: {item['message_id']}" in raw
    assert "Disposition: manual-action/MDN-sent-manually; displayed" in raw


async def test_no_read_receipt_without_a_request_or_without_the_right(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, [PRACTICE])
    secretary = Person(world, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    refused = await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")
    assert (refused.status_code, refused.json()["code"]) == (409, "receipt-not-requested")
    stranger = await Person(world, "newcomer").rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")
    assert stranger.status_code == 404


async def test_the_patients_receipt_leaves_by_itself_at_the_first_reading(door: Door, world: Simulator) -> None:
    await door.send("doctor", DOCTOR, [PATIENT], headers={"Disposition-Notification-To": DOCTOR})
    patient = Person(world, "patient")
    item = (await patient.inbox(PATIENT))[0]
    await patient.open(PATIENT, item["id"])
    await patient.open(PATIENT, item["id"])
    assert await _events(world, "doctor", DOCTOR) == {PATIENT: ["submitted", "relayed", "delivered", "displayed"]}
    assert len(await door.folder("doctor", DOCTOR)) == 1


async def test_deferred_mail_is_delayed_then_delivered(start: StartSimulator, clock: ManualClock, database: str | None) -> None:
    async with start(database_url=database, clock=clock, relay="direct") as world:  # over the wire it is relayed when it is taken
        for door in (SmtpDoor(world), RestDoor(world)):
            await _state(world, "suspended")
            assert (await door.send("hospital", HOSPITAL, [PRACTICE], dsn=True)).accepted
            assert await world.core.queue.work() == 0
            clock.advance(timedelta(hours=4))
            await _work(world)
            assert (await _events(world, "hospital", HOSPITAL))[PRACTICE][-1] == "delayed"
            await _state(world, "active")
            clock.advance(timedelta(hours=1))
            await _work(world)
            assert await _events(world, "hospital", HOSPITAL) == {PRACTICE: ["submitted", "relayed", "delayed", "delivered"]}
            assert (await _subjects(world, "hospital", HOSPITAL))[:2] == ["Delivered message", "Delayed message"]
        assert len(await Person(world, "secretary").inbox(PRACTICE)) == 2


async def test_deferred_mail_expires_into_a_failure(start: StartSimulator, clock: ManualClock, database: str | None) -> None:
    async with start(database_url=database, clock=clock, relay="direct") as world:
        await _state(world, "suspended")
        assert (await SmtpDoor(world).send("hospital", HOSPITAL, [PRACTICE])).accepted
        for _ in range(6):
            clock.advance(timedelta(days=1))
            await _work(world)
        assert await _events(world, "hospital", HOSPITAL) == {PRACTICE: ["submitted", "relayed", "delayed", "failed"]}
        assert await _subjects(world, "hospital", HOSPITAL) == ["Undelivered message", "Delayed message"]
        await _state(world, "active")
        clock.advance(timedelta(days=1))
        await _work(world)
        assert await Person(world, "secretary").inbox(PRACTICE) == []


async def _state(world: Simulator, state: str) -> None:
    await mailboxes.change_mailbox(world.world, PRACTICE, {"state": state}, actor_id=None, door=Through.CONTROL)


async def _work(world: Simulator) -> None:
    while await world.core.queue.work():
        pass


async def test_a_reader_of_another_mailbox_learns_nothing(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, [PRACTICE], dsn=True)
    ward = await Person(world, "hospital_ward").get(f"/mailboxes/{WARD}/sent")
    assert ward["items"] == []
    foreign = await Person(world, "hospital_ward").rest("GET", f"/mailboxes/{HOSPITAL}/sent")
    assert foreign.status_code == 404


async def test_a_read_receipt_that_a_mail_client_sent_is_the_only_one(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, [PRACTICE], headers={"Disposition-Notification-To": HOSPITAL})
    secretary = Person(world, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    receipt = mdn.Receipt(PRACTICE, "", ("", HOSPITAL), item["message_id"], "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
    raw = mdn.compose(receipt, reporting_ua="client", message_id="<client@cabinet.sim.mssante.fr>", at=10**15, language=Language.EN)
    assert (await secretary.smtp(PRACTICE, HOSPITAL, raw)).code == 250
    assert (await secretary.inbox(PRACTICE))[0]["keywords"] == ["$MDNSent"]
    assert (await _events(world, "hospital", HOSPITAL))[PRACTICE][-1] == "displayed"
    again = await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")
    assert (again.status_code, again.json()["code"]) == (409, "receipt-already-sent")


async def test_a_mail_client_that_says_mdnsent_has_sent_the_receipt(world: Simulator) -> None:
    door = ImapDoor(world)
    await door.send("hospital", HOSPITAL, [PRACTICE], headers={"Disposition-Notification-To": HOSPITAL})
    secretary = Person(world, "secretary")
    await asyncio.to_thread(_say_sent, secretary)
    item = (await secretary.inbox(PRACTICE))[0]
    assert item["keywords"] == ["$MDNSent"]
    again = await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")
    assert (again.status_code, again.json()["code"]) == (409, "receipt-already-sent")


def _say_sent(person: Person) -> None:
    with imap(person, PRACTICE) as client:
        client.select("INBOX")
        assert client.store("1", "+FLAGS", "($MDNSent)")[0] == "OK"


def _client_receipt(message_id: str) -> bytes:
    receipt = mdn.Receipt(PRACTICE, "", ("", HOSPITAL), message_id, "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
    return mdn.compose(receipt, reporting_ua="client", message_id="<client2@cabinet.sim.mssante.fr>", at=10**15, language=Language.EN)


async def test_a_mail_client_sends_no_second_receipt_after_rest(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, [PRACTICE], headers={"Disposition-Notification-To": HOSPITAL})
    secretary = Person(world, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    assert (await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")).status_code == 201
    reply = await secretary.smtp(PRACTICE, HOSPITAL, _client_receipt(item["message_id"]))
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert (await _events(world, "hospital", HOSPITAL))[PRACTICE] == ["submitted", "relayed", "delivered", "displayed"]


async def test_an_option_that_is_required_is_left_to_the_mail_program_that_answers(world: Simulator) -> None:
    """No option is known here, so that nothing leaves from here; a mail program that knows it makes its receipt, once."""
    wishes = {"Disposition-Notification-To": HOSPITAL, "Disposition-Notification-Options": "x-stamp=required,yes"}
    await SmtpDoor(world).send("hospital", HOSPITAL, [PRACTICE], headers=wishes)
    secretary = Person(world, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    from_here = await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")
    assert (from_here.status_code, from_here.json()["code"]) == (409, "receipt-option-unknown")
    assert (await secretary.smtp(PRACTICE, HOSPITAL, _client_receipt(item["message_id"]))).code == 250
    assert (await _events(world, "hospital", HOSPITAL))[PRACTICE] == ["submitted", "relayed", "delivered", "displayed"]
    again = await secretary.smtp(PRACTICE, HOSPITAL, _client_receipt(item["message_id"]))
    assert (again.code, again.enhanced) == (550, "5.7.1")


async def test_a_mail_program_that_says_mdnsent_first_sends_its_receipt(world: Simulator) -> None:
    """The keyword is set before the receipt leaves, so that two programs do not both send it."""
    await ImapDoor(world).send("hospital", HOSPITAL, [PRACTICE], headers={"Disposition-Notification-To": HOSPITAL})
    secretary = Person(world, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    await asyncio.to_thread(_say_sent, secretary)
    assert (await secretary.smtp(PRACTICE, HOSPITAL, _client_receipt(item["message_id"]))).code == 250
    assert (await _events(world, "hospital", HOSPITAL))[PRACTICE] == ["submitted", "relayed", "delivered", "displayed"]


async def test_a_receipt_that_waits_in_the_queue_is_the_only_one(world: Simulator) -> None:
    await SmtpDoor(world).send("hospital", HOSPITAL, [PRACTICE], headers={"Disposition-Notification-To": HOSPITAL})
    secretary = Person(world, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    await mailboxes.change_mailbox(world.world, HOSPITAL, {"state": "suspended"}, actor_id=None, door=Through.CONTROL)
    assert (await secretary.smtp(PRACTICE, HOSPITAL, _client_receipt(item["message_id"]))).code == 250
    assert (await secretary.inbox(PRACTICE))[0]["keywords"] == ["$MDNSent"]
    again = await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")
    assert (again.status_code, again.json()["code"]) == (409, "receipt-already-sent")
