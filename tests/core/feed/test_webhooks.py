"""Webhooks: each event once to each target, in its order; later where it is not taken, and never in the way of others."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from mss_sim.clock import Micros
from mss_sim.core.feed.reading_events import EventFilter, last_position
from mss_sim.core.feed.webhooks import WebhookAnswer, Webhooks
from mss_sim.errors import Rule
from mss_sim.store.webhooks import WebhookDelivery
from mss_sim.vocabulary.clock import FiredKind
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import OpenTown, Town, refused

_URL = "http://127.0.0.1:9/mss"
_RECEIVED = EventFilter(frozenset({"message.received"}))
_SECOND = 1_000_000


class _Targets:
    """Answers as it is told, and keeps what was posted."""

    def __init__(self) -> None:
        self.answers: dict[str, list[int | None]] = {}
        self.posted: list[tuple[str, str, dict[str, Any]]] = []

    async def check(self, url: str) -> None:
        """Every target is allowed."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> WebhookAnswer:
        assert headers.keys() == {"content-type", "webhook-id", "webhook-timestamp", "webhook-signature"}
        self.posted.append((url, headers["webhook-id"], json.loads(body)))
        answers = self.answers.get(url)
        return WebhookAnswer(answers.pop(0) if answers else 204, "said so")

    def subjects(self, url: str = _URL) -> list[str]:
        return [body["data"]["message"]["subject"] for to, _, body in self.posted if to == url]


def _hooks(town: Town, rested: Callable[[], None] = lambda: None) -> tuple[Webhooks, _Targets]:
    targets = _Targets()
    return Webhooks(town.world, targets, rested), targets


def _go_to(town: Town, at: Micros) -> None:
    town.clock.advance(timedelta(microseconds=at - town.clock.now()))


async def _work(town: Town, hooks: Webhooks) -> int:
    """Do what is due, as the agenda does; how many tries."""
    tried = 0
    while (at := await hooks.next_at()) is not None and at <= town.clock.now():
        fired = await hooks.work()
        assert {one.kind for one in fired} <= {FiredKind.WEBHOOK_TRIED}
        assert all(one.who.startswith("http://127.0.0.1") for one in fired)
        tried += len(fired)
    return tried


async def _deliveries(hooks: Webhooks, id_: int) -> list[WebhookDelivery]:
    return await hooks.deliveries(id_, before=None, limit=100)


async def test_what_happens_is_told_once_in_its_order(town: Town) -> None:
    hooks, targets = _hooks(town)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Avant")
    made = await hooks.register(_URL, _RECEIVED, None, None)
    for subject in ("Un", "Deux", "Trois"):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=subject)
    assert (await _work(town, hooks), targets.subjects()) == (3, ["Un", "Deux", "Trois"])
    assert (await _work(town, hooks), len(targets.posted)) == (0, 3)
    assert [(one.delivered, one.tries, one.next_at, one.status) for one in await _deliveries(hooks, made.id)] == [(True, 1, None, 204)] * 3
    url, message_id, body = targets.posted[0]
    assert (url, message_id.endswith(f"_{body['data']['position']}")) == (_URL, True)
    assert body.keys() == {"type", "timestamp", "data"}
    assert (body["type"], body["timestamp"]) == (body["data"]["kind"], body["data"]["at"])


async def test_another_process_tells_nothing_twice(town: Town) -> None:
    (one, targets), (other, others) = _hooks(town), _hooks(town)
    await one.register(_URL, _RECEIVED, None, None)
    for number in range(5):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=str(number))
        await one.next_at()
        await other.next_at()
    await one.work()
    await other.work()
    assert sorted(targets.subjects() + others.subjects()) == ["0", "1", "2", "3", "4"]


async def test_what_is_not_taken_is_tried_later_and_keeps_its_place(town: Town) -> None:
    hooks, targets = _hooks(town)
    targets.answers[_URL] = [500, None, 302, 300, 200]
    made = await hooks.register(_URL, _RECEIVED, None, None)
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=subject)
    tried = []
    for _ in range(5):
        tried.append(await _work(town, hooks))
        _go_to(town, await hooks.next_at() or town.clock.now())
    assert (tried, targets.subjects()) == ([1, 1, 1, 1, 2], ["Un"] * 5 + ["Deux"])
    assert len({message_id for _, message_id, _ in targets.posted}) == 2, "an event keeps its id"
    assert [one.tries for one in await _deliveries(hooks, made.id)] == [1, 5]


async def test_a_target_that_is_dead_holds_nobody_up_and_is_given_up(open_town: OpenTown) -> None:
    async with open_town(webhooks_tries_max=2, webhooks_retry_seconds=60) as town:
        hooks, targets = _hooks(town)
        dead, alive = "http://127.0.0.1:1/dead", _URL
        targets.answers[dead] = [None] * 100
        lost = await hooks.register(dead, _RECEIVED, None, None)
        await hooks.register(alive, _RECEIVED, None, None)
        for number in range(10):
            await town.send("hospital", HOSPITAL, PRACTICE, subject=str(number))
        await _work(town, hooks)
        assert (len(targets.subjects(alive)), len(targets.subjects(dead))) == (10, 1)
        assert await hooks.next_at() == town.clock.now() + 60 * _SECOND
        for _ in range(25):
            at = await hooks.next_at()
            if at is None:
                break
            _go_to(town, at)
            await _work(town, hooks)
        assert await hooks.next_at() is None
        assert {(one.delivered, one.tries, one.answer) for one in await _deliveries(hooks, lost.id)} == {(False, 2, "said so")}


async def test_a_target_that_is_gone_is_not_told_any_more(town: Town) -> None:
    hooks, targets = _hooks(town)
    targets.answers[_URL] = [410]
    made = await hooks.register(_URL, _RECEIVED, None, None)
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=subject)
    await _work(town, hooks)
    assert ([one.enabled for one in await hooks.every()], targets.subjects()) == ([False], ["Un"])
    assert (await hooks.enable(made.id, enabled=True)).enabled
    _go_to(town, town.clock.now() + 3_600 * _SECOND)
    await _work(town, hooks)
    assert sorted(targets.subjects()[1:]) == ["Deux", "Un"], "what it missed"


async def test_events_are_told_once_more_by_their_range(town: Town) -> None:
    hooks, targets = _hooks(town)
    begun = await last_position(town.world)
    made = await hooks.register(_URL, _RECEIVED, None, begun)
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=subject)
    middle = await last_position(town.world)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Trois")
    await _work(town, hooks)
    assert await hooks.replay(made.id, begun, middle) == 2
    await _work(town, hooks)
    assert targets.subjects() == ["Un", "Deux", "Trois", "Un", "Deux"]
    ids = [message_id for _, message_id, _ in targets.posted]
    assert ids[:2] == ids[3:]
    assert await hooks.replay(made.id, 10**12, 10**13) == 0


async def test_the_event_of_one_delivery_is_found_by_it(town: Town) -> None:
    hooks, _ = _hooks(town)
    begun = await last_position(town.world)
    made, other = [await hooks.register(_URL, _RECEIVED, None, begun) for _ in range(2)]
    await town.send("hospital", HOSPITAL, PRACTICE)
    await _work(town, hooks)
    [told] = await hooks.deliveries(made.id, before=None, limit=2)
    assert await hooks.position_of(made.id, told.id) == told.position
    for hook_id in (other.id, 1):
        with refused(Rule.NOT_FOUND):
            await hooks.position_of(hook_id, told.id)


async def test_only_what_is_asked_for_is_told(town: Town) -> None:
    hooks, targets = _hooks(town)
    await hooks.register(_URL, EventFilter(frozenset({"message.received"}), DOCTOR), None, 0)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Non")
    await town.send("hospital", HOSPITAL, DOCTOR, subject="Oui")
    await _work(town, hooks)
    assert targets.subjects() == ["Oui"]


async def test_what_cannot_be_is_refused(open_town: OpenTown) -> None:
    async with open_town(webhooks_max=1) as town:
        hooks, _ = _hooks(town)
        with refused(Rule.INVALID, "url is where events are posted to"):
            await hooks.register("nowhere", _RECEIVED, None, None)
        with refused(Rule.INVALID, "secret is whsec_"):
            await hooks.register(_URL, _RECEIVED, "secret", None)
        made = await hooks.register(_URL, _RECEIVED, None, None)
        assert made.secret.startswith("whsec_")
        with refused(Rule.LIMIT_REACHED, "There are 1 webhooks already"):
            await hooks.register(_URL, _RECEIVED, None, None)
        await hooks.remove(made.id)
        for act in (hooks.remove(made.id), hooks.deliveries(made.id, before=None, limit=1), hooks.replay(made.id, 0, 1)):
            with refused(Rule.NOT_FOUND, "There is no webhook"):
                await act
        with refused(Rule.NOT_FOUND, "There is no webhook"):
            await hooks.enable(made.id, enabled=True)


async def test_a_world_without_sockets_tells_nobody_and_forgets_nothing(town: Town) -> None:
    silent = Webhooks(town.world, None, lambda: None)
    await silent.register(_URL, _RECEIVED, None, None)
    await town.send("hospital", HOSPITAL, PRACTICE, subject="Un")
    assert await silent.next_at() == town.clock.now()
    assert await silent.work() == []
    hooks, targets = _hooks(town)
    await _work(town, hooks)
    assert targets.subjects() == ["Un"]


@pytest.mark.parametrize("enabled", [True, False])
async def test_a_webhook_wakes_the_agenda_only_when_there_is_one(town: Town, enabled: bool) -> None:
    hooks, _ = _hooks(town)
    if enabled:
        await hooks.register(_URL, _RECEIVED, None, None)
    await hooks.next_at()
    hooks.woken.clear()
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert hooks.woken.is_set() is enabled


async def test_when_all_was_posted_whoever_waits_for_that_is_told(town: Town) -> None:
    rested: list[bool] = []
    hooks, _ = _hooks(town, lambda: rested.append(hooks.busy))
    await hooks.register(_URL, _RECEIVED, None, None)
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, PRACTICE, subject=subject)
    await _work(town, hooks)
    assert (rested, hooks.busy) == ([False, False], False)


async def test_a_webhook_that_another_process_removed_is_told_nothing(town: Town) -> None:
    (one, targets), (other, _) = _hooks(town), _hooks(town)
    made = await one.register(_URL, _RECEIVED, None, None)
    await town.send("hospital", HOSPITAL, PRACTICE)
    await other.remove(made.id)
    assert not (await town.world.store.write(partial(one._look, hook=made))).enabled  # noqa: SLF001 - it had read of it before
    assert (await _work(town, one), targets.posted) == (0, [])
