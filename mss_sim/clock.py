"""The only source of time.

Instants are integers: microseconds since 1970-01-01 UTC, the same in memory, in both databases and in tests. Every delay,
expiry and retention rule asks a `Clock`, so that a `ManualClock` can drive it.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

Micros = int
SECOND: Micros = 1_000_000
HOUR: Micros = 3600 * SECOND
DAY: Micros = 24 * HOUR
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - `iso` writes the zone itself


class Clock(Protocol):
    """Tells the time of one simulated world."""

    def now(self) -> Micros:
        """The present instant, in microseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The time of the machine."""

    def now(self) -> Micros:
        return time.time_ns() // 1000


class ManualClock:
    """A time that stands still until it is told to move; for tests and for training."""

    def __init__(self, start: datetime = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)) -> None:
        self._now = from_datetime(start)

    def now(self) -> Micros:
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move forward by `step`; time never goes back (ValueError)."""
        if step < timedelta(0):
            raise ValueError("a clock is only moved forward")
        self._now += step // timedelta(microseconds=1)


def from_datetime(moment: datetime) -> Micros:
    """The instant of an aware datetime; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def to_datetime(instant: Micros) -> datetime:
    """The aware UTC datetime of an instant."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)


def iso(instant: Micros | None) -> str | None:
    """RFC 3339 text of an instant, in UTC with a final `Z` (ref: rfc3339#5.6)."""
    if instant is None:
        return None
    return (_EPOCH + timedelta(microseconds=instant)).isoformat() + "Z"
