"""The only source of time.

Instants are integers: microseconds since 1970-01-01 UTC, the same in memory, in both databases and in tests. Every delay,
expiry and retention rule asks the `Clock` of its world, which may be shifted, stopped or run faster (`WorldClock`). Certificates, and
waits for a client's octets, follow the machine's.
"""

import math
import re
import time
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, overload

from mss_sim.vocabulary.clock import ClockMode
from mss_sim.words.sentence import SpokenError, say

Micros = int
SECOND: Micros = 1_000_000
HOUR: Micros = 3600 * SECOND
DAY: Micros = 24 * HOUR
_DURATION = re.compile(
    r"P(?=[0-9T])(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)
_PAUSE_SECONDS_MIN = 0.01
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


@dataclass(frozen=True, slots=True)
class Pace:
    """How a world's time runs: it was `world_at` when the machine's was `machine_at`, and `rate` seconds pass in one of the machine's."""

    world_at: Micros = 0
    machine_at: Micros = 0
    rate: float = 1.0

    @property
    def mode(self) -> ClockMode:
        """What it is called."""
        if self.rate == 0:
            return ClockMode.FROZEN
        if self.rate != 1:
            return ClockMode.PACED
        return ClockMode.REAL if self.world_at == self.machine_at else ClockMode.OFFSET

    def at(self, machine: Micros) -> Micros:
        """The instant of the world at an instant of the machine."""
        return self.world_at + int((machine - self.machine_at) * self.rate)


REAL_TIME = Pace()
"""The machine's time."""


class WorldClock:
    """The time of one world: the machine's until somebody sets it. Listeners are told whenever it was set."""

    def __init__(self, machine: Clock) -> None:
        self._machine = machine
        self._pace = REAL_TIME
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> Micros:
        machine = self._machine.now()
        return machine if self._pace is REAL_TIME else self._pace.at(machine)

    @property
    def pace(self) -> Pace:
        """How it runs."""
        return self._pace

    @property
    def machine_now(self) -> Micros:
        """The time of the machine."""
        return self._machine.now()

    def run(self, pace: Pace) -> None:
        """Run so from now on; the caller has seen to it that time does not go back."""
        self._pace = REAL_TIME if pace.mode is ClockMode.REAL else pace
        for listener in self._listeners:
            listener()

    def pause(self, seconds: float) -> float:
        """How long a poller of this clock sleeps between two looks: less while it runs faster, but never without a rest."""
        return max(seconds / max(1.0, self._pace.rate), min(seconds, _PAUSE_SECONDS_MIN))

    def stand(self, at: Micros) -> None:
        """Stand still at that instant, on the way to another one: nobody is told before it runs again."""
        self._pace = Pace(at, self._machine.now(), 0.0)

    def watch(self, listener: Callable[[], None]) -> None:
        """Call `listener` each time that the clock is set."""
        self._listeners.append(listener)

    def seconds_until(self, instant: Micros) -> float:
        """Seconds of the machine until that instant of the world; 0 when it has come, infinity on a clock that stands still."""
        left = (instant - self.now()) / SECOND
        if left <= 0:
            return 0.0
        return left / self._pace.rate if self._pace.rate else math.inf


def from_datetime(moment: datetime) -> Micros:
    """The instant of an aware datetime; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def to_datetime(instant: Micros) -> datetime:
    """The aware UTC datetime of an instant."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)


class NoDuration(SpokenError, ValueError):
    """A text is no duration, or too long a one."""


def after(instant: Micros, duration: str) -> Micros:
    """The instant that long after another: a duration of ISO 8601, such as P7D, P1M or PT90S, months by the calendar; else NoDuration."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise NoDuration(say("a duration of ISO 8601 is expected, such as P7D, P1M or PT90S"))
    years, months, weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    try:
        start = to_datetime(instant)
        month = start.month - 1 + int(12 * years + months)
        year, month = start.year + month // 12, month % 12 + 1
        moved = start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))
        return from_datetime(moved + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds))
    except (OverflowError, ValueError) as error:
        raise NoDuration(say("the calendar ends before; name a shorter duration")) from error


@overload
def iso(instant: Micros) -> str:
    """Of an instant there is always a text."""


@overload
def iso(instant: Micros | None) -> str | None:
    """Of none there is none."""


def iso(instant: Micros | None) -> str | None:
    """RFC 3339 text of an instant, in UTC with a final `Z` (ref: rfc3339#5.6)."""
    if instant is None:
        return None
    return (_EPOCH + timedelta(microseconds=instant)).isoformat() + "Z"
