"""Where the time of a world may be moved to."""

import pytest

from mss_sim.clock import DAY, HOUR, SECOND, Micros, iso
from mss_sim.errors import Refusal, Rule
from mss_sim.policy.clock import LATEST, RATE_MAX, decide_pace, decide_time, read_duration
from mss_sim.vocabulary.clock import ClockMode

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
    assert caught.value.subject == (iso(wanted) if rule is Rule.CONFLICT else None)
    assert said in caught.value.detail


def test_a_world_in_its_last_year_does_not_move_beyond_it() -> None:
    decide_time(LATEST - SECOND, LATEST)
    with pytest.raises(Refusal):
        decide_time(LATEST, LATEST + SECOND)


_RATE_SAID = "rate is above 0, and 1000000 at most."


@pytest.mark.parametrize(
    ("mode", "at", "rate", "subject", "said"),
    [
        (ClockMode.REAL, NOW, None, "at", "real is the machine's time: leave at out."),
        (ClockMode.REAL, 0, None, "at", "real is the machine's time: leave at out."),
        (ClockMode.REAL, None, 1.0, "rate", "rate belongs to the mode paced, and paced needs it."),
        (ClockMode.FROZEN, NOW, 1.0, "rate", "rate belongs to the mode paced, and paced needs it."),
        (ClockMode.PACED, NOW, None, "rate", "rate belongs to the mode paced, and paced needs it."),
        (ClockMode.PACED, None, 0.0, "rate", _RATE_SAID),
        (ClockMode.PACED, None, -1.0, "rate", _RATE_SAID),
        (ClockMode.PACED, None, RATE_MAX + 1, "rate", _RATE_SAID),
    ],
)
def test_a_mode_has_what_belongs_to_it(mode: ClockMode, at: Micros | None, rate: float | None, subject: str, said: str) -> None:
    with pytest.raises(Refusal) as caught:
        decide_pace(mode, at, rate)
    assert (caught.value.rule, caught.value.subject, caught.value.detail) == (Rule.INVALID, subject, said)


@pytest.mark.parametrize(
    ("mode", "at", "rate"),
    [
        (ClockMode.REAL, None, None),
        (ClockMode.FROZEN, None, None),
        (ClockMode.FROZEN, NOW, None),
        (ClockMode.PACED, None, RATE_MAX),
        (ClockMode.PACED, NOW, 0.001),
    ],
)
def test_a_mode_with_what_belongs_to_it_is_taken(mode: ClockMode, at: Micros | None, rate: float | None) -> None:
    decide_pace(mode, at, rate)


@pytest.mark.parametrize(("text", "micros"), [("PT1H", HOUR), ("P1D", DAY), ("PT0S", 0), ("P1M", 31 * DAY)])
def test_a_duration_leads_on_from_now(text: str, micros: Micros) -> None:
    assert read_duration(NOW, text) == micros


@pytest.mark.parametrize("text", ["", "demain", "P999999Y"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match=r"The clock cannot be moved so far: (a duration|the calendar)") as caught:
        read_duration(NOW, text)
    assert (caught.value.rule, caught.value.subject) == (Rule.INVALID, "by")
