"""Keywords and the table of charges tell the same: set, cleared, replaced, appended, copied and moved."""

import pytest

from mss_sim.core.access import delegation, identities
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.delegation import GrantRequest
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import appending, charge_verbs, copies, messages
from mss_sim.core.mailbox.appending import NewCopy
from mss_sim.core.mailbox.charge_deeds import without_words, words_beside, words_in, words_with
from mss_sim.core.mailbox.charge_verbs import Wish
from mss_sim.core.mailbox.copies import ById, InFolder
from mss_sim.core.mailbox.flag_rules import FlagChange
from mss_sim.core.mailbox.selected_folder import FolderRef
from mss_sim.errors import Rule
from mss_sim.models.tables import copies as copies_table
from mss_sim.store.engine import Connection
from mss_sim.store.messages import ListedMessage
from mss_sim.vocabulary.charge import ChargeDeed, ChargeState
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE, letter
from tests.core.towns import IDNATS, Town, refused

_EVERY = [(1, 10**9)]
_INBOX, _ARCHIVE, _OTHER = FolderRef(PRACTICE, "INBOX"), FolderRef(PRACTICE, "Archive"), FolderRef(DOCTOR, "INBOX")
_ALL = InFolder(_INBOX, _EVERY)
Stand = tuple[str, str, str]
_TAKEN: Stand = ("in_charge", "Sophie PETIT", "InCharge")
_DONE: Stand = ("done", "Sophie PETIT", "Handled")
_OPEN: Stand = ("open", "", "")
_NEVER: Stand = ("", "", "")


def _stand(item: ListedMessage) -> Stand:
    return (item.charge.state.value, item.charge.name, item.copy.keywords) if item.charge else ("", "", item.copy.keywords)


async def _stands(town: Town, address: str = PRACTICE, folder: str = "INBOX") -> list[Stand]:
    """Each copy of a folder, the newest first."""
    return [_stand(item) for item in await town.lying(address, folder)]


async def _letters(town: Town, count: int = 1) -> None:
    for number in range(count):
        await town.send("hospital", HOSPITAL, PRACTICE, f"n° {number}")


async def _store(town: Town, actor: Actor, *, add: str = "", remove: str = "", replace: bool = False) -> None:
    change = FlagChange(frozenset(add.split()), frozenset(remove.split()), replace)
    await copies.change_flags(town.world, actor, _ALL, change)


async def _take(town: Town, who: str, deed: ChargeDeed = ChargeDeed.TAKE, note: str = "") -> None:
    item = (await town.lying(PRACTICE))[0]
    await charge_verbs.do(town.world, await town.actor(who), PRACTICE, item.copy.id, Wish(deed, note=note))


async def test_setting_and_clearing_the_keywords_is_the_verb(town: Town) -> None:
    await _letters(town)
    secretary = await town.actor("secretary")
    changes: list[tuple[dict[str, str], Stand]] = [
        ({"add": "InCharge"}, _TAKEN),
        ({"add": "incharge"}, _TAKEN),
        ({"remove": "INCHARGE"}, _OPEN),
        ({"add": "handled"}, _DONE),
        ({"add": "Handled"}, _DONE),
        ({"remove": "InCharge"}, _DONE),
        ({"remove": "Handled"}, _OPEN),
        ({"add": "InCharge Handled"}, _DONE),
        ({"remove": "Handled InCharge"}, _OPEN),
    ]
    for change, stand in changes:
        await _store(town, secretary, add=change.get("add", ""), remove=change.get("remove", ""))
        assert await _stands(town) == [stand], change
    assert [act for act in await town.acts(PRACTICE) if act.startswith("message.") and act != "message.received"] == [
        act.value for act in (Act.TAKEN, Act.RELEASED, Act.HANDLED, Act.TAKEN_UP, Act.HANDLED, Act.TAKEN_UP)
    ]


async def test_other_flags_and_keywords_go_with_them_and_stay_what_they_are(town: Town) -> None:
    await _letters(town)
    secretary = await town.actor("secretary")
    await _store(town, secretary, add="urgent InCharge \\Flagged")
    assert await _stands(town) == [("in_charge", "Sophie PETIT", "InCharge urgent")]
    line = next(line for line in await town.told(PRACTICE) if line.act is Act.FLAGGED)
    assert line.detail is not None
    assert (line.detail["add"], line.detail["remove"]) == (["\\Flagged", "urgent"], [])
    await _store(town, secretary, remove="urgent")
    assert await _stands(town) == [_TAKEN]


async def test_flags_replaced_by_others_do_what_is_allowed_and_leave_the_rest(town: Town) -> None:
    await _letters(town)
    secretary, doctor2 = await town.actor("secretary"), await town.actor("doctor2")
    await _take(town, "doctor")
    taken = ("in_charge", "Dr Camille MARTIN", "InCharge")
    await _store(town, secretary, add="\\Seen", replace=True)
    assert await _stands(town) == [taken], "the secretary may not take it from the doctor"
    await _store(town, secretary, add="\\Seen InCharge", replace=True)
    assert await _stands(town) == [taken], "what a program writes back is no deed"
    await _store(town, doctor2, add="\\Seen", replace=True)
    assert await _stands(town) == [_OPEN], "who manages the mailbox may"
    await _store(town, secretary, add="Handled", replace=True)
    assert await _stands(town) == [_DONE]
    await _store(town, secretary, add="InCharge", replace=True)
    assert await _stands(town) == [_DONE], "it is reopened first"


async def test_flags_that_are_written_back_take_nothing_even_from_somebody_who_may_not_mark_any_more(town: Town) -> None:
    await _letters(town)
    await delegation.grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE, Right.MARK})))
    await _take(town, "newcomer")
    await identities.change_identity(town.world, IDNATS["newcomer"], {"enabled": False}, None, None)
    await _store(town, await town.actor("secretary"), add="\\Seen InCharge", replace=True)
    assert await _stands(town) == [("in_charge", "Louise MOREAU", "InCharge")]
    await _store(town, await town.actor("secretary"), add="InCharge")
    assert await _stands(town) == [_TAKEN]


async def test_of_several_letters_one_of_which_is_a_colleagues_none_is_taken(town: Town) -> None:
    await _letters(town, 3)
    await _take(town, "doctor")
    before = await _stands(town)
    with refused(Rule.IN_CHARGE, "Dr Camille MARTIN"):
        await _store(town, await town.actor("secretary"), add="InCharge")
    assert await _stands(town) == before
    with refused(Rule.IN_CHARGE):
        await _store(town, await town.actor("secretary"), remove="InCharge")


async def test_a_deed_raises_the_modification_sequence_also_where_flags_stay(town: Town) -> None:
    await _letters(town)
    await _take(town, "secretary")
    before = (await town.lying(PRACTICE))[0].copy
    doctor = await town.actor("doctor")
    await charge_verbs.do(town.world, doctor, PRACTICE, before.id, Wish(ChargeDeed.ASSIGN, "camille.martin"))
    after = (await town.lying(PRACTICE))[0].copy
    assert (after.keywords, after.modseq) == (before.keywords, before.modseq + 1)
    await _take(town, "doctor", ChargeDeed.NOTE, "à voir")
    assert (await town.lying(PRACTICE))[0].copy.modseq == before.modseq + 2


async def test_a_change_that_comes_too_late_takes_nothing(town: Town) -> None:
    await _letters(town)
    modseq = (await town.lying(PRACTICE))[0].copy.modseq
    secretary = await town.actor("secretary")
    await _store(town, secretary, add="\\Flagged")
    change = FlagChange(frozenset({"InCharge"}), unchanged_since=modseq)
    marked = await copies.change_flags(town.world, secretary, _ALL, change)
    assert (marked.rows, len(marked.late), await _stands(town)) == ([], 1, [_NEVER])


async def test_in_a_patients_mailbox_the_keywords_are_refused(town: Town) -> None:
    await town.send("doctor", DOCTOR, PATIENT)
    patient, item = await town.actor("patient"), (await town.lying(PATIENT))[0]
    with refused(Rule.INVALID):
        await messages.change_flags(town.world, patient, PATIENT, item.copy.id, FlagChange(frozenset({"InCharge"})))
    await appending.append(town.world, patient, FolderRef(PATIENT, "INBOX"), _new("InCharge"))
    assert await _stands(town, PATIENT) == [_NEVER, _NEVER]


def _new(*words: str) -> NewCopy:
    return NewCopy(letter(PRACTICE, HOSPITAL, "déposé").as_bytes(), frozenset(words))


async def test_what_is_appended_with_a_keyword_is_in_the_hands_of_who_appends_it(town: Town) -> None:
    secretary = await town.actor("secretary")
    await appending.append(town.world, secretary, _INBOX, _new("incharge", "urgent"), _new("Handled"), _new())
    assert await _stands(town) == [_NEVER, _DONE, ("in_charge", "Sophie PETIT", "InCharge urgent")]
    await delegation.grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], frozenset({Right.SEE, Right.FILE})))
    await appending.append(town.world, await town.actor("newcomer"), _ARCHIVE, _new("InCharge"))
    assert await _stands(town, folder="Archive") == [_NEVER]


async def test_what_is_moved_within_the_mailbox_stays_in_charge_with_its_notes(town: Town) -> None:
    await _letters(town)
    await _take(town, "secretary", note="à classer")
    await copies.move(town.world, await town.actor("doctor"), _ALL, _ARCHIVE)
    assert await _stands(town, folder="Archive") == [_TAKEN]
    item = (await town.lying(PRACTICE, "Archive"))[0]
    shown = await charge_verbs.look(town.world, await town.actor("doctor"), PRACTICE, item.copy.id)
    assert [note.text for note in shown.notes] == ["à classer"]


async def test_what_is_copied_within_the_mailbox_stands_alike_and_goes_its_own_way_then(town: Town) -> None:
    await _letters(town, 2)
    await _take(town, "secretary", note="une fois")
    await copies.copy(town.world, await town.actor("secretary"), _ALL, _ARCHIVE)
    assert await _stands(town, folder="Archive") == [_TAKEN, _NEVER]
    item = (await town.lying(PRACTICE, "Archive"))[0]
    wish = Wish(ChargeDeed.FINISH, note="deux fois")
    shown = await charge_verbs.do(town.world, await town.actor("secretary"), PRACTICE, item.copy.id, wish)
    assert ([note.text for note in shown.notes], shown.charge.notes) == (["une fois", "deux fois"], 2)
    assert await _stands(town) == [_TAKEN, _NEVER]


async def test_who_may_not_mark_makes_copies_that_are_nobodys(town: Town) -> None:
    await _letters(town)
    await _take(town, "secretary")
    rights = frozenset({Right.SEE, Right.READ, Right.FILE})
    await delegation.grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS["newcomer"], rights))
    await copies.copy(town.world, await town.actor("newcomer"), _ALL, _ARCHIVE)
    assert await _stands(town, folder="Archive") == [_NEVER]


@pytest.mark.parametrize("verb", [copies.copy, copies.move])
async def test_nothing_of_it_goes_along_to_another_mailbox(town: Town, verb: object) -> None:
    await _letters(town)
    await _take(town, "secretary", note="entre nous")
    await (copies.copy if verb is copies.copy else copies.move)(town.world, await town.actor("doctor"), _ALL, _OTHER)
    assert await _stands(town, DOCTOR) == [_NEVER]
    assert await _stands(town) == ([_TAKEN] if verb is copies.copy else [])


async def test_a_keyword_from_before_there_were_charges_is_put_right_by_the_next_deed(town: Town) -> None:
    await _letters(town)
    item = (await town.lying(PRACTICE))[0]

    def mark(conn: Connection) -> None:
        conn.execute(copies_table.update().where(copies_table.c.id == item.copy.id).values(keywords="Handled urgent"))

    await town.world.store.write(mark)
    await _store(town, await town.actor("secretary"), remove="Handled")
    assert await _stands(town) == [("", "", "urgent")]
    await copies.delete(town.world, await town.actor("doctor"), ById(PRACTICE, item.copy.id))


def test_words_are_told_apart_in_any_case() -> None:
    assert (words_in("a HANDLED inCharge"), words_beside("a HANDLED inCharge")) == ("HANDLED inCharge", "a")
    assert words_with("b handled a", ChargeState.IN_CHARGE) == "InCharge a b"
    assert words_with("b handled a", ChargeState.OPEN) == "a b"
    change = FlagChange(frozenset({"x", "handled"}), frozenset({"INCHARGE"}), unchanged_since=7)
    assert without_words(change) == FlagChange(frozenset({"x"}), unchanged_since=7)
