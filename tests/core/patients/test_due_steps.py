"""What is due is done once, by whoever comes first, and stays due when it could not be done."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from mss_sim.core.access.identities import change_identity
from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailflow.letter import Accepted, Letter
from mss_sim.core.patients.doing_steps import Steps
from mss_sim.core.patients.due_steps import Patients
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.behaviours import PRESETS
from mss_sim.store import mailboxes
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.words.sentence import say
from tests.clients import DOCTOR, PATIENT, PATIENT2
from tests.core.towns import IDNATS, OpenTown, Town


def _twin(town: Town) -> Patients:
    """The same world as another process would see it."""
    core = town.core
    steps = Steps(town.world, core.submission._delivery, core.submission, core.receipts)  # noqa: SLF001 - assembled as in `assemble`
    return Patients(town.world, steps)


@pytest.mark.parametrize("name", ["opens-at-once", "answers", "deletes-unread", "bounces-later", "closes-account"])
async def test_two_who_do_the_same_steps_do_each_once(town: Town, name: str) -> None:
    await behaviours.set_behaviour(town.world, PATIENT, name)
    await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
    count = len(await behaviours.pending(town.world, PATIENT))
    town.clock.advance(timedelta(hours=1))
    fired = await asyncio.gather(town.core.patients.work(), _twin(town).work())
    assert [len(fired[0]) + len(fired[1]), await town.core.patients.next_at()] == [count, None]
    assert len(await town.subjects(DOCTOR)) == {"opens-at-once": 1, "answers": 2, "bounces-later": 1, "closes-account": 1}.get(name, 0)


async def test_a_store_that_does_not_answer_keeps_the_step_for_later(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await behaviours.set_behaviour(town.world, PATIENT, "answers")
    await town.send("doctor", DOCTOR, PATIENT)
    town.clock.advance(timedelta(hours=1))

    async def refuse(*_: object) -> None:
        raise Refusal(Rule.STORE_UNAVAILABLE, say("The store does not answer; nothing was kept, try again later."))

    with monkeypatch.context() as broken:
        broken.setattr(town.core.submission, "submit", refuse)
        assert [one.kind for one in await town.core.patients.work()] == [FiredKind.OPENED]
    assert [one.kind for one in await town.core.patients.work()] == [FiredKind.ANSWERED]


async def test_every_behaviour_with_a_name_runs_to_its_end(open_town: OpenTown) -> None:
    async with open_town() as town:
        for name in PRESETS:
            await town.change(PATIENT, behaviour=name, state="active")
            await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
            town.clock.advance(timedelta(days=3))
            assert FiredKind.VOID not in {one.kind for one in await town.core.patients.work()}, name
        assert await town.core.patients.next_at() is None


async def test_letters_that_are_opened_together_send_their_receipts_together(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself costs as much as many: 10,000 patients read their results on one morning."""
    patients = [PATIENT, PATIENT2]
    for address in patients:
        await behaviours.set_behaviour(town.world, address, "opens-at-once")
    await town.send("doctor", DOCTOR, patients, Disposition_Notification_To=DOCTOR)
    delivery = town.core.submission._delivery  # noqa: SLF001 - as in `_twin`
    deliver, groups = delivery.deliver, list[int]()

    def counted(conn: Connection, letters: Sequence[Letter]) -> list[Accepted | Exception]:
        groups.append(len(letters))
        return deliver(conn, letters)

    monkeypatch.setattr(delivery, "deliver", counted)
    assert [one.kind for one in await town.core.patients.work()] == [FiredKind.OPENED, FiredKind.OPENED]
    assert groups == [2]
    assert len(await town.subjects(DOCTOR)) == 2


async def test_one_of_many_who_may_not_act_keeps_nobody_else_from_it(town: Town) -> None:
    for address in (PATIENT, PATIENT2):
        await behaviours.set_behaviour(town.world, address, "opens-at-once")
    await town.send("doctor", DOCTOR, [PATIENT, PATIENT2], Disposition_Notification_To=DOCTOR)
    await change_identity(town.world, IDNATS["patient2"], {"enabled": False}, None, None)
    assert sorted((one.mailbox, one.kind) for one in await town.core.patients.work()) == sorted(
        [(PATIENT, FiredKind.OPENED), (PATIENT2, FiredKind.VOID)]
    )
    assert len(await town.subjects(DOCTOR)) == 1


async def test_no_statement_is_built_anew_for_a_letter_that_is_opened(town: Town) -> None:
    """SQLAlchemy takes longer to build a statement than SQLite to run it."""
    await behaviours.set_behaviour(town.world, PATIENT, "opens-at-once")
    await town.send("doctor", DOCTOR, PATIENT)  # the directory is read once
    assert [one.kind for one in await town.core.patients.work()] == [FiredKind.OPENED]
    built, box = list[str](), await town.mailbox(PATIENT)

    def note(*said: Any) -> None:
        built.append(said[2])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
        assert [one.kind for one in await town.core.patients.work()] == [FiredKind.OPENED]
        assert await town.world.store.read_briefly(mailboxes.addresses, [box.id]) == {box.id: PATIENT}, "as the log asks"
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert built == []
