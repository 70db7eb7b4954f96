"""Charts: shapes stand where their numbers say, whatever the numbers are."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.web import charts

_NUMBERS = st.lists(st.integers(0, 10**12), min_size=1, max_size=400)


@pytest.mark.parametrize(
    ("most", "end"), [(0, 4), (1, 4), (4, 4), (5, 8), (8, 8), (9, 20), (20, 20), (21, 40), (41, 80), (81, 200), (1_000_001, 2_000_000)]
)
def test_an_axis_ends_with_a_round_number_of_four_whole_steps(most: int, end: int) -> None:
    assert charts.ceiling(most) == end


def test_columns_stand_on_each_other_and_are_as_high_as_their_numbers() -> None:
    drawn = charts.columns([[2, 0, 1], [2, 4, 0]])
    assert [(bar.period, bar.series, bar.value) for bar in drawn.bars] == [(0, 0, 2), (0, 1, 2), (1, 1, 4), (2, 0, 1)]
    first, second, third, fourth = drawn.bars
    assert (first.y + first.height, second.y + second.height) == (drawn.base, first.y)
    assert (third.height, fourth.height) == (2 * first.height, first.height / 2)
    assert third.y == drawn.ticks[-1].y
    assert [tick.value for tick in drawn.ticks] == [0, 1, 2, 3, 4]
    assert drawn.ticks[0].y == drawn.base


@given(_NUMBERS, st.data())
def test_every_column_is_seen_within_the_drawing_and_none_lies_over_another(one: list[int], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.integers(0, 10**12), min_size=len(one), max_size=len(one)))
    drawn = charts.columns([one, other])
    assert len(drawn.bars) == sum(value > 0 for value in (*one, *other))
    for bar in drawn.bars:
        assert bar.height >= 1
        assert bar.width > 0
        assert drawn.left <= bar.x
        assert bar.x + bar.width <= drawn.width + 1e-6
        assert -2 <= bar.y <= drawn.base  # a unit each, where one is nothing beside the other
    places = sorted({(bar.x, bar.width) for bar in drawn.bars})
    assert all(x + width <= after + 1e-6 for (x, width), (after, _) in pairwise(places))


@given(st.integers(0, 400))
def test_a_few_labels_name_periods_below_their_columns(count: int) -> None:
    drawn = charts.columns([[1] * count])
    assert len(drawn.labels) <= 8
    assert (count == 0) is (drawn.labels == ())
    middles = {bar.period: bar.x + bar.width / 2 for bar in drawn.bars}
    assert all(abs(middles[label.period] - label.x) < 1e-6 for label in drawn.labels)
    assert [label.spare for label in drawn.labels] == [bool(place % 2) for place in range(len(drawn.labels))]


def test_nothing_is_drawn_of_nothing() -> None:
    assert charts.columns([]).bars == ()
    assert charts.columns([[0, 0]]).bars == ()
    assert charts.rows([]).rows == ()
    assert [row.width for row in charts.rows([0, 0]).rows] == [0, 0]


def test_rows_are_as_wide_as_their_numbers_and_tell_a_part_apart() -> None:
    drawn = charts.rows([100, 50, 0], [25, 50, 0])
    assert [row.width for row in drawn.rows] == [drawn.width, drawn.width / 2, 0]
    assert [row.part for row in drawn.rows] == [drawn.width / 4, drawn.width / 2, 0]
    half = charts.rows([50.0], most=100)
    assert half.rows[0].width == half.width / 2


@pytest.mark.parametrize(("count", "height"), [(0, 4), (1, 60), (3, 172)])
def test_a_drawing_of_rows_is_56_high_for_each_and_a_little_more(count: int, height: int) -> None:
    drawn = charts.rows([1.0] * count)
    assert (drawn.height, drawn.width) == (height, 640)
    assert [(row.text_y, row.bar_y, row.height) for row in drawn.rows] == [(at * 56 + 22, at * 56 + 32, 16) for at in range(count)]


def test_columns_leave_room_for_numbers_above_below_and_at_the_left() -> None:
    drawn = charts.columns([[1, 1]])
    assert (drawn.left, drawn.base, drawn.height, drawn.ticks[-1].y) == (62, 224, 264, 14)
    assert [round(bar.x, 2) for bar in drawn.bars] == [93.79, 382.79]
    assert {round(bar.width, 2) for bar in drawn.bars} == {225.42}


@pytest.mark.parametrize(
    ("count", "named"), [(8, list(range(8))), (9, [0, 2, 4, 6, 8]), (16, list(range(0, 16, 2))), (17, [0, 3, 6, 9, 12, 15])]
)
def test_at_most_eight_periods_are_named_evenly(count: int, named: list[int]) -> None:
    assert [label.period for label in charts.columns([[1] * count]).labels] == named


@given(_NUMBERS)
def test_every_row_is_seen_below_the_one_before(values: list[int]) -> None:
    drawn = charts.rows(values)
    assert all((row.width >= 1) is (value > 0) and row.width <= drawn.width for row, value in zip(drawn.rows, values, strict=True))
    assert all(above.bar_y + above.height < below.text_y for above, below in pairwise(drawn.rows))
    assert all(row.bar_y + row.height <= drawn.height for row in drawn.rows)
