"""The folders of a mailbox: named, nested, renamed and deleted, so that nothing is lost by a slip."""

import pytest

from mss_sim.clock import SECOND
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import appending, copies
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.copies import ById, change_flags
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.folders import create_folder, delete_folder, list_folders, rename_folder, renew_uid_validities
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.core.world.store_types import Folder
from mss_sim.errors import Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town, refused

BORN = {"INBOX", "Sent", "Drafts", "Trash", "Junk", "Archive"}


async def _names(town: Town) -> set[str]:
    names = [folder.name for folder, _ in await list_folders(town.world, await town.actor("doctor"), PRACTICE)]
    assert (names[0], len(names)) == ("INBOX", len(set(names)))
    return set(names)


async def _make(town: Town, name: str, who: str = "doctor") -> Folder:
    return await create_folder(town.world, await town.actor(who), PRACTICE, name)


async def _rename(town: Town, folder: Folder, name: str, who: str = "doctor") -> Folder:
    return await rename_folder(town.world, await town.actor(who), PRACTICE, folder.id, name)


async def test_a_folder_is_made_with_those_above_it_and_inbox_in_any_case_is_inbox(town: Town) -> None:
    made = await _make(town, "Patients/2026/Janvier")
    assert (made.name, made.exists_count, made.unseen_count, made.uid_next) == ("Patients/2026/Janvier", 0, 0, 1)
    assert (await _make(town, "inbox/Tri")).name == "INBOX/Tri"
    assert await _names(town) == {*BORN, "Patients", "Patients/2026", "Patients/2026/Janvier", "INBOX/Tri"}
    line = (await town.told(PRACTICE))[1]
    doctor = await town.identity("doctor")
    assert (line.act, line.actor_id, line.detail) == (Act.FOLDER_CREATED, doctor.id, {"name": "Patients/2026/Janvier"})


@pytest.mark.parametrize("name", ["INBOX", "inBox", "Sent", "Patients"])
async def test_a_name_is_taken_once(town: Town, name: str) -> None:
    await _make(town, "Patients")
    with refused(Rule.CONFLICT, "There is already a folder"):
        await _make(town, name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        " a",
        "a ",
        "a/ b",
        "a%b",
        "a*b",
        "a\nb",
        "a\x00",
        "Other Users",
        "Shared/x",
        "x" * 256,
        "/".join("a" * 21),
    ],
)
async def test_what_is_no_name_makes_no_folder_and_renames_none(town: Town, name: str) -> None:
    made = await _make(town, "Ici")
    with refused(Rule.INVALID):
        await _make(town, name)
    with refused(Rule.INVALID):
        await _rename(town, made, name)
    assert await _names(town) == {*BORN, "Ici"}


async def test_the_longest_and_the_deepest_name_are_names(town: Town) -> None:
    assert (await _make(town, "x" * 255)).name == "x" * 255
    assert (await _make(town, "/".join("a" * 20))).name.count("/") == 19


async def test_a_mailbox_holds_so_many_folders_and_a_path_that_does_not_fit_leaves_none_behind(open_town: OpenTown) -> None:
    async with open_town(mailbox_folders_max=8) as town:
        await _make(town, "a")
        with refused(Rule.LIMIT_REACHED):
            await _make(town, "b/c")
        assert await _names(town) == {*BORN, "a"}
        await _make(town, "b")
        with refused(Rule.LIMIT_REACHED):
            await _make(town, "c")


async def test_every_folder_has_a_validity_of_its_own_that_is_never_used_again(town: Town) -> None:
    first = await _make(town, "a")
    await delete_folder(town.world, await town.actor("doctor"), PRACTICE, first.id, with_messages=False)
    second = await _make(town, "a")
    assert second.uid_validity > first.uid_validity >= town.clock.now() // SECOND


async def test_all_folders_of_a_mailbox_get_other_validities_that_were_never_used(town: Town) -> None:
    async def validities() -> dict[str, int]:
        return {folder.name: folder.uid_validity for folder, _ in await list_folders(town.world, await town.actor("doctor"), PRACTICE)}

    before = await validities()
    await renew_uid_validities(town.world, PRACTICE)
    after = await validities()
    assert after.keys() == before.keys()
    assert min(after.values()) > max(before.values())
    assert len(set(after.values())) == len(after)
    await renew_uid_validities(town.world, "nobody@cabinet.sim.mssante.fr")
    assert await validities() == after


async def test_what_carers_see_of_a_folder_goes_with_it(town: Town) -> None:
    await grant(town.world, CONTROL, GrantRequest(PATIENT, IDNATS["newcomer"], frozenset({Right.SEE, Right.READ})))
    patient, carer = await town.actor("patient"), await town.actor("newcomer")
    made = await create_folder(town.world, patient, PATIENT, "Dossier")
    assert {folder.name for folder, _ in await list_folders(town.world, carer, PATIENT)} == BORN | {"Dossier"}
    await delete_folder(town.world, patient, PATIENT, made.id, with_messages=True)
    assert {folder.name for folder, _ in await list_folders(town.world, carer, PATIENT)} == BORN


async def test_a_folder_moves_with_all_that_is_inside_and_stays_the_same_folder(town: Town) -> None:
    outer = await _make(town, "Patients")
    inner = await _make(town, "Patients/2026")
    await _make(town, "Patientsanciens")
    moved = await _rename(town, outer, "Archive/Vieux/Patients")
    assert (moved.id, moved.uid_validity) == (outer.id, outer.uid_validity)
    assert await _names(town) == {*BORN, "Archive/Vieux", "Archive/Vieux/Patients", "Archive/Vieux/Patients/2026", "Patientsanciens"}
    listed = await list_folders(town.world, await town.actor("doctor"), PRACTICE)
    assert {folder.id for folder, _ in listed if folder.name == "Archive/Vieux/Patients/2026"} == {inner.id}
    assert (await town.told(PRACTICE))[0].detail == {"from": "Patients", "to": "Archive/Vieux/Patients"}


async def test_a_name_that_stays_leaves_no_trace(town: Town) -> None:
    made = await _make(town, "Patients")
    before = await town.acts(PRACTICE)
    assert await _rename(town, made, "Patients") == made
    assert await town.acts(PRACTICE) == before


async def test_a_folder_moves_neither_into_itself_nor_onto_another(town: Town) -> None:
    made = await _make(town, "a")
    await _make(town, "a/x")
    await _make(town, "b/x")
    with refused(Rule.INVALID, "into itself"):
        await _rename(town, made, "a/b")
    for name in ("b", "Sent"):
        with refused(Rule.CONFLICT):
            await _rename(town, made, name)
    await _rename(town, made, "ab")
    assert {"ab", "ab/x"} <= await _names(town)


async def test_a_folder_whose_contents_would_have_too_long_a_name_stays(town: Town) -> None:
    made = await _make(town, "a")
    await _make(town, "a/" + "x" * 250)
    with refused(Rule.INVALID):
        await _rename(town, made, "y" * 10)
    assert "a" in await _names(town)


async def test_special_folders_stay(town: Town) -> None:
    for folder, _ in await list_folders(town.world, await town.actor("doctor"), PRACTICE):
        with refused(Rule.CONFLICT, "is a special folder"):
            await _rename(town, folder, "Autre")
        with refused(Rule.CONFLICT, "is a special folder"):
            await delete_folder(town.world, await town.actor("doctor"), PRACTICE, folder.id, with_messages=False)


async def test_only_an_empty_folder_is_deleted(town: Town) -> None:
    doctor = await town.actor("doctor", Door.IMAP)
    outer = await _make(town, "a")
    inner = await _make(town, "a/b")
    with refused(Rule.CONFLICT, "holds other folders"):
        await delete_folder(town.world, doctor, PRACTICE, outer.id, with_messages=False)
    await appending.append(town.world, doctor, FolderRef(PRACTICE, "a/b"), NewCopy(b"From: a@b.fr\r\n\r\nx\r\n"))
    with refused(Rule.CONFLICT, "holds messages"):
        await delete_folder(town.world, doctor, PRACTICE, inner.id, with_messages=False)
    await copies.delete(town.world, doctor, copies.InFolder(FolderRef(PRACTICE, "a/b"), [(1, 9)]))
    for one in (inner, outer):
        await delete_folder(town.world, doctor, PRACTICE, one.id, with_messages=False)
    assert await _names(town) == BORN
    line = (await town.told(PRACTICE))[0]
    assert (line.act, line.door, line.detail) == (Act.FOLDER_DELETED, Door.IMAP, {"name": "a"})


async def test_who_may_not_file_keeps_no_folders_and_a_folder_of_another_mailbox_is_not_there(town: Town) -> None:
    made = await _make(town, "a")
    for who, rule in (("assistant", Rule.RIGHT_MISSING), ("hospital", Rule.NOT_FOUND)):
        actor = await town.actor(who)
        for verb in (
            create_folder(town.world, actor, PRACTICE, "b"),
            rename_folder(town.world, actor, PRACTICE, made.id, "b"),
            delete_folder(town.world, actor, PRACTICE, made.id, with_messages=False),
        ):
            with refused(rule):
                await verb
    assert (await _make(town, "c", "secretary")).name == "c"
    for verb in (
        rename_folder(town.world, await town.actor("doctor"), DOCTOR, made.id, "b"),
        delete_folder(town.world, await town.actor("doctor"), DOCTOR, made.id, with_messages=False),
    ):
        with refused(Rule.NOT_FOUND, "no such folder"):
            await verb
    assert await _names(town) == {*BORN, "a", "c"}


async def test_what_is_unseen_is_everybodys_where_it_is_shared_and_each_ones_where_it_is_personal(town: Town) -> None:
    await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR])
    await town.send("hospital", HOSPITAL, [PRACTICE, DOCTOR])
    doctor, secretary = await town.actor("doctor"), await town.actor("secretary")
    for address in (PRACTICE, DOCTOR):
        item = (await town.lying(address))[0]
        await change_flags(town.world, doctor, ById(address, item.copy.id), FlagChange(frozenset({"\\Seen"})))
    unseen = {}
    for address in (PRACTICE, DOCTOR):
        for actor in (doctor, secretary):
            listed = await list_folders(town.world, actor, address)
            unseen[address, actor.identity.given_name] = next(count for folder, count in listed if folder.name == "INBOX")
    assert unseen == {(PRACTICE, "Camille"): 1, (PRACTICE, "Sophie"): 1, (DOCTOR, "Camille"): 1, (DOCTOR, "Sophie"): 2}
