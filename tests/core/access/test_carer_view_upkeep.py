"""What carers see follows the patient's mailbox: whatever is done there, it holds what no mask matches, and keeps the promises of IMAP."""

from random import Random

import pytest
from sqlalchemy import Connection

from mss_sim.core.access import carer_masks, carer_view_upkeep, rights_in_force
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest, grant
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import appending, folders, messages
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.errors import Refusal
from mss_sim.store import folder_view
from mss_sim.store import folders as folder_rows
from mss_sim.store import mailboxes as boxes
from mss_sim.store import masks as mask_rows
from mss_sim.store.folder_view import CopyState
from mss_sim.store.mailboxes import Mailbox
from mss_sim.vocabulary.mailboxes import Flag, Right, SeenPolicy
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, letter
from tests.core.towns import OpenTown, Town

_RIGHTS = frozenset({Right.SEE, Right.READ})
Uids = dict[tuple[int, int], int]


async def _let_in(town: Town, who: str = "newcomer", address: str = PATIENT) -> Mailbox:
    """A carer, and what he sees of the mailbox."""
    await grant(town.world, CONTROL, GrantRequest(address, (await town.identity(who)).idnat, _RIGHTS))
    held = await town.world.store.read(rights_in_force.access_to, address, (await town.identity(who)).id, town.clock.now())
    assert held is not None
    assert held.carer_of == (await town.mailbox(address)).id
    return held.mailbox


def _content(conn: Connection, mailbox_id: int) -> dict[str, list[CopyState]]:
    rows = folder_rows.of_mailbox(conn, mailbox_id)
    return {row.name: folder_view.states(conn, row.id, [(1, row.uid_next)], None) for row in rows}


async def _compare(town: Town, known: Uids) -> None:
    """The view holds what is not masked, folder by folder; a UID names one letter for ever, and new ones are higher."""

    def query(conn: Connection) -> None:
        box = boxes.by_address(conn, PATIENT)
        assert box is not None
        assert box.carer_view_id is not None
        hidden = mask_rows.hidden(conn, box.id)
        own, seen = _content(conn, box.id), _content(conn, box.carer_view_id)
        assert seen.keys() == own.keys()
        for name, rows in own.items():
            wanted = sorted((row.message_id, int(row.flags), row.keywords) for row in rows if row.message_id not in hidden)
            assert sorted((row.message_id, int(row.flags), row.keywords) for row in seen[name]) == wanted
        size = sum(row.size_bytes for rows in seen.values() for row in rows)
        assert box.carer_view_bytes == size
        for folder in folder_rows.of_mailbox(conn, box.carer_view_id):
            unseen = sum(not row.flags & Flag.SEEN for row in seen[folder.name])
            assert (folder.exists_count, folder.unseen_count) == (len(seen[folder.name]), unseen)
            before = max((uid for place, uid in known if place == folder.id), default=0)
            for row in seen[folder.name]:
                assert known.setdefault((folder.id, row.uid), row.message_id) == row.message_id
                assert row.uid < folder.uid_next
                assert row.modseq <= folder.modseq
            fresh = {uid for place, uid in known if place == folder.id and uid > before}
            assert all(uid > before for uid in fresh)

    await town.world.store.read(query)


class _Patient:
    """A patient who does this and that, as chance has it."""

    def __init__(self, town: Town, actor: Actor, chance: Random) -> None:
        self._town, self._actor, self._chance, self._made = town, actor, chance, 0

    async def act(self) -> None:
        """One act; what cannot be done is refused, and nothing happens."""
        acts = (self._letter, self._letter, self._answer, self._append, self._flag, self._move, self._delete, self._folder, self._mask)
        try:
            await self._chance.choice((*acts, self._mask, self._unmask))()
        except Refusal:
            return

    async def _copy(self) -> int:
        rows = await self._town.lying(PATIENT, None)
        return self._chance.choice(rows).copy.id if rows else 0

    async def _letter(self) -> None:
        who, sender = self._chance.choice((("doctor", DOCTOR), ("hospital", HOSPITAL)))
        await self._town.send(who, sender, self._chance.choice(([PATIENT], [PATIENT, PATIENT2, DOCTOR])))

    async def _answer(self) -> None:
        await self._town.send(self._actor, PATIENT, self._chance.choice((DOCTOR, HOSPITAL)))

    async def _append(self) -> None:
        raw = letter(self._chance.choice((DOCTOR, HOSPITAL)), PATIENT).as_bytes()
        await appending.append(self._town.world, self._actor, FolderRef(PATIENT, "Archive"), NewCopy(raw), NewCopy(raw))

    async def _flag(self) -> None:
        word = self._chance.choice(("\\Seen", "\\Flagged", "urgent"))
        change = self._chance.choice((FlagChange(frozenset({word})), FlagChange(remove=frozenset({word}))))
        await messages.change_flags(self._town.world, self._actor, PATIENT, await self._copy(), change)

    async def _move(self) -> None:
        names = [row.name for row, _ in await folders.list_folders(self._town.world, self._actor, PATIENT)]
        await messages.move(self._town.world, self._actor, PATIENT, await self._copy(), self._chance.choice(names))

    async def _delete(self) -> None:
        await messages.delete(self._town.world, self._actor, PATIENT, await self._copy())

    async def _folder(self) -> None:
        self._made += 1
        world, made = self._town.world, await folders.create_folder(self._town.world, self._actor, PATIENT, f"n{self._made}/m")
        await messages.move(world, self._actor, PATIENT, await self._copy(), made.name)
        await folders.rename_folder(world, self._actor, PATIENT, made.id, f"r{self._made}")
        if self._chance.random() < 0.7:
            await folders.delete_folder(world, self._actor, PATIENT, made.id, with_messages=True)

    async def _mask(self) -> None:
        if self._chance.random() < 0.5:
            await carer_masks.mask_letter(self._town.world, self._actor, PATIENT, await self._copy())
        else:
            await carer_masks.mask_correspondent(self._town.world, self._actor, PATIENT, self._chance.choice((DOCTOR, HOSPITAL)))

    async def _unmask(self) -> None:
        rows = await carer_masks.list_masks(self._town.world, self._actor, PATIENT)
        await carer_masks.unmask(self._town.world, self._actor, PATIENT, self._chance.choice(rows).id if rows else 0)


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_the_patient_does_a_carer_sees_what_is_not_masked(open_town: OpenTown, seed: int) -> None:
    async with open_town() as town:
        chance = Random(seed)  # noqa: S311 - the same story each time
        patient, known = _Patient(town, await town.actor("patient"), chance), Uids()
        for _ in range(seed):
            await patient.act()
        await _let_in(town)
        for _ in range(40):
            await patient.act()
            await _compare(town, known)


async def test_nothing_is_made_where_nobody_is_a_carer(town: Town) -> None:
    await carer_masks.mask_correspondent(town.world, await town.actor("patient"), PATIENT, HOSPITAL)
    await town.send("doctor", DOCTOR, PATIENT)
    assert (await town.mailbox(PATIENT)).carer_view_id is None


async def test_a_view_is_no_mailbox_to_anybody(town: Town) -> None:
    """It stands in no list, belongs to nobody, and goes with the mailbox."""
    before = [box.address for box in await town.world.store.read(boxes.list_all)]
    view = await _let_in(town)
    assert [box.address for box in await town.world.store.read(boxes.list_all)] == before
    owner = await town.identity("patient")
    assert [box.address for box in await town.world.store.read(boxes.owned_by, owner.id)] == [PATIENT]
    assert await town.world.store.read(boxes.by_id, view.id) is not None
    own = await town.mailbox(PATIENT)
    await town.world.store.write(lambda conn: boxes.remove(conn, own.id))
    assert await town.world.store.read(boxes.by_id, view.id) is None


async def test_a_letter_that_fails_in_its_group_leaves_nothing_to_follow(town: Town) -> None:
    """What one unit of work was to have followed is forgotten with it."""
    await _let_in(town)
    own = await town.mailbox(PATIENT)

    def fails(conn: Connection) -> None:
        rows = folder_rows.of_mailbox(conn, own.id)
        rows[0].step()
        folder_rows.save_counters(conn, rows)
        raise LookupError("as it happens")

    with pytest.raises(LookupError):
        await town.world.store.write(fails)
    await town.send("doctor", DOCTOR, PATIENT)
    await _compare(town, {})


async def test_what_a_carer_sees_is_told_as_the_copies_that_the_patient_knows(town: Town) -> None:
    view = await _let_in(town)
    for _ in range(2):
        await town.send("doctor", DOCTOR, PATIENT)
    own = {item.copy.id for item in await town.lying(PATIENT)}
    seen = (await town.world.store.read(_content, view.id))["INBOX"]
    foreign = seen[0]._replace(copy_id=1)
    known = await town.world.store.read(carer_view_upkeep.as_known, [*seen, foreign])
    assert {row.copy_id for row in known} == own
    assert [row._replace(copy_id=0) for row in known] == [row._replace(copy_id=0) for row in seen]


async def test_what_is_unseen_by_everybody_is_counted_for_carers_too(town: Town) -> None:
    await town.change(PATIENT, seen_policy=SeenPolicy.SHARED)
    view, patient = await _let_in(town), await town.actor("patient")
    for _ in range(2):
        await town.send("doctor", DOCTOR, PATIENT)
    number = (await town.lying(PATIENT))[0].copy.id
    for change, unseen in ((FlagChange(frozenset({"\\Seen"})), 1), (FlagChange(remove=frozenset({"\\Seen"})), 2)):
        await messages.change_flags(town.world, patient, PATIENT, number, change)
        (inbox,) = [row for row in await town.world.store.read(folder_rows.of_mailbox, view.id) if row.name == "INBOX"]
        assert (inbox.exists_count, inbox.unseen_count) == (2, unseen)
