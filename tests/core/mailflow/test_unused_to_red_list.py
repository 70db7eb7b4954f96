"""Mailboxes that nobody uses: warned, taken from the directory, and back on use."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection

from mss_sim.clock import DAY
from mss_sim.config.settings import Settings
from mss_sim.core.mailbox import messages
from mss_sim.core.mailbox.mailboxes import change_mailbox
from mss_sim.core.mailflow.delivery import Delivery
from mss_sim.core.mailflow.letter import Accepted, Letter
from mss_sim.core.mailflow.unused_to_red_list import UnusedMailboxes
from mss_sim.core.world.agenda import Fired
from mss_sim.core.world.store_types import ListQuery
from mss_sim.mail.parse import parse
from mss_sim.vocabulary.doors import Door
from tests.clients import DOCTOR, LABORATORY, PATIENT, PRACTICE
from tests.core.towns import IDNATS, OpenTown, Town


def _unused(town: Town) -> UnusedMailboxes:
    return UnusedMailboxes(town.world, Delivery(town.world, lambda: None))


def _of(fired: list[Fired], address: str = PRACTICE) -> list[str]:
    return [one.kind.value for one in fired if one.mailbox == address]


async def _read(town: Town, address: str = PRACTICE, who: str = "doctor") -> None:
    await messages.list_messages(town.world, await town.actor(who), address, ListQuery(0, 10))


async def test_after_fifty_days_a_letter_warns_and_after_sixty_the_mailbox_is_gone_from_the_directory(town: Town) -> None:
    unused, began = _unused(town), town.clock.now()
    assert await unused.next_at() == began + 50 * DAY
    assert await unused.work() == []
    town.clock.advance(timedelta(days=50))
    fired = await unused.work()
    assert [(one.at - began, one.who) for one in fired if one.mailbox == PRACTICE] == [(50 * DAY, IDNATS["doctor"])]
    assert _of(fired) == ["mailbox.unused"]
    assert _of(fired, PATIENT) == [], "patients are in no directory"
    assert await unused.work() == []
    (warning,) = await town.lying(PRACTICE)
    assert warning.message.subject == f"The mailbox {PRACTICE} is not used"
    letter = parse(await town.raw(warning))
    assert letter.headers.text("Auto-Submitted") == "auto-generated"
    assert letter.text.strip() == (
        f"Nobody has used the mailbox {PRACTICE} since 2026-01-05T08:00:00Z. If nobody does before 2026-03-06T08:00:00Z, it leaves"
        " the public directory (red list). It goes on receiving and sending letters, and comes back to the directory as soon as"
        " somebody uses it."
    )
    assert await unused.next_at() == began + 60 * DAY
    town.clock.advance(timedelta(days=10))
    assert _of(await unused.work()) == ["mailbox.red_listed"]
    assert (await town.mailbox(PRACTICE)).red_listed
    assert await unused.next_at() is None
    assert await unused.work() == []
    since = {"since": "2026-01-05T08:00:00Z"}
    told = [(line.act.value, line.detail) for line in await town.told(PRACTICE) if line.act.value.startswith("mailbox.")]
    assert told == [("mailbox.red_listed", since), ("mailbox.unused", since)]


async def test_mailboxes_that_are_due_at_one_instant_are_warned_together(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """People who were made together: 5,000 mailboxes one by one took half a minute of a clock that was advanced. A closed one is passed."""
    await change_mailbox(town.world, DOCTOR, {"state": "closed"}, actor_id=None, door=Door.CONTROL)
    delivery = Delivery(town.world, lambda: None)
    deliver, groups = delivery.deliver, list[int]()

    def counted(conn: Connection, letters: Sequence[Letter]) -> list[Accepted | Exception]:
        groups.append(len(letters))
        return deliver(conn, letters)

    monkeypatch.setattr(delivery, "deliver", counted)
    town.clock.advance(timedelta(days=50))
    fired = await UnusedMailboxes(town.world, delivery).work()
    assert groups == [len(fired)]
    assert len(fired) > 1


async def test_a_use_brings_it_back_and_its_time_begins_anew(town: Town) -> None:
    unused = _unused(town)
    town.clock.advance(timedelta(days=61))
    await unused.work()
    assert (await town.mailbox(PRACTICE)).red_listed
    await _read(town)
    used = town.clock.now()
    assert await unused.next_at() == used + 50 * DAY
    assert not (await town.mailbox(PRACTICE)).red_listed
    assert (await town.acts(PRACTICE))[-1] == "mailbox.published"
    assert (await town.mailbox(DOCTOR)).red_listed, "another one's mailbox"


async def test_a_use_in_time_puts_the_warning_off(town: Town) -> None:
    unused, began = _unused(town), town.clock.now()
    town.clock.advance(timedelta(days=49))
    await _read(town)
    town.clock.advance(timedelta(days=12))
    fired = await unused.work()
    assert (_of(fired), _of(fired, DOCTOR)) == ([], ["mailbox.unused", "mailbox.red_listed"])
    town.clock.advance(timedelta(days=38))
    assert _of(await unused.work()) == ["mailbox.unused"]
    assert town.clock.now() == began + 99 * DAY


async def test_what_was_put_on_the_red_list_by_hand_stays_there_and_a_closed_mailbox_is_left_alone(town: Town) -> None:
    unused = _unused(town)
    await change_mailbox(town.world, PRACTICE, {"red_listed": True}, actor_id=None, door=Door.CONTROL)
    await change_mailbox(town.world, DOCTOR, {"state": "closed"}, actor_id=None, door=Door.CONTROL)
    town.clock.advance(timedelta(days=61))
    fired = await unused.work()
    assert _of(fired) + _of(fired, DOCTOR) == []
    await _read(town)
    await unused.next_at()
    assert (await town.mailbox(PRACTICE)).red_listed
    await change_mailbox(town.world, DOCTOR, {"state": "active"}, actor_id=None, door=Door.CONTROL)
    town.clock.advance(timedelta(days=50))
    fired = await unused.work()
    assert (_of(fired), _of(fired, DOCTOR)) == ([], ["mailbox.unused"])


async def test_who_publishes_it_by_hand_gives_it_two_more_months(town: Town) -> None:
    unused = _unused(town)
    town.clock.advance(timedelta(days=60))
    await unused.work()
    await change_mailbox(town.world, PRACTICE, {"red_listed": False}, actor_id=None, door=Door.CONTROL)
    town.clock.advance(timedelta(days=49))
    assert _of(await unused.work()) == []
    town.clock.advance(timedelta(days=11))
    assert _of(await unused.work()) == ["mailbox.unused", "mailbox.red_listed"]


async def test_no_kind_no_red_list(open_town: OpenTown) -> None:
    async with open_town(red_list_kinds=[]) as town:
        assert await _unused(town).next_at() is None


async def test_spans_and_kinds_are_settings(open_town: OpenTown) -> None:
    async with open_town(red_list_warned_days=2, red_list_days=3, red_list_kinds=["APP"]) as town:
        unused = _unused(town)
        town.clock.advance(timedelta(days=2))
        assert {one.mailbox for one in await unused.work()} == {LABORATORY}
        town.clock.advance(timedelta(days=1))
        assert _of(await unused.work(), LABORATORY) == ["mailbox.red_listed"]
        town.clock.advance(timedelta(days=100))
        assert await unused.work() == []


@pytest.mark.parametrize("wrong", [{"red_list_warned_days": 60}, {"red_list_days": 50}, {"red_list_kinds": ["PATIENT"]}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)
