"""Files of rows as people send them: what is wrong with them first, then what spreadsheets and programs write."""

import io
from typing import Any

import pytest

from mss_sim.http import tables
from mss_sim.http.tables import Row, TableError

_CHARS = 1_000
_KNOWN = {"nom": "family_name", "idnat": "idnat", "bal": "address"}


def _read(octets: bytes, row_chars: int = _CHARS) -> list[Row]:
    return list(tables.read(io.BytesIO(octets), lambda name: _KNOWN.get(name.strip().lower()), row_chars))


def _values(octets: bytes) -> list[dict[str, Any]]:
    rows = _read(octets)
    assert [row.fault for row in rows if row.fault] == []
    return [row.values for row in rows]


@pytest.mark.parametrize(
    ("octets", "line", "said"),
    [
        (b"", 1, "names each column once"),
        (b"\r\n", 1, "names each column once"),
        (b"idnat;couleur;taille\r\n1;2;3\r\n", 1, "not known here: couleur, taille"),
        (b"idnat;nom;idnat\r\n", 1, "twice: idnat"),
        (b";;\r\n", 1, "twice: -"),
        (b"PK\x03\x04\x14\x00", 1, "workbook"),
        (b'[{"idnat": "1"}]', 1, "JSON list"),
        (b'\xef\xbb\xbf [\n{"idnat": "1"}]', 1, "JSON list"),
        (b'idnat;nom\r\n1;"a\r\n' + b"b\r\n" * 400, 2, "at most 1000 characters"),
        (b"idnat;nom\r\n1;" + b"a" * 1_000, 2, "at most 1000 characters"),
        (b'idnat;nom\r\n1;a\r\n2;"b"c\r\n', 3, "a quote within quotes is doubled"),
        (b'{"idnat": "1"}\n{"nom": "' + b"a" * 1_000 + b'"}\n', 2, "at most 1000 characters"),
        (b"a" * 2_000, 1, "at most 1000 characters"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_cannot_be_read_says_where_and_why(octets: bytes, line: int, said: str) -> None:
    with pytest.raises(TableError) as wrong:
        _read(octets)
    assert wrong.value.line == line
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    ("octets", "line", "said"),
    [
        (b'{"idnat": "1"}\nno\n{"idnat": "2"}\n', 2, "not JSON"),
        (b'{"idnat": "1"}\n{"nom": "\xe9"}\n{"idnat": "2"}\n', 2, "not JSON in UTF-8"),
        (b'{"idnat": "1"}\n["a"]\n{"idnat": "2"}\n', 2, "no JSON object"),
        (b'{"idnat": "1"}\n3\n{"idnat": "2"}\n', 2, "no JSON object"),
        (b'{"idnat": "1"}\n{"a": ' + b"[" * 900 + b"\n" + b'{"idnat": "2"}\n', 2, "not JSON"),
        (b"idnat;nom\r\n1;a\r\n1;a;b\r\n2;b\r\n", 3, "more values than columns"),
        (b"idnat;;nom\r\n1;;a\r\n1;b;c\r\n2;;b\r\n", 3, "more values than columns"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_row_is_told_in_its_place_and_those_after_it_are_read(octets: bytes, line: int, said: str) -> None:
    rows = _read(octets)
    assert [row.line for row in rows if row.fault] == [line]
    assert said in str(next(row.fault for row in rows if row.fault))
    assert [row.values["idnat"] for row in rows if not row.fault] == ["1", "2"]


_TWO = [{"idnat": "1", "family_name": "LÉGER"}, {"idnat": "2", "family_name": "À l'Œuvre"}]
_TABLE = "idnat;nom\r\n1;LÉGER\r\n2;À l'Œuvre\r\n"


@pytest.mark.parametrize(
    "octets",
    [
        _TABLE.encode(),
        _TABLE.encode("utf-8-sig"),
        _TABLE.encode("cp1252"),
        _TABLE.encode("utf-16"),
        b"\xfe\xff" + _TABLE.encode("utf-16-be"),
        _TABLE.replace(";", ",").encode(),
        _TABLE.replace(";", "\t").encode(),
        _TABLE.replace("\r\n", "\n").encode(),
        _TABLE.replace("\r\n", "\r").encode(),
        _TABLE.removesuffix("\r\n").encode(),
        ("sep=;\r\n" + _TABLE).encode(),
        ('"sep=,"\r\n' + _TABLE.replace(";", ",")).encode(),
        _TABLE.replace("LÉGER", '"LÉGER"').replace("nom", '"NOM"').encode(),
        _TABLE.replace("1;", " 1 ;").replace("2;", "\t2;").encode(),
        _TABLE.replace("\r\n2", "\r\n;\r\n\r\n ; \r\n2").encode(),
        _TABLE.replace("\r\n", ";;\r\n").encode(),
    ],
    ids=lambda octets: repr(octets[:24]),
)
def test_what_spreadsheets_write_is_read_alike(octets: bytes) -> None:
    assert _values(octets) == _TWO


def test_what_windows_has_no_character_for_is_latin_1() -> None:
    assert _values(b"nom\r\nL\xc9GER \x81\r\n") == [{"family_name": "LÉGER \x81"}]


def test_an_octet_that_is_not_utf_8_decides_for_the_whole_file_wherever_it_stands() -> None:
    filling = "1;ÉÉÉÉ\r\n" * 200_000
    rows = _read(("idnat;nom\r\n" + filling).encode("cp1252") + b"2;\x80\r\n")
    assert (rows[0].values["family_name"], rows[-1].values["family_name"]) == ("ÉÉÉÉ", "€")
    cut = ("idnat;nom\r\n" + filling).encode() + b"2;\xc3"
    assert _read(cut)[-1].values["family_name"] == "Ã"


def test_json_keeps_its_values_and_lines_are_counted_with_empty_ones() -> None:
    rows = _read('\ufeff{"idnat": "1", "enabled": true, "ins": [{"oid": "x"}]}\n\n  \n{"idnat": null}'.encode())
    assert rows == [
        Row(1, {"idnat": "1", "enabled": True, "ins": [{"oid": "x"}]}, whole=True),
        Row(4, {"idnat": None}, whole=True),
    ]


def test_a_row_over_several_lines_has_the_number_of_the_first() -> None:
    rows = _read(b'idnat;nom\n1;"a\nb"\n2;c\n')
    assert [(row.line, row.values["family_name"]) for row in rows] == [(2, "a\nb"), (4, "c")]


@pytest.mark.parametrize("text", ["=1+1", "+33", "-1", "@SUM(A1)", '=HYPERLINK(""http://x"")', "\t=1", "${7*7}", "{{7*7}}", "$(id)"])
def test_a_formula_is_a_text(text: str) -> None:
    assert _values(f'nom\r\n"{text}"\r\n'.encode()) == [{"family_name": text.strip().replace('""', '"')}]


def test_a_short_row_leaves_its_last_values_out_and_an_empty_value_too() -> None:
    assert _values(b"idnat;nom;bal\r\n1\r\n2;;c\r\n") == [{"idnat": "1"}, {"idnat": "2", "address": "c"}]


def test_a_file_can_be_read_again_and_is_not_closed() -> None:
    file = io.BytesIO(_TABLE.encode())
    for _ in range(2):
        assert len(list(tables.read(file, _KNOWN.get, _CHARS))) == 2
    assert not file.closed
