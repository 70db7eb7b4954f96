"""Read receipts: what we compose we parse again, the older form of errors, forged ones are none, nothing is smuggled."""

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mss_sim.clock import SECOND
from mss_sim.mail.mdn import ParsedMdn, Receipt, compose, parse, required_options, shortened, unreadable
from mss_sim.mail.parse import parse as read
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition

AT = 1_767_600_000 * SECOND
ANA, BEA = "ana.roy@sim.mssante.fr", "bea.petit@sim.mssante.fr"
LETTER = b"From: ana.roy@sim.mssante.fr\r\nMessage-ID: <l1@sim.mssante.fr>\r\nSubject: Bilan\r\n\r\nBonjour\r\n"
MANUAL, AUTOMATIC = "manual-action/MDN-sent-manually", "automatic-action/MDN-sent-automatically"


def composed(language: Language = Language.EN, **parts: object) -> bytes:
    values: dict[str, object] = {
        "final_recipient": BEA,
        "name": "Béa Petit",
        "to": ("Ana Roy", ANA),
        "original_message_id": "<l1@sim.mssante.fr>",
        "original_subject": "Bilan",
        "original_raw": LETTER,
        "disposition": Disposition.DISPLAYED,
    }
    receipt = Receipt(**{**values, **parts})  # type: ignore[arg-type]
    return compose(receipt, reporting_ua="sim.mssante.fr; mss-sim", message_id="<r1@sim.mssante.fr>", at=AT, language=language)


def parsed(raw: bytes) -> ParsedMdn | None:
    return parse(raw, read(raw).root)


def report(fields: str | bytes, report_type: str = "disposition-notification", part: str = "message/disposition-notification") -> bytes:
    head = f'Content-Type: multipart/report; report-type={report_type}; boundary="b"\r\n\r\n--b\r\n\r\nhuman\r\n--b\r\n'
    body = fields if isinstance(fields, bytes) else fields.replace("\n", "\r\n").encode()
    return head.encode() + f"Content-Type: {part}\r\n\r\n".encode() + body + b"\r\n--b--\r\n"


DISPLAYED = f"Final-Recipient: rfc822; {BEA}\nOriginal-Message-ID: <l1@sim.mssante.fr>\nDisposition: {MANUAL}; displayed"


_SENT_EN, _SENT_FR = f"The message “Bilan” sent to {BEA}", f"Le message « Bilan » envoyé à {BEA}"


@pytest.mark.parametrize(
    ("language", "disposition", "subject", "sentence"),
    [
        (Language.EN, Disposition.DELETED, "Deleted unread: Bilan", f"{_SENT_EN} was deleted without being displayed."),
        (Language.FR, Disposition.DELETED, "Supprimé sans lecture : Bilan", f"{_SENT_FR} a été supprimé sans être affiché."),
        (Language.FR, Disposition.PROCESSED, "Traité : Bilan", f"{_SENT_FR} a été traité."),
        (Language.EN, Disposition.DISPATCHED, "Forwarded: Bilan", f"{_SENT_EN} was forwarded to somebody else."),
    ],
)
def test_a_receipt_is_in_one_language_and_says_which(language: Language, disposition: Disposition, subject: str, sentence: str) -> None:
    """ref: rfc3282#2"""
    receipt = message_from_bytes(composed(language, disposition=disposition), policy=default)
    told, machine, _ = receipt.iter_parts()
    assert (receipt["Subject"], told["Content-Language"], told.get_content().strip()) == (subject, language.value, sentence)
    assert "Content-Language" not in machine


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(LETTER, id="an ordinary letter"),
        pytest.param(b"Subject: Lu : Bilan\r\nX-Read: yes\r\n\r\nVotre message a \xe9t\xe9 lu.\r\n", id="a home-made receipt"),
        pytest.param(report(""), id="no field"),
        pytest.param(report(b"\xff\xfe\x01"), id="no fields at all"),
        pytest.param(report(f"Final-Recipient: rfc822; {BEA}\nOriginal-Message-ID: <a@b.fr>"), id="no disposition"),
        pytest.param(report("Disposition:"), id="an empty disposition"),
        pytest.param(report("Disposition: displayed"), id="no mode"),
        pytest.param(report("Disposition: manual-action; displayed"), id="half a mode"),
        pytest.param(report("Disposition: manual-action/MDN-sent; displayed"), id="a mode that is none"),
        pytest.param(report(f"Disposition: x{MANUAL}; displayed"), id="a mode with a letter before"),
        pytest.param(report(f"Disposition: {MANUAL}x; displayed"), id="a mode with a letter after"),
        pytest.param(report(f"Disposition: {MANUAL}, displayed"), id="a comma for the semicolon"),
        pytest.param(report(f"Disposition: {MANUAL};"), id="no type"),
        pytest.param(report(f"Disposition: {MANUAL}; read"), id="a type that is none"),
        pytest.param(report(f"Disposition: {MANUAL}; displayed now"), id="a word after the type"),
        pytest.param(report(DISPLAYED, "delivery-status"), id="another report"),
        pytest.param(report(DISPLAYED, part="text/plain"), id="another part"),
        pytest.param(report(DISPLAYED).replace(b"multipart/report", b"multipart/mixed"), id="no report"),
        pytest.param(report(DISPLAYED).replace(b"report-type=disposition-notification;", b""), id="no report type"),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n" + composed() + b"\r\n--o--\r\n",
            id="a receipt that somebody forwards",
        ),
    ],
)
def test_what_is_no_receipt_gives_none(raw: bytes) -> None:
    assert parsed(raw) is None


def told(
    disposition: Disposition,
    error: str | None = None,
    *,
    legacy: bool = False,
    failed: bool = False,
    message_id: str | None = None,
    recipient: str | None = None,
    known_as: tuple[str, ...] = (),
) -> ParsedMdn:
    return ParsedMdn(
        message_id, recipient, disposition, error, legacy, failed or bool(error), known_as or ((recipient,) if recipient else ())
    )


@pytest.mark.parametrize(
    ("fields", "receipt"),
    [
        pytest.param(f"Disposition: {MANUAL}; displayed", told(Disposition.DISPLAYED), id="least"),
        pytest.param("disposition: MANUAL-ACTION / mdn-sent-MANUALLY ;Displayed", told(Disposition.DISPLAYED), id="case and spaces"),
        pytest.param(
            f"Reporting-UA: x\n\nFinal-Recipient: {BEA}\n\n\nDisposition: {MANUAL}; displayed\n\nDisposition: {MANUAL}; deleted",
            told(Disposition.DISPLAYED, recipient=BEA),
            id="empty lines between the fields",
        ),
        pytest.param(
            f"Original-Message-ID: < l1 @b.fr >\nDisposition: {MANUAL}; displayed",
            told(Disposition.DISPLAYED, message_id="<l1@b.fr>"),
            id="an id that was folded",
        ),
        pytest.param(f"Disposition: {AUTOMATIC};\n deleted", told(Disposition.DELETED), id="a folded field"),
        pytest.param("Disposition: manual-action/MDN-sent-automatically; dispatched", told(Disposition.DISPATCHED), id="mixed mode"),
        pytest.param(f"Disposition: {AUTOMATIC}; processed", told(Disposition.PROCESSED), id="processed"),
        pytest.param(
            f"Disposition: {AUTOMATIC}; processed/error", told(Disposition.PROCESSED, failed=True), id="an error that is not told"
        ),
        pytest.param(
            f"Disposition: {AUTOMATIC}; processed/error\nError: 902^Identifiant de patient inconnu^",
            told(Disposition.PROCESSED, "902^Identifiant de patient inconnu^"),
            id="an error in its field",
        ),
        pytest.param(
            f"Disposition: {AUTOMATIC}; processed/error\nError: 902^Médecin destinataire supprimé^",
            told(Disposition.PROCESSED, "902^Médecin destinataire supprimé^"),
            id="an error in UTF-8",
        ),
        pytest.param(
            f"Disposition: {AUTOMATIC}; processed/Error: 902^Identifiant de patient inconnu^",
            told(Disposition.PROCESSED, "902^Identifiant de patient inconnu^", legacy=True),
            id="an error in the older form",
        ),
        pytest.param(
            f"Disposition: {AUTOMATIC}; processed/ERROR:902^a/b:c^",
            told(Disposition.PROCESSED, "902^a/b:c^", legacy=True),
            id="an error in the older form with its own signs",
        ),
        pytest.param(
            f"Final-Recipient: {BEA}\nDisposition: {MANUAL}; displayed",
            told(Disposition.DISPLAYED, recipient=BEA),
            id="a recipient without its type",
        ),
        pytest.param(
            f"Final-Recipient: rfc822; nobody\nOriginal-Message-ID: l1\nDisposition: {MANUAL}; displayed",
            told(Disposition.DISPLAYED),
            id="a recipient that is no address and an id that is none",
        ),
        pytest.param(
            f"Disposition: {MANUAL}; displayed\n\nDisposition: {MANUAL}; deleted", told(Disposition.DISPLAYED), id="only the first group"
        ),
        pytest.param(
            "Disposition: (a) manual-action/MDN-sent-manually (b; c); (d (e)) Displayed (f);",
            told(Disposition.DISPLAYED),
            id="comments and a stray semicolon",
        ),
        pytest.param("Disposition: manual-action/MDN-sent-manually;; displayed", told(Disposition.DISPLAYED), id="two semicolons"),
        pytest.param(f"Disposition: {AUTOMATIC}; deleted/warning,x-essai", told(Disposition.DELETED), id="modifiers that are no failure"),
        pytest.param(
            f"Final-Recipient: rfc822; <{BEA}> (Bea)\nDisposition: {MANUAL}; displayed",
            told(Disposition.DISPLAYED, recipient=BEA),
            id="brackets and a comment",
        ),
        pytest.param(
            f"Final-Recipient: rfc822 (x;y); {BEA};\nDisposition: {MANUAL}; displayed",
            told(Disposition.DISPLAYED, recipient=BEA),
            id="a comment beside the type",
        ),
        pytest.param(
            f"Final-Recipient: utf-8; \\x{{E9}}t+C3+A9@b.fr\nDisposition: {MANUAL}; displayed",
            told(Disposition.DISPLAYED, recipient="ét+c3+a9@b.fr", known_as=("ét+c3+a9@b.fr", "été@b.fr")),
            id="an address in the codes of RFC 6533",
        ),
        pytest.param(
            f"Original-Recipient: rfc822; {ANA}\nFinal-Recipient: rfc822; {BEA}\nDisposition: {MANUAL}; displayed",
            told(Disposition.DISPLAYED, recipient=BEA, known_as=(ANA, BEA)),
            id="an alias that was written to",
        ),
        pytest.param(
            f"Original-Recipient: rfc822; {ANA}\nFinal-Recipient: x-local; bea\nDisposition: {MANUAL}; displayed",
            told(Disposition.DISPLAYED, recipient=ANA),
            id="a recipient that only the reader's program knows",
        ),
        pytest.param(
            f"Original-Message-ID: (x) l1@sim.mssante.fr\nDisposition: {MANUAL}; displayed",
            told(Disposition.DISPLAYED, message_id="<l1@sim.mssante.fr>"),
            id="an id that lost its brackets",
        ),
        pytest.param(DISPLAYED, told(Disposition.DISPLAYED, message_id="<l1@sim.mssante.fr>", recipient=BEA), id="whole"),
    ],
)
def test_a_receipt_of_another_program_is_read(fields: str, receipt: ParsedMdn) -> None:
    assert parsed(report(fields)) == receipt


@pytest.mark.parametrize(
    ("told_as", "failed", "family", "error"),
    [
        ("processed", False, "plain", None),
        ("displayed", False, "plain", None),
        ("processed/warning", False, "plain", None),
        ("deleted/warning: rien", False, "plain", None),
        ("processed/error", True, "ig-1.1.3", None),
        ("processed/x-essai, ERROR", True, "ig-1.1.3", None),
        ("processed/error (902)", True, "ig-1.1.3", None),
        ("processed/error\nError: 902^Patient (INS) inconnu^", True, "ig-1.1.3", "902^Patient (INS) inconnu^"),
        ("processed\nError: 902^Patient inconnu^", True, "ig-1.1.3", "902^Patient inconnu^"),
        ("processed\nFailure: no room", True, "ig-1.1.3", "no room"),
        ("processed/Error: 902^Patient (INS), inconnu^", True, "ig-legacy", "902^Patient (INS), inconnu^"),
        ("processed/Failure: 902^x^", True, "ig-legacy", "902^x^"),
        ("processed/error:", True, "ig-legacy", ""),
        ("deleted/Error: unknown patient", True, "ihe", "unknown patient"),
        ("deleted/ERROR", True, "ihe", None),
        ("deleted/failure", True, "ihe", None),
        ("deleted/x-Failure", True, "ihe", None),
        ("displayed/error", True, "plain", None),
    ],
)
def test_failures_of_integration_are_known_apart_from_their_words(told_as: str, failed: bool, family: str, error: str | None) -> None:
    receipt = parsed(report(f"Disposition: {AUTOMATIC}; {told_as}"))
    assert receipt is not None
    assert (receipt.failed, receipt.family.value, receipt.error) == (failed, family, error)


@pytest.mark.parametrize("part", ["message/disposition-notification", "message/global-disposition-notification"])
@pytest.mark.parametrize(
    "wrapper", ['multipart/signed; protocol="application/pkcs7-signature"; boundary=o', "multipart/mixed; boundary=o (dehors)"]
)
def test_a_receipt_that_was_signed_or_wrapped_on_the_way_is_read(wrapper: str, part: str) -> None:
    inner = report(DISPLAYED, part=part)
    raw = f"Content-Type: {wrapper}\r\n\r\n--o\r\n".encode() + inner + b"\r\n--o\r\n\r\nfooter or signature\r\n--o--\r\n"
    assert parsed(raw) == parsed(inner) is not None
    assert read(raw).is_report


def test_a_receipt_behind_what_somebody_writes_is_none() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\nVoir\r\n--o\r\n" + report(DISPLAYED) + b"\r\n--o--\r\n"
    assert parsed(raw) is None
    assert not read(raw).is_report


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (LETTER, None),
        (report(DISPLAYED), None),
        (report(DISPLAYED, "delivery-status"), None),
        (report(DISPLAYED).replace(b"report-type=disposition-notification; ", b""), None),
        (report(DISPLAYED, part="text/plain"), "it has no part message/disposition-notification"),
        (report(""), "it has no Disposition, such as manual-action/MDN-sent-manually; displayed"),
        (report("Disposition: lu"), "its Disposition, 'lu', is not of the form manual-action/MDN-sent-manually; displayed"),
        (report(f"Disposition: {MANUAL}; displayed"), "it has no Original-Message-ID, such as <left@right>"),
        (
            report(f"Disposition: {MANUAL}; displayed\nOriginal-Message-ID: l1"),
            "its Original-Message-ID, 'l1', is not of the form <left@right>",
        ),
        (
            report(f"Disposition: {MANUAL}; displayed\nOriginal-Message-ID: <a@b>\nFinal-Recipient: rfc822; bea"),
            "its Final-Recipient, 'rfc822; bea', is not of the form rfc822; name@domain",
        ),
    ],
)
def test_what_keeps_a_receipt_from_being_read_is_said(raw: bytes, why: str | None) -> None:
    assert unreadable(raw, read(raw).root) == why


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, ()),
        ("", ()),
        ("x-a=required,b", ("x-a",)),
        ("x-a=optional,required", ()),
        ("X-A (x) = (y) Required (z), b; c=optional,d; e=REQUIRED,f", ("x-a", "e")),
        ("x-a; =required,b; x-c=", ()),
    ],
)
def test_the_options_that_are_required_are_found(value: str | None, names: tuple[str, ...]) -> None:
    assert required_options(value) == names


@pytest.mark.parametrize("disposition", list(Disposition))
@pytest.mark.parametrize("automatic", [(False, False), (True, True), (False, True), (True, False)])
@pytest.mark.parametrize("error", [None, "902^Identifiant de patient inconnu^"])
def test_what_we_compose_we_parse_again(disposition: Disposition, automatic: tuple[bool, bool], error: str | None) -> None:
    raw = composed(disposition=disposition, automatic_action=automatic[0], automatic_sending=automatic[1], error=error)
    assert parsed(raw) == told(disposition, error, message_id="<l1@sim.mssante.fr>", recipient=BEA)
    machine = read(raw).root.children[1]
    action = "automatic-action" if automatic[0] else "manual-action"
    sending = "MDN-sent-automatically" if automatic[1] else "MDN-sent-manually"
    assert f"Disposition: {action}/{sending}; {disposition}".encode() in raw[machine.start : machine.end]


def test_an_error_with_accents_reads_the_same_again() -> None:
    receipt = parsed(composed(disposition=Disposition.PROCESSED, error="901^Problème d'intégration : é; à^"))
    assert receipt is not None
    assert receipt.error == "901^Problème d'intégration : é; à^"


@pytest.mark.parametrize("address", ['"a b"@b.fr', "é@b.fr"])
def test_a_receipt_may_speak_of_any_address_and_go_to_any(address: str) -> None:
    raw = composed(final_recipient=address, to=("Ève, Dr.", address))
    receipt = parsed(raw)
    assert receipt is not None
    assert receipt.final_recipient == address
    assert read(raw).to == (("Ève, Dr.", address),)
    assert read(raw).from_ == (("Béa Petit", address),)


def test_a_receipt_looks_as_the_guide_asks() -> None:
    raw = composed(original_raw=LETTER + b"\xe9\xff no line end")
    message = read(raw)
    parts = message.root.children
    assert [part.content_type for part in parts] == ["text/plain", "message/disposition-notification", "message/rfc822"]
    assert parts[0].params["charset"] == "utf-8"
    assert raw[parts[2].start : parts[2].end] == LETTER + b"\xe9\xff no line end"
    assert message.root.params["report-type"] == "disposition-notification"
    assert (message.from_, message.to) == ((("Béa Petit", BEA),), (("Ana Roy", ANA),))
    assert (message.message_id, message.sent_at) == ("<r1@sim.mssante.fr>", AT)
    assert message.in_reply_to == message.references == ("<l1@sim.mssante.fr>",)
    assert message.receipt_to == (), "a receipt asks for no receipt (RFC 8098, 2.1)"
    assert "Bilan" in message.subject
    assert BEA in message.text


@pytest.mark.parametrize(("automatic", "word"), [(True, "auto-replied"), (False, "no")])
def test_a_receipt_says_whether_a_machine_sent_it(automatic: bool, word: str) -> None:
    assert read(composed(automatic_sending=automatic)).headers.text("Auto-Submitted") == word


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\r\n\r\n", "\u2028", "\x0b"])
@pytest.mark.parametrize("accent", ["", "é"])
@pytest.mark.parametrize("field", ["original_subject", "name", "to", "original_message_id", "error"])
def test_no_text_carries_a_header_or_a_field_into_a_receipt(field: str, accent: str, line_break: str) -> None:
    lie = f"x{accent}{line_break}Bcc: lie@b.fr{line_break}Disposition: {AUTOMATIC}; deleted{line_break}y"
    values: dict[str, object] = {"to": (lie, ANA)} if field == "to" else {field: lie}
    raw = composed(Language.EN, **values)
    message = read(raw)
    assert list(message.headers.all("Bcc")) == list(message.headers.all("Disposition")) == []
    assert message.headers.defects == 0
    assert [address for _, address in message.to] == [ANA]
    receipt = parsed(raw)
    assert receipt is not None
    assert receipt.disposition is Disposition.DISPLAYED


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param("=?utf-8?q?a=0D=0ABcc:_lie?=", id="an encoded word that hides a line break"),
        pytest.param("x" * 5_000, id="a long one"),
        pytest.param("é" * 5_000, id="a long one with accents"),
        pytest.param("", id="none"),
    ],
)
def test_a_receipt_can_be_written_for_any_subject(subject: str) -> None:
    raw = composed(original_subject=subject)
    assert parsed(raw) is not None
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_a_subject_does_not_grow_with_each_receipt() -> None:
    subject = "Bilan " * 60
    for _ in range(10):
        subject = read(composed(original_subject=subject)).subject
    assert len(subject) <= 200


@pytest.mark.parametrize(("text", "short"), [("", ""), (" a \r\n b\t", "a b"), ("x" * 300, "x" * 200), ("x" * 200, "x" * 200)])
def test_a_subject_is_shortened_to_one_line(text: str, short: str) -> None:
    assert shortened(text) == short


_PIECES = [
    b"Disposition: ",
    MANUAL.encode(),
    AUTOMATIC.encode(),
    b";",
    b"/",
    b" ",
    b"displayed",
    b"processed",
    b"Error:",
    b"error",
    b"\r\n",
    b"\xe9",
]
_PIECES += [
    b"Final-Recipient: rfc822; ",
    b"Original-Message-ID: ",
    b"<a@b.fr>",
    b"=?idna?q?a?=",
    b"\r\n\r\n",
    b"--b",
    b"From x",
    b":",
    b"(",
]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(_PIECES), max_size=15).map(b"".join) | st.binary(max_size=40))
def test_any_report_is_read_or_is_none(fields: bytes) -> None:
    clean = fields.replace(b"\x00", b"").replace(b"\r\n", b"\x00").replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"\r\n")
    receipt = parsed(report(clean))
    assert receipt is None or receipt.disposition in Disposition


_STORED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)  # what a parsed header may hold


@settings(deadline=None)
@given(_STORED, _STORED)
def test_any_subject_and_any_name_leave_a_receipt_that_can_be_read(subject: str, name: str) -> None:
    raw = composed(original_subject=subject, name=name, to=(name, ANA))
    assert parsed(raw) == told(Disposition.DISPLAYED, message_id="<l1@sim.mssante.fr>", recipient=BEA)
    message = read(raw)
    assert [address for _, address in (*message.from_, *message.to)] == [BEA, ANA]
