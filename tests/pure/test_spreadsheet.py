"""Tables for spreadsheets: what is written is read back by the standard library, and no cell is a formula."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.http import spreadsheet


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (["=1+1"], b'"\'=1+1"\r\n'),
        (["  =1+1"], b'"\'  =1+1"\r\n'),
        (["\t@SUM(A1)"], b'"\' @SUM(A1)"\r\n'),
        (["-2", "+3"], b'"\'-2","\'+3"\r\n'),
        (["\uff1d1"], '"\'\uff1d1"\r\n'.encode()),
        (["a\r\n=1"], b'"a  =1"\r\n'),
        (['a"b', "a,b"], b'"a""b","a,b"\r\n'),
        (["\ud800"], b'"?"\r\n'),
        ([None, 0, ""], b'"","0",""\r\n'),
        (["Résultats", "a=b"], '"Résultats","a=b"\r\n'.encode()),
    ],
)
def test_a_line(values: list[str | int | None], written: bytes) -> None:
    assert spreadsheet.line(values) == written


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_whatever_is_written_is_one_line_of_as_many_values_and_no_formula(values: list[str]) -> None:
    octets = spreadsheet.line(values)
    assert octets.endswith(b"\r\n")
    (row,) = csv.reader(io.StringIO(octets.decode("utf-8"), newline=""), strict=True)
    assert len(row) == len(values)
    assert not any(unicodedata.normalize("NFKC", one).strip()[:1] in ("=", "+", "-", "@") for one in row if one.strip())


@pytest.mark.parametrize(
    ("accept", "preferred"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/csv;q=0", False),
        ("text/csv;q=0.5, application/json", False),
        ("text/csv;q=x, application/json;q=0.9", True),
        ("text/*", False),
        ("text/csv", True),
        ("Text/CSV ; q=0.4, */*;q=0.1", True),
        ("application/json;q=0.2, text/csv", True),
        ("text/csv; header=present; q=0.0", False),
        ("," * 5_000 + "text/csv", True),
    ],
)
def test_who_wants_a_table(accept: str, preferred: bool) -> None:
    assert spreadsheet.is_preferred(accept) is preferred
