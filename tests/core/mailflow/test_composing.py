"""A letter given in its parts: what is written, what is asked for, and what is refused before it is sent."""

from dataclasses import replace
from typing import Any

import pytest

from mss_sim.core.mailflow import composing
from mss_sim.core.mailflow.composing import Answered, Composition, all_or_nothing, answered_by_name, check_count
from mss_sim.core.mailflow.letter import Addressee
from mss_sim.errors import Rule
from mss_sim.mail.compose import File
from mss_sim.mail.headers import read_headers, split
from mss_sim.vocabulary.mail import Notify
from mss_sim.vocabulary.mailboxes import SendMode
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import OpenTown, Town, refused


async def _letter(town: Town, address: str = DOCTOR, **parts: Any) -> Composition:
    return Composition(await town.mailbox(address), **{"to": [("", HOSPITAL)], "subject": "Bonjour", "text": "Bonjour.", **parts})


async def _fields(town: Town, letter: Composition, *, draft: bool = False) -> dict[str, str]:
    raw = await composing.written(town.world, await town.actor("doctor"), letter, draft=draft)
    return {name: value.decode() for name, value in read_headers(raw[: split(raw)[0]], count_max=100).fields}


async def test_a_letter_is_sent_once_to_each_and_asks_for_what_was_ticked(town: Town) -> None:
    actor = await town.actor("doctor")
    letter = await _letter(town, cc=[("", DOCTOR2)], bcc=[("", HOSPITAL)], delivery_receipt=True, mode=SendMode.OWNER)
    asked = await composing.request(town.world, actor, letter, peer="a test")
    assert [one.address for one in asked.envelope.recipients] == [HOSPITAL, DOCTOR2]
    assert all(Notify.SUCCESS in one.notify and one.original for one in asked.envelope.recipients)
    assert (asked.strict, asked.wished, asked.peer, asked.envelope.sender) == (True, SendMode.OWNER, "a test", DOCTOR)
    plain = await composing.request(town.world, actor, replace(letter, delivery_receipt=False), peer="a test")
    assert {(one.notify, one.original) for one in plain.envelope.recipients} == {(frozenset(), None)}


async def test_bcc_is_written_in_a_draft_alone(town: Town) -> None:
    letter = await _letter(town, cc=[("", PRACTICE)], bcc=[("", DOCTOR2)], read_receipt=True, closes=True)
    sent, kept = await _fields(town, letter), await _fields(town, letter, draft=True)
    assert ("Bcc" in sent, kept["Bcc"]) == (False, DOCTOR2)
    assert sent["Cc"] == kept["Cc"] == PRACTICE
    assert sent["X-MSS-MES"] == kept["X-MSS-MES"] == "FIN"
    assert DOCTOR in sent["Disposition-Notification-To"]
    assert "Disposition-Notification-To" not in await _fields(town, await _letter(town))


async def test_a_draft_needs_no_recipient_and_a_letter_does(town: Town) -> None:
    nobody = await _letter(town, to=[])
    assert "To" not in await _fields(town, nobody, draft=True)
    with refused(Rule.NO_RECIPIENT, "no recipient"):
        await composing.request(town.world, await town.actor("doctor"), nobody, peer="a test")
    with refused(Rule.NO_RECIPIENT):
        all_or_nothing(DOCTOR, b"", [], None, peer="a test")
    assert all_or_nothing(DOCTOR, b"x", [Addressee(HOSPITAL)], None, peer="a test").strict


async def test_an_answer_names_what_it_answers_and_all_that_came_before(town: Town) -> None:
    first = await town.send("hospital", HOSPITAL, DOCTOR, Message_ID="<2@h.example>", References="<1@h.example>")
    (came,) = await town.lying(DOCTOR)
    found = await composing.answered(town.world, await town.actor("doctor"), DOCTOR, came.copy.id)
    assert found == Answered(came.message.id, "<2@h.example>", ("<1@h.example>", "<2@h.example>"))
    assert first.rfc_message_id == "<2@h.example>"
    fields = await _fields(town, await _letter(town, answers=found))
    assert (fields["In-Reply-To"], fields["References"]) == ("<2@h.example>", "<1@h.example> <2@h.example>")
    with refused(Rule.NOT_FOUND, "names no message"):
        await composing.answered(town.world, await town.actor("doctor"), PRACTICE, came.copy.id)


async def test_a_message_id_alone_can_be_answered(town: Town) -> None:
    assert answered_by_name("<1@h.example>") == Answered(None, "<1@h.example>", ("<1@h.example>",))
    for text in ("<1@h.example", "<1@h.example> and more", "<>"):
        with refused(Rule.INVALID, "not a Message-ID"):
            answered_by_name(text)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"subject": "x" * 2_001}, "subject is over 2000 characters; shorten it."),
        ({"answers": Answered(None, "x" * 2_001)}, "in_reply_to is over 2000 characters; shorten it."),
        ({"headers": {"X-A": "x" * 2_001}}, "headers.X-A is over 2000 characters; shorten it."),
        ({"headers": {"X" * 200: "x" * 2_001}}, f"headers.{'X' * 92} is over 2000 characters; shorten it."),
        ({"to": [("x" * 201, HOSPITAL)]}, f"the name of {HOSPITAL} is over 200 characters; shorten it."),
        ({"bcc": [("x" * 201, HOSPITAL)]}, f"the name of {HOSPITAL} is over 200 characters; shorten it."),
        ({"files": [File("x" * 2_001, "text/plain", b"")]}, "filename is over 2000 characters; shorten it."),
        ({"headers": {f"X-{number}": "x" for number in range(101)}}, "At most 100 headers of your own."),
    ],
)
async def test_what_goes_into_a_header_has_a_length(town: Town, parts: dict[str, Any], said: str) -> None:
    with refused(Rule.INVALID, said):
        await _fields(town, await _letter(town, **parts))


async def test_what_no_letter_can_hold_is_refused(town: Town) -> None:
    with refused(Rule.INVALID, "cannot be written"):
        await _fields(town, await _letter(town, text="\x00"))


async def test_how_many_recipients_a_letter_has_is_a_setting(open_town: OpenTown) -> None:
    async with open_town(message_recipients_max=2) as town:
        check_count(town.world, 2)
        with refused(Rule.TOO_MANY_RECIPIENTS, "At most 2"):
            check_count(town.world, 3)
        people = [("", HOSPITAL), ("", DOCTOR2), ("", PATIENT)]
        with refused(Rule.TOO_MANY_RECIPIENTS):
            await composing.request(town.world, await town.actor("doctor"), await _letter(town, to=people), peer="a test")
        with refused(Rule.TOO_MANY_RECIPIENTS):
            await _fields(town, await _letter(town, reply_to=people))
