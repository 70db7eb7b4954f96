"""Letters built from their parts: what cannot be written is refused, what is written can be read again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.clock import SECOND
from mss_sim.mail.compose import Draft, File, compose
from mss_sim.mail.fields import CompositionError
from mss_sim.mail.mime import content
from mss_sim.mail.parse import ParsedMessage, parse
from mss_sim.vocabulary.language import Language

AT = 1_767_600_000 * SECOND
ANA, BEA = ("Ana Roy", "ana.roy@sim.mssante.fr"), ("", "bea.petit@sim.mssante.fr")


def written(**parts: object) -> bytes:
    values: dict[str, object] = {"from_": ANA, "to": [BEA], "subject": "Bonjour", "text": "Texte\n"}
    return compose(Draft(**{**values, **parts}), message_id="<m1@sim.mssante.fr>", at=AT)  # type: ignore[arg-type]


def read_again(**parts: object) -> ParsedMessage:
    return parse(written(**parts))


BREAKS = ["\r\n", "\n", "\r", "\u2028", "\x85"]


@pytest.mark.parametrize("line_break", BREAKS)
@pytest.mark.parametrize(
    "field", ["subject", "in_reply_to", "references", "from_", "to", "cc", "reply_to", "receipt_to", "header value", "header name"]
)
def test_no_field_carries_another_header_into_the_letter(field: str, line_break: str) -> None:
    smuggled = f"x{line_break}Bcc: espion@sim.mssante.fr"
    person, people = (smuggled, BEA[1]), [(smuggled, BEA[1])]
    values: dict[str, dict[str, object]] = {
        "subject": {"subject": smuggled},
        "in_reply_to": {"in_reply_to": smuggled},
        "references": {"references": [smuggled]},
        "from_": {"from_": person},
        "to": {"to": people},
        "cc": {"cc": people},
        "reply_to": {"reply_to": people},
        "receipt_to": {"receipt_to": person},
        "header value": {"headers": {"X-Note": smuggled}},
        "header name": {"headers": {smuggled.partition(" ")[0].rstrip(":"): "espion@sim.mssante.fr"}},
    }
    try:
        message = read_again(**values[field])
    except CompositionError:
        return
    assert list(message.headers.all("Bcc")) == []
    assert message.headers.defects == 0


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"])
def test_a_file_carries_no_header_into_the_letter(line_break: str) -> None:
    smuggled = f"x{line_break}Bcc: espion@sim.mssante.fr"
    for file in (File(smuggled, "application/pdf", b"x"), File("x", f"application/{smuggled}", b"x"), File("é" + smuggled, "a/b", b"")):
        try:
            raw = written(files=[file])
        except CompositionError:
            continue
        assert b"\r\nBcc:" not in raw
        assert len(parse(raw).attachments) == 1


def test_a_message_id_carries_no_header_into_the_letter() -> None:
    with pytest.raises(CompositionError):
        compose(Draft(ANA, [BEA], "s", "t"), message_id="<a@b.fr>\r\nBcc: x@b.fr", at=AT)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("X Note", id="a space"),
        pytest.param(" Bcc", id="a space before: it would continue the line above"),
        pytest.param("Bcc ", id="a space after: it would pass for another name"),
        pytest.param("X\tNote", id="a tab"),
        pytest.param("X:Note", id="a colon"),
        pytest.param("Bcc:x", id="a colon that makes another field of it"),
        pytest.param("X-Noté", id="a letter beyond ASCII"),
        pytest.param("X-\x7f", id="a control character"),
        pytest.param("X\r\nBcc", id="a line break"),
        pytest.param("Bcc", id="a field that is never shown"),
        pytest.param("FROM", id="a field of its own, in upper case"),
        pytest.param("sender", id="a field that we write ourselves"),
        pytest.param("Content-Type", id="a field of the body"),
        pytest.param("Content-Language", id="a field of the body that would be lost"),
        pytest.param("Return-Path", id="a field of delivery"),
    ],
)
def test_a_header_that_a_client_may_not_add_is_refused(name: str) -> None:
    with pytest.raises(CompositionError):
        written(headers={name: "value"})


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("", id="nothing"),
        pytest.param("ana", id="no domain"),
        pytest.param("a..b@b.fr", id="two dots"),
        pytest.param("<a@b.fr>", id="brackets"),
        pytest.param("Dr X <a@b.fr>", id="a display name"),
        pytest.param("a@b.fr, c@d.fr", id="two addresses"),
        pytest.param("a@b.fr (c)", id="a comment"),
        pytest.param("a@b.fr\r\nBcc: c@d.fr", id="a line break"),
        pytest.param("\udce9@b.fr", id="a byte that is not UTF-8"),
    ],
)
@pytest.mark.parametrize("field", ["from_", "to", "receipt_to"])
def test_an_address_that_is_none_is_refused(field: str, address: str) -> None:
    person = ("Ana", address)
    with pytest.raises(CompositionError):
        written(**{field: [person] if field == "to" else person})


@pytest.mark.parametrize("address", ["a@b.fr", "a+b@c.fr", '"a b"@b.fr', '"a@b"@c.fr', "é@b.fr", "a@exämple.fr"])
def test_an_address_is_written_so_that_it_reads_the_same(address: str) -> None:
    message = read_again(from_=("Ana", address), to=[("", address)])
    expected = address.replace("exämple", "xn--exmple-cua")
    assert message.from_ == (("Ana", expected),)
    assert message.to == (("", expected),)


@pytest.mark.parametrize("field", ["from_", "to", "cc", "reply_to", "receipt_to"])
def test_a_local_part_in_utf8_makes_the_header_utf8(field: str) -> None:
    people = [(name, f"zoé{number}.très.long@sim.mssante.fr") for number, name in enumerate(NAMES)]
    parts: dict[str, object] = {field: people[5] if field in ("from_", "receipt_to") else people}
    raw = written(**parts, subject="Résultats " * 30 + "fin", html="é", files=[File("é" * 90 + ".pdf", "application/pdf", b"x")])
    message = parse(raw)
    assert getattr(message, field) == ((people[5],) if field in ("from_", "receipt_to") else tuple(people))
    assert "zoé5".encode() in raw.partition(b"\r\n\r\n")[0]
    assert message.subject == "Résultats " * 30 + "fin"
    assert raw.partition(b"\r\n\r\n")[2].isascii(), "only the header asks for SMTPUTF8"
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_long_name_is_folded_beside_an_address_in_utf8() -> None:
    assert read_again(to=[("é" * 600, "zoé@sim.mssante.fr")]).to == (("é" * 600, "zoé@sim.mssante.fr"),)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"subject": "\ud800"}, id="subject"),
        pytest.param({"text": "\ud800"}, id="text"),
        pytest.param({"html": "\ud800"}, id="HTML"),
        pytest.param({"from_": ("\ud800", ANA[1])}, id="name"),
        pytest.param({"headers": {"X-Note": "\ud800"}}, id="header"),
        pytest.param({"files": [File("\ud800", "a/b", b"")]}, id="file name"),
    ],
)
def test_half_a_surrogate_pair_is_refused(parts: dict[str, object]) -> None:
    with pytest.raises(CompositionError):
        written(**parts)


NAMES = ["Ana", "Dr. Ana Roy", "Roy, Ana", 'Ana "la" Roy', "Ève", "Dr. Ève Roy", "Roy, Ève", "D'É\\ç;:<a@b.fr>", "Dr_Ana_ROY_Cardiologie"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("field", ["from_", "to", "cc", "reply_to", "receipt_to"])
def test_a_name_and_its_address_read_the_same_again(field: str, name: str) -> None:
    person = (name, BEA[1])
    message = read_again(**{field: person if field in ("from_", "receipt_to") else [person]})
    assert getattr(message, field) == (person,)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "[FIN]",
        "[Fin]",
        "Compte rendu",
        "XDM/1.0/DDM+CR d'examens biologiques VIAL Paul 26/11/1978",
        "XDM/1.0/DDM+Compte rendu d'imagerie médicale CORSE FIGATELLIX 26/11/1978",
        "Résultats d'hémoglobine glyquée, à revoir avant le prochain rendez-vous du patient au cabinet",
        "a  b",
        "x" * 300,
        "é" * 300,
        "日本語" * 30,
        'a, b; c: d <e@f.fr> "g" (h)',
    ],
)
def test_a_subject_reads_the_same_again(subject: str) -> None:
    assert read_again(subject=subject).subject == subject


@pytest.mark.parametrize(
    "text", ["", "a\nb\n", "a\r\nb\r\n", ".\n..\n", "From x\n", "é\n", "a \t\nb", "x" * 3_000, "é" * 3_000, "€ \n" * 99, "a\x0c" * 999]
)
def test_a_text_reads_the_same_again(text: str) -> None:
    lines = read_again(text=text).text.replace("\r\n", "\n").rstrip("\n")
    assert lines == text.replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-MSS-NIL", "3734"),
        ("X-MSS-INS", "O"),
        ("X-MSS-MES", "FIN"),
        ("X-MSS-CODECDA", ",".join(["34112-3@2.16.840.1.113883.6.1"] * 6)),
        ("In-Reply-To", "<" + "a" * 90 + "@sim.mssante.fr>"),
        ("References", "<" + "a" * 90 + "@sim.mssante.fr>"),
    ],
)
def test_a_value_that_programs_read_is_written_as_it_is(name: str, value: str) -> None:
    parts: dict[str, object] = {"headers": {name: value}}
    if name == "In-Reply-To":
        parts = {"in_reply_to": value}
    elif name == "References":
        parts = {"references": [value]}
    [found] = parse(written(**parts)).headers.all(name)
    assert found.decode() == value, "an encoded word would hide it from every client that does not decode this field"


@pytest.mark.parametrize(
    ("file", "content_type", "filename"),
    [
        pytest.param(File("a", "", b"x"), "application/octet-stream", "a", id="no type"),
        pytest.param(File("a", "pdf", b"x"), "application/octet-stream", "a", id="no slash"),
        pytest.param(File("a", "multipart/mixed", b"x"), "application/octet-stream", "a", id="a multipart is no file"),
        pytest.param(File("a", "Multipart/Mixed", b"x"), "application/octet-stream", "a", id="a multipart in upper case neither"),
        pytest.param(File("a", "message/rfc822", b"x"), "application/octet-stream", "a", id="a message is no file"),
        pytest.param(File("a", "MESSAGE/RFC822", b"x"), "application/octet-stream", "a", id="a message in upper case neither"),
        pytest.param(File("a.txt", "text/plain; charset=latin-1", b"\xe9\n"), "text/plain", "a.txt", id="a text keeps its octets"),
        pytest.param(File("a.pdf", "application/pdf", b""), "application/pdf", "a.pdf", id="empty"),
        pytest.param(File("a.pdf", "application/pdf", bytes(range(256)) * 999), "application/pdf", "a.pdf", id="every octet"),
        pytest.param(File("IHE_XDM.ZIP", "application/zip", b"PK"), "application/zip", "IHE_XDM.ZIP", id="an archive of documents"),
        pytest.param(File('a "b"; c.pdf', "application/pdf", b"x"), "application/pdf", 'a "b"; c.pdf', id="signs in the name"),
        pytest.param(
            File("20220531_CR d'imagerie médicale_CORSE_FIGATELLIX.pdf", "application/pdf", b"x"),
            "application/pdf",
            "20220531_CR d'imagerie médicale_CORSE_FIGATELLIX.pdf",
            id="accents in the name",
        ),
        pytest.param(File("é" * 90 + ".pdf", "application/pdf", b"x"), "application/pdf", "é" * 90 + ".pdf", id="a long name"),
    ],
)
def test_a_file_is_attached_unchanged(file: File, content_type: str, filename: str) -> None:
    raw = written(files=[file], html="<p>x</p>")
    [part] = parse(raw).attachments
    assert (part.content_type, part.filename, part.disposition) == (content_type, filename, "attachment")
    assert content(raw, part.start, part.end, part.encoding) == file.content


@pytest.mark.parametrize(
    ("parts", "types"),
    [
        ({}, ["text/plain"]),
        ({"html": "<p>x</p>"}, ["text/plain", "text/html"]),
        ({"files": [File("a", "a/b", b"")] * 2}, ["text/plain", "a/b", "a/b"]),
        ({"html": "<p>x</p>", "files": [File("a", "a/b", b"")]}, ["text/plain", "text/html", "a/b"]),
    ],
)
def test_a_letter_has_the_parts_that_were_given(parts: dict[str, object], types: list[str]) -> None:
    assert [leaf.content_type for leaf in read_again(**parts).root.leaves()] == types


def test_threading_and_date_are_written() -> None:
    message = read_again(in_reply_to="<a@b.fr>", references=["<c@d.fr>", "<a@b.fr>"])
    assert (message.message_id, message.sent_at) == ("<m1@sim.mssante.fr>", AT)
    assert (message.in_reply_to, message.references) == (("<a@b.fr>",), ("<c@d.fr>", "<a@b.fr>"))


_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=120)


@settings(deadline=None)
@given(
    subject=_TEXTS,
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300),
    html=st.none() | _TEXTS,
    name=_TEXTS,
    file=_TEXTS,
)
def test_every_letter_is_ascii_in_crlf_lines_of_at_most_998_octets(subject: str, text: str, html: str | None, name: str, file: str) -> None:
    raw = written(
        subject=subject, text=text, html=html, to=[(name, BEA[1])], receipt_to=(name, BEA[1]), files=[File(file, "application/pdf", b"x")]
    )
    assert raw.isascii()
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@settings(deadline=None)
@given(st.text("aé ,.;:\"'()<>@=?_\\", max_size=90), st.text("aé ,.;:\"'()<>@=?_\\", max_size=60).map(str.strip))
def test_any_subject_and_any_name_read_the_same_again(subject: str, name: str) -> None:
    message = read_again(subject=subject, to=[(name, BEA[1]), ANA])
    assert message.subject == subject
    assert [address for _, address in message.to] == [BEA[1], ANA[1]]
    assert " ".join(message.to[0][0].split()) == " ".join(name.split())


def test_a_letter_with_a_file_is_this_one_octet_by_octet() -> None:
    raw = written(text="Bonjour,\n\nvoici.\n", files=[File("", "application/pdf", b"%PDF"), File("a.txt", "text/plain", b"x")])
    boundary = raw.partition(b'boundary="')[2].partition(b'"')[0]
    expected = b"".join(
        (
            b"Message-ID: <m1@sim.mssante.fr>\r\nDate: Mon, 29 Dec 2025 08:00:00 +0000\r\n",
            b"From: Ana Roy <ana.roy@sim.mssante.fr>\r\nTo: bea.petit@sim.mssante.fr\r\nSubject: Bonjour\r\nMIME-Version: 1.0\r\n",
            b'Content-Type: multipart/mixed;\r\n boundary="%b"\r\n\r\n' % boundary,
            b'--%b\r\nContent-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n' % boundary,
            b"Bonjour,\r\n\r\nvoici.\r\n\r\n",
            b"--%b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n" % boundary,
            b"Content-Disposition: attachment\r\n\r\nJVBERg==\r\n\r\n",
            b"--%b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n" % boundary,
            b'Content-Disposition: attachment; filename="a.txt"\r\n\r\neA==\r\n\r\n--%b--\r\n' % boundary,
        )
    )
    assert raw.replace(b"Mon, 29 Dec 2025 08:00:00", raw.partition(b"Date: ")[2][:25]) == expected.replace(
        b"Mon, 29 Dec 2025 08:00:00", raw.partition(b"Date: ")[2][:25]
    )


def test_a_text_with_accents_keeps_its_lines() -> None:
    raw = written(text="é\nà \n= b\n")
    assert raw.endswith(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n=C3=A0=20\r\n=3D b\r\n")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"files": [File("x" * 1_001, "a/b", b"")]}, "the name of a file has at most"),
        ({"headers": {"Subject": "x"}}, "the header Subject has a field of its own in the request"),
        ({"headers": {"a b": "x"}}, "'a b' is not a header name"),
        ({"subject": "a\x01b"}, r"'a\\x01b' holds '\\x01': a header takes one line of text without control characters"),
        ({"text": "\ud800"}, "surrogates not allowed"),
        ({"text": "a\x00"}, "the text holds a NUL"),
        ({"files": [File("x", "a b/c", b"")]}, "'a b/c' is not a media type"),
    ],
)
def test_it_is_said_what_cannot_be_written(parts: dict[str, object], said: str) -> None:
    with pytest.raises(CompositionError, match=said) as caught:
        written(**parts)
    assert "None" not in str(caught.value)
    assert caught.value.args[0].in_language(Language.FR)
