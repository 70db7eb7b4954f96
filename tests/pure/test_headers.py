"""The header block: fields, encoded words, message ids, and edits that touch no other byte."""

import encodings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mss_sim.imap.grammar import sections
from mss_sim.imap.grammar.items import Section
from mss_sim.mail.headers import (
    Headers,
    bare_ids,
    decode,
    message_ids,
    printable,
    read_headers,
    split,
    trace_length,
    with_fields_on_top,
    without_fields,
    without_return_path,
)


def read(block: bytes) -> Headers:
    return read_headers(block, count_max=1_000)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"no colon", id="no colon"),
        pytest.param(b": value", id="no name"),
        pytest.param(b" Name: value", id="a continuation of nothing"),
        pytest.param(b"Two words: value", id="a space in the name"),
        pytest.param(b"Na\xc3\xafve: value", id="a name beyond ASCII"),
        pytest.param(b"Na\x01me: value", id="a control character in the name"),
        pytest.param(b"From someone Mon Jan  5 08:00:00 2026", id="a line of a mailbox file"),
        pytest.param(b"--boundary", id="a boundary"),
    ],
)
def test_a_line_that_is_no_field_is_counted_and_the_others_are_read(line: bytes) -> None:
    headers = read(line + b"\r\nSubject: s\r\n")
    assert headers.defects == 1
    assert headers.fields == (("Subject", b"s"),)


@pytest.mark.parametrize(
    ("block", "fields"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"A: b\r\n", [("A", b"b")], id="one"),
        pytest.param(b"A: b", [("A", b"b")], id="without its line end"),
        pytest.param(b"A:b\r\n", [("A", b"b")], id="no space"),
        pytest.param(b"A:\r\n", [("A", b"")], id="an empty value"),
        pytest.param(b"A : b\r\n", [("A", b"b")], id="a space before the colon, as old programs write"),
        pytest.param(b"A: b: c\r\n", [("A", b"b: c")], id="a colon in the value"),
        pytest.param(b"A: b\r\na: c\r\n", [("A", b"b"), ("a", b"c")], id="the same name twice"),
        pytest.param(b"A: b\r\n c\r\n\td\r\nE: f\r\n", [("A", b"b c\td"), ("E", b"f")], id="folded lines"),
        pytest.param(b"A:\r\n b\r\n", [("A", b"b")], id="folded at once"),
        pytest.param(b"A: b\r\n \r\nC: d\r\n", [("A", b"b"), ("C", b"d")], id="an empty continuation"),
        pytest.param(b"A: " + b"x" * 2_000, [("A", b"x" * 2_000)], id="a line longer than allowed"),
        pytest.param(b"A: \xe9\xc3\xa9\r\n", [("A", b"\xe9\xc3\xa9")], id="any octets in the value"),
    ],
)
def test_fields_are_read_in_order(block: bytes, fields: list[tuple[str, bytes]]) -> None:
    headers = read(block)
    assert list(headers.fields) == fields
    assert headers.defects == 0


def test_names_are_compared_without_case_and_every_value_is_kept() -> None:
    headers = read(b"Received: one\r\nreceived: two\r\nSubject: s\r\n")
    assert list(headers.all("RECEIVED")) == [b"one", b"two"]
    assert headers.text("received") == "one"
    assert list(headers.all("Bcc")) == []
    assert headers.text("Bcc") is None


@pytest.mark.parametrize(("count", "count_max"), [(1, 0), (11, 10)])
def test_too_many_fields_are_refused(count: int, count_max: int) -> None:
    with pytest.raises(OverflowError):
        read_headers(b"A: b\r\n" * count, count_max=count_max)


def test_as_many_fields_as_allowed_are_read_and_defects_do_not_count() -> None:
    assert len(read_headers(b"A: b\r\nnothing\r\n" * 10, count_max=10).fields) == 10


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(b"=?utf-8?q?caf=C3=A9", "=?utf-8?q?caf=C3=A9", id="a word without its end"),
        pytest.param(b"=?utf-8?x?a?=", "=?utf-8?x?a?=", id="an encoding that does not exist"),
        pytest.param(b"=?utf-8?b?w?=", "=?utf-8?b?w?=", id="base64 that cannot be"),
        pytest.param(b"=?x-none?q?=E9?=", "é", id="a charset that does not exist is Latin-1"),
        pytest.param(b"=?utf-8?q?=E9?=", "é", id="octets that are not of the charset"),
        pytest.param(b"=?us-ascii?Q?L=92h=F4?=", "L’hô", id="ASCII that is Windows"),
        pytest.param(b"=?iso-8859-1?Q?L=92h=F4?=", "L’hô", id="Latin-1 that is Windows, as programs mean it"),
        pytest.param(b"L\x92h\xf4", "L’hô", id="Windows without a word"),
        pytest.param(b"=?utf-8*fr?Q?=C3=A9?=", "é", id="a language"),
        pytest.param("é =?utf-8?Q?=C3=A9?=".encode(), "é é", id="a word beside UTF-8"),
        pytest.param("=?utf-8?Q?é?= =?utf-8?b?é?=".encode(), "=?utf-8?Q?é?= =?utf-8?b?é?=", id="words that are not ASCII"),
        pytest.param(b"=?utf-8?B?w6k!?=", "é", id="noise in base64"),
        pytest.param(b"=?utf-8?B?!!?=", "=?utf-8?B?!!?=", id="noise that is no base64 at all"),
        pytest.param(b"\xe9t\xe9", "été", id="Latin-1 without a word"),
        pytest.param(b"", "", id="nothing"),
        pytest.param(b"plain", "plain", id="ASCII"),
        pytest.param("été".encode(), "été", id="UTF-8 without a word"),
        pytest.param(b"=?utf-8?q?caf=C3=A9_noir?=", "café noir", id="quoted"),
        pytest.param(b"=?UTF-8?B?w6l0w6k=?=", "été", id="base64"),
        pytest.param(b"=?utf-8?b?w6l0w6k?=", "été", id="base64 without its padding"),
        pytest.param(b"=?iso-8859-1?q?=E9t=E9?=", "été", id="Latin-1"),
        pytest.param(b"=?windows-1252?q?=80?=", "€", id="Windows"),
        pytest.param(b"Re: =?utf-8?q?caf=C3=A9?= noir", "Re: café noir", id="a word among others"),
        pytest.param(b"=?utf-8?q?caf=C3=A9?= =?utf-8?q?_noir?=", "café noir", id="the space between two words is dropped"),
        pytest.param(b"=?utf-8?q?Roy=2C?= Ana", "Roy, Ana", id="a comma inside"),
    ],
)
def test_a_value_is_decoded_for_people(value: bytes, text: str) -> None:
    assert decode(value) == text


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"=?idna?q?" + b"a" * 100 + b"?=", id="a codec that knows no replacement"),
        pytest.param(b"=?undefined?q?a?=", id="a codec that always fails"),
        pytest.param(b"=?a\x00b?q?x?=", id="a NUL in the charset"),
        pytest.param(b"=?hex?q?zz?=", id="a codec that gives no text"),
        pytest.param(b"=?unicode_escape?q?=5Cq?=", id="a codec of program text"),
        pytest.param(b"=?utf-8?q?" * 500, id="words that never end"),
    ],
)
def test_a_charset_that_is_none_gives_some_text(value: bytes) -> None:
    assert isinstance(decode(value), str)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"=?utf-8?q?a=00b?=", id="a NUL in UTF-8"),
        pytest.param(b"=?x-none?q?a=00b?=", id="a NUL in an unknown charset"),
        pytest.param(b"=?utf-16?b?AAA=?=", id="a NUL in UTF-16"),
        pytest.param(b"=?utf-7?q?+2AA-?=", id="half a surrogate pair in UTF-7"),
        pytest.param(b"=?unicode_escape?q?=5Cud800?=", id="half a surrogate pair in an escape"),
    ],
)
def test_a_decoded_text_can_always_be_stored(value: bytes) -> None:
    text = decode(value)
    assert "\x00" not in text
    text.encode("utf-8")


_PIECES = st.sampled_from(
    [
        b"=?",
        b"?=",
        b"?q?",
        b"?B?",
        b"utf-8",
        b"idna",
        b"utf-7",
        b"x-none",
        b"hex",
        b"=00",
        b"=E9",
        b"w6k=",
        b" ",
        b"a",
        b"\xc3\xa9",
        b"+2AA-",
    ]
)


@settings(deadline=None)
@given(st.binary(max_size=40) | st.lists(_PIECES, max_size=12).map(b"".join))
@example(b"=?undefined?q?a?=")
def test_any_value_is_decoded_without_error(value: bytes) -> None:
    text = decode(value)
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        pytest.param(None, [], id="absent"),
        pytest.param("", [], id="empty"),
        pytest.param("a@b.fr", [], id="no brackets"),
        pytest.param("<a@b.fr", [], id="a bracket opened"),
        pytest.param("<a b@c.fr>", [], id="a space"),
        pytest.param("<>", [], id="empty brackets"),
        pytest.param("<a@b.fr>", ["<a@b.fr>"], id="one"),
        pytest.param("<a@b.fr> <c@d.fr>", ["<a@b.fr>", "<c@d.fr>"], id="two"),
        pytest.param("<a@b.fr><c@d.fr>", ["<a@b.fr>", "<c@d.fr>"], id="no space between"),
        pytest.param("<c@d.fr> <a@b.fr> <c@d.fr>", ["<c@d.fr>", "<a@b.fr>"], id="one twice"),
        pytest.param('"Your letter of" <a@b.fr> (yesterday)', ["<a@b.fr>"], id="words around"),
        pytest.param("<<a@b.fr>>", ["<a@b.fr>"], id="brackets twice"),
        pytest.param("< a@b.fr\t>", ["<a@b.fr>"], id="blanks at the brackets"),
        pytest.param("<a \t@ b.fr>", ["<a@b.fr>"], id="an id that was folded at its sign"),
        pytest.param("< >", [], id="a blank in brackets"),
    ],
)
def test_message_ids_are_found_in_order_and_once(value: str | None, ids: list[str]) -> None:
    assert list(message_ids(value)) == ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (None, ()),
        ("", ()),
        ("a@b.fr", ("<a@b.fr>",)),
        ("a@b.fr, c@d.fr;a@b.fr", ("<a@b.fr>", "<c@d.fr>")),
        ("a@b.fr du 2", ()),
        ("<a@b.fr", ()),
        (", ", ()),
    ],
)
def test_ids_without_any_brackets_have_them_again(value: str | None, ids: tuple[str, ...]) -> None:
    assert bare_ids(value) == ids


LETTER = b"Bcc: x@b.fr\r\nSubject: s\r\nBCC : y@b.fr,\r\n\tz@b.fr\r\nX-Bcc: stays\r\n\r\nBcc: body\r\n"


@pytest.mark.parametrize(
    ("raw", "names", "result"),
    [
        pytest.param(LETTER, ["bcc"], b"Subject: s\r\nX-Bcc: stays\r\n\r\nBcc: body\r\n", id="every occurrence, folds included"),
        pytest.param(LETTER, ["Bcc", "SUBJECT"], b"X-Bcc: stays\r\n\r\nBcc: body\r\n", id="two names"),
        pytest.param(LETTER, [], LETTER, id="no name"),
        pytest.param(LETTER, ["To"], LETTER, id="an absent name"),
        pytest.param(b"Bcc: x\r\n", ["Bcc"], b"", id="nothing left"),
        pytest.param(b"Bcc: x", ["Bcc"], b"", id="no line end"),
        pytest.param(b"\r\nBcc: body", ["Bcc"], b"\r\nBcc: body", id="no header block"),
        pytest.param(b"", ["Bcc"], b"", id="nothing"),
        pytest.param(b"Bcc: x: y\r\nA: b: c\r\n", ["Bcc"], b"A: b: c\r\n", id="colons in values"),
        pytest.param(b" folded\r\nBcc: x\r\n", ["Bcc"], b" folded\r\n", id="a fold of nothing"),
        pytest.param(b"A: \xe9\x0c\x0b\x85\r\nBcc: x\r\n\r\n", ["Bcc"], b"A: \xe9\x0c\x0b\x85\r\n\r\n", id="odd octets around"),
    ],
)
def test_fields_are_cut_out_and_no_other_byte_changes(raw: bytes, names: list[str], result: bytes) -> None:
    assert without_fields(raw, names) == result


_LINES = st.lists(
    st.sampled_from([b"Bcc: x", b"bcc : y", b" folded", b"\tfolded", b"Subject: s", b"", b"nothing", b"Bcc", b"\xe9: z", b":"]), max_size=8
)


@settings(deadline=None)
@given(_LINES.map(b"\r\n".join))
def test_after_the_cut_the_name_is_gone_and_the_other_fields_and_the_body_are_there(raw: bytes) -> None:
    cut = without_fields(raw, ["Bcc"])
    before, after = read(raw[: split(raw)[0]]), read(cut[: split(cut)[0]])
    assert list(after.all("Bcc")) == []
    assert after.fields == tuple(one for one in before.fields if one[0].lower() != "bcc")
    assert cut[split(cut)[1] :] == raw[split(raw)[1] :]
    assert without_fields(cut, ["Bcc"]) == cut


def test_a_blank_before_the_colon_is_no_part_of_a_name_for_any_reader() -> None:
    raw = b"Received : from x\r\nSubject \t: a\r\nBcc : b@c.fr\r\n\r\nbody"  # ref: rfc5322#4.5.8
    assert [name for name, _ in read(raw[: split(raw)[0]]).fields] == ["Received", "Subject", "Bcc"]
    assert raw[: trace_length(raw)] == b"Received : from x\r\n"
    assert without_fields(raw, ["Bcc"]) == b"Received : from x\r\nSubject \t: a\r\n\r\nbody"
    assert sections.cut(raw, Section(text="HEADER.FIELDS", fields=(b"subject",))) == b"Subject \t: a\r\n\r\n"


TRACE = b"Return-Path: <a@b.fr>\r\nRECEIVED: from x\r\n\tby y; Mon, 5 Jan 2026 09:00:00 +0100\r\n"


@pytest.mark.parametrize(
    ("raw", "trace", "sent_on"),
    [
        pytest.param(TRACE + LETTER, TRACE, TRACE[23:] + LETTER, id="a trace above a letter"),
        pytest.param(TRACE[23:] + LETTER, TRACE[23:], TRACE[23:] + LETTER, id="no Return-Path"),
        pytest.param(LETTER + TRACE, b"", LETTER + TRACE, id="a trace in the body"),
        pytest.param(TRACE[:23] + b"A: b\r\n" + TRACE, TRACE[:23], b"A: b\r\n" + TRACE, id="a trace below another field"),
        pytest.param(TRACE, TRACE, TRACE[23:], id="a trace alone"),
        pytest.param(
            b"Received : from x\r\n" + TRACE, b"Received : from x\r\n" + TRACE, b"Received : from x\r\n" + TRACE[23:], id="a blank"
        ),
        pytest.param(b"Return-Path \t: <a@b.fr>\r\nA: b", b"Return-Path \t: <a@b.fr>\r\n", b"A: b", id="blanks"),
        pytest.param(b"Received-SPF: pass\r\n" + TRACE, b"", b"Received-SPF: pass\r\n" + TRACE, id="a longer name"),
        pytest.param(b" by y\r\n" + TRACE, b"", b" by y\r\n" + TRACE, id="a fold of nothing"),
        pytest.param(b"Return-Path", b"", b"Return-Path", id="a name alone"),
        pytest.param(b"", b"", b"", id="nothing"),
    ],
)
def test_the_trace_is_what_servers_wrote_on_top_and_the_last_alone_writes_a_return_path(raw: bytes, trace: bytes, sent_on: bytes) -> None:
    assert raw[: trace_length(raw)] == trace
    assert without_return_path(raw) == sent_on


@pytest.mark.parametrize(("value", "fields"), [(b"new", [("X", b"new"), ("A", b"1")]), (None, [("A", b"1")])])
def test_one_field_may_take_the_place_of_all_of_its_name(value: bytes | None, fields: list[tuple[str, bytes]]) -> None:
    headers = read(b"x: old\r\nA: 1\r\nX: older\r\nbroken\r\n").with_only("X", value)
    assert (list(headers.fields), headers.defects) == (fields, 1)
    assert (list(headers.all("x")), list(headers.all("a"))) == ([] if value is None else [value], [b"1"])


def test_what_cannot_be_shown_is_a_question_mark() -> None:
    assert printable("é b\r\n\x00\udce9") == "é b????"


def test_fields_are_written_on_top_in_order() -> None:
    assert with_fields_on_top(b"A: b\r\n\r\nc", [("X", "1"), ("Y", "é")]) == "X: 1\r\nY: é\r\nA: b\r\n\r\nc".encode()
    assert with_fields_on_top(b"raw", [("X", "\udce9")]) == b"X: \xe9\r\nraw"
    assert with_fields_on_top(b"raw", []) == b"raw"
    assert with_fields_on_top(b"raw", [("X", "1\r\n\t2")]) == b"X: 1\r\n\t2\r\nraw"


@pytest.mark.parametrize("value", ["a\r\nBcc: x", "a\r\n\r\nbody", "a\n b", "a\r b", "a\r\n"])
def test_no_line_break_but_a_fold_is_written_on_top(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        with_fields_on_top(b"raw", [("X", value)])


@pytest.mark.parametrize(
    ("raw", "end", "body"),
    [
        pytest.param(b"", 0, 0, id="nothing"),
        pytest.param(b"\r\n", 0, 2, id="an empty line"),
        pytest.param(b"\r\nbody", 0, 2, id="no header block"),
        pytest.param(b"A: b", 4, 4, id="no line end"),
        pytest.param(b"A: b\r\n", 6, 6, id="no empty line"),
        pytest.param(b"A: b\r\n\r\n", 6, 8, id="no body"),
        pytest.param(b"A: b\r\n\r\n\r\nbody", 6, 8, id="a body that begins with an empty line"),
    ],
)
def test_a_message_is_split_at_its_first_empty_line(raw: bytes, end: int, body: int) -> None:
    assert split(raw) == (end, body)


def test_a_charset_that_nobody_knows_is_not_remembered() -> None:
    """Python keeps every name that it was ever asked for, and looks for a module of that name first."""
    decode(b"=?iso-8859-1?q?=E9?=")
    remembered = vars(encodings)["_cache"]
    before = len(remembered)
    assert decode(b" ".join(b"=?nobody-%d?q?a?=" % number for number in range(100))) == "a" * 100
    assert len(remembered) == before


def test_octets_of_one_letter_in_two_encoded_words_are_put_together() -> None:
    assert decode(b"=?utf-8?q?caf=C3?= =?UTF-8?q?=A9?= noir =?utf-8?b?w6k?=") == "café noir é"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8*fr?q?=C3=A9?=", "é"),
        (b"=?utf-8?b?w6k?=", "é"),
        (b"=?utf-8?b?w6nDqQ?=", "éé"),
        (b"x =?utf-8?q?=C3?= =?utf-8?q?=A9?= y", "x é y"),
        (
            b"=?koi8-r*ru?q?=C1?= et =?koi8-r?q?=C2?= =?iso-8859-5?q?=D0?= =?iso-8859-5*ru?q?=D1?= =?koi8-r?q?=C1?=, =?koi8-r?q?=C2?=.",
            "а et баба, б.",
        ),
    ],
)
def test_a_word_names_its_language_and_may_lack_its_padding(value: bytes, text: str) -> None:
    assert decode(value) == text
