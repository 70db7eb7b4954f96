"""ENVELOPE and BODYSTRUCTURE as a mail client reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mss_sim.mail.parse import MalformedMessage, parse
from mss_sim.mail.structure import body_structure, envelope, nstring


def _envelope(text: str) -> str:
    return envelope(parse(text.replace("\n", "\r\n").encode()).headers).decode()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, b"NIL"),
        (b"", b'""'),
        (b"plain", b'"plain"'),
        (b'a "b" \\c', b'"a \\"b\\" \\\\c"'),
        (b"a\tb", b"{3}\r\na\tb"),
        ("é".encode(), "{2}\r\né".encode()),
    ],
)
def test_a_value_is_nil_a_quoted_string_or_a_literal(value: bytes | None, shown: bytes) -> None:
    assert nstring(value) == shown


def test_the_fields_of_an_envelope_stand_in_their_order() -> None:
    shown = _envelope(
        "Message-ID: <1@x.fr>\nIn-Reply-To: <0@x.fr>\nDate: Mon, 5 Jan 2026 09:00:00 +0100\nSubject: =?utf-8?q?=C3=A9?=\n"
        'From: "Martin, Camille" <C.Martin@x.fr>\nSender: s@x.fr\nReply-To: r@x.fr\nTo: a@x.fr, B <b@x.fr>\nCc: c@x.fr\nBcc: d@x.fr\n\nx\n'
    )
    assert shown == (
        '("Mon, 5 Jan 2026 09:00:00 +0100" "=?utf-8?q?=C3=A9?=" (("Martin, Camille" NIL "C.Martin" "x.fr")) ((NIL NIL "s" "x.fr"))'
        ' ((NIL NIL "r" "x.fr")) ((NIL NIL "a" "x.fr")("B" NIL "b" "x.fr")) ((NIL NIL "c" "x.fr")) ((NIL NIL "d" "x.fr"))'
        ' "<0@x.fr>" "<1@x.fr>")'
    )


def test_sender_and_reply_to_are_the_author_where_they_are_missing_or_empty() -> None:
    shown = _envelope("From: a@x.fr\nReply-To: \n\nx\n")
    assert shown == '(NIL NIL ((NIL NIL "a" "x.fr")) ((NIL NIL "a" "x.fr")) ((NIL NIL "a" "x.fr")) NIL NIL NIL NIL NIL)'


def test_a_message_without_any_header_has_an_envelope() -> None:
    assert _envelope("\nx\n") == "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"


def _structure(text: str, *, extended: bool = True) -> str:
    raw = text.replace("\n", "\r\n").encode()
    message = parse(raw)
    return body_structure(raw, message.root, message.headers, extended=extended).decode()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(",,", "NIL", id="commas"),
        pytest.param("()", "NIL", id="a comment"),
        pytest.param('"', "NIL", id="a quote that is not closed"),
        pytest.param("local", '((NIL NIL "local" ""))', id="no domain"),
        pytest.param("A, B <b@x.fr>", '((NIL NIL "A" "")("B" NIL "b" "x.fr"))', id="a comma in a name without quotes"),
        pytest.param("a@x.fr", '((NIL NIL "a" "x.fr"))', id="an address"),
        pytest.param("<a@x.fr>", '((NIL NIL "a" "x.fr"))', id="an address in brackets"),
        pytest.param("Ana Roy  <a.b@y.x.fr>", '(("Ana Roy" NIL "a.b" "y.x.fr"))', id="a name and an address"),
        pytest.param("a@x.fr; b@x.fr", '((NIL NIL "a" "x.fr")(NIL NIL "b" "x.fr"))', id="a semicolon for a comma"),
        pytest.param('"Martin, C" <c@x.fr>', '(("Martin, C" NIL "c" "x.fr"))', id="a comma in quotes"),
        pytest.param('"A \\"B\\"" <c@x.fr>', '(("A \\"B\\"" NIL "c" "x.fr"))', id="quotes in quotes"),
        pytest.param("c@x.fr (Martin, (C))", '(("Martin, C" NIL "c" "x.fr"))', id="a name in a comment"),
        pytest.param('""@x.fr', '((NIL NIL "" "x.fr"))', id="a local part of nothing in quotes"),
        pytest.param('"@x.fr', '((NIL NIL "" "x.fr"))', id="a local part that is a quote"),
        pytest.param('"a b"@x.fr', '((NIL NIL "a b" "x.fr"))', id="a local part without its quotes"),
        pytest.param("a@[192.0.2.1]", '((NIL NIL "a" "[192.0.2.1]"))', id="an address literal"),
        pytest.param("A <@r.fr,@s.fr:a@x.fr>", '(("A" "@r.fr,@s.fr" "a" "x.fr"))', id="a route"),
        pytest.param("=?utf-8?q?a=2C_b?= <a@x.fr>", '(("=?utf-8?q?a=2C_b?=" NIL "a" "x.fr"))', id="an encoded word stays"),
        pytest.param("A\n <a@x.fr>,\n\tb@x.fr", '(("A" NIL "a" "x.fr")(NIL NIL "b" "x.fr"))', id="folded"),
        pytest.param("Équipe <a@x.fr>", '(({7}\r\nÉquipe NIL "a" "x.fr"))', id="8 bits"),
        pytest.param("undisclosed-recipients:;", '((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL))', id="an empty group"),
        pytest.param(
            'z@x.fr, "Team, A": A <a@x.fr>, b@x.fr; , c@x.fr',
            '((NIL NIL "z" "x.fr")(NIL NIL "Team, A" NIL)("A" NIL "a" "x.fr")(NIL NIL "b" "x.fr")(NIL NIL NIL NIL)(NIL NIL "c" "x.fr"))',
            id="a group between addresses",
        ),
        pytest.param("G: a@x.fr", '((NIL NIL "G" NIL)(NIL NIL "a" "x.fr")(NIL NIL NIL NIL))', id="a group that is not closed"),
    ],
)
def test_the_addresses_of_an_envelope(value: str, shown: str) -> None:
    assert _envelope(f"To: {value}\n\nx\n") == f"(NIL NIL NIL NIL NIL {shown} NIL NIL NIL NIL)"


def test_octets_that_are_no_utf8_stay_as_they_came() -> None:
    raw = b"From: \xe9t\xe9 <a@x.fr>\r\nSubject: \xe9\r\n\r\nx"
    people = b'(({3}\r\n\xe9t\xe9 NIL "a" "x.fr"))'
    assert envelope(parse(raw).headers) == b"(NIL {1}\r\n\xe9 " + b" ".join([people] * 3) + b" NIL NIL NIL NIL NIL)"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", "NIL"),
        (";", "NIL"),
        ("ATTACHMENT", '("attachment" NIL)'),
        ("attachment; filename=a.pdf; SIZE=3", '("attachment" ("filename" "a.pdf" "size" "3"))'),
        ('attachment; filename="a; b=\\"c\\""', '("attachment" ("filename" "a; b=\\"c\\""))'),
        ("inline; filename*0*=utf-8''%C3; filename*1=b", '("inline" ("filename*0*" "utf-8\'\'%C3" "filename*1" "b"))'),
        ('inline; filename=""', '("inline" ("filename" ""))'),
        ("inline; filename", '("inline" NIL)'),
        ("attachment (joint); filename=a.zip (document)", '("attachment" ("filename" "a.zip"))'),
        ("attachment; filename=a b.pdf", '("attachment" ("filename" "a b.pdf"))'),
        ("attachment; filename=a (1).pdf", '("attachment" ("filename" "a (1).pdf"))'),
    ],
)
def test_a_disposition_is_shown_as_it_came(value: str, shown: str) -> None:
    assert _structure(f"Content-Disposition: {value}\n\n").endswith(f'"7bit" 0 0 NIL {shown} NIL NIL)')


def test_the_structure_of_a_text_tells_its_charset_octets_and_lines() -> None:
    text = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nun\ndeux\n"
    assert _structure(text) == '("text" "plain" ("charset" "utf-8") NIL NIL "8bit" 10 2 NIL NIL NIL NIL)'
    assert _structure(text, extended=False) == '("text" "plain" ("charset" "utf-8") NIL NIL "8bit" 10 2)'


def test_the_structure_of_nested_parts_and_of_a_message_inside() -> None:
    text = (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nbonjour\n--b\nContent-Type: message/rfc822\n"
        'Content-Disposition: attachment; filename="a b.eml"\n\nSubject: dedans\nContent-Type: text/html\n\n<p>\n--b--\n'
    )
    assert _structure(text) == (
        '(("text" "plain" NIL NIL NIL "7bit" 7 0 NIL NIL NIL NIL)("message" "rfc822" NIL NIL NIL "7bit" 47'
        ' (NIL "dedans" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "html" NIL NIL NIL "7bit" 3 0 NIL NIL NIL NIL) 3 NIL'
        ' ("attachment" ("filename" "a b.eml")) NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)'
    )


def test_every_field_of_a_part_has_its_place() -> None:
    text = (
        "Content-Type: text/html; charset=utf-8; format=flowed\nContent-Transfer-Encoding: 8bit\nContent-ID: <p1@x.fr>\n"
        "Content-Description: la\n première\nContent-MD5: Q2hlY2s=\nContent-Disposition: inline; filename=a.htm\nContent-Language: fr, en\n"
        "Content-Location: a.htm\n\nun\ndeux\ntrois\n"
    )
    own = '"text" "html" ("charset" "utf-8" "format" "flowed") "<p1@x.fr>" {12}\r\nla première "8bit" 17 3'
    assert _structure(text, extended=False) == f"({own})"
    assert _structure(text) == f'({own} "Q2hlY2s=" ("inline" ("filename" "a.htm")) ("fr" "en") "a.htm")'


def test_a_multipart_without_parts_shows_an_empty_text() -> None:
    assert _structure("Content-Type: multipart/mixed; boundary=b\n\n\n").startswith('(("text" "plain" NIL NIL NIL "7bit" 0 0) "mixed"')


@given(st.binary(max_size=600))
def test_no_message_that_is_stored_is_without_a_structure(octets: bytes) -> None:
    try:
        message = parse(octets)
    except MalformedMessage:
        return
    for shown in (envelope(message.headers), message.structure):
        assert shown.startswith(b"(")
        assert shown.endswith(b")")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text/plain; charset=utf-8 (texte)", '"text" "plain" ("charset" "utf-8")'),
        ("text/plain; name*=utf-8''%C3%A9.txt", '"text" "plain" ("name*" "utf-8\'\'%C3%A9.txt")'),
        ('text/plain; name="=?utf-8?Q?=C3=A9?="', '"text" "plain" ("name" "=?utf-8?Q?=C3=A9?=")'),
        ("text/plain; NAME*0=a; name*1=b", '"text" "plain" ("name*0" "a" "name*1" "b")'),
        ("text/plain; a=b; a*0=c", '"text" "plain" ("a" "b" "a*0" "c")'),
        ('text/plain; name="a\\\\b"', '"text" "plain" ("name" "a\\\\b")'),
        ("nonsense; a=b", '"text" "plain" NIL'),
        ("multipart/mixed; a=b", '"text" "plain" ("a" "b")'),
    ],
)
def test_the_parameters_of_a_type_are_shown_as_they_came(value: str, shown: str) -> None:
    assert _structure(f"Content-Type: {value}\n\n").startswith(f"({shown} ")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("fr", '"fr"'),
        ("fr, en", '("fr" "en")'),
        ("fr (francais), en-GB ,", '("fr" "en-GB")'),
        ("(aucune)", "NIL"),
        ("", "NIL"),
    ],
)
def test_several_languages_are_a_list(value: str, shown: str) -> None:
    assert _structure(f"Content-Language: {value}\n\n").endswith(f" NIL {shown} NIL)")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('"x@y"@c.fr', '((NIL NIL "x@y" "c.fr"))'),
        ("a@b.fr (,) , c@d.fr", '(("," NIL "a" "b.fr")(NIL NIL "c" "d.fr"))'),
        ("a@b.fr, (never closed, c@d.fr", '((NIL NIL "a" "b.fr"))'),
    ],
)
def test_a_comma_in_a_comment_and_an_at_in_quotes_cut_nothing(value: str, shown: str) -> None:
    assert f" {shown} {shown} {shown} " in _envelope(f"From: {value}\n")


def test_a_list_that_is_too_long_to_be_remembered_is_read_all_the_same() -> None:
    people = ", ".join(f"a{number}@b.fr" for number in range(2_000))
    assert _envelope(f"To: {people}\n").count('NIL NIL "a') == 2_000


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("Content-Location: http://a.fr/", 'NIL NIL "http://a.fr/")'),
        ("Content-Language: fr", 'NIL "fr" NIL)'),
        ("Content-Disposition: inline", '("inline" NIL) NIL NIL)'),
    ],
)
def test_each_extension_stands_alone(fields: str, shown: str) -> None:
    assert _structure(f"Content-Type: text/plain\n{fields}\n\nx\n").endswith(shown)


def test_messages_inside_parts_of_messages_are_shown_a_hundred_levels_deep_both_counted() -> None:
    raw = b"Subject: innermost\r\n\r\nx\r\n"
    for number in range(120):
        boundary = b"b%d" % number
        head = b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n--%b\r\nContent-Type: message/rfc822\r\n\r\n" % (boundary, boundary)
        raw = head + raw + b"\r\n--%b--\r\n" % boundary
    message = parse(raw)
    shown = body_structure(raw, message.root, message.headers, extended=False)
    assert shown.count(b'"mixed"') == 51, "the first, and fifty within"
    assert shown.count(b'"text" "plain" ("boundary"') == 1, "what is further in is one text"


def test_octets_of_any_charset_are_shown_as_a_language() -> None:
    raw = b"Content-Language: fran\xe7ais, \xe9\r\n\r\n"
    message = parse(raw)
    assert body_structure(raw, message.root, message.headers).endswith(b" NIL ({8}\r\nfran\xe7ais {1}\r\n\xe9) NIL)")
