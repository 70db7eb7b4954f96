"""What follows from reading a letter, by each act of the table: who read is written down, it is seen, a patient's receipt leaves."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from mss_sim.core.access import delegation
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import selected_folder
from mss_sim.core.mailbox.copies import ById, InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.core.mailflow.read_receipts import ReceiptWish
from mss_sim.store import messages
from mss_sim.store.folder_view import CopyState
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Right, SeenPolicy
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town

_SEEN, _FLAGGED = FlagChange(frozenset({"\\Seen"})), FlagChange(frozenset({"\\Flagged"}))
Doing = Callable[[Town, Actor, str, int], Awaitable[Any]]


async def _to_patient(town: Town, **headers: Any) -> Accepted:
    return await town.send("doctor", DOCTOR, PATIENT, **{"Disposition_Notification_To": DOCTOR, **headers})


async def _open(town: Town, actor: Actor, address: str, copy_id: int) -> Any:
    return await town.core.reading.open_message(actor, address, copy_id)


def _fetch(*, peeks: bool = False, may_mark: bool = True, shows_text: bool = True) -> Doing:
    async def doing(town: Town, actor: Actor, address: str, copy_id: int) -> Any:
        place = FolderRef(address, "INBOX")
        here = await town.world.store.read(lambda conn: selected_folder.selected_folder(town.world, conn, actor, place, Right.READ))
        rows: Sequence[CopyState] = await selected_folder.states(town.world, actor, place, [(1, 100)])
        return await town.core.reading.fetch(actor, here, rows, shows_text=shows_text, peeks=peeks, may_mark=may_mark)

    return doing


def _mark(change: FlagChange, *, by_id: bool = True) -> Doing:
    async def doing(town: Town, actor: Actor, address: str, copy_id: int) -> Any:
        which = ById(address, copy_id) if by_id else InFolder(FolderRef(address, "INBOX"), [(1, 100)])
        return await town.core.reading.change_flags(actor, which, change)

    return doing


def _mark_one(change: FlagChange) -> Doing:
    async def doing(town: Town, actor: Actor, address: str, copy_id: int) -> Any:
        return await town.core.reading.change_flags_of(actor, address, copy_id, change)

    return doing


async def _do(town: Town, who: str, address: str, doing: Doing) -> int:
    """Read the newest letter of a mailbox; its copy, as that actor sees it."""
    actor = await town.actor(who)
    newest = (await selected_folder.states(town.world, actor, FolderRef(address, "INBOX"), [(1, 100)]))[-1]
    await doing(town, actor, address, newest.copy_id)
    return newest.copy_id


async def _seen(town: Town, who: str, address: str) -> list[bool]:
    """Whether each letter of a mailbox is seen, to that reader, the oldest first."""
    rows = await selected_folder.states(town.world, await town.actor(who), FolderRef(address, "INBOX"), [(1, 100)])
    return [row.seen for row in rows]


async def _readers(town: Town, copy_id: int) -> list[int]:
    found = await town.world.store.read(messages.readings_of, [copy_id])
    return [one.identity_id for one in found.get(copy_id, ())]


ACTS = [
    pytest.param(_open, True, False, True, id="opened"),
    pytest.param(_fetch(), True, True, True, id="fetched"),
    pytest.param(_fetch(may_mark=False), True, False, True, id="fetched read-only"),
    pytest.param(_fetch(peeks=True), False, False, False, id="fetched with PEEK"),
    pytest.param(_mark(_SEEN), True, True, True, id="marked by id"),
    pytest.param(_mark(_SEEN, by_id=False), True, True, True, id="marked in its folder"),
    pytest.param(_mark_one(_SEEN), True, True, True, id="marked as REST does"),
    pytest.param(_mark(_FLAGGED), False, False, False, id="flagged"),
    pytest.param(_mark_one(_FLAGGED), False, False, False, id="flagged as REST does"),
]


@pytest.mark.parametrize(("doing", "noted", "seen", "receipt"), ACTS)
async def test_what_a_patients_act_entails(town: Town, doing: Doing, *, noted: bool, seen: bool, receipt: bool) -> None:
    sent = await _to_patient(town)
    copy_id = await _do(town, "patient", PATIENT, doing)
    patient = (await town.actor("patient")).identity.id
    assert await _readers(town, copy_id) == ([patient] if noted else [])
    assert await _seen(town, "patient", PATIENT) == [seen]
    assert (await town.kinds(sent)).count("displayed") == receipt


@pytest.mark.parametrize("policy", SeenPolicy)
@pytest.mark.parametrize(("doing", "noted", "seen", "_receipt"), ACTS)
async def test_a_professionals_act_entails_the_same_but_no_receipt(
    town: Town, policy: SeenPolicy, doing: Doing, *, noted: bool, seen: bool, _receipt: bool
) -> None:
    await town.change(PRACTICE, seen_policy=policy)
    await town.send("hospital", HOSPITAL, PRACTICE, Disposition_Notification_To=HOSPITAL)
    copy_id = await _do(town, "secretary", PRACTICE, doing)
    secretary = (await town.actor("secretary")).identity.id
    assert await _readers(town, copy_id) == ([secretary] if noted else [])
    assert await _seen(town, "secretary", PRACTICE) == [seen]
    assert await town.lying(HOSPITAL) == []
    assert (Act.READ in await town.acts(PRACTICE)) is noted


async def test_a_second_reading_sends_no_second_receipt(town: Town) -> None:
    sent = await _to_patient(town)
    for doing in (_open, _fetch(), _mark(_SEEN), _open):
        await _do(town, "patient", PATIENT, doing)
    assert (await town.kinds(sent)).count("displayed") == 1
    (item,) = await town.lying(DOCTOR)
    raw = await town.raw(item)
    assert b"Disposition: manual-action/MDN-sent-automatically; displayed" in raw
    assert b"Auto-Submitted: auto-replied" in raw


@pytest.mark.parametrize("doing", [_open, _fetch(), _mark(_SEEN), _mark_one(_SEEN)], ids=["opened", "fetched", "marked", "as REST does"])
async def test_it_stays_where_a_setting_or_the_letter_does_not_ask_for_it(open_town: OpenTown, doing: Doing) -> None:
    async with open_town(patient_receipt_automatic=False) as town:
        await _to_patient(town)
        copy_id = await _do(town, "patient", PATIENT, doing)
        assert await town.lying(DOCTOR) == []
        await town.core.receipts.send(await town.actor("patient"), PATIENT, copy_id, ReceiptWish())
        assert len(await town.lying(DOCTOR)) == 1
    async with open_town() as town:
        for headers in ({"Disposition_Notification_To": HOSPITAL}, {"Disposition_Notification_To": "nobody"}):
            await _to_patient(town, **headers)
            await _do(town, "patient", PATIENT, doing)
        assert await town.lying(DOCTOR) == await town.lying(HOSPITAL) == []


async def test_only_what_is_fetched_for_the_first_time_changes(town: Town) -> None:
    for subject in ("Un", "Deux", "Trois"):
        await town.send("doctor", DOCTOR, PATIENT, subject)
    await _do(town, "patient", PATIENT, _mark(_SEEN))  # the newest
    patient = await town.actor("patient")
    marked = await _fetch()(town, patient, PATIENT, 0)
    assert [row.uid for row in marked.rows] == [1, 2]
    assert await _fetch()(town, patient, PATIENT, 0) is None
    assert await _seen(town, "patient", PATIENT) == [True] * 3


@pytest.mark.parametrize(
    ("doing", "openings"),
    [(_open, 2), (_fetch(), 2), (_fetch(peeks=True), 2), (_fetch(peeks=True, shows_text=False), 0), (_fetch(may_mark=False), 2)],
    ids=["opened", "fetched", "peeked at", "listed", "fetched read-only"],
)
async def test_each_look_of_a_carer_at_a_letter_is_written_down_and_marks_nothing(town: Town, doing: Doing, openings: int) -> None:
    await delegation.grant(town.world, CONTROL, GrantRequest(PATIENT, IDNATS["secretary"], frozenset({Right.SEE, Right.READ})))
    await _to_patient(town)
    for _ in range(2):
        await _do(town, "secretary", PATIENT, doing)
    assert (await town.acts(PATIENT)).count(Act.READ) == openings
    assert await _seen(town, "patient", PATIENT) == [False]
