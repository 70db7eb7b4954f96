"""What lies where, for a door that shows many mailboxes as one tree: folders, figures, subscriptions."""

import pytest

from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import copies, folders, mailboxes_as_tree
from mss_sim.core.mailbox.copies import InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.mailboxes_as_tree import Asked
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mailboxes import MailboxState, Right
from tests.clients import DOCTOR, HOSPITAL, PRACTICE, WARD
from tests.core.towns import IDNATS, OpenTown, Town, refused


async def _listed(town: Town, who: str, **chosen: str) -> list[str]:
    return [one.held.mailbox.address for one in await mailboxes_as_tree.list_all(town.world, await town.actor(who, Door.IMAP, **chosen))]


async def test_the_tree_has_what_could_be_opened_and_nothing_else(town: Town) -> None:
    await grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["doctor"], frozenset({Right.SEND_AS})))
    assert await _listed(town, "doctor") == [DOCTOR, PRACTICE]
    assert await _listed(town, "doctor", mailbox=PRACTICE) == [PRACTICE]
    await town.change(DOCTOR, state=MailboxState.CLOSED)
    assert await _listed(town, "doctor") == [PRACTICE]
    assert await _listed(town, "newcomer") == []


async def test_whoever_said_nothing_is_subscribed_to_all_and_may_say_so_of_what_is_not_there(town: Town) -> None:
    doctor, doctor2 = await town.actor("doctor", Door.IMAP), await town.actor("doctor2", Door.IMAP)
    born = {"INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive"}
    await mailboxes_as_tree.subscribe(town.world, doctor, FolderRef(PRACTICE, "Junk"), subscribed=False)
    await mailboxes_as_tree.subscribe(town.world, doctor, FolderRef(PRACTICE, "Plus tard"), subscribed=True)
    said = {one.held.mailbox.address: one.subscribed for one in await mailboxes_as_tree.list_all(town.world, doctor)}
    assert said == {DOCTOR: born, PRACTICE: born - {"Junk"} | {"Plus tard"}}
    assert {one.subscribed for one in await mailboxes_as_tree.list_all(town.world, doctor2)} == {frozenset(born)}
    await mailboxes_as_tree.subscribe(town.world, doctor, FolderRef(PRACTICE, "Junk"), subscribed=True)
    await mailboxes_as_tree.subscribe(town.world, doctor, FolderRef(PRACTICE, "Plus tard"), subscribed=False)
    assert {one.subscribed for one in await mailboxes_as_tree.list_all(town.world, doctor)} == {frozenset(born)}


async def test_by_a_setting_nobody_is_subscribed_to_a_folder_that_was_made_later(open_town: OpenTown) -> None:
    async with open_town(imap_new_folders_subscribed=False) as town:
        doctor = await town.actor("doctor", Door.IMAP)
        await folders.create_folder(town.world, doctor, DOCTOR, "Dossier")
        (own,) = await mailboxes_as_tree.list_all(town.world, await town.actor("doctor", Door.IMAP, mailbox=DOCTOR))
        assert own.subscribed == {"INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive"}


async def test_one_subscribes_where_one_sees_and_by_a_name_that_could_be_one(town: Town) -> None:
    await mailboxes_as_tree.subscribe(town.world, await town.actor("assistant"), FolderRef(PRACTICE, "x" * 255), subscribed=True)
    with pytest.raises(Refusal, match="A folder name has at most 255 characters") as caught:
        await mailboxes_as_tree.subscribe(town.world, await town.actor("assistant"), FolderRef(PRACTICE, "x" * 256), subscribed=True)
    assert (caught.value.rule, caught.value.subject) == (Rule.INVALID, "x" * 100)
    with refused(Rule.NOT_FOUND):
        await mailboxes_as_tree.subscribe(town.world, await town.actor("hospital"), FolderRef(PRACTICE, "INBOX"), subscribed=True)


@pytest.mark.parametrize(("address", "seen_by_other"), [(PRACTICE, 1), (DOCTOR, 2)])
async def test_the_figures_of_a_folder_are_counted_for_who_asks(town: Town, address: str, seen_by_other: int) -> None:
    for subject in ("Un", "Deux"):
        await town.send("hospital", HOSPITAL, address, subject)
    doctor, secretary, place = await town.actor("doctor"), await town.actor("secretary"), FolderRef(address, "INBOX")
    change = FlagChange(frozenset({"\\Seen", "\\Deleted"}))
    await copies.change_flags(town.world, doctor, InFolder(place, [(1, 1)]), change)
    mine, theirs = [await mailboxes_as_tree.figures(town.world, actor, place, Asked(sizes=True)) for actor in (doctor, secretary)]
    assert (mine.unseen, theirs.unseen) == (1, seen_by_other)
    assert (mine.size_bytes, mine.deleted) == ((await town.mailbox(address)).used_bytes, 1)
    assert mine.selected.folder.exists_count == 2
    bare = await mailboxes_as_tree.figures(town.world, doctor, place, Asked())
    assert (bare.size_bytes, bare.deleted) == (-1, -1)
    recent = [
        (
            await mailboxes_as_tree.figures(town.world, doctor, place, Asked(first_recent={mine.selected.folder.id: first}.__getitem__))
        ).recent
        for first in (1, 2, 3)
    ]
    assert recent == [2, 1, 0]
    with refused(Rule.NOT_FOUND):
        await mailboxes_as_tree.figures(town.world, await town.actor("hospital"), place, Asked())


async def test_the_figures_of_many_folders_leave_out_what_may_not_be_seen_and_nothing_else(town: Town) -> None:
    await town.send("hospital", HOSPITAL, [DOCTOR, PRACTICE])
    doctor = await town.actor("doctor", Door.IMAP)
    trees = {one.held.mailbox.address: one for one in await mailboxes_as_tree.list_all(town.world, doctor)}
    inboxes = {address: next(folder.id for folder in tree.folders if folder.name == "INBOX") for address, tree in trees.items()}
    wanted = {"nobody@cabinet.sim.mssante.fr": [1], **{address: [id_] for address, id_ in inboxes.items()}}
    for first, recent in ((1, 1), (2, 0), (9, 0)):
        found = await mailboxes_as_tree.figures_of_all(
            town.world, doctor, wanted, Asked(True, dict.fromkeys(inboxes.values(), first).__getitem__)
        )
        assert {id_: (one.unseen, one.recent) for id_, one in found.items()} == dict.fromkeys(inboxes.values(), (1, recent))
    readers = {found[id_].selected.held.mailbox.address: found[id_].selected.reader for id_ in inboxes.values()}
    assert readers == {DOCTOR: doctor.identity.id, PRACTICE: None}, "where reading is each one's own"
