"""A provider whose clock is wrong moves the instants of an ID token, and nothing else of it."""

import pytest

from mss_sim.core.psc.skew import skewed
from mss_sim.faults.actions import Skew
from mss_sim.faults.rules import Match
from mss_sim.vocabulary.faults import Point
from tests.core.towns import Town

CLAIMS = {"iat": 1_000, "exp": 1_120, "auth_time": 900, "preferred_username": "899700420013", "nonce": "n"}


async def test_a_right_clock_changes_nothing(town: Town) -> None:
    assert skewed(town.world, CLAIMS) is CLAIMS


@pytest.mark.parametrize("seconds", [600, -600])
async def test_the_instants_are_moved_together_for_whom_it_is(town: Town, seconds: int) -> None:
    town.world.faults.add(Point.CLOCK, Skew(seconds), Match(identity="8997*"), count=None)
    assert skewed(town.world, CLAIMS) == {**CLAIMS, "iat": 1_000 + seconds, "exp": 1_120 + seconds, "auth_time": 900 + seconds}
    other = {**CLAIMS, "preferred_username": "1"}
    assert skewed(town.world, other) == other


async def test_a_claim_that_is_not_there_is_not_made(town: Town) -> None:
    town.world.faults.add(Point.CLOCK, Skew(1))
    assert skewed(town.world, {"iat": 1}) == {"iat": 2}
