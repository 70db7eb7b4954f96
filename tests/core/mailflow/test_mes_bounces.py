"""Letters that were accepted come back, and tell which ones they were."""

from datetime import timedelta

import pytest

from mss_sim.clock import SECOND
from mss_sim.core.mailbox import behaviours
from mss_sim.errors import Rule
from mss_sim.policy.behaviours import Reaction, Step
from mss_sim.vocabulary.behaviours import BounceForm, StepAct
from mss_sim.vocabulary.clock import FiredKind
from tests.clients import DOCTOR, HOSPITAL, PATIENT
from tests.core.towns import OpenTown, refused


@pytest.mark.parametrize("form", list(BounceForm))
async def test_a_returned_letter_tells_which_one_it_was_in_each_form(open_town: OpenTown, form: BounceForm) -> None:
    async with open_town(mes_bounce_form=form.value) as town:
        await behaviours.set_behaviour(town.world, PATIENT, "bounces-later")
        await town.send("doctor", DOCTOR, PATIENT, Message_ID="<a@b.fr>")
        town.clock.advance(timedelta(minutes=2))
        assert [one.kind for one in await town.core.patients.work()] == [FiredKind.RETURNED]
        (item,) = await town.lying(DOCTOR)
        assert b"In-Reply-To: <a@b.fr>" in await town.raw(item)
        assert item.message.received_at == town.clock.now() >= SECOND


async def test_a_letter_without_a_return_path_and_one_without_its_bytes_do_not_come_back(open_town: OpenTown) -> None:
    async with open_town(mes_refusal="bounce") as town:
        nobody = "255062a00401251@patient.mssante.fr"
        await town.bring("", nobody, author="mailer-daemon@hopital-ormes.sim.mssante.fr")
        assert await town.core.patients.next_at() is None
        await behaviours.set_behaviour(town.world, PATIENT, (Reaction((Step(StepAct.DELETE), Step(StepAct.BOUNCE))),))
        await town.send("doctor", DOCTOR, PATIENT)
        assert [one.kind for one in await town.core.patients.work()] == [FiredKind.DELETED, FiredKind.RETURNED]
        assert await town.subjects(DOCTOR) == ["Message non distribué"], "its own copy in Sent has the bytes"


async def test_by_the_setting_a_letter_for_nobody_waits_a_second_and_another_operator_still_refuses(open_town: OpenTown) -> None:
    async with open_town(mes_refusal="bounce") as town:
        await town.bring(HOSPITAL, "255062a00401251@patient.mssante.fr")
        assert await town.core.patients.next_at() == town.clock.now() + SECOND
        with refused(Rule.UNKNOWN_MAILBOX):
            await town.core.reception.check_recipient("personne@medecin.sim.mssante.fr", 0)
