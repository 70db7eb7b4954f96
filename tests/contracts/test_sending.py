"""The promise to send: what is accepted arrives once, what is refused leaves nothing, and both doors say the same."""

from collections.abc import Callable

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.core.mailbox import mailboxes
from mss_sim.vocabulary.doors import Door as Through
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD, Person, control, letter
from tests.conftest import StartSimulator
from tests.contracts.doors import Door, RestDoor, SmtpDoor


async def test_a_letter_arrives_once_and_a_copy_lies_in_sent(door: Door, world: Simulator) -> None:
    assert (await door.send("hospital", HOSPITAL, [PRACTICE], subject="Compte rendu")).accepted
    received = await door.folder("secretary", PRACTICE)
    assert [item["subject"] for item in received] == ["Compte rendu"]
    sent = await door.folder("hospital", HOSPITAL, "Sent")
    assert [item["message_id"] for item in sent] == [received[0]["message_id"]]
    assert sent[0]["seen"] is True


async def test_the_timeline_tells_submitted_relayed_delivered(door: Door, world: Simulator) -> None:
    await door.send("hospital", HOSPITAL, [PRACTICE, WARD])
    timeline = (await Person(world, "hospital").get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]
    told = {one["address"]: [event["kind"] for event in one["events"]] for one in timeline["recipients"]}
    assert told == {PRACTICE: ["submitted", "relayed", "delivered"], WARD: ["submitted", "delivered"]}


async def test_a_mailbox_that_is_not_mine_is_refused(door: Door, world: Simulator) -> None:
    verdict = await door.send("secretary", DOCTOR2, [HOSPITAL])
    assert verdict.shown == door.shows("553 5.7.1", "403 send-not-allowed")
    assert await door.folder("hospital", HOSPITAL) == []


async def test_an_unknown_mailbox_of_my_operator_is_refused_at_once(door: Door) -> None:
    verdict = await door.send("doctor", DOCTOR, ["personne@cabinet.sim.mssante.fr"])
    assert verdict.shown == door.shows("550 5.1.1", "422 unknown-mailbox")


async def test_a_domain_outside_the_trust_space_is_refused(door: Door) -> None:
    verdict = await door.send("doctor", DOCTOR, ["quelquun@example.org"])
    assert verdict.shown == door.shows("550 5.7.1", "422 domain-outside-trust-space")


@pytest.mark.parametrize(
    ("change", "smtp", "rest"),
    [
        ({"state": "closed"}, "550 5.2.1", "422 mailbox-closed"),
        ({"state": "suspended"}, "450 4.2.1", "422 mailbox-suspended"),
        ({"quota_bytes": 10}, "452 4.2.2", "422 mailbox-full"),
    ],
    ids=["closed", "suspended", "full"],
)
async def test_a_mailbox_that_takes_no_mail_is_refused(
    door: Door, world: Simulator, change: dict[str, object], smtp: str, rest: str
) -> None:
    await mailboxes.change_mailbox(world.world, DOCTOR2, change, actor_id=None, door=Through.CONTROL)
    assert (await door.send("doctor", DOCTOR, [DOCTOR2])).shown == door.shows(smtp, rest)
    await mailboxes.change_mailbox(world.world, DOCTOR2, {"state": "active"}, actor_id=None, door=Through.CONTROL)  # to look into it
    assert await Person(world, "doctor2").inbox(DOCTOR2) == []


async def test_a_message_over_the_operators_limit_is_refused(door: Door, world: Simulator) -> None:
    answer = await control(world, "PATCH", f"/mailboxes/{DOCTOR}", {"message_size_bytes_max": 5_000})
    assert answer.status_code == 200
    verdict = await door.send("doctor", DOCTOR, [PRACTICE], text="x" * 70 + "\n" + "y\n" * 5_000)
    assert verdict.shown == door.shows("552 5.3.4", "413 message-too-large")


async def test_a_patient_may_not_begin(door: Door) -> None:
    verdict = await door.send("patient", PATIENT, [DOCTOR])
    assert verdict.shown == door.shows("550 5.7.1", "403 not-invited")


async def test_a_refused_attempt_stands_in_the_journal(door: Door, world: Simulator) -> None:
    await door.send("doctor", DOCTOR, ["personne@cabinet.sim.mssante.fr"])
    journal = (await Person(world, "doctor").get(f"/mailboxes/{DOCTOR}/journal"))["items"]
    refused = [line for line in journal if line["act"] == "message.refused"]
    if door.name == "rest":  # over SMTP the recipient is refused at RCPT: there is no message yet
        assert refused[0]["detail"]["rule"] == "unknown-mailbox"
        assert refused[0]["actor"]["name"] == "Dr Camille MARTIN"
    else:
        assert refused == []


async def test_a_letter_of_two_operators_is_refused_before_it_leaves(world: Simulator) -> None:
    """Its own operator would carry it, and every other one would refuse it: it would come back."""
    grant = {"grantee": Person(world, "secretary").idnat, "rights": ["see", "read", "send_as"]}
    assert (await Person(world, "hospital").rest("POST", f"/mailboxes/{HOSPITAL}/grants", json=grant)).status_code == 201
    secretary = Person(world, "secretary")
    refused = await secretary.smtp(HOSPITAL, DOCTOR, letter(PRACTICE, DOCTOR))
    assert (refused.code, refused.enhanced) == (550, "5.7.1")
    assert "of two operators" in refused.text
    assert await Person(world, "doctor").inbox(DOCTOR) == []
    assert (await secretary.smtp(HOSPITAL, DOCTOR, letter(HOSPITAL, DOCTOR))).code == 250


@pytest.mark.parametrize("kind", [SmtpDoor, RestDoor])
async def test_a_patient_whom_no_qualified_identity_backs_is_refused_where_settings_say_so(
    start: StartSimulator, database: str | None, kind: Callable[[Simulator], Door]
) -> None:
    """A number of nobody, no number at all, and one with a wrong key; whoever is qualified gets the letter."""
    async with start(database_url=database, patient_unqualified="refused", patient_ins_key="strict") as world:
        door = kind(world)
        for local in ("190017510299945", "marie.durand"):
            verdict = await door.send("doctor", DOCTOR, [f"{local}@patient.mssante.fr"])
            assert verdict.shown == door.shows("550 5.7.1", "422 patient-not-qualified")
        verdict = await door.send("doctor", DOCTOR, ["190017510299946@patient.mssante.fr"])
        assert verdict.shown == door.shows("501 5.1.3", "422 bad-address")
        assert (await door.send("doctor", DOCTOR, [PATIENT])).accepted
