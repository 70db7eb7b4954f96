"""What a benchmark gives back: rows of the table, and the small arithmetic behind them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

DEFAULTS = "defaults"
"""The settings of whoever starts the simulator and sets nothing."""
IN_CLEAR = "relay=direct, peers_proof=domain"
"""With these the MX port takes letters in clear, as the stock peer does, and delivers them where they are."""


class BenchmarkError(RuntimeError):
    """A benchmark could not run; the text says what stopped it. Not the same as a figure that falls short."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `met` is None where there is no limit; `detail` goes to the results file alone.

    `settings` are those that the simulator was measured with.
    """

    name: str
    figure: str
    against: str
    ratio: float | None
    met: bool | None
    detail: dict[str, Any] = field(default_factory=dict)
    settings: str = DEFAULTS


@dataclass(frozen=True, slots=True)
class Setting:
    """What every benchmark needs to know. `folder` is a temporary one of its own."""

    folder: Path
    quick: bool
    mx_port: int

    def count(self, whole: int, quick: int) -> int:
        """How many: the whole number, or the small one of a smoke test."""
        return quick if self.quick else whole


Benchmark = Callable[[Setting], list[Row]]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def alternate(first: Callable[[], float], second: Callable[[], float], rounds: int) -> tuple[list[float], list[float]]:
    """Measure A B A B, so that a slow minute of the machine falls on both."""
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(first())
        theirs.append(second())
    return ours, theirs


def compared(name: str, unit: str, ours: list[float], theirs: list[float], limit: float, peer: str) -> Row:
    """A row for two series of rates: the ratio of their medians must reach the limit."""
    ratio = median(ours) / median(theirs)
    return Row(
        name,
        f"{median(ours):,.0f} {unit}",
        f"{peer} {median(theirs):,.0f} {unit}, ratio >= {limit:g}",
        ratio,
        ratio >= limit,
        {"ours": ours, "theirs": theirs, "limit": limit},
    )
