"""Dates of searches: a prefix, and the stretch of time that the precision of the date gives (ref: ans-annuaire)."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mss_sim.clock import Micros, from_datetime

_DATE = re.compile(
    r"(eq|ne|gt|sa|ge|lt|eb|le|ap)?"
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(Z|[+ -][0-9]{2}:[0-9]{2})?)?)?)?",
    re.ASCII,
)


class Stretch(NamedTuple):
    """From an instant on, and before another; `prefix` says how a date is compared with it."""

    prefix: str
    since: Micros
    until: Micros


class NoDate(ValueError):
    """A text that is no date."""


def read_date(text: str) -> Stretch:
    """The stretch that a date means, in UTC where it names no zone; NoDate for what is none."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise NoDate(text)
    prefix, year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        begin = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
        if fraction:
            begin = begin.replace(microsecond=int(fraction[:3].ljust(3, "0")) * 1_000)
        begin -= _offset(zone)
        if fraction:
            end = begin + timedelta(milliseconds=1)
        elif day:
            end = begin + (timedelta(seconds=1) if second else timedelta(minutes=1) if minute else timedelta(days=1))
        else:
            end = _after_month(begin) if month else begin.replace(year=begin.year + 1)
        return Stretch(prefix or "eq", from_datetime(begin), from_datetime(end))
    except (ValueError, OverflowError) as error:
        raise NoDate(text) from error


def _after_month(begin: datetime) -> datetime:
    return begin.replace(year=begin.year + 1, month=1) if begin.month == 12 else begin.replace(month=begin.month + 1)


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError(zone)
    ahead = timedelta(hours=hours, minutes=minutes)
    return -ahead if zone[0] == "-" else ahead  # a + that nobody encoded arrives as a space
