"""Conversations as one mailbox sees them: listed page by page, opened, closed and reopened towards patients."""

from collections.abc import AsyncIterator
from email.policy import SMTP
from random import Random
from typing import Any

import pytest

from mss_sim.app.simulator import Simulator
from mss_sim.core.access import authentication
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.conversations import conversations
from mss_sim.core.mailbox import appending, behaviours
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.errors import Rule
from mss_sim.ids import encode
from mss_sim.policy.behaviours import Reaction, Step
from mss_sim.vocabulary.behaviours import Occasion, StepAct
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, PRACTICE, WARD, Person, letter
from tests.conftest import StartSimulator
from tests.core.towns import IDNATS, Town, refused


@pytest.fixture
async def world(start: StartSimulator, database: str | None) -> AsyncIterator[Simulator]:
    async with start(database_url=database) as running:
        yield running


def _letter(number: int, thread: int) -> NewCopy:
    head = f"From: <{DOCTOR}>\r\nTo: {PRACTICE}\r\nMessage-ID: <{number}@test>\r\nIn-Reply-To: <root{thread}@test>\r\nSubject: {thread}"
    return NewCopy(f"{head}\r\n\r\nBonjour\r\n".encode())


@pytest.mark.parametrize("limit", [1, 3, 50])
async def test_pages_hold_each_conversation_once_by_its_newest_message(world: Simulator, limit: int) -> None:
    account = Person(world, "doctor").account
    doctor = await authentication.with_password(world.world, account["login"], account["password"], door=Door.REST)
    place = FolderRef(PRACTICE, "INBOX")
    for thread in range(8):
        root = f"From: <{DOCTOR}>\r\nMessage-ID: <root{thread}@test>\r\nSubject: {thread}\r\n\r\nx\r\n"
        await appending.append(world.world, doctor, place, NewCopy(root.encode()))
    said = [Random(7 + number).choice([0, 0, 0, 0, 1, 2, 3, 4, 5]) for number in range(60)]  # noqa: S311 - a script, not a secret
    for number, thread in enumerate(said):
        await appending.append(world.world, doctor, place, _letter(number, thread))
    order = list(dict.fromkeys([*reversed(said), 7, 6, 5, 4, 3, 2, 1, 0]))
    found: list[tuple[int, int]] = []
    before: int | None = None
    while page := await conversations.list_conversations(world.world, doctor, PRACTICE, before=before, limit=limit):
        assert len(page) <= limit
        found += [(int(one.newest.message.subject), one.thread.count) for one in page]
        before = page[-1].thread.last_copy_id
    assert found == [(thread, said.count(thread) + 1) for thread in order]


# Opened


async def test_a_conversation_is_opened_by_whoever_sees_the_mailbox_and_read_by_whoever_may(town: Town) -> None:
    first = await town.send("hospital", HOSPITAL, PRACTICE, "Un")
    await town.send("hospital", HOSPITAL, PRACTICE, "Deux", In_Reply_To=first.rfc_message_id or "")
    await town.send("hospital", HOSPITAL, PRACTICE, "Autre")
    await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE})))
    for who, readable in (("assistant", True), ("newcomer", False)):
        found = await conversations.open_conversation(town.world, await town.actor(who), PRACTICE, first.message_id)
        assert [item.message.subject for item in found.items] == ["Deux", "Un"]
        assert (found.thread.count, found.newest.message.subject, found.readable) == (2, "Deux", readable)
    with refused(Rule.NOT_FOUND, "that you may see"):
        await conversations.list_conversations(town.world, await town.actor("doctor"), WARD, before=None, limit=9)


async def test_a_conversation_that_does_not_lie_here_is_not_there(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, DOCTOR)
    doctor = await town.actor("doctor")
    for verb in (conversations.open_conversation, conversations.close, conversations.reopen):
        with refused(Rule.NOT_FOUND, "no such conversation"):
            await verb(town.world, doctor, PRACTICE, sent.message_id)


# Its patients


async def test_each_mailbox_of_a_conversation_sees_its_own_side_of_it(town: Town) -> None:
    """Two practices write in one conversation, each to a patient of its own: neither hears of the other's."""
    begun = await town.send("doctor", DOCTOR, [HOSPITAL, PATIENT])
    await town.send("hospital", HOSPITAL, [DOCTOR, PATIENT2], In_Reply_To=begun.rfc_message_id or "")
    seen = {}
    for who, address in (("doctor", DOCTOR), ("hospital", HOSPITAL), ("patient", PATIENT), ("patient2", PATIENT2)):
        found = await conversations.open_conversation(town.world, await town.actor(who), address, begun.message_id)
        seen[address] = [(side.patient, side.answers_to) for side in found.patients]
    assert seen == {
        DOCTOR: [(PATIENT, DOCTOR)],
        HOSPITAL: [(PATIENT2, HOSPITAL)],
        PATIENT: [(PATIENT, DOCTOR)],
        PATIENT2: [(PATIENT2, HOSPITAL)],
    }


async def test_a_patient_stands_as_his_newest_open_right_says_else_as_the_last_withdrawn(town: Town) -> None:
    first = await town.send("doctor", DOCTOR, PATIENT)
    doctor = await town.actor("doctor")
    await conversations.close(town.world, doctor, DOCTOR, first.message_id)
    await town.send("doctor", DOCTOR, PATIENT, In_Reply_To=first.rfc_message_id or "")
    (side,) = (await conversations.open_conversation(town.world, doctor, DOCTOR, first.message_id)).patients
    assert side.right.withdrawn_at is None
    await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    (side,) = (await conversations.open_conversation(town.world, doctor, DOCTOR, first.message_id)).patients
    assert (side.patient, side.right.withdrawn_at, side.right.cause) == (PATIENT, town.clock.now(), ClosureCause.FIN_SUBJECT)


# Closed and reopened


async def test_closing_and_reopening_are_told_by_whom_by_which_grant_and_towards_whom(town: Town) -> None:
    sent = await town.send("doctor", PRACTICE, [PATIENT, PATIENT2])
    secretary = await town.actor("secretary")
    closed = await conversations.close(town.world, secretary, PRACTICE, sent.message_id)
    assert {side.right.cause for side in closed.patients} == {ClosureCause.EXPLICIT}
    for patient, address in (("patient", PATIENT), ("patient2", PATIENT2)):
        with refused(Rule.CONVERSATION_CLOSED):
            await town.send(patient, address, PRACTICE)
    opened = await conversations.reopen(town.world, secretary, PRACTICE, sent.message_id)
    assert {side.right.withdrawn_at for side in opened.patients} == {None}
    await town.send("patient", PATIENT, PRACTICE)
    reopening, closing = [line for line in await town.told(PRACTICE) if line.act in (Act.CLOSED, Act.REOPENED)]
    for line, act in ((closing, Act.CLOSED), (reopening, Act.REOPENED)):
        assert (line.act, line.door, line.actor_id) == (act, Door.REST, secretary.identity.id)
        assert line.grant_id is not None
        assert line.detail is not None
        assert (line.detail["conversation"], line.detail["rights"]) == (encode(sent.message_id), 2)
        assert sorted(line.detail["patients"]) == sorted([PATIENT, PATIENT2])


async def test_a_patient_who_wrote_first_is_counted_among_those_who_are_closed_to(town: Town) -> None:
    await town.change(PRACTICE, patients_may_write=True)
    sent = await town.send("patient", PATIENT, PRACTICE)
    await conversations.close(town.world, await town.actor("secretary"), PRACTICE, sent.message_id)
    (line,) = [line for line in await town.told(PRACTICE) if line.act is Act.CLOSED]
    assert line.detail == {"conversation": encode(sent.message_id), "patients": [PATIENT], "rights": 1}


@pytest.mark.parametrize("with_file", [False, True])
async def test_a_patient_does_what_he_does_when_an_exchange_is_closed_by_the_letter_that_he_had(town: Town, with_file: bool) -> None:
    await behaviours.set_behaviour(town.world, PATIENT, (Reaction((Step(StepAct.OPEN),), Occasion.CLOSED, has_files=True),))
    message = letter(DOCTOR, PATIENT)
    if with_file:
        message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="a.pdf")
    sent = await town.send("doctor", DOCTOR, PATIENT, raw=message.as_bytes(policy=SMTP))
    await conversations.close(town.world, await town.actor("doctor"), DOCTOR, sent.message_id)
    assert [one.act for one in await behaviours.pending(town.world, PATIENT)] == [StepAct.OPEN] * with_file


@pytest.mark.parametrize("verb", [conversations.close, conversations.reopen])
async def test_who_may_not_close_neither_closes_nor_reopens(town: Town, verb: Any) -> None:
    sent = await town.send("doctor", PRACTICE, PATIENT)
    before = await town.acts(PRACTICE)
    for who, rule in (("assistant", Rule.RIGHT_MISSING), ("hospital", Rule.NOT_FOUND)):
        with refused(rule):
            await verb(town.world, await town.actor(who), PRACTICE, sent.message_id)
    with refused(Rule.RIGHT_MISSING, "not by the patient"):
        await verb(town.world, await town.actor("patient"), PATIENT, sent.message_id)
    assert await town.acts(PRACTICE) == [*before, "right.refused"]
    (side,) = (await conversations.open_conversation(town.world, await town.actor("doctor"), PRACTICE, sent.message_id)).patients
    assert side.right.withdrawn_at is None


@pytest.mark.parametrize("verb", [conversations.close, conversations.reopen])
async def test_where_no_patient_was_written_to_there_is_nothing_to_close(town: Town, verb: Any) -> None:
    sent = await town.send("doctor", DOCTOR, HOSPITAL)
    with refused(Rule.CONFLICT, "nothing to close"):
        await verb(town.world, await town.actor("doctor"), DOCTOR, sent.message_id)
    assert (await town.acts(DOCTOR))[-1] == "message.submitted"


async def test_one_mailbox_closes_what_it_wrote_and_not_what_another_did(town: Town) -> None:
    begun = await town.send("doctor", DOCTOR, [HOSPITAL, PATIENT])
    await town.send("hospital", HOSPITAL, [DOCTOR, PATIENT], In_Reply_To=begun.rfc_message_id or "")
    await conversations.close(town.world, await town.actor("doctor"), DOCTOR, begun.message_id)
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, DOCTOR)
    await town.send("patient", PATIENT, HOSPITAL)
    await conversations.reopen(town.world, await town.actor("hospital"), HOSPITAL, begun.message_id)
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, DOCTOR)


async def test_a_mailbox_that_is_to_be_answered_may_close_what_it_is_answered(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, [PATIENT, PRACTICE], Reply_To=PRACTICE)
    await conversations.close(town.world, await town.actor("secretary"), PRACTICE, sent.message_id)
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, PRACTICE)


async def test_what_a_fin_withdrew_is_given_back_too(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, PATIENT)
    await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    await conversations.reopen(town.world, await town.actor("doctor"), DOCTOR, sent.message_id)
    await town.send("patient", PATIENT, DOCTOR)
    assert await town.subjects(DOCTOR) == ["Bonjour"]
