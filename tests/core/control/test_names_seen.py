"""Names that were seen: each is found again with its number, and costs little."""

import tracemalloc

from mss_sim.core.control.names_seen import NamesSeen


def test_a_name_that_was_not_seen_has_no_number() -> None:
    seen = NamesSeen()
    assert seen.get("a") is None
    seen.put("a")
    assert (seen.get("a"), seen.get("b"), seen.get("")) == (0, None, None)


def test_a_name_has_the_number_that_it_was_given_last() -> None:
    seen = NamesSeen()
    seen.put("a", 7)
    seen.put("b", 255)
    seen.put("a", 8)
    assert (seen.get("a"), seen.get("b")) == (8, 255)


def test_a_hundred_thousand_are_told_apart_in_36_bytes_each() -> None:
    tracemalloc.start()
    seen = NamesSeen()
    for number in range(100_000):
        seen.put(f"name {number}", number % 256)
    bytes_kept, _ = tracemalloc.get_traced_memory()
    assert all(seen.get(f"name {number}") == number % 256 for number in range(100_000))
    assert not any(seen.get(f"other {number}") for number in range(10_000))
    tracemalloc.stop()
    assert bytes_kept < 36 * 100_000
