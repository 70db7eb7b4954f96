"""The watch list's table: what is listed, as what, and from when on."""

from datetime import UTC, datetime

import pytest

from mss_sim.clock import DAY, HOUR, from_datetime, iso
from mss_sim.policy.watch_list import Happened, is_watched, looked_for, next_digest, reason_of, standing, state_after
from mss_sim.vocabulary.clock import LocalTime
from mss_sim.vocabulary.mail import TimelineKind, WatchReason

_SUBMITTED, _RELAYED, _DELIVERED = Happened(TimelineKind.SUBMITTED), Happened(TimelineKind.RELAYED), Happened(TimelineKind.DELIVERED)
_DELAYED, _FAILED = Happened(TimelineKind.DELAYED), Happened(TimelineKind.FAILED)
_DISPLAYED, _PROCESSED = Happened(TimelineKind.DISPLAYED), Happened(TimelineKind.PROCESSED)
_IN_ERROR = Happened(TimelineKind.PROCESSED, failed=True)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([_DISPLAYED, _FAILED], TimelineKind.DISPLAYED),
        ([_DISPLAYED, _DELAYED], TimelineKind.DISPLAYED),
        ([_DISPLAYED, _IN_ERROR], TimelineKind.DISPLAYED),
        ([_PROCESSED], TimelineKind.DISPLAYED),
        ([_FAILED, _DELIVERED], TimelineKind.FAILED),
        ([_FAILED, _DELAYED], TimelineKind.FAILED),
        ([_FAILED, _DISPLAYED], TimelineKind.DISPLAYED),
        ([_DELIVERED, _IN_ERROR], TimelineKind.FAILED),
        ([_DELIVERED, _IN_ERROR, _DISPLAYED], TimelineKind.DISPLAYED),
        ([_DELIVERED, _FAILED], TimelineKind.FAILED),
        ([_DELIVERED, _DELAYED], TimelineKind.DELIVERED),
        ([_DELIVERED, _RELAYED], TimelineKind.DELIVERED),
        ([_RELAYED, _DELAYED], TimelineKind.DELAYED),
        ([_DELAYED, _RELAYED], TimelineKind.RELAYED),
        ([_DELAYED, _DELIVERED], TimelineKind.DELIVERED),
        ([_SUBMITTED, _RELAYED, _DELIVERED], TimelineKind.DELIVERED),
        ([_SUBMITTED], TimelineKind.SUBMITTED),
        ([], TimelineKind.SUBMITTED),
    ],
)
def test_the_newest_event_counts_but_for_the_exceptions(events: list[Happened], state: TimelineKind) -> None:
    assert state_after(events) is state
    one_by_one = TimelineKind.SUBMITTED
    for event in events:
        one_by_one = state_after([event], one_by_one)
    assert one_by_one is state


@pytest.mark.parametrize(
    ("state", "asked", "waited", "listed"),
    [
        (TimelineKind.SUBMITTED, True, 9 * DAY, None),
        (TimelineKind.DISPLAYED, True, 9 * DAY, None),
        (TimelineKind.PROCESSED, True, 9 * DAY, None),
        (TimelineKind.DELIVERED, True, 7 * DAY - 1, None),
        (TimelineKind.DELIVERED, False, 9 * DAY, None),
        (TimelineKind.RELAYED, False, 9 * DAY, None),
        (TimelineKind.DELIVERED, True, 7 * DAY, WatchReason.NOT_OPENED),
        (TimelineKind.RELAYED, True, 7 * DAY, WatchReason.NOT_OPENED),
        (TimelineKind.DELAYED, False, 0, WatchReason.DELAYED),
        (TimelineKind.DELAYED, True, 0, WatchReason.DELAYED),
        (TimelineKind.FAILED, False, 0, WatchReason.NOT_DELIVERED),
        (TimelineKind.FAILED, True, 0, WatchReason.NOT_DELIVERED),
    ],
)
def test_what_is_listed_and_from_when_on(state: TimelineKind, asked: bool, waited: int, listed: WatchReason | None) -> None:
    assert standing(state, waited, 7, asked=asked) is listed


def test_who_has_opened_a_letter_is_not_watched() -> None:
    watched = {state for state in TimelineKind if is_watched(state, asked=True)}
    assert watched.isdisjoint({TimelineKind.DISPLAYED, TimelineKind.PROCESSED})
    assert {TimelineKind.RELAYED, TimelineKind.DELIVERED, TimelineKind.DELAYED, TimelineKind.FAILED} <= watched


@pytest.mark.parametrize("state", TimelineKind)
@pytest.mark.parametrize("waited", [0, 7 * DAY - 1, 7 * DAY])
def test_what_is_looked_for_in_the_store_is_what_the_rule_lists(state: TimelineKind, waited: int) -> None:
    now = 100 * DAY
    for reason in WatchReason:
        latest = looked_for([reason], now, 7).get(state, -1)
        found = reason_of(state) is reason and is_watched(state, asked=True) and (latest is None or now - waited <= latest)
        assert found == (standing(state, waited, 7, asked=True) is reason)
    assert looked_for([], now, 7) == {}


@pytest.mark.parametrize(
    ("now", "hour", "last", "next_at"),
    [
        (3 * DAY + 7 * HOUR, 7, None, 4 * DAY + 7 * HOUR),
        (3 * DAY + 7 * HOUR - 1, 7, None, 3 * DAY + 7 * HOUR),
        (3 * DAY + 8 * HOUR, 7, None, 4 * DAY + 7 * HOUR),
        (3 * DAY + 5 * HOUR, 7, 3 * DAY + 4 * HOUR, 4 * DAY + 7 * HOUR),
        (3 * DAY + 5 * HOUR, 7, 2 * DAY + 7 * HOUR, 3 * DAY + 7 * HOUR),
        (3 * DAY + 7 * HOUR, 7, 3 * DAY + 7 * HOUR, 4 * DAY + 7 * HOUR),
        (3 * DAY + 5 * HOUR, 7, 3 * DAY - 1, 3 * DAY + 7 * HOUR),
        (180 * DAY + 23 * HOUR - 1, 23, None, 180 * DAY + 23 * HOUR),
    ],
)
def test_no_day_has_two_letters(now: int, hour: int, last: int | None, next_at: int) -> None:
    assert next_digest(now, hour, last) == next_at


def test_seven_in_the_morning_is_that_of_the_place_all_year() -> None:
    winter, summer = (from_datetime(datetime(2026, month, 10, 12, tzinfo=UTC)) for month in (1, 7))
    assert [iso(next_digest(now, 7, None, LocalTime.PARIS)) for now in (winter, summer)] == ["2026-01-11T06:00:00Z", "2026-07-11T05:00:00Z"]
    late = from_datetime(datetime(2026, 7, 10, 22, 30, tzinfo=UTC))
    assert iso(next_digest(late, 7, late, LocalTime.PARIS)) == "2026-07-12T05:00:00Z", "half past midnight there is the next day"
