"""A clock that jumps, forwards or back, as that of a machine does that wakes or is set right: nothing is lost, doubled or stuck."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import DAY, HOUR, SECOND, Micros, iso
from mss_sim.core.mailbox import mailboxes
from mss_sim.store import queue
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, Person, control, letter
from tests.conftest import StartSimulator

_JUMPS = [pytest.param(30 * DAY, id="a month forwards"), pytest.param(-DAY, id="a day back"), pytest.param(-HOUR, id="an hour back")]


class Jumping:
    """A clock that is set to any time."""

    def __init__(self) -> None:
        self.instant: Micros = 1_767_600_000 * SECOND

    def now(self) -> Micros:
        return self.instant

    def jump(self, by: Micros) -> None:
        self.instant += by


@pytest.fixture
def jumping() -> Jumping:
    return Jumping()


@pytest.fixture
async def world(start: StartSimulator, jumping: Jumping, database: str | None) -> AsyncIterator[Simulator]:
    async with start(clock=jumping, database_url=database, red_list_kinds=[]) as running:
        yield running


async def _until(what: Callable[[], Awaitable[Any]]) -> Any:
    for _ in range(500):
        if found := await what():
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


async def _change(world: Simulator, mailbox: str, **values: object) -> None:
    await mailboxes.change_mailbox(world.world, mailbox, values, actor_id=None, door=Door.CONTROL)


@pytest.mark.parametrize("by", [-DAY, -HOUR, HOUR])
async def test_a_letter_that_waits_arrives_once_whatever_the_clock_did(world: Simulator, jumping: Jumping, by: Micros) -> None:
    hospital, secretary = Person(world, "hospital"), Person(world, "secretary")
    await _change(world, PRACTICE, state="suspended")
    assert (await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE, "Attendu"))).code == 250
    jumping.jump(by)
    await _change(world, PRACTICE, state="active")
    before = jumping.now()

    async def arrived() -> bool:
        jumping.jump(60 * SECOND)
        return bool(await secretary.inbox(PRACTICE))

    await _until(arrived)
    assert jumping.now() - before < 3 * HOUR
    jumping.jump(DAY)
    assert [item["subject"] for item in await secretary.inbox(PRACTICE)] == ["Attendu"]
    kinds = [event["kind"] for event in (await hospital.get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]["recipients"][0]["events"]]
    assert kinds.count("delivered") == 1
    assert kinds[-1] == "delivered"


async def test_a_lease_of_a_process_that_died_before_the_clock_was_set_back_runs_out(world: Simulator, jumping: Jumping) -> None:
    hospital, secretary = Person(world, "hospital"), Person(world, "secretary")
    await _change(world, PRACTICE, state="suspended")
    assert (await hospital.smtp(HOSPITAL, PRACTICE, letter(HOSPITAL, PRACTICE))).code == 250
    await _change(world, PRACTICE, state="active")
    now = jumping.now() + 60 * SECOND  # by the clock of the other process, which takes the try and dies
    taken = await world.world.store.write(partial(queue.lease, now=now, far=now + DAY, until=now + 600 * SECOND, limit=9))
    assert len(taken) == 1
    jumping.jump(-DAY)
    assert len(await _until(lambda: secretary.inbox(PRACTICE))) == 1


@pytest.mark.parametrize("by", _JUMPS)
async def test_a_grant_that_was_revoked_gives_nothing_at_any_time(world: Simulator, jumping: Jumping, by: Micros) -> None:
    doctor, secretary = Person(world, "doctor"), Person(world, "secretary")
    grant = next(row for row in await doctor.get(f"/mailboxes/{PRACTICE}/grants") if row["grantee"]["idnat"] == secretary.idnat)
    assert (await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{grant['id']}")).status_code == 200
    jumping.jump(by)
    assert (await secretary.rest("GET", f"/mailboxes/{PRACTICE}/messages")).status_code == 404
    reply = await secretary.smtp(PRACTICE, HOSPITAL, letter(PRACTICE, HOSPITAL))
    assert reply.code == 553
    shown = next(row for row in await doctor.get(f"/mailboxes/{PRACTICE}/grants") if row["id"] == grant["id"])
    assert (shown["in_force"], shown["revoked_by"]["idnat"]) == (False, doctor.idnat)
    again = await doctor.rest("DELETE", f"/mailboxes/{PRACTICE}/grants/{grant['id']}")
    assert again.json()["revoked_at"] == shown["revoked_at"]
    revoked = [line for line in (await doctor.get(f"/mailboxes/{PRACTICE}/journal"))["items"] if line["act"] == "grant.revoked"]
    assert len(revoked) == 1


async def test_a_grant_holds_within_its_window_by_the_clock_of_the_moment(world: Simulator, jumping: Jumping) -> None:
    doctor, newcomer = Person(world, "doctor"), Person(world, "newcomer")
    begin, end = jumping.now() + DAY, jumping.now() + 2 * DAY
    body = {"grantee": newcomer.idnat, "rights": ["see", "read"], "valid_from": iso(begin), "valid_until": iso(end)}
    assert (await doctor.rest("POST", f"/mailboxes/{PRACTICE}/grants", json=body)).status_code == 201
    for instant, status in ((begin, 200), (begin - 1, 404), (end - 1, 200), (end, 404), (begin, 200), (end + 30 * DAY, 404)):
        jumping.instant = instant
        assert (await newcomer.rest("GET", f"/mailboxes/{PRACTICE}/messages")).status_code == status, instant - begin


@pytest.mark.parametrize("by", _JUMPS)
async def test_what_an_act_closed_stays_closed(world: Simulator, jumping: Jumping, by: Micros) -> None:
    doctor, patient = Person(world, "doctor"), Person(world, "patient")
    await _change(world, PATIENT, state="suspended")
    for subject in ("Ordonnance", "[FIN]"):
        assert (await doctor.send(DOCTOR, to=[PATIENT], subject=subject)).status_code == 201
        jumping.jump(-5 * 60 * SECOND)
    jumping.jump(by if by < 0 else HOUR)
    await _change(world, PATIENT, state="active")

    async def both() -> bool:
        jumping.jump(10 * 60 * SECOND)
        return len(await patient.inbox(PATIENT)) == 2

    await _until(both)
    for item in await patient.inbox(PATIENT):
        refused = await patient.send(PATIENT, to=[DOCTOR], in_reply_to=item["id"])
        assert refused.json()["code"] == "conversation-closed", item["subject"]


@pytest.mark.parametrize("by", [-DAY, -HOUR, 0, DAY - SECOND])
async def test_a_key_sends_once_though_the_clock_jumps(world: Simulator, jumping: Jumping, by: Micros) -> None:
    doctor, hospital, said = Person(world, "doctor"), Person(world, "hospital"), []
    body = {"to": [HOSPITAL], "subject": "Une fois", "text": "x"}
    for _ in range(2):
        said.append(await doctor.rest("POST", f"/mailboxes/{DOCTOR}/messages", json=body, headers={"Idempotency-Key": "k"}))
        jumping.jump(by)
    assert [one.status_code for one in said] == [201, 201]
    assert said[0].json()["id"] == said[1].json()["id"]
    assert len(await hospital.inbox(HOSPITAL)) == 1


async def test_a_key_of_one_identity_is_not_anothers(world: Simulator) -> None:
    doctor, doctor2, hospital = Person(world, "doctor"), Person(world, "doctor2"), Person(world, "hospital")
    said = []
    for person, subject in ((doctor, "Un"), (doctor2, "Deux")):
        body = {"to": [HOSPITAL], "subject": subject, "text": "x"}
        said.append(await person.rest("POST", f"/mailboxes/{PRACTICE}/messages", json=body, headers={"Idempotency-Key": "k"}))
    assert [one.status_code for one in said] == [201, 201]
    assert said[0].json()["id"] != said[1].json()["id"]
    assert {item["subject"] for item in await hospital.inbox(HOSPITAL)} == {"Un", "Deux"}


@pytest.mark.parametrize(("by", "status"), [(0, 200), (119 * SECOND, 200), (120 * SECOND, 401), (-DAY, 401), (30 * DAY, 401)])
async def test_a_token_holds_in_its_time_alone_and_again_when_the_clock_is_right(
    world: Simulator, jumping: Jumping, by: Micros, status: int
) -> None:
    secretary = Person(world, "secretary")
    token = (await control(world, "POST", "/tokens", {"who": secretary.idnat})).json()["access_token"]
    async with httpx.AsyncClient(base_url=world.ready()["http"], headers={"Authorization": f"Bearer {token}"}) as client:
        jumping.jump(by)
        assert (await client.get("/api/v1/me")).status_code == status
        jumping.jump(-by)
        assert (await client.get("/api/v1/me")).status_code == 200


@pytest.mark.parametrize("by", _JUMPS)
async def test_a_receipt_leaves_once_though_the_clock_jumps(world: Simulator, jumping: Jumping, by: Micros) -> None:
    hospital, secretary = Person(world, "hospital"), Person(world, "secretary")
    assert (await hospital.send(HOSPITAL, to=[PRACTICE], request_read_receipt=True)).status_code == 201
    item = (await secretary.inbox(PRACTICE))[0]
    said = []
    for _ in range(2):
        said.append(await secretary.rest("POST", f"/mailboxes/{PRACTICE}/messages/{item['id']}/receipt"))
        jumping.jump(by)
    assert [(one.status_code, one.json().get("code")) for one in said] == [(201, None), (409, "receipt-already-sent")]
    kinds = [event["kind"] for event in (await hospital.get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]["recipients"][0]["events"]]
    assert kinds.count("displayed") == 1
    assert len(await hospital.inbox(HOSPITAL)) == 1


@pytest.mark.parametrize("by", _JUMPS)
async def test_a_restart_at_another_time_goes_on_where_the_world_was(
    start: StartSimulator, jumping: Jumping, database: str | None, tmp_path: Path, by: Micros
) -> None:
    subjects = ["Avant", "Après"]
    for subject in subjects:
        async with start(clock=jumping, database_url=database, data_dir=tmp_path / "world") as world:
            hospital = Person(world, "hospital")
            assert (await hospital.send(HOSPITAL, to=[PRACTICE], subject=subject)).status_code == 201
            sent = [item["subject"] for item in (await hospital.get(f"/mailboxes/{HOSPITAL}/sent"))["items"]]
        jumping.jump(by)
    assert sent == subjects[::-1], "the newest first"
