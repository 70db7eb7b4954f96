"""What a letter does to the rights of patients to answer, and who may answer."""

import contextlib
from datetime import timedelta

import pytest

from mss_sim.core.conversations.answer_rights import check_answer
from mss_sim.errors import Rule
from mss_sim.store import conversations
from mss_sim.store.conversations import AnswerRightRow
from mss_sim.store.messages import MessageRef
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PATIENT2, PRACTICE
from tests.core.towns import OpenTown, Town, refused


async def _rights(town: Town, address: str = DOCTOR, patient: str = PATIENT) -> list[AnswerRightRow]:
    ids = [(await town.mailbox(one)).id for one in (patient, address)]
    return await town.world.store.read(lambda conn: conversations.rights_between(conn, ids[0], ids[1]))


async def test_a_letter_that_arrives_gives_its_patient_a_right_and_a_professional_none(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, [PATIENT, HOSPITAL])
    (right,) = await _rights(town)
    doctor = await town.mailbox(DOCTOR)
    assert (right.message_id, right.thread_id, right.given_at) == (sent.message_id, sent.message_id, town.clock.now())
    assert (right.mailbox_id, right.origin_mailbox_id, right.withdrawn_at, right.cause) == (doctor.id, doctor.id, None, None)
    await town.send("patient", PATIENT, DOCTOR)
    assert await _rights(town) == [right]


async def test_a_letter_that_waits_gives_no_right_before_it_arrives(open_town: OpenTown) -> None:
    async with open_town() as town:
        await town.change(PATIENT, state=MailboxState.SUSPENDED)
        sent = await town.send("doctor", DOCTOR, PATIENT)
        assert await _rights(town) == []
        await town.change(PATIENT, state=MailboxState.ACTIVE)
        with refused(Rule.NOT_INVITED):
            await town.send("patient", PATIENT, DOCTOR)
        town.clock.advance(timedelta(minutes=1))
        assert await town.core.queue.work() == 1
        assert [right.message_id for right in await _rights(town)] == [sent.message_id]
        await town.send("patient", PATIENT, DOCTOR)


async def test_the_fin_of_a_subject_withdraws_all_and_that_of_a_header_its_conversation(town: Town) -> None:
    first = await town.send("doctor", DOCTOR, [PATIENT, PATIENT2])
    await town.send("doctor", DOCTOR, PATIENT)
    await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN", In_Reply_To=first.rfc_message_id or "")
    rights = await _rights(town)
    assert [right.cause for right in rights] == [ClosureCause.FIN_HEADER, None, ClosureCause.FIN_HEADER]
    assert [right.withdrawn_at for right in rights] == [town.clock.now(), None, town.clock.now()]
    await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    assert [right.cause for right in await _rights(town)] == [
        ClosureCause.FIN_HEADER,
        ClosureCause.FIN_SUBJECT,
        ClosureCause.FIN_HEADER,
        ClosureCause.FIN_SUBJECT,
    ]
    assert [right.cause for right in await _rights(town, patient=PATIENT2)] == [None]


async def test_by_a_setting_the_fin_of_a_header_closes_its_own_letter_alone(open_town: OpenTown) -> None:
    async with open_town(patient_fin_header_scope="message") as town:
        first = await town.send("doctor", DOCTOR, PATIENT)
        await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN", In_Reply_To=first.rfc_message_id or "")
        assert [right.cause for right in await _rights(town)] == [None, ClosureCause.FIN_HEADER]


async def test_what_closes_does_so_when_it_is_accepted_though_the_patient_takes_no_mail(town: Town) -> None:
    await town.send("doctor", DOCTOR, PATIENT)
    await town.change(PATIENT, state=MailboxState.SUSPENDED)
    await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    assert [right.cause for right in await _rights(town)][:1] == [ClosureCause.FIN_SUBJECT]
    await town.change(PATIENT, state=MailboxState.ACTIVE)
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, DOCTOR)


@pytest.mark.parametrize(
    ("reopened", "causes"), [(True, [ClosureCause.FIN_SUBJECT] * 2 + [None] * 2), (False, [ClosureCause.FIN_SUBJECT] * 4)]
)
async def test_a_letter_after_a_closure_opens_again_or_by_a_setting_does_not(
    open_town: OpenTown, reopened: bool, causes: list[ClosureCause | None]
) -> None:
    async with open_town(patient_reopened_by_letter=reopened) as town:
        first = await town.send("doctor", DOCTOR, PATIENT)
        await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
        closed_at = town.clock.now()
        town.clock.advance(timedelta(minutes=1))
        await town.send("doctor", DOCTOR, PATIENT, In_Reply_To=first.rfc_message_id or "")
        await town.send("doctor", DOCTOR, PATIENT, "Autre sujet")
        rights = await _rights(town)
        assert [right.cause for right in rights] == causes
        assert {right.withdrawn_at for right in rights} == ({closed_at, None} if reopened else {closed_at})
        assert [right.cause for right in await _rights(town, patient=PATIENT2)] == []


async def test_by_the_setting_a_conversation_stays_closed_and_the_others_open(open_town: OpenTown) -> None:
    async with open_town(patient_reopened_by_letter=False) as town:
        first = await town.send("doctor", DOCTOR, PATIENT)
        other = await town.send("doctor", DOCTOR, PATIENT)
        await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN", In_Reply_To=first.rfc_message_id or "")
        await town.send("doctor", DOCTOR, PATIENT, In_Reply_To=first.rfc_message_id or "")
        await town.send("doctor", DOCTOR, PATIENT, In_Reply_To=other.rfc_message_id or "")
        fin = ClosureCause.FIN_HEADER
        assert [right.cause for right in await _rights(town)] == [fin, None, fin, fin, None]


async def test_a_letter_of_the_same_group_that_leaves_after_the_fin_stays_open(town: Town) -> None:
    await town.change(PATIENT, state=MailboxState.SUSPENDED)
    before, fin, after = [await town.written("doctor", DOCTOR, [PATIENT], subject) for subject in ("Avant", "[FIN]", "Après")]
    await town.deliver(before, fin, after)
    await town.change(PATIENT, state=MailboxState.ACTIVE)
    town.clock.advance(timedelta(minutes=1))
    await town.core.queue.work()
    causes = {right.message_id: right.cause for right in await _rights(town)}
    assert causes == {before.id: ClosureCause.FIN_SUBJECT, fin.id: ClosureCause.FIN_SUBJECT, after.id: None}


@pytest.mark.parametrize(
    ("reply_to", "answers"),
    [
        (PRACTICE, {PRACTICE}),
        (f"{PRACTICE}, {DOCTOR2}", {PRACTICE, DOCTOR2}),
        ("x@example.org", {DOCTOR}),
        (PATIENT2, {DOCTOR}),
        (f"{PATIENT2}, {PRACTICE}", {PRACTICE}),
    ],
)
async def test_professional_reply_to_mailboxes_take_the_senders_place_and_no_others(town: Town, reply_to: str, answers: set[str]) -> None:
    await town.send("doctor", DOCTOR, PATIENT, Reply_To=reply_to)
    assert {address for address in (DOCTOR, DOCTOR2, PRACTICE, PATIENT2) if await _rights(town, address)} == answers


async def _check(town: Town, address: str, answered: MessageRef | None = None) -> None:
    patient, mailbox = await town.mailbox(PATIENT), await town.mailbox(address)
    await town.world.store.read(lambda conn: check_answer(town.world, conn, patient, address, mailbox, answered))


async def test_who_never_wrote_is_not_answered_and_who_closed_is_told_apart(town: Town) -> None:
    with refused(Rule.NOT_INVITED):
        await _check(town, DOCTOR)
    await town.send("doctor", DOCTOR, PATIENT)
    await _check(town, DOCTOR)
    await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    with refused(Rule.CONVERSATION_CLOSED):
        await _check(town, DOCTOR)
    with refused(Rule.NOT_INVITED):
        await _check(town, DOCTOR2)


@pytest.mark.parametrize(("scope", "closed"), [("conversation", (True, True)), ("message", (False, True))])
async def test_the_letter_that_is_answered_decides_by_its_conversation_or_by_itself(
    open_town: OpenTown, scope: str, closed: tuple[bool, bool]
) -> None:
    """Two letters of one conversation, the second with the mark; a letter of another one keeps a right open."""
    async with open_town(patient_fin_header_scope=scope) as town:
        first = await town.send("doctor", DOCTOR, PATIENT)
        second = await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN", In_Reply_To=first.rfc_message_id or "")
        await town.send("doctor", DOCTOR, PATIENT)
        for sent, shut in zip((first, second), closed, strict=True):
            with refused(Rule.CONVERSATION_CLOSED) if shut else contextlib.nullcontext():
                await _check(town, DOCTOR, MessageRef(first.message_id, sent.message_id))
        third = await town.send("doctor", DOCTOR, PATIENT, In_Reply_To=first.rfc_message_id or "")
        await _check(town, DOCTOR, MessageRef(first.message_id, third.message_id))
        with refused(Rule.CONVERSATION_CLOSED) if scope == "message" else contextlib.nullcontext():
            await _check(town, DOCTOR, MessageRef(first.message_id, second.message_id))
