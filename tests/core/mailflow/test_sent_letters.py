"""What a mailbox sent: newest first, with its timelines, and the reports behind their events."""

from mss_sim.core.access import carer_masks, delegation
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import messages
from mss_sim.core.mailflow import sent_letters
from mss_sim.core.mailflow.letter import Addressee
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.errors import Rule
from mss_sim.vocabulary.mail import Notify
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD
from tests.core.towns import IDNATS, Town, refused


async def test_a_mailbox_sees_what_it_sent_newest_first_and_nothing_of_others(town: Town) -> None:
    first, second = [await town.send("hospital", HOSPITAL, PRACTICE, subject) for subject in ("Un", "Deux")]
    await town.send("doctor", PRACTICE, HOSPITAL)
    hospital = await town.actor("hospital")
    found = await sent_letters.sent_letters(town.world, hospital, HOSPITAL, before=None, limit=10)
    assert [(one.submission.id, one.subject, one.rfc_message_id) for one in found] == [
        (second.submission_id, "Deux", second.rfc_message_id),
        (first.submission_id, "Un", first.rfc_message_id),
    ]
    page = await sent_letters.sent_letters(town.world, hospital, HOSPITAL, before=second.submission_id, limit=10)
    assert [one.subject for one in page] == ["Un"]
    assert [kind for _, events, _ in page[0].recipients for kind in (event.kind.value for event in events)] == [
        "submitted",
        "relayed",
        "delivered",
    ]
    assert (await sent_letters.timeline(town.world, hospital, HOSPITAL, second.submission_id or 0)).subject == "Deux"
    with refused(Rule.NOT_FOUND, "sent no such letter"):
        await sent_letters.timeline(town.world, await town.actor("doctor"), PRACTICE, first.submission_id or 0)
    for verb in (
        sent_letters.timeline(town.world, await town.actor("newcomer"), PRACTICE, 1),
        sent_letters.timeline(town.world, hospital, PRACTICE, 1),
    ):
        with refused(Rule.NOT_FOUND, "that you may see"):
            await verb


async def test_the_copy_in_sent_leads_to_the_timeline_and_the_one_that_arrived_does_not(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, PRACTICE)
    mine, theirs = (await town.lying(HOSPITAL, "Sent"))[0], (await town.lying(PRACTICE))[0]
    found = await sent_letters.timeline_of_copy(town.world, await town.actor("hospital"), HOSPITAL, mine.copy.id)
    assert found.submission.id == sent.submission_id
    for address, id_ in ((PRACTICE, theirs.copy.id), (PRACTICE, mine.copy.id), (PRACTICE, 1)):
        with refused(Rule.NOT_FOUND, "has no timeline"):
            await sent_letters.timeline_of_copy(town.world, await town.actor("doctor"), address, id_)


async def test_of_a_list_those_that_the_mailbox_sent_tell_how_far_they_came(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, PRACTICE)
    await town.send("doctor", PRACTICE, HOSPITAL)
    (mine,), (came,) = await town.lying(HOSPITAL, "Sent"), await town.lying(HOSPITAL)
    ids = [mine.message.id, came.message.id, 1]
    found = await sent_letters.sent_among(town.world, await town.actor("hospital"), HOSPITAL, ids)
    assert {id_: one.submission.id for id_, one in found.items()} == {mine.message.id: sent.submission_id}
    assert [events[-1].kind.value for _, events, _ in found[mine.message.id].recipients] == ["delivered"]
    assert set(await sent_letters.sent_among(town.world, await town.actor("doctor"), PRACTICE, ids)) == {came.message.id}
    with refused(Rule.NOT_FOUND, "that you may see"):
        await sent_letters.sent_among(town.world, await town.actor("newcomer"), PRACTICE, ids)


async def test_the_report_behind_an_event_is_read_by_who_may_read_and_in_no_other_mailbox(town: Town) -> None:
    sent = await town.send("hospital_ward", WARD, PRACTICE, Disposition_Notification_To=WARD)
    item = (await town.lying(PRACTICE))[0]
    await town.core.receipts.send(await town.actor("secretary"), PRACTICE, item.copy.id, ReceiptWish())
    ward, number = await town.actor("hospital_ward"), sent.submission_id or 0
    events = (await town.events(sent))[PRACTICE]
    report = events[-1]
    assert await sent_letters.raw_report(town.world, ward, WARD, number, report.id) == await town.raw((await town.lying(WARD))[0])
    wrong = [(ward, WARD, number, events[0].id), (ward, WARD, 1, report.id), (await town.actor("doctor"), DOCTOR, number, report.id)]
    for actor, address, id_, event in wrong:
        with refused(Rule.NOT_FOUND, "No report came for this event."):
            await sent_letters.raw_report(town.world, actor, address, id_, event)
    await delegation.grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["newcomer"], frozenset({Right.SEE})))
    with refused(Rule.RIGHT_MISSING, "The right read"):
        await sent_letters.raw_report(town.world, await town.actor("newcomer"), WARD, number, report.id)


async def test_a_letter_of_which_nothing_is_left_keeps_its_timeline(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, "", addressees=(Addressee(DOCTOR2, frozenset({Notify.NEVER})),))
    for who, address, folder in (("hospital", HOSPITAL, "Sent"), ("doctor2", DOCTOR2, "INBOX")):
        item = (await town.lying(address, folder))[0]
        await messages.delete(town.world, await town.actor(who), address, item.copy.id)
    found = await sent_letters.timeline(town.world, await town.actor("hospital"), HOSPITAL, sent.submission_id or 0)
    assert [event.kind.value for _, events, _ in found.recipients for event in events] == ["submitted", "relayed", "delivered"]


async def test_a_carer_knows_of_letters_that_lie_where_he_looks(town: Town) -> None:
    await town.send("doctor", DOCTOR, PATIENT)
    sent = [await town.send("patient", PATIENT, DOCTOR, subject) for subject in ("Merci", "Autre chose")]
    patient, carer = await town.actor("patient"), await town.actor("secretary")
    await delegation.grant(town.world, CONTROL, GrantRequest(PATIENT, IDNATS["secretary"], frozenset({Right.SEE, Right.READ})))
    seen = next(one for one in await town.lying(PATIENT, "Sent") if one.message.subject == "Autre chose")
    await carer_masks.mask_letter(town.world, patient, PATIENT, seen.copy.id)
    merci, autre = (one.submission_id or 0 for one in sent)
    assert (await sent_letters.timeline(town.world, carer, PATIENT, merci)).submission.id == merci
    with refused(Rule.NOT_FOUND, "sent no such letter"):
        await sent_letters.timeline(town.world, carer, PATIENT, autre)
    assert (await sent_letters.timeline(town.world, patient, PATIENT, autre)).submission.id == autre
