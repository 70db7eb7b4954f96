"""Instants are integers: to and from datetimes, as text, and a clock that only goes forward."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.clock import DAY, HOUR, SECOND, ManualClock, SystemClock, from_datetime, iso, to_datetime


@pytest.mark.parametrize("step", [timedelta(microseconds=-1), timedelta(days=-1)])
def test_a_clock_is_never_moved_back(step: timedelta) -> None:
    clock = ManualClock()
    before = clock.now()
    with pytest.raises(ValueError, match="forward"):
        clock.advance(step)
    assert clock.now() == before


@pytest.mark.parametrize(
    ("step", "micros"),
    [
        pytest.param(timedelta(0), 0, id="not at all"),
        pytest.param(timedelta(microseconds=1), 1, id="one microsecond"),
        pytest.param(timedelta(seconds=1), SECOND, id="one second"),
        pytest.param(timedelta(hours=1), HOUR, id="one hour"),
        pytest.param(timedelta(days=36_525, microseconds=1), 36_525 * DAY + 1, id="a century and a microsecond"),
        pytest.param(timedelta(days=109_575, microseconds=1), 109_575 * DAY + 1, id="three centuries and a microsecond"),
    ],
)
def test_a_clock_moves_forward_by_the_exact_step(step: timedelta, micros: int) -> None:
    clock = ManualClock()
    before = clock.now()
    clock.advance(step)
    assert clock.now() - before == micros


def test_a_manual_clock_stands_still() -> None:
    clock = ManualClock(datetime(2026, 3, 1, tzinfo=UTC))
    assert clock.now() == clock.now() == from_datetime(datetime(2026, 3, 1, tzinfo=UTC))


def test_the_system_clock_tells_microseconds_since_the_epoch() -> None:
    before = time.time()
    now = SystemClock().now()
    assert before - 1 < now / SECOND < time.time() + 1


@pytest.mark.parametrize(
    ("moment", "instant"),
    [
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), 0, id="the epoch"),
        pytest.param(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1, id="one microsecond before"),
        pytest.param(datetime(1970, 1, 1), 0, id="a naive one is UTC"),  # noqa: DTZ001 - that is what is tested
        pytest.param(datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 0, id="another zone"),
        pytest.param(datetime(2026, 1, 5, 8, tzinfo=UTC), 1_767_600_000 * SECOND, id="the first day of work"),
        pytest.param(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), 253_402_300_800 * SECOND - 1, id="the last"),
    ],
)
def test_datetimes_and_their_instants(moment: datetime, instant: int) -> None:
    assert from_datetime(moment) == instant
    assert to_datetime(instant).utcoffset() == timedelta(0)


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_keeps_every_microsecond(moment: datetime) -> None:
    assert to_datetime(from_datetime(moment)) == moment


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(0, "1970-01-01T00:00:00Z", id="whole seconds have no fraction"),
        pytest.param(1, "1970-01-01T00:00:00.000001Z", id="a microsecond"),
        pytest.param(-1, "1969-12-31T23:59:59.999999Z", id="before the epoch"),
        pytest.param(1_767_600_000 * SECOND, "2026-01-05T08:00:00Z", id="the first day of work"),
    ],
)
def test_the_text_of_an_instant_ends_with_z(instant: int | None, text: str | None) -> None:
    assert iso(instant) == text


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_the_text_of_an_instant_reads_back(moment: datetime) -> None:
    text = iso(from_datetime(moment))
    assert text is not None
    assert datetime.fromisoformat(text) == moment
