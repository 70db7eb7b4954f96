"""How many values a JSON body holds, as its pieces come."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.http.structure import Values


def counted(body: bytes, step: int) -> int:
    values = Values()
    for start in range(0, len(body), step):
        values.feed(body[start : start + step])
    return values.count


def expected(value: Any) -> int:
    """Texts and commas of a value."""
    match value:
        case str():
            return 1
        case list():
            return sum(map(expected, value)) + max(0, len(value) - 1)
        case dict():
            return sum(1 + expected(one) for one in value.values()) + max(0, len(value) - 1)
        case _:
            return 0


_TEXTS = st.text(alphabet=st.sampled_from('a",\\:{}[]é\n'), max_size=8)
_JSON = st.recursive(
    st.none() | st.integers() | _TEXTS, lambda one: st.lists(one, max_size=4) | st.dictionaries(_TEXTS, one, max_size=4), max_leaves=20
)


@given(_JSON, st.integers(1, 40), st.booleans())
def test_texts_and_commas_between_values_are_counted_however_the_body_is_cut(value: Any, step: int, ascii_: bool) -> None:
    assert counted(json.dumps(value, ensure_ascii=ascii_).encode(), step) == expected(value)


@pytest.mark.no_cover
@pytest.mark.parametrize("piece", [b'"', b"\\", b",", b'\\"', b"[", b'"a",', b"\\\\\\"])
def test_counting_takes_time_in_proportion(piece: bytes) -> None:
    def seconds(size: int) -> float:
        body, best = piece * (size // len(piece)), 9.0
        for _ in range(3):
            began = time.perf_counter()
            counted(body, 65_536)
            best = min(best, time.perf_counter() - began)
        return best

    assert seconds(8_000_000) < 24 * max(seconds(1_000_000), 0.001)
