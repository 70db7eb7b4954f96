"""Where the time of a world may be moved to."""

import pytest

from mss_sim.clock import DAY, SECOND, Micros
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.clock import LATEST, decide_time

NOW: Micros = 20_000 * DAY


@pytest.mark.parametrize("wanted", [NOW, NOW + 1, NOW + 30 * DAY, LATEST])
def test_time_stands_or_goes_on(wanted: Micros) -> None:
    decide_time(NOW, wanted)


@pytest.mark.parametrize(
    ("wanted", "rule", "said"),
    [
        (NOW - 1, Rule.CONFLICT, "The world is at 2024-10-04T00:00:00Z, and its time never goes back"),
        (0, Rule.CONFLICT, "reset it (POST /control/reset)"),
        (-DAY, Rule.CONFLICT, "never goes back"),
        (LATEST + 1, Rule.INVALID, "The time of a world ends with 2090-01-01T00:00:00Z"),
        (1_000_000 * 365 * DAY, Rule.INVALID, "name an earlier instant"),
    ],
)
def test_what_happened_stays_in_the_past_and_ids_hold_no_more_than_a_lifetime(wanted: Micros, rule: Rule, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        decide_time(NOW, wanted)
    assert (caught.value.rule, caught.value.reference) == (rule, "quirks#clock")
    assert said in caught.value.detail


def test_a_world_in_its_last_year_does_not_move_beyond_it() -> None:
    decide_time(LATEST - SECOND, LATEST)
    with pytest.raises(Refusal):
        decide_time(LATEST, LATEST + SECOND)
