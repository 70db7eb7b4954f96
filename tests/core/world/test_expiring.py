"""What is kept in memory for a while: it ends by itself, and there is a most."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from mss_sim.clock import SECOND, ManualClock
from mss_sim.core.world.expiring import ExpiringMap


def test_a_value_ends_at_its_instant(clock: ManualClock) -> None:
    kept: ExpiringMap[int] = ExpiringMap(clock, 10)
    kept.put("a", 1, clock.now() + 5 * SECOND)
    clock.advance(timedelta(seconds=4))
    assert (kept.get("a"), "a" in kept, "b" in kept) == (1, True, False)
    clock.advance(timedelta(seconds=1))
    assert (kept.get("a"), "a" in kept) == (None, False)
    assert (kept.pop("a"), list(kept.values()), len(kept)) == (None, [], 0)


def test_the_one_that_was_not_touched_for_longest_goes_first(clock: ManualClock) -> None:
    kept: ExpiringMap[int] = ExpiringMap(clock, 2)
    end = clock.now() + SECOND
    kept.put("a", 1, end)
    kept.put("b", 2, end)
    kept.put("a", 3, end)
    kept.put("c", 4, end)
    assert [kept.get(key) for key in "abc"] == [3, None, 4]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9), st.integers(0, 3))))
def test_it_tells_what_a_dictionary_with_ends_would_and_never_keeps_more(steps: list[tuple[str, int, int]]) -> None:
    clock = ManualClock()
    kept: ExpiringMap[int] = ExpiringMap(clock, 8)
    model: dict[str, tuple[int, int]] = {}
    for number, (key, life, wait) in enumerate(steps):
        until = clock.now() + life * SECOND
        kept.put(key, number, until)
        model[key] = (until, number)
        clock.advance(timedelta(seconds=wait))
        alive = {name: value for name, (end, value) in model.items() if end > clock.now()}
        assert {name: kept.get(name) for name in alive} == alive
        assert sorted(kept.values()) == sorted(alive.values())
        assert len(kept) == len(alive)
