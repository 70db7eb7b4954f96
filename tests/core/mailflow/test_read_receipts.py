"""Read receipts that leave by the simulator's own hand."""

from datetime import timedelta
from email.policy import SMTP
from typing import Any

import pytest

from mss_sim.core.access import delegation
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import appending, copies, messages
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.copies import ById
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.core.mailflow.read_receipts import ReceiptWish, SentReceipt
from mss_sim.core.world.store_types import ListQuery
from mss_sim.errors import Rule
from mss_sim.faults.actions import Action, Delay, Drop, Duplicate
from mss_sim.faults.rules import Match
from mss_sim.mail import mdn
from mss_sim.mail.parse import parse
from mss_sim.vocabulary.behaviours import ReceiptForm
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.faults import Point
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import Disposition
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, WARD, letter
from tests.core.towns import IDNATS, Town, refused

_ON_REQUEST: dict[str, Any] = {"Disposition_Notification_To": HOSPITAL}


async def _asked(town: Town, to: str = PRACTICE, **headers: Any) -> Accepted:
    return await town.send("hospital", HOSPITAL, to, **{**_ON_REQUEST, **headers})


async def _answer(town: Town, who: str = "secretary", address: str = PRACTICE, wish: ReceiptWish | None = None) -> SentReceipt:
    item = (await town.lying(address))[0]
    return await town.core.receipts.send(await town.actor(who), address, item.copy.id, wish or ReceiptWish())


async def _read(town: Town, address: str) -> mdn.ParsedMdn:
    """The newest letter of a mailbox as the receipt that it is."""
    raw = await town.raw((await town.lying(address))[0])
    found = mdn.parse(raw, parse(raw).root)
    assert found is not None
    return found


async def test_a_receipt_leaves_in_the_mailboxs_name_is_noted_everywhere_and_leaves_once(town: Town) -> None:
    sent = await _asked(town)
    left = await _answer(town)
    assert left.to == HOSPITAL
    told = await _read(town, HOSPITAL)
    assert (told.original_message_id, told.final_recipient, told.disposition) == (sent.rfc_message_id, PRACTICE, Disposition.DISPLAYED)
    newest = (await town.lying(HOSPITAL))[0]
    assert (newest.message.id, newest.message.return_path) == (left.message_id, "")
    assert "Cabinet des Tilleuls" in newest.message.summary
    assert (await town.lying(PRACTICE))[0].copy.keywords == "$MDNSent"
    assert (await town.kinds(sent))[-1] == "displayed"
    line = (await town.told(PRACTICE))[0]
    secretary = await town.identity("secretary")
    assert (line.act, line.actor_id, line.message_id) == (Act.RECEIPT_SENT, secretary.id, sent.message_id)
    assert line.detail == {"to": HOSPITAL, "disposition": "displayed", "of": sent.rfc_message_id}
    assert line.grant_id is not None
    with refused(Rule.RECEIPT_ALREADY_SENT):
        await _answer(town, "doctor")
    assert len(await town.lying(HOSPITAL)) == 1


async def test_what_the_reader_did_with_it_is_told(town: Town) -> None:
    sent = await _asked(town)
    await _answer(town, wish=ReceiptWish(Disposition.DELETED, error="perdu"))
    told = await _read(town, HOSPITAL)
    assert (told.disposition, told.error) == (Disposition.DELETED, "perdu")
    assert (await town.kinds(sent))[-1] == "processed"
    raw = await town.raw((await town.lying(HOSPITAL))[0])
    assert b"Disposition: manual-action/MDN-sent-manually; deleted" in raw


async def test_no_receipt_without_the_right_to_read_or_about_what_is_not_there(town: Town) -> None:
    await _asked(town)
    await delegation.grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE, Right.SEND_AS})))
    with refused(Rule.RIGHT_MISSING, "The right read"):
        await _answer(town, "newcomer")
    with refused(Rule.NOT_FOUND, "no such message"):
        await town.core.receipts.send(await town.actor("doctor"), PRACTICE, 1, ReceiptWish())
    with refused(Rule.NOT_FOUND):
        await town.core.receipts.send(await town.actor("doctor"), DOCTOR, (await town.lying(PRACTICE))[0].copy.id, ReceiptWish())


async def test_nothing_leaves_a_suspended_mailbox(town: Town) -> None:
    await _asked(town)
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    with refused(Rule.MAILBOX_SUSPENDED):
        await _answer(town)
    assert (await town.lying(PRACTICE))[0].copy.keywords == ""


async def test_a_letter_without_request_or_without_name_gets_none(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    with refused(Rule.RECEIPT_NOT_REQUESTED, "asked for no read receipt"):
        await _answer(town)
    nameless = letter(HOSPITAL, PRACTICE, **_ON_REQUEST)
    del nameless["Message-ID"]
    await town.bring(HOSPITAL, PRACTICE, raw=nameless.as_bytes(policy=SMTP))
    with refused(Rule.RECEIPT_NOT_REQUESTED, "no Message-ID"):
        await _answer(town)
    await town.bring(HOSPITAL, PRACTICE, raw=letter(HOSPITAL, PRACTICE, Message_ID="sans-crochets", **_ON_REQUEST).as_bytes(policy=SMTP))
    why = "The Message-ID of the letter, sans-crochets, is not of the form <left@right> with its angle brackets, so no receipt"
    with refused(Rule.RECEIPT_NOT_REQUESTED, why):
        await _answer(town)
    assert await town.lying(HOSPITAL) == []


async def test_an_address_that_is_not_the_return_path_waits_for_the_readers_word(town: Town) -> None:
    await _asked(town, Disposition_Notification_To=WARD)
    with refused(Rule.RECEIPT_NEEDS_CONSENT):
        await _answer(town)
    assert (await _answer(town, wish=ReceiptWish(confirmed=True))).to == WARD
    assert len(await town.lying(WARD)) == 1


async def test_who_sent_a_letter_himself_has_nobody_to_tell(town: Town) -> None:
    await town.send("doctor", DOCTOR, DOCTOR, Disposition_Notification_To=DOCTOR)
    with refused(Rule.RECEIPT_NOT_REQUESTED, "sent the letter itself"):
        await _answer(town, "doctor", DOCTOR)


async def test_what_a_program_marked_as_told_is_told(town: Town) -> None:
    await _asked(town)
    item = (await town.lying(PRACTICE))[0]
    change = FlagChange(frozenset({"$MDNSent"}))
    await copies.change_flags(town.world, await town.actor("doctor"), ById(PRACTICE, item.copy.id), change)
    with refused(Rule.RECEIPT_ALREADY_SENT):
        await _answer(town)


async def test_a_mailbox_without_label_is_named_by_its_reader(town: Town) -> None:
    await town.change(PRACTICE, label="")
    await _asked(town)
    await _answer(town)
    assert "Sophie PETIT" in (await town.lying(HOSPITAL))[0].message.summary


async def test_a_patients_mailbox_without_label_is_named_by_the_patient_whoever_opens(town: Town) -> None:
    await town.change(PATIENT, label="")
    rights = frozenset({Right.SEE, Right.READ, Right.SEND_ON_BEHALF})
    await delegation.grant(town.world, CONTROL, GrantRequest(PATIENT, IDNATS["newcomer"], rights))
    await _asked(town, PATIENT)
    carer = await town.actor("newcomer")
    (seen,) = (await messages.list_messages(town.world, carer, PATIENT, ListQuery(0, 10))).items.values()
    await town.core.receipts.send(carer, PATIENT, seen.copy.id, ReceiptWish())
    assert "Claire FONTAINE" in (await town.lying(HOSPITAL))[0].message.summary


@pytest.mark.parametrize("headers", [_ON_REQUEST, {}])
async def test_a_draft_that_was_filed_asks_nobody_for_anything(town: Town, headers: dict[str, Any]) -> None:
    raw = letter(HOSPITAL, PRACTICE, **headers).as_bytes(policy=SMTP)
    await appending.append(town.world, await town.actor("doctor", Door.IMAP), FolderRef(PRACTICE, "INBOX"), NewCopy(raw))
    with refused(Rule.RECEIPT_NEEDS_CONSENT if headers else Rule.RECEIPT_NOT_REQUESTED):
        await _answer(town, "doctor")


async def test_the_receipt_of_one_letter_is_not_told_of_another_with_its_name(town: Town) -> None:
    wanted: dict[str, Any] = {"Disposition_Notification_To": HOSPITAL, "Message_ID": "<one@test>"}
    first, second = [await town.send("hospital", HOSPITAL, PRACTICE, subject, **wanted) for subject in ("Un", "Deux")]
    item = next(item for item in await town.lying(PRACTICE) if item.message.id == first.message_id)
    await town.core.receipts.send(await town.actor("doctor"), PRACTICE, item.copy.id, ReceiptWish())
    assert [(await town.kinds(sent))[-1] for sent in (first, second)] == ["displayed", "delivered"]


# By a rule that fails it, or by a behaviour that bends it


_MEANT: dict[str, Any] = {"sender": PRACTICE, "recipient": HOSPITAL, "identity": IDNATS["secretary"]}


@pytest.mark.parametrize(
    ("action", "left", "later"), [(Drop(), 0, 0), (Duplicate(), 2, 2), (Delay(300), 0, 1)], ids=["lost", "double", "held back"]
)
async def test_a_receipt_fails_where_a_rule_means_its_mailbox_whom_it_goes_to_and_who_reads(
    town: Town, action: Action, left: int, later: int
) -> None:
    town.world.faults.add(Point.READ_RECEIPT, action, Match(**_MEANT), count=None)
    await _asked(town)
    await _answer(town)
    assert len(await town.lying(HOSPITAL)) == left
    town.clock.advance(timedelta(minutes=5))
    await town.core.queue.work()
    assert [one.message.return_path for one in await town.lying(HOSPITAL)] == later * [""]


@pytest.mark.parametrize("other", [{"sender": HOSPITAL}, {"recipient": PRACTICE}, {"identity": IDNATS["doctor"]}], ids=str)
async def test_a_receipt_that_no_rule_means_leaves(town: Town, other: dict[str, str]) -> None:
    town.world.faults.add(Point.READ_RECEIPT, Drop(), Match(**{**_MEANT, **other}), count=None)
    await _asked(town)
    await _answer(town)
    assert len(await town.lying(HOSPITAL)) == 1


async def test_a_receipt_is_bent_as_it_was_wished(town: Town) -> None:
    for form, disposition in ((ReceiptForm.NO_DISPOSITION, 0), (ReceiptForm.CORRECT, 1), (ReceiptForm.TWICE, 1)):
        await _asked(town)
        await _answer(town, wish=ReceiptWish(form=form))
        assert (await town.raw((await town.lying(HOSPITAL))[0])).count(b"\r\nDisposition: ") == disposition
    assert len(await town.lying(HOSPITAL)) == 4
