"""What an act of closing withdraws: what the patient got, and what is still on its way to him."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mss_sim.core.conversations import conversations, withdrawn_rights
from mss_sim.core.conversations.withdrawn_rights import Closing
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.models.tables import answer_rights
from mss_sim.store import mailboxes
from mss_sim.store.conversations import AnswerRightRow, reopen_thread
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, PRACTICE
from tests.core.towns import Town


async def _rows(town: Town) -> list[AnswerRightRow]:
    """Every right, given or withdrawn ahead, in order."""
    rows = await town.world.store.read(lambda conn: conn.execute(select(*answer_rights.c).order_by(answer_rights.c.id)).all())
    return [AnswerRightRow(**{**row._mapping, "cause": ClosureCause(row.cause) if row.cause else None}) for row in rows]  # noqa: SLF001


async def _withdraw(
    town: Town, address: str = DOCTOR, *, thread: Accepted | None = None, patient: str | None = None, after: int = 0
) -> int:
    mailbox = await town.mailbox(address)
    towards = (await town.world.store.read(mailboxes.lock_for_delivery, [patient]))[patient] if patient else None
    act = Closing(mailbox, town.clock.now(), ClosureCause.EXPLICIT, thread.message_id if thread else None, towards, frozenset({after}))
    return await town.world.store.write(lambda conn: withdrawn_rights.withdraw(town.world, conn, act))


async def _waits(town: Town, subject: str = "Bonjour", *, sender: str = DOCTOR, **headers: Any) -> Accepted:
    """A letter that waits for a patient whose mailbox takes no mail for now."""
    await town.change(PATIENT, state=MailboxState.SUSPENDED)
    return await town.send("doctor", sender, PATIENT, subject, **headers)


async def _arrive(town: Town) -> None:
    await town.change(PATIENT, state=MailboxState.ACTIVE)
    town.clock.advance(timedelta(minutes=1))
    await town.core.queue.work()


async def test_what_was_given_is_withdrawn_in_one_conversation_or_towards_one_patient(town: Town) -> None:
    first = await town.send("doctor", DOCTOR, [PATIENT, PATIENT2])
    second = await town.send("doctor", DOCTOR, PATIENT)
    await town.send("hospital", HOSPITAL, PATIENT)
    assert await _withdraw(town, thread=first) == 2
    assert [row.withdrawn_at is None for row in await _rows(town)] == [False, False, True, True]
    assert await _withdraw(town, thread=first) == 0
    assert await _withdraw(town, patient=PATIENT) == 1
    assert {row.message_id for row in await _rows(town) if row.withdrawn_at is None} & {second.message_id} == set()
    assert len([row for row in await _rows(town) if row.withdrawn_at is None]) == 1, "another mailbox's right stays"


async def test_a_letter_on_its_way_is_marked_once_and_arrives_closed(town: Town) -> None:
    sent = await _waits(town)
    assert await _withdraw(town, thread=sent) == 1
    (mark,) = await _rows(town)
    assert (mark.message_id, mark.ahead, mark.withdrawn_at, mark.cause) == (sent.message_id, True, town.clock.now(), ClosureCause.EXPLICIT)
    assert await _withdraw(town, thread=sent) == 0
    assert len(await _rows(town)) == 1
    at = town.clock.now()
    await _arrive(town)
    (row,) = await _rows(town)
    assert (row.ahead, row.withdrawn_at, row.cause, row.given_at) == (False, at, ClosureCause.EXPLICIT, town.clock.now())


async def test_a_letter_on_its_way_is_marked_with_the_letter_that_closes_it(town: Town) -> None:
    sent = await _waits(town)
    closing = await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    assert (sent.message_id, closing.message_id) in [(row.message_id, row.closing_message_id) for row in await _rows(town)]


async def test_a_letter_on_its_way_is_closed_by_its_sender_and_by_whom_answers_go_to_each_for_himself(town: Town) -> None:
    sent = await _waits(town, Reply_To=PRACTICE)
    assert [await _withdraw(town, address, thread=sent) for address in (DOCTOR, PRACTICE, DOCTOR, PRACTICE)] == [1, 1, 0, 0]
    closed_by = {(await town.mailbox(address)).id for address in (DOCTOR, PRACTICE)}
    assert {row.mailbox_id for row in await _rows(town) if row.ahead} == closed_by


async def test_an_act_towards_one_patient_leaves_what_is_on_its_way_to_the_other_open(town: Town) -> None:
    for address in (PATIENT, PATIENT2):
        await town.change(address, state=MailboxState.SUSPENDED)
    sent = await town.send("doctor", DOCTOR, [PATIENT, PATIENT2])
    assert await _withdraw(town, thread=sent, patient=PATIENT) == 1
    (mark,) = await _rows(town)
    assert mark.patient_mailbox_id == (await town.mailbox(PATIENT)).id


async def test_a_letter_that_leaves_after_the_act_is_left_open(town: Town) -> None:
    sent = await _waits(town)
    assert await _withdraw(town, patient=PATIENT, after=sent.message_id) == 0
    await _arrive(town)
    assert [row.withdrawn_at for row in await _rows(town)] == [None]


async def test_what_gives_no_right_needs_no_mark(town: Town) -> None:
    for subject, headers in (("[FIN]", {}), ("Fin", {"X_MSS_MES": "FIN"})):
        await _waits(town, subject, **headers)
    before = await _rows(town)
    assert await _withdraw(town, patient=PATIENT) == 0
    assert await _rows(town) == before


@pytest.mark.parametrize(("closes", "marked"), [(DOCTOR, 1), (PRACTICE, 1), (HOSPITAL, 0)])
async def test_a_letter_on_its_way_is_closed_by_its_sender_and_by_who_is_to_be_answered(town: Town, closes: str, marked: int) -> None:
    sent = await _waits(town, Reply_To=PRACTICE)
    assert await _withdraw(town, closes, thread=sent) == marked
    await _arrive(town)
    (right,) = await _rows(town)
    practice = await town.mailbox(PRACTICE)
    assert right.mailbox_id == practice.id
    assert (right.withdrawn_at is not None) == bool(marked)


async def test_of_two_who_are_to_be_answered_one_closes_for_himself_and_the_sender_for_both(town: Town) -> None:
    for closes, open_ in ((PRACTICE, {HOSPITAL}), (DOCTOR, set())):
        sent = await _waits(town, Reply_To=f"{PRACTICE}, {HOSPITAL}")
        await _withdraw(town, closes, thread=sent)
        await _arrive(town)
        rows = [row for row in await _rows(town) if row.message_id == sent.message_id]
        ids = {(await town.mailbox(address)).id: address for address in (PRACTICE, HOSPITAL)}
        assert {ids[row.mailbox_id] for row in rows if row.withdrawn_at is None} == open_


async def test_what_was_closed_ahead_and_reopened_arrives_open(town: Town) -> None:
    sent = await _waits(town)
    await _withdraw(town, thread=sent)
    box = await town.mailbox(DOCTOR)
    assert await town.world.store.write(lambda conn: reopen_thread(conn, sent.message_id, box.id)) == 1
    await _arrive(town)
    assert [row.withdrawn_at for row in await _rows(town)] == [None]


async def test_an_act_of_closing_through_the_door_reaches_what_is_on_its_way(town: Town) -> None:
    await town.send("doctor", DOCTOR, PATIENT2)
    first = (await town.lying(DOCTOR, "Sent"))[0]
    await _waits(town, In_Reply_To=first.message.rfc_message_id or "")
    closed = await conversations.close(town.world, await town.actor("doctor"), DOCTOR, first.message.thread_id)
    assert {side.right.withdrawn_at for side in closed.patients} == {town.clock.now()}
    await _arrive(town)
    assert all(row.withdrawn_at for row in await _rows(town))
