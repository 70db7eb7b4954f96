"""Grants that begin and end by themselves, as the agenda asks for them."""

from datetime import timedelta

from mss_sim.clock import DAY, HOUR
from mss_sim.core.access.delegation import GrantRequest, grant, revoke
from mss_sim.core.access.grant_turns import GrantTurns
from mss_sim.core.access.practice_holders import CONTROL
from mss_sim.vocabulary.clock import FiredKind
from mss_sim.vocabulary.mailboxes import Right
from tests.clients import DOCTOR, WARD
from tests.core.towns import IDNATS, Town


async def test_the_next_turn_is_the_first_beginning_or_end_of_a_grant_that_was_not_taken_back(town: Town) -> None:
    turns, now = GrantTurns(town.world), town.world.clock.now()
    assert await turns.next_at() == now + 90 * DAY, "the seed's assistant"
    see = frozenset({Right.SEE})
    first = await grant(town.world, CONTROL, GrantRequest(DOCTOR, IDNATS["newcomer"], see, now + HOUR, now + 3 * HOUR))
    await grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["newcomer"], see, now + 2 * HOUR))
    assert await turns.next_at() == now + HOUR
    await revoke(town.world, CONTROL, DOCTOR, first.id)
    assert await turns.next_at() == now + 2 * HOUR
    town.clock.advance(timedelta(hours=2))
    assert await turns.next_at() == now + 90 * DAY, "its own instant has come"


async def test_what_turns_now_is_told_once(town: Town) -> None:
    turns, now = GrantTurns(town.world), town.world.clock.now()
    see = frozenset({Right.SEE})
    ends = await grant(town.world, CONTROL, GrantRequest(DOCTOR, IDNATS["newcomer"], see, valid_until=now + HOUR))
    begins = await grant(town.world, CONTROL, GrantRequest(WARD, IDNATS["newcomer"], see, now + HOUR, now + DAY))
    assert await turns.work() == []
    assert await turns.next_at() == now + HOUR
    town.clock.advance(timedelta(minutes=59))
    assert await turns.work() == []
    town.clock.advance(timedelta(minutes=1))
    told = [(one.at - now, one.kind, one.id, one.mailbox, one.who) for one in await turns.work()]
    who = IDNATS["newcomer"]
    assert told == [(HOUR, FiredKind.GRANT_ENDED, ends.id, DOCTOR, who), (HOUR, FiredKind.GRANT_BEGAN, begins.id, WARD, who)]
    assert await turns.work() == []
