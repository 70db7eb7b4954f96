"""Days and instants as forms have them, on French clocks."""

from datetime import date, datetime, time, timedelta

from mss_sim.clock import Micros, from_datetime, to_datetime
from mss_sim.errors import Refusal, Rule
from mss_sim.web.showing import PARIS
from mss_sim.words.sentence import say

ONE_DAY = timedelta(days=1)
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9999, 1, 1)


def midnight(text: str, days: int = 0) -> Micros | None:
    """When a day of French clocks begins, or another so many days later; None where none is given."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Refusal(Rule.INVALID, say("{text} is no date: write it as 2026-12-31.", text=text[:20]), subject="date") from error
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise Refusal(Rule.INVALID, say("The date {date} lies too far from now.", date=text[:20]), subject="date")
    return from_datetime(datetime.combine(day + days * ONE_DAY, time(), PARIS))


def day_of(at: Micros) -> date:
    """The day of French clocks in which an instant lies."""
    return to_datetime(at).astimezone(PARIS).date()


def instant(text: str) -> Micros | None:
    """A day, or an instant of a day; None where none is given. Refusal(INVALID) for anything else."""
    if not text:
        return None
    try:
        return from_datetime(datetime.fromisoformat(text).replace(tzinfo=PARIS))
    except (ValueError, OverflowError) as error:
        raise Refusal(Rule.INVALID, say("{text} is no date; write one as 2026-01-05.", text=text[:40])) from error
