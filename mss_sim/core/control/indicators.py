"""Indicators of a stretch of time: what was sent, received, reported and refused, by period, domain and kind of mailbox.

All is counted from the journal, and so is what a mailbox did that was removed since, under no domain. What a seed plants happened to
nobody, and is not counted; nor is what the control plane puts into folders. Operators deposit figures each month (ref: ref1#indicators);
which ones is not public, so that these are ours, as the follow-up of the programme asks for them (ref: sentinelle#f24).
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from mss_sim.clock import Micros
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.local_time import day_of, instant_of
from mss_sim.store import indicators as store
from mss_sim.store.engine import Connection
from mss_sim.store.indicators import Counted, Place, Refused, Stretch
from mss_sim.vocabulary.clock import LocalTime
from mss_sim.vocabulary.indicators import INDICATORS, Indicator, Span
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.words.sentence import say

PERIODS_MAX = {Span.DAY: 400, Span.MONTH: 240}
ROWS_MAX = 20_000
_USUAL = {Span.DAY: 30, Span.MONTH: 12}
"""So many periods, today's the last, unless a first day is given."""
_EPOCH = date(1970, 1, 1)
_LAST = date(2100, 12, 31)
_REFERENCE = "quirks#indicators"


@dataclass(frozen=True, slots=True)
class IndicatorQuery:
    """Which indicators: from the first day to the last one, both counted, on the clocks of `local_time`. None: the usual stretch.

    `domain`, `kind`: of such mailboxes alone.
    """

    first: date | None = None
    last: date | None = None
    by: Span = Span.MONTH
    domain: str | None = None
    kind: MailboxKind | None = None


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """The indicators of the mailboxes of one domain and kind in one period, which is `2026-01` or `2026-01-05`.

    `domain` and `kind` are None for what mailboxes did that are there no longer, and for refused letters of who named none of theirs.
    """

    period: str
    domain: str | None
    kind: MailboxKind | None
    numbers: Mapping[Indicator, int]
    refused: Mapping[str, int]
    """Refused letters by rule."""


@dataclass(frozen=True)
class Indicators:
    """What was found: the stretch, its periods in their order, and a row for each period, domain and kind that there was.

    `start` and `end`: the midnights between which all of it happened.
    """

    first: date
    last: date
    start: Micros
    end: Micros
    by: Span
    place: LocalTime
    periods: tuple[str, ...]
    rows: tuple[IndicatorRow, ...]

    @cached_property
    def totals(self) -> dict[Indicator, int]:
        """The sums of those that may be added up, and the mailboxes at the end."""
        total: Counter[Indicator] = Counter()
        for row in self.rows:
            for name, number in row.numbers.items():
                if INDICATORS[name].summed or (name is Indicator.MAILBOXES and row.period == self.periods[-1]):
                    total[name] += number
        return {name: total[name] for name, meaning in INDICATORS.items() if meaning.summed or name is Indicator.MAILBOXES}

    @cached_property
    def refused(self) -> dict[str, int]:
        """All refused letters by rule, the most frequent first."""
        total: Counter[str] = Counter()
        for row in self.rows:
            total.update(row.refused)
        return dict(sorted(total.items(), key=lambda one: (-one[1], one[0])))


async def indicators(world: World, query: IndicatorQuery) -> Indicators:
    """The indicators of a stretch; Refusal(INVALID) for one that ends before it begins, Refusal(LIMIT_REACHED) for one that is too long.

    What left and what came are read side by side, which takes half the time: of a world at work they may be a letter apart.
    """
    first, last = _stretch(world, query)
    days = _days(first, last, query.by)
    place = world.settings.local_time
    stretch = Stretch(tuple(_midnight(one, place) for one in days), _midnight(last + timedelta(days=1), place), query.domain, query.kind)
    periods = tuple(one.isoformat()[: None if query.by is Span.DAY else 7] for one in days)
    there = await world.store.read(store.population, stretch)
    _check_rows(there, periods)
    left, came = await asyncio.gather(world.store.read(_left, stretch), world.store.read(store.received, stretch))
    found = await asyncio.to_thread(_rows, periods, there, left, came)
    return Indicators(first, last, stretch.starts[0], stretch.end, query.by, place, periods, found)


def _left(conn: Connection, stretch: Stretch) -> tuple[list[Counted], list[Refused]]:
    return store.sent(conn, stretch), store.refused(conn, stretch)


def _stretch(world: World, query: IndicatorQuery) -> tuple[date, date]:
    """The first and the last day."""
    today = _EPOCH + timedelta(days=day_of(world.clock.now(), world.settings.local_time))
    last = query.last or max(today, query.first or today)
    first = query.first or _usual_first(last, query.by)
    if not _EPOCH <= first <= last <= _LAST:
        detail = say(
            "From {first} to {last} is no stretch of time: it begins before it ends, in the years 1970 to 2100.", first=first, last=last
        )
        raise Refusal(Rule.INVALID, detail, reference=_REFERENCE)
    return first, last


def _usual_first(last: date, by: Span) -> date:
    if by is Span.DAY:
        return max(last - timedelta(days=_USUAL[by] - 1), min(last, _EPOCH))
    months = max(last.year * 12 + last.month - _USUAL[by], _EPOCH.year * 12)
    return date(months // 12, months % 12 + 1, 1)


def _days(first: date, last: date, by: Span) -> Sequence[date]:
    """The day on which each period begins."""
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    count = (last - first).days + 1 if by is Span.DAY else months
    if count > PERIODS_MAX[by]:
        detail = say("At most {most} periods at once; ask for fewer, or for months instead of days.", most=PERIODS_MAX[by])
        raise Refusal(Rule.LIMIT_REACHED, detail, reference=_REFERENCE)
    if by is Span.DAY:
        return [first + timedelta(days=number) for number in range(count)]
    later = (divmod(first.year * 12 + first.month - 1 + number, 12) for number in range(1, count))
    return [first, *(date(year, month + 1, 1) for year, month in later)]


def _midnight(day: date, place: LocalTime) -> Micros:
    return instant_of((day - _EPOCH).days, 0, place)


def _check_rows(there: Sequence[Counted], periods: Sequence[str]) -> None:
    if len({one.place[1:] for one in there}) * len(periods) > ROWS_MAX:
        detail = say("This would be over {most} rows; name a domain or a kind of mailbox, or ask for fewer periods.", most=ROWS_MAX)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference=_REFERENCE)


def _rows(
    periods: Sequence[str], there: Sequence[Counted], left: tuple[Sequence[Counted], Sequence[Refused]], came: Sequence[Counted]
) -> tuple[IndicatorRow, ...]:
    """The rows in the order of periods, domains and kinds."""
    numbers: dict[Place, Counter[Indicator]] = {}
    rules: dict[Place, dict[str, int]] = {}
    sent, refused = left
    for one in (*sent, *came):
        numbers.setdefault(one.place, Counter())[one.what] += one.number
    for no in refused:
        numbers.setdefault(no.place, Counter())[Indicator.LETTERS_REFUSED] += no.number
        known = rules.setdefault(no.place, {})
        known[no.rule] = known.get(no.rule, 0) + no.number
    for place, opened in _grown(there, len(periods)):
        numbers.setdefault(place, Counter()).update(opened)
    return tuple(
        IndicatorRow(periods[place.period], place.domain, place.kind, {name: found[name] for name in INDICATORS}, rules.get(place, {}))
        for place, found in sorted(numbers.items(), key=lambda one: (one[0].period, one[0].domain or "", one[0].kind or ""))
    )


def _grown(there: Sequence[Counted], periods: int) -> list[tuple[Place, dict[Indicator, int]]]:
    """For each period, domain and kind: the mailboxes opened in it, and those at its end; none where there were none yet."""
    opened = {one.place: one.number for one in there}
    found = []
    for domain, kind in {(one.place.domain, one.place.kind) for one in there}:
        mailboxes = opened.get(Place(-1, domain, kind), 0)
        for period in range(periods):
            new = opened.get(Place(period, domain, kind), 0)
            mailboxes += new
            if mailboxes:
                found.append((Place(period, domain, kind), {Indicator.MAILBOXES: mailboxes, Indicator.MAILBOXES_OPENED: new}))
    return found
