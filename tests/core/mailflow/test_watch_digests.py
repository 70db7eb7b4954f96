"""The daily letter about a watch list: once a day, at its hour, of what is on the list then."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from mss_sim.clock import DAY, HOUR, Micros, from_datetime, iso
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.watch_digests import WatchDigests
from mss_sim.core.world.agenda import Fired
from mss_sim.errors import Rule
from mss_sim.mail.parse import parse
from mss_sim.vocabulary.clock import ClockMode, FiredKind
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import PATIENT, PRACTICE
from tests.core.towns import OpenTown, Town, refused

_NOBODY = "personne@hopital-ormes.sim.mssante.fr"
_BEGIN = from_datetime(datetime(2026, 1, 5, 8, 0, tzinfo=UTC))
_MORNING = _BEGIN - HOUR


async def _switch(town: Town, *, enabled: bool = True, hour: int | None = None, who: str = "doctor") -> Micros | None:
    return (await town.core.watch_digests.change(await town.actor(who), PRACTICE, enabled=enabled, hour=hour)).next_at


async def _work(town: Town, digests: WatchDigests | None = None) -> list[Fired]:
    one = digests or town.core.watch_digests
    await one.next_at()
    return await one.work()


async def _letters(town: Town) -> list[str]:
    """When the daily letters came, oldest first."""
    items = await town.lying(PRACTICE)
    return [iso(one.copy.internal_at) or "" for one in reversed(items) if one.message.subject.startswith("Watch list")]


async def test_one_comes_at_its_hour_and_not_again_that_day(town: Town) -> None:
    await town.send("doctor", PRACTICE, _NOBODY)
    assert await _switch(town) == _MORNING + DAY
    assert await _work(town) == []
    town.clock.advance(timedelta(hours=23))
    (fired,) = await _work(town)
    assert (fired.kind, fired.at, fired.mailbox, fired.who) == (FiredKind.DIGEST_SENT, _MORNING + DAY, PRACTICE, PRACTICE)
    assert await _work(town) == []
    assert await town.core.watch_digests.next_at() == _MORNING + 2 * DAY
    assert await _letters(town) == ["2026-01-06T07:00:00Z"]


async def test_the_letter_answers_nobody_and_lists_each(town: Town) -> None:
    sent = await town.send("doctor", PRACTICE, [_NOBODY, PATIENT], "Objet é", Disposition_Notification_To=PRACTICE)
    await _switch(town)
    town.clock.advance(timedelta(days=8))
    await _work(town)
    item = (await town.lying(PRACTICE))[0]
    raw = await town.raw(item)
    letter = parse(raw)
    assert item.message.return_path == ""
    assert letter.headers.text("Auto-Submitted") == "auto-generated"
    assert letter.from_ == (("", "mailer-daemon@cabinet.sim.mssante.fr"),)
    assert letter.receipt_to == ()
    assert letter.text.splitlines() == [
        f"These letters of {PRACTICE} were not delivered, are delayed, or were not opened. Each may need another way, such as paper:",
        "",
        f"{PATIENT}: not opened",
        "  Not opened so far; days waited: 8.",
        f"  letter of {iso(_BEGIN)}: Objet é",
        "",
        f"{_NOBODY}: not delivered",
        f"  {(await town.events(sent))[_NOBODY][-1].detail}",
        f"  letter of {iso(_BEGIN)}: Objet é",
    ]


async def test_an_empty_list_a_suspended_and_a_closed_mailbox_get_none_and_the_next_day_comes(town: Town) -> None:
    await _switch(town)
    town.clock.advance(timedelta(days=1))
    assert await _work(town) == []
    assert await town.core.watch_digests.next_at() == _MORNING + 2 * DAY
    await town.send("doctor", PRACTICE, _NOBODY)
    for state in (MailboxState.SUSPENDED, MailboxState.CLOSED):
        await town.change(PRACTICE, state=state)
        town.clock.advance(timedelta(days=1))
        assert await _work(town) == []
    await town.change(PRACTICE, state=MailboxState.ACTIVE)
    town.clock.advance(timedelta(days=1))
    assert len(await _work(town)) == 1


async def test_switched_off_and_on_and_to_a_later_hour_no_day_has_two(town: Town) -> None:
    await town.send("doctor", PRACTICE, _NOBODY)
    await _switch(town)
    town.clock.advance(timedelta(hours=23))
    await _work(town)
    assert await _switch(town, enabled=False) is None
    assert await town.core.watch_digests.next_at() is None
    assert await _switch(town, hour=9) == _MORNING + 2 * DAY + 2 * HOUR
    town.clock.advance(timedelta(hours=3))
    assert await _work(town) == []


async def test_one_that_is_late_comes_once_for_all_the_days_that_passed(town: Town) -> None:
    await town.send("doctor", PRACTICE, _NOBODY)
    await _switch(town)
    town.clock.advance(timedelta(days=4, hours=3))
    assert len(await _work(town)) == 1
    assert await town.core.watch_digests.next_at() == _MORNING + 5 * DAY


async def test_of_two_who_look_at_once_one_sends(town: Town) -> None:
    await town.send("doctor", PRACTICE, _NOBODY)
    await _switch(town)
    town.clock.advance(timedelta(days=1))
    other = WatchDigests(town.world, Delivery(town.world, lambda: None))
    for one in (town.core.watch_digests, other):
        await one.next_at()
    fired = await asyncio.gather(town.core.watch_digests.work(), other.work())
    assert sorted(map(len, fired)) == [0, 1]
    assert len(await _letters(town)) == 1


async def test_one_that_cannot_be_written_down_was_not_sent_and_stays_due(town: Town) -> None:
    await town.send("doctor", PRACTICE, _NOBODY)
    await _switch(town)
    town.clock.advance(timedelta(days=1))
    stop = "CREATE TRIGGER stop BEFORE UPDATE OF sent_at ON watch_digests BEGIN SELECT RAISE(ABORT, 'stopped'); END"
    await town.world.store.write(lambda conn: conn.exec_driver_sql(stop))
    with pytest.raises(DBAPIError):
        await _work(town)
    assert await _letters(town) == [], "what was written was rolled back with it"
    await town.world.store.write(lambda conn: conn.exec_driver_sql("DROP TRIGGER stop"))
    assert len(await _work(town)) == 1


async def test_an_advance_sends_each_day_at_its_own_instant(town: Town) -> None:
    await town.core.agenda.set_pace(ClockMode.FROZEN)
    await town.send("doctor", PRACTICE, _NOBODY)
    await _switch(town)
    fired = await town.core.agenda.advance(by=3 * DAY)
    assert [one.at for one in fired] == [_MORNING + day * DAY for day in (1, 2, 3)]
    assert await _letters(town) == [iso(one.at) for one in fired]


async def test_an_empty_morning_that_is_overdue_does_not_stop_the_walk(town: Town) -> None:
    await town.send("doctor", PRACTICE, PATIENT, Disposition_Notification_To=PRACTICE)
    await _switch(town)
    town.clock.advance(timedelta(days=6))  # nobody has looked, and there was nothing to tell
    fired = await town.core.agenda.advance(by=3 * DAY)
    assert [one.at for one in fired] == [_MORNING + day * DAY for day in (8, 9)]


async def test_a_day_with_more_than_a_letter_holds_says_so(town: Town) -> None:
    await _switch(town)
    for people, more in ((200, False), (1, True)):
        for start in range(0, people, 100):
            named = range(start, min(start + 100, people))
            await town.send("doctor", PRACTICE, [f"personne{one}@hopital-ormes.sim.mssante.fr" for one in named])
        town.clock.advance(timedelta(days=1))
        await _work(town)
        letter = parse(await town.raw((await town.lying(PRACTICE))[0]))
        assert letter.text.count(": not delivered\r\n") == 200
        assert ("There are more; the watch list of the mailbox has them all." in letter.text) is more


async def test_who_manages_the_mailbox_switches_it_and_the_journal_says_so_once(town: Town) -> None:
    for who, rule in (("newcomer", Rule.NOT_FOUND), ("secretary", Rule.RIGHT_MISSING)):
        with refused(rule):
            await _switch(town, who=who)
    for _ in range(2):
        await _switch(town, hour=6)
    await _switch(town, enabled=False)
    told = [line.detail for line in await town.told(PRACTICE) if line.act == "mailbox.changed"]
    assert told == [
        {"before": {"watch_digest_hour": 6}, "after": {"watch_digest_hour": None}},
        {"before": {"watch_digest_hour": None}, "after": {"watch_digest_hour": 6}},
    ]
    secretary = await town.core.watch_digests.of_mailbox(await town.actor("secretary"), PRACTICE)
    assert secretary is not None
    assert (secretary.hour, secretary.next_at) == (6, None)


async def test_the_hour_is_the_settings_where_the_mailbox_names_none(open_town: OpenTown) -> None:
    async with open_town(watch_list_digest_hour=22) as town:
        assert await _switch(town) == _MORNING + 15 * HOUR
