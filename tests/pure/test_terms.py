"""Terms of a search that look inside a letter."""

import pytest

from mss_sim.mail.parse import parse
from mss_sim.mail.summary import Summary, read_summary, write_summary
from mss_sim.mail.terms import LOOKING_INSIDE, Term, TermKind, hidden_people, holds, listed_files

_BOUNDARY = b"\r\n--b\r\n"
_HEADER = (
    b"From: Paul <paul@h.fr>\r\nTo: =?utf-8?q?H=C3=A9l=C3=A8ne?= <helene@c.fr>\r\nCc: marc@c.fr\r\nReply-To: accueil@c.fr\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n"
)
_RAW = _BOUNDARY.join(
    [
        _HEADER,
        b"Content-Type: text/plain\r\n\r\nx",
        b"Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\nx",
        b"Content-Type: image/png\r\nContent-Disposition: inline; filename=i.png\r\n\r\nx",
        b"Content-Type: image/png\r\nContent-ID: <logo>\r\n\r\nx",
        b"Content-Type: application/octet-stream; name=o.bin\r\n\r\nx",
        b"Content-Type: message/delivery-status\r\n\r\nx",
    ]
)


def _summary(raw: bytes = _RAW) -> Summary:
    return read_summary(write_summary(parse(raw + b"\r\n--b--\r\n"), 0))


def test_files_are_attached_or_inline_and_have_a_name_or_an_id() -> None:
    attached, inline = listed_files(_summary().leaves)
    assert [leaf["number"] for leaf in attached] == ["2", "5"]
    assert [leaf["number"] for leaf in inline] == ["3", "4"]


def test_who_is_named_nowhere_is_hidden() -> None:
    assert [one["address"] for one in hidden_people(_summary(), ["marc@c.fr", "secret@c.fr"])] == ["secret@c.fr"]


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        (TermKind.TO, "helene@c", True),
        (TermKind.TO, "helene", True),
        (TermKind.TO, "marc", False),
        (TermKind.CC, "marc", True),
        (TermKind.CC, "helene", False),
        (TermKind.BCC, "secret", True),
        (TermKind.BCC, "marc", False),
        (TermKind.REPLY_TO, "accueil", True),
        (TermKind.REPLY_TO, "paul", False),
        *((TermKind.ANYBODY, who, True) for who in ("paul", "helene", "marc", "secret", "accueil")),
        (TermKind.ANYBODY, "nobody", False),
        (TermKind.ATTACHMENT, "", True),
        (TermKind.INLINE, "", True),
    ],
)
@pytest.mark.parametrize("excluded", [False, True])
def test_a_term_holds_or_not(kind: TermKind, value: str, *, found: bool, excluded: bool) -> None:
    assert kind in LOOKING_INSIDE
    assert holds(Term(kind, value, excluded), _summary(), ["marc@c.fr", "secret@c.fr"]) is (found is not excluded)


def test_a_plain_letter_has_no_files() -> None:
    plain = _summary(b"From: a@b.fr\r\n\r\nx")
    assert not holds(Term(TermKind.ATTACHMENT), plain, [])
    assert not holds(Term(TermKind.INLINE), plain, [])
