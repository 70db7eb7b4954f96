"""The same key and request send once, however often and however closely they are asked."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import Connection, select, update

from mss_sim.core.access import delegation, identities
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailflow.idempotency import split_same_keys
from mss_sim.core.mailflow.letter import Accepted, Addressee, Envelope, FromPeer, IdempotencyKey, Letter, Submitted, prepare
from mss_sim.errors import Rule
from mss_sim.mail.parse import parse
from mss_sim.models.tables import idempotency
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mail import TimelineKind
from tests.clients import HOSPITAL, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town, refused


async def _send(
    town: Town, key: str = "k", request: str = "r", *, who: str = "hospital", to: str = PRACTICE, sender: str = HOSPITAL
) -> Accepted:
    return await town.send(who, sender, to, options={"idempotency": IdempotencyKey(key, request)})


async def test_a_retry_is_answered_as_the_first_was_and_sends_nothing(town: Town) -> None:
    await identities.change_identity(town.world, IDNATS["patient"], {"ins": ()}, None, None)
    first = await _send(town, to=PATIENT)
    again = await _send(town, to=PATIENT)
    assert (first.replayed, first.warnings[0].address) == (False, PATIENT)
    assert again == replace(first, replayed=True)
    assert len(await town.lying(PATIENT)) == len(await town.lying(HOSPITAL, "Sent")) == 1


async def test_what_a_version_without_warnings_answered_is_still_answered(town: Town) -> None:
    first = await _send(town)

    def forget_warnings(conn: Connection) -> None:
        kept = orjson.loads(conn.execute(select(idempotency.c.answer)).scalar_one())
        del kept["warnings"]
        conn.execute(update(idempotency).values(answer=orjson.dumps(kept).decode()))

    await town.world.store.write(forget_warnings)
    assert await _send(town) == replace(first, replayed=True)


async def test_a_letter_without_a_key_is_sent_as_often_as_it_is_asked(town: Town) -> None:
    for _ in range(2):
        await town.send("hospital", HOSPITAL, PRACTICE)
    assert len(await town.lying(PRACTICE)) == 2


async def test_retries_at_the_same_moment_send_once(town: Town) -> None:
    answers = await asyncio.gather(*(_send(town) for _ in range(5)))
    assert len({one.message_id for one in answers}) == 1
    assert sorted(one.replayed for one in answers) == [False, True, True, True, True]
    assert len(await town.lying(PRACTICE)) == 1


async def test_the_same_key_for_another_request_is_refused(town: Town) -> None:
    await _send(town)
    with refused(Rule.IDEMPOTENCY_MISMATCH):
        await _send(town, request="other")
    assert len(await town.lying(PRACTICE)) == 1


async def test_another_key_and_another_persons_are_other_letters(town: Town) -> None:
    await _send(town)
    assert not (await _send(town, key="l")).replayed
    assert not (await _send(town, who="hospital_ward", sender=WARD)).replayed
    assert len(await town.lying(PRACTICE)) == 3


async def test_a_key_is_remembered_for_its_time_and_not_a_moment_longer(open_town: OpenTown) -> None:
    async with open_town(http_idempotency_seconds=60) as town:
        await _send(town)
        town.clock.advance(timedelta(seconds=60))
        assert (await _send(town)).replayed
        town.clock.advance(timedelta(microseconds=1))
        assert not (await _send(town)).replayed
        assert (await _send(town)).replayed


async def test_what_happens_later_does_not_change_what_a_retry_is_told(town: Town) -> None:
    """The bounce of an unknown mailbox is told word for word, and is not sent again."""
    first = await _send(town, to="nobody@cabinet.sim.mssante.fr")
    again = await _send(town, to="nobody@cabinet.sim.mssante.fr")
    for answer in (first, again):
        ((address, kind, refusal),) = answer.outcomes
        assert (address, kind) == ("nobody@cabinet.sim.mssante.fr", TimelineKind.FAILED)
        assert refusal is not None
        assert (refusal.rule, refusal.subject) == (Rule.UNKNOWN_MAILBOX, address)
    assert len(await town.lying(HOSPITAL)) == 1


async def test_a_key_of_a_refused_letter_is_free(town: Town) -> None:
    with refused(Rule.DOMAIN_OUTSIDE):
        await _send(town, to="x@example.org")
    assert not (await _send(town)).replayed


async def test_who_lost_the_right_meanwhile_hears_of_no_former_letter(town: Town) -> None:
    await _send(town, who="hospital_ward", sender=WARD)
    rows = await delegation.grants_of(town.world, (await town.identity("hospital_ward")).id)
    await delegation.revoke(town.world, CONTROL, WARD, rows[0][0].id)
    with refused(Rule.SEND_NOT_ALLOWED):
        await _send(town, who="hospital_ward", sender=WARD)


@pytest.mark.parametrize(
    ("keys", "now"),
    [
        (["a", "a", "b"], [0, 2]),
        ([None, None], [0, 1]),
        (["a", "b", "a", "b", "c"], [0, 1, 4]),
    ],
)
async def test_of_a_group_the_first_of_each_key_goes_now(town: Town, keys: list[str | None], now: list[int]) -> None:
    raw = b"From: a@b.fr\r\n\r\nx\r\n"

    def made(key: str | None) -> Letter:
        origin = Submitted(HOSPITAL, 7, 1, idempotency=IdempotencyKey(key, "r")) if key else FromPeer()
        envelope = Envelope(HOSPITAL, (Addressee(PRACTICE),))
        return prepare(town.world, raw, parse(raw), envelope, origin, fields=(), door=Door.REST, at=0)

    letters = [made(key) for key in keys]
    first, later = split_same_keys(letters)
    assert [letters.index(one) for one in first] == now
    assert [letters.index(one) for one in later] == [number for number in range(len(keys)) if number not in now]
