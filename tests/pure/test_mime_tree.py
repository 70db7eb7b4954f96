"""The MIME tree: parts, numbers, boundaries and their look-alikes, file names, and what counts as an attachment."""

import pytest

from mss_sim.mail.mime import Part
from mss_sim.mail.parse import ParsedMessage, parse
from mss_sim.mail.summary import read_summary, write_summary


def message_of(content_type: str | bytes, body: bytes = b"x\r\n", *lines: str) -> ParsedMessage:
    head = content_type if isinstance(content_type, bytes) else content_type.encode()
    return parse(
        b"Content-Type: " + head + b"\r\n" + "".join(f"{line}\r\n" for line in lines).encode(errors="surrogateescape") + b"\r\n" + body
    )


def tree(part: Part) -> object:
    """A leaf as its number and type; a multipart as a list that begins with them."""
    name = f"{part.number} {part.content_type}"
    return [name, *map(tree, part.children)] if part.children else name


def bodies(message: ParsedMessage, raw_body: bytes) -> list[bytes]:
    """The raw bodies of the first level."""
    first = message.size_bytes - len(raw_body)
    return [raw_body[child.start - first : child.end - first] for child in message.root.children]


MIXED = "multipart/mixed; boundary=b"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"no boundary\r\n", [], id="no boundary"),
        pytest.param(b"--b", [b""], id="a boundary and nothing after"),
        pytest.param(b"--b\r\n", [b""], id="a boundary line and nothing after"),
        pytest.param(b"--b--\r\n", [], id="closed before it was opened"),
        pytest.param(b"--b\r\n--b--\r\n", [b""], id="a part without even an empty line"),
        pytest.param(b"--b\r\n\r\n--b--\r\n", [b""], id="an empty part"),
        pytest.param(b"--b\r\n\r\none\r\n--b--\r\n", [b"one"], id="one part"),
        pytest.param(b"--b\r\n\r\none\r\n\r\n--b--\r\n", [b"one\r\n"], id="the line end before a boundary belongs to it"),
        pytest.param(b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", [b"one", b"two"], id="two parts"),
        pytest.param(b"before\r\n--b\r\n\r\none\r\n--b--\r\nafter\r\n--b\r\n\r\nno\r\n", [b"one"], id="preamble and epilogue"),
        pytest.param(b"--b\r\n\r\none", [b"one"], id="unclosed"),
        pytest.param(b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n", [b"one", b"two\r\n"], id="unclosed after two"),
        pytest.param(b"--b \t\r\n\r\none\r\n--b-- \r\n", [b"one"], id="spaces after the boundary"),
        pytest.param(b"--b\r\n\r\n--bx\r\n x--b\r\n -b\r\n--b--\r\n", [b"--bx\r\n x--b\r\n -b"], id="look-alikes"),
        pytest.param(b"--b\r\n\r\n--b-\r\n--b--x\r\n--b--\r\n", [b"--b-\r\n--b--x"], id="look-alikes of the end"),
        pytest.param(b"--b\r\n\r\none\r\n --b\r\ntwo\r\n--b--", [b"one\r\n --b\r\ntwo"], id="a space before the boundary"),
        pytest.param(b"--b\r\n\r\n--b\x0c\r\n--b\x0b\r\n--b--\r\n", [b"--b\x0c\r\n--b\x0b"], id="what is no blank after the boundary"),
        pytest.param(b"--B\r\n\r\none\r\n--B--\r\n", [], id="another case"),
    ],
)
def test_a_multipart_is_cut_at_its_boundary_lines(body: bytes, found: list[bytes]) -> None:
    assert bodies(message_of(MIXED, body), body) == found


@pytest.mark.parametrize(
    "boundary",
    [
        pytest.param('"b"', id="in quotes"),
        pytest.param('"b" ; charset=utf-8', id="before another parameter"),
        pytest.param('"=_b?x=1"', id="of signs that need quotes"),
        pytest.param('"=?x?q?b?="', id="that looks like an encoded word"),
        pytest.param('"' + "b" * 70 + '"', id="of 70 characters"),
        pytest.param('"a b"', id="with a space inside"),
        pytest.param('"a\'()+_,-./:=?z"', id="of every sign allowed"),
    ],
)
def test_a_boundary_may_be_written_in_many_ways(boundary: str) -> None:
    name = boundary.split('"')[1].encode()
    body = b"--" + name + b"\r\n\r\none\r\n--" + name + b"--\r\n"
    assert bodies(message_of(f"multipart/mixed; boundary={boundary}", body), body) == [b"one"]


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("multipart/mixed", id="no boundary"),
        pytest.param("multipart/mixed; boundary=", id="an empty boundary"),
        pytest.param('multipart/mixed; boundary=""', id="an empty quoted boundary"),
        pytest.param("multipart/mixed; boundary=" + "b" * 71, id="a boundary of 71 characters"),
    ],
)
def test_a_multipart_without_usable_boundary_is_one_text(content_type: str) -> None:
    message = message_of(content_type, b"Bonjour\r\n" + b"--" + b"b" * 71 + b"\r\n\r\nx\r\n")
    assert message.root.children == ()
    assert message.attachments == ()
    assert message.text.startswith("Bonjour"), "the reader would see an empty letter"


@pytest.mark.parametrize("parameter", ['boundary="\udce9"', "boundary*=utf-7''+2AA-", "boundary*0*=utf-8''b%ED%A0%80; boundary*1=c"])
def test_a_boundary_that_cannot_be_written_never_comes(parameter: str) -> None:
    assert (
        message_of(f"multipart/mixed; {parameter}".encode(errors="surrogateescape"), b"--x\r\n\r\none\r\n").root.content_type
        == "text/plain"
    )


@pytest.mark.parametrize("body", [b"Bonjour\r\n", b"Bonjour\r\n--B\r\n\r\none\r\n--B--\r\n"])
def test_a_multipart_whose_boundary_never_comes_is_one_text(body: bytes) -> None:
    """A gateway that writes the boundary anew in one of its two places leaves such letters behind."""
    message = message_of(MIXED, body)
    assert message.text.startswith("Bonjour"), "the reader would see an empty letter"
    assert message.preview.startswith("Bonjour")
    assert message.attachments == ()


def test_an_empty_multipart_hides_no_text_behind_it() -> None:
    inner = b"Content-Type: multipart/related; boundary=c\r\n\r\n \r\n"
    message = message_of(MIXED, b"--b\r\n" + inner + b"--b\r\n\r\nBonjour\r\n--b--\r\n")
    assert message.text.startswith("Bonjour")


def test_a_report_whose_boundary_never_comes_is_a_report_all_the_same() -> None:
    assert message_of("multipart/report; report-type=delivery-status; boundary=b", b"Undelivered\r\n").is_report


def test_parts_of_parts_are_numbered_by_level() -> None:
    inner = b"Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nt\r\n--c\r\nContent-Type: text/html\r\n\r\nh\r\n--c--\r\n"
    body = b"--b\r\n" + inner + b"--b\r\nContent-Type: application/pdf\r\n\r\np\r\n--b--\r\n"
    expected = ["1 multipart/mixed", ["1 multipart/alternative", "1.1 text/plain", "1.2 text/html"], "2 application/pdf"]
    assert tree(message_of(MIXED, body).root) == expected


def test_an_inner_multipart_left_open_ends_with_its_parent() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\ninner"
    body = b"--b\r\n" + inner + b"\r\n--b\r\n\r\nouter\r\n--b--\r\n"
    root = message_of(MIXED, body).root
    assert tree(root) == ["1 multipart/mixed", ["1 multipart/mixed", "1.1 text/plain"], "2 text/plain"]


def test_a_boundary_that_begins_like_its_parents_is_another() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\ninner\r\n--bb--\r\n"
    body = b"--b\r\n" + inner + b"--b--\r\n"
    assert tree(message_of(MIXED, body).root) == ["1 multipart/mixed", ["1 multipart/mixed", "1.1 text/plain"]]


def test_an_attached_message_is_one_leaf_and_none_of_its_parts_are_ours() -> None:
    attached = b"From: a@b.fr\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nnot our text\r\n--c--\r\n"
    body = b"--b\r\n\r\nours\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + attached + b"\r\n--b--\r\n"
    message = message_of(MIXED, body)
    assert tree(message.root) == ["1 multipart/mixed", "1 text/plain", "2 message/rfc822"]
    assert [part.content_type for part in message.attachments] == ["message/rfc822"]
    assert message.text == "ours"
    assert bodies(message, body)[1] == attached


def test_parts_of_a_digest_are_messages() -> None:
    root = message_of("multipart/digest; boundary=b", b"--b\r\n\r\nSubject: s\r\n\r\nx\r\n--b--\r\n").root
    assert tree(root) == ["1 multipart/digest", "1 message/rfc822"]


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        pytest.param("", "text/plain", id="empty"),
        pytest.param("text", "text/plain", id="no subtype"),
        pytest.param("/plain", "text/plain", id="no type"),
        pytest.param("text/", "text/plain", id="an empty subtype"),
        pytest.param("text plain", "text/plain", id="a space for a slash"),
        pytest.param("text/plain/html", "text/plain", id="two slashes"),
        pytest.param("Application/PDF", "application/pdf", id="upper case"),
        pytest.param(" application/fhir+xml ; charset=utf-8", "application/fhir+xml", id="spaces and a parameter"),
    ],
)
def test_a_content_type_that_cannot_be_read_is_a_text(content_type: str, kind: str) -> None:
    assert message_of(content_type).root.content_type == kind


def test_the_first_of_two_content_types_counts() -> None:
    assert message_of("text/html", b"x", "Content-Type: application/pdf").root.content_type == "text/html"


@pytest.mark.parametrize(
    ("header", "filename"),
    [
        pytest.param("attachment", None, id="no name"),
        pytest.param("attachment; filename=", None, id="an empty name"),
        pytest.param('attachment; filename=""', None, id="an empty quoted name"),
        pytest.param('attachment; filename=" "', "unnamed", id="a space"),
        pytest.param('attachment; filename="."', "unnamed", id="this folder"),
        pytest.param('attachment; filename=".."', "unnamed", id="the folder above"),
        pytest.param('attachment; filename="a/.."', "unnamed", id="the folder above, by a path"),
        pytest.param('attachment; filename="folder/"', "unnamed", id="a folder"),
        pytest.param('attachment; filename="/etc/passwd"', "passwd", id="an absolute path"),
        pytest.param('attachment; filename="../../x.pdf"', "x.pdf", id="a path upwards"),
        pytest.param('attachment; filename="C:\\\\dir\\\\x.pdf"', "x.pdf", id="a Windows path"),
        pytest.param("attachment; filename*=utf-8''..%2F..%2Fx.pdf", "x.pdf", id="a path in RFC 2231"),
        pytest.param("attachment; filename*=utf-8''a%00%0D%0Ab.pdf", "a\ufffd  b.pdf", id="control characters in RFC 2231"),
        pytest.param("attachment; filename*=utf-8''%E2%80%AEfdp.exe", "fdp.exe", id="a mark that turns the name around"),
        pytest.param('attachment; filename="' + "x" * 300 + '"', "x" * 255, id="300 characters"),
        pytest.param("attachment; filename=x.pdf", "x.pdf", id="plain"),
        pytest.param('attachment; filename="CR d\'imagerie; 1.pdf"', "CR d'imagerie; 1.pdf", id="a semicolon in quotes"),
        pytest.param('attachment; filename="a\\"b.pdf"', 'a"b.pdf', id="a quote in quotes"),
        pytest.param("attachment; filename*=utf-8''m%C3%A9dicale.pdf", "médicale.pdf", id="RFC 2231"),
        pytest.param("attachment; filename*=iso-8859-1'fr'm%E9dicale.pdf", "médicale.pdf", id="RFC 2231 in Latin-1 with a language"),
        pytest.param("attachment; filename*=x-none''m%E9d.pdf", "méd.pdf", id="RFC 2231 in a charset that is none"),
        pytest.param("attachment; filename*=''%C3%A9.pdf", "é.pdf", id="RFC 2231 in no charset"),
        pytest.param("attachment; filename*=us-ascii''%C3%A9.pdf", "é.pdf", id="RFC 2231 in ASCII that is UTF-8"),
        pytest.param("attachment; filename*=idna''" + "a" * 80, "a" * 80, id="RFC 2231 in a codec that fails"),
        pytest.param("attachment; filename*0*=utf-8''m%C3%A9; filename*1=dicale.pdf", "médicale.pdf", id="RFC 2231 in pieces"),
        pytest.param("attachment; filename*1=b.pdf; filename*0=a", "ab.pdf", id="RFC 2231 in pieces, turned around"),
        pytest.param("attachment; filename*0=m; filename*1*=%C3%A9; filename*2=d.pdf", "méd.pdf", id="a piece encoded among plain ones"),
        pytest.param("attachment; filename*=l'%C3%A9t%C3%A9.pdf", "l'été.pdf", id="RFC 2231 with one quote, which names no charset"),
        pytest.param("attachment; filename*=koi8-r'%C3%A9.pdf", "koi8-r'é.pdf", id="RFC 2231 with one quote behind a charset"),
        pytest.param("attachment; filename*=koi8-r''%C1'%C2.pdf", "а'б.pdf", id="RFC 2231 with a quote more"),
        pytest.param("attachment; filename*0=koi8-r''; filename*1*=%C3%A9.pdf", "koi8-r''é.pdf", id="a plain piece names no charset"),
        pytest.param("attachment; filename*0*=utf-8''m%C3; filename*1*=%A9d.pdf", "méd.pdf", id="a letter in two pieces"),
        pytest.param("attachment; filename*0*=utf-8''a; filename*1=\"%20b\"", "a%20b", id="a plain piece keeps its signs"),
        pytest.param("attachment; filename*0*=iso-8859-1''m%E9; filename*1=\"\udce9d.pdf\"", "mééd.pdf", id="a plain piece of raw octets"),
        pytest.param("attachment; filename=m.pdf; filename*=utf-8''m%C3%A9.pdf", "mé.pdf", id="plain and in RFC 2231"),
        pytest.param("attachment; filename*=utf-8''m%C3%A9.pdf; filename=m.pdf", "mé.pdf", id="in RFC 2231 and plain"),
        pytest.param("attachment; filename*0=no; filename*=utf-8''m.pdf", "m.pdf", id="in pieces and whole"),
        pytest.param("attachment; filename=a.pdf; filename=b.pdf", "a.pdf", id="two plain ones: the first, as clients do"),
        pytest.param('attachment; filename="é.pdf"; filename="b.pdf"', "é.pdf", id="two plain ones beyond ASCII"),
        pytest.param('attachment; filename="=?utf-8?q?m=C3=A9d.pdf?="', "méd.pdf", id="an encoded word, as many clients write"),
        pytest.param("attachment; filename=médical.pdf", "médical.pdf", id="UTF-8 as it is"),
        pytest.param("inline; filename=logo.png", "logo.png", id="inline"),
        pytest.param("ATTACHMENT; FILENAME=X.PDF", "X.PDF", id="upper case"),
    ],
)
def test_a_file_name_is_read_and_made_safe(header: str, filename: str | None) -> None:
    part = message_of("application/octet-stream", b"x", f"Content-Disposition: {header}").root
    assert part.filename == filename
    assert part.is_attachment


def test_the_name_of_the_type_counts_when_the_disposition_has_none() -> None:
    assert message_of("application/pdf; name=a.pdf", b"x", "Content-Disposition: attachment").root.filename == "a.pdf"
    assert message_of("application/pdf; name=a.pdf", b"x", "Content-Disposition: attachment; filename=b.pdf").root.filename == "b.pdf"


@pytest.mark.parametrize(
    ("content_type", "disposition", "attached"),
    [
        ("text/plain", None, False),
        ("text/html", "inline", False),
        ("text/plain", "attachment", True),
        ("text/plain; name=a.txt", None, True),
        ("text/csv", "inline; filename=a.csv", True),
        ("image/png", "inline", True),
        ("message/rfc822", None, True),
        ("message/delivery-status", None, True),
        ("text/calendar; method=REQUEST", None, True),
        ("text/xml", "inline", True),
        ("text/rfc822-headers", None, True),
        ("text/plain", "attachment (joint)", True),
        ("text/plain", '"attachment"', True),
        ("multipart/mixed; boundary=b", "attachment", False),
    ],
)
def test_what_is_an_attachment(content_type: str, disposition: str | None, attached: bool) -> None:
    lines = [f"Content-Disposition: {disposition}"] if disposition else []
    assert message_of(content_type, b"--b\r\n\r\nx", *lines).root.is_attachment is attached


@pytest.mark.parametrize("name", ["IHE_XDM.ZIP", "ihe_xdm.zip", "Ihe_Xdm.Zip"])
def test_an_archive_of_documents_is_known_by_its_name_and_never_opened(name: str) -> None:
    bomb = b"PK\x03\x04" + b"\xff" * 64  # claims anything: the parser must not look inside
    message = message_of("application/zip", bomb, f"Content-Disposition: attachment; filename={name}")
    assert message.has_xdm
    assert [(part.start, part.end) for part in message.attachments] == [(message.size_bytes - len(bomb), message.size_bytes)]


@pytest.mark.parametrize("name", ["IHE_XDM.ZIP.txt", "IHE-XDM.ZIP", "XDM.ZIP"])
def test_another_name_is_no_archive_of_documents(name: str) -> None:
    assert not message_of("application/zip", b"x", f"Content-Disposition: attachment; filename={name}").has_xdm


@pytest.mark.parametrize(
    ("content_type", "line"),
    [
        pytest.param("text/plain; charset*=utf-8''a%00b", "X-A: b", id="a NUL in the charset"),
        pytest.param("text/plain; charset==?utf-7?q?+2AA-?=", "X-A: b", id="half a surrogate pair in the charset"),
        pytest.param("text/plain", "Content-ID: =?x-none?q?=00?=", id="a NUL in the content id"),
        pytest.param("text/plain", "Content-Disposition: =?utf-8?q?=00?=", id="a NUL in the disposition"),
        pytest.param("text/plain", "Content-Transfer-Encoding: =?utf-7?q?+2AA-?=", id="half a surrogate pair in the encoding"),
        pytest.param("text/plain", "Content-Disposition: x; filename==?utf-7?q?+2AA-?=", id="half a surrogate pair in the name"),
    ],
)
def test_what_is_stored_of_a_part_can_always_be_stored(content_type: str, line: str) -> None:
    for value in read_summary(write_summary(message_of(content_type, b"x", line), 0)).leaves[0].values():
        assert "\x00" not in str(value)
        str(value).encode("utf-8")


@pytest.mark.parametrize(
    ("types", "files"),
    [
        pytest.param(["text/plain", "text/html"], [], id="both forms of a text"),
        pytest.param(["text/plain", "text/xml"], ["2"], id="a document without a name"),
        pytest.param(["text/plain", "text/calendar; method=REQUEST", "text/html"], ["2"], id="an invitation"),
        pytest.param(["text/plain", "image/png", "text/plain"], ["2", "3"], id="a text that goes on behind a picture"),
        pytest.param(["text/html", "text/html"], ["2"], id="a second page"),
        pytest.param(["text/plain; name=a.txt", "text/plain"], ["1"], id="a file before the text"),
    ],
)
def test_whatever_is_not_shown_as_text_can_be_fetched(types: list[str], files: list[str]) -> None:
    body = "".join(f"--b\r\nContent-Type: {kind}\r\n\r\nx\r\n" for kind in types).encode() + b"--b--\r\n"
    message = message_of("multipart/mixed; boundary=b", body)
    assert [part.number for part in message.attachments] == files
    assert [leaf["number"] for leaf in read_summary(write_summary(message, 0)).leaves if leaf["attachment"]] == files


def test_an_empty_text_behind_the_text_is_no_file() -> None:
    assert message_of("multipart/mixed; boundary=b", b"--b\r\n\r\nx\r\n--b\r\n\r\n\r\n--b--\r\n").attachments == ()


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed; boundary=b (limite)",
        "multipart/mixed (un (deux); boundary=x); boundary=b",
        "(avant) multipart / mixed ; boundary = b",
        "Multipart/Mixed;; BOUNDARY=b;",
        'multipart/mixed; (x) boundary (y) = (z) "b" (fin)',
        "multipart/mixed;\r\n\tboundary=(pli\r\n e)b",
        "multipart/mixed; boundary*=us-ascii'en'b",
        "multipart/mixed; x-of*0=y; boundary*0=b; boundary*1=",
        "multipart/mixed; boundary=b; boundary=c",
        'multipart/mixed; boundary="b "',
    ],
)
def test_comments_folds_capitals_and_stray_semicolons_change_nothing(content_type: str) -> None:
    assert len(message_of(content_type, b"--b\r\n\r\none\r\n--b--\r\n").root.children) == 1


@pytest.mark.parametrize(
    ("header", "filename"),
    [
        ("attachment (joint); filename=IHE_XDM.ZIP (document)", "IHE_XDM.ZIP"),
        ("attachment; filename=rapport (1).pdf", "rapport (1).pdf"),
        ("attachment; filename=compte rendu (final)", "compte rendu (final)"),
        ('attachment; filename="rapport (1).pdf" (x)', "rapport (1).pdf"),
        ("attachment; filename=rapport (fin; size=3", "rapport (fin"),
        (b'attachment; filename="m\xe9dical.pdf"'.decode("latin-1"), "médical.pdf"),
    ],
)
def test_a_comment_is_no_part_of_a_file_name_and_a_parenthesis_in_one_stays(header: str, filename: str) -> None:
    raw = b"Content-Type: application/pdf\r\nContent-Disposition: " + header.encode("latin-1") + b"\r\n\r\nx"
    assert parse(raw).root.filename == filename


def test_a_disposition_in_octets_of_no_charset_can_be_stored() -> None:
    assert write_summary(parse(b"Content-Disposition: \xe9t\xe9\r\n\r\nx"), 0)
