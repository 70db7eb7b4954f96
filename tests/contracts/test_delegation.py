"""The promise of delegation: the rights of a grant, all of them and no more, until the very moment it ends."""

from datetime import timedelta

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, WARD, Person, control
from tests.conftest import StartSimulator
from tests.contracts.doors import Door, RestDoor, SmtpDoor


async def _received_headers(world: Simulator) -> dict[str, str]:
    hospital = Person(world, "hospital")
    newest = (await hospital.inbox(HOSPITAL))[0]
    return dict((await hospital.open(HOSPITAL, newest["id"]))["headers"])


async def test_on_behalf_the_sender_field_names_the_delegate(door: Door, world: Simulator) -> None:
    assert (await door.send("secretary", PRACTICE, [HOSPITAL])).accepted
    headers = await _received_headers(world)
    assert PRACTICE in headers["From"]
    assert headers["Sender"] == f"Sophie PETIT <{PRACTICE}>"


async def test_on_behalf_the_sender_field_gives_the_delegates_own_mailbox_when_he_has_one(door: Door, world: Simulator) -> None:
    mailbox = {"address": "sophie.petit@cabinet.sim.mssante.fr", "kind": "PER", "owner_idnat": Person(world, "secretary").idnat}
    assert (await control(world, "POST", "/mailboxes", mailbox)).status_code == 201
    await door.send("secretary", PRACTICE, [HOSPITAL])
    assert (await _received_headers(world))["Sender"] == "Sophie PETIT <sophie.petit@cabinet.sim.mssante.fr>"


async def test_send_as_leaves_no_sender_field_even_when_the_client_wrote_one(door: Door, world: Simulator) -> None:
    assert (await door.send("hospital_ward", WARD, [HOSPITAL], headers={"Sender": DOCTOR})).accepted
    assert "Sender" not in await _received_headers(world)


async def test_a_holder_sends_without_sender_field(door: Door, world: Simulator) -> None:
    assert (await door.send("doctor2", PRACTICE, [HOSPITAL])).accepted
    assert "Sender" not in await _received_headers(world)


async def test_the_journal_names_actor_mailbox_and_grant(door: Door, world: Simulator) -> None:
    await door.send("secretary", PRACTICE, [HOSPITAL])
    doctor = Person(world, "doctor")
    line = next(one for one in (await doctor.get(f"/mailboxes/{PRACTICE}/journal"))["items"] if one["act"] == "message.submitted")
    grants = {one["grantee"]["name"]: one["id"] for one in await doctor.get(f"/mailboxes/{PRACTICE}/grants")}
    assert line["actor"]["idnat"] == Person(world, "secretary").idnat
    assert line["grant_id"] == grants["Sophie PETIT"]
    assert line["detail"]["mode"] == "send_on_behalf"


async def _nothing_left(door: Door, world: Simulator) -> None:
    """Nobody got anything from the practice, and nothing says that it was sent."""
    assert await door.folder("hospital", HOSPITAL) == []
    assert await door.folder("doctor", PRACTICE, "Sent") == []
    assert (await Person(world, "doctor").get(f"/mailboxes/{PRACTICE}/sent"))["items"] == []


async def test_who_may_only_read_may_not_send(door: Door, world: Simulator) -> None:
    verdict = await door.send("assistant", PRACTICE, [HOSPITAL])
    assert verdict.shown == door.shows("553 5.7.1", "403 send-not-allowed")
    await _nothing_left(door, world)


async def test_who_has_no_grant_may_not_send(door: Door, world: Simulator) -> None:
    verdict = await door.send("newcomer", PRACTICE, [HOSPITAL])
    assert verdict.shown == door.shows("553 5.7.1", "403 send-not-allowed")
    await _nothing_left(door, world)


async def test_a_revoked_grant_stops_at_the_next_request(door: Door, world: Simulator) -> None:
    assert (await door.send("secretary", PRACTICE, [HOSPITAL])).accepted
    await door.revoke("doctor", PRACTICE, "secretary")
    assert not (await door.send("secretary", PRACTICE, [HOSPITAL])).accepted
    assert len(await door.folder("hospital", HOSPITAL)) == 1


async def test_a_grant_ends_at_its_last_instant(start: StartSimulator, clock: ManualClock, database: str | None) -> None:
    async with start(database_url=database, clock=clock) as world:
        assistant = Person(world, "assistant")
        assert (await assistant.rest("GET", f"/mailboxes/{PRACTICE}/messages")).status_code == 200
        clock.advance(timedelta(days=90) - timedelta(microseconds=1))
        assert (await assistant.rest("GET", f"/mailboxes/{PRACTICE}/messages")).status_code == 200
        clock.advance(timedelta(microseconds=1))
        assert (await assistant.rest("GET", f"/mailboxes/{PRACTICE}/messages")).status_code == 404


async def test_send_precedence_is_a_setting(start: StartSimulator, database: str | None) -> None:
    async with start(database_url=database, delegation_send_precedence="send_on_behalf") as world:
        for door in (SmtpDoor(world), RestDoor(world)):
            assert (await door.send("hospital_ward", WARD, [HOSPITAL])).accepted
            assert "Marc GARNIER" in (await _received_headers(world))["Sender"]


async def test_the_sent_policy_says_where_the_copy_is_filed(door: Door, world: Simulator) -> None:
    own = "sophie.petit@cabinet.sim.mssante.fr"
    mailbox = {"address": own, "kind": "PER", "owner_idnat": Person(world, "secretary").idnat}
    await control(world, "POST", "/mailboxes", mailbox)
    secretary = Person(world, "secretary")
    expected = {"owner": (1, 0), "sender": (0, 1), "both": (1, 1), "none": (0, 0)}
    for policy, growth in expected.items():
        await control(world, "PATCH", f"/mailboxes/{PRACTICE}", {"sent_policy": policy})
        before = [len((await secretary.get(f"/mailboxes/{box}/messages", folder="Sent"))["items"]) for box in (PRACTICE, own)]
        assert (await door.send("secretary", PRACTICE, [HOSPITAL])).accepted
        after = [len((await secretary.get(f"/mailboxes/{box}/messages", folder="Sent"))["items"]) for box in (PRACTICE, own)]
        assert (after[0] - before[0], after[1] - before[1]) == growth, policy
