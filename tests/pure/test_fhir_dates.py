"""Dates of searches: what is none first, then the stretch that each precision gives."""

from datetime import UTC, datetime

import pytest

from mss_sim.clock import from_datetime
from mss_sim.fhir.dates import NoDate, read_date


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "26",
        "2026-1",
        "2026-13",
        "2026-02-29",
        "2026-01-05T",
        "2026-01-05T25:00",
        "2026-01-05T08",
        "xx2026",
        "2026-01-05T08:00+15:00",
        *("0000", "9999", "9999-12", "0001-01-01T00:00+14:00", "٢٠٢٦", "2026 ", "2026-01-05T08:00:00+01:60", "gt", "2026-01-05T08:00:00."),
    ],
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(NoDate):
        read_date(text)


@pytest.mark.parametrize(
    ("text", "prefix", "since", "until"),
    [
        ("2026", "eq", (2026, 1, 1), (2027, 1, 1)),
        ("ge2026-12", "ge", (2026, 12, 1), (2027, 1, 1)),
        ("le2026-01", "le", (2026, 1, 1), (2026, 2, 1)),
        ("lt2024-02-29", "lt", (2024, 2, 29), (2024, 3, 1)),
        ("2026-01-05T08:30", "eq", (2026, 1, 5, 8, 30), (2026, 1, 5, 8, 31)),
        ("sa2026-01-05T08:30:15Z", "sa", (2026, 1, 5, 8, 30, 15), (2026, 1, 5, 8, 30, 16)),
        ("2026-01-05T08:30:15+02:00", "eq", (2026, 1, 5, 6, 30, 15), (2026, 1, 5, 6, 30, 16)),
        ("2026-01-05T08:30:15 02:00", "eq", (2026, 1, 5, 6, 30, 15), (2026, 1, 5, 6, 30, 16)),
        ("2026-01-05T08:30:15-05:30", "eq", (2026, 1, 5, 14, 0, 15), (2026, 1, 5, 14, 0, 16)),
        ("2026-01-05T08:30:15+14:59", "eq", (2026, 1, 4, 17, 31, 15), (2026, 1, 4, 17, 31, 16)),
        ("ne2026-01-05T08:30:15.25Z", "ne", (2026, 1, 5, 8, 30, 15, 250_000), (2026, 1, 5, 8, 30, 15, 251_000)),
    ],
)
def test_a_date_is_a_stretch(text: str, prefix: str, since: tuple[int, ...], until: tuple[int, ...]) -> None:
    found = read_date(text)
    begin, end = (from_datetime(datetime(*one, tzinfo=UTC)) for one in (since, until))  # type: ignore[arg-type, misc]
    assert found == (prefix, begin, end)
