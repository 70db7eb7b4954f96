"""Lists and opened messages: what is shown to whom, and that reading is noted once and marks nothing."""

from datetime import timedelta
from email.policy import SMTP

import pytest

from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.messages import MessagePage, folder_named, list_messages
from mss_sim.core.world.store_types import ListQuery
from mss_sim.errors import Rule
from mss_sim.ids import encode
from mss_sim.store.messages import Reading
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, WARD, letter
from tests.core.towns import IDNATS, OpenTown, Town, refused

_ALL = ListQuery(0, 50)


async def _seer(town: Town) -> None:
    """The newcomer sees the practice's mailbox and may not read."""
    await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE})))


async def _newest(town: Town, address: str = PRACTICE) -> int:
    return (await town.lying(address))[0].copy.id


# Which mailboxes


async def test_the_mailboxes_of_somebody_are_those_that_he_sees_or_the_one_that_he_chose(town: Town) -> None:
    await grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["doctor"], frozenset({Right.SEND_AS})))
    await town.change(DOCTOR, state=MailboxState.CLOSED)
    held = await messages.held_mailboxes(town.world, await town.actor("doctor"))
    assert [one.mailbox.address for one in held] == [DOCTOR, PRACTICE]
    chosen = await messages.held_mailboxes(town.world, await town.actor("doctor", mailbox=PRACTICE))
    assert [one.mailbox.address for one in chosen] == [PRACTICE]


async def test_a_closed_mailbox_is_told_of_and_not_opened(town: Town) -> None:
    doctor = await town.actor("doctor")
    assert (await messages.open_mailbox(town.world, doctor, DOCTOR)).mailbox.address == DOCTOR
    await town.change(DOCTOR, state=MailboxState.CLOSED)
    assert (await messages.held_mailbox(town.world, doctor, DOCTOR)).mailbox.state is MailboxState.CLOSED
    with refused(Rule.MAILBOX_CLOSED):
        await messages.open_mailbox(town.world, doctor, DOCTOR)
    with refused(Rule.RIGHT_MISSING):
        await messages.held_mailbox(town.world, await town.actor("secretary"), PRACTICE, Right.MANAGE)


async def test_whether_somebody_may_is_asked_for_the_mailbox_that_he_chose(town: Town) -> None:
    secretary, tied = await town.actor("secretary"), await town.actor("secretary", mailbox=DOCTOR)
    answers = [
        await messages.may(town.world, actor, address, right)
        for actor in (secretary, tied)
        for address, right in (
            (PRACTICE, Right.MARK),
            (PRACTICE, Right.DELETE),
            (DOCTOR, Right.READ),
            (WARD, Right.SEE),
            ("nobody@x.fr", Right.SEE),
        )
    ]
    assert answers == [True, False, True, False, False, False, False, True, False, False]


# Lists


def _subjects(page: MessagePage) -> list[str]:
    return [page.items[look.copy.id].message.subject for look, _ in page.looks]


async def test_a_list_is_of_one_folder_by_name_or_id_or_of_all(town: Town) -> None:
    doctor = await town.actor("doctor")
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, PRACTICE, subject)
    await messages.move(town.world, doctor, PRACTICE, await _newest(town), "Archive")
    newest, oldest = (look for look, _ in (await list_messages(town.world, doctor, PRACTICE, _ALL)).looks)
    assert (newest.folder, oldest.folder) == ("Archive", "INBOX")
    archive = encode(newest.copy.folder_id)
    shown = {name: _subjects(await list_messages(town.world, doctor, PRACTICE, _ALL, name)) for name in (None, "inbox", "Archive", archive)}
    assert shown == {None: ["Deux", "Un"], "inbox": ["Un"], "Archive": ["Deux"], archive: ["Deux"]}
    with refused(Rule.NOT_FOUND, "no such folder"):
        await list_messages(town.world, doctor, PRACTICE, _ALL, "archive")
    with refused(Rule.NOT_FOUND, "no such folder"):
        folder_named({}, "INBOX")


async def test_a_list_says_whether_its_reader_may_read_and_a_search_in_texts_needs_it(town: Town) -> None:
    await _seer(town)
    await town.send("hospital", HOSPITAL, PRACTICE, "Un")
    seer, assistant = await town.actor("newcomer"), await town.actor("assistant")
    for actor, readable in ((seer, False), (assistant, True)):
        page = await list_messages(town.world, actor, PRACTICE, _ALL)
        assert (_subjects(page), page.look.readable) == (["Un"], readable)
    words = ListQuery(0, 50, text="bonjour")
    assert len((await list_messages(town.world, assistant, PRACTICE, words)).looks) == 1
    with refused(Rule.RIGHT_MISSING, "The right read"):
        await list_messages(town.world, seer, PRACTICE, words)
    with refused(Rule.NOT_FOUND):
        await list_messages(town.world, await town.actor("hospital"), PRACTICE, _ALL)


@pytest.mark.parametrize("field", ["from_", "to", "subject", "text"])
async def test_a_text_that_is_looked_for_has_a_bounded_length(open_town: OpenTown, field: str) -> None:
    async with open_town(search_query_chars_max=100) as town:
        doctor = await town.actor("doctor")
        assert (await list_messages(town.world, doctor, PRACTICE, ListQuery(0, 50, **{field: "x" * 100}))).looks == ()  # type: ignore[arg-type]
        with refused(Rule.LIMIT_REACHED):
            await list_messages(town.world, doctor, PRACTICE, ListQuery(0, 50, **{field: "x" * 101}))  # type: ignore[arg-type]


async def test_unread_is_what_the_reader_himself_has_not_seen_where_reading_is_personal(town: Town) -> None:
    await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR])
    doctor, secretary, unread = await town.actor("doctor"), await town.actor("secretary"), ListQuery(0, 50, unread=True)
    for address, theirs in ((PRACTICE, 0), (DOCTOR, 1)):
        await messages.change_flags(town.world, doctor, address, await _newest(town, address), FlagChange(frozenset({"\\Seen"})))
        found = [len((await list_messages(town.world, actor, address, unread)).looks) for actor in (doctor, secretary)]
        assert found == [0, theirs]


# Opened


async def test_the_first_reading_of_each_is_noted_and_nothing_is_marked(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    number, doctor, secretary = await _newest(town), await town.actor("doctor"), await town.actor("secretary", Door.IMAP)
    first_at = town.clock.now()
    opened = await messages.open_message(town.world, doctor, PRACTICE, number)
    assert [(one.identity_id, one.first_at, one.seen) for one in opened.readings] == [(doctor.identity.id, first_at, None)]
    assert (opened.item.seen, opened.folder.name) == (False, "INBOX")
    assert opened.raw.endswith(b"Bonjour.\r\n")
    town.clock.advance(timedelta(hours=1))
    await messages.open_message(town.world, secretary, PRACTICE, number)
    again = await messages.open_message(town.world, doctor, PRACTICE, number)
    assert [(one.identity_id, one.first_at) for one in again.readings] == [
        (doctor.identity.id, first_at),
        (secretary.identity.id, town.clock.now()),
    ]
    lines = [line for line in await town.told(PRACTICE) if line.act is Act.READ]
    assert [(line.actor_id, line.door, line.grant_id is None, line.detail) for line in lines] == [
        (secretary.identity.id, Door.IMAP, False, {"message": encode(number)}),
        (doctor.identity.id, Door.REST, True, {"message": encode(number)}),
    ]


def test_the_first_reader_is_told_though_nobody_knows_them_any_more() -> None:
    readings = [Reading(1, 7, 5, None), Reading(1, 8, 6, None)]
    assert messages.first_reader(readings, {}) == messages.FirstReader(None, "", 5)
    assert messages.first_reader([], {}) is None


async def test_what_may_not_be_read_is_not_opened_and_leaves_no_reading(town: Town) -> None:
    await _seer(town)
    await town.send("hospital", HOSPITAL, PRACTICE)
    number = await _newest(town)
    with refused(Rule.RIGHT_MISSING, "The right read"):
        await messages.open_message(town.world, await town.actor("newcomer"), PRACTICE, number)
    with refused(Rule.NOT_FOUND):
        await messages.open_message(town.world, await town.actor("hospital"), PRACTICE, number)
    for address, id_ in ((PRACTICE, 1), (DOCTOR, number)):
        with refused(Rule.NOT_FOUND, "no such message"):
            await messages.open_message(town.world, await town.actor("doctor"), address, id_)
    page = await list_messages(town.world, await town.actor("doctor"), PRACTICE, _ALL)
    assert page.look.first == ()


# Changed


async def test_a_change_shows_the_message_as_it_is_afterwards(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    number, secretary = await _newest(town), await town.actor("secretary")
    changed = await messages.change_flags(town.world, secretary, PRACTICE, number, FlagChange(frozenset({"\\Seen", "urgent"})))
    assert (changed.item.seen, changed.item.copy.keywords, changed.folder.name, changed.readable) == (True, "urgent", "INBOX", True)
    assert [one.identity_id for one in changed.readings] == [secretary.identity.id]
    moved = await messages.move(town.world, secretary, PRACTICE, number, "Archive")
    assert (moved.item.copy.id, moved.folder.name, moved.item.copy.uid) == (number, "Archive", 1)
    with refused(Rule.NOT_FOUND, "no such folder"):
        await messages.move(town.world, secretary, PRACTICE, number, "Nulle part")
    with refused(Rule.INVALID):
        await messages.change_flags(town.world, secretary, PRACTICE, number, FlagChange(frozenset({"\\Nothing"})))


async def test_who_may_change_and_not_read_is_shown_that_it_changed_and_no_more(town: Town) -> None:
    await grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE, Right.MARK})))
    await town.send("hospital", HOSPITAL, PRACTICE)
    changed = await messages.change_flags(
        town.world, await town.actor("newcomer"), PRACTICE, await _newest(town), FlagChange(frozenset({"\\Flagged"}))
    )
    assert not changed.readable


async def test_a_move_to_where_it_lies_changes_nothing(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    number, before = await _newest(town), await town.acts(PRACTICE)
    moved = await messages.move(town.world, await town.actor("doctor"), PRACTICE, number, "INBOX")
    assert (moved.item.copy.uid, await town.acts(PRACTICE)) == (1, before)


async def test_what_was_deleted_is_gone_for_everybody(town: Town) -> None:
    await town.send("hospital", HOSPITAL, PRACTICE)
    number = await _newest(town)
    with refused(Rule.RIGHT_MISSING, "The right delete"):
        await messages.delete(town.world, await town.actor("secretary"), PRACTICE, number)
    await messages.delete(town.world, await town.actor("doctor"), PRACTICE, number)
    assert await town.lying(PRACTICE, None) == []
    with refused(Rule.NOT_FOUND):
        await messages.delete(town.world, await town.actor("doctor"), PRACTICE, number)


async def test_a_copy_that_went_by_a_commit_that_is_not_told_yet_is_left_out(town: Town) -> None:
    """The writer commits in its thread and tells it on the loop; a list that was asked for in between remembered what is gone."""
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, PRACTICE, subject)
    doctor, writer = await town.actor("doctor"), town.world.store._writer  # noqa: SLF001 - the moment between is made by hand
    gone = await _newest(town)
    asked = await list_messages(town.world, doctor, PRACTICE, _ALL)
    assert len(asked.items) == 2
    told = writer.commits
    await messages.delete(town.world, doctor, PRACTICE, gone)
    writer.commits = told
    left = await list_messages(town.world, doctor, PRACTICE, _ALL)
    assert list(left.items) == [id_ for id_ in asked.items if id_ != gone]


async def test_a_letter_with_a_file_is_listed_with_its_clip_and_one_that_is_not_there_is_said_so(town: Town) -> None:
    message = letter(HOSPITAL, DOCTOR, "Avec")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    await town.send("hospital", HOSPITAL, DOCTOR, raw=message.as_bytes(policy=SMTP))
    await town.send("hospital", HOSPITAL, DOCTOR, "Sans")
    assert {item.message.subject: item.message.has_attachments for item in await town.lying(DOCTOR)} == {"Avec": True, "Sans": False}
    with refused(Rule.NOT_FOUND, "There is no such message in this mailbox."):
        await messages.open_message(town.world, await town.actor("doctor"), DOCTOR, 1)
