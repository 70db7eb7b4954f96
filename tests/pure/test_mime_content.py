"""The content of one part: base64 and quoted-printable broken in every way, charsets that lie, texts for readers."""

import base64
import binascii
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.mail.mime import content
from mss_sim.mail.parse import ParseLimits, parse


def decoded(body: bytes, encoding: str) -> bytes:
    return content(b"<<" + body + b">>", 2, 2 + len(body), encoding)


@pytest.mark.parametrize(
    ("body", "octets"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"=", b"", id="only padding"),
        pytest.param(b"A", b"", id="one letter, which is not even an octet"),
        pytest.param(b"YQ", b"a", id="no padding"),
        pytest.param(b"YQ=", b"a", id="half the padding"),
        pytest.param(b"YQ===", b"a", id="too much padding"),
        pytest.param(b"YWJjZ", b"abc", id="one letter too many"),
        pytest.param(b"YW\r\nJj\r\n", b"abc", id="line ends anywhere"),
        pytest.param(b"Y W\tJ j", b"abc", id="spaces"),
        pytest.param(b"Y*W(J)j!", b"abc", id="letters of no alphabet"),
        pytest.param(b"YW\xe9Jj", b"abc", id="octets beyond ASCII"),
        pytest.param(b"YQ==\r\n-- \r\nlist footer", b"a", id="words after the padding"),
        pytest.param(b"YQ==\r\nBonjour\r\n", b"a", id="a word after the padding that is no whole base64"),
        pytest.param(b"YQ==\r\nbonne nuit==\r\n", b"a", id="words with padding of their own"),
        pytest.param(b"YQ==YmM=ZGVm", b"abcdef", id="pieces, each padded"),
        pytest.param(b"YQ==\r\nYmM=\r\n\r\nZGVm\r\n", b"abcdef", id="padded pieces on lines of their own"),
        pytest.param(b"YQ=\r\n=\r\nYmM=", b"abc", id="padding on two lines"),
        pytest.param(b"YWJj\r\n=\r\nZGVm", b"abcdef", id="padding that pads nothing"),
        pytest.param(b"\r\n\r\nYWJj\r\n\r\n", b"abc", id="empty lines around"),
        pytest.param(b"YWJj", b"abc", id="whole"),
    ],
)
def test_base64_gives_what_could_be_decoded(body: bytes, octets: bytes) -> None:
    assert decoded(body, "base64") == octets


@pytest.mark.parametrize(
    ("body", "octets"),
    [
        pytest.param(b"", b"", id="nothing"),
        pytest.param(b"caf=C3=A9", "café".encode(), id="whole"),
        pytest.param(b"caf=c3=a9", "café".encode(), id="lower case"),
        pytest.param(b"a=\r\nb", b"ab", id="a soft line break"),
        pytest.param(b"a=  \r\nb", b"ab", id="spaces after a soft line break"),
        pytest.param(b"a =20\r\nb", b"a  \r\nb", id="a space that counts"),
        pytest.param(b"100=25", b"100%", id="a sign"),
        pytest.param(b"x=3D=3Dy", b"x==y", id="equals signs"),
    ],
)
def test_quoted_printable_is_decoded(body: bytes, octets: bytes) -> None:
    assert decoded(body, "quoted-printable") == octets


@pytest.mark.parametrize("body", [b"=", b"a=", b"=X", b"=XY", b"=4", b"a=\xe9b", b"=\r", b"==", b"=3"])
def test_broken_quoted_printable_gives_something_and_keeps_its_letters(body: bytes) -> None:
    kept = bytes(letter for letter in body if letter in b"abXY")
    assert set(kept) <= set(decoded(body, "quoted-printable"))


@pytest.mark.parametrize("encoding", ["x-uuencode", "uuencode", "x-uue", "uue"])
@pytest.mark.parametrize(
    ("body", "octets"),
    [
        pytest.param(b"begin 644 a.zip\r\n$4$L#!```\r\n`\r\nend\r\n", b"PK\x03\x04", id="whole"),
        pytest.param(b"noise\r\nbegin 0644 a b.zip\r\n$4$L#!```\r\n \r\nend \r\nM\r\n", b"PK\x03\x04", id="words around"),
        pytest.param(b"begin 644 a\r\n$4$L#!```````\r\n`\r\nend", b"PK\x03\x04", id="more padding than is needed"),
        pytest.param(b"begin 644 a\r\n$4$L#!```\r\n\r\n$4$L#!```", b"PK\x03\x04" * 2, id="without an end"),
        pytest.param(b"begin 644 a\r\n$4\xe9L#\r\n$4$L#!```\r\nend", b"PK\x03\x04", id="a line that is none"),
        pytest.param(b"begin here\r\nx", b"begin here\r\nx", id="nothing that begins"),
        pytest.param(b"", b"", id="nothing"),
    ],
)
def test_uuencode_gives_what_could_be_decoded(encoding: str, body: bytes, octets: bytes) -> None:
    assert decoded(body, encoding) == octets


@pytest.mark.parametrize("size", [1, 2, 3, 44, 45])
@pytest.mark.parametrize("more", [b"", b"`", b"X"], ids=["nothing", "padding", "a sum"])
def test_a_line_of_uuencode_ends_where_its_length_says(size: int, more: bytes) -> None:
    octets = bytes(range(size))
    line = binascii.b2a_uu(octets).rstrip(b"\n") + more
    assert decoded(b"begin 644 a\r\n" + line + b"\r\n" + line + b"\r\nend\r\n", "x-uuencode") == octets * 2


@pytest.mark.parametrize("encoding", ["7bit", "8bit", "binary", "", "x-uuencode", "base-64", "BASE64X", "é"])
def test_an_encoding_that_is_none_leaves_the_octets(encoding: str) -> None:
    assert decoded(b"YQ==\xe9=41", encoding) == b"YQ==\xe9=41"


@pytest.mark.parametrize(
    "name", ["base64", "BASE64", " Base64 ", "base64 (codage)", "(a (b)) base64", "base64;", '"base64"', "base64\r\n (x)"]
)
def test_the_name_of_an_encoding_has_no_case(name: str) -> None:
    assert parse(f"Content-Transfer-Encoding: {name}\r\n\r\nw6k=\r\n".encode()).text == "é"


@settings(deadline=None)
@given(
    st.binary(max_size=80) | st.text("YQ=+/ \r\n*A4", max_size=40).map(str.encode),
    st.sampled_from(["base64", "quoted-printable", "x-uuencode", "7bit", ""]) | st.text(max_size=8),
)
def test_any_bytes_in_any_encoding_give_bytes(body: bytes, encoding: str) -> None:
    assert isinstance(decoded(body, encoding), bytes)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_what_the_standard_library_encodes_is_decoded(octets: bytes) -> None:
    assert decoded(base64.encodebytes(octets).replace(b"\n", b"\r\n"), "base64") == octets
    assert decoded(quopri.encodestring(octets), "quoted-printable") == octets


def text_of(content_type: str, body: bytes, encoding: str = "8bit") -> str:
    return parse(f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body).text


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        pytest.param("x-none", b"\xe9t\xe9", "été", id="a charset that is none, not UTF-8"),
        pytest.param("x-none", "été".encode(), "été", id="a charset that is none, UTF-8"),
        pytest.param("us-ascii", "été".encode(), "été", id="ASCII that is UTF-8"),
        pytest.param("utf-8", b"\xe9t\xe9", "été", id="UTF-8 that is Latin-1"),
        pytest.param("", "été".encode(), "été", id="empty"),
        pytest.param('"utf-8', "été".encode(), "été", id="a quote opened"),
        pytest.param('"a\x01b"', "été".encode(), "été", id="a control character"),
        pytest.param("hex", b"zz", "zz", id="a codec that gives no text"),
        pytest.param("undefined", b"zz", "zz", id="a codec that always fails"),
        pytest.param("utf-8", "été".encode(), "été", id="UTF-8"),
        pytest.param("us-ascii", b"L\x92h\xf4pital", "L’hôpital", id="ASCII that is Windows"),
        pytest.param("utf-8", b"10 \x80", "10 €", id="UTF-8 that is Windows"),
        pytest.param("us-ascii", b"\x81\xe9", "\x81é", id="ASCII that is nothing at all"),
        pytest.param("utf-8", "é ".encode() + b"\x92", "é ’", id="UTF-8 with an octet of Windows"),
        pytest.param("iso-8859-1", b"L\x92h\xf4pital", "L’hôpital", id="Latin-1 that is Windows, as programs mean it"),
        pytest.param("iso-8859-1", "hô".encode(), "hÃ´", id="Latin-1 is believed where it can be true"),
        pytest.param("x-mac-roman", b"\x8e", "é", id="a charset of before its registration"),
        pytest.param("cp-850", b"\x82", "é", id="a code page with a hyphen"),
        pytest.param("windows-874", b"\xa1", "\u0e01", id="a code page of Windows"),
        pytest.param("gb2312", b"\xe9F", "镕", id="the wider Chinese charset"),
        pytest.param("ks_c_5601-1987", b"\x81A", "갂", id="the wider Korean charset"),
        pytest.param("utf-8", b"\xef\xbb\xbf\xc3\xa9", "é", id="a byte order mark"),
        pytest.param("iso-8859-1 (texte)", b"\xe9", "é", id="a comment"),
        pytest.param("ISO-8859-15", b"\xa4", "€", id="Latin-9"),
        pytest.param("windows-1252", b"\x80", "€", id="Windows"),
    ],
)
def test_a_text_is_read_by_its_charset_or_else_as_well_as_can_be(charset: str, body: bytes, text: str) -> None:
    assert text_of(f"text/plain; charset={charset}", body) == text


@pytest.mark.parametrize(
    ("charset", "body", "encoding"),
    [
        pytest.param("utf-7", b"+2AA-", "7bit", id="half a surrogate pair in UTF-7"),
        pytest.param("unicode_escape", b"\\ud800", "7bit", id="half a surrogate pair in an escape"),
        pytest.param("unicode_escape", b"\\q", "7bit", id="an escape that Python warns of"),
        pytest.param("raw_unicode_escape", b"\\ud800", "7bit", id="half a surrogate pair in a raw escape"),
        pytest.param("utf-8", b"AGEA", "base64", id="NULs behind base64"),
        pytest.param("utf-16", b"AGEAAA==", "base64", id="NULs in UTF-16"),
        pytest.param("x-none", b"=00a", "quoted-printable", id="a NUL in a charset that is none"),
    ],
)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_text_can_always_be_stored(kind: str, charset: str, body: bytes, encoding: str) -> None:
    text = text_of(f"text/{kind}; charset={charset}", body, encoding)
    assert "\x00" not in text
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("<p>Bonjour</p>", "Bonjour", id="tags"),
        pytest.param("Caf&eacute; &amp; th&#233; &lt;b&gt;", "Café & thé <b>", id="entities"),
        pytest.param("<style>p{}</style>Bonjour<script>alert(1)</script>", "Bonjour", id="what is not seen"),
        pytest.param("<STYLE type='a'>p{}</Style >Bonjour", "Bonjour", id="what is not seen, in any case"),
        pytest.param("<head><title>t</title></head>Bonjour", "Bonjour", id="the head"),
        pytest.param("<header>Bonjour</header>", "Bonjour", id="a header is no head"),
        pytest.param("Bonjour <", "Bonjour <", id="a bracket opened"),
        pytest.param("&#0;&#xD800;", "\ufffd\ufffd", id="entities that are no letters"),
    ],
)
def test_html_is_read_without_its_tags(html: str, text: str) -> None:
    assert text_of("text/html; charset=utf-8", html.encode()).strip() == text


def part(content_type: str, body: str, disposition: str = "inline") -> bytes:
    return f"--b\r\nContent-Type: {content_type}\r\nContent-Disposition: {disposition}\r\n\r\n{body}\r\n".encode()


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        pytest.param([], "", id="no part"),
        pytest.param([part("application/pdf", "x")], "", id="only a file"),
        pytest.param([part("text/plain", "file", "attachment")], "", id="only a text file"),
        pytest.param([part("text/plain", "file", "attachment"), part("text/plain", "text")], "text", id="a text file first"),
        pytest.param([part("text/plain", "text"), part("text/html", "<p>html</p>")], "text", id="plain then HTML"),
        pytest.param([part("text/html", "<p>html</p>"), part("text/plain", "text")], "text", id="HTML then plain"),
        pytest.param([part("text/html", "one"), part("text/html", "two")], "one", id="two HTML"),
        pytest.param([part("text/calendar", "x"), part("text/html", "html")], "html", id="a calendar first"),
    ],
)
def test_the_text_of_a_message_is_its_first_plain_text_else_its_first_html(parts: list[bytes], text: str) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"".join(parts) + b"--b--\r\n"
    assert parse(raw).text.strip() == text


@pytest.mark.parametrize("order", ["; title*=x; title*0=y", "; title*0=y; title*=x"])
def test_a_parameter_that_is_whole_and_in_pieces_does_not_stop_the_reader(order: str) -> None:
    message = parse(f"Content-Type: text/plain; charset=utf-8{order}\r\n\r\nBonjour".encode())
    assert (message.root.params["title"], message.text) == ("x", "Bonjour")


@pytest.mark.parametrize("before", range(5))
@pytest.mark.parametrize("letter", ["é", "日", "𝄞"], ids=["of two octets", "of three", "of four"])
def test_of_a_long_text_as_it_came_only_the_beginning_is_decoded_and_no_letter_is_cut(before: int, letter: str) -> None:
    text = "a" * before + letter * 40_000
    raw = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + text.encode() + b"\r\n"
    assert parse(raw, ParseLimits(search_text_chars=1_000)).text == text[:1_000]


def test_a_boundary_is_taken_as_it_was_written() -> None:
    for boundary in ("a\tb", "a  b"):
        head = f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
        raw = f"{head}--{boundary}\r\n\r\nBonjour\r\n--{boundary}--\r\n".encode()
        assert parse(raw).text.strip() == "Bonjour"
