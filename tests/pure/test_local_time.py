"""Hours and midnights of France, from instants of UTC."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mss_sim.clock import DAY, HOUR, from_datetime, iso
from mss_sim.policy.local_time import day_of, instant_of, midnight_after, midnight_before, offset
from mss_sim.vocabulary.clock import LocalTime

_PARIS = ZoneInfo("Europe/Paris")


def _known(at: datetime) -> int:
    ahead = at.astimezone(_PARIS).utcoffset()
    assert ahead is not None
    return ahead // timedelta(microseconds=1)


def test_the_rule_says_what_the_table_of_zones_says() -> None:
    """Every six hours of forty years, and the quarters of an hour around each change."""
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    for step in range(40 * 1_461):
        at = begin + timedelta(hours=6 * step)
        assert offset(from_datetime(at), LocalTime.PARIS) == _known(at), at
    for year in range(2020, 2038):
        for month in (3, 10):
            for quarter in range(4 * 24 * 9):
                at = datetime(year, month, 23, tzinfo=UTC) + timedelta(minutes=15 * quarter)
                assert offset(from_datetime(at), LocalTime.PARIS) == _known(at), at


@pytest.mark.parametrize(
    ("place", "day", "hour", "at"),
    [
        (LocalTime.UTC, "2026-07-01", 7, "2026-07-01T07:00:00Z"),
        (LocalTime.PARIS, "2026-07-01", 0, "2026-06-30T22:00:00Z"),
        (LocalTime.PARIS, "2026-01-01", 0, "2025-12-31T23:00:00Z"),
        (LocalTime.PARIS, "2026-03-29", 2, "2026-03-29T01:00:00Z"),  # there is no such hour: three o'clock
        (LocalTime.PARIS, "2026-03-29", 3, "2026-03-29T01:00:00Z"),
        (LocalTime.PARIS, "2026-10-25", 2, "2026-10-25T00:00:00Z"),  # the first of two
        (LocalTime.PARIS, "2026-10-25", 3, "2026-10-25T02:00:00Z"),
    ],
)
def test_when_clocks_show_an_hour(place: LocalTime, day: str, hour: int, at: str) -> None:
    number = from_datetime(datetime.fromisoformat(day).replace(tzinfo=UTC)) // DAY
    assert iso(instant_of(number, hour, place)) == at


def test_midnights_are_where_the_day_changes() -> None:
    for place in LocalTime:
        for step in range(400 * 5):  # each hour of the day comes
            at = from_datetime(datetime(2026, 1, 1, tzinfo=UTC)) + step * 5 * HOUR
            before, after = midnight_before(at, place), midnight_after(at, place)
            assert before <= at <= after
            assert (after == at) is (before == at)
            assert day_of(before, place) == day_of(at, place) == day_of(before - 1, place) + 1
            assert day_of(after, place) == day_of(at, place) + (after != at) == day_of(after - 1, place) + 1
