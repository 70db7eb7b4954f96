"""Whom the letters of a mailbox did not reach: the list, its filters, and the note that a letter went on paper."""

from datetime import timedelta
from typing import Any

import pytest

from mss_sim.core.mailbox import mailboxes
from mss_sim.core.mailflow.watch_list import WatchEntry, WatchQuery, list_entries, note_paper, take_paper_back
from mss_sim.errors import Rule
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import WatchReason
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import DOCTOR, HOSPITAL, PATIENT, PATIENT2, PRACTICE
from tests.core.towns import OpenTown, Town, refused

_ASKING: dict[str, Any] = {"Disposition_Notification_To": PRACTICE}
_NOBODY = "personne@hopital-ormes.sim.mssante.fr"
_ALL = WatchQuery(100, after_days=0)


async def _list(town: Town, query: WatchQuery = _ALL, who: str = "secretary") -> list[WatchEntry]:
    return list((await list_entries(town.world, await town.actor(who), PRACTICE, query)).entries)


async def test_the_newest_event_comes_first_and_pages_go_on_where_they_ended(town: Town) -> None:
    for number in range(6):
        town.clock.advance(timedelta(seconds=1))
        await town.send("doctor", PRACTICE, _NOBODY if number % 2 else PATIENT, f"n° {number}", **_ASKING)
    found, before = list[str](), None
    while page := await _list(town, WatchQuery(4, before, after_days=0)):
        found += [one.letter.subject for one in page]
        before = page[-1].letter.row.event_id
    assert found == [f"n° {number}" for number in (5, 4, 3, 2, 1, 0)]


async def test_reasons_and_days_choose(town: Town) -> None:
    await town.send("doctor", PRACTICE, [PATIENT, _NOBODY], **_ASKING)
    assert [one.reason for one in await _list(town, WatchQuery(100))] == [WatchReason.NOT_DELIVERED]
    town.clock.advance(timedelta(days=7, microseconds=-1))
    assert [one.reason for one in await _list(town, WatchQuery(100))] == [WatchReason.NOT_DELIVERED]
    town.clock.advance(timedelta(microseconds=1))
    assert {one.reason: one.days for one in await _list(town, WatchQuery(100))} == {WatchReason.NOT_DELIVERED: 7, WatchReason.NOT_OPENED: 7}
    assert [one.letter.address for one in await _list(town, WatchQuery(100, reason=WatchReason.NOT_OPENED))] == [PATIENT]
    assert await _list(town, WatchQuery(100, reason=WatchReason.DELAYED)) == []
    assert await _list(town, WatchQuery(100, reason=WatchReason.NOT_OPENED, after_days=8)) == []


async def test_thousands_of_ids_of_one_instant_hide_nobody(town: Town) -> None:
    for _ in range(20_000):
        town.world.ids.next()
    await town.send("doctor", PRACTICE, PATIENT, **_ASKING)
    assert len(await _list(town)) == 1


async def test_a_letter_that_went_on_paper_leaves_the_list_and_stays_there_whatever_its_age(town: Town) -> None:
    await town.send("doctor", PRACTICE, [PATIENT, PATIENT2], **_ASKING)
    secretary = await town.actor("secretary")
    one, other = await _list(town)
    noted = (await note_paper(town.world, secretary, PRACTICE, one.letter.row.recipient_id, "parti")).entries[0].letter.row
    assert (noted.on_paper, noted.paper_at, noted.paper_by_id, noted.paper_note) == (
        True,
        town.world.clock.now(),
        secretary.identity.id,
        "parti",
    )
    assert [found.letter.address for found in await _list(town)] == [other.letter.address]
    done = WatchQuery(100, on_paper=True)
    assert [found.letter.address for found in await _list(town, done)] == [one.letter.address]
    assert await _list(town, WatchQuery(100, after_days=1, on_paper=True)) == []
    line = (await town.told(PRACTICE))[0]
    assert line.detail is not None
    assert (line.act, line.detail["note"], line.door) == ("watch_list.paper_done", "parti", Door.REST)
    assert line.grant_id is not None, "hers"
    await take_paper_back(town.world, secretary, PRACTICE, one.letter.row.recipient_id)
    assert await _list(town, done) == []
    assert len(await _list(town)) == 2


async def test_what_is_not_on_the_list_cannot_be_noted(town: Town) -> None:
    await town.send("doctor", PRACTICE, PATIENT, **_ASKING)
    await town.send("doctor", DOCTOR, PATIENT, Disposition_Notification_To=DOCTOR)
    doctor = await town.actor("doctor")
    foreign = (await list_entries(town.world, doctor, DOCTOR, _ALL)).entries[0].letter.row.recipient_id
    for number in (foreign, 1):
        with refused(Rule.NOT_FOUND, "No such recipient"):
            await note_paper(town.world, doctor, PRACTICE, number, "")
        with refused(Rule.NOT_FOUND, "No such recipient"):
            await take_paper_back(town.world, doctor, PRACTICE, number)


async def test_who_may_see_and_who_may_note(town: Town) -> None:
    await town.send("doctor", PRACTICE, PATIENT, **_ASKING)
    number = (await _list(town))[0].letter.row.recipient_id
    with refused(Rule.NOT_FOUND):
        await _list(town, who="newcomer")
    with refused(Rule.RIGHT_MISSING):
        await note_paper(town.world, await town.actor("assistant"), PRACTICE, number, "")
    await mailboxes.change_mailbox(town.world, PRACTICE, {"state": MailboxState.CLOSED}, actor_id=None, door=Door.CONTROL)
    with refused(Rule.MAILBOX_CLOSED):
        await _list(town)


async def test_what_is_said_of_an_entry_is_what_the_server_said_or_in_the_language_of_the_world(open_town: OpenTown) -> None:
    async with open_town(language=Language.FR) as town:
        await town.send("doctor", PRACTICE, [PATIENT, _NOBODY], **_ASKING)
        told = {one.letter.address: one.detail for one in await _list(town)}
    assert told[PATIENT] == "Pas encore ouvert ; jours d’attente : 0."
    assert told[_NOBODY].startswith("550 5.1.1 ")


@pytest.mark.parametrize("unasked", [True, False])
async def test_letters_that_asked_for_nothing_are_listed_by_the_setting_alone(open_town: OpenTown, unasked: bool) -> None:
    async with open_town(watch_list_unasked=unasked, watch_list_after_days=0) as town:
        await town.send("doctor", PRACTICE, PATIENT)
        await town.send("hospital", HOSPITAL, PATIENT)
        assert len(await _list(town, WatchQuery(100))) == (1 if unasked else 0)
