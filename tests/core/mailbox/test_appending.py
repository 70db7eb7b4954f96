"""A message that a client files itself: where it may, what it counts for, and the letter that was filed in Sent before it."""

from email.policy import SMTP

import pytest

from mss_sim.core.mailbox import appending, copies
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.copies import InFolder
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.errors import Rule
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Flag, Right
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, letter
from tests.core.towns import OpenTown, Town, refused

_RAW = b"From: <camille.martin@medecin.sim.mssante.fr>\r\nSubject: Un\r\n\r\nBonjour\r\n"


async def test_it_lies_there_byte_for_byte_counts_for_the_quota_and_stands_in_the_journal(town: Town) -> None:
    before = (await town.mailbox(DOCTOR)).used_bytes
    _, (uid,) = await appending.append(
        town.world, await town.actor("doctor"), FolderRef(DOCTOR, "Drafts"), NewCopy(_RAW, frozenset({"\\Draft"}))
    )
    (item,) = await town.lying(DOCTOR, "Drafts")
    assert (item.copy.uid, item.copy.flags, await town.raw(item)) == (uid, Flag.DRAFT, _RAW)
    assert (await town.mailbox(DOCTOR)).used_bytes == before + len(_RAW)
    assert (await town.acts(DOCTOR))[-1] == Act.APPENDED


@pytest.mark.parametrize(("who", "rule"), [("assistant", Rule.RIGHT_MISSING), ("hospital", Rule.NOT_FOUND)])
async def test_who_may_not_file_files_nothing(town: Town, who: str, rule: Rule) -> None:
    with refused(rule, Right.FILE if rule is Rule.RIGHT_MISSING else ""):
        await appending.append(town.world, await town.actor(who), FolderRef(PRACTICE, "INBOX"), NewCopy(_RAW))
    assert await town.lying(PRACTICE) == []


async def test_a_full_mailbox_takes_none(town: Town) -> None:
    await town.change(DOCTOR, quota_bytes=len(_RAW) - 1)
    with refused(Rule.MAILBOX_FULL):
        await appending.append(town.world, await town.actor("doctor"), FolderRef(DOCTOR, "INBOX"), NewCopy(_RAW))


async def _sent_twice(town: Town, change: tuple[bytes, bytes] = (b"", b""), text: str = "Bonjour.") -> int:
    """Send a letter, file what the client kept of it in Sent; how many lie there."""
    raw = letter(DOCTOR, [HOSPITAL], "Un", text, Message_ID="<un@medecin.sim.mssante.fr>").as_bytes(policy=SMTP)
    await town.send("doctor", DOCTOR, HOSPITAL, raw=raw)
    await appending.append(
        town.world, await town.actor("doctor"), FolderRef(DOCTOR, "Sent"), NewCopy(raw.replace(*change) if change[0] else raw)
    )
    return len(await town.lying(DOCTOR, "Sent"))


@pytest.mark.parametrize("text", ["Bonjour.", "Bonjour. ", "\n\n"])
async def test_what_submission_filed_in_sent_is_not_filed_again(town: Town, text: str) -> None:
    assert await _sent_twice(town, text=text) == 1


@pytest.mark.parametrize("change", [(b"Subject: Un", b"Subject: Deux"), (b"<un@medecin", b"<deux@medecin")])
async def test_a_letter_that_differs_is_another(town: Town, change: tuple[bytes, bytes]) -> None:
    assert await _sent_twice(town, change) == 2


async def test_by_a_setting_it_is_filed_whenever_the_client_asks(open_town: OpenTown) -> None:
    async with open_town(sent_append_once=False) as town:
        assert await _sent_twice(town) == 2


async def test_several_are_filed_in_their_order_and_count_together(town: Town) -> None:
    before, doctor = (await town.mailbox(DOCTOR)).used_bytes, await town.actor("doctor")
    two = NewCopy(_RAW.replace(b"Un", b"Deux"), frozenset({"\\Seen"}), 10**15)
    done = await appending.append(town.world, doctor, FolderRef(DOCTOR, "Drafts"), NewCopy(_RAW), two)
    second, first = await town.lying(DOCTOR, "Drafts")
    assert (done.uids, [first.copy.uid, second.copy.uid]) == ((1, 2), [1, 2])
    assert (second.copy.flags, await town.raw(first), await town.raw(second)) == (Flag.SEEN, _RAW, two.raw)
    assert (await town.mailbox(DOCTOR)).used_bytes == before + len(_RAW) + len(two.raw)
    assert (await town.acts(DOCTOR))[-2:] == [Act.APPENDED, Act.APPENDED]


@pytest.mark.parametrize(
    ("last", "change", "rule"),
    [
        (NewCopy(b"a\nb"), {}, Rule.MALFORMED_MESSAGE),
        (NewCopy(_RAW, frozenset({"x" * 101})), {}, Rule.INVALID),
        (NewCopy(_RAW), {"quota_bytes": 2 * len(_RAW) - 1}, Rule.MAILBOX_FULL),
        (NewCopy(_RAW + b"x\r\n"), {"message_size_bytes_max": len(_RAW)}, Rule.TOO_LARGE),
    ],
)
async def test_of_several_all_are_filed_or_none(town: Town, last: NewCopy, change: dict[str, int], rule: Rule) -> None:
    if change:
        await town.change(DOCTOR, **change)
    with refused(rule):
        await appending.append(town.world, await town.actor("doctor"), FolderRef(DOCTOR, "Drafts"), NewCopy(_RAW), last)
    assert await town.lying(DOCTOR, "Drafts") == []


async def test_the_limit_of_one_message_is_not_that_of_several(town: Town) -> None:
    await town.change(DOCTOR, message_size_bytes_max=len(_RAW))
    doctor, drafts = await town.actor("doctor"), FolderRef(DOCTOR, "Drafts")
    await appending.append(town.world, doctor, drafts, NewCopy(_RAW), NewCopy(_RAW))
    await copies.copy(town.world, doctor, InFolder(drafts, [(1, 2)]), FolderRef(DOCTOR, "Archive"))
    assert len(await town.lying(DOCTOR, "Archive")) == 2


async def test_of_several_those_that_were_filed_in_sent_are_named_where_they_lie(town: Town) -> None:
    raw = letter(DOCTOR, [HOSPITAL], "Un", Message_ID="<un@medecin.sim.mssante.fr>").as_bytes(policy=SMTP)
    await town.send("doctor", DOCTOR, HOSPITAL, raw=raw)
    done = await appending.append(town.world, await town.actor("doctor"), FolderRef(DOCTOR, "Sent"), NewCopy(_RAW), NewCopy(raw))
    assert (done.uids, len(await town.lying(DOCTOR, "Sent"))) == ((2, 1), 2)


async def test_an_answer_that_is_filed_belongs_to_the_conversation_of_a_letter_that_was_received_here_and_is_gone(town: Town) -> None:
    await town.send("hospital", HOSPITAL, DOCTOR, "Un", Message_ID="<un@hopital.sim.mssante.fr>")
    doctor = await town.actor("doctor")
    await copies.delete(town.world, doctor, InFolder(FolderRef(DOCTOR, "INBOX"), [(1, 1)]))
    for answered in ("<un@hopital.sim.mssante.fr>", "<deux@hopital.sim.mssante.fr>"):
        raw = letter(DOCTOR, [HOSPITAL], "Re: Un", In_Reply_To=answered).as_bytes(policy=SMTP)
        await appending.append(town.world, doctor, FolderRef(DOCTOR, "Drafts"), NewCopy(raw))
    (theirs,) = await town.lying(HOSPITAL, "Sent")
    other, answer = await town.lying(DOCTOR, "Drafts")
    assert [one.message.thread_id for one in (answer, other)] == [theirs.message.thread_id, other.message.id]
