"""Waiting recipients, as the agenda asks for them."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest

from mss_sim.clock import DAY, SECOND
from mss_sim.core.mailflow.due_tries import DueTries
from mss_sim.core.mailflow.letter import Accepted
from mss_sim.store import queue, submissions
from mss_sim.store.queue import Due
from mss_sim.store.submissions import RecipientRow
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.mailboxes import MailboxState
from tests.clients import HOSPITAL, PATIENT, PRACTICE
from tests.core.mailflow.carriers import Slow
from tests.core.towns import OpenTown, Town


async def test_whoever_is_due_is_tried_in_the_order_of_ids_and_told_with_whose_letter_it_is(town: Town) -> None:
    tries, now = DueTries(town.world, town.core.queue), town.world.clock.now()
    assert (await tries.next_at(), await tries.work()) == (None, [])
    for address in (PRACTICE, PATIENT):
        await town.change(address, state=MailboxState.SUSPENDED)
    await town.send("hospital", HOSPITAL, [PRACTICE, PATIENT])
    assert await tries.next_at() == now + 60 * SECOND
    assert await tries.work() == [], "not yet"
    town.clock.advance(timedelta(minutes=1))
    told = await tries.work()
    assert [one.id for one in told] == sorted(one.id for one in told)
    assert {(one.at, one.kind, one.mailbox, one.who) for one in told} == {
        (now + 60 * SECOND, FiredKind.TRIED, HOSPITAL, who) for who in (PRACTICE, PATIENT)
    }
    assert await tries.next_at() == now + 180 * SECOND


async def test_a_try_that_has_begun_is_due_until_it_has_ended(open_town: OpenTown) -> None:
    """Whoever moves the clock waits for it: it is of the instant at which it began, and so is what it leads to."""
    slow = Slow()
    async with open_town(relay="smtp", transport=slow) as town:
        tries, began = DueTries(town.world, town.core.queue), town.world.clock.now()
        working = asyncio.create_task(town.core.queue.run())
        await town.send("hospital", HOSPITAL, PRACTICE)
        await slow.begun.wait()
        assert await tries.next_at() == began
        moving = asyncio.create_task(town.core.agenda.advance(by=7 * DAY))
        await asyncio.sleep(0.05)
        assert (moving.done(), town.world.clock.now()) == (False, began)
        slow.go_on.set()
        (told,) = [one for one in await moving if one.kind is FiredKind.TRIED]
        assert (told.at, told.who, slow.tries) == (began, PRACTICE, 1)
        assert (town.world.clock.now(), await tries.next_at()) == (began + 7 * DAY, None)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def test_a_server_that_is_silent_holds_time_up_so_long_and_no_longer(open_town: OpenTown) -> None:
    slow = Slow()
    async with open_town(relay="smtp", transport=slow) as town:
        tries, began = DueTries(town.world, town.core.queue, patience_seconds=0.1), town.world.clock.now()
        working = asyncio.create_task(town.core.queue.run())
        await town.send("hospital", HOSPITAL, PRACTICE)
        await slow.begun.wait()
        assert await tries.next_at() == began
        assert (await tries.work(), await tries.next_at(), town.core.queue.busy) == ([], None, True)
        slow.go_on.set()
        await town.core.queue.work()
        assert (await tries.work(), await tries.next_at(), town.core.queue.busy) == ([], None, False)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


async def test_of_the_tries_of_another_process_those_that_end_are_told_and_the_others_are_given_up_until_they_are_made_anew(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (PRACTICE, PATIENT):
        await town.change(address, state=MailboxState.SUSPENDED)
    people = await _people(town, await town.send("hospital", HOSPITAL, [PRACTICE, PATIENT]))
    now, far, until = town.clock.now(), town.clock.now() + DAY, town.clock.now() + 60 * SECOND
    leased = [await town.world.store.write(lambda conn, id_=one.id: queue.lease_one(conn, id_, now, far, until)) for one in people]  # type: ignore[misc]
    ends, stays = [one for one in leased if one is not None]
    seen = [[ends, stays], [ends, stays], [stays]]

    async def elsewhere() -> list[Due]:
        return seen.pop(0) if len(seen) > 1 else seen[0]

    monkeypatch.setattr(town.core.queue, "elsewhere", elsewhere)
    tries = DueTries(town.world, town.core.queue, patience_seconds=0.2)
    assert await tries.next_at() == now
    assert [(one.who, one.mailbox) for one in await tries.work()] == [(ends.person.address, HOSPITAL)]
    assert (await tries.next_at(), await tries.work()) == (None, [])
    seen[:] = [[replace(stays, waiting=replace(stays.waiting, leased_until=until + 1))]]
    assert await tries.next_at() == now


async def test_what_was_answered_last_is_what_the_mailbox_answered(town: Town) -> None:
    await town.change(PRACTICE, state=MailboxState.SUSPENDED)
    sent = await town.send("hospital", HOSPITAL, PRACTICE)
    for _ in range(2):
        town.clock.advance(timedelta(hours=1))
        await town.core.queue.work()
    ((_, waiting),) = (await town.world.store.read(queue.of_recipients, [one.id for one in await _people(town, sent)])).items()
    assert (waiting.attempts, waiting.last_reply[:9]) == (3, "450 4.2.1")


async def _people(town: Town, sent: Accepted) -> list[RecipientRow]:
    return await town.world.store.read(submissions.people_of, [sent.submission_id or 0])
