"""Behaviours of mailboxes: whose they are, and what they plan."""

from mss_sim.clock import HOUR
from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailbox.mailboxes import remove_mailbox
from mss_sim.errors import Rule
from mss_sim.policy.behaviours import Reaction, Step
from mss_sim.vocabulary.behaviours import StepAct
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2
from tests.core.towns import OpenTown, Town, refused


async def test_a_mailbox_that_is_removed_plans_nothing_more_nor_one_with_another_behaviour(town: Town) -> None:
    for change in (lambda: behaviours.set_behaviour(town.world, PATIENT, "never-opens"), lambda: remove_mailbox(town.world, PATIENT)):
        await behaviours.set_behaviour(town.world, PATIENT, "opens-next-day")
        await town.send("doctor", DOCTOR, PATIENT)
        assert await town.core.patients.next_at() == town.clock.now() + 24 * HOUR
        await change()
        assert await town.core.patients.next_at() is None


async def test_steps_come_one_after_another_each_so_long_after_the_one_before(town: Town) -> None:
    steps = (Step(StepAct.OPEN, "PT1H"), Step(StepAct.ANSWER, "PT1H"), Step(StepAct.DELETE, "P1M"))
    await behaviours.set_behaviour(town.world, PATIENT, (Reaction(steps),))
    start = town.clock.now()
    await town.send("doctor", DOCTOR, PATIENT)
    due = [(one.act, one.due_at - start) for one in await behaviours.pending(town.world, PATIENT)]
    assert due == [(StepAct.OPEN, HOUR), (StepAct.ANSWER, 2 * HOUR), (StepAct.DELETE, 31 * 24 * HOUR + 2 * HOUR)]


async def test_the_world_says_what_patients_do_who_have_no_behaviour_and_no_professional_follows(open_town: OpenTown) -> None:
    async with open_town(patient_behaviour="opens-at-once") as town:
        await town.send("doctor", DOCTOR, [PATIENT, HOSPITAL])
        await behaviours.set_behaviour(town.world, PATIENT2, "never-opens")
        await town.send("doctor", DOCTOR, PATIENT2)
        assert [(one.kind, one.mailbox) for one in await town.core.patients.work()] == [(FiredKind.OPENED, PATIENT)]
        (line,) = [line for line in await town.told(PATIENT) if line.act.value == "message.read"]
        assert line.door is Door.MES


async def test_a_behaviour_that_nobody_knows_is_refused_and_the_known_ones_are_named(town: Town) -> None:
    with refused(Rule.INVALID, "There is no behaviour sleeps; there are by-hand, never-opens, opens-at-once, "):
        await behaviours.set_behaviour(town.world, PATIENT, "sleeps")
