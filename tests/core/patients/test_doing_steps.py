"""What patients are about to do is done once: by two processes, after a failure in the middle, and whatever became of the letter."""

from datetime import timedelta

import pytest

from mss_sim.clock import SECOND
from mss_sim.core.access.identities import change_identity
from mss_sim.core.control import setting_faults
from mss_sim.core.mailbox import behaviours
from mss_sim.core.mailbox.mailboxes import remove_mailbox
from mss_sim.faults.actions import Hold
from mss_sim.faults.rules import Match
from mss_sim.mail.parse import parse
from mss_sim.policy.behaviours import Reaction, Step
from mss_sim.store import planned_steps
from mss_sim.vocabulary.behaviours import ReceiptForm, StepAct
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.faults import Point
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2
from tests.core.towns import IDNATS, OpenTown, Town


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


async def test_a_patient_whose_portal_is_down_tries_again_after_ten_minutes(town: Town) -> None:
    for patient in (PATIENT, PATIENT2):
        await behaviours.set_behaviour(town.world, patient, (Reaction((Step(StepAct.OPEN),)),))
    held = setting_faults.add(town.world, Point.PATIENT, Hold(), Match(address=PATIENT), count=None)
    await town.send("doctor", DOCTOR, [PATIENT, PATIENT2])
    assert [(one.mailbox, one.kind) for one in await town.core.patients.work()] == [(PATIENT2, FiredKind.OPENED)]
    assert await town.core.patients.next_at() == town.clock.now() + 600 * SECOND
    town.world.faults.remove(held.rule.id)
    town.clock.advance(timedelta(minutes=10))
    assert [(one.mailbox, one.kind, one.who) for one in await town.core.patients.work()] == [(PATIENT, FiredKind.OPENED, DOCTOR)]


async def test_a_patient_forwards_a_letter_whole_to_who_wrote_it(town: Town) -> None:
    await behaviours.set_behaviour(town.world, PATIENT, (Reaction((Step(StepAct.FORWARD, address=DOCTOR),)),))
    await town.send("doctor", DOCTOR, PATIENT)
    assert [(one.kind, one.who) for one in await town.core.patients.work()] == [(FiredKind.FORWARDED, DOCTOR)]
    (item,) = await town.lying(DOCTOR)
    parsed = parse(await town.raw(item))
    assert (parsed.subject, parsed.from_[0][1], DOCTOR in parsed.text) == ("Fwd: Bonjour", PATIENT, True)


async def test_of_two_letters_with_one_message_id_each_answer_is_about_its_own(town: Town) -> None:
    await behaviours.set_behaviour(town.world, PATIENT, (Reaction((Step(StepAct.ANSWER),)),))
    for who, address in (("doctor", DOCTOR), ("hospital", HOSPITAL)):
        await town.send(who, address, PATIENT, Message_ID="<one@test>")
    assert [one.kind for one in await town.core.patients.work()] == [FiredKind.ANSWERED] * 2
    came = {one.message.return_path: one.message.thread_id for one in await town.lying(PATIENT)}
    sent = await town.lying(PATIENT, "Sent")
    for address in (DOCTOR, HOSPITAL):
        assert await town.subjects(address) == ["Re: Bonjour"]
    assert {one.message.thread_id for one in sent} == set(came.values())


async def test_a_letter_that_was_accepted_comes_back_once(open_town: OpenTown) -> None:
    async with open_town(mes_refusal="bounce") as town:
        await town.send("doctor", DOCTOR, f"199999999999999@{PATIENT.partition('@')[2]}")
        town.clock.advance(timedelta(hours=1))
        assert [(one.kind, one.who) for one in await town.core.patients.work()] == [(FiredKind.RETURNED, DOCTOR)]
        assert len(await town.lying(DOCTOR)) == 1
        assert await town.core.patients.work() == []
