"""Structured fields: what is a comment, a quoted string or a parameter, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.mail import structured


@pytest.mark.parametrize(
    ("text", "value", "parameters"),
    [
        ("", "", ()),
        (";;", "", ()),
        ("a/b", "a/b", ()),
        ("(x) a/b (y (z))", "a/b", ()),
        ("a/b; x=y", "a/b", (("x", "y"),)),
        ("a/b;X = (c) y (d) ;;z=", "a/b", (("x", "y"), ("z", ""))),
        ("a/b (;x=y); z=w", "a/b", (("z", "w"),)),
        ("a/b (\\); x=y); z=w", "a/b", (("z", "w"),)),
        ("a/b (; x=y", "a/b (", (("x", "y"),)),
        ('a/b; x="(y)"; z=w', "a/b", (("x", '"(y)"'), ("z", "w"))),
        ('a/b; x="y\\";z"; w=v', "a/b", (("x", '"y\\";z"'), ("w", "v"))),
        ('a/b; x="y z; z=w', "a/b", (("x", '"y z; z=w'),)),
        ('a/b; x="y; z=w', "a/b", (("x", "y"), ("z", "w"))),
        ("a/b; x=y (1).z", "a/b", (("x", "y (1).z"),)),
        ("a/b; x; =y; z=w", "a/b", (("z", "w"),)),
    ],
)
def test_a_value_and_its_parameters(text: str, value: str, parameters: tuple[tuple[str, str], ...]) -> None:
    assert structured.read(text) == structured.Structured(value, parameters)


@pytest.mark.parametrize(("text", "end"), [("a)b", 2), ("(a)(b)) c", 7), ("a\\)b)", 5), ("a", -1), ("(a)", -1), ("", -1)])
def test_a_comment_ends_where_its_parenthesis_is_closed(text: str, end: int) -> None:
    assert structured.after_comment(f"({text}", 1) == (end + 1 if end > 0 else -1)


def test_no_more_than_two_hundred_parameters_are_read() -> None:
    assert len(structured.read("a/b" + "; x=(y)z" * 300).parameters) == 200


@pytest.mark.parametrize(
    "text", ["base64", "BASE64 (x)", '"base64"', "base64;", "base64 ; x=y", "(a) Base64", "base64,", '"base64" , 7bit']
)
def test_one_word(text: str) -> None:
    assert structured.word(text) == "base64"


@pytest.mark.parametrize(
    ("text", "until", "plain"),
    [
        ("a (b) c", "", "a   c"),
        ("a (b): (c)", ":", "a  : (c)"),
        ("a (b:c): d", ":", "a  : d"),
        ('"(a)"(b)', "", '"(a)" '),
        ("(a", "", "(a"),
    ],
)
def test_comments_are_blanks(text: str, until: str, plain: str) -> None:
    assert structured.uncommented(text, until) == plain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a;b;c", ("a", ";", "b;c")),
        ("(;)a;b", ("(;)a", ";", "b")),
        ('";"', ('";"', "", "")),
        ("", ("", "", "")),
    ],
)
def test_halves(text: str, found: tuple[str, str, str]) -> None:
    assert structured.halves(text, ";") == found


@pytest.mark.parametrize(("text", "found"), [("", ()), ("a", ("a",)), ("a , (x,y) b,,", ("a", "b")), ('"a,b", c', ('"a,b"', "c"))])
def test_a_list(text: str, found: tuple[str, ...]) -> None:
    assert structured.listed(text) == found


@pytest.mark.parametrize(
    ("text", "plain"), [("a", "a"), ('"a"', "a"), ('"a\\"b"', 'a"b'), ('"', ""), ('""', ""), ('"a', "a"), ('a"', 'a"')]
)
def test_quotes(text: str, plain: str) -> None:
    assert structured.unquoted(text) == plain


@given(st.text('a(";=,:\\) /*', max_size=40))
def test_any_text_is_read(text: str) -> None:
    found = structured.read(text)
    assert all(name and name == name.strip().lower() for name, _ in found.parameters)
    structured.word(text)
    structured.listed(text)
    assert "".join(structured.halves(text, ";")) == text
