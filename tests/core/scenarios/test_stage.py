"""Instants as files write them: a duration from now, or an instant."""

import pytest

from mss_sim.clock import DAY, from_datetime, to_datetime
from mss_sim.core.scenarios.stage import instant
from mss_sim.errors import Rule
from tests.core.towns import Town, refused


async def test_a_duration_is_counted_from_now_by_the_calendar(town: Town) -> None:
    now = town.world.clock.now()
    assert instant(town.world, "P1D") - now == DAY
    assert instant(town.world, "P1M") == from_datetime(to_datetime(now).replace(month=2))


@pytest.mark.parametrize("text", ["2030-01-05T08:00:00Z", "2030-01-05T09:00:00+01:00"])
async def test_an_instant_is_the_same_whenever_it_is_read(town: Town, text: str) -> None:
    assert to_datetime(instant(town.world, text)).isoformat() == "2030-01-05T08:00:00+00:00"


async def test_beyond_the_calendar_is_nothing(town: Town) -> None:
    with refused(Rule.INVALID, "P8000Y cannot be: the calendar ends before"):
        instant(town.world, "P8000Y")
