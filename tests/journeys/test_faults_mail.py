"""Letters that fail on their way on purpose: into a mailbox, out of the queue; read receipts that are lost, late or double."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from mss_sim.smtp import outbound
from tests.clients import HOSPITAL, PATIENT, PRACTICE, WARD, Peer, Person, control, letter
from tests.conftest import StartSimulator
from tests.faulty import fail, fired, lift, preset, transcribed


@pytest.fixture
async def world(start: StartSimulator, clock: ManualClock, database: str | None) -> AsyncIterator[Simulator]:
    async with start(clock=clock, database_url=database) as running:
        yield running


async def events(simulator: Simulator, role: str, mailbox: str) -> dict[str, list[str]]:
    """What happened to the recipients of the newest letter that a mailbox sent."""
    newest = (await Person(simulator, role).get(f"/mailboxes/{mailbox}/sent"))["items"][0]
    return {one["address"]: [event["kind"] for event in one["events"]] for one in newest["recipients"]}


async def subjects(simulator: Simulator, role: str, mailbox: str) -> Counter[str]:
    """How often each subject lies in an inbox."""
    return Counter(one["subject"] for one in await Person(simulator, role).inbox(mailbox))


async def worked(simulator: Simulator, clock: ManualClock, **later: float) -> None:
    """Time passes, and what is due by then is done."""
    clock.advance(timedelta(**later))
    while await simulator.core.queue.work():
        pass


# Into a mailbox


async def test_a_mailbox_of_the_same_operator_refuses_at_once(world: Simulator) -> None:
    person = Person(world, "hospital")
    rule = await fail(world, "delivery", "reply", match={"recipient": WARD}, code=452, status="4.2.2", text="no room")
    refused = await person.smtp(HOSPITAL, [WARD], letter(HOSPITAL, WARD))
    assert (refused.code, refused.text) == (452, f"4.2.2 no room (fault {rule}) (quirks#faults)")
    rule = await fail(world, "delivery", "reply", match={"recipient": WARD}, code=550)
    over_rest = await person.send(HOSPITAL, to=[WARD])
    assert (over_rest.status_code, over_rest.json()["code"]) == (503, "fault")
    assert over_rest.headers["x-fault"] == rule
    assert rule in over_rest.json()["recipients"][0]["detail"]
    assert (await person.smtp(HOSPITAL, [WARD], letter(HOSPITAL, WARD))).code == 250


async def test_a_mailbox_of_another_operator_has_the_letter_tried_again(world: Simulator, clock: ManualClock) -> None:
    """Over the wire: the other server's reply at the end of DATA names the rule, and the timeline tells it."""
    await fail(world, "delivery", "reply", match={"recipient": PRACTICE}, code=451, status="4.2.0")
    assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE], subject="Later")).status_code == 201
    await worked(world, clock)
    assert await subjects(world, "doctor", PRACTICE) == Counter()
    await worked(world, clock, minutes=2)
    assert (await subjects(world, "doctor", PRACTICE))["Later"] == 1


async def test_a_mailbox_of_another_operator_has_the_letter_returned(world: Simulator, clock: ManualClock) -> None:
    rule = await fail(world, "delivery", "reply", match={"recipient": PRACTICE}, code=550, status="5.7.1")
    assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE], subject="Never")).status_code == 201
    await worked(world, clock)
    newest = (await Person(world, "hospital").get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]["recipients"][0]["events"]
    assert (newest[-1]["kind"], rule in newest[-1]["detail"]) == ("failed", True)
    assert sum((await subjects(world, "hospital", HOSPITAL)).values()) == 1


async def test_a_server_that_never_answers_a_letter_has_it_tried_again(
    world: Simulator, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "_DATA_SECONDS", 0.3)  # ten minutes otherwise
    await fail(world, "mx", "delay", match={"verb": "end-of-data"}, seconds=60)
    assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE], subject="Silence")).status_code == 201
    async with asyncio.timeout(20):
        await worked(world, clock)
    assert [one["tries"] for one in (await control(world, "GET", "/queue")).json()] == [1]
    await worked(world, clock, minutes=2)
    assert (await subjects(world, "doctor", PRACTICE))["Silence"] == 1


async def test_a_letter_is_held_in_the_queue_on_the_worlds_clock(world: Simulator, clock: ManualClock) -> None:
    await fail(world, "delivery", "delay", match={"recipient": WARD}, seconds=600)
    assert (await Person(world, "hospital").send(HOSPITAL, to=[WARD], subject="Held")).status_code == 201
    await worked(world, clock, minutes=9)
    assert (await events(world, "hospital", HOSPITAL))[WARD] == ["submitted"]
    await worked(world, clock, minutes=2)
    assert (await events(world, "hospital", HOSPITAL))[WARD][-1] == "delivered"


async def test_a_peers_letter_cannot_be_held_and_comes_again(world: Simulator) -> None:
    await fail(world, "delivery", "delay", match={"recipient": PRACTICE}, seconds=60)
    peer = Peer(world)
    first = await peer.send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE, "Peer"))
    assert (first.code, first.enhanced) == (450, "4.3.0")
    assert (await peer.send(HOSPITAL, [PRACTICE], letter(HOSPITAL, PRACTICE, "Peer"))).code == 250


# Out of the queue


@pytest.mark.parametrize(
    ("kind", "action", "at_once", "in_the_end"),
    [
        ("reply", {"code": "450"}, 0, 1),
        ("reply", {"code": "550"}, 0, 0),
        ("drop", {"moment": "before"}, 0, 1),
        ("drop", {"moment": "unanswered"}, 1, 2),
        ("duplicate", {}, 2, 2),
        ("delay", {"seconds": 600}, 0, 1),
    ],
    ids=str,
)
async def test_a_try_fails_loses_its_answer_or_is_made_twice(
    world: Simulator, clock: ManualClock, kind: str, action: dict[str, Any], at_once: int, in_the_end: int
) -> None:
    rule = await fail(world, "queue", kind, match={"sender": HOSPITAL, "recipient": PRACTICE}, **action)
    assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE], subject="Try")).status_code == 201
    await worked(world, clock)
    assert (await subjects(world, "doctor", PRACTICE))["Try"] == at_once
    if kind == "delay":
        await worked(world, clock, minutes=9)
        assert (await subjects(world, "doctor", PRACTICE))["Try"] == 0
    await worked(world, clock, minutes=2)
    assert (await subjects(world, "doctor", PRACTICE))["Try"] == in_the_end
    assert await fired(world, rule) == 1


# Read receipts


@pytest.mark.parametrize(
    ("kind", "action", "at_once", "in_the_end"), [("drop", {}, 0, 0), ("duplicate", {}, 2, 2), ("delay", {"seconds": 600}, 0, 1)]
)
async def test_a_read_receipt_is_lost_late_or_double(
    world: Simulator, clock: ManualClock, kind: str, action: dict[str, Any], at_once: int, in_the_end: int
) -> None:
    """The patient's operator is another one than the hospital's: the receipt goes over the wire."""
    await fail(world, "read-receipt", kind, match={"sender": PATIENT, "recipient": HOSPITAL}, **action)
    sent = await Person(world, "hospital").send(HOSPITAL, to=[PATIENT], subject="Read me", request_read_receipt=True)
    assert sent.status_code == 201, sent.text
    await worked(world, clock)
    patient = Person(world, "patient")
    (waiting,) = await patient.inbox(PATIENT)
    await patient.open(PATIENT, waiting["id"])
    await worked(world, clock)
    assert sum((await subjects(world, "hospital", HOSPITAL)).values()) == at_once
    await worked(world, clock, minutes=9)
    assert sum((await subjects(world, "hospital", HOSPITAL)).values()) == at_once
    await worked(world, clock, minutes=2)
    assert sum((await subjects(world, "hospital", HOSPITAL)).values()) == in_the_end
    told = (await events(world, "hospital", HOSPITAL))[PATIENT]
    assert ("displayed" in told) is (in_the_end > 0)


async def test_a_letter_reaches_an_operator_that_offers_little(world: Simulator, clock: ManualClock) -> None:
    """Its server knows no DSN, so that ours says that it relayed the letter (RFC 3461 5.2.2)."""
    _, mx, _ = await preset(world, "poor-operator")
    assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE], subject="Poor", request_delivery_receipt=True)).status_code == 201
    await worked(world, clock)
    assert (await subjects(world, "doctor", PRACTICE))["Poor"] == 1
    assert "relayed" in (await events(world, "hospital", HOSPITAL))[PRACTICE]
    assert len(await Person(world, "hospital").inbox(HOSPITAL)) == 1
    assert await fired(world, mx) > 0
    assert await transcribed(world, mx)


# What others ask for


async def test_presets_for_patients_and_bounces_wait_for_who_asks(world: Simulator) -> None:
    (held,) = await preset(world, "mes-accepts-portal-down")
    (wrong,) = await preset(world, "mes-wrong-bounces")
    assert await fired(world, held, wrong) == 0
    await lift(world)
