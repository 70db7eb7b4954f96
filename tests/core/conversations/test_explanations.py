"""Why somebody may or may not write: the verdict of the decision itself, with the letter that decided, for who may see one of the two."""

from datetime import timedelta
from typing import Any

import pytest

from mss_sim.core.conversations import conversations, explanations
from mss_sim.core.conversations.explanations import Explanation
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.mail import ClosureCause, Ground
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PATIENT2, PRACTICE, WARD
from tests.core.towns import OpenTown, Town, refused

NOWHERE = "personne@cabinet.sim.mssante.fr"


async def _about(town: Town, sender: str = PATIENT, recipient: str = DOCTOR) -> Explanation:
    return await explanations.why_not_any(town.world, sender, recipient)


@pytest.mark.parametrize("recipient", [DOCTOR, PRACTICE, WARD, PATIENT2, NOWHERE, "x@example.org"])
async def test_who_never_was_written_to_is_told_one_thing_whatever_is_there(town: Town, recipient: str) -> None:
    told = await _about(town, recipient=recipient)
    assert (told.verdict.code, told.verdict.allowed, told.right, told.letter, told.dispensed_on) == (Rule.NOT_INVITED, False, *[None] * 3)


@pytest.mark.parametrize("patient", ["000000000000000@patient.mssante.fr", PATIENT2])
async def test_a_patient_who_is_not_there_is_told_like_one_who_never_was_written_to(town: Town, patient: str) -> None:
    await town.send("doctor", DOCTOR, PATIENT)
    assert (await _about(town, patient)).verdict.code is Rule.NOT_INVITED


async def test_a_professional_writes_to_everybody(town: Town) -> None:
    told = await _about(town, DOCTOR, PATIENT)
    assert (told.verdict.code, told.verdict.allowed) == (Ground.PROFESSIONAL, True)


async def test_the_letter_that_decided_is_the_one_that_opened_then_the_one_that_closed(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, PATIENT)
    told = await _about(town)
    assert told.letter is not None
    assert (told.verdict.code, told.letter.message_id, told.letter.rfc_message_id, told.letter.mark) == (
        Ground.CONVERSATION_OPEN,
        sent.message_id,
        sent.rfc_message_id,
        None,
    )
    town.clock.advance(timedelta(minutes=5))
    marks: dict[str, tuple[str, dict[str, Any]]] = {
        "[FIN]": ("[FIN]", {}),
        "X-MSS-MES: FIN": ("Fin", {"X_MSS_MES": "FIN", "In_Reply_To": sent.rfc_message_id or ""}),
    }
    for mark, (subject, headers) in marks.items():
        await town.send("doctor", DOCTOR, PATIENT, In_Reply_To=sent.rfc_message_id or "")
        closing = await town.send("doctor", DOCTOR, PATIENT, subject, **headers)
        told = await _about(town)
        assert told.letter is not None
        assert (told.verdict.code, told.letter.message_id, told.letter.mark) == (Rule.CONVERSATION_CLOSED, closing.message_id, mark)
        assert told.letter.at == town.clock.now()
        assert told.right is not None
        assert told.right.withdrawn_at == town.clock.now()


async def test_an_earlier_right_names_the_letter_that_withdrew_it(town: Town) -> None:
    first = await town.send("doctor", DOCTOR, PATIENT)
    closing = await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
    (told,) = await explanations.why(town.world, await town.actor("doctor"), DOCTOR, first.message_id)
    assert told.letter is not None
    assert (told.right is not None and told.right.message_id, told.letter.message_id) == (first.message_id, closing.message_id)


async def test_after_an_act_it_is_the_letter_that_had_opened_with_no_mark(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, PATIENT)
    actor = await town.actor("doctor")
    await conversations.close(town.world, actor, DOCTOR, sent.message_id)
    (told,) = await explanations.why(town.world, actor, DOCTOR, sent.message_id)
    assert told.letter is not None
    assert told.right is not None
    assert (told.verdict.code, told.right.cause, told.letter.message_id, told.letter.mark) == (
        Rule.CONVERSATION_CLOSED,
        ClosureCause.EXPLICIT,
        sent.message_id,
        None,
    )
    await conversations.reopen(town.world, actor, DOCTOR, sent.message_id)
    (told,) = await explanations.why(town.world, actor, DOCTOR, sent.message_id)
    assert told.verdict.code is Ground.CONVERSATION_OPEN


async def test_a_conversation_is_explained_in_itself_though_another_is_open(town: Town) -> None:
    first, second = [await town.send("doctor", DOCTOR, PATIENT, subject) for subject in ("Un", "Deux")]
    await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN", In_Reply_To=first.rfc_message_id or "")
    for who, address in (("doctor", DOCTOR), ("patient", PATIENT)):
        actor = await town.actor(who)
        told = [(await explanations.why(town.world, actor, address, one.message_id))[0] for one in (first, second)]
        assert [one.verdict.code for one in told] == [Rule.CONVERSATION_CLOSED, Ground.CONVERSATION_OPEN]
        assert {(one.sender, one.recipient) for one in told} == {(PATIENT, DOCTOR)}
    assert (await _about(town)).verdict.code is Ground.CONVERSATION_OPEN


async def test_by_the_setting_the_newest_letter_of_a_conversation_stands_for_it(open_town: OpenTown) -> None:
    async with open_town(patient_fin_header_scope="message") as town:
        first = await town.send("doctor", DOCTOR, PATIENT)
        await town.send("doctor", DOCTOR, PATIENT, X_MSS_MES="FIN", In_Reply_To=first.rfc_message_id or "")
        (told,) = await explanations.why(town.world, await town.actor("doctor"), DOCTOR, first.message_id)
        assert told.verdict.code is Rule.CONVERSATION_CLOSED


async def test_a_mailbox_sees_the_pairs_that_are_its_own(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, [PATIENT, PATIENT2, DOCTOR2])
    await town.send("doctor2", DOCTOR2, PATIENT2, In_Reply_To=sent.rfc_message_id or "")
    pairs = {}
    for who, address in (("doctor", DOCTOR), ("doctor2", DOCTOR2), ("patient", PATIENT), ("patient2", PATIENT2)):
        rows = await explanations.why(town.world, await town.actor(who), address, sent.message_id)
        pairs[who] = {(row.sender, row.recipient) for row in rows}
    assert pairs == {
        "doctor": {(PATIENT, DOCTOR), (PATIENT2, DOCTOR)},
        "doctor2": {(PATIENT2, DOCTOR2)},
        "patient": {(PATIENT, DOCTOR)},
        "patient2": {(PATIENT2, DOCTOR), (PATIENT2, DOCTOR2)},
    }


async def test_a_conversation_that_a_patient_began_is_explained_before_and_after_it_is_closed(town: Town) -> None:
    await town.change(PRACTICE, patients_may_write=True)
    sent = await town.send("patient", PATIENT, PRACTICE)
    actor = await town.actor("secretary")
    (told,) = await explanations.why(town.world, actor, PRACTICE, sent.message_id)
    assert (told.verdict.code, told.letter) == (Ground.OPEN_TO_PATIENTS, None)
    closed = await conversations.close(town.world, actor, PRACTICE, sent.message_id)
    assert [(side.patient, side.right.cause) for side in closed.patients] == [(PATIENT, ClosureCause.EXPLICIT)]
    (told,) = await explanations.why(town.world, actor, PRACTICE, sent.message_id)
    assert (told.verdict.code, told.letter is not None and told.letter.message_id) == (Rule.CONVERSATION_CLOSED, sent.message_id)
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, PRACTICE, In_Reply_To=sent.rfc_message_id or "")


async def test_who_may_not_see_the_mailbox_or_asks_about_others_is_refused(town: Town) -> None:
    sent, stranger, doctor = await town.send("doctor", DOCTOR, PATIENT), await town.actor("hospital"), await town.actor("doctor")
    with refused(Rule.NOT_FOUND):
        await explanations.why_not(town.world, stranger, DOCTOR, PATIENT, DOCTOR)
    with refused(Rule.NOT_FOUND):
        await explanations.why(town.world, stranger, DOCTOR, sent.message_id)
    with refused(Rule.NOT_FOUND, "There is no such conversation"):
        await explanations.why(town.world, stranger, HOSPITAL, sent.message_id)
    with refused(Rule.INVALID, f"from {DOCTOR} or to it"):
        await explanations.why_not(town.world, doctor, DOCTOR, PATIENT, HOSPITAL)
    told = await explanations.why_not(town.world, doctor, DOCTOR, PATIENT, DOCTOR)
    assert (told.sender, told.recipient, told.verdict.code) == (PATIENT, DOCTOR, Ground.CONVERSATION_OPEN)


async def test_an_explanation_says_what_the_refusal_says(town: Town) -> None:
    for subject in ("Bonjour", "[FIN]"):
        told = await _about(town)
        with pytest.raises(Refusal) as caught:
            await town.send("patient", PATIENT, DOCTOR)
        assert (told.verdict.code, told.verdict.detail, told.verdict.reference) == (
            caught.value.rule,
            caught.value.detail,
            caught.value.reference,
        )
        await town.send("doctor", DOCTOR, PATIENT, subject)
        if subject == "Bonjour":
            assert (await _about(town)).verdict.allowed
            await town.send("doctor", DOCTOR, PATIENT, "[FIN]")
