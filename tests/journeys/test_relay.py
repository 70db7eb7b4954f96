"""Mail between operators over a real connection: it arrives, comes back, waits, and survives a kill."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.core.mailbox import mailboxes
from mss_sim.vocabulary.doors import Door as Through
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, WARD, Person, letter
from tests.conftest import StartSimulator

Wired = Callable[..., AbstractAsyncContextManager[Simulator]]


@pytest.fixture
def wired(start: StartSimulator, database: str | None) -> Wired:
    """A simulator whose operators speak SMTP to each other."""

    @asynccontextmanager
    async def starting(**settings: Any) -> AsyncIterator[Simulator]:
        async with start(relay="smtp", peers_proof="certificate", database_url=database, **settings) as simulator:
            yield simulator

    return starting


async def _until(what: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true answer of `what`."""
    for _ in range(int(seconds / 0.02)):
        if found := await what():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


async def _told(world: Simulator, role: str, mailbox: str) -> dict[str, list[str]]:
    newest = (await Person(world, role).get(f"/mailboxes/{mailbox}/sent"))["items"][0]
    return {one["address"]: [event["kind"] for event in one["events"]] for one in newest["recipients"]}


async def _change(world: Simulator, mailbox: str, **values: object) -> None:
    await mailboxes.change_mailbox(world.world, mailbox, values, actor_id=None, door=Through.CONTROL)


async def test_a_letter_travels_with_the_trace_of_both_servers(wired: Wired) -> None:
    async with wired() as world:
        assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE, WARD], subject="Trace")).status_code == 201
        secretary = Person(world, "secretary")
        item = (await _until(lambda: secretary.inbox(PRACTICE)))[0]
        raw = (await secretary.rest("GET", f"/mailboxes/{PRACTICE}/messages/{item['id']}/raw")).text
        head = raw.partition("\r\n\r\n")[0].splitlines()
        assert [line.partition(":")[0] for line in head[:1]] == ["Return-Path"]
        received = [line for line in head if line.startswith("Received:")]
        assert len(received) == 2
        assert received[0].startswith("Received: from smtp.hopital-ormes.sim.mssante.fr ([127.0.0.1])")
        assert "ESMTPS" in raw
        assert sum(line.startswith("Return-Path:") for line in head) == 1
        assert await _told(world, "hospital", HOSPITAL) == {
            PRACTICE: ["submitted", "relayed", "delivered"],
            WARD: ["submitted", "delivered"],
        }


async def test_delivery_receipts_are_written_by_the_other_operator(wired: Wired) -> None:
    async with wired() as world:
        hospital = Person(world, "hospital")
        assert (
            await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE), mail="RET=HDRS ENVID=e1", rcpt="NOTIFY=SUCCESS")
        ).code == 250
        item = (await _until(lambda: hospital.inbox(HOSPITAL)))[0]
        assert item["from"][0]["address"] == "mailer-daemon@cabinet.sim.mssante.fr"
        raw = (await hospital.rest("GET", f"/mailboxes/{HOSPITAL}/messages/{item['id']}/raw")).text
        assert "Action: delivered" in raw
        assert "Original-Envelope-Id: e1" in raw
        events = (await hospital.get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]["recipients"][0]["events"]
        assert [event["kind"] for event in events] == ["submitted", "relayed", "delivered"]
        assert events[-1]["report_url"]


async def test_a_letter_to_nobody_comes_back(wired: Wired) -> None:
    async with wired() as world:
        hospital = Person(world, "hospital")
        nobody = "personne@cabinet.sim.mssante.fr"
        assert (await hospital.smtp(HOSPITAL, [nobody, PRACTICE], letter(HOSPITAL, nobody))).code == 250
        item = (await _until(lambda: hospital.inbox(HOSPITAL)))[0]
        raw = (await hospital.rest("GET", f"/mailboxes/{HOSPITAL}/messages/{item['id']}/raw")).text
        assert "Action: failed" in raw
        assert "Status: 5.1.1" in raw
        assert "Remote-MTA: dns; [127.0.0.1]" in raw
        told = await _told(world, "hospital", HOSPITAL)
        assert told[nobody][-1] == "failed"
        assert told[PRACTICE][-1] == "delivered"


async def test_a_read_receipt_travels_back(wired: Wired) -> None:
    async with wired() as world:
        hospital, secretary = Person(world, "hospital"), Person(world, "secretary")
        assert (await hospital.send(HOSPITAL, to=[PRACTICE], request_read_receipt=True)).status_code == 201
        item = (await _until(lambda: secretary.inbox(PRACTICE)))[0]
        assert (await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt")).status_code == 201
        await _until(lambda: hospital.inbox(HOSPITAL))
        assert (await _told(world, "hospital", HOSPITAL))[PRACTICE][-1] == "displayed"


async def test_what_waits_is_delayed_then_delivered_or_fails(wired: Wired, clock: ManualClock) -> None:
    async with wired(clock=clock) as world:
        hospital = Person(world, "hospital")
        await _change(world, PRACTICE, state="suspended")
        assert (await hospital.send(HOSPITAL, to=[PRACTICE])).status_code == 201
        clock.advance(timedelta(hours=5))
        item = (await _until(lambda: hospital.inbox(HOSPITAL)))[0]
        raw = (await hospital.rest("GET", f"/mailboxes/{HOSPITAL}/messages/{item['id']}/raw")).text
        assert "Action: delayed" in raw
        assert "Status: 4.2.1" in raw
        await _change(world, PRACTICE, state="active")
        clock.advance(timedelta(hours=2))
        assert await _until(lambda: Person(world, "secretary").inbox(PRACTICE))
        await _change(world, PRACTICE, state="suspended")
        assert (await hospital.send(HOSPITAL, to=[PRACTICE])).status_code == 201
        await asyncio.sleep(0.2)
        clock.advance(timedelta(days=6))

        async def failed() -> bool:
            return (await _told(world, "hospital", HOSPITAL))[PRACTICE][-1] == "failed"

        await _until(failed)


async def test_a_conversation_with_a_patient_is_closed_across_operators(wired: Wired) -> None:
    async with wired() as world:
        doctor, patient = Person(world, "doctor"), Person(world, "patient")
        sent = (await doctor.send(DOCTOR, to=[PATIENT])).json()
        item = (await _until(lambda: patient.inbox(PATIENT)))[0]
        assert (await patient.send(PATIENT, to=[DOCTOR], in_reply_to=item["id"])).status_code == 201
        answer = (await _until(lambda: doctor.inbox(DOCTOR)))[0]
        assert answer["conversation_id"] == (await doctor.open(DOCTOR, sent["id"]))["conversation_id"]
        closed = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{answer['conversation_id']}/close")
        assert closed.status_code == 200, closed.text
        refused = await patient.send(PATIENT, to=[DOCTOR], in_reply_to=item["id"])
        assert refused.json()["code"] == "conversation-closed"


async def test_fin_withdraws_letters_that_are_still_on_their_way(wired: Wired, clock: ManualClock) -> None:
    async with wired(clock=clock) as world:
        doctor, patient = Person(world, "doctor"), Person(world, "patient")
        await _change(world, PATIENT, state="suspended")
        for subject in ("Votre ordonnance", "[FIN]"):
            assert (await doctor.send(DOCTOR, to=[PATIENT], subject=subject)).status_code == 201
            clock.advance(timedelta(seconds=1))
        await _change(world, PATIENT, state="active")

        async def both() -> bool:
            clock.advance(timedelta(minutes=2))  # a try under way may still be refused: time goes on
            return len(await patient.inbox(PATIENT)) == 2

        await _until(both)
        for item in await patient.inbox(PATIENT):
            refused = await patient.send(PATIENT, to=[DOCTOR], in_reply_to=item["id"])
            assert refused.json()["code"] == "conversation-closed"
        assert (await doctor.send(DOCTOR, to=[PATIENT], subject="Une dernière chose")).status_code == 201
        newest = (await _until(lambda: patient.inbox(PATIENT, subject="chose")))[0]
        assert (await patient.send(PATIENT, to=[DOCTOR], in_reply_to=newest["id"])).status_code == 201


@pytest.mark.parametrize(
    ("mail", "rcpt", "told"),
    [
        ("ENVID=" + "+E9" * 33, "NOTIFY=SUCCESS", "Original-Envelope-Id"),
        ("RET=HDRS", "NOTIFY=SUCCESS ORCPT=rfc822;a+2Bb@x.fr", "rfc822;a+b@x.fr"),
        ("SMTPUTF8", "NOTIFY=SUCCESS ORCPT=utf-8;zo\\x{E9}@b.fr", "utf-8"),
    ],
)
async def test_what_the_sender_wants_to_hear_survives_the_second_hop(wired: Wired, mail: str, rcpt: str, told: str) -> None:
    async with wired() as world:
        hospital = Person(world, "hospital")
        assert (await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE), mail=mail, rcpt=rcpt)).code == 250
        item = (await _until(lambda: hospital.inbox(HOSPITAL)))[0]
        raw = (await hospital.rest("GET", f"/mailboxes/{HOSPITAL}/messages/{item['id']}/raw")).text
        assert "Action: delivered" in raw
        assert told in raw
