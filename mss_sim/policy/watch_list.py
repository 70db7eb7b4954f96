"""What a mailbox has to look after among the letters that it sent, recipient by recipient (ref: quirks#watch-list).

| what happened last, that counts               | the letter asked for a receipt | waited       | on the watch list as |
|-----------------------------------------------|--------------------------------|--------------|----------------------|
| submitted                                     | any                            | any          | no: it is on its way |
| delayed                                       | any                            | any          | delayed              |
| failed, or a receipt that tells of a failure  | any                            | any          | not_delivered        |
| relayed, delivered                            | yes, or all are listed         | under N days | no, not yet          |
| relayed, delivered                            | yes, or all are listed         | N days       | not_opened           |
| relayed, delivered                            | no                             | any          | no                   |
| displayed, processed                          | any                            | any          | no, and never again  |

What counts is the newest event, with three exceptions: what was opened stays opened, what failed is only mended by an opening, and a
delay that is told late does not undo a delivery. `relayed` alone is all that is ever heard of some operators outside; a letter that was
`deleted` may have been seen (ref: rfc8098#3.2.6.2), and counts as processed. Waiting begins with the event.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from mss_sim.clock import DAY, Micros
from mss_sim.policy.local_time import day_of, instant_of
from mss_sim.vocabulary.clock import LocalTime
from mss_sim.vocabulary.mail import TimelineKind, WatchReason

_OPENED = frozenset({TimelineKind.DISPLAYED, TimelineKind.PROCESSED})
_REASONS: Mapping[TimelineKind, WatchReason] = {
    TimelineKind.FAILED: WatchReason.NOT_DELIVERED,
    TimelineKind.DELAYED: WatchReason.DELAYED,
    TimelineKind.RELAYED: WatchReason.NOT_OPENED,
    TimelineKind.DELIVERED: WatchReason.NOT_OPENED,
}


class Happened(NamedTuple):
    """What the rule needs of an event. `failed`: a read receipt that tells of a failure."""

    kind: TimelineKind
    failed: bool = False


def state_after(events: Iterable[Happened], before: TimelineKind = TimelineKind.SUBMITTED) -> TimelineKind:
    """The event that counts once these have happened, in their order; `displayed` stands for every opening, `failed` for every failure."""
    state = before
    for kind, failed in events:
        if state in _OPENED:
            break
        if kind in _OPENED and not failed:
            state = TimelineKind.DISPLAYED
        elif failed or kind is TimelineKind.FAILED:
            state = TimelineKind.FAILED
        elif state is not TimelineKind.FAILED and not (state is TimelineKind.DELIVERED and kind is not TimelineKind.DELIVERED):
            state = kind
    return state


def is_watched(state: TimelineKind, *, asked: bool) -> bool:
    """Whether a recipient in that state is, or may come to be, on the list; `asked`: for a receipt, or the letters of all are listed."""
    if state in _OPENED:
        return False
    return asked or _REASONS.get(state) in (WatchReason.NOT_DELIVERED, WatchReason.DELAYED)


def reason_of(state: TimelineKind) -> WatchReason | None:
    """As what a recipient in that state is listed, once they have waited for long enough; None: not at all."""
    return _REASONS.get(state)


def standing(state: TimelineKind, waited: Micros, after_days: int, *, asked: bool) -> WatchReason | None:
    """As what a recipient is on the list now; None when they are not."""
    reason = reason_of(state) if is_watched(state, asked=asked) else None
    return None if reason is WatchReason.NOT_OPENED and waited < after_days * DAY else reason


def looked_for(reasons: Collection[WatchReason], now: Micros, after_days: int) -> dict[TimelineKind, Micros | None]:
    """The states that are listed for these reasons, each with the latest instant at which it may have begun; None: any."""
    ripe = {reason: now - after_days * DAY if reason is WatchReason.NOT_OPENED else None for reason in reasons}
    return {state: ripe[reason] for state, reason in _REASONS.items() if reason in ripe}


def next_digest(now: Micros, hour: int, last: Micros | None, place: LocalTime = LocalTime.UTC) -> Micros:
    """The next instant for a daily letter: that hour of a place, after now, on a later day there than the last one."""
    today = day_of(now, place)
    day = today if last is None else max(today, day_of(last, place) + 1)
    at = instant_of(day, hour, place)
    return at if at > now else instant_of(day + 1, hour, place)
