"""Values written as TOML come back as they were, whatever they hold."""

import tomllib
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mss_sim.core.control.toml_text import document, text_of

_VALUES: list[Any] = [
    "",
    'quo"ted \\ back',
    "lines\r\nand\ttabs\b\f\x00\x1f\x7f",
    "é « œ » 𝄞",
    True,
    False,
    0,
    -(2**62),
    1.5,
    1e300,
    date(1985, 3, 12),
    datetime(2026, 3, 2, 8, 0, 0, 123_456, UTC),
    [],
    [1, [2, [3]]],
    {},
    {"a b": {"": [{"é": "x"}]}},
    ["x" * 60, "y" * 60],
    [{"a": 1}, {"b": [True]}],
]


@pytest.mark.parametrize("value", _VALUES, ids=repr)
def test_a_value_comes_back(value: Any) -> None:
    assert tomllib.loads(document({"table": {"key": value}})) == {"table": {"key": value}}
    assert tomllib.loads(document({"rows": [{"key": value}, {"other": 1}]})) == {"rows": [{"key": value}, {"other": 1}]}
    assert "\n" not in text_of(value)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), b"x", object(), [None], {"a": None}])
def test_what_has_no_form_says_so(value: Any) -> None:
    with pytest.raises(TypeError, match="TOML has no form for"):
        text_of(value)


def test_it_is_written_for_people() -> None:
    """Sections with a line for each copy of a letter; what is empty is left out."""
    told = document(
        {"none": [], "empty": {}, "letters": [{"file": "a.eml", "copies": [{"folder": "INBOX"}, {"folder": "Sent"}]}]}, ["Un", ""]
    )
    assert told == '# Un\n#\n\n[[letters]]\nfile = "a.eml"\ncopies = [\n  { folder = "INBOX" },\n  { folder = "Sent" },\n]\n'
    assert document({}) == ""
