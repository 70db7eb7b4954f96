"""Letters that a mailbox passes on: what they are, and which stay."""

from datetime import timedelta
from email import message_from_bytes
from email.header import Header
from email.message import Message
from email.policy import SMTP

from mss_sim.core.mailflow import forwarding
from mss_sim.core.mailflow.forwarding import WantedForwarding
from mss_sim.store import conversations
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD, letter
from tests.core.towns import OpenTown, Town


async def _forward(town: Town, target: str = DOCTOR, address: str = PRACTICE, who: str = "doctor", *, keep: bool = True) -> None:
    await forwarding.put(town.world, await town.actor(who), address, WantedForwarding(target, keep=keep))


async def _newest(town: Town, address: str) -> Message:
    return message_from_bytes(await town.raw((await town.lying(address))[0]))


async def test_a_copy_is_a_letter_of_the_mailbox_under_the_name_of_the_author(town: Town) -> None:
    await _forward(town)
    fields = {"Disposition_Notification_To": HOSPITAL, "X_MSS_MES": "FIN", "References": "<q@x.fr>", "Message_ID": "<r@x.fr>"}
    raw = letter(HOSPITAL, PRACTICE, "Résultat", **fields).as_bytes()
    raw = raw.replace(f"From: {HOSPITAL}".encode(), f"From: Dr Paul DURAND <{HOSPITAL}>".encode())
    await town.send("hospital", HOSPITAL, PRACTICE, raw=raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    copy = await _newest(town, DOCTOR)
    assert (copy["From"], copy["Reply-To"]) == (f"Dr Paul DURAND <{PRACTICE}>", f"Dr Paul DURAND <{HOSPITAL}>")
    assert (copy["To"], copy["Delivered-To"], copy["References"]) == (PRACTICE, PRACTICE, "<q@x.fr> <r@x.fr>")
    assert (copy["Return-Path"], copy["Disposition-Notification-To"], copy["X-MSS-MES"]) == (f"<{PRACTICE}>", None, None)
    assert copy["Message-ID"] != "<r@x.fr>"
    assert len(copy.get_all("From") or []) == len(copy.get_all("Message-ID") or []) == 1
    (kept,) = await town.lying(PRACTICE)
    assert copy.get_payload() == message_from_bytes(await town.raw(kept)).get_payload()
    assert (await town.lying(DOCTOR))[0].message.thread_id == kept.message.thread_id
    assert (await town.acts(PRACTICE))[-2:] == ["message.received", "message.forwarded"]
    assert (await town.told(PRACTICE))[0].detail == {"to": DOCTOR, "kept": True}


async def test_a_name_is_folded_as_behind_any_other_field(town: Town) -> None:
    await _forward(town)
    raw = letter(HOSPITAL, PRACTICE).as_bytes(policy=SMTP)
    name = Header("É" * 40, "utf-8").encode(linesep="\r\n")
    await town.send("hospital", HOSPITAL, PRACTICE, raw=raw.replace(f"From: {HOSPITAL}".encode(), f"From: {name} <{HOSPITAL}>".encode()))
    (copy,) = await town.lying(DOCTOR)
    head = (await town.raw(copy)).partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert len([line for line in head if line.startswith((b"From: =?", b"Reply-To: =?"))]) == 2


async def test_a_letter_whose_copy_would_be_none_that_is_taken_here_stays(open_town: OpenTown) -> None:
    """The copy has more fields in its header than the letter."""
    async with open_town(message_header_count_max=10) as town:
        await _forward(town)
        await town.send("hospital", HOSPITAL, PRACTICE)
        assert (len(await town.lying(PRACTICE)), await town.lying(DOCTOR)) == (1, [])
        assert (await town.told(PRACTICE))[0].detail == {"to": DOCTOR, "why": "more than 10 header fields; send fewer"}


async def test_where_none_is_kept_the_letter_leaves_the_mailbox(town: Town) -> None:
    before = (await town.mailbox(PRACTICE)).used_bytes
    await _forward(town, keep=False)
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert (await town.lying(PRACTICE, None), len(await town.lying(DOCTOR))) == ([], 1)
    assert (await town.mailbox(PRACTICE)).used_bytes == before
    assert (await town.told(PRACTICE))[0].detail == {"to": DOCTOR, "kept": False}


async def test_what_the_target_refuses_stays_though_none_is_to_be_kept(town: Town) -> None:
    await _forward(town, keep=False)
    await town.change(DOCTOR, state="closed")
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert len(await town.lying(PRACTICE)) == 1
    assert (await town.acts(PRACTICE))[-1] == "message.not_forwarded"
    assert (await town.told(PRACTICE))[0].detail == {
        "to": DOCTOR,
        "why": f"The mailbox {DOCTOR} is closed; look for another address of this correspondent.",
    }
    assert await town.lying(HOSPITAL) == [], "its sender has delivered it"


async def test_two_mailboxes_that_forward_to_each_other_end_at_once(town: Town) -> None:
    await _forward(town)
    await _forward(town, PRACTICE, DOCTOR)
    await town.send("hospital", HOSPITAL, PRACTICE)
    assert (len(await town.lying(PRACTICE)), len(await town.lying(DOCTOR))) == (1, 1)
    assert (await town.told(DOCTOR))[0].detail == {"to": PRACTICE, "why": "loop"}


async def test_what_a_hundred_servers_have_taken_goes_round_and_stays(town: Town) -> None:
    await _forward(town)
    for taken, passed_on in ((99, 1), (100, 1)):
        trace = b"Received: from a.example by b.example; Mon, 05 Jan 2026 08:00:00 +0000\r\n" * taken
        await town.bring(HOSPITAL, PRACTICE, raw=trace + letter(HOSPITAL, PRACTICE).as_bytes(policy=SMTP))
        assert len(await town.lying(DOCTOR)) == passed_on
    assert (await town.told(PRACTICE))[0].detail == {"to": DOCTOR, "why": "loop"}


async def test_a_chain_ends_after_so_many_mailboxes(open_town: OpenTown) -> None:
    async with open_town(forwarding_hops_max=2) as town:
        await _forward(town)
        await _forward(town, DOCTOR2, DOCTOR)
        await _forward(town, WARD, DOCTOR2, "doctor2")
        await town.send("hospital", HOSPITAL, PRACTICE)
        assert [len(await town.lying(box)) for box in (PRACTICE, DOCTOR, DOCTOR2, WARD)] == [1, 1, 1, 0]


async def test_notices_and_what_machines_wrote_stay(town: Town) -> None:
    await _forward(town)
    await town.bring("", PRACTICE, author=f"mailer-daemon@{HOSPITAL.partition('@')[2]}")
    await town.bring(HOSPITAL, PRACTICE, Auto_Submitted="auto-replied")
    assert (len(await town.lying(PRACTICE)), await town.lying(DOCTOR)) == (2, [])
    await town.bring(HOSPITAL, PRACTICE, List_Id="<x.y>")
    assert len(await town.lying(DOCTOR)) == 1, "a list's letter goes on"


async def test_a_patients_letter_arrives_where_he_may_not_write(town: Town) -> None:
    await _forward(town)
    await town.send("doctor", PRACTICE, PATIENT)
    await town.send("patient", PATIENT, PRACTICE, "Merci")
    copy = await _newest(town, DOCTOR)
    assert (PRACTICE in copy["From"], copy["Reply-To"]) == (True, PATIENT)
    patient, doctor = await town.mailbox(PATIENT), await town.mailbox(DOCTOR)
    assert await town.world.store.read(conversations.rights_between, patient.id, doctor.id) == []


async def test_a_target_that_takes_no_mail_for_now_gets_it_later_and_a_bounce_comes_to_the_mailbox(town: Town) -> None:
    await _forward(town)
    await town.change(DOCTOR, state="suspended")
    await town.send("hospital", HOSPITAL, PRACTICE)
    await town.change(DOCTOR, state="active")
    town.clock.advance(timedelta(minutes=2))
    await town.core.queue.work()
    assert len(await town.lying(DOCTOR)) == 1
    await town.change(DOCTOR, state="suspended")
    await town.send("hospital", HOSPITAL, PRACTICE)
    await town.change(DOCTOR, state="closed")
    town.clock.advance(timedelta(minutes=2))
    await town.core.queue.work()
    assert (len(await town.lying(PRACTICE)), await town.lying(HOSPITAL)) == (3, [])
    returned = await town.raw((await town.lying(PRACTICE))[0])
    assert (b"multipart/report" in returned, b"Content-Type: message/rfc822" in returned) == (True, True), "with the whole letter"


async def test_a_letter_to_oneself_leaves_the_inbox_and_stays_in_sent(town: Town) -> None:
    await _forward(town, keep=False)
    await town.send("doctor", PRACTICE, PRACTICE)
    assert (len(await town.lying(PRACTICE)), len(await town.lying(PRACTICE, "Sent")), len(await town.lying(DOCTOR))) == (0, 1, 1)
