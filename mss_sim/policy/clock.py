"""Where the time of a world may be moved to.

| wanted                                  | answer                                        |
|-----------------------------------------|-----------------------------------------------|
| an instant before now                   | refused: what happened stays in the past      |
| one beyond 2090                         | refused: ids hold the time up to 2093         |
| the machine's time, which is behind     | refused: as any instant before now            |
| anything else                           | taken                                         |
"""

from datetime import UTC, datetime

from mss_sim.clock import Micros, NoDuration, after, from_datetime, iso
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.words.sentence import say, sentence_of

LATEST: Micros = from_datetime(datetime(2090, 1, 1, tzinfo=UTC))
RATE_MAX = 1_000_000.0


def decide_pace(mode: ClockMode, at: Micros | None, rate: float | None) -> None:
    """Refusal(INVALID) for a mode and what does not go with it: `real` has no instant, `paced` alone has a rate, up to RATE_MAX."""
    if mode is ClockMode.REAL and at is not None:
        raise Refusal(Rule.INVALID, say("real is the machine's time: leave at out."), subject="at")
    if (mode is ClockMode.PACED) != (rate is not None):
        raise Refusal(Rule.INVALID, say("rate belongs to the mode paced, and paced needs it."), subject="rate")
    if rate is not None and not 0 < rate <= RATE_MAX:
        raise Refusal(Rule.INVALID, say("rate is above 0, and {most} at most.", most=int(RATE_MAX)), subject="rate")


def read_duration(now: Micros, text: str) -> Micros:
    """How far a duration of ISO 8601 leads from now, in microseconds; Refusal(INVALID) for what is none."""
    try:
        return after(now, text) - now
    except NoDuration as error:
        raise Refusal(Rule.INVALID, say("The clock cannot be moved so far: {error}.", error=sentence_of(error)), subject="by") from error


def decide_time(now: Micros, wanted: Micros) -> None:
    """Refusal of an instant that the world may not be moved to (ref: quirks#clock)."""
    if wanted < now:
        detail = say(
            "The world is at {now}, and its time never goes back, not even to the machine's: reset it (POST /control/reset) to begin anew.",
            now=iso(now),
        )
        raise Refusal(Rule.CONFLICT, detail, subject=iso(wanted), reference="quirks#clock")
    if wanted > LATEST:
        detail = say("The time of a world ends with {latest}; name an earlier instant.", latest=iso(LATEST))
        raise Refusal(Rule.INVALID, detail, reference="quirks#clock")
