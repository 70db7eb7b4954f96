"""What happens at an instant happens at that instant: a clock that the test drives steps up to it, and over it.

Each schedule is played with the settings as they are and with others, so that neither the rule nor its setting can go astray.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.clock import ManualClock, to_datetime
from tests.clients import DOCTOR, HOSPITAL, LABORATORY, PATIENT, PRACTICE, ImapClient, Person, control
from tests.conftest import StartSimulator
from tests.relying_party import CIBA, RelyingParty, claims_of, told
from tests.relying_party import DOCTOR as DOCTOR_IDNAT

_INSTANT = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)
_RATHER_SHORT = {
    "queue_retry_seconds": 120,
    "queue_retry_seconds_max": 3_000,
    "queue_delayed_after_seconds": 7_200,
    "queue_expires_after_seconds": 86_400,
}


# The queue


async def _events(world: Simulator) -> list[tuple[str, datetime]]:
    newest = (await Person(world, "hospital").get(f"/mailboxes/{HOSPITAL}/sent"))["items"][0]
    return [(event["kind"], datetime.fromisoformat(event["at"])) for event in newest["recipients"][0]["events"]]


async def _tries(world: Simulator, clock: ManualClock, begun: datetime, last: int) -> list[int]:
    """The minutes, counted from the beginning, at which the queue tried, up to the last: all near those that matter, else every tenth."""
    found = []
    while (at := (to_datetime(clock.now()) - begun) // _MINUTE) < last:
        clock.advance(_MINUTE if at < 260 or at >= last - 20 else 10 * _MINUTE)
        if await world.core.queue.work():
            found.append((to_datetime(clock.now()) - begun) // _MINUTE)
    return found


@pytest.mark.parametrize(
    ("settings", "first", "delayed", "later", "failed"),
    [
        ({}, [1, 3, 7, 15, 31, 63, 123, 183, 240, 300], 240, 60, 7_200),
        (_RATHER_SHORT, [2, 6, 14, 30, 62, 112, 120, 170], 120, 50, 1_440),
    ],
    ids=["as it is", "rather short"],
)
async def test_waits_double_up_to_a_limit_and_the_sender_is_told_in_time(
    start: StartSimulator, clock: ManualClock, settings: dict[str, Any], first: list[int], delayed: int, later: int, failed: int
) -> None:
    async with start(clock=clock, queue_poll_seconds=3_600, **settings) as world:
        assert (await control(world, "PATCH", f"/mailboxes/{PRACTICE}", {"state": "suspended"})).status_code == 200
        assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
        begun = to_datetime(clock.now())
        tries = await _tries(world, clock, begun, failed)
        rest = range(first[-1] + later, failed, later)
        assert tries == [*first, *rest, failed], "every wait is twice the last, up to the longest; two moments are never jumped over"
        told = [(kind, (at - begun) / _MINUTE) for kind, at in await _events(world)]
        assert told == [("submitted", 0), ("delayed", delayed), ("failed", failed)]
        inbox = await Person(world, "hospital").inbox(HOSPITAL)
        assert [item["subject"] for item in inbox] == ["Undelivered message", "Delayed message"]
        clock.advance(timedelta(days=1))
        assert await world.core.queue.work() == 0


async def test_the_delayed_notice_leaves_at_four_hours_and_not_an_instant_sooner(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, queue_poll_seconds=3_600) as world:
        assert (await control(world, "PATCH", f"/mailboxes/{PRACTICE}", {"state": "suspended"})).status_code == 200
        assert (await Person(world, "hospital").send(HOSPITAL, to=[PRACTICE])).status_code == 201
        for step, kind in ((timedelta(hours=3, minutes=59), "submitted"), (_MINUTE - _INSTANT, "submitted"), (_INSTANT, "delayed")):
            clock.advance(step)
            await world.core.queue.work()
            assert (await _events(world))[-1][0] == kind
        assert [item["subject"] for item in await Person(world, "hospital").inbox(HOSPITAL)] == ["Delayed message"]


async def test_a_patient_may_not_answer_what_he_has_not_got_yet(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock, queue_poll_seconds=3_600) as world:
        doctor, patient = Person(world, "doctor"), Person(world, "patient")
        assert (await control(world, "PATCH", f"/mailboxes/{PATIENT}", {"quota_bytes": 0})).status_code == 200
        assert (await doctor.send(DOCTOR, to=[PATIENT])).status_code == 201
        assert (await patient.send(PATIENT, to=[DOCTOR])).json()["code"] == "not-invited"
        assert (await control(world, "PATCH", f"/mailboxes/{PATIENT}", {"quota_bytes": 100_000})).status_code == 200
        assert (await patient.send(PATIENT, to=[DOCTOR])).json()["code"] == "not-invited", "it waits still"
        clock.advance(_MINUTE)
        assert await world.core.queue.work() == 1
        item = (await patient.inbox(PATIENT))[0]
        assert (await patient.send(PATIENT, to=[DOCTOR], in_reply_to=item["id"])).status_code == 201


# REST


@pytest.mark.parametrize(("settings", "seconds"), [({}, 86_400), ({"http_idempotency_seconds": 60}, 60)], ids=["a day", "a minute"])
async def test_an_idempotency_key_is_remembered_for_so_long(
    start: StartSimulator, clock: ManualClock, settings: dict[str, Any], seconds: int
) -> None:
    async with start(clock=clock, **settings) as world:
        doctor, path = Person(world, "doctor"), f"/mailboxes/{DOCTOR}/messages"
        body, headers = {"to": [PRACTICE], "subject": "Une fois", "text": "x"}, {"Idempotency-Key": "k"}
        for step, replayed in ((0, False), (seconds, True)):
            clock.advance(timedelta(seconds=step))
            assert (await doctor.rest("POST", path, json=body, headers=headers)).json()["replayed"] is replayed
        clock.advance(_INSTANT)
        again = await doctor.rest("POST", path, json={**body, "subject": "Autre"}, headers=headers)
        assert (again.status_code, again.json()["replayed"]) == (201, False), "the key may be used for something else"
        assert len(await doctor.inbox(PRACTICE)) == 2


# Certificates


async def test_certificates_follow_the_clock_of_the_machine_whatever_the_world_says(start: StartSimulator, clock: ManualClock) -> None:
    async with start(clock=clock) as world:
        clock.advance(timedelta(days=40 * 365))
        before = datetime.now(UTC)
        made = (await control(world, "POST", "/certificates", {"mailbox": LABORATORY})).json()
        begins, ends = (datetime.fromisoformat(made[name]) for name in ("not_before", "not_after"))
        assert begins <= before <= begins + timedelta(hours=1)
        assert timedelta(days=1_095) <= ends - begins <= timedelta(days=1_096)
        client = await ImapClient.open(world, "camille.martin", "cabinet-2026")
        assert (await client.ask("NOOP"))[-1].startswith("OK")
        await client.close()


# Pro Santé Connect


async def _is_logged_in(party: RelyingParty) -> bool:
    answer = told(await party.authorize(prompt="none"))
    assert answer.get("error") in (None, "login_required")
    return "code" in answer


@pytest.mark.parametrize(
    ("settings", "idle", "longest"),
    [({}, 30, 240), ({"psc_session_idle_seconds": 600, "psc_session_seconds_max": 3_000}, 10, 50)],
    ids=["as it is", "rather short"],
)
async def test_a_session_that_is_always_used_ends_all_the_same(
    start: StartSimulator, clock: ManualClock, settings: dict[str, Any], idle: int, longest: int
) -> None:
    async with start(clock=clock, **settings) as world, RelyingParty.of(world) as party:
        await party.code()
        for _ in range(longest // (idle - 1)):
            clock.advance((idle - 1) * _MINUTE)
            assert await _is_logged_in(party)
        left = longest % (idle - 1)
        clock.advance(left * _MINUTE - _INSTANT)
        assert await _is_logged_in(party)
        clock.advance(_INSTANT)
        assert not await _is_logged_in(party)
        await party.code()
        clock.advance(idle * _MINUTE - _INSTANT)
        assert await _is_logged_in(party)
        clock.advance(idle * _MINUTE)
        assert not await _is_logged_in(party), "nobody used it"


@pytest.mark.parametrize(("settings", "seconds"), [({}, 60), ({"psc_code_seconds": 7}, 7)], ids=["as it is", "shorter"])
async def test_a_code_lives_so_long(start: StartSimulator, clock: ManualClock, settings: dict[str, Any], seconds: int) -> None:
    async with start(clock=clock, **settings) as world, RelyingParty.of(world) as party:
        in_time = await party.code()
        clock.advance(timedelta(seconds=seconds) - _INSTANT)
        assert (await party.exchange(in_time)).status_code == 200
        late = await party.code()
        clock.advance(timedelta(seconds=seconds))
        refused = (await party.exchange(late)).json()
        assert (refused["error"], "expired" in refused["error_description"]) == ("invalid_grant", True)
        page = await party.authorize(prompt="login")
        clock.advance(timedelta(seconds=10 * seconds))
        assert (await party.submit(page)).status_code == 400, "the log-in page lives ten times as long"


@pytest.mark.parametrize(("settings", "seconds"), [({}, 1_800), ({"psc_refresh_seconds": 90}, 90)], ids=["as it is", "shorter"])
async def test_a_refresh_token_lives_so_long(start: StartSimulator, clock: ManualClock, settings: dict[str, Any], seconds: int) -> None:
    async with start(clock=clock, psc_session_idle_seconds=7_200, **settings) as world, RelyingParty.of(world) as party:
        tokens = await party.tokens()
        assert tokens["refresh_expires_in"] == seconds
        clock.advance(timedelta(seconds=seconds) - _INSTANT)
        newer = await party.refresh(tokens["refresh_token"])
        assert newer.status_code == 200, newer.text
        clock.advance(timedelta(seconds=seconds))
        assert (await party.refresh(newer.json()["refresh_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("settings", "seconds"), [({}, 120), ({"token_lifetime_seconds": 30}, 30)], ids=["as it is", "shorter"])
async def test_an_access_token_opens_the_doors_so_long(
    start: StartSimulator, clock: ManualClock, settings: dict[str, Any], seconds: int
) -> None:
    async with start(clock=clock, **settings) as world, RelyingParty.of(world) as party:
        tokens = await party.tokens()
        claims = claims_of(tokens["access_token"])
        assert (tokens["expires_in"], claims["exp"] - claims["iat"]) == (seconds, seconds)
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        clock.advance(timedelta(seconds=seconds) - _INSTANT)
        assert (await party.http.get(f"{party.base}/api/v1/me", headers=headers)).status_code == 200
        clock.advance(_INSTANT)
        refused = await party.http.get(f"{party.base}/api/v1/me", headers=headers)
        assert (refused.status_code, "expired" in refused.json()["detail"]) == (401, True)


@pytest.mark.parametrize(
    ("settings", "life", "pause"),
    [({}, 120, 5), ({"psc_ciba_seconds": 60, "psc_ciba_interval_seconds": 20}, 60, 20)],
    ids=["as it is", "shorter, and asked less often"],
)
async def test_an_approval_is_waited_for_so_long_and_asked_for_so_often(
    start: StartSimulator, clock: ManualClock, settings: dict[str, Any], life: int, pause: int
) -> None:
    async with start(clock=clock, **settings) as world, RelyingParty.of(world) as party:
        form = {"scope": "openid scope_all", "login_hint": DOCTOR_IDNAT, "binding_message": "42", "channel": "CARD", "acr_values": "eidas1"}

        async def poll(auth_req_id: str, after: timedelta) -> str:
            clock.advance(after)
            answer = await party.post("token", grant_type=CIBA, auth_req_id=auth_req_id)
            return str(answer.json()["error"])

        asked = (await party.post("ext/ciba/auth", **form)).json()
        assert (asked["expires_in"], asked["interval"]) == (life, pause)
        assert await poll(asked["auth_req_id"], timedelta()) == "authorization_pending"
        assert await poll(asked["auth_req_id"], timedelta(seconds=pause)) == "authorization_pending"
        assert await poll(asked["auth_req_id"], timedelta(seconds=pause) - _INSTANT) == "slow_down"
        asked = (await party.post("ext/ciba/auth", **form)).json()
        assert await poll(asked["auth_req_id"], timedelta(seconds=life) - _INSTANT) == "authorization_pending"
        assert await poll(asked["auth_req_id"], _INSTANT) == "expired_token"
