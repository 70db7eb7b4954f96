"""The hours and midnights of a place, from instants of UTC: France has the time of the directive, by a rule and without a table of zones.

| place          | winter    | summer, from the last Sunday of March to that of October, at 01:00 UTC |
|----------------|-----------|-------------------------------------------------------------------------|
| `UTC`          | UTC       | UTC                                                                     |
| `Europe/Paris` | UTC + 1 h | UTC + 2 h (directive 2000/84/CE)                                        |

An hour that a day does not have is the first one after the gap; of one that it has twice, the first is meant.
"""

from datetime import UTC, datetime

from mss_sim.clock import DAY, HOUR, Micros, from_datetime, to_datetime
from mss_sim.vocabulary.clock import LocalTime


def offset(at: Micros, place: LocalTime) -> Micros:
    """By how much the clocks of a place are ahead of UTC at an instant."""
    if place is LocalTime.UTC:
        return 0
    year = to_datetime(at).year
    return 2 * HOUR if _changes(year, 3) <= at < _changes(year, 10) else HOUR


def _changes(year: int, month: int) -> Micros:
    """The last Sunday of a month of 31 days, at 01:00 UTC."""
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return from_datetime(last) - (last.weekday() + 1) % 7 * DAY


def day_of(at: Micros, place: LocalTime) -> int:
    """The day that it is in a place, counted from 1970-01-01."""
    return (at + offset(at, place)) // DAY


def instant_of(day: int, hour: int, place: LocalTime) -> Micros:
    """When the clocks of a place show that hour of that day."""
    shown = day * DAY + hour * HOUR
    ahead = (0,) if place is LocalTime.UTC else (2 * HOUR, HOUR)
    return next((shown - one for one in ahead if offset(shown - one, place) == one), shown - ahead[-1])


def midnight_before(at: Micros, place: LocalTime) -> Micros:
    """The midnight of a place with which the day of an instant began."""
    return instant_of(day_of(at, place), 0, place)


def midnight_after(at: Micros, place: LocalTime) -> Micros:
    """The first midnight of a place that is not before an instant."""
    begun = midnight_before(at, place)
    return begun if begun == at else instant_of(day_of(at, place) + 1, 0, place)
