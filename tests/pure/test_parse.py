"""A message read once: what may never be stored is refused, everything else is read as well as can be."""

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mss_sim.clock import iso
from mss_sim.mail.mime import Part
from mss_sim.mail.parse import MalformedMessage, ParseLimits, date_as_written, fold, parse, takes_long
from mss_sim.mail.summary import read_summary, write_summary

LIMITS = ParseLimits()


def letter(*lines: str | bytes, body: bytes = b"Bonjour\r\n") -> bytes:
    """A message of these header lines, each ended by CRLF."""
    head = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\r\n" for line in lines)
    return head + b"\r\n" + body


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        pytest.param(letter(body=b"a\x00b"), "NUL", id="a NUL in the body"),
        pytest.param(letter("Subject: a\x00b"), "NUL", id="a NUL in the header"),
        pytest.param(b"\x00", "NUL", id="only a NUL"),
        pytest.param(letter(body=b"a\nb"), "bare CR or LF", id="a bare LF"),
        pytest.param(letter(body=b"a\rb"), "bare CR or LF", id="a bare CR"),
        pytest.param(letter(body=b"a\n\rb"), "bare CR or LF", id="LF and CR turned around"),
        pytest.param(letter(body=b"a\r\r\nb"), "bare CR or LF", id="CR before CRLF"),
        pytest.param(letter(body=b"a\r\n\nb"), "bare CR or LF", id="LF after CRLF"),
        pytest.param(letter(body=b"a\rb\nc"), "bare CR or LF", id="a CR, and an LF later"),
        pytest.param(letter(body=b"a\r"), "bare CR or LF", id="a CR at the very end"),
        pytest.param(b"\na", "bare CR or LF", id="an LF at the very beginning"),
        pytest.param(b"Subject: s\n\nbody\n", "bare CR or LF", id="a whole message in LF"),
        pytest.param(letter(body=b"a\n.\r\nb"), "bare CR or LF", id="a smuggled end of data"),
    ],
)
def test_octets_that_may_never_be_stored_are_refused(raw: bytes, word: str) -> None:
    with pytest.raises(MalformedMessage, match=word):
        parse(raw)


@pytest.mark.parametrize("length", range(7))
def test_a_body_is_taken_when_each_cr_has_its_lf_and_each_lf_its_cr_and_no_other(length: int) -> None:
    def taken(body: bytes) -> bool:
        try:
            parse(letter(body=body))
        except MalformedMessage:
            return False
        return True

    bodies = [b"".join(octets) for octets in product((b"a", b"\r", b"\n", b"\x00"), repeat=length)]
    lines = {body: body.replace(b"\r\n", b"") for body in bodies}
    assert [body for body in bodies if taken(body)] == [body for body in bodies if set(lines[body]) <= set(b"a")]


def header_of(size: int) -> bytes:
    """A message whose header block, the CRLF of its last field included, has `size` bytes."""
    return b"X-A: " + b"x" * (size - 7) + b"\r\n\r\nbody"


@pytest.mark.parametrize("size", [LIMITS.header_size_bytes + 1, 2 * LIMITS.header_size_bytes])
def test_a_header_block_over_the_limit_is_refused(size: int) -> None:
    with pytest.raises(MalformedMessage, match="header block"):
        parse(header_of(size))


def test_a_header_that_never_ends_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="header block"):
        parse(b"X-A: b\r\n" * 50_000)


def test_a_header_block_up_to_the_limit_is_read() -> None:
    assert parse(header_of(LIMITS.header_size_bytes)).root.start == LIMITS.header_size_bytes + 2


def test_header_fields_are_counted() -> None:
    assert len(parse(letter(*["X-A: b"] * 1_000)).headers.fields) == 1_000
    with pytest.raises(MalformedMessage, match="header fields"):
        parse(letter(*["X-A: b"] * 1_001))


def test_header_fields_of_a_part_are_counted_too() -> None:
    body = b"--b\r\n" + b"X-A: b\r\n" * 1_001 + b"\r\n--b--\r\n"
    with pytest.raises(MalformedMessage, match="header fields"):
        parse(letter("Content-Type: multipart/mixed; boundary=b", body=body))


def parts(count: int) -> bytes:
    return letter("Content-Type: multipart/mixed; boundary=b", body=b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n")


def levels(count: int) -> bytes:
    """A message whose innermost part is `count` levels below the message itself."""
    body = b""
    for level in range(1, count):
        body += f"--b{level - 1}\r\nContent-Type: multipart/mixed; boundary=b{level}\r\n\r\n".encode()
    return letter("Content-Type: multipart/mixed; boundary=b0", body=body + f"--b{count - 1}\r\n\r\nx".encode())


def test_parts_are_counted_the_message_itself_included() -> None:
    assert len(parse(parts(999)).root.children) == 999
    with pytest.raises(MalformedMessage, match="too many MIME parts"):
        parse(parts(1_000))
    with pytest.raises(MalformedMessage, match="too many MIME parts"):
        parse(parts(1_001))


def test_levels_are_counted() -> None:
    assert [leaf.number.count(".") + 1 for leaf in parse(levels(100)).root.leaves()] == [100]
    with pytest.raises(MalformedMessage, match="100 levels"):
        parse(levels(101))


@pytest.mark.parametrize(
    ("raw", "start", "text"),
    [
        pytest.param(b"", 0, "", id="nothing at all"),
        pytest.param(b"\r\n", 2, "", id="an empty line"),
        pytest.param(b"\r\nBonjour", 2, "Bonjour", id="no header"),
        pytest.param(b"Subject: s", 10, "", id="no line end"),
        pytest.param(b"Subject: s\r\n", 12, "", id="no empty line"),
        pytest.param(b"Subject: s\r\n\r\n", 14, "", id="no body"),
        pytest.param(b"Subject: s\r\n\r\n\r\n\r\n", 14, "\r\n\r\n", id="a body of empty lines"),
    ],
)
def test_a_message_may_lack_anything(raw: bytes, start: int, text: str) -> None:
    message = parse(raw)
    assert (message.root.start, message.root.end, message.text) == (start, len(raw), text)
    assert (message.message_id, message.sent_at, message.from_, message.to) == (None, None, (), ())
    assert message.attachments == ()


def test_lines_longer_than_998_octets_are_kept_and_read() -> None:
    message = parse(letter("Subject: " + "s" * 5_000, body=b"x" * 100_000))
    assert message.subject == "s" * 5_000
    assert message.text == "x" * LIMITS.search_text_chars


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        pytest.param([], "subject", "", id="no subject"),
        pytest.param(["Subject:"], "subject", "", id="an empty subject"),
        pytest.param(["Subject: one", "Subject: two"], "subject", "one", id="two subjects"),
        pytest.param(["subject: s"], "subject", "s", id="a name in lower case"),
        pytest.param(["Subject: [FIN]  "], "subject", "[FIN]", id="spaces after the subject"),
        pytest.param(["Subject: a", " b"], "subject", "a b", id="a folded subject"),
        pytest.param([b"Subject: \xe9t\xe9"], "subject", "été", id="a subject in Latin-1"),
        pytest.param(["Subject: été"], "subject", "été", id="a subject in UTF-8"),
        pytest.param(["Subject: =?utf-8?q?=C3=A9t=C3=A9?="], "subject", "été", id="a subject in encoded words"),
        pytest.param(["Message-ID: nothing"], "message_id", None, id="a message id without brackets"),
        pytest.param(["Message-ID: <a@b.fr>", "Message-ID: <c@d.fr>"], "message_id", "<a@b.fr>", id="two message ids"),
        pytest.param(["References: <a@b.fr>", " <c@d.fr>"], "references", ("<a@b.fr>", "<c@d.fr>"), id="folded references"),
        pytest.param(["In-Reply-To: a@b.fr"], "in_reply_to", ("<a@b.fr>",), id="an answer without brackets"),
        pytest.param(["References: a@b.fr,", " c@d.fr"], "references", ("<a@b.fr>", "<c@d.fr>"), id="references without brackets"),
        pytest.param(["Message-ID: a@b.fr"], "message_id", None, id="an id without brackets is none"),
        pytest.param(["In-Reply-To: <a@b.fr> <c@d.fr>"], "in_reply_to", ("<a@b.fr>", "<c@d.fr>"), id="an answer to two"),
        pytest.param(["From: Ana <a@b.fr>", "From: Bea <c@d.fr>"], "from_", (("Ana", "a@b.fr"), ("Bea", "c@d.fr")), id="two From"),
        pytest.param(["From: nobody"], "from_", (), id="nobody in From"),
        pytest.param(["Sender: a@b.fr"], "sender", (("", "a@b.fr"),), id="a sender"),
        pytest.param(["Reply-To: a@b.fr"], "reply_to", (("", "a@b.fr"),), id="where to answer"),
        pytest.param(["To: a@b.fr,", " Bea <c@d.fr>"], "to", (("", "a@b.fr"), ("Bea", "c@d.fr")), id="folded recipients"),
        pytest.param(["Cc: é@b.fr"], "cc", (("", "é@b.fr"),), id="an address in UTF-8"),
        pytest.param(['Disposition-Notification-To: "Dr X" <x@b.fr>'], "receipt_to", (("Dr X", "x@b.fr"),), id="a receipt asked"),
        pytest.param(["To: =?utf-8?q?Roy=2C_=C3=88ve?= <a@b.fr>"], "to", (("Roy, Ève", "a@b.fr"),), id="a comma in an encoded word"),
        pytest.param(['To: "=?utf-8?q?=C3=88ve?=" <a@b.fr>'], "to", (("Ève", "a@b.fr"),), id="an encoded word in quotes"),
        pytest.param([b"To: \xc8ve <a@b.fr>"], "to", (("Ève", "a@b.fr"),), id="a name in Latin-1"),
        pytest.param(["To: " + "(" * 5_000 + "a@b.fr"], "to", (), id="comments without end"),
        pytest.param(["Subject: =?undefined?q?a?="], "subject", "a", id="a charset that is none"),
    ],
)
def test_a_header_is_read(lines: list[str | bytes], field: str, value: object) -> None:
    assert getattr(parse(letter(*lines)), field) == value


@pytest.mark.parametrize(
    "date",
    [
        pytest.param("", id="empty"),
        pytest.param("yesterday", id="a word"),
        pytest.param("Mon, 32 Jan 2026 09:00:00 +0100", id="a day that is none"),
        pytest.param("Mon, 05 Jan 2026 25:00:00 +0100", id="an hour that is none"),
        pytest.param("Mon, 05 Jan 2026 09:00:00 +9999", id="a zone that is none"),
        pytest.param("Mon, 05 Jan 99999999999 09:00:00 +0100", id="a year without end"),
        pytest.param("9" * 5_000, id="digits without end"),
    ],
)
def test_a_date_that_is_none_is_left_out(date: str) -> None:
    assert parse(letter(f"Date: {date}")).sent_at is None


@pytest.mark.parametrize(
    ("date", "text"),
    [
        ("Mon, 05 Jan 2026 09:00:00 +0100", "2026-01-05T08:00:00Z"),
        ("5 Jan 2026 08:00:00 GMT", "2026-01-05T08:00:00Z"),
        ("Mon, 05 Jan 2026 08:00:00 -0000", "2026-01-05T08:00:00Z"),
        ("Mon, 05 Jan 2026 09:00:00 +0100 (CET)", "2026-01-05T08:00:00Z"),
    ],
)
def test_a_date_is_read(date: str, text: str) -> None:
    assert iso(parse(letter(f"Date: {date}")).sent_at) == text


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 -2300", "Fri, 31 Dec 9999 23:59:59 +0000", "1 Jan 0100 00:00:00 +2300"])
def test_a_date_that_was_read_can_be_shown_again(date: str) -> None:
    iso(parse(letter(f"Date: {date}")).sent_at)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("HÉMOGLOBINE", "hemoglobine"),
        ("Œdème", "œdeme"),
        ("Straße", "strasse"),
        ("a\x00b", "ab"),
        ("é\x00", "e"),
        ("", ""),
        ("\ud800é", "?e"),
    ],
)
def test_texts_are_folded_for_searches(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_search_sees_subject_people_and_text() -> None:
    message = parse(letter("Subject: Été", "From: Ève <a@b.fr>", "To: c@d.fr", "Cc: e@f.fr", body="Hémoglobine".encode()))
    for word in ("ete", "eve", "a@b.fr", "c@d.fr", "e@f.fr", "hemoglobine"):
        assert word in message.search_text


def test_a_preview_is_one_short_line() -> None:
    assert parse(letter(body=b"  Bonjour,\r\n\r\n\tVoici.  ")).preview == "Bonjour, Voici."
    assert len(parse(letter(body=b"mot " * 500)).preview) <= 160


_HEAD = [b"Subject: ", b"Date: ", b"From: ", b"To: ", b"Message-ID: ", b"Content-Type: ", b"Content-Disposition: attachment; filename"]
_HEAD += [
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"\r\n\r\n",
    b"\r\n",
    b" ",
    b";",
    b"=",
    b"*0*=",
]
_BODY = [b"multipart/mixed; boundary=b", b"multipart/digest; boundary=b", b"message/rfc822", b"text/html", b"text/plain; charset=utf-7"]
_BODY += [
    b"--b\r\n",
    b"--b--\r\n",
    b"\r\n--b",
    b"--b",
    b"=?idna?q?a?=",
    b"=?utf-8?b?w6k=?=",
    b"a@b.fr",
    b"<",
    b'"',
    b"(",
    b"\xe9",
    b"\xc3\xa9",
]
_RAW = st.binary(max_size=60) | st.lists(st.sampled_from(_HEAD + _BODY), max_size=25).map(b"".join)


def assert_inside(part: Part, start: int, end: int) -> None:
    assert start <= part.start <= part.end <= end
    for child in part.children:
        assert_inside(child, part.start, part.end)


@settings(deadline=None, max_examples=500)
@given(_RAW)
@example(letter("Content-Type: multipart/mixed; boundary=b", body=b"--b--b\r\n--b"))
def test_any_bytes_are_either_malformed_or_a_message_whose_parts_lie_inside(raw: bytes) -> None:
    try:
        message = parse(raw)
    except MalformedMessage:
        return
    assert_inside(message.root, 0, len(raw))
    for text in (message.subject, message.text, message.search_text, message.preview):
        assert "\x00" not in text
        text.encode("utf-8")
    assert all(before.end <= after.start for before, after in zip(message.root.children, message.root.children[1:], strict=False))


# Marks of closure


@pytest.mark.parametrize(
    ("lines", "subject", "mes"),
    [
        pytest.param([], "", None, id="no mark"),
        pytest.param(["Subject: [FIN]"], "[FIN]", None, id="the subject"),
        pytest.param(["Subject:[FIN]"], "[FIN]", None, id="no blank after the colon"),
        pytest.param(["Subject:\t[FIN]"], "[FIN]", None, id="a tab after the colon"),
        pytest.param(["subject : [FIN]"], "[FIN]", None, id="a blank before the colon"),
        pytest.param(["Subject:", " [FIN]"], "[FIN]", None, id="folded"),
        pytest.param(["Subject: ", " [FIN]"], " [FIN]", None, id="folded after a blank"),
        pytest.param(["Subject: =?utf-8?q?=5BFIN=5D?="], "[FIN]", None, id="encoded"),
        pytest.param(["Subject:  [FIN]"], " [FIN]", None, id="a second blank before"),
        pytest.param(["Subject: [FIN] "], "[FIN] ", None, id="a blank after"),
        pytest.param(["Subject: [FIN]", " "], "[FIN] ", None, id="a blank on a line of its own"),
        pytest.param(["Subject: =?utf-8?q?=5BFIN=5D_?="], "[FIN] ", None, id="an encoded blank after"),
        pytest.param(["Subject: [FIN]", "Subject: Merci"], "[FIN]", None, id="two subjects"),
        pytest.param(["Subject:  Bonjour "], "Bonjour", None, id="blanks around another subject"),
        pytest.param(["X-MSS-MES: FIN"], "", "FIN", id="the header"),
        pytest.param(["x-mss-mes: fin "], "", "fin", id="the header in lower case is not corrected"),
        pytest.param(["X-MSS-MES: FIN", "X-MSS-MES: FIN"], "", "FIN", id="the header twice"),
        pytest.param(["X-MSS-MES: FIN", "X-MSS-MES: NON"], "", "FIN, NON", id="the header with two values"),
    ],
)
def test_the_marks_of_closure_are_read_as_they_are_written(lines: list[str], subject: str, mes: str | None) -> None:
    raw = "\r\n".join(["From: a@b.fr", *lines, "To: c@d.fr", "", "Bonjour", ""]).encode()
    assert parse(raw).marks == (subject, mes)
    summary = read_summary(write_summary(parse(raw), 0))
    assert (summary.exact_subject or parse(raw).subject, summary.mes) == (subject, mes)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Mon, 5 Jan 2026 00:30:00 +0100", "2026-01-05T00:30:00Z"),
        ("Mon, 5 Jan 2026 00:30:00 -0000", "2026-01-05T00:30:00Z"),
        ("Lundi", None),
        ("Mon, 32 Jan 2026 00:30:00 +0100", None),
        ("", None),
    ],
)
def test_a_date_as_written_is_of_the_day_that_it_names(value: str, shown: str | None) -> None:
    assert iso(date_as_written(value)) == shown


SHORT, LARGE = 8_192, 262_144


@pytest.mark.parametrize(
    ("raw", "long"),
    [
        pytest.param(letter("Content-Type: multipart/mixed").ljust(SHORT), False, id="whatever is short"),
        pytest.param(letter("Content-Type: Multipart/mixed").ljust(SHORT + 1), True, id="parts"),
        pytest.param(letter("Content-Type: message/RFC822").ljust(SHORT + 1), True, id="a message inside"),
        pytest.param(letter("Content-Type: application/pkcs7-mime").ljust(SHORT + 1), True, id="a signature"),
        pytest.param(letter("Subject: x", body=b"multipart/").ljust(SHORT + 1), False, id="a text"),
        pytest.param(letter("Subject: x", body=b"multipart/\r\n\r\n").ljust(SHORT + 1), False, id="a text in paragraphs"),
        pytest.param(letter("Subject: " + "x" * (SHORT - 13)).ljust(SHORT + 1), False, id="a header of 8 KiB"),
        pytest.param(letter("Subject: " + "x" * (SHORT - 12)).ljust(SHORT + 1), True, id="a longer header"),
        pytest.param(b"\r\n\r\n".ljust(SHORT + 1), False, id="no header"),
        pytest.param(letter("Subject: x").ljust(LARGE), False, id="a text of 256 KiB"),
        pytest.param(letter("Subject: x").ljust(LARGE + 1), True, id="a larger text"),
    ],
)
def test_what_takes_long_to_read_is_known_by_its_size_and_its_type(raw: bytes, long: bool) -> None:
    assert takes_long(raw) is long


@pytest.mark.parametrize(
    ("date", "text"),
    [
        ("Mon, 05 Jan 2026 09:00:00 -0530", "2026-01-05T14:30:00Z"),
        ("5 Jan 2026 09:00:00 +0100", "2026-01-05T08:00:00Z"),
    ],
)
def test_a_usual_date_is_read_with_its_zone(date: str, text: str) -> None:
    assert iso(parse(f"Date: {date}\r\n\r\n".encode()).sent_at) == text


def test_what_there_is_too_much_of_is_named() -> None:
    with pytest.raises(MalformedMessage, match=r"^more than 2 header fields; send fewer$"):
        parse(b"A: 1\r\nB: 2\r\nC: 3\r\n\r\n", ParseLimits(header_count=2))
