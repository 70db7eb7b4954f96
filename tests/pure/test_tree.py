"""The parts of a message as people look at them."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest

from mss_sim.mail import tree as mail_tree
from mss_sim.mail.tree import Branch, tree


def _shape(branch: Branch) -> object:
    return [branch.number, branch.content_type, *map(_shape, branch.children)]


def _letter() -> EmailMessage:
    letter = EmailMessage(policy=SMTP)
    letter["From"], letter["Subject"] = "a@b.fr", "Bilan"
    letter.set_content("Déjà vu.", charset="iso-8859-1", cte="quoted-printable")
    return letter


def test_a_plain_letter_is_part_1() -> None:
    found = tree(_letter().as_bytes())
    assert (found.number, found.content_type, found.charset, found.encoding) == ("1", "text/plain", "iso-8859-1", "quoted-printable")
    assert (found.size_bytes, found.decoded_bytes) == (len(b"D=E9j=E0 vu.\r\n"), len(b"D\xe9j\xe0 vu.\r\n"))


def test_parts_have_the_numbers_that_imap_gives_them() -> None:
    letter = _letter()
    letter.add_alternative("<p>x</p>", subtype="html")
    letter.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="bilan é.pdf")
    found = tree(letter.as_bytes())
    assert _shape(found) == [
        *[None, "multipart/mixed"],
        ["1", "multipart/alternative", ["1.1", "text/plain"], ["1.2", "text/html"]],
        ["2", "application/pdf"],
    ]
    assert found.decoded_bytes is None
    file = found.children[1]
    assert (file.filename, file.disposition, file.encoding, file.decoded_bytes) == ("bilan é.pdf", "attachment", "base64", 8)


def test_an_attached_message_is_opened() -> None:
    inner, outer, plain = _letter(), _letter(), _letter()
    inner.add_attachment(b"x", maintype="application", subtype="zip", filename="x.zip")
    outer.add_attachment(inner)
    outer.add_attachment(plain)
    assert _shape(tree(outer.as_bytes())) == [
        *[None, "multipart/mixed"],
        ["1", "text/plain"],
        ["2", "message/rfc822", [None, "multipart/mixed", ["2.1", "text/plain"], ["2.2", "application/zip"]]],
        ["3", "message/rfc822", ["3.1", "text/plain"]],
    ]


def test_an_attached_message_ends_where_its_part_does() -> None:
    inner = b"Subject: Bilan\r\n\r\nJoint.\r\n"
    part = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner
    (attached, _) = tree(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part + b"\r\n--b\r\n\r\nafter\r\n--b--\r\n").children
    assert (attached.size_bytes, [one.size_bytes for one in attached.children]) == (len(inner), [len(b"Joint.\r\n")])


def test_what_is_nested_over_a_hundred_levels_is_not_opened() -> None:
    found, depth = tree(b"Content-Type: message/rfc822\r\n\r\n" * 5_000), 0
    while found.children:
        found, depth = found.children[0], depth + 1
    assert depth == 100
    boundaries = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 200
    assert tree(boundaries).content_type == "multipart/mixed"


def test_levels_are_counted_through_messages_and_parts() -> None:
    """Forty parts in one another, in sixty messages in one another: a hundred levels. One more, and the innermost message is not opened."""

    def deepest(messages: int, parts: int) -> int:
        inner = b"x\r\n"
        for number in range(parts):
            boundary = b"b%d" % number
            inner = b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n--%b\r\n%b\r\n--%b--\r\n" % (boundary, boundary, inner, boundary)
        found, depth = tree(b"Content-Type: message/rfc822\r\n\r\n" * messages + inner), 0
        while found.children:
            found, depth = found.children[0], depth + 1
        return depth

    assert (deepest(60, 40), deepest(60, 41), deepest(60, 1)) == (100, 59, 61)


def test_a_message_of_too_many_parts_is_octets(monkeypatch: pytest.MonkeyPatch) -> None:
    letter = _letter()
    letter.add_alternative("<p>x</p>", subtype="html")
    raw = letter.as_bytes()
    monkeypatch.setattr(mail_tree, "_PARTS_MAX", 3)
    assert tree(raw).content_type == "multipart/alternative"
    monkeypatch.setattr(mail_tree, "_PARTS_MAX", 2)
    assert tree(raw) == Branch(None, "application/octet-stream", None, None, None, "binary", None, len(raw), len(raw), ())
