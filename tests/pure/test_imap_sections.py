"""Sections cut out of messages: what BODY[...] and BINARY[...] give, and that they agree with BODYSTRUCTURE."""

import base64
import quopri
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.imap.grammar.items import Section
from mss_sim.imap.grammar.sections import UnknownEncoding, cut, decoded
from mss_sim.mail.parse import MalformedMessage, parse

HEAD = b"From: a@x.fr\r\nSubject: dehors\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n"
INNER_HEAD = b"Subject: dedans\r\nX-A: 1\r\n\r\n"
TEXT, HTML = b"bonjour\r\n", b"<p>bonjour</p>"
LETTER = (
    HEAD
    + b"avant\r\n--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
    + b"--i\r\nX-P: 1\r\n\r\n"
    + TEXT
    + b"\r\n--i\r\nContent-Type: text/html\r\n\r\n"
    + HTML
    + b"\r\n--i--\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"
    + INNER_HEAD
    + b"dedans"
    + b"\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n"
    + b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nun\r\n--m\r\nContent-Type: message/rfc822\r\n\r\n"
    + INNER_HEAD
    + b"profond\r\n--m--"
    + b"\r\n--o\r\n\r\n\r\n--o--\r\nfin\r\n"
)
PLAIN = b"From: a@x.fr\r\nTo: b@x.fr\r\n\r\ncorps\r\n"


@pytest.mark.parametrize(
    "section",
    [
        Section((5,)),
        Section((1, 3)),
        Section((1, 1, 1)),
        Section((2, 2)),
        Section((2, 1, 1)),
        Section((3, 3)),
        Section((4, 1)),
        Section((1,), "HEADER"),
        Section((1,), "TEXT"),
        Section((1, 1), "HEADER"),
        Section((1, 1), "HEADER.FIELDS", (b"X-P",)),
        Section((9,), "MIME"),
        Section((1,) * 100),
    ],
    ids=str,
)
def test_what_the_message_does_not_have_is_nothing(section: Section) -> None:
    assert cut(LETTER, section) is None
    assert section.text or decoded(LETTER, section) is None


@pytest.mark.parametrize(
    ("section", "octets"),
    [
        (Section(), LETTER),
        (Section(text="HEADER"), HEAD),
        (Section(text="TEXT"), LETTER[len(HEAD) :]),
        (Section((1, 1)), TEXT),
        (Section((1, 1), "MIME"), b"X-P: 1\r\n\r\n"),
        (Section((1, 2)), HTML),
        (Section((1, 2), "MIME"), b"Content-Type: text/html\r\n\r\n"),
        (Section((1,), "MIME"), b"Content-Type: multipart/alternative; boundary=i\r\n\r\n"),
        (Section((2,)), INNER_HEAD + b"dedans"),
        (Section((2,), "MIME"), b"Content-Type: message/rfc822\r\n\r\n"),
        (Section((2,), "HEADER"), INNER_HEAD),
        (Section((2,), "TEXT"), b"dedans"),
        (Section((2, 1)), b"dedans"),
        (Section((2, 1), "MIME"), INNER_HEAD),
        (Section((2,), "HEADER.FIELDS", (b"x-a",)), b"X-A: 1\r\n\r\n"),
        (Section((3,), "HEADER"), b"Content-Type: multipart/mixed; boundary=m\r\n\r\n"),
        (Section((3, 1)), b"un"),
        (Section((3, 1), "MIME"), b"\r\n"),
        (Section((3, 2)), INNER_HEAD + b"profond"),
        (Section((3, 2), "HEADER"), INNER_HEAD),
        (Section((3, 2), "TEXT"), b"profond"),
        (Section((3, 2, 1)), b"profond"),
        (Section((4,)), b""),
    ],
    ids=str,
)
def test_a_section_is_cut_out(section: Section, octets: bytes) -> None:
    assert cut(LETTER, section) == octets
    assert section.text or decoded(LETTER, section) == octets


@pytest.mark.parametrize(
    ("section", "octets"),
    [
        (Section((1,)), b"corps\r\n"),
        (Section((1,), "MIME"), PLAIN[:-7]),
        (Section((2,)), None),
        (Section((1, 1)), None),
        (Section((1,), "HEADER"), None),
    ],
    ids=str,
)
def test_a_message_that_is_no_multipart_has_one_part(section: Section, octets: bytes | None) -> None:
    assert cut(PLAIN, section) == octets


def test_a_message_that_is_nothing_but_another_has_it_inside_its_part() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" + INNER_HEAD + b"dedans"
    assert cut(raw, Section((1,))) == INNER_HEAD + b"dedans"
    assert cut(raw, Section((1,), "HEADER")) == INNER_HEAD
    assert cut(raw, Section((1, 1))) == b"dedans"


@pytest.mark.parametrize(
    ("raw", "header", "text"),
    [
        (b"", b"", b""),
        (b"\r\n", b"\r\n", b""),
        (b"\r\ncorps", b"\r\n", b"corps"),
        (b"Subject: a", b"Subject: a", b""),
        (b"Subject: a\r\n", b"Subject: a\r\n", b""),
        (b"Subject: a\r\n\r\n", b"Subject: a\r\n\r\n", b""),
        (b"pas un champ\r\n\r\nx", b"pas un champ\r\n\r\n", b"x"),
    ],
)
def test_a_header_or_a_body_may_be_missing(raw: bytes, header: bytes, text: bytes) -> None:
    assert cut(raw, Section()) == raw
    assert cut(raw, Section(text="HEADER")) == header
    assert cut(raw, Section(text="TEXT")) == text


FOLDED = b"Received: un\r\n\tdeux\r\n trois\r\nSUBJECT: a\r\n  b\r\nreceived : quatre\r\n\x6eada\r\nTo: x\r\n\r\nTo: corps\r\n"


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ((b"Subject",), b"SUBJECT: a\r\n  b\r\n\r\n"),
        ((b"RECEIVED",), b"Received: un\r\n\tdeux\r\n trois\r\nreceived : quatre\r\n\r\n"),
        ((b"to", b"subject", b"to"), b"SUBJECT: a\r\n  b\r\nTo: x\r\n\r\n"),
        ((b"Cc",), b"\r\n"),
        ((b"Sub",), b"\r\n"),
    ],
)
def test_fields_come_as_they_are_folded_in_the_order_of_the_message(fields: tuple[bytes, ...], kept: bytes) -> None:
    assert cut(FOLDED, Section((), "HEADER.FIELDS", fields)) == kept


def test_all_fields_but_some() -> None:
    assert cut(FOLDED, Section((), "HEADER.FIELDS.NOT", (b"received", b"to"))) == b"SUBJECT: a\r\n  b\r\nnada\r\n\r\n"
    assert cut(FOLDED, Section((), "HEADER.FIELDS.NOT", (b"x",))) == cut(FOLDED, Section(text="HEADER"))
    assert cut(b"\r\nx", Section((), "HEADER.FIELDS.NOT", (b"x",))) == b"\r\n"


def encoded(encoding: bytes, body: bytes) -> bytes:
    return b"Content-Type: text/plain; charset=x-none\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body


@pytest.mark.parametrize("encoding", [b"uuencode64", b"x-gzip", b"base 64", b"; 8bit", b"\xe9"])
def test_a_strange_encoding_is_not_guessed(encoding: bytes) -> None:
    with pytest.raises(UnknownEncoding):
        decoded(encoded(encoding, b"x"), Section((1,)))


@pytest.mark.parametrize(
    ("encoding", "body", "octets"),
    [
        (b"7bit", b"a=3D\r\n", b"a=3D\r\n"),
        (b"8BIT", b"\xe9", b"\xe9"),
        (b"", b"YQ==", b"YQ=="),
        (b"Base64", b"AAEC\r\n/w==\r\n", b"\x00\x01\x02\xff"),
        (b"base64", b"", b""),
        (b"base64", b"!!YQ", b"a"),
        (b"quoted-printable", b"a=3D=\r\n=C3=A9 \r\n", b"a=\xc3\xa9\r\n"),
    ],
)
def test_a_binary_section_is_without_its_encoding(encoding: bytes, body: bytes, octets: bytes) -> None:
    raw = encoded(encoding, body)
    assert decoded(raw, Section((1,))) == octets
    assert cut(raw, Section((1,))) == body
    assert decoded(raw, Section()) == raw


def test_a_multipart_that_says_that_it_is_encoded_is_not_decoded() -> None:
    inner = b"--i\r\n\r\nYQ==\r\n--i--\r\n"
    raw = b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/mixed; boundary=i\r\n"
    raw += b"Content-Transfer-Encoding: base64\r\n\r\n" + inner + b"\r\n--o--\r\n"
    assert decoded(raw, Section((1,))) == inner


def test_a_message_inside_that_is_encoded_still_has_an_envelope() -> None:
    inner = base64.encodebytes(INNER_HEAD + b"dedans").replace(b"\n", b"\r\n")
    raw = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + inner
    size = b"%d" % len(inner)
    lines = b"%d" % inner.count(b"\n")
    assert parse(raw).structure == (
        b'("message" "rfc822" NIL NIL NIL "base64" ' + size + b" (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
        b' ("text" "plain" NIL NIL NIL "7bit" 0 0 NIL NIL NIL NIL) ' + lines + b" NIL NIL NIL NIL)"
    )
    assert decoded(raw, Section((1,))) == INNER_HEAD + b"dedans"


def test_a_message_inside_with_too_many_fields_is_still_a_message() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" + b"X: 1\r\n" * 1_001 + b"\r\ndedans"
    _, (path, octets) = leaves(read_structure(parse(raw).structure))
    assert (path, octets) == ((1, 1), 6)
    assert cut(raw, Section(path)) == b"dedans"


def read_structure(octets: bytes) -> Any:
    """An IMAP list as Python reads it: lists, strings as bytes, numbers, None."""
    value, at = _read(octets, 0)
    assert at == len(octets)
    return value


def _read(octets: bytes, at: int) -> tuple[Any, int]:
    if octets[at : at + 1] == b"(":
        found = []
        at += 1
        while octets[at : at + 1] != b")":
            value, at = _read(octets, at)
            found.append(value)
            at += octets[at : at + 1] == b" "
        return found, at + 1
    if octets[at : at + 1] == b'"':
        end = at + 1
        while octets[end : end + 1] != b'"':
            end += 1 + (octets[end : end + 1] == b"\\")
        return octets[at + 1 : end], end + 1
    if octets[at : at + 1] == b"{":
        end = octets.index(b"}\r\n", at)
        start, size = end + 3, int(octets[at + 1 : end])
        return octets[start : start + size], start + size
    if octets[at : at + 3] == b"NIL":
        return None, at + 3
    end = at
    while octets[end : end + 1].isdigit():
        end += 1
    assert end > at, octets[at : at + 20]
    return int(octets[at:end]), end


def leaves(body: Any, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], int]]:
    """(path, octets) of every part that is no multipart, those inside of messages included."""
    if isinstance(body[0], list):
        parts = [part for part in body if isinstance(part, list) and part and isinstance(part[0], list | bytes)]
        parts = parts[: next((at for at, value in enumerate(body) if isinstance(value, bytes)), len(body))]
        return [leaf for number, part in enumerate(parts, 1) for leaf in leaves(part, (*path, number))]
    own = path or (1,)
    assert isinstance(body[6], int)
    found = [(own, body[6])]
    if body[0] == b"message" and body[1] in (b"rfc822", b"global"):
        assert len(body[7]) == 10
        inner = body[8]
        found += leaves(inner, own) if isinstance(inner[0], list) else leaves(inner, (*own, 1))
        assert isinstance(body[9], int)
    elif body[0] == b"text":
        assert isinstance(body[7], int)
    return found


_ENCODINGS = st.sampled_from([b"7bit", b"base64", b"quoted-printable", b"x-odd", b"8bit"])
_LEAF = st.builds(
    lambda kind, encoding, body: b"Content-Type: %b\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (kind, encoding, body),
    st.sampled_from(
        [b"text/plain; charset=x-odd", b"text/html", b"image/png", b'application/pdf; name="a \\"b\\".pdf"', b"x/\xe9", b"multipart/x"]
    ),
    _ENCODINGS,
    st.sampled_from([b"", b"x", b"a\r\nb\r\n", b"\xe9\r\n", b"YQ==", b"--b0", b"\r\n\r\n"]),
)


def _enclosed(kind: bytes, parts: list[bytes], closed: bool) -> bytes:
    boundary = b"b%d" % max((part.count(b"boundary=") for part in parts), default=0) + b"x" * len(parts)
    inner = b"".join(b"--%b\r\n%b\r\n" % (boundary, part) for part in parts)
    return b"Content-Type: %b; boundary=%b\r\n\r\n%b" % (kind, boundary, inner) + (b"--%b--\r\n" % boundary if closed else b"")


_MESSAGES = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.builds(
            _enclosed, st.sampled_from([b"multipart/mixed", b"multipart/digest"]), st.lists(inner, min_size=1, max_size=3), st.booleans()
        ),
        st.builds(
            lambda encoding, part: (
                b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: %b\r\n\r\nSubject: x\r\n%b" % (encoding, part)
            ),
            _ENCODINGS,
            inner,
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(_MESSAGES)
def test_every_leaf_of_the_structure_is_as_long_as_its_section(raw: bytes) -> None:
    for path, octets in leaves(read_structure(parse(raw).structure)):
        section = cut(raw, Section(path))
        assert section is None if octets == 0 and section is None else len(section or b"") == octets
        assert section is None or section in raw
        mime = cut(raw, Section(path, "MIME"))
        assert mime is None or mime in raw


@given(st.binary(max_size=400), st.lists(st.integers(1, 3), max_size=4), st.sampled_from(["", "HEADER", "TEXT", "MIME", "HEADER.FIELDS"]))
def test_any_message_is_given_back_byte_by_byte_and_no_section_raises(octets: bytes, path: list[int], text: str) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + octets.replace(b"\x01", b"\r\n--a\r\n")
    assert cut(octets, Section()) == octets
    assert cut(raw, Section()) == raw
    assert (cut(raw, Section(text="HEADER")) or b"") + (cut(raw, Section(text="TEXT")) or b"") == raw
    if path or text != "MIME":
        cut(raw, Section(tuple(path), text, (b"subject",) if text == "HEADER.FIELDS" else ()))


@given(st.binary(max_size=200))
def test_what_was_encoded_comes_back(octets: bytes) -> None:
    assert decoded(encoded(b"base64", base64.encodebytes(octets).replace(b"\n", b"\r\n")), Section((1,))) == octets
    text = octets.replace(b"\r", b"").replace(b"\n", b"")
    printable = quopri.encodestring(text, quotetabs=True).replace(b"\n", b"\r\n")
    assert decoded(encoded(b"quoted-printable", printable), Section((1,))) == text


@given(st.binary(max_size=600))
def test_the_structure_of_whatever_is_stored_follows_the_grammar(octets: bytes) -> None:
    try:
        message = parse(b"Content-Type: message/rfc822\r\nFrom: " + octets)
    except MalformedMessage:
        return
    assert leaves(read_structure(message.structure))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"Subject: a:b\r\nTo: c\r\n\r\n", b"Subject: a:b\r\n\r\n"),
        (b"Subject: a", b"Subject: a\r\n\r\n"),
        (b" folded\r\nSubject: a\r\n\r\n", b"Subject: a\r\n\r\n"),
    ],
    ids=["a colon in a value", "a message that ends in a field", "a fold of nothing"],
)
def test_a_field_is_found_by_its_name_wherever_it_ends(raw: bytes, shown: bytes) -> None:
    assert cut(raw, Section(text="HEADER.FIELDS", fields=(b"SUBJECT",))) == shown
    assert cut(raw, Section(text="HEADER.FIELDS.NOT", fields=(b"SUBJECT", b"TO"))) == b"\r\n"
