"""What a use of a mailbox is, noted at most once a day."""

from datetime import timedelta

import pytest

from mss_sim.clock import ManualClock, WorldClock
from mss_sim.core.access import authentication
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.mailboxes import change_mailbox
from mss_sim.core.world import uses
from mss_sim.core.world.store_types import ListQuery
from mss_sim.core.world.uses import Uses
from mss_sim.errors import Refusal
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, HOSPITAL, PRACTICE
from tests.core.towns import Town


def test_a_use_is_noted_once_a_day_and_taken_once() -> None:
    machine = ManualClock()
    noting = Uses(WorldClock(machine))
    began = machine.now()
    noting.note(1)
    noting.note(1)
    noting.note(2)
    assert (noting.take(), noting.take()) == ({1: began, 2: began}, {})
    machine.advance(timedelta(days=1) - timedelta(microseconds=1))
    noting.note(1)
    assert noting.take() == {}
    machine.advance(timedelta(microseconds=1))
    noting.note(1)
    assert noting.take() == {1: machine.now()}


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "_KEPT_MAX", 10)
    noting = Uses(WorldClock(ManualClock()))
    for number in range(100):
        noting.note(number)
    assert len(noting._noted) <= 10  # noqa: SLF001 - nothing else tells


async def _used(town: Town) -> set[int]:
    return set(town.world.uses.take())


async def test_log_ins_acts_and_letters_are_uses_and_nothing_else_is(town: Town) -> None:
    practice, doctor = await town.mailbox(PRACTICE), await town.mailbox(DOCTOR)
    await town.bring(HOSPITAL, PRACTICE)
    await change_mailbox(town.world, PRACTICE, {"label": "Cabinet"}, actor_id=None, door=Door.CONTROL)
    await messages.held_mailboxes(town.world, await town.actor("doctor"))
    with pytest.raises(Refusal):
        await town.send("hospital", DOCTOR, PRACTICE)
    assert await _used(town) == set()
    await messages.list_messages(town.world, await town.actor("secretary"), PRACTICE, ListQuery(0, 10))
    assert await _used(town) == {practice.id}
    await authentication.with_password(town.world, "camille.martin", "cabinet-2026", door=Door.REST)
    assert await _used(town) == set()
    await authentication.with_password(town.world, "camille.martin", "cabinet-2026", door=Door.IMAP)
    assert await _used(town) == {doctor.id}
    town.clock.advance(timedelta(days=2))
    for _ in range(2):
        await town.send("doctor", DOCTOR, HOSPITAL)
        assert await _used(town) == {doctor.id}
        town.clock.advance(timedelta(days=2))
