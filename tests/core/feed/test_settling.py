"""A world has settled once nothing is under way and nothing is due, whoever asks."""

from datetime import timedelta

import pytest

from tests.clients import DOCTOR, PATIENT, PRACTICE
from tests.core.scenarios.playing import failing, passing
from tests.core.towns import Town
from tests.parcels import letter


async def test_a_world_without_letters_has_settled(town: Town) -> None:
    assert await town.core.settling.over()


async def test_letters_that_are_to_be_diagnosed_keep_a_world_from_it(town: Town) -> None:
    await town.change(PRACTICE, keeps_diagnoses=True)
    await town.bring("camille@elsewhere.mssante.fr", PRACTICE, raw=letter())
    assert not await town.core.settling.over()
    expected, _ = await failing(town, "settle: {timeout: 0}")
    assert expected == "rest within 0.0 s"
    await town.core.kept_diagnoses.work()
    assert await town.core.settling.over()
    await passing(town, "settle: {timeout: 0}")


@pytest.mark.parametrize("worker", ["queue", "patients", "webhooks"])
async def test_what_is_due_keeps_a_world_from_it_and_what_comes_later_does_not(
    town: Town, worker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = town.clock.now() + 1

    async def next_at(_: object) -> int:
        return at

    monkeypatch.setattr(type(getattr(town.core, worker)), "next_at", next_at)
    assert await town.core.settling.over()
    town.clock.advance(timedelta(seconds=1))
    assert not await town.core.settling.over()


@pytest.mark.parametrize("worker", ["queue", "webhooks"])
async def test_what_is_under_way_keeps_a_world_from_it(town: Town, worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(getattr(town.core, worker)), "busy", property(lambda _: True))
    assert not await town.core.settling.over()


async def test_what_a_try_gives_to_others_as_it_ends_keeps_a_world_from_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The try ends, and an event is to be posted, after one has asked the queue when it is due and before one asks whether it is busy."""
    ended = False

    def busy(_: object) -> bool:
        nonlocal ended
        ended = True
        return False

    async def next_at(_: object) -> int | None:
        return town.clock.now() if ended else None

    monkeypatch.setattr(type(town.core.queue), "busy", property(busy))
    monkeypatch.setattr(type(town.core.webhooks), "next_at", next_at)
    assert not await town.core.settling.over()


async def test_what_is_given_to_one_that_was_looked_at_already_keeps_a_world_from_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter arrives while the webhooks are looked at, and its patient opens it at once."""
    arrived = False

    async def posted_at(_: object) -> None:
        nonlocal arrived
        if not arrived:
            arrived = True
            await town.send("doctor", DOCTOR, PATIENT)

    async def opened_at(_: object) -> int | None:
        return town.clock.now() if arrived else None

    monkeypatch.setattr(type(town.core.webhooks), "next_at", posted_at)
    monkeypatch.setattr(type(town.core.patients), "next_at", opened_at)
    assert not await town.core.settling.over()


async def test_a_world_in_which_others_go_on_writing_has_not_settled_yet(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    async def posted_at(_: object) -> None:
        nonlocal looked
        looked += 1
        if looked <= 3:
            await town.send("doctor", DOCTOR, PRACTICE)

    monkeypatch.setattr(type(town.core.webhooks), "next_at", posted_at)
    assert not await town.core.settling.over()
    assert looked == 3
    assert await town.core.settling.over()
