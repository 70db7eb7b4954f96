"""Copies that change places: within a mailbox and between two, what goes along, what it costs, and what the journals tell."""

import pytest

from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest, grant, grants_of
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import appending, copies, folders, messages, selected_folder
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.copies import ById, InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.errors import Rule
from mss_sim.ids import encode
from mss_sim.store.messages import readings_of
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Flag, MailboxState, Right
from tests.clients import DOCTOR, DOCTOR2, HOSPITAL, PRACTICE
from tests.core.towns import IDNATS, Town, refused

_EVERY = [(1, 10**9)]
_INBOX, _ARCHIVE, _TRASH = (FolderRef(PRACTICE, name) for name in ("INBOX", "Archive", "Trash"))
_OTHER = FolderRef(DOCTOR, "INBOX")
_ALL = InFolder(_INBOX, _EVERY)


async def _actor(town: Town, who: str) -> Actor:
    return await town.actor(who, Door.IMAP)


async def _given(town: Town, address: str, *rights: Right) -> Actor:
    """The newcomer, with these rights over a mailbox."""
    await grant(town.world, CONTROL, GrantRequest(address, IDNATS["newcomer"], frozenset(rights)))
    return await _actor(town, "newcomer")


async def _fill(town: Town, *subjects: str) -> None:
    for subject in subjects:
        await town.send("hospital", HOSPITAL, PRACTICE, subject)


async def _used(town: Town, address: str) -> int:
    return (await town.mailbox(address)).used_bytes


async def _flags(town: Town, place: FolderRef, who: str = "doctor") -> list[tuple[Flag, str, bool]]:
    return [(row.flags, row.keywords, row.seen) for row in await selected_folder.states(town.world, await _actor(town, who), place, _EVERY)]


# Room


async def test_a_copy_takes_room_and_a_full_mailbox_takes_none(town: Town) -> None:
    await _fill(town, "Un")
    doctor, size = await _actor(town, "doctor"), await _used(town, PRACTICE)
    await copies.copy(town.world, doctor, _ALL, _ARCHIVE)
    assert await _used(town, PRACTICE) == 2 * size
    await copies.copy(town.world, doctor, _ALL, _OTHER)
    assert (await _used(town, PRACTICE), await _used(town, DOCTOR)) == (2 * size, size)
    await town.change(PRACTICE, quota_bytes=3 * size - 1)
    with refused(Rule.MAILBOX_FULL):
        await copies.copy(town.world, doctor, _ALL, _ARCHIVE)
    await town.change(PRACTICE, quota_bytes=3 * size)
    await copies.copy(town.world, doctor, _ALL, _ARCHIVE)
    assert await _used(town, PRACTICE) == 3 * size


async def test_a_move_within_a_mailbox_costs_nothing_and_one_to_another_moves_the_room(town: Town) -> None:
    await _fill(town, "Un")
    doctor, size = await _actor(town, "doctor"), await _used(town, PRACTICE)
    await town.change(PRACTICE, quota_bytes=1)
    await copies.move(town.world, doctor, _ALL, _ARCHIVE)
    assert await _used(town, PRACTICE) == size
    await town.change(DOCTOR, quota_bytes=size - 1)
    with refused(Rule.MAILBOX_FULL):
        await copies.move(town.world, doctor, InFolder(_ARCHIVE, _EVERY), _OTHER)
    await town.change(DOCTOR, quota_bytes=size)
    await copies.move(town.world, doctor, InFolder(_ARCHIVE, _EVERY), _OTHER)
    assert (await _used(town, PRACTICE), await _used(town, DOCTOR)) == (0, size)
    await copies.delete(town.world, doctor, InFolder(_OTHER, _EVERY))
    assert await _used(town, DOCTOR) == 0


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"quota_bytes": 10}, Rule.MAILBOX_FULL),
        ({"message_size_bytes_max": 10}, Rule.TOO_LARGE),
        ({"state": MailboxState.SUSPENDED}, Rule.MAILBOX_SUSPENDED),
        ({"state": MailboxState.CLOSED}, Rule.MAILBOX_CLOSED),
    ],
)
async def test_nothing_is_put_into_a_mailbox_that_takes_nothing(town: Town, values: dict[str, object], rule: Rule) -> None:
    await town.change(DOCTOR, **values)
    await _fill(town, "Un")
    doctor = await _actor(town, "doctor")
    for verb in (
        appending.append(town.world, doctor, _OTHER, NewCopy(b"From: a@b.fr\r\n\r\nBonjour\r\n")),
        copies.copy(town.world, doctor, _ALL, _OTHER),
        copies.move(town.world, doctor, _ALL, _OTHER),
    ):
        with refused(rule):
            await verb
    assert await town.subjects(PRACTICE) == ["Un"]


# What goes along


@pytest.mark.parametrize(
    ("rights", "flags", "keywords"),
    [
        ((), Flag(0), ""),
        ((Right.MARK,), Flag.FLAGGED | Flag.SEEN, "urgent"),
        ((Right.DELETE,), Flag.DELETED, ""),
        ((Right.MARK, Right.DELETE), Flag.FLAGGED | Flag.SEEN | Flag.DELETED, "urgent"),
    ],
)
@pytest.mark.parametrize("moves", [False, True])
async def test_only_flags_that_one_may_set_there_go_along(
    town: Town, rights: tuple[Right, ...], flags: Flag, keywords: str, moves: bool
) -> None:
    await _fill(town, "Un")
    doctor = await _actor(town, "doctor")
    await copies.change_flags(town.world, doctor, _ALL, FlagChange(frozenset({"\\Flagged", "\\Deleted", "\\Seen", "urgent"})))
    newcomer = await _given(town, PRACTICE, Right.SEE, Right.READ, Right.DELETE)
    await _given(town, DOCTOR2, Right.SEE, Right.FILE, *rights)
    await (copies.move if moves else copies.copy)(town.world, newcomer, _ALL, FolderRef(DOCTOR2, "INBOX"))
    ((found, words, _),) = await _flags(town, FolderRef(DOCTOR2, "INBOX"), "doctor2")
    assert (found, words) == (flags, keywords)


async def test_who_has_read_a_copy_has_read_its_copy_in_the_same_mailbox_and_nobody_else_has(town: Town) -> None:
    await town.send("hospital", HOSPITAL, DOCTOR)
    doctor, secretary = await _actor(town, "doctor"), await _actor(town, "secretary")
    await copies.change_flags(town.world, doctor, InFolder(_OTHER, _EVERY), FlagChange(frozenset({"\\Seen"})))
    await copies.copy(town.world, doctor, InFolder(_OTHER, _EVERY), FolderRef(DOCTOR, "Archive"))
    archive = FolderRef(DOCTOR, "Archive")
    seen = [(await selected_folder.states(town.world, actor, archive, _EVERY))[0].seen for actor in (doctor, secretary)]
    assert seen == [True, False]
    await copies.copy(town.world, doctor, InFolder(_OTHER, _EVERY), FolderRef(PRACTICE, "INBOX"))
    (item,) = await town.lying(PRACTICE)
    readers = await town.world.store.read(readings_of, [item.copy.id])
    assert (item.seen, readers) == (True, {}), "seen where it is shared, read by nobody there"


@pytest.mark.parametrize("rights", [(), (Right.MARK,)])
@pytest.mark.parametrize("verb", ["copy", "move"])
async def test_between_mailboxes_where_each_reads_for_himself_one_keeps_what_one_saw_if_one_may_mark(
    town: Town, rights: tuple[Right, ...], verb: str
) -> None:
    for subject in ("Lu", "Non lu"):
        await town.send("hospital", HOSPITAL, DOCTOR2, subject)
    here = FolderRef(DOCTOR2, "INBOX")
    newcomer = await _given(town, DOCTOR2, Right.SEE, Right.READ, Right.MARK, Right.DELETE)
    await _given(town, DOCTOR, Right.SEE, Right.READ, Right.FILE, *rights)
    await copies.change_flags(town.world, newcomer, InFolder(here, [(1, 1)]), FlagChange(frozenset({"\\Seen"})))
    await getattr(copies, verb)(town.world, newcomer, InFolder(here, _EVERY), _OTHER)
    seen = {who: [mark for *_, mark in await _flags(town, _OTHER, who)] for who in ("newcomer", "doctor")}
    assert seen == {"newcomer": [bool(rights), False], "doctor": [False, False]}
    readers = await town.world.store.read(readings_of, [item.copy.id for item in await town.lying(DOCTOR)])
    assert [row.identity_id for rows in readers.values() for row in rows] == [newcomer.identity.id] * bool(rights)


# Rights


@pytest.mark.parametrize(
    ("here", "there", "verb", "missing"),
    [
        ({Right.SEE, Right.FILE}, {Right.SEE, Right.FILE}, "copy", Right.READ),
        ({Right.SEE, Right.READ}, {Right.SEE}, "copy", Right.FILE),
        ({Right.SEE, Right.READ}, {Right.SEE, Right.FILE}, "copy", None),
        ({Right.SEE, Right.READ}, {Right.SEE, Right.FILE}, "move", Right.DELETE),
        ({Right.SEE, Right.DELETE}, {Right.SEE, Right.FILE}, "move", Right.READ),
        ({Right.SEE, Right.DELETE, Right.READ}, {Right.SEE}, "move", Right.FILE),
        ({Right.SEE, Right.DELETE, Right.READ}, {Right.SEE, Right.FILE}, "move", None),
    ],
)
async def test_between_two_mailboxes_one_reads_and_deletes_here_and_files_there(
    town: Town, here: set[Right], there: set[Right], verb: str, missing: Right | None
) -> None:
    await _fill(town, "Un")
    newcomer = await _given(town, PRACTICE, *here)
    await _given(town, DOCTOR2, *there)
    target = FolderRef(DOCTOR2, "INBOX")
    if missing is None:
        await getattr(copies, verb)(town.world, newcomer, _ALL, target)
        assert await town.subjects(DOCTOR2) == ["Un"]
        return
    with refused(Rule.RIGHT_MISSING, f"The right {missing}"):
        await getattr(copies, verb)(town.world, newcomer, _ALL, target)
    assert (await town.subjects(DOCTOR2), await town.subjects(PRACTICE)) == ([], ["Un"])


@pytest.mark.parametrize(
    ("rights", "target", "may"),
    [
        ({Right.FILE}, "Archive", True),
        ({Right.FILE}, "Trash", True),
        ({Right.DELETE}, "Trash", True),
        ({Right.DELETE}, "Archive", False),
        ({Right.MARK}, "Trash", False),
    ],
)
async def test_within_a_mailbox_who_may_delete_puts_into_the_trash_and_nowhere_else(
    town: Town, rights: set[Right], target: str, may: bool
) -> None:
    await _fill(town, "Un")
    newcomer = await _given(town, PRACTICE, Right.SEE, *rights)
    if may:
        await copies.move(town.world, newcomer, _ALL, FolderRef(PRACTICE, target))
    else:
        with refused(Rule.RIGHT_MISSING):
            await copies.move(town.world, newcomer, _ALL, FolderRef(PRACTICE, target))
    assert await town.subjects(PRACTICE, target) == (["Un"] if may else [])


async def test_another_mailboxs_trash_is_no_place_for_who_may_only_delete_there(town: Town) -> None:
    await _fill(town, "Un")
    newcomer = await _given(town, PRACTICE, Right.SEE, Right.READ, Right.DELETE)
    await _given(town, DOCTOR2, Right.SEE, Right.DELETE)
    with refused(Rule.RIGHT_MISSING, "The right file"):
        await copies.move(town.world, newcomer, _ALL, FolderRef(DOCTOR2, "Trash"))


async def test_a_move_to_where_they_lie_is_a_conflict(town: Town) -> None:
    await _fill(town, "Un")
    with refused(Rule.CONFLICT):
        await copies.move(town.world, await _actor(town, "doctor"), _ALL, _INBOX)


async def test_deleted_is_who_may_deletes_flag_and_stays_for_the_others(town: Town) -> None:
    await _fill(town, "Un")
    doctor, secretary = await _actor(town, "doctor"), await _actor(town, "secretary")
    await copies.change_flags(town.world, doctor, _ALL, FlagChange(frozenset({"\\Deleted"})))
    both = FlagChange(frozenset({"\\Deleted", "\\Flagged"}))
    for change in (FlagChange(frozenset({"\\Deleted"})), FlagChange(remove=frozenset({"\\Deleted"})), both):
        with refused(Rule.RIGHT_MISSING, "The right delete"):
            await copies.change_flags(town.world, secretary, _ALL, change)
    rows, *_ = await copies.change_flags(town.world, secretary, _ALL, FlagChange(frozenset({"\\Flagged"}), replace=True))
    assert rows[0].flags == Flag.FLAGGED | Flag.DELETED
    newcomer = await _given(town, PRACTICE, Right.SEE, Right.DELETE)
    await copies.change_flags(town.world, newcomer, _ALL, FlagChange(remove=frozenset({"\\Deleted"})))
    with refused(Rule.RIGHT_MISSING, "The right mark"):
        await copies.change_flags(town.world, newcomer, _ALL, FlagChange(frozenset({"\\Deleted", "\\Flagged"})))
    assert (await _flags(town, _INBOX))[0][0] == Flag.FLAGGED


# The journals


async def test_every_change_of_a_copy_is_told_by_whom_and_by_which_grant(town: Town) -> None:
    await _fill(town, "Un")
    (item,) = await town.lying(PRACTICE)
    secretary = await _actor(town, "secretary")
    named = {"message": encode(item.copy.id)}
    await copies.change_flags(town.world, secretary, _ALL, FlagChange(frozenset({"\\Seen", "b", "a"})))
    await copies.move(town.world, secretary, _ALL, _ARCHIVE)
    await copies.copy(town.world, secretary, InFolder(_ARCHIVE, _EVERY), _INBOX)
    lines = list(reversed((await town.told(PRACTICE))[:4]))
    assert [(line.act, line.detail) for line in lines] == [
        (Act.READ, named),
        (Act.FLAGGED, {**named, "add": ["\\Seen", "a", "b"], "remove": []}),
        (Act.MOVED, {**named, "from": "INBOX", "to": "Archive"}),
        (Act.COPIED, {**named, "to": "INBOX"}),
    ]
    assert {(line.door, line.actor_id, line.message_id) for line in lines} == {(Door.IMAP, secretary.identity.id, item.message.id)}
    assert len({line.grant_id for line in lines} - {None}) == 1


async def test_who_deleted_a_letter_for_good_stands_in_the_journal_with_its_name(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, PRACTICE, "Perdu")
    (item,) = await town.lying(PRACTICE)
    newcomer = await _given(town, PRACTICE, Right.SEE, Right.DELETE)
    await copies.delete(town.world, newcomer, _ALL)
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.door, line.actor_id, line.grant_id is None) == (Act.DELETED, Door.IMAP, newcomer.identity.id, False)
    assert line.detail == {"message": encode(item.copy.id), "subject": "Perdu", "rfc_message_id": sent.rfc_message_id}


async def test_a_move_between_mailboxes_stands_in_the_journals_of_both(town: Town) -> None:
    await _fill(town, "Un")
    await copies.move(town.world, await _actor(town, "doctor"), _ALL, FolderRef(DOCTOR, "Archive"))
    for address in (PRACTICE, DOCTOR):
        line = (await town.told(address))[0]
        assert line.act is Act.MOVED
        assert line.detail is not None
        assert (line.detail["from"], line.detail["to"]) == ("INBOX", "Archive")


async def test_what_changes_nothing_leaves_no_trace(town: Town) -> None:
    await _fill(town, "Un")
    doctor = await _actor(town, "doctor")
    before, folder = await town.acts(PRACTICE), (await selected_folder.select(town.world, doctor, _INBOX)).folder
    nothing = InFolder(_INBOX, [(7, 9)])
    await copies.change_flags(town.world, doctor, _ALL, FlagChange(remove=frozenset({"\\Flagged"})))
    await copies.change_flags(town.world, doctor, nothing, FlagChange(frozenset({"\\Flagged"})))
    assert await copies.delete(town.world, doctor, nothing) == []
    assert await copies.delete(town.world, doctor, _ALL, marked=True) == []
    assert (await copies.copy(town.world, doctor, nothing, _ARCHIVE)).there == ()
    assert (await copies.move(town.world, doctor, nothing, _ARCHIVE)).there == ()
    assert await town.acts(PRACTICE) == before
    assert (await selected_folder.select(town.world, doctor, _INBOX)).folder == folder


async def test_what_is_filed_is_told_and_joins_what_this_mailbox_has(town: Town) -> None:
    sent = await town.send("hospital", HOSPITAL, PRACTICE)
    draft = f"From: {PRACTICE}\r\nIn-Reply-To: {sent.rfc_message_id}\r\n\r\nx\r\n".encode()
    doctor = await _actor(town, "doctor")
    for address, joins in ((PRACTICE, True), (DOCTOR, False)):
        await appending.append(town.world, doctor, FolderRef(address, "Drafts"), NewCopy(draft, frozenset({"\\Draft"})))
        (item,) = await town.lying(address, "Drafts")
        assert (item.message.thread_id == sent.message_id, item.copy.flags) == (joins, Flag.DRAFT)
        line = (await town.told(address))[0]
        assert (line.act, line.detail) == (Act.APPENDED, {"message": encode(item.copy.id), "to": "Drafts"})


async def test_a_copy_is_named_by_its_id_wherever_it_lies_now(town: Town) -> None:
    await _fill(town, "Un")
    number, doctor = (await town.lying(PRACTICE))[0].copy.id, await _actor(town, "doctor")
    await messages.move(town.world, doctor, PRACTICE, number, "Archive")
    rows, *_ = await copies.change_flags(town.world, doctor, ById(PRACTICE, number), FlagChange(frozenset({"\\Flagged"})))
    assert rows[0].copy_id == number
    with refused(Rule.NOT_FOUND, "no such message"):
        await copies.change_flags(town.world, doctor, ById(DOCTOR, number), FlagChange(frozenset({"\\Flagged"})))
    assert await copies.delete(town.world, doctor, ById(PRACTICE, number)) == [1]
    with refused(Rule.NOT_FOUND, "no such message"):
        await copies.note_reading(town.world, doctor, ById(PRACTICE, number))


async def test_a_reading_is_noted_once_by_who_may_read(town: Town) -> None:
    await _fill(town, "Un")
    number = (await town.lying(PRACTICE))[0].copy.id
    seer = await _given(town, PRACTICE, Right.SEE, Right.MARK)
    with refused(Rule.RIGHT_MISSING, "The right read"):
        await copies.note_reading(town.world, seer, ById(PRACTICE, number))
    for _ in range(2):
        await copies.note_reading(town.world, await _actor(town, "assistant"), ById(PRACTICE, number))
    assert (await town.acts(PRACTICE)).count("message.read") == 1
    assert (await town.lying(PRACTICE))[0].seen is False


# Flags


async def test_what_was_changed_at_the_known_moment_is_not_too_late(town: Town) -> None:
    await _fill(town, "Un")
    doctor = await _actor(town, "doctor")
    first = await copies.change_flags(town.world, doctor, _ALL, FlagChange(frozenset({"\\Flagged"})))
    assert (first.modseq_before + 1, first.was) == (first.modseq_after, {1: first.modseq_before})
    for since, late in ((first.rows[0].modseq - 1, [1]), (first.rows[0].modseq, [])):
        change = FlagChange(frozenset({"urgent"}), unchanged_since=since)
        assert (await copies.change_flags(town.world, doctor, _ALL, change)).late == late


async def test_who_replaces_flags_sets_no_other_and_takes_none_that_is_not_his_to_take(town: Town) -> None:
    await _fill(town, "Un", "Deux")
    doctor = await _actor(town, "doctor")
    await copies.change_flags(town.world, doctor, InFolder(_INBOX, [(1, 1)]), FlagChange(frozenset({"\\Deleted", "\\Seen"})))
    newcomer = await _given(town, PRACTICE, Right.SEE, Right.MARK)
    await copies.change_flags(town.world, newcomer, _ALL, FlagChange(frozenset({"\\Flagged"}), replace=True))
    assert [flags for flags, _, _ in await _flags(town, _INBOX)] == [Flag.FLAGGED | Flag.DELETED, Flag.FLAGGED]


async def test_one_copy_by_its_id_is_shown_as_its_reader_has_it(town: Town) -> None:
    """Where reading is each one's own, whatever the holder has seen."""
    await town.send("hospital", HOSPITAL, DOCTOR)
    await copies.change_flags(town.world, await _actor(town, "doctor"), InFolder(_OTHER, _EVERY), FlagChange(frozenset({"\\Seen"})))
    (item,) = await town.lying(DOCTOR)
    newcomer = await _given(town, DOCTOR, Right.SEE, Right.MARK)
    changed = await copies.change_flags(town.world, newcomer, ById(DOCTOR, item.copy.id), FlagChange(frozenset({"\\Flagged"})))
    assert [(row.flags & Flag.FLAGGED, row.seen) for row in changed.rows] == [(Flag.FLAGGED, False)]


async def test_a_first_reading_by_a_flag_names_the_grant(town: Town) -> None:
    await _fill(town, "Un")
    secretary = await _actor(town, "secretary")
    await copies.change_flags(town.world, secretary, _ALL, FlagChange(frozenset({"\\Seen"})))
    read = next(line for line in await town.told(PRACTICE) if line.act is Act.READ)
    granted = next(row for row, address in await grants_of(town.world, secretary.identity.id) if address == PRACTICE)
    assert read.grant_id == granted.id


async def test_who_may_not_delete_empties_no_folder(town: Town) -> None:
    doctor = await _actor(town, "doctor")
    made = await folders.create_folder(town.world, doctor, PRACTICE, "Dossier")
    await _fill(town, "Un")
    await copies.move(town.world, doctor, _ALL, FolderRef(PRACTICE, "Dossier"))
    newcomer = await _given(town, PRACTICE, Right.SEE, Right.FILE)
    with refused(Rule.RIGHT_MISSING, "delete"):
        await folders.delete_folder(town.world, newcomer, PRACTICE, made.id, with_messages=True)
    assert await town.subjects(PRACTICE, "Dossier") == ["Un"]


async def test_a_keyword_may_be_one_letter(town: Town) -> None:
    await _fill(town, "Un")
    await copies.change_flags(town.world, await _actor(town, "doctor"), _ALL, FlagChange(frozenset({"X"})))
    assert [words for _, words, _ in await _flags(town, _INBOX)] == ["X"]
