"""Read receipts that a reader's own program sends: the table, row by row."""

import re
from typing import Any

import pytest

from mss_sim.core.access import delegation
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import messages
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.errors import Rule
from mss_sim.mail import mdn
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town, refused


def _mdn(reader: str, to: str, message_id: str | None, author: str) -> bytes:
    """A read receipt of `reader`, written by `author`."""
    receipt = mdn.Receipt(reader, "", ("", to), message_id or "<none@test>", "x", b"Subject: x\r\n\r\nx\r\n", Disposition.DISPLAYED)
    raw = mdn.compose(receipt, reporting_ua="client", message_id=f"<r{abs(hash(reader))}@test>", at=10**15, language=Language.EN)
    return re.sub(rb"\r\nFrom: [^\r]*", f"\r\nFrom: {author}".encode(), raw, count=1)


async def _asked(town: Town, to: str | list[str] = PRACTICE, **headers: Any) -> Accepted:
    return await town.send("hospital", HOSPITAL, to, **{"Disposition_Notification_To": HOSPITAL, **headers})


async def _receipt(town: Town, who: str, reader: str, sent: Accepted, *, to: str = HOSPITAL, path: str = "", says: str = "") -> Accepted:
    return await town.send(who, reader, to, raw=_mdn(says or reader, to, sent.rfc_message_id, reader), path=path)


async def test_a_receipt_leaves_once_is_remembered_and_marks_every_copy(town: Town) -> None:
    sent = await _asked(town)
    await _receipt(town, "secretary", PRACTICE, sent)
    assert await town.kinds(sent) == ["submitted", "relayed", "delivered", "displayed"]
    assert [item.copy.keywords for item in await town.lying(PRACTICE)] == ["$MDNSent"]
    assert len(await town.lying(HOSPITAL)) == 1
    with refused(Rule.RECEIPT_ALREADY_SENT):
        await _receipt(town, "doctor", PRACTICE, sent, path=PRACTICE)
    with refused(Rule.RECEIPT_ALREADY_SENT):
        item = (await town.lying(PRACTICE))[0]
        await town.core.receipts.send(await town.actor("doctor"), PRACTICE, item.copy.id, ReceiptWish())
    assert len(await town.lying(HOSPITAL)) == 1


async def test_a_letter_that_asked_for_none_is_told_of_by_none(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, PRACTICE)
    with refused(Rule.RECEIPT_NOT_REQUESTED, "asked for no read receipt"):
        await _receipt(town, "secretary", PRACTICE, sent)


async def test_who_may_not_read_does_not_say_that_it_was_read(town: Town) -> None:
    sent = await _asked(town)
    await delegation.grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEND_AS, Right.SEE})))
    with refused(Rule.RIGHT_MISSING, "The right read"):
        await _receipt(town, "newcomer", PRACTICE, sent, path=PRACTICE)
    assert await town.kinds(sent) == ["submitted", "relayed", "delivered"]


async def test_of_a_letter_that_lies_elsewhere_it_is_an_ordinary_letter(town: Town) -> None:
    sent = await _asked(town)
    await _receipt(town, "hospital_ward", WARD, sent, path=WARD)
    await _receipt(town, "hospital_ward", WARD, sent, path=WARD)
    assert len(await town.lying(HOSPITAL)) == 2
    assert "displayed" not in await town.kinds(sent)


async def test_one_reader_does_not_say_that_another_has_read(town: Town) -> None:
    """What he sends is an ordinary letter, although the one that it speaks of lies in his mailbox too."""
    sent = await _asked(town, [DOCTOR, DOCTOR2])
    await _receipt(town, "doctor", DOCTOR, sent, path=DOCTOR, says=DOCTOR2)
    assert [await town.kinds(sent, address) for address in (DOCTOR, DOCTOR2)] == [["submitted", "relayed", "delivered"]] * 2
    assert [item.copy.keywords for address in (DOCTOR, DOCTOR2) for item in await town.lying(address)] == ["", ""]
    await _receipt(town, "doctor", DOCTOR, sent)
    assert (await town.kinds(sent, DOCTOR))[-1] == "displayed"


async def test_no_server_speaks_through_a_person(town: Town) -> None:
    sent = await _asked(town)
    with refused(Rule.SEND_NOT_ALLOWED, "Only a read receipt of"):
        await town.send("secretary", PRACTICE, HOSPITAL, path="")
    with refused(Rule.SEND_NOT_ALLOWED, "Only a read receipt of"):
        await _receipt(town, "secretary", PRACTICE, sent, says=DOCTOR)


async def test_a_receipt_that_cannot_be_read_is_told_to_who_writes_it(town: Town) -> None:
    sent = await _asked(town)
    raw = re.sub(rb"Final-Recipient:[^\r]*\r\n", b"", _mdn(PRACTICE, HOSPITAL, sent.rfc_message_id, PRACTICE))
    with refused(Rule.MALFORMED_MESSAGE, "The read receipt cannot be read, and its sender would not be told: it has no Final-Recipient"):
        await town.send("secretary", PRACTICE, HOSPITAL, raw=raw, path="")
    assert "displayed" not in await town.kinds(sent)


async def test_a_patient_says_that_he_has_read_although_he_may_not_answer(town: Town) -> None:
    sent = await town.send("doctor", DOCTOR, PATIENT, "[FIN]", Disposition_Notification_To=DOCTOR)
    with refused(Rule.CONVERSATION_CLOSED):
        await town.send("patient", PATIENT, DOCTOR)
    await _receipt(town, "patient", PATIENT, sent, to=DOCTOR)
    assert (await town.kinds(sent))[-1] == "displayed"


async def test_a_patients_receipt_goes_to_nobody_but_who_asked_for_it(town: Town) -> None:
    """A letter that never was his to answer is no way to write to a third one."""
    sent = await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
    with refused(Rule.NOT_INVITED):
        await _receipt(town, "patient", PATIENT, sent, to=HOSPITAL)
    assert await town.lying(HOSPITAL) == []
    with refused(Rule.NOT_INVITED):
        await _receipt(town, "patient", PATIENT, sent, to=HOSPITAL, path=PATIENT)


async def test_by_a_setting_the_patient_alone_says_that_he_has_read(open_town: OpenTown) -> None:
    async with open_town(carers_receipts=False) as town:
        sent = await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
        carer = GrantRequest(PATIENT, IDNATS["newcomer"], frozenset({Right.SEE, Right.READ, Right.SEND_ON_BEHALF}))
        await delegation.grant(town.world, CONTROL, carer)
        with refused(Rule.RECEIPT_NOT_REQUESTED, "The patient alone confirms"):
            await _receipt(town, "newcomer", PATIENT, sent, to=DOCTOR)
        await _receipt(town, "patient", PATIENT, sent, to=DOCTOR)
        assert (await town.kinds(sent))[-1] == "displayed"


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_letter_that_was_deleted_is_told_of_no_more(town: Town, deleted: bool) -> None:
    sent = await _asked(town, DOCTOR2)
    if deleted:
        await messages.delete(town.world, await town.actor("doctor2"), DOCTOR2, (await town.lying(DOCTOR2))[0].copy.id)
    await _receipt(town, "doctor2", DOCTOR2, sent, path=DOCTOR2)
    marks = [item.copy.keywords for item in await town.lying(DOCTOR2)]
    assert marks == ([] if deleted else ["$MDNSent"])


@pytest.mark.parametrize("returned", [b"Subject: x\r\n\r\nx\r\n", None], ids=["no letter of theirs", "the letter"])
async def test_of_two_letters_with_one_name_each_has_its_receipt(town: Town, returned: bytes | None) -> None:
    first, second = [await _asked(town, subject=subject, Message_ID="<one@test>") for subject in ("Un", "Deux")]
    for sent in (second, first):
        raw = _mdn(PRACTICE, HOSPITAL, "<one@test>", PRACTICE)
        if returned is None:
            item = next(item for item in await town.lying(PRACTICE) if item.message.id == sent.message_id)
            raw = raw.replace(b"Subject: x\r\n\r\nx\r\n", await town.raw(item))
        await town.send("secretary", PRACTICE, HOSPITAL, raw=raw, path="")
        if returned is None:
            assert (await town.kinds(sent))[-1] == "displayed"
    assert [(await town.kinds(sent)).count("displayed") for sent in (first, second)] == [1, 1]
    assert [item.copy.keywords for item in await town.lying(PRACTICE)] == ["$MDNSent", "$MDNSent"]
    with refused(Rule.RECEIPT_ALREADY_SENT):
        await _receipt(town, "secretary", PRACTICE, first)
