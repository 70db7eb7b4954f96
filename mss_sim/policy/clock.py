"""Where the time of a world may be moved to.

| wanted                                  | answer                                        |
|-----------------------------------------|-----------------------------------------------|
| an instant before now                   | refused: what happened stays in the past      |
| one beyond 2090                         | refused: ids hold the time up to 2093         |
| the machine's time, which is behind     | refused: as any instant before now            |
| anything else                           | taken                                         |
"""

from datetime import UTC, datetime

from mss_sim.clock import Micros, from_datetime, iso
from mss_sim.errors import Refusal, Rule
from mss_sim.words.sentence import say

LATEST: Micros = from_datetime(datetime(2090, 1, 1, tzinfo=UTC))
RATE_MAX = 1_000_000.0


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
