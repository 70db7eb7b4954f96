"""What closes a conversation closes what is still on its way to the patient too: it stays closed when the letter arrives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from email.policy import SMTP
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailflow.outbound_interface import RelayJob, RelayResult, Transport
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, PATIENT, PATIENT2, PRACTICE, Peer, Person, letter
from tests.conftest import StartSimulator


@pytest.fixture(scope="module", autouse=True)
def arriving() -> None:
    """Nothing is waited for: these stories happen while a letter is on its way."""


class Held:
    """The real transport behind a gate."""

    def __init__(self, real: Transport) -> None:
        self.real = real
        self.gate = asyncio.Event()

    async def carry(self, job: RelayJob) -> RelayResult:
        """Waits for the gate, then carries over the wire."""
        await self.gate.wait()
        return await self.real.carry(job)


@pytest.fixture
async def world(start: StartSimulator, clock: ManualClock, database: str | None) -> AsyncIterator[Simulator]:
    """A simulator whose operators speak SMTP to each other, as it does when nothing is set."""
    async with start(clock=clock, relay="smtp", peers_proof="certificate", database_url=database) as running:
        yield running


def _held(world: Simulator) -> Held:
    assert world.core.queue.transport is not None
    held = Held(world.core.queue.transport)
    world.core.queue.transport = held
    return held


async def _until(what: Callable[[], Awaitable[Any]], clock: ManualClock | None = None) -> Any:
    for _ in range(1_000):
        if found := await what():
            return found
        if clock is not None:
            clock.advance(timedelta(minutes=2))
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


async def _change(world: Simulator, mailbox: str, **values: object) -> None:
    await mailboxes.change_mailbox(world.world, mailbox, values, actor_id=None, door=Door.CONTROL)


async def _send(person: Person, mailbox: str, **fields: Any) -> dict[str, Any]:
    answer = await person.send(mailbox, to=[PATIENT], **fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def _conversation(person: Person, mailbox: str, sent: dict[str, Any]) -> str:
    return str((await person.open(mailbox, sent["id"]))["conversation_id"])


async def _told(patient: Person, mailbox: str, item: dict[str, Any] | None = None) -> str:
    """What the patient hears when he answers."""
    answer = await patient.send(PATIENT, to=[mailbox], **({"in_reply_to": item["id"]} if item else {}))
    return "sent" if answer.status_code == 201 else str(answer.json()["code"])


async def _act(person: Person, mailbox: str, conversation: str, act: str) -> dict[str, Any]:
    answer = await person.rest("POST", f"/mailboxes/{mailbox}/conversations/{conversation}/{act}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_explicit_closure_holds_for_a_letter_that_another_operator_has_not_got_yet(world: Simulator) -> None:
    doctor, patient, held = Person(world, "doctor"), Person(world, "patient"), _held(world)
    thread = await _conversation(doctor, DOCTOR, await _send(doctor, DOCTOR))
    closed = await _act(doctor, DOCTOR, thread, "close")
    assert closed["closed"] is True
    assert [(side["patient"], side["may_answer"], side["cause"]) for side in closed["patients"]] == [(PATIENT, False, "explicit")]
    assert await _told(patient, DOCTOR) == "not-invited"  # he cannot know of a letter that he has not got
    held.gate.set()
    item = (await _until(lambda: patient.inbox(PATIENT)))[0]
    assert await _told(patient, DOCTOR, item) == "conversation-closed"
    assert await _told(patient, DOCTOR) == "conversation-closed"
    assert (await doctor.get(f"/mailboxes/{DOCTOR}/conversations/{thread}"))["closed"] is True
    line = next(one for one in (await doctor.get(f"/mailboxes/{DOCTOR}/journal"))["items"] if one["act"] == "conversation.closed")
    assert line["detail"]["patients"] == [PATIENT]
    assert line["detail"]["rights"] == 1
    assert (await _act(doctor, DOCTOR, thread, "reopen"))["closed"] is False
    assert await _told(patient, DOCTOR, item) == "sent"


@pytest.mark.parametrize("why", [{"state": "suspended"}, {"quota_bytes": 1}], ids=["suspended", "full"])
@pytest.mark.parametrize("relay", ["smtp", "direct"])
async def test_an_explicit_closure_holds_for_a_letter_that_waits_for_the_patients_mailbox(
    start: StartSimulator, clock: ManualClock, database: str | None, relay: str, why: dict[str, Any]
) -> None:
    async with start(clock=clock, relay=relay, peers_proof="certificate", database_url=database) as world:
        doctor, patient = Person(world, "doctor"), Person(world, "patient")
        await _change(world, PATIENT, **why)
        thread = await _conversation(doctor, DOCTOR, await _send(doctor, DOCTOR))
        assert (await _act(doctor, DOCTOR, thread, "close"))["closed"] is True
        await _change(world, PATIENT, state="active", quota_bytes=1_000_000)
        item = (await _until(lambda: patient.inbox(PATIENT), clock))[0]
        assert await _told(patient, DOCTOR, item) == "conversation-closed"


async def test_a_reopened_conversation_is_open_when_the_letter_arrives_and_not_before(world: Simulator) -> None:
    doctor, patient, held = Person(world, "doctor"), Person(world, "patient"), _held(world)
    thread = await _conversation(doctor, DOCTOR, await _send(doctor, DOCTOR))
    await _act(doctor, DOCTOR, thread, "close")
    await _act(doctor, DOCTOR, thread, "reopen")
    assert await _told(patient, DOCTOR) == "not-invited"
    held.gate.set()
    item = (await _until(lambda: patient.inbox(PATIENT)))[0]
    assert await _told(patient, DOCTOR, item) == "sent"


async def test_a_closure_of_one_conversation_leaves_other_letters_on_their_way_open(world: Simulator) -> None:
    doctor, patient, held = Person(world, "doctor"), Person(world, "patient"), _held(world)
    closed = await _conversation(doctor, DOCTOR, await _send(doctor, DOCTOR, subject="Une"))
    await _send(doctor, DOCTOR, subject="Autre")
    await _send(doctor, PRACTICE, subject="Cabinet")
    await _act(doctor, DOCTOR, closed, "close")
    held.gate.set()
    await _until(lambda: _count(patient, 3))
    items = {item["subject"]: item for item in await patient.inbox(PATIENT)}
    assert await _told(patient, DOCTOR, items["Une"]) == "conversation-closed"
    assert await _told(patient, DOCTOR, items["Autre"]) == "sent"
    assert await _told(patient, PRACTICE, items["Cabinet"]) == "sent"


async def _count(patient: Person, number: int) -> bool:
    return len(await patient.inbox(PATIENT)) == number


async def test_a_letter_written_after_the_closure_opens_again(world: Simulator) -> None:
    doctor, patient, held = Person(world, "doctor"), Person(world, "patient"), _held(world)
    first = await _send(doctor, DOCTOR)
    await _act(doctor, DOCTOR, await _conversation(doctor, DOCTOR, first), "close")
    await _send(doctor, DOCTOR, subject="Encore", in_reply_to=first["id"])
    held.gate.set()
    await _until(lambda: _count(patient, 2))
    assert await _told(patient, DOCTOR, (await patient.inbox(PATIENT, subject="Encore"))[0]) == "sent"


@pytest.mark.parametrize(
    ("mark", "told"), [({"subject": "[FIN]"}, "conversation-closed"), ({"close_conversation": True}, "conversation-closed")]
)
async def test_what_a_letter_closes_on_its_way_needs_no_time_to_pass(world: Simulator, mark: dict[str, Any], told: str) -> None:
    doctor, patient, held = Person(world, "doctor"), Person(world, "patient"), _held(world)
    first = await _send(doctor, DOCTOR, subject="Ordonnance")
    await _send(doctor, DOCTOR, in_reply_to=first["id"], **mark)
    held.gate.set()
    await _until(lambda: _count(patient, 2))
    for item in await patient.inbox(PATIENT):
        assert await _told(patient, DOCTOR, item) == told


@pytest.mark.parametrize("closer", [DOCTOR, PRACTICE])
async def test_the_sender_and_the_reply_to_mailbox_each_close_what_is_on_its_way(world: Simulator, closer: str) -> None:
    doctor, patient, held = Person(world, "doctor"), Person(world, "patient"), _held(world)
    sent = await _send(doctor, DOCTOR, reply_to=[PRACTICE])
    if closer == DOCTOR:
        await _act(doctor, DOCTOR, await _conversation(doctor, DOCTOR, sent), "close")
    else:
        await _send(doctor, PRACTICE, subject="[FIN]")
    held.gate.set()
    await _until(lambda: _count(patient, 1 if closer == DOCTOR else 2))
    assert await _told(patient, PRACTICE) == "conversation-closed"


async def test_a_conversation_without_a_patient_has_nothing_to_close(world: Simulator) -> None:
    doctor = Person(world, "doctor")
    held = _held(world)
    sent = (await doctor.send(DOCTOR, to=["paul.durand@hopital-ormes.sim.mssante.fr"])).json()
    answer = await doctor.rest("POST", f"/mailboxes/{DOCTOR}/conversations/{await _conversation(doctor, DOCTOR, sent)}/close")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    held.gate.set()


async def test_each_mailbox_of_a_conversation_sees_its_own_patients_alone(world: Simulator) -> None:
    doctor, doctor2, patient2 = Person(world, "doctor"), Person(world, "doctor2"), Person(world, "patient2")
    sent = (await doctor.send(DOCTOR, to=[PATIENT, "hugo.bernard@medecin.sim.mssante.fr"])).json()
    item = (await _until(lambda: doctor2.inbox("hugo.bernard@medecin.sim.mssante.fr")))[0]
    box2 = "hugo.bernard@medecin.sim.mssante.fr"
    assert (await doctor2.send(box2, to=[PATIENT2], in_reply_to=item["id"])).status_code == 201
    await _until(lambda: Person(world, "patient").inbox(PATIENT))
    await _until(lambda: patient2.inbox(PATIENT2))
    seen = {}
    for person, box, one in ((doctor, DOCTOR, sent["id"]), (doctor2, box2, item["id"])):
        thread = (await person.open(box, one))["conversation_id"]
        found = await person.get(f"/mailboxes/{box}/conversations/{thread}")
        seen[box] = (thread, [(side["patient"], side["answers_to"]) for side in found["patients"]])
    assert seen[DOCTOR][0] == seen[box2][0]
    assert seen[DOCTOR][1] == [(PATIENT, DOCTOR)]
    assert seen[box2][1] == [(PATIENT2, box2)]


async def test_an_answer_that_was_taken_arrives_though_its_conversation_was_closed_on_its_way(world: Simulator) -> None:
    doctor, patient = Person(world, "doctor"), Person(world, "patient")
    sent = await _send(doctor, DOCTOR)
    item = (await _until(lambda: patient.inbox(PATIENT)))[0]
    held = _held(world)
    assert await _told(patient, DOCTOR, item) == "sent"
    await _act(doctor, DOCTOR, await _conversation(doctor, DOCTOR, sent), "close")
    assert await _told(patient, DOCTOR, item) == "conversation-closed"
    held.gate.set()
    (answer,) = await _until(lambda: doctor.inbox(DOCTOR))
    assert answer["conversation_id"] == item["conversation_id"]
    timeline = (await patient.get(f"/mailboxes/{PATIENT}/sent"))["items"][0]["recipients"][0]
    assert (timeline["state"], timeline["failed"], len(await patient.inbox(PATIENT))) == ("delivered", False, 1)


async def test_an_answer_whose_message_id_nobody_can_read_is_judged_once_too(world: Simulator) -> None:
    """Nothing names it when it comes in by the MX port but its octets; a letter like it that was not taken is refused there."""
    doctor, patient = Person(world, "doctor"), Person(world, "patient")
    sent = await _send(doctor, DOCTOR)
    item = (await _until(lambda: patient.inbox(PATIENT)))[0]
    held = _held(world)
    named = {"Message_ID": "sans crochets", "In_Reply_To": (await patient.open(PATIENT, item["id"]))["message_id"]}
    raw = letter(PATIENT, DOCTOR, "Re: Bonjour", **named).as_bytes(policy=SMTP)
    answer = await patient.post_raw(PATIENT, raw)
    assert answer.status_code == 201, answer.text
    await _act(doctor, DOCTOR, await _conversation(doctor, DOCTOR, sent), "close")
    other = letter(PATIENT, DOCTOR, "Re: Bonsoir", **named)
    refused = await Peer(world).send(PATIENT, [DOCTOR], other)
    assert refused.code == 550, refused
    held.gate.set()
    (arrived,) = await _until(lambda: doctor.inbox(DOCTOR))
    assert (arrived["subject"], arrived["conversation_id"]) == ("Re: Bonjour", item["conversation_id"])
