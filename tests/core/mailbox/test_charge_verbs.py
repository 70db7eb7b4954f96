"""The verb: what is done with a letter in charge, what it tells, and notes for colleagues."""

import asyncio

import pytest

from mss_sim.core.access import delegation, identities
from mss_sim.core.access.delegation import GrantRequest, grants_of
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.core.mailbox import charge_verbs, messages
from mss_sim.core.mailbox.charge_verbs import ChargeShown, Wish
from mss_sim.core.mailbox.copies import ById, delete
from mss_sim.errors import Rule
from mss_sim.models.charges import charge_notes, charges
from mss_sim.policy.charge import NOTE_CHARS_MAX, NOTES_MAX
from mss_sim.store.charges import Charge
from mss_sim.store.engine import Connection
from mss_sim.store.pages import ListQuery
from mss_sim.vocabulary.charge import ChargeChoice, ChargeDeed, ChargeState
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PRACTICE
from tests.core.towns import IDNATS, Town, refused


async def _letter(town: Town, subject: str = "Bilan") -> int:
    await town.send("hospital", HOSPITAL, PRACTICE, subject)
    return (await town.lying(PRACTICE))[0].copy.id


async def _do(town: Town, who: str, letter: int, deed: ChargeDeed, *, to: str = "", note: str = "") -> ChargeShown:
    return await charge_verbs.do(town.world, await town.actor(who), PRACTICE, letter, Wish(deed, to, note))


async def _stands(town: Town, letter: int, who: str = "doctor") -> tuple[str, str, str, int]:
    """State, name, keywords, how many notes: as a list shows it."""
    page = await messages.list_messages(town.world, await town.actor(who), PRACTICE, ListQuery(0, 50))
    [(look, _)] = [(look, kept) for look, kept in page.looks if look.copy.id == letter]
    charge, item = look.charge, page.items[letter]
    assert charge == item.charge
    return (charge.state.value, charge.name, item.copy.keywords, charge.notes) if charge else ("", "", item.copy.keywords, 0)


async def _give(town: Town, who: str, *rights: Right) -> None:
    await delegation.grant(town.world, CONTROL, GrantRequest(PRACTICE, IDNATS[who], frozenset(rights)))


async def test_what_nobody_took_is_open_and_has_no_row(town: Town) -> None:
    letter = await _letter(town)
    shown = await charge_verbs.look(town.world, await town.actor("secretary"), PRACTICE, letter)
    assert (shown.charge, shown.notes) == (Charge(letter, ChargeState.OPEN, None, 0, 0), ())
    assert await _stands(town, letter) == ("", "", "", 0)


async def test_a_letter_goes_from_hand_to_hand_until_it_is_done_and_is_taken_up_again(town: Town) -> None:
    letter = await _letter(town)
    await _do(town, "secretary", letter, ChargeDeed.TAKE)
    assert await _stands(town, letter) == ("in_charge", "Sophie PETIT", "InCharge", 0)
    await _do(town, "secretary", letter, ChargeDeed.ASSIGN, to="camille.martin", note="Pour vous, docteur.")
    assert await _stands(town, letter) == ("in_charge", "Dr Camille MARTIN", "InCharge", 1)
    await _do(town, "doctor", letter, ChargeDeed.FINISH)
    assert await _stands(town, letter) == ("done", "Dr Camille MARTIN", "Handled", 1)
    await _do(town, "secretary", letter, ChargeDeed.REOPEN)
    assert await _stands(town, letter) == ("open", "", "", 1)
    await _do(town, "doctor2", letter, ChargeDeed.TAKE)
    await _do(town, "doctor2", letter, ChargeDeed.RELEASE)
    assert await _stands(town, letter) == ("open", "", "", 1)
    told = [(line.act, line.detail) for line in reversed(await town.told(PRACTICE)) if line.act is not Act.RECEIVED]
    message = told[-1][1]["message"]
    assert told[-7:] == [
        (Act.TAKEN, {"message": message}),
        (Act.ASSIGNED, {"message": message, "to": IDNATS["doctor"], "from": IDNATS["secretary"]}),
        (Act.NOTED, {"message": message}),
        (Act.HANDLED, {"message": message}),
        (Act.TAKEN_UP, {"message": message, "from": IDNATS["doctor"]}),
        (Act.TAKEN, {"message": message}),
        (Act.RELEASED, {"message": message, "from": IDNATS["doctor2"]}),
    ]


async def test_of_those_who_take_it_at_the_same_time_one_has_it_and_the_others_are_told_who(town: Town) -> None:
    letter = await _letter(town)
    people = ["secretary", "doctor", "doctor2"]
    tried = await asyncio.gather(*(_do(town, who, letter, ChargeDeed.TAKE) for who in people), return_exceptions=True)
    [winner] = [one for one in tried if isinstance(one, ChargeShown)]
    lost = [one for one in tried if not isinstance(one, ChargeShown)]
    assert [(getattr(one, "rule", None), getattr(one, "subject", None)) for one in lost] == [(Rule.IN_CHARGE, winner.charge.idnat)] * 2
    assert [line.act for line in await town.told(PRACTICE)].count(Act.TAKEN) == 1


async def test_what_is_so_already_leaves_no_trace(town: Town) -> None:
    letter = await _letter(town)
    for deed in (ChargeDeed.RELEASE, ChargeDeed.REOPEN):
        await _do(town, "secretary", letter, deed)
    assert await _stands(town, letter) == ("", "", "", 0)
    await _do(town, "secretary", letter, ChargeDeed.TAKE)
    before, lines = (await town.lying(PRACTICE))[0], len(await town.told(PRACTICE))
    await _do(town, "secretary", letter, ChargeDeed.TAKE)
    await _do(town, "doctor2", letter, ChargeDeed.ASSIGN, to="sophie.petit")
    assert (await town.lying(PRACTICE))[0] == before
    assert len(await town.told(PRACTICE)) == lines


async def test_only_who_manages_the_mailbox_takes_it_from_a_colleague(town: Town) -> None:
    letter = await _letter(town)
    await _do(town, "doctor", letter, ChargeDeed.TAKE)
    for deed in (ChargeDeed.TAKE, ChargeDeed.RELEASE, ChargeDeed.FINISH):
        with refused(Rule.IN_CHARGE, "Dr Camille MARTIN has this letter in charge"):
            await _do(town, "secretary", letter, deed)
    with refused(Rule.IN_CHARGE):
        await _do(town, "secretary", letter, ChargeDeed.ASSIGN, to="sophie.petit")
    with refused(Rule.IN_CHARGE):
        await _do(town, "doctor2", letter, ChargeDeed.TAKE)
    await _do(town, "doctor2", letter, ChargeDeed.ASSIGN, to="hugo.bernard")
    assert (await _stands(town, letter))[1] == "Dr Hugo BERNARD"


async def test_nobody_waits_for_a_colleague_whose_right_has_ended_or_who_was_disabled(town: Town) -> None:
    first, second = await _letter(town, "Un"), await _letter(town, "Deux")
    await _give(town, "newcomer", Right.SEE, Right.MARK)
    for letter in (first, second):
        await _do(town, "newcomer", letter, ChargeDeed.TAKE)
    with refused(Rule.IN_CHARGE):
        await _do(town, "secretary", first, ChargeDeed.TAKE)
    await identities.change_identity(town.world, IDNATS["newcomer"], {"enabled": False}, None, None)
    await _do(town, "secretary", first, ChargeDeed.TAKE)
    await identities.change_identity(town.world, IDNATS["newcomer"], {"enabled": True}, None, None)
    for grant, address in await grants_of(town.world, (await town.identity("newcomer")).id):
        await delegation.revoke(town.world, CONTROL, address, grant.id)
    await _do(town, "secretary", second, ChargeDeed.TAKE)
    assert [(await _stands(town, letter))[1] for letter in (first, second)] == ["Sophie PETIT"] * 2


async def test_each_right_is_asked_and_a_letter_goes_to_who_could_finish_it(town: Town) -> None:
    letter = await _letter(town)
    await _give(town, "newcomer", Right.SEE)
    for deed in ChargeDeed:
        with refused(Rule.RIGHT_MISSING, "mark"):
            await _do(town, "newcomer", letter, deed, to="sophie.petit", note="x")
    for called in ("louise.moreau", "personne", "\x00", ""):
        with refused(Rule.INVALID, "to" if not called else "may not mark"):
            await _do(town, "secretary", letter, ChargeDeed.ASSIGN, to=called)
    await _give(town, "newcomer", Right.MARK)
    await _do(town, "secretary", letter, ChargeDeed.ASSIGN, to="louise.moreau")
    assert (await _do(town, "newcomer", letter, ChargeDeed.FINISH)).charge.name == "Louise MOREAU"


async def test_a_note_is_written_and_read_by_who_may_read(town: Town) -> None:
    letter = await _letter(town)
    await _give(town, "newcomer", Right.SEE, Right.MARK)
    with refused(Rule.RIGHT_MISSING, "read"):
        await _do(town, "newcomer", letter, ChargeDeed.NOTE, note="Je ne peux pas lire.")
    with refused(Rule.RIGHT_MISSING, "read"):
        await _do(town, "newcomer", letter, ChargeDeed.TAKE, note="Je ne peux pas lire.")
    shown = await _do(town, "secretary", letter, ChargeDeed.NOTE, note=" <b>Rappeler</b>\r\nà 14 h\x00 ")
    assert [(note.text, shown.people[note.author_id or 0].name) for note in shown.notes] == [("<b>Rappeler</b>\nà 14 h", "Sophie PETIT")]
    assert (await charge_verbs.look(town.world, await town.actor("doctor"), PRACTICE, letter)).notes == shown.notes
    hidden = await charge_verbs.look(town.world, await town.actor("newcomer"), PRACTICE, letter)
    assert (hidden.charge.notes, hidden.notes) == (1, ())
    assert await _stands(town, letter) == ("open", "", "", 1)


async def test_notes_have_an_end(town: Town) -> None:
    letter = await _letter(town)
    for note, rule in (("", Rule.INVALID), ("  ", Rule.INVALID), ("é" * (NOTE_CHARS_MAX + 1), Rule.LIMIT_REACHED)):
        with refused(rule):
            await _do(town, "secretary", letter, ChargeDeed.NOTE, note=note)
    for number in range(NOTES_MAX):
        await _do(town, "secretary", letter, ChargeDeed.NOTE, note=f"n° {number}")
    with refused(Rule.LIMIT_REACHED, "at most 50 notes"):
        await _do(town, "secretary", letter, ChargeDeed.TAKE, note="une de trop")
    shown = await charge_verbs.look(town.world, await town.actor("secretary"), PRACTICE, letter)
    assert (shown.charge.state, [note.text for note in shown.notes]) == (ChargeState.OPEN, [f"n° {number}" for number in range(NOTES_MAX)])


async def test_in_a_patients_mailbox_nobody_takes_anything(town: Town) -> None:
    await town.send("doctor", DOCTOR, PATIENT)
    letter, patient = (await town.lying(PATIENT))[0].copy.id, await town.actor("patient")
    with refused(Rule.INVALID, "mailboxes of professionals"):
        await charge_verbs.do(town.world, patient, PATIENT, letter, Wish(ChargeDeed.TAKE))
    with refused(Rule.INVALID):
        await charge_verbs.colleagues(town.world, patient, PATIENT)


async def test_lists_are_asked_for_what_is_nobodys_mine_somebodys_and_done(town: Town) -> None:
    letters = {subject: await _letter(town, subject) for subject in ("libre", "à elle", "à lui", "fait", "laissé")}
    await _do(town, "secretary", letters["à elle"], ChargeDeed.TAKE)
    await _do(town, "doctor", letters["à lui"], ChargeDeed.TAKE)
    await _do(town, "secretary", letters["fait"], ChargeDeed.FINISH)
    await _do(town, "secretary", letters["laissé"], ChargeDeed.NOTE, note="à voir")

    async def listed(who: str, choice: ChargeChoice) -> set[str]:
        page = await messages.list_messages(town.world, await town.actor(who), PRACTICE, ListQuery(0, 50, charge=choice), "INBOX")
        return {item.message.subject for item in page.items.values()}

    for who, mine in (("secretary", {"à elle"}), ("doctor", {"à lui"}), ("doctor2", set[str]())):
        assert await listed(who, ChargeChoice.MINE) == mine
        assert await listed(who, ChargeChoice.NOBODY) == {"libre", "laissé"}
        assert await listed(who, ChargeChoice.IN_CHARGE) == {"à elle", "à lui"}
        assert await listed(who, ChargeChoice.DONE) == {"fait"}


async def test_a_list_that_was_kept_follows_a_new_name(town: Town) -> None:
    letter = await _letter(town)
    await _do(town, "secretary", letter, ChargeDeed.TAKE)
    assert (await _stands(town, letter))[1] == "Sophie PETIT"
    await identities.change_identity(town.world, IDNATS["secretary"], {"family_name": "PETIT-ROUX"}, None, None)
    assert (await _stands(town, letter))[1] == "Sophie PETIT-ROUX"


async def test_colleagues_are_those_who_may_mark_now(town: Town) -> None:
    await _give(town, "newcomer", Right.SEE, Right.READ)
    found = await charge_verbs.colleagues(town.world, await town.actor("secretary"), PRACTICE)
    assert [one.name for one in found] == ["Dr Camille MARTIN", "Dr Hugo BERNARD", "Sophie PETIT"]
    with refused(Rule.RIGHT_MISSING, "mark"):
        await charge_verbs.colleagues(town.world, await town.actor("newcomer"), PRACTICE)


async def test_who_was_disabled_is_nobodys_colleague(town: Town) -> None:
    letter = await _letter(town)
    await identities.change_identity(town.world, IDNATS["doctor2"], {"enabled": False}, None, None)
    found = await charge_verbs.colleagues(town.world, await town.actor("secretary"), PRACTICE)
    assert [one.name for one in found] == ["Dr Camille MARTIN", "Sophie PETIT"]
    with refused(Rule.INVALID, "hugo.bernard"):
        await _do(town, "secretary", letter, ChargeDeed.ASSIGN, to="hugo.bernard")


async def test_what_is_deleted_takes_its_charge_and_its_notes_along(town: Town) -> None:
    letter = await _letter(town)
    await _do(town, "secretary", letter, ChargeDeed.TAKE, note="Je m'en occupe.")
    await delete(town.world, await town.actor("doctor"), ById(PRACTICE, letter))

    def left(conn: Connection) -> int:
        return len(list(conn.execute(charges.select()))) + len(list(conn.execute(charge_notes.select())))

    assert await town.world.store.read(left) == 0


@pytest.mark.parametrize("role", ["secretary", "doctor"])
async def test_what_is_gone_is_not_found(town: Town, role: str) -> None:
    with refused(Rule.NOT_FOUND):
        await _do(town, role, 1, ChargeDeed.TAKE)
    with refused(Rule.NOT_FOUND):
        await charge_verbs.look(town.world, await town.actor(role), PRACTICE, 1)
