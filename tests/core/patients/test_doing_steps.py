"""What patients are about to do is done once: by two processes, after a failure in the middle, and whatever became of the letter."""

from datetime import timedelta

import pytest

from mss_sim.core.access.identities import change_identity
from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailbox.mailboxes import remove_mailbox
from mss_sim.mail.parse import parse
from mss_sim.policy.behaviours import Reaction, Step
from mss_sim.store import planned_steps
from mss_sim.vocabulary.behaviours import ReceiptForm, StepAct
from mss_sim.vocabulary.clock import FiredKind
from tests.clients import DOCTOR, PATIENT, PATIENT2
from tests.core.towns import IDNATS, Town


async def test_an_answer_that_was_sent_before_its_step_was_taken_out_is_not_sent_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a kill between the two commits."""
    await behaviours.set_behaviour(town.world, PATIENT, (Reaction((Step(StepAct.ANSWER),)),))
    await town.send("doctor", DOCTOR, PATIENT)
    with monkeypatch.context() as broken:
        broken.setattr(planned_steps, "take", lambda _conn, _id: 1 / 0)
        assert await town.core.patients.work() == []
    assert await town.subjects(DOCTOR) == ["Re: Bonjour"]
    assert await town.core.patients.next_at() is not None
    assert [one.kind for one in await town.core.patients.work()] == [FiredKind.ANSWERED]
    assert await town.subjects(DOCTOR) == ["Re: Bonjour"]


async def test_a_receipt_that_cannot_be_sent_leaves_no_trace_of_having_been(town: Town) -> None:
    """The mailbox that asked for it is gone: the letter is opened, and a receipt is still due."""
    await behaviours.set_behaviour(town.world, PATIENT, "opens-at-once")
    await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
    await remove_mailbox(town.world, DOCTOR)
    assert [one.kind for one in await town.core.patients.work()] == [FiredKind.OPENED]
    (item,) = await town.lying(PATIENT)
    assert (item.copy.keywords, await town.acts(PATIENT)) == (
        "",
        ["mailbox.changed", "message.received", "message.read", "message.flagged"],
    )


async def test_a_letter_that_is_gone_and_a_reader_who_may_not_act_make_a_step_void(town: Town) -> None:
    await behaviours.set_behaviour(town.world, PATIENT, (Reaction((Step(StepAct.DELETE), Step(StepAct.OPEN), Step(StepAct.ANSWER))),))
    await behaviours.set_behaviour(town.world, PATIENT2, "answers")
    await town.send("doctor", DOCTOR, [PATIENT, PATIENT2])
    await change_identity(town.world, IDNATS["patient2"], {"enabled": False}, None, None)
    town.clock.advance(timedelta(hours=1))
    told = [(one.mailbox, one.kind) for one in await town.core.patients.work()]
    assert sorted(told) == sorted(
        [
            (PATIENT, FiredKind.DELETED),
            (PATIENT, FiredKind.VOID),
            (PATIENT, FiredKind.VOID),
            (PATIENT2, FiredKind.VOID),
            (PATIENT2, FiredKind.REFUSED),
        ]
    )
    assert await town.core.patients.next_at() is None


@pytest.mark.parametrize("form", list(ReceiptForm))
async def test_each_form_of_a_receipt_leaves_once_or_twice(town: Town, form: ReceiptForm) -> None:
    await behaviours.set_behaviour(
        town.world, PATIENT, (Reaction((Step(StepAct.OPEN, receipt=form), Step(StepAct.RECEIPT, receipt=form))),)
    )
    await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
    await town.core.patients.work()
    assert len(await town.subjects(DOCTOR)) == {ReceiptForm.NONE: 0, ReceiptForm.TWICE: 2}.get(form, 1)


async def test_an_answer_is_signed_by_the_label_of_the_mailbox_or_the_name_of_its_holder(town: Town) -> None:
    await behaviours.set_behaviour(town.world, PATIENT, (Reaction((Step(StepAct.ANSWER),)),))
    for label, name in (("Famille FONTAINE", "Famille FONTAINE"), ("", "Claire FONTAINE")):
        await town.change(PATIENT, label=label)
        await town.send("doctor", DOCTOR, PATIENT)
        await town.core.patients.work()
        newest, *_ = await town.lying(DOCTOR)
        assert parse(await town.raw(newest)).from_ == ((name, PATIENT),)
