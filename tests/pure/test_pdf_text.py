"""The text of the first page of a PDF: what each operator shows, what fonts say of their codes, and what is too much to be read."""

from typing import Any

import pytest

from mss_sim.documents.pdf import library
from mss_sim.documents.pdf_text import first_page

_PIKEPDF = library()


def _pdf(*contents: str | bytes, fonts: dict[str, Any] | None = None, forms: dict[str, Any] | None = None) -> Any:
    """A page with these content streams; `fonts` and `forms` are made with the document when they are functions."""
    pdf = _PIKEPDF.new()
    page = pdf.add_blank_page()
    streams = [pdf.make_stream(one.encode("latin-1") if isinstance(one, str) else one) for one in contents]
    page.obj.Contents = streams[0] if len(streams) == 1 else _PIKEPDF.Array(streams)
    made = {
        kind: {name: one(pdf) if callable(one) else one for name, one in (them or {}).items()}
        for kind, them in (("Font", fonts), ("XObject", forms))
    }
    page.obj.Resources = _PIKEPDF.Dictionary({f"/{kind}": _PIKEPDF.Dictionary(them) for kind, them in made.items()})
    return pdf


def _shown(*contents: str | bytes, **given: Any) -> str:
    return first_page(_PIKEPDF, _pdf(*contents, **given))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", ""),
        ("(a) Tj (b) Tj", "ab"),
        ("[(a) -200 (b) -201 (c) 500 (d)] TJ", "ab cd"),
        ("[(a) -200.5 (b)] TJ", "a b"),
        ("(a) Tj (b) '", "a\nb"),
        ('(a) Tj 1 2 (b) "', "a\nb"),
        ("(a) Tj T* (b) Tj", "a\nb"),
        ("(a) Tj 0 -12 Td (b) Tj", "a\nb"),
        ("(a) Tj 10 0 Td (b) Tj", "a b"),
        ("(a) Tj 0 -12 TD (b) Tj", "a\nb"),
        ("(a) Tj 10 0 TD (b) Tj", "a b"),
        ("(a) Tj 10 Td (b) Tj", "a b"),
        ("(a) Tj 1 0 0 1 0 0 Tm (b) Tj", "a b"),
        ("(a) Tj ET BT (b) Tj", "a b"),
        ("(  a   b ) Tj T* ( ) Tj T* (c) Tj", "a b\nc"),
        ("(a) Tj (b) Td (c) Tj Tj TJ Tf ' (d) Tj", "a c\nd"),
        (b"(d\xe9j\xe0 \x80 \x81) Tj", "déjà € \ufffd"),
        ("/None 12 Tf (a) Tj", "a"),
    ],
)
def test_what_operators_show(content: str, text: str) -> None:
    assert _shown(content) == text


def _font(table: str | None, subtype: str = "/Type1") -> Any:
    def font(pdf: Any) -> Any:
        given = {"/Type": _PIKEPDF.Name("/Font"), "/Subtype": _PIKEPDF.Name(subtype)}
        return _PIKEPDF.Dictionary(given if table is None else {**given, "/ToUnicode": pdf.make_stream(table.encode("latin-1"))})

    return font


@pytest.mark.parametrize(
    ("table", "codes", "text"),
    [
        ("1 beginbfchar <41> <0062> endbfchar", "414243", "b"),
        ("2 beginbfchar <41> <0062> <42> < 0063 > endbfchar", "4142", "bc"),
        ("beginbfchar <41> <0062> endbfchar <43> <0064> beginbfchar <42> <0063> endbfchar", "41424342", "bcc"),
        ("beginbfchar <41> <0062> endbfchar beginbfchar <42> <0063>", "4142", "b"),
        ("beginbfchar <41> <00660069> <42> <D834DD1E> <43> <62> endbfchar", "414243", "fi𝄞\ufffd"),
        ("beginbfchar <41> <062> <42> <D834> endbfchar", "4142", "b\ufffd"),
        ("beginbfrange <41> <43> <0061> endbfrange", "4041424344", "abc"),
        ("beginbfrange <41> <42> <0061> <51> <51> <007A> endbfrange beginbfrange <61> <61> <0041> endbfrange", "41425161", "abzA"),
        ("beginbfrange <41> <43> <10FFFE> endbfrange", "414243", "\U0010fffe\U0010ffff\U0010ffff"),
        ("beginbfchar <41> <0062> endbfchar beginbfrange <41> <42> <0078> endbfrange", "4142", "xy"),
        ("beginbfrange <43> <41> <0061> endbfrange", "414243", ""),
        ("beginbfchar", "41", ""),
        ("", "41", ""),
        (None, "41E9", "Aé"),
    ],
)
def test_what_the_codes_of_a_font_mean(table: str | None, codes: str, text: str) -> None:
    assert _shown(f"/F 12 Tf <{codes}> Tj", fonts={"/F": _font(table)}) == text
    assert _shown(f"/F 12 Tf [<{codes}>] TJ", fonts={"/F": _font(table)}) == text


@pytest.mark.parametrize(
    ("table", "codes", "text"),
    [
        ("beginbfchar <0041> <0062> <4142> <0063> endbfchar", "00414142", "bc"),
        ("beginbfchar <0041> <0062> <41> <0063> endbfchar", "004141", "cc"),
        (None, "00414142", ""),
    ],
)
def test_codes_of_a_composed_font_have_two_octets(table: str | None, codes: str, text: str) -> None:
    assert _shown(f"/F 12 Tf <{codes}> Tj", fonts={"/F": _font(table, "/Type0")}) == text
    assert _shown(f"/F 12 Tf [<{codes}>] TJ", fonts={"/F": _font(table, "/Type0")}) == text


def test_each_text_is_of_the_font_before_it() -> None:
    fonts = {
        "/F": _font("beginbfchar <41> <0062> endbfchar"),
        "/G": _font("beginbfchar <0041> <0063> endbfchar", "/Type0"),
        "/H": _font(None),
    }
    assert _shown("(A) Tj /F 1 Tf (A) Tj /G 1 Tf <0041> Tj /H 1 Tf (A) Tj /F 1 Tf (A) Tj /X 1 Tf (A) Tj", fonts=fonts) == "AbcAbA"
    assert _shown("/F 1 Tf (A) Tj", fonts={"/F": "no font"}) == "A"


def test_a_range_gives_twenty_thousand_letters_at_most() -> None:
    table = "beginbfrange <0000> <FFFF> <0041> endbfrange"
    font = {"/F": _font(table, "/Type0")}
    assert _shown("/F 1 Tf <4E1F4E20> Tj", fonts=font) == chr(0x41 + 0x4E1F)
    table = f"beginbfchar <FFFF> <0062> endbfchar {table}"
    assert _shown("/F 1 Tf <4E1E4E1FFFFF> Tj", fonts={"/F": _font(table, "/Type0")}) == chr(0x41 + 0x4E1E) + "b"


def test_a_table_is_read_to_its_quarter_of_a_mebibyte() -> None:
    row = "beginbfchar <41> <0062> endbfchar"
    for blanks, text in ((262_144 - len(row), "b"), (262_145 - len(row), "")):
        assert _shown("/F 1 Tf (A) Tj", fonts={"/F": _font(" " * blanks + row)}) == text


def test_contents_in_several_streams_are_one_and_of_a_quarter_of_a_mebibyte_together() -> None:
    assert _shown("(a) Tj", "(b) Tj T*", "(c) Tj") == "ab\nc"
    assert _shown("(a) Tj".ljust(262_144)) == "a"
    assert _shown("(a) Tj".ljust(262_145)) == ""
    assert _shown("(a) Tj".ljust(131_072), "(b) Tj".ljust(131_072)) == "ab"
    assert _shown("(a) Tj".ljust(131_072), "(b) Tj".ljust(131_073)) == ""


def _form(content: str, subtype: str = "/Form", fonts: dict[str, Any] | None = None) -> Any:
    def form(pdf: Any) -> Any:
        made = pdf.make_stream(content.encode())
        made["/Subtype"] = _PIKEPDF.Name(subtype)
        if fonts is not None:
            made["/Resources"] = _PIKEPDF.Dictionary({"/Font": _PIKEPDF.Dictionary({name: font(pdf) for name, font in fonts.items()})})
        return made

    return form


def test_forms_are_read_behind_the_page_with_the_fonts_of_their_own_or_of_the_page() -> None:
    fonts = {"/F": _font("beginbfchar <41> <0062> endbfchar")}
    forms = {
        "/A": _form("T* /F 1 Tf (A) Tj"),
        "/B": _form("T* /F 1 Tf (A) Tj", fonts={"/F": _font("beginbfchar <41> <0063> endbfchar")}),
        "/C": _form("T* (an image) Tj", "/Image"),
        "/D": "no form",
        "/E": _form("T* /F 1 Tf (A) Tj", fonts={}),
    }
    assert _shown("(page) Tj", fonts=fonts, forms=forms) == "page\nb\nc\nA"


def test_twenty_forms_are_read() -> None:
    assert _shown("", forms={f"/X{number:02}": _form(f"T* ({number}) Tj") for number in range(21)}) == "\n".join(map(str, range(20)))


def test_a_document_without_a_page_or_a_page_without_contents_has_no_text() -> None:
    assert first_page(_PIKEPDF, _PIKEPDF.new()) == ""
    pdf = _PIKEPDF.new()
    pdf.add_blank_page()
    del pdf.pages[0].obj.Contents
    assert first_page(_PIKEPDF, pdf) == ""


def test_only_the_first_page_is_read() -> None:
    pdf = _pdf("(a) Tj")
    pdf.pages.append(_pdf("(b) Tj").pages[0])
    assert first_page(_PIKEPDF, pdf) == "a"
