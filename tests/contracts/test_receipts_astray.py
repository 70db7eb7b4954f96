"""Receipts that meet an obstacle: another mailbox, a suspended or full sender, a closed conversation, a reader who may not."""

from datetime import timedelta
from email.policy import SMTP

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.core.mailbox import mailboxes
from mss_sim.mail import mdn
from mss_sim.vocabulary.doors import Door as Through
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD, Peer, Person, letter
from tests.conftest import StartSimulator


async def _change(world: Simulator, mailbox: str, **values: object) -> None:
    await mailboxes.change_mailbox(world.world, mailbox, values, actor_id=None, door=Through.CONTROL)


async def _told(world: Simulator, role: str, mailbox: str) -> dict[str, str]:
    """The last event of each recipient of the newest letter that a mailbox sent."""
    newest = (await Person(world, role).get(f"/mailboxes/{mailbox}/sent"))["items"][0]
    return {one["address"]: one["events"][-1]["kind"] for one in newest["recipients"]}


async def _later(world: Simulator, clock: ManualClock) -> None:
    """The queue tries again."""
    clock.advance(timedelta(minutes=2))
    while await world.core.queue.work():
        pass


def _by_client(reader: str, to: str, message_id: str) -> bytes:
    receipt = mdn.Receipt(reader, "", ("", to), message_id, "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
    return mdn.compose(
        receipt, reporting_ua="client", message_id=f"<r{abs(hash((reader, message_id)))}@x.mssante.fr>", at=10**15, language=Language.EN
    )


@pytest.mark.parametrize("through", ["smtp", "rest"])
async def test_a_receipt_asked_for_elsewhere_stands_on_the_senders_timeline(world: Simulator, through: str) -> None:
    hospital, secretary = Person(world, "hospital"), Person(world, "secretary")
    ask = letter(HOSPITAL, PRACTICE, Disposition_Notification_To=WARD)
    if through == "smtp":
        assert (await hospital.smtp(HOSPITAL, PRACTICE, ask)).code == 250
    else:
        assert (await hospital.post_raw(HOSPITAL, ask.as_bytes(policy=SMTP))).status_code == 201
    item = (await secretary.inbox(PRACTICE))[0]
    path = f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt"
    assert (await secretary.rest("POST", path)).json()["code"] == "receipt-needs-confirmation"
    assert (await secretary.rest("POST", path, json={"confirm": True})).status_code == 201
    assert len(await Person(world, "hospital_ward").inbox(WARD)) == 1
    assert await hospital.inbox(HOSPITAL) == []
    assert await _told(world, "hospital", HOSPITAL) == {PRACTICE: "displayed"}


@pytest.mark.parametrize("obstacle", [{"state": "suspended"}, {"quota_bytes": 1}], ids=["suspended", "full"])
async def test_a_read_receipt_waits_for_a_sender_who_takes_no_mail(
    start: StartSimulator, database: str | None, clock: ManualClock, obstacle: dict[str, object]
) -> None:
    async with start(database_url=database, clock=clock) as world:
        assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE], request_read_receipt=True)).status_code == 201
        await _change(world, HOSPITAL, **obstacle)
        secretary = Person(world, "secretary")
        item = (await secretary.inbox(PRACTICE))[0]
        assert (await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")).status_code == 201
        await _change(world, HOSPITAL, state="active", quota_bytes=10_000_000)
        await _later(world, clock)
        assert await _told(world, "hospital", HOSPITAL) == {PRACTICE: "displayed"}


async def test_a_patients_receipt_is_not_lost_when_the_sender_is_suspended(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as world:
        doctor, patient = Person(world, "doctor"), Person(world, "patient")
        await doctor.send(DOCTOR, to=[{"address": PATIENT}], request_read_receipt=True)
        await _change(world, DOCTOR, state="suspended")
        await patient.open(PATIENT, (await patient.inbox(PATIENT))[0]["id"])
        await _change(world, DOCTOR, state="active")
        await _later(world, clock)
        assert await _told(world, "doctor", DOCTOR) == {PATIENT: "displayed"}


async def test_a_patients_receipt_leaves_at_a_later_reading_when_the_sender_was_closed(start: StartSimulator) -> None:
    """Where the patient's server sees that the sender is closed; another operator's server says so when the receipt has left."""
    async with start(relay="direct") as world:
        doctor, patient = Person(world, "doctor"), Person(world, "patient")
        await doctor.send(DOCTOR, to=[{"address": PATIENT}], request_read_receipt=True)
        item = (await patient.inbox(PATIENT))[0]
        await _change(world, DOCTOR, state="closed")
        await patient.open(PATIENT, item["id"])
        await _change(world, DOCTOR, state="active")
        await patient.open(PATIENT, item["id"])
        assert await _told(world, "doctor", DOCTOR) == {PATIENT: "displayed"}


async def test_a_notification_waits_for_a_sender_whose_mailbox_is_full(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as world:
        await _change(world, HOSPITAL, quota_bytes=1, sent_policy="none")
        reply = await Peer(world).send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE), rcpt="NOTIFY=SUCCESS")
        assert reply.code == 250
        assert await Person(world, "hospital").inbox(HOSPITAL) == []
        await _change(world, HOSPITAL, quota_bytes=10_000_000)
        await _later(world, clock)
        assert [item["from"][0]["address"].partition("@")[0] for item in await Person(world, "hospital").inbox(HOSPITAL)] == [
            "mailer-daemon"
        ]


async def test_a_patients_own_receipt_leaves_although_the_conversation_is_closed(world: Simulator) -> None:
    doctor, patient = Person(world, "doctor"), Person(world, "patient")
    await doctor.send(DOCTOR, to=[{"address": PATIENT}], request_read_receipt=True, close_conversation=True)
    item = (await patient.inbox(PATIENT))[0]
    receipt = _by_client(PATIENT, DOCTOR, item["message_id"])
    assert (await patient.smtp("", DOCTOR, receipt)).code == 250
    assert await _told(world, "doctor", DOCTOR) == {PATIENT: "displayed"}
    assert (await patient.smtp(PATIENT, DOCTOR, letter(PATIENT, DOCTOR, In_Reply_To=item["message_id"]))).code == 550
    assert (await patient.smtp("", DOCTOR2, _by_client(PATIENT, DOCTOR2, item["message_id"]))).code == 550, "nobody asked there"


async def test_a_receipt_that_nobody_asked_for_is_refused(world: Simulator) -> None:
    await Person(world, "hospital").send(HOSPITAL, to=[{"address": PRACTICE}])
    secretary = Person(world, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    reply = await secretary.smtp(PRACTICE, HOSPITAL, _by_client(PRACTICE, HOSPITAL, item["message_id"]))
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert "Disposition-Notification-To" in reply.text


async def test_only_who_may_read_says_that_a_letter_was_read(world: Simulator) -> None:
    newcomer = Person(world, "newcomer")
    grant = {"grantee": newcomer.idnat, "rights": ["see", "send_on_behalf"]}
    assert (await Person(world, "doctor").rest("POST", f"/mailboxes/{PRACTICE}/grants", json=grant)).status_code == 201
    await Person(world, "hospital").send(HOSPITAL, to=[{"address": PRACTICE}], request_read_receipt=True)
    item = (await newcomer.inbox(PRACTICE))[0]
    reply = await newcomer.smtp(PRACTICE, HOSPITAL, _by_client(PRACTICE, HOSPITAL, item["message_id"]))
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert await _told(world, "hospital", HOSPITAL) == {PRACTICE: "delivered"}


async def test_a_clients_receipt_of_a_letter_that_a_peer_brought_is_the_only_one(world: Simulator) -> None:
    ask = letter(HOSPITAL, PRACTICE, Disposition_Notification_To=HOSPITAL, Message_ID="<peer1@hopital-ormes.sim.mssante.fr>")
    assert (await Peer(world).send(HOSPITAL, [PRACTICE], ask)).code == 250
    secretary = Person(world, "secretary")
    item = (await secretary.inbox(PRACTICE))[0]
    assert (await secretary.smtp(PRACTICE, HOSPITAL, _by_client(PRACTICE, HOSPITAL, item["message_id"]))).code == 250
    assert (await secretary.inbox(PRACTICE))[0]["keywords"] == ["$MDNSent"]
    second = await secretary.smtp(PRACTICE, HOSPITAL, _by_client(PRACTICE, HOSPITAL, item["message_id"]))
    assert (second.code, second.enhanced) == (550, "5.7.1")
    answer = await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")
    assert answer.json()["code"] == "receipt-already-sent"
