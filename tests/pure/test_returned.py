"""The letter that a report gives back, and which of several letters it is."""

import base64

import pytest

from mss_sim.mail import returned_plain
from mss_sim.mail.parse import parse
from mss_sim.mail.returned import likeness, returned_letter

HEAD = b"From: a@b.fr\r\nSubject: Bilan\r\nDate: Mon, 05 Jan 2026 09:00:00 +0100\r\nMessage-ID: <l1@b.fr>\r\n"
LETTER = HEAD + b"\r\nBonjour\r\n"
TRACE = b"Return-Path: <a@b.fr>\r\nReceived: from x\r\n\tby y; now\r\n"


def report(kind: str, octets: bytes, *lines: str) -> bytes:
    top = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nhuman\r\n--b\r\n"
    head = "".join(f"{line}\r\n" for line in (f"Content-Type: {kind}", *lines)).encode()
    return top + head + b"\r\n" + octets + b"\r\n--b--\r\n"


@pytest.mark.parametrize("kind", ["message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"])
def test_what_a_report_gives_back_keeps_every_octet(kind: str) -> None:
    raw = report(kind, LETTER)
    assert returned_letter(raw, parse(raw).root) == LETTER
    assert returned_letter(raw, parse(raw).root, 10) == LETTER[:10]


@pytest.mark.parametrize("raw", [LETTER, report("text/plain", LETTER), report("message/partial", LETTER)])
def test_a_letter_and_a_report_that_gives_nothing_back_give_none(raw: bytes) -> None:
    assert returned_letter(raw, parse(raw).root) is None


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "7bit", "8bit", "binary"])
def test_an_encoded_letter_has_our_line_ends_and_another_its_own(encoding: str) -> None:
    others = LETTER.replace(b"\r\n", b"\n")
    octets = base64.b64encode(others) if encoding == "base64" else others
    raw = report("message/rfc822", octets, f"Content-Transfer-Encoding: {encoding}")
    root = parse(report("message/rfc822", octets.replace(b"\n", b"_"), f"Content-Transfer-Encoding: {encoding}")).root
    assert returned_letter(raw, root) == (LETTER if encoding in ("base64", "quoted-printable") else others)


@pytest.mark.parametrize(
    ("returned", "degree"),
    [
        (None, 0),
        (b"", 0),
        (HEAD.replace(b"Bilan", b"Autre"), 0),
        (b"Message-ID: <l1@b.fr>\r\n\r\nx\r\n", 0),
        (b"X: y\r\n" + LETTER, 1),
        (HEAD, 2),
        (HEAD + b"\r\nBonsoir\r\n", 2),
        (TRACE + HEAD, 2),
        (LETTER, 3),
        (LETTER.rstrip(b"\r\n"), 3),
        (LETTER.rstrip(b"\r\n") + b" ", 2),
        (HEAD.rstrip(b"\r\n") + b" ", 1),
        (TRACE + LETTER, 3),
        (b"X: y\r\n" * 10_001 + LETTER, 0),
    ],
)
def test_the_more_of_a_letter_is_given_back_the_surer_it_is(returned: bytes | None, degree: int) -> None:
    assert likeness(returned, b"Received: z\r\n" + LETTER) == degree


def test_two_letters_without_subject_and_date_are_not_alike() -> None:
    assert likeness(b"To: a@b.fr\r\n\r\nx", b"To: c@d.fr\r\n\r\ny") == 0


@pytest.mark.parametrize(
    ("text", "letter", "encoding"),
    [("Inconnu.", LETTER, "7bit"), ("Inconnu à Nîmes.", LETTER, "8bit"), ("Inconnu.", LETTER + b"\xe9", "8bit")],
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_letter_that_is_returned_in_plain_words_says_how_its_octets_are_written(
    text: str, letter: bytes, encoding: str, whole: bool
) -> None:
    made = returned_plain.compose([("Subject", ["Retour"])], text, letter, whole=whole)
    encoding = encoding if whole or not text.isascii() else "7bit"
    assert made.count(f"Content-Transfer-Encoding: {encoding}\r\n".encode()) == made.count(b"Content-Transfer-Encoding: ") == 3
    assert (encoding == "7bit") is made.isascii()
    told, returned = parse(made).root.leaves() if not whole else parse(made).root.children
    assert (told.content_type, made[told.start : told.end].decode().strip()) == ("text/plain", text)
    assert made[returned.start : returned.end] == (letter if whole else HEAD)
    assert returned.content_type == ("message/rfc822" if whole else "text/rfc822-headers")
