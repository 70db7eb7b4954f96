"""What is taken out of a letter for whoever tests with it."""

import pytest

from mss_sim.mail.extracts import Extracts, extracts
from mss_sim.mail.parse import ParseLimits, parse
from mss_sim.mail.summary import read_summary, write_summary

_LIMITS = ParseLimits(header_size_bytes=1 << 20, header_count=1_000, parts=100, depth=20)


def _taken(text: str, subject: str = "Bonjour", **headers: str) -> Extracts:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    raw = f"Subject: {subject}\r\n{more}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()
    return extracts(raw, read_summary(write_summary(parse(raw, _LIMITS), 0)), subject)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Votre code : 482913.", ("482913",)),
        ("1234", ("1234",)),
        ("123", ()),
        ("123456789", ()),
        ("12345678", ("12345678",)),
        ("a1234 1234b x-1234 1234-x", ()),
        ("1234 1234 5678", ("1234", "5678")),
        ("12.3456 3,1415", ()),
        ("", ()),
    ],
)
def test_codes_are_numbers_of_four_to_eight_digits_that_stand_alone(text: str, codes: tuple[str, ...]) -> None:
    assert _taken(text).codes == codes


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("voir https://a.fr/b?c=1.", ("https://a.fr/b?c=1",)),
        ("<http://a.fr> et (https://b.fr/x)", ("http://a.fr", "https://b.fr/x")),
        ("ftp://a.fr javascript:alert(1)", ()),
        ('"https://a.fr/b"', ("https://a.fr/b",)),
    ],
)
def test_links_are_those_of_the_web_without_what_ends_a_sentence(text: str, links: tuple[str, ...]) -> None:
    assert _taken(text).links == links


@pytest.mark.parametrize(
    ("text", "ins"),
    [
        ("285037511300167", ("285037511300167",)),
        ("1250620A0000114", ()),
        ("125062A00401714", ("125062A00401714",)),
        ("x285037511300167", ()),
        ("2850375113001670", ()),
    ],
)
def test_ins_are_fifteen_characters(text: str, ins: tuple[str, ...]) -> None:
    assert _taken(text).ins == ins


def test_a_letter_that_closes_says_so() -> None:
    assert _taken("", "[FIN]").closes
    assert _taken("", X_MSS_MES="fin").closes
    assert not _taken("[FIN]", "[Fin]").closes


_PARCEL = b"""Subject: Compte rendu\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
Voici.\r
--b\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename="cr.pdf"\r
\r
%PDF-1.4\r
--b\r
Content-Type: application/octet-stream\r
Content-Disposition: attachment\r
\r
x\r
--b\r
Content-Type: text/html\r
\r
<p>Voici.</p>\r
--b--\r
"""


def test_documents_are_what_is_attached_by_its_file_name_and_never_the_text() -> None:
    summary = read_summary(write_summary(parse(_PARCEL, _LIMITS), 0))
    assert extracts(_PARCEL, summary, "Compte rendu").documents == ("cr.pdf", "")
    assert _taken("Voici.").documents == ()


def test_there_are_at_most_a_hundred_of_each() -> None:
    assert len(_taken(" ".join(str(number) for number in range(1_000, 2_000))).codes) == 100


_PAGE = "<html><style>.a {{ width: 1234 }}</style><p>Votre code&nbsp;: <b>482913</b>, INS 285037511300167</p>{links}</html>"


def _of_parts(*parts: tuple[str, str]) -> Extracts:
    body = "".join(f"--x\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{text}\r\n" for kind, text in parts)
    raw = f'Subject: Bonjour\r\nContent-Type: multipart/alternative; boundary="x"\r\n\r\n{body}--x--\r\n'.encode()
    return extracts(raw, read_summary(write_summary(parse(raw, _LIMITS), 0)), "Bonjour")


def test_a_letter_in_html_alone_is_read_without_its_tags() -> None:
    found = _of_parts(("text/html", _PAGE.format(links="")))
    assert (found.codes, found.ins) == (("482913",), ("285037511300167",))


@pytest.mark.parametrize(
    ("tag", "links"),
    [
        ('<a href="https://a.fr/?x=1&amp;y=2.">Confirmer</a>', ("https://a.fr/?x=1&y=2.",)),
        ("<A class='b' HREF = 'http://a.fr'>Confirmer</A>", ("http://a.fr",)),
        ("<a href=https://a.fr/b>https://a.fr/b</a>", ("https://a.fr/b",)),
        ('<a href="mailto:a@b.fr">x</a><img src="https://a.fr/pixel"><link href="https://a.fr/style">', ()),
        ('<abbr href="https://a.fr">x</abbr>', ()),
    ],
)
def test_links_of_html_are_taken_where_they_lead_to(tag: str, links: tuple[str, ...]) -> None:
    assert _of_parts(("text/html", _PAGE.format(links=tag))).links == links
    beside = _of_parts(("text/plain", "Code 1111, voir https://z.fr"), ("text/html", _PAGE.format(links=tag)))
    assert (beside.codes, beside.links) == (("1111",), ("https://z.fr", *links)), "the text is the plain one"


def test_a_page_that_is_all_openings_costs_no_more_than_another() -> None:
    assert _of_parts(("text/html", "<a href=" * 100_000)).links == ()
    assert _of_parts(("text/html", "<a " + "x " * 100_000)).links == ()


def _report(kind: str, fields: str, *, above: int = 0) -> Extracts:
    """A report with these fields, below so many more parts."""
    begun = "".join(f'Content-Type: multipart/mixed; boundary="{level}"\r\n\r\n--{level}\r\n' for level in range(above))
    over = "".join(f"\r\n--{level}--" for level in reversed(range(above)))
    parts = f"--x\r\n{begun}\r\nVoici.{over}\r\n--x\r\nContent-Type: message/{kind}\r\n\r\n{fields}\r\n--x--\r\n"
    raw = f'Subject: Bonjour\r\nContent-Type: multipart/report; report-type={kind}; boundary="x"\r\n\r\n{parts}'.encode()
    limits = ParseLimits(header_size_bytes=1 << 20, header_count=1_000, parts=1_000, depth=1_000)
    return extracts(raw, read_summary(write_summary(parse(raw, limits), 0)), "Bonjour")


_MDN = "Final-Recipient: rfc822;a@b.fr\r\nOriginal-Message-ID: <1@b.fr>\r\nDisposition: manual-action/MDN-sent-manually; {}\r\n"
_DSN = "Reporting-MTA: dns; b.fr\r\n\r\nFinal-Recipient: rfc822;a@b.fr\r\nAction: {}\r\nStatus: 5.1.1\r\n"


@pytest.mark.parametrize(
    ("kind", "fields", "receipt"),
    [
        ("disposition-notification", _MDN.format("displayed"), "displayed"),
        ("disposition-notification", _MDN.format("processed/error"), "processed/error"),
        ("disposition-notification", _MDN.format("deleted"), "deleted"),
        ("disposition-notification", "Final-Recipient: rfc822;a@b.fr\r\n", None),
        ("delivery-status", _DSN.format("failed"), "failed"),
        ("delivery-status", _DSN.format("Delayed"), "delayed"),
        ("delivery-status", "Reporting-MTA: dns; b.fr\r\n", None),
    ],
)
def test_what_a_report_tells_is_its_receipt(kind: str, fields: str, receipt: str | None) -> None:
    assert _report(kind, fields).receipt == receipt


def test_a_letter_that_asks_for_a_read_receipt_says_so() -> None:
    assert _taken("Voici.").receipt is None
    assert _taken("Voici.", Disposition_Notification_To="<a@b.fr>").receipt == "requested"


def test_a_report_that_is_nested_deeper_than_anybody_reads_tells_nothing() -> None:
    deep = {above: _report("delivery-status", _DSN.format("failed"), above=above).receipt for above in (99, 100)}
    assert deep == {99: "failed", 100: None}
