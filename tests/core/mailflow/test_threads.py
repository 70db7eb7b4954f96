"""Which conversation a letter joins: one that its sender may know, the nearest first; to anybody else it does not exist."""

from email.policy import SMTP

from mss_sim.clock import DAY, HOUR
from mss_sim.core.conversations import conversations
from mss_sim.core.mailbox import copies, messages
from mss_sim.core.mailbox.copies import InFolder
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.core.mailflow.letter import Accepted, Addressee, Envelope, FromPeer, prepare
from mss_sim.mail.parse import parse
from mss_sim.store import queue as store_queue
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PATIENT, PRACTICE, WARD, letter
from tests.core.towns import OpenTown, Town

CLINIC = "contact@clinique-pins.sim.mssante.fr"


async def _thread(town: Town, address: str, folder: str = "INBOX") -> int:
    return (await town.lying(address, folder))[0].message.thread_id


def _name(sent: Accepted) -> str:
    assert sent.rfc_message_id is not None
    return sent.rfc_message_id


async def test_a_letter_that_answers_nothing_begins_a_conversation(town: Town) -> None:
    found = set()
    for _ in range(2):
        sent = await town.send("hospital", HOSPITAL, PRACTICE)
        found.add(await _thread(town, PRACTICE))
        assert await _thread(town, PRACTICE) == sent.message_id
    assert len(found) == 2


async def test_whoever_got_a_letter_answers_in_its_conversation_and_so_does_who_sent_it(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, PRACTICE)
    answer = await town.send("doctor", PRACTICE, HOSPITAL, In_Reply_To=_name(sent))
    assert await _thread(town, HOSPITAL) == sent.message_id
    await town.send("hospital", HOSPITAL, DOCTOR2, References=_name(answer))
    assert await _thread(town, DOCTOR2) == sent.message_id
    await town.send("hospital", HOSPITAL, DOCTOR, In_Reply_To=_name(sent))
    assert await _thread(town, DOCTOR) == sent.message_id


async def test_who_copied_a_letter_that_was_written_to_another_mailbox_answers_in_its_conversation(town: Town) -> None:
    sent, doctor = await town.send("hospital", HOSPITAL, PRACTICE), await town.actor("doctor")
    await copies.copy(town.world, doctor, InFolder(FolderRef(PRACTICE, "INBOX"), [(1, 10)]), FolderRef(DOCTOR, "INBOX"))
    await town.send("doctor", DOCTOR, HOSPITAL, In_Reply_To=_name(sent))
    assert await _thread(town, HOSPITAL) == sent.message_id


async def test_a_stranger_who_guessed_a_name_joins_nothing(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, PRACTICE)
    intruder = await town.send("hospital_ward", WARD, PRACTICE, In_Reply_To=_name(sent))
    assert await _thread(town, PRACTICE) == intruder.message_id != sent.message_id


async def test_who_was_deleted_from_a_mailbox_is_still_known_to_its_recipient(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, DOCTOR)
    await messages.delete(town.world, await town.actor("doctor"), DOCTOR, (await town.lying(DOCTOR))[0].copy.id)
    await town.send("doctor", DOCTOR, HOSPITAL, In_Reply_To=_name(sent))
    assert await _thread(town, HOSPITAL) == sent.message_id


async def test_the_nearest_of_several_counts(town: Town) -> None:
    old, new = [await town.send("hospital", HOSPITAL, PRACTICE, subject) for subject in ("Un", "Deux")]
    await town.send("doctor", PRACTICE, HOSPITAL, References=f"{_name(old)} {_name(new)}")
    assert await _thread(town, HOSPITAL) == new.message_id
    await town.send("doctor", PRACTICE, HOSPITAL, In_Reply_To=_name(old), References=f"{_name(old)} {_name(new)}")
    assert await _thread(town, HOSPITAL) == old.message_id
    await town.send("doctor", PRACTICE, HOSPITAL, References=f"{_name(old)} <nobody@knows>")
    assert await _thread(town, HOSPITAL) == old.message_id


async def test_a_sender_elsewhere_joins_what_all_who_get_his_letter_have_and_nothing_else(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR])
    await town.bring(CLINIC, [PRACTICE, DOCTOR], In_Reply_To=_name(sent))
    assert await _thread(town, PRACTICE) == await _thread(town, DOCTOR) == sent.message_id
    await town.bring(CLINIC, [PRACTICE, DOCTOR2], In_Reply_To=_name(sent))
    assert await _thread(town, PRACTICE) == await _thread(town, DOCTOR2) != sent.message_id


async def test_whom_a_letter_left_to_elsewhere_answers_in_its_conversation(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, [CLINIC, DOCTOR])
    await town.bring(CLINIC, HOSPITAL, In_Reply_To=_name(sent))
    assert await _thread(town, HOSPITAL) == sent.message_id


async def test_a_patient_who_names_nothing_answers_in_the_newest_conversation_that_is_open(town: Town) -> None:
    first, second = [await town.send("doctor", DOCTOR, PATIENT, subject) for subject in ("Un", "Deux")]
    await town.send("patient", PATIENT, DOCTOR)
    assert await _thread(town, DOCTOR) == second.message_id
    await conversations.close(town.world, await town.actor("doctor"), DOCTOR, second.message_id)
    await town.send("patient", PATIENT, DOCTOR)
    assert await _thread(town, DOCTOR) == first.message_id


async def test_letters_of_one_group_answer_each_other_though_the_first_is_in_no_table_yet(town: Town) -> None:
    first = await town.written("hospital", HOSPITAL, [PRACTICE], Message_ID="<un@test>")
    second = await town.written("doctor", PRACTICE, [HOSPITAL], In_Reply_To="<un@test>")
    await town.deliver(first, second)
    assert await _thread(town, HOSPITAL) == await _thread(town, PRACTICE) == first.id


async def test_a_stranger_of_the_same_group_joins_nothing(town: Town) -> None:
    first = await town.written("hospital", HOSPITAL, [PRACTICE], Message_ID="<un@test>")
    second = await town.written("hospital_ward", WARD, [DOCTOR], In_Reply_To="<un@test>")
    await town.deliver(first, second)
    assert (await _thread(town, PRACTICE), await _thread(town, DOCTOR)) == (first.id, second.id)


async def test_a_sender_elsewhere_joins_a_letter_of_the_same_group_that_all_his_readers_get(town: Town) -> None:
    for readers, joins in (([PRACTICE, DOCTOR], True), ([PRACTICE, DOCTOR2], False)):
        first = await town.written("hospital", HOSPITAL, [PRACTICE, DOCTOR], Message_ID="<un@test>")
        raw = letter(CLINIC, readers, In_Reply_To="<un@test>").as_bytes(policy=SMTP)
        envelope = Envelope(CLINIC, tuple(map(Addressee, readers)))
        brought = prepare(town.world, raw, parse(raw), envelope, FromPeer(), fields=(), door=Door.MX, at=town.clock.now())
        await town.deliver(first, brought)
        assert (await _thread(town, PRACTICE) == first.id) == joins


async def test_of_several_letters_with_one_name_an_answer_joins_the_one_whose_subject_it_has(town: Town) -> None:
    first, second = [await town.send("hospital", HOSPITAL, PRACTICE, subject, Message_ID="<one@test>") for subject in ("Un", "Deux")]
    await town.send("doctor", PRACTICE, HOSPITAL, "Réf : deux", In_Reply_To="<one@test>")
    assert await _thread(town, HOSPITAL) == second.message_id
    await town.send("doctor", PRACTICE, HOSPITAL, "RE: Un", In_Reply_To="<one@test>")
    assert await _thread(town, HOSPITAL) == first.message_id
    await town.send("doctor", PRACTICE, HOSPITAL, "Autre chose", In_Reply_To="<one@test>")
    assert await _thread(town, HOSPITAL) == first.message_id


async def test_an_answer_from_elsewhere_joins_the_letter_whose_subject_it_has(town: Town) -> None:
    _, second = [await town.send("hospital", HOSPITAL, PRACTICE, subject, Message_ID="<one@test>") for subject in ("Un", "Deux")]
    await town.bring(CLINIC, PRACTICE, "Re: Deux", In_Reply_To="<one@test>")
    assert await _thread(town, PRACTICE) == second.message_id


async def test_an_answer_that_says_which_letter_is_meant_joins_that_one(town: Town) -> None:
    first, second = [await town.send("hospital", HOSPITAL, PRACTICE, "Bilan", Message_ID="<one@test>") for _ in range(2)]
    for meant in (second, first):
        await town.send("doctor", PRACTICE, HOSPITAL, "Re: Bilan", In_Reply_To="<one@test>", options={"answers": meant.message_id})
        assert await _thread(town, HOSPITAL) == meant.message_id


async def test_a_letter_that_comes_back_from_the_wire_joins_the_one_of_its_name_that_it_is(open_town: OpenTown) -> None:
    async with open_town(relay="smtp") as town:
        left = {subject: await town.send("hospital", HOSPITAL, PRACTICE, subject, Message_ID="<one@test>") for subject in ("Un", "Deux")}
        for subject in ("Deux", "Un"):
            await town.bring(HOSPITAL, PRACTICE, subject, Message_ID="<one@test>")
            assert await _thread(town, PRACTICE) == left[subject].message_id


async def test_one_without_a_name_joins_the_one_on_its_way_that_has_its_octets(open_town: OpenTown) -> None:
    async with open_town(relay="smtp") as town:
        for subject in ("Un", "Deux"):
            await town.send("hospital", HOSPITAL, PRACTICE, subject, Message_ID="none")
        now = town.clock.now()
        await town.world.store.write(lambda conn: store_queue.lease(conn, now, now + DAY, now + HOUR, 10))
        for left in await town.lying(HOSPITAL, "Sent"):
            await town.bring(HOSPITAL, PRACTICE, raw=await town.raw(left))
            assert await _thread(town, PRACTICE) == left.message.thread_id
