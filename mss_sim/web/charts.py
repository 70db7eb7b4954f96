"""Where the shapes of a chart stand: numbers in, places out, in units of a drawing that is 640 wide. Words come from the templates.

| chart   | shows                               | grows with                                          |
|---------|-------------------------------------|-----------------------------------------------------|
| columns | several series, one upon the other  | nothing: each period gets the width that is left    |
| rows    | one number for each of several names | the number of names, a line of text above each bar |

What is not 0 is seen: a bar is at least a unit high or wide. Numbers of an axis are round, and whole.
"""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH = 640.0
_LEFT, _TOP, _PLOT, _BOTTOM = 62.0, 14.0, 210.0, 40.0
_GAP = 0.22
"""Of the width that a period has, what is left free; a hair at least."""
_TICKS = 4
_LABELS = 8
_ROW, _BAR, _BAR_TOP, _PAD = 56.0, 16.0, 32.0, 4.0
_SEEN = 1.0


class Bar(NamedTuple):
    """A rectangle: which period and series it is for, and how much it stands for."""

    x: float
    y: float
    width: float
    height: float
    period: int
    series: int
    value: int


class Tick(NamedTuple):
    """A line across the drawing, and the number that it stands for."""

    y: float
    value: int


class Label(NamedTuple):
    """The name of a period below its column; `spare`: left out where there is little room."""

    x: float
    period: int
    spare: bool


class Columns(NamedTuple):
    """A drawing of columns. `base` is the line on which they stand, `left` where the first may begin."""

    width: float
    height: float
    left: float
    base: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]


class Row(NamedTuple):
    """A name with its bar: where the line of text stands, the bar's left upper corner and its size, and what part of it is told apart."""

    text_y: float
    bar_y: float
    width: float
    part: float
    height: float


class Rows(NamedTuple):
    """A drawing of rows."""

    width: float
    height: float
    rows: tuple[Row, ...]


def ceiling(most: int) -> int:
    """The end of an axis on which `most` fits: 4, or a round number that four equal, whole steps lead to."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * _TICKS >= most:
                return step * factor * _TICKS
        step *= 10


def columns(series: Sequence[Sequence[int]]) -> Columns:
    """Columns for series that are equally long, the first at the bottom."""
    count = max((len(one) for one in series), default=0)
    totals = [sum(one[period] for one in series) for period in range(count)]
    top = ceiling(max(totals, default=0))
    base, room = _TOP + _PLOT, WIDTH - _LEFT
    each = room / max(count, 1)
    width = max(each * (1 - _GAP), min(each, _SEEN))
    bars = []
    for period in range(count):
        stand = base
        for number, one in enumerate(series):
            if one[period] > 0:
                height = max(_PLOT * one[period] / top, _SEEN)
                stand -= height
                bars.append(Bar(_LEFT + each * period + (each - width) / 2, stand, width, height, period, number, one[period]))
    ticks = tuple(Tick(base - _PLOT * step / _TICKS, top * step // _TICKS) for step in range(_TICKS + 1))
    return Columns(WIDTH, base + _BOTTOM, _LEFT, base, tuple(bars), ticks, _labels(count, each))


def _labels(count: int, each: float) -> tuple[Label, ...]:
    step = max(-(-count // _LABELS), 1)
    named = range(0, count, step)
    return tuple(Label(_LEFT + each * (period + 0.5), period, spare=place % 2 == 1) for place, period in enumerate(named))


def rows(values: Sequence[float], parts: Sequence[float] | None = None, *, most: float | None = None) -> Rows:
    """Rows for values, the longest as wide as the drawing unless `most` says what that width stands for.

    `parts`: how much of each is told apart; none of it where nothing is said.
    """
    scale = WIDTH / max(most if most is not None else max(values, default=0), 1)
    told = parts if parts is not None else [0] * len(values)
    made = tuple(
        Row(number * _ROW + _BAR_TOP - 10, number * _ROW + _BAR_TOP, _wide(value, scale), min(_wide(part, scale), WIDTH), _BAR)
        for number, (value, part) in enumerate(zip(values, told, strict=True))
    )
    return Rows(WIDTH, len(values) * _ROW + _PAD, made)


def _wide(value: float, scale: float) -> float:
    return min(max(value * scale, _SEEN), WIDTH) if value > 0 else 0.0
