"""What a caller gives is text: it comes out as the characters that went in, in the field that it was given for, or is refused."""

import email
import email.errors
import email.header
import email.message
import email.policy
import email.utils
import re
from collections.abc import Callable
from email.header import decode_header, make_header
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mss_sim.clock import SECOND
from mss_sim.mail import dsn, mdn
from mss_sim.mail.compose import Draft, File, compose
from mss_sim.mail.fields import CompositionError, block, folded, library_breaks_lines, media_type, name, parameter, people, text
from mss_sim.mail.headers import decode, read_headers, split
from mss_sim.mail.parse import ParsedMessage, parse
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition, DsnAction

AT = 1_767_600_000 * SECOND
ANA, BEA = ("Ana Roy", "ana.roy@sim.mssante.fr"), ("", "bea.petit@sim.mssante.fr")
SMUGGLED = "Bonjour =?utf-8?q?=0D=0AX-MSS-MES:_FIN=0D=0ABcc:_x@y.fr=0D=0A?="
BODY = "=?utf-8?q?=0D=0A=0D=0AUn_autre_corps?="
ENCODED_WORDS = [
    pytest.param(SMUGGLED, id="fields"),
    pytest.param(BODY, id="a body"),
    pytest.param("=?utf-8?b?DQpCY2M6IHhAeS5mcg==?=", id="base64"),
    pytest.param("=?utf-8?q?=0A?= =?utf-8?q?Bcc:_x@y.fr?=", id="two words"),
    pytest.param('"=?utf-8?q?=0D=0ABcc:_x@y.fr?="', id="in quotes"),
    pytest.param("=?utf-8?q?caf=C3=A9?=", id="harmless"),
    pytest.param("=?utf-8?q?" + "=0D=0A" * 400 + "?=", id="long"),
    pytest.param("=?", id="half of one"),
]
FIELDS = ["Message-ID", "Date", "From", "To", "Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


def read_again(**parts: object) -> ParsedMessage:
    values: dict[str, object] = {"from_": ANA, "to": [BEA], "subject": "Bonjour", "text": "Texte\n"}
    return parse(compose(Draft(**{**values, **parts}), message_id="<m1@sim.mssante.fr>", at=AT))  # type: ignore[arg-type]


def names(message: ParsedMessage) -> list[str]:
    return [name for name, _ in message.headers.fields]


PLACES: dict[str, tuple[Callable[[str], dict[str, object]], Callable[[ParsedMessage], Any]]] = {
    "subject": (lambda value: {"subject": value}, lambda message: message.subject),
    "from": (lambda value: {"from_": (value, ANA[1])}, lambda message: message.from_[0][0]),
    "to": (lambda value: {"to": [(value, ANA[1]), BEA]}, lambda message: message.to[0][0]),
    "cc": (lambda value: {"cc": [BEA, (value, ANA[1])]}, lambda message: message.cc[1][0]),
    "reply_to": (lambda value: {"reply_to": [(value, ANA[1])]}, lambda message: message.reply_to[0][0]),
    "receipt_to": (lambda value: {"receipt_to": (value, ANA[1])}, lambda message: message.receipt_to[0][0]),
    "header": (lambda value: {"headers": {"X-Note": value}}, lambda message: message.headers.text("X-Note")),
    "in_reply_to": (lambda value: {"in_reply_to": value}, lambda message: message.headers.text("In-Reply-To")),
    "references": (lambda value: {"references": [value]}, lambda message: message.headers.text("References")),
}
OWN = {"cc": "Cc", "reply_to": "Reply-To", "receipt_to": "Disposition-Notification-To", "header": "X-Note"}
OWN |= {"in_reply_to": "In-Reply-To", "references": "References"}
PEOPLE = frozenset({"from", "to", "cc", "reply_to", "receipt_to"})


@pytest.mark.parametrize("value", ENCODED_WORDS)
@pytest.mark.parametrize("place", PLACES)
def test_an_encoded_word_that_a_caller_gives_is_text(place: str, value: str) -> None:
    give, take = PLACES[place]
    message = read_again(**give(value))
    assert take(message) == value
    assert sorted(names(message)) == sorted([*FIELDS, *([OWN[place]] if place in OWN else [])])
    assert message.text == "Texte\r\n"


@pytest.mark.parametrize("value", ENCODED_WORDS)
def test_an_encoded_word_in_the_name_of_a_file_is_text(value: str) -> None:
    values: dict[str, Any] = {"from_": ANA, "to": [BEA], "subject": "s", "text": "t"}
    value = value[:255]
    raw = compose(Draft(**values, files=[File(value, "application/pdf", b"x")]), message_id="<m1@sim.mssante.fr>", at=AT)
    [file] = parse(raw).attachments
    fields = read_headers(raw[file.header_start : file.start - 2], count_max=9).fields
    assert [name for name, _ in fields] == ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]
    assert email.message_from_bytes(raw).get_payload()[1].get_filename() == value  # type: ignore[union-attr, index]


@pytest.mark.parametrize(
    "value", ["application/=?utf-8?q?=0D=0A?=", "a b/c", "a/b c", "é/a", "a/b\r\nBcc: x", "/a", "a/", "a/" + "b" * 200]
)
def test_a_type_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(CompositionError, match="media type"):
        read_again(files=[File("a", value, b"")])


@pytest.mark.parametrize("field", ["from_", "to", "receipt_to"])
def test_an_address_that_reads_like_an_encoded_word_is_refused(field: str) -> None:
    person = ("Ana", "=?utf-8?q?=0D=0A?=@sim.mssante.fr")
    with pytest.raises(CompositionError, match="encoded word"):
        read_again(**{field: [person] if field == "to" else person})


@pytest.mark.parametrize("control", ["\r", "\n", "\r\n", "\x00", "\x1b", "\x07", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\ud800"])
@pytest.mark.parametrize("place", PLACES)
def test_a_control_character_is_refused_in_every_field(place: str, control: str) -> None:
    with pytest.raises(CompositionError):
        read_again(**PLACES[place][0](f"a{control}b"))


@pytest.mark.parametrize("control", ["\r\n", "\x00", "\x1b", "\u2028"])
def test_a_control_character_is_refused_in_the_name_of_a_file(control: str) -> None:
    with pytest.raises(CompositionError):
        read_again(files=[File(f"a{control}b", "a/b", b"")])


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_nul_is_refused_in_a_text(part: str) -> None:
    with pytest.raises(CompositionError, match="NUL"):
        read_again(**{part: "a\x00b"})


ANY_TEXT = st.text(max_size=90) | st.text('=?utf-8qQbB_.:<>@,;()"\\ \t\r\n\x00é日', max_size=60)


@settings(deadline=None)
@given(place=st.sampled_from(sorted(PLACES)), value=ANY_TEXT)
@example(place="subject", value=" a  b ")
@example(place="to", value='a"\\ (b) <c>, d')
def test_any_text_reads_the_same_again_or_is_refused(place: str, value: str) -> None:
    give, take = PLACES[place]
    try:
        message = read_again(**give(value))
    except CompositionError:
        assert re.search("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", value), "nothing else is refused"
        return
    wanted = re.sub("[ \t]+", " ", value).strip(" ") if place in PEOPLE else value.replace("\t", " ")
    assert (take(message) or "") == wanted
    absent = place in ("in_reply_to", "references") and not value
    assert sorted(names(message)) == sorted([*FIELDS, *([OWN[place]] if place in OWN and not absent else [])])
    assert message.headers.defects == 0
    assert message.text == "Texte\r\n"


@settings(deadline=None)
@given(values=st.fixed_dictionaries(dict.fromkeys(PLACES, ANY_TEXT)), text=st.text(max_size=60), html=st.none() | st.text(max_size=60))
def test_all_fields_at_once_stay_the_fields_that_were_given(values: dict[str, str], text: str, html: str | None) -> None:
    parts: dict[str, object] = {"text": text, "html": html, "files": [File(values["subject"], "a/b", b"")]}
    for place, value in values.items():
        parts |= PLACES[place][0](value)
    try:
        message = read_again(**parts)
    except CompositionError:
        return
    assert set(names(message)) <= {*FIELDS, *OWN.values()}
    assert len(names(message)) == len(set(names(message)))
    assert [part.content_type for part in message.root.leaves()] == ["text/plain", *(["text/html"] if html is not None else []), "a/b"]


def test_a_word_may_fill_a_line_of_998_octets_and_no_more() -> None:
    longest = 998 - len("X: ")
    assert max(map(len, block([("X", ["a" * longest])]).split(b"\r\n"))) == 998
    with pytest.raises(CompositionError, match="too long for a line of 998 octets"):
        block([("X", ["a" * (longest + 1)])])


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300))
def test_the_standard_library_reads_what_we_read(value: str) -> None:
    raw = block([("Subject", text(value, used=9)), ("To", people([(value, ANA[1])], used=4)), ("X", ["a;", *parameter("filename", value)])])
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert (
        "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii")
            for piece, charset in email.header.decode_header(re.sub(r"\r?\n", "", message["Subject"]))
        )
        == value.strip(" ")
        or decode(read_headers(raw, count_max=3).all("Subject")[0]) == value
    )
    assert email.utils.collapse_rfc2231_value(message.get_param("filename", header="X", failobj="")) == value


@pytest.mark.parametrize("value", ["é" * 300, "日本語" * 200, "a=?" * 200, "👩‍⚕️" * 60])
def test_a_line_with_encoded_words_has_at_most_76_characters(value: str) -> None:
    raw = block([("Subject", text(value, used=9)), ("To", people([(value, ANA[1]), (value, BEA[1])], used=4))])
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert all(len(word) <= 75 for word in raw.split() if word.startswith(b"=?"))
    assert decode(read_headers(raw, count_max=2).all("Subject")[0]) == value


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([("X", ["a\r\nBcc:", "b"])], id="a field of its own"),
        pytest.param([("X", ["a\r\n\r\nbody"])], id="a body"),
        pytest.param([("X", ["a\nb"])], id="a bare LF"),
        pytest.param([("X", ["a\rb"])], id="a bare CR"),
        pytest.param([("X", ["a\r\n", "b"])], id="a line that is folded by the value"),
        pytest.param([("X", ["a\x00b"])], id="a NUL"),
        pytest.param([("X Y", ["a"])], id="a name that is none"),
        pytest.param([("X", ["a"] * 2), ("", ["a"])], id="no name"),
        pytest.param([("X", ["a" * 999])], id="a word over what a line holds"),
    ],
)
def test_the_finished_block_is_read_once_more(fields: list[tuple[str, list[str]]]) -> None:
    with pytest.raises(CompositionError):
        block(fields)


def test_words_are_put_on_lines_between_words_alone() -> None:
    assert folded(["a" * 40, "b" * 40, "c"], used=8) == f"{'a' * 40}\r\n {'b' * 40} c"
    assert folded(["a" * 200], used=8) == "a" * 200


CONTROLS = "x\r\nBcc: x@y.fr\r\n\r\nbody\x1b[2J\x00\x85"


@pytest.mark.parametrize("value", [SMUGGLED, BODY, CONTROLS, "\u2028" + CONTROLS])
def test_a_report_holds_no_field_of_the_letter_that_it_speaks_of(value: str) -> None:
    receipt = mdn.Receipt(
        final_recipient=BEA[1],
        name=value,
        to=(value, ANA[1]),
        original_message_id=f"<{value}>",
        original_subject=value,
        original_raw=b"Subject: s\r\n\r\nt\r\n",
        disposition=Disposition.DISPLAYED,
        error=value,
    )
    raw = mdn.compose(receipt, reporting_ua="mss-sim", message_id="<r@sim.mssante.fr>", at=AT, language=Language.EN)
    original = f"Message-ID: <{value}>\r\n\r\n".encode()
    status = dsn.RecipientStatus(BEA[1], DsnAction.FAILED, "5.1.1", value, value, value)
    about = dsn.DsnEnvelope(ANA[1], AT, value, return_full=False, raw=original)
    told = dsn.compose(
        about, [status], reporting_mta="localhost", from_=f"mailer@{value}", message_id="<d@sim.mssante.fr>", at=AT, language=Language.EN
    )
    wanted = {*FIELDS, "In-Reply-To", "References", "Auto-Submitted"}
    for report in (raw, told):
        header = read_headers(report[: split(report)[0]], count_max=99)
        assert {name for name, _ in header.fields} <= wanted
        assert len(header.fields) <= len(wanted)
        assert header.defects == 0
        assert len(parse(report).root.children) == 3
    receipt_read, status_read = mdn.parse(raw, parse(raw).root), dsn.parse(told, parse(told).root)
    assert receipt_read is not None
    assert receipt_read.final_recipient == BEA[1]
    assert status_read is not None
    assert [one.address for one in status_read.recipients] == [BEA[1]]
    assert all(letter == "\n" or letter.isprintable() for letter in parse(raw).text.replace("\r\n", "\n"))


def test_whether_the_email_library_breaks_lines_is_found_out_by_trying() -> None:
    message = email.message.EmailMessage()
    message["Subject"] = SMUGGLED
    try:
        broken = b"\nBcc:" in message.as_bytes()
    except (ValueError, email.errors.MessageError):
        broken = False
    assert library_breaks_lines() is broken


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a" * 75, ["a" * 75]),
        ("\u00a0Jean\u00a0", ["=?utf-8?b?wqBKZWFuwqA=?="]),
        ("  Jean  Roy ", ["Jean", "Roy"]),
    ],
)
def test_a_name_loses_blanks_and_nothing_else(value: str, words: list[str]) -> None:
    assert name(value) == words


@pytest.mark.parametrize(("value", "kind"), [("a/b; c=d", "a/b"), (" text/html ", "text/html"), ("x", "application/octet-stream")])
def test_a_type_is_written_without_its_parameters(value: str, kind: str) -> None:
    assert media_type(value) == kind


def test_a_type_has_one_slash() -> None:
    with pytest.raises(CompositionError):
        media_type("a/b/c")


@pytest.mark.parametrize("used", [0, 9, 15, 40])
def test_a_line_is_filled_to_its_last_character_and_not_beyond(used: int) -> None:
    for letters in range(1, 120):
        lines = f"{'x' * used}{' ' if used else ''}{folded(['ab'] * letters, used)}".split("\r\n")
        assert max(map(len, lines)) <= 76
        assert all(len(line) > 76 - 4 for line in lines[1:-1])


@pytest.mark.parametrize(("used", "length"), [(0, 75), (1, 74), (9, 66), (36, 39), (37, 75), (60, 75)])
def test_the_first_encoded_word_fills_what_is_left_of_the_line_or_stands_on_the_next(used: int, length: int) -> None:
    value = "é" + "a" * 200
    for words in (text(value, used=used), name(value, used=used)):
        assert list(map(len, words[:-1])) == [length, *[75] * (len(words) - 2)]
        assert folded(words, used).startswith("\r\n") is (used > 36)
    if not used:
        assert (text(value), name(value)) == (text(value, used=0), name(value, used=0))


@pytest.mark.parametrize("field", ["From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Disposition-Notification-To", "X-Own"])
def test_a_field_with_encoded_words_fills_its_first_line(field: str) -> None:
    """But for one character: the blank behind the colon is counted twice."""
    value = "é" + "a" * 200
    person = (value, "a@b.fr")
    draft = Draft(person, [person], value, "", [person], [person], [person], receipt_to=person, headers={"X-Own": value})
    lines = compose(draft, message_id="<m@b.fr>", at=0).decode().split("\r\n")
    assert [len(line) for line in lines if line.startswith(f"{field}: ")] == [75]


@pytest.mark.parametrize("used", [0, 9, 30, 60, 75])
@pytest.mark.parametrize("letter", ["é", "日", "=?"])
def test_encoded_words_fill_their_lines(used: int, letter: str) -> None:
    words = text(letter * 100, used=used)
    assert len(words[0]) + used <= 76 or used > 40
    assert all(60 < len(word) <= 75 for word in words[1:-1])
    assert "".join(str(make_header(decode_header(word))) for word in words) == letter * 100
