"""What is kept of a message beside it: written when it is stored, read for lists and searches."""

import json

from mss_sim.mail.parse import parse
from mss_sim.mail.summary import Leaf, Person, Summary, read_summary, shown_text, write_summary

LETTER = (
    b"From: Ana <a@x.fr>\r\nSender: s@x.fr\r\nReply-To: r@x.fr\r\nTo: b@x.fr, Bea <c@x.fr>\r\nCc: d@x.fr\r\nSubject: Bilan\r\n"
    b"In-Reply-To: <2@x.fr>\r\nReferences: <1@x.fr> <2@x.fr>\r\nDisposition-Notification-To: a@x.fr\r\nX-MSS-MES: FIN\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBonjour\r\n"
    b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\nContent-ID: <f@x>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nQQ==\r\n--b--\r\n"
)


def test_a_summary_is_read_as_it_was_written_with_the_place_of_each_part() -> None:
    shift = 100
    text, file = LETTER.index(b"Bonjour") + shift, LETTER.index(b"QQ==") + shift
    assert read_summary(write_summary(parse(LETTER), shift)) == Summary(
        from_=[Person(name="Ana", address="a@x.fr")],
        sender=[Person(name="", address="s@x.fr")],
        reply_to=[Person(name="", address="r@x.fr")],
        to=[Person(name="", address="b@x.fr"), Person(name="Bea", address="c@x.fr")],
        cc=[Person(name="", address="d@x.fr")],
        in_reply_to=["<2@x.fr>"],
        references=["<1@x.fr>", "<2@x.fr>"],
        receipt_to=["a@x.fr"],
        mes="FIN",
        has_xdm=False,
        preview="Bonjour",
        is_report=False,
        leaves=[
            Leaf(
                number="1",
                type="text/plain",
                charset="utf-8",
                disposition=None,
                filename=None,
                encoding="7bit",
                content_id=None,
                start=text,
                end=text + 7,
                attachment=False,
            ),
            Leaf(
                number="2",
                type="application/pdf",
                charset=None,
                disposition="attachment",
                filename="a.pdf",
                encoding="base64",
                content_id="<f@x>",
                start=file,
                end=file + 4,
                attachment=True,
            ),
        ],
        exact_subject=None,
    )


def test_the_text_that_is_shown_is_the_first_of_its_type_that_is_not_attached_in_its_charset() -> None:
    part = "--b\r\nContent-Type: {}\r\nContent-Disposition: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n{}\r\n"
    parts = [
        ("text/plain", "attachment", "7bit", "joint"),
        ("text/html; charset=iso-8859-5", "inline", "quoted-printable", "=D0=D1"),
        ("text/plain; charset=koi8-r", "inline", "base64", "wcI="),
        ("text/plain", "inline", "7bit", "autre"),
    ]
    raw = ("Content-Type: multipart/mixed; boundary=b\r\n\r\n" + "".join(part.format(*one) for one in parts) + "--b--\r\n").encode()
    leaves = read_summary(write_summary(parse(raw), 0)).leaves
    assert [shown_text(raw, leaves, kind) for kind in ("text/plain", "text/html", "text/csv")] == ["аб", "аб", None]


def test_the_exact_subject_is_kept_where_it_is_not_the_one_that_is_shown() -> None:
    assert "exact_subject" not in json.loads(write_summary(parse(LETTER), 0))
    spaced = parse(LETTER.replace(b"Subject: Bilan", b"Subject:  [FIN]"))
    assert read_summary(write_summary(spaced, 0)).exact_subject == " [FIN]"


def test_a_preview_that_is_no_text_can_be_kept() -> None:
    message = parse(LETTER)._replace(text="a\udce9")
    assert read_summary(write_summary(message, 0)).preview == "a\ufffd"
