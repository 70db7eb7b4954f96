"""The time of a world beside the machine's: the same, shifted, standing still, or faster."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from mss_sim.clock import DAY, REAL_TIME, SECOND, ManualClock, Pace, WorldClock, after, from_datetime, iso
from mss_sim.vocabulary.clock import ClockMode

MINUTE = 60 * SECOND


@pytest.fixture
def machine() -> ManualClock:
    """The time of the machine."""
    return ManualClock()


@pytest.mark.parametrize(
    ("ahead", "rate", "mode", "after"),
    [
        (0, 1.0, ClockMode.REAL, MINUTE),
        (DAY, 1.0, ClockMode.OFFSET, DAY + MINUTE),
        (0, 0.0, ClockMode.FROZEN, 0),
        (DAY, 0.0, ClockMode.FROZEN, DAY),
        (0, 60.0, ClockMode.PACED, 60 * MINUTE),
        (DAY, 0.5, ClockMode.PACED, DAY + MINUTE // 2),
    ],
)
def test_a_minute_of_the_machine_is_as_long_as_the_pace_says(
    machine: ManualClock, ahead: int, rate: float, mode: ClockMode, after: int
) -> None:
    clock, began = WorldClock(machine), machine.now()
    clock.run(Pace(began + ahead, began, rate))
    assert (clock.now() - began, clock.pace.mode) == (ahead, mode)
    machine.advance(timedelta(minutes=1))
    assert clock.now() - began == after


def test_a_world_begins_with_the_time_of_the_machine(machine: ManualClock) -> None:
    clock = WorldClock(machine)
    machine.advance(timedelta(days=3))
    assert (clock.now(), clock.machine_now, clock.pace) == (machine.now(), machine.now(), REAL_TIME)


@pytest.mark.parametrize(
    ("rate", "ahead", "seconds"),
    [(1.0, 0, 0), (1.0, -DAY, 0), (1.0, MINUTE, 60), (60.0, MINUTE, 1), (0.0, MINUTE, math.inf), (0.0, 0, 0), (0.5, MINUTE, 120)],
)
def test_how_long_it_is_until_an_instant_depends_on_the_pace(machine: ManualClock, rate: float, ahead: int, seconds: float) -> None:
    clock, began = WorldClock(machine), machine.now()
    clock.run(Pace(began, began, rate))
    assert clock.seconds_until(began + ahead) == seconds


def test_whoever_watches_it_is_told_each_time_that_it_was_set(machine: ManualClock) -> None:
    clock, told = WorldClock(machine), []
    clock.watch(lambda: told.append(clock.now()))
    for step in (1, 2):
        clock.run(Pace(machine.now() + step, machine.now(), 0.0))
    assert told == [machine.now() + 1, machine.now() + 2]
    machine.advance(timedelta(days=1))
    assert len(told) == 2


@pytest.mark.parametrize(
    ("duration", "then"),
    [
        ("P7D", "2026-02-07T08:00:00Z"),
        ("P1W", "2026-02-07T08:00:00Z"),
        ("P1M", "2026-02-28T08:00:00Z"),
        ("P2M", "2026-03-31T08:00:00Z"),
        ("P13M", "2027-02-28T08:00:00Z"),
        ("P2Y1M", "2028-02-29T08:00:00Z"),
        ("PT90S", "2026-01-31T08:01:30Z"),
        ("P1DT1H1M0.5S", "2026-02-01T09:01:00.500000Z"),
        ("PT0S", "2026-01-31T08:00:00Z"),
    ],
)
def test_a_duration_is_added_by_the_calendar(duration: str, then: str) -> None:
    assert iso(after(from_datetime(datetime(2026, 1, 31, 8, tzinfo=UTC)), duration)) == then


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        *(
            (text, "a duration of ISO 8601 is expected")
            for text in ("", "P", "PT", "7D", "P7", "-P7D", "P-7D", "P7D ", "P7DT", "p7d", "P1.5D")
        ),
        *(
            (text, "a duration of ISO 8601 is expected")
            for text in ("PnanD", "PT1e3S", "P٧D", "P9999999D", "P1M1Y", "P7D\n", "P" + "1D" * 9_000)
        ),
        *((text, "the calendar ends before") for text in ("P999999Y", "P99999M", "P999999W")),
    ],
)
def test_what_is_no_duration_or_too_long_a_one_is_told(duration: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        after(0, duration)


@pytest.mark.parametrize(
    ("rate", "seconds", "pause"),
    [(1.0, 1.0, 1.0), (0.0, 1.0, 1.0), (0.5, 1.0, 1.0), (10.0, 1.0, 0.1), (1e6, 1.0, 0.01), (1e6, 0.001, 0.001)],
)
def test_whoever_looks_at_it_looks_more_often_while_it_runs_faster_but_not_without_a_rest(
    machine: ManualClock, rate: float, seconds: float, pause: float
) -> None:
    clock = WorldClock(machine)
    clock.run(Pace(machine.now(), machine.now(), rate))
    assert clock.pause(seconds) == pytest.approx(pause)
