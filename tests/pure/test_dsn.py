"""Delivery status notifications: what we compose we parse again, forged or broken ones are none, nothing is smuggled."""

import base64
from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.clock import DAY, SECOND
from mss_sim.mail.dsn import DsnEnvelope, ParsedDsn, RecipientStatus, compose, parse
from mss_sim.mail.parse import ParsedMessage
from mss_sim.mail.parse import parse as read
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import DsnAction

AT = 1_767_600_000 * SECOND
ANA, BEA = "ana.roy@sim.mssante.fr", "bea.petit@sim.mssante.fr"
LETTER = b"From: ana.roy@sim.mssante.fr\r\nMessage-ID: <l1@sim.mssante.fr>\r\nSubject: Bilan\r\n\r\nBonjour\r\n"
FAILED = RecipientStatus(BEA, DsnAction.FAILED, "5.1.1", "550 5.1.1 There is no mailbox")


def composed(
    *statuses: RecipientStatus,
    sender: str = ANA,
    envelope_id: str | None = None,
    return_full: bool = True,
    letter: bytes = LETTER,
    language: Language = Language.EN,
) -> bytes:
    return compose(
        DsnEnvelope(sender, AT - DAY, envelope_id, return_full, letter),
        statuses or (FAILED,),
        reporting_mta="mx.sim.mssante.fr",
        from_="mailer-daemon@sim.mssante.fr",
        message_id="<d1@sim.mssante.fr>",
        at=AT,
        language=language,
    )


def parsed(raw: bytes) -> ParsedDsn | None:
    return parse(raw, read(raw).root)


def one_status(raw: bytes) -> RecipientStatus:
    notification = parsed(raw)
    assert notification is not None
    [status] = notification.recipients
    return status


def returned(raw: bytes) -> tuple[str, bytes]:
    """(type, octets) of the part that gives the letter back."""
    part = read(raw).root.children[2]
    return part.content_type, raw[part.start : part.end]


def report(groups: bytes, report_type: str = "delivery-status", part_type: str = "message/delivery-status") -> bytes:
    head = f'Content-Type: multipart/report; report-type={report_type}; boundary="b"\r\n\r\n--b\r\n\r\nhuman\r\n--b\r\n'
    return head.encode() + f"Content-Type: {part_type}\r\n\r\n".encode() + groups + b"\r\n--b--\r\n"


MTA = b"Reporting-MTA: dns; mx.b.fr\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(LETTER, id="an ordinary letter"),
        pytest.param(
            b"Subject: Undelivered Mail Returned to Sender\r\n\r\nFinal-Recipient: rfc822; a@b.fr\r\nAction: failed", id="only text"
        ),
        pytest.param(report(MTA), id="nobody"),
        pytest.param(report(b""), id="empty"),
        pytest.param(report(b"\r\n\r\n\r\n"), id="only empty lines"),
        pytest.param(report(b"\xff\xfe\x01"), id="no fields at all"),
        pytest.param(report(MTA + b"Action: failed\r\nStatus: 5.1.1"), id="no recipient"),
        pytest.param(report(MTA + b"Final-Recipient: rfc822; a@b.fr\r\nStatus: 5.1.1"), id="no action"),
        pytest.param(report(MTA + b"Final-Recipient: rfc822; a@b.fr\r\nAction: lost"), id="an action that is none"),
        pytest.param(report(MTA + b"Final-Recipient: rfc822; nobody\r\nAction: failed"), id="a recipient that is no address"),
        pytest.param(report(MTA + b"Final-Recipient:\r\nAction: failed"), id="an empty recipient"),
        pytest.param(report(MTA + b"Final-Recipient: rfc822; a@b.fr\r\n\r\nAction: failed"), id="recipient and action in two groups"),
        pytest.param(report(b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed", "disposition-notification"), id="another report"),
        pytest.param(report(b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed", part_type="text/plain"), id="another part"),
        pytest.param(
            report(b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed").replace(b"multipart/report", b"multipart/mixed"), id="no report"
        ),
        pytest.param(
            report(b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed").replace(b"report-type=delivery-status;", b""), id="no report type"
        ),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n" + composed() + b"\r\n--o--\r\n",
            id="a notification that somebody forwards",
        ),
    ],
)
def test_what_is_no_notification_gives_none(raw: bytes) -> None:
    assert parsed(raw) is None


@pytest.mark.parametrize(
    ("group", "status"),
    [
        pytest.param(b"Action: failed\r\nFinal-Recipient: rfc822; a@b.fr", RecipientStatus("a@b.fr", DsnAction.FAILED, ""), id="least"),
        pytest.param(
            b"ACTION: Delayed\r\nFINAL-RECIPIENT: RFC822;<A@B.FR>\r\nSTATUS: 4.4.1",
            RecipientStatus("a@b.fr", DsnAction.DELAYED, "4.4.1"),
            id="upper case and brackets",
        ),
        pytest.param(
            b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; 550 a;\r\n b",
            RecipientStatus("a@b.fr", DsnAction.FAILED, "5.0.0", "550 a; b"),
            id="a folded diagnostic with a semicolon",
        ),
        pytest.param(
            b"Final-Recipient: rfc822 (x;y); <a@b.fr> (z)\r\nAction: (vu) FAILED (permanent);\r\nStatus: 5.1.1 (inconnu)",
            RecipientStatus("a@b.fr", DsnAction.FAILED, "5.1.1"),
            id="comments and a stray semicolon",
        ),
        pytest.param(
            b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed\r\nDiagnostic-Code: (x) smtp (y;z); 550 no (really); no",
            RecipientStatus("a@b.fr", DsnAction.FAILED, "", "550 no (really); no"),
            id="comments before a diagnostic, which has none",
        ),
        pytest.param(
            b"Original-Recipient: rfc822; a@b.fr\r\nFinal-Recipient: x400; /C=FR/\r\nAction: failed",
            RecipientStatus("a@b.fr", DsnAction.FAILED, "", original="rfc822; a@b.fr"),
            id="a recipient of another kind of mail",
        ),
        pytest.param(
            b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed\r\nAction: delivered\r\nnonsense",
            RecipientStatus("a@b.fr", DsnAction.FAILED, ""),
            id="the first of two actions, and a line that is no field",
        ),
    ],
)
def test_a_notification_of_another_operator_is_read(group: bytes, status: RecipientStatus) -> None:
    assert one_status(report(MTA + group)) == status


@pytest.mark.parametrize(
    ("original", "final", "known_as"),
    [
        (b"rfc822;b@b.fr", b"rfc822; a@b.fr", ("b@b.fr", "a@b.fr")),
        (b"rfc822;a+2Bb@b.fr", b"rfc822; c@b.fr", ("a+2bb@b.fr", "a+b@b.fr", "c@b.fr")),
        (b"utf-8; \\x{E9}@b.fr", b"utf-8; \xc3\xa9@b.fr", ("é@b.fr",)),
        (b"utf-8; \\x{1F600}@b.fr", b"utf-8; \\x{D800}@b.fr", ("😀@b.fr",)),
        (b"utf-8; \\x{110000}@b.fr", b"utf-8; a@b.fr", ("a@b.fr",)),
        (b"unknown", b"rfc822; a@b.fr", ("a@b.fr",)),
    ],
)
def test_a_recipient_is_known_by_who_was_written_to_first(original: bytes, final: bytes, known_as: tuple[str, ...]) -> None:
    group = b"Original-Recipient: " + original + b"\r\nFinal-Recipient: " + final + b"\r\nAction: failed"
    assert one_status(report(MTA + group)).known_as == known_as


def test_a_notification_in_the_form_of_internationalised_mail_is_read() -> None:
    raw = report(MTA + "Final-Recipient: utf-8; été@b.fr\r\nAction: failed".encode(), part_type="message/global-delivery-status")
    returned_letter = b"--b\r\nContent-Type: message/global\r\n\r\nMessage-ID: <l1@b.fr>\r\nSubject: \xc3\xa9\r\n\r\nx\r\n--b--\r\n"
    notification = parsed(raw.replace(b"--b--\r\n", returned_letter))
    assert notification == ParsedDsn(None, "<l1@b.fr>", (RecipientStatus("été@b.fr", DsnAction.FAILED, ""),))


def test_a_recipient_that_cannot_be_read_does_not_hide_the_others() -> None:
    bad, good = b"Final-Recipient: rfc822; nobody\r\nAction: failed\r\n\r\n", b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed"
    assert one_status(report(MTA + bad + good)).address == "a@b.fr"


@pytest.mark.parametrize(
    "report_type", ['"Delivery-Status"', "delivery-status (x)", "us-ascii''delivery-status", "delivery-; report-type*1=status"]
)
def test_the_type_of_a_report_may_be_written_in_many_ways(report_type: str) -> None:
    raw = report(MTA + b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed", report_type)
    name = b"report-type*0=" if b"*1=" in raw else b"report-type*=" if b"''" in raw else b"report-type="
    assert one_status(raw.replace(b"report-type=", name)).address == "a@b.fr"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_notification_may_come_encoded(encoding: str) -> None:
    codes = {
        "base64": b"RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAYi5mcg0KQWN0aW9uOiBmYWlsZWQNCg==",
        "quoted-printable": b"Final-Recipient: rfc822; a=40b.fr\r\nAction: fai=\r\nled\r\n",
    }
    raw = report(codes[encoding], part_type=f"message/delivery-status\r\nContent-Transfer-Encoding: {encoding}")
    assert one_status(raw) == RecipientStatus("a@b.fr", DsnAction.FAILED, "")


@pytest.mark.parametrize("header", [b"Subject: s\nMessage-ID: <l1@b.fr>\n", b"Message-ID: <l1@b.fr>\r\n"])
def test_a_returned_header_in_base64_may_have_any_line_ends(header: bytes) -> None:
    part = b"--b\r\nContent-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(header)
    raw = report(MTA + b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed").replace(b"--b--", part + b"\r\n--b--")
    notification = parsed(raw)
    assert notification is not None
    assert notification.message_id == "<l1@b.fr>"


def test_words_behind_a_status_are_none_of_it() -> None:
    assert one_status(report(MTA + b"Final-Recipient: rfc822; a@b.fr\r\nAction: failed\r\nStatus: 5.1.1 Bad address")).status == "5.1.1"


@pytest.mark.parametrize("action", list(DsnAction))
@pytest.mark.parametrize("envelope_id", [None, "QQ314159", "a b=c"])
def test_what_we_compose_we_parse_again(action: DsnAction, envelope_id: str | None) -> None:
    statuses = (
        RecipientStatus(BEA, action, "2.0.0", "250 2.0.0 OK", original="rfc822;Bea.Petit@sim.mssante.fr"),
        RecipientStatus("carl@b.fr", action, "2.1.5"),
    )
    assert parsed(composed(*statuses, envelope_id=envelope_id)) == ParsedDsn(envelope_id, "<l1@sim.mssante.fr>", statuses)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(RecipientStatus("é@b.fr", DsnAction.FAILED, "5.1.1", "550 no"), id="an address beyond ASCII"),
        pytest.param(RecipientStatus("é@b.fr", DsnAction.FAILED, "5.2.1", "550 La boîte est fermée"), id="a diagnostic beyond ASCII"),
        pytest.param(RecipientStatus(BEA, DsnAction.FAILED, "5.2.1", "550 no", original="utf-8;é@b.fr"), id="an original beyond ASCII"),
        pytest.param(RecipientStatus('"a b"@b.fr', DsnAction.FAILED, "5.1.1", "550 no"), id="a quoted address"),
        pytest.param(RecipientStatus('"a;b"@b.fr', DsnAction.FAILED, "5.1.1", "550 no"), id="a semicolon in a quoted address"),
        pytest.param(RecipientStatus(BEA, DsnAction.FAILED, "5.1.1", "550 a; b; c"), id="semicolons in a diagnostic"),
    ],
)
def test_whatever_we_say_of_a_recipient_we_parse_again(status: RecipientStatus) -> None:
    assert one_status(composed(status)) == status


def test_a_diagnostic_loses_its_accents_where_the_recipient_has_none_and_the_text_keeps_them() -> None:
    """ref: rfc3464#2.3.6"""
    raw = composed(RecipientStatus(BEA, DsnAction.FAILED, "5.2.1", "550 La boîte est fermée"), language=Language.FR)
    assert b"Diagnostic-Code: smtp; 550 La boite est fermee\r\n" in raw
    assert "(550 La boîte est fermée)".encode() in raw


@pytest.mark.parametrize(
    ("language", "subject", "sentence"),
    [
        (Language.EN, "Undelivered message", "Your message could not be delivered to the following recipients:"),
        (Language.FR, "Message non distribué", "Votre message n’a pas pu être remis aux destinataires suivants :"),
    ],
)
def test_a_notification_is_in_one_language_and_says_which(language: Language, subject: str, sentence: str) -> None:
    """ref: rfc3282#2"""
    raw = composed(RecipientStatus(BEA, DsnAction.FAILED, "5.1.1", "550 no"), language=language)
    report = message_from_bytes(raw, policy=default)
    told, machine, _ = report.iter_parts()
    assert (report["Subject"], told["Content-Language"]) == (subject, language.value)
    assert told.get_content().splitlines()[0] == sentence
    assert "Content-Language" not in machine


def test_an_envelope_id_with_accents_reads_the_same_again() -> None:
    notification = parsed(composed(envelope_id="été"))
    assert notification is not None
    assert notification.envelope_id == "été"


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\r\n\r\n"])
@pytest.mark.parametrize("field", ["diagnostic", "original", "remote", "envelope id", "sender"])
def test_no_text_carries_a_field_or_a_recipient_into_a_notification(field: str, line_break: str) -> None:
    lie = f"x{line_break}Final-Recipient: rfc822; lie@b.fr{line_break}Action: delivered{line_break}Bcc: lie@b.fr"
    status = RecipientStatus(
        BEA,
        DsnAction.FAILED,
        "5.1.1",
        diagnostic=f"550 {lie}" if field == "diagnostic" else "550 no",
        original=f"rfc822;{lie}" if field == "original" else None,
        remote_mta=lie if field == "remote" else None,
    )
    raw = composed(status, envelope_id=lie if field == "envelope id" else None, sender=f"{ANA}{lie}" if field == "sender" else ANA)
    told = one_status(raw)
    assert (told.address, told.action) == (BEA, DsnAction.FAILED)
    assert list(read(raw).headers.all("Bcc")) == []
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")


@pytest.mark.parametrize("action", list(DsnAction))
@pytest.mark.parametrize("return_full", [True, False])
def test_only_a_failed_letter_is_returned_whole_and_only_when_asked(action: DsnAction, return_full: bool) -> None:
    kind, octets = returned(composed(RecipientStatus(BEA, action, "2.0.0"), return_full=return_full))
    if return_full and action is DsnAction.FAILED:
        assert (kind, octets) == ("message/rfc822", LETTER)
    else:
        assert (kind, octets) == ("text/rfc822-headers", LETTER.partition(b"\r\n\r\n")[0] + b"\r\n")


@pytest.mark.parametrize(
    "letter",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Subject: s\r\n\r\nno line end", id="no line end"),
        pytest.param(LETTER + b"\xe9\xc3\xa9" * 9, id="octets of any charset"),
        pytest.param(LETTER + b"--report-0--\r\n", id="a boundary look-alike"),
        pytest.param(composed(), id="a notification"),
    ],
)
def test_a_returned_letter_keeps_every_octet(letter: bytes) -> None:
    raw = composed(letter=letter)
    assert returned(raw) == ("message/rfc822", letter)
    assert parsed(raw) is not None


def test_a_letter_of_any_size_is_returned_whole_when_it_was_asked_for() -> None:
    large = LETTER + b"x" * 2_000_000
    assert returned(composed(letter=large)) == ("message/rfc822", large)


def test_a_notification_goes_to_the_sender_and_asks_for_no_answer() -> None:
    message: ParsedMessage = read(composed())
    assert message.to == (("", ANA),)
    assert message.headers.text("Auto-Submitted") == "auto-replied"
    assert message.in_reply_to == message.references == ("<l1@sim.mssante.fr>",)
    assert message.receipt_to == ()
    assert message.sent_at == AT
    assert BEA in message.text
    assert message.root.params["report-type"] == "delivery-status"
    assert [child.content_type for child in message.root.children] == ["text/plain", "message/delivery-status", "message/rfc822"]


def test_a_notification_goes_to_a_sender_beyond_ascii() -> None:
    assert read(composed(sender="é@b.fr")).to == (("", "é@b.fr"),)


def test_a_letter_with_too_many_headers_is_still_spoken_of() -> None:
    notification = parsed(composed(letter=b"X-A: b\r\n" * 10_001 + b"\r\n"))
    assert notification is not None
    assert notification.message_id is None


_PIECES = [
    b"Final-Recipient: rfc822; ",
    b"a@b.fr",
    b"Action: ",
    b"failed",
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b"Status: 5.1.1",
    b"\xe9",
    b";",
    b"<",
    b"(",
]
_PIECES += [b"Diagnostic-Code: ", b"Original-Envelope-Id: ", b"=?idna?q?a?=", b"=?utf-8?q?=C3=A9?=", b"--b", b"From x", b":"]


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=40) | st.lists(st.sampled_from(_PIECES), max_size=15).map(b"".join))
def test_any_report_is_read_or_is_none(groups: bytes) -> None:
    clean = groups.replace(b"\x00", b"").replace(b"\r\n", b"\x00").replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"\r\n")
    notification = parsed(report(clean))
    assert notification is None or notification.recipients


@settings(deadline=None)
@given(st.text(max_size=60), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_diagnostic_and_any_envelope_id_leave_a_notification_that_can_be_read(diagnostic: str, envelope_id: str) -> None:
    status = RecipientStatus(BEA, DsnAction.FAILED, "5.0.0", f"550 {diagnostic.encode('utf-8', 'replace').decode()}")
    told = one_status(composed(status, envelope_id=envelope_id))
    assert (told.address, told.action, told.status) == (BEA, DsnAction.FAILED, "5.0.0")


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("mx.b.fr", b"mx.b.fr"),
        ("127.0.0.1", b"[127.0.0.1]"),
        ("[10.0.0.1]", b"[10.0.0.1]"),
        ("::1", b"[IPv6:::1]"),
        ("[2001:db8::25]", b"[IPv6:2001:db8::25]"),
    ],
)
def test_a_server_that_has_no_name_is_named_by_a_domain_literal(host: str, named: bytes) -> None:
    raw = composed(RecipientStatus(BEA, DsnAction.FAILED, "5.1.1", remote_mta=host))
    assert b"\r\nRemote-MTA: dns; " + named + b"\r\n" in raw


@pytest.mark.parametrize("return_full", [True, False])
@pytest.mark.parametrize("letter", [LETTER, LETTER.replace(b"Bilan", "été".encode()), LETTER.replace(b"Bonjour", "été".encode())])
def test_octets_of_eight_bits_are_declared_and_only_where_there_are_some(letter: bytes, *, return_full: bool) -> None:
    raw = composed(letter=letter, return_full=return_full)
    root = read(raw).root
    declared = [part.encoding for part in (root, *root.children)]
    octets = [raw, *(raw[part.start : part.end] for part in root.children)]
    assert declared == ["7bit" if one.isascii() else "8bit" for one in octets]
    assert raw.count(b"Content-Transfer-Encoding: ") == 4
