"""What a report says, read once from its letter: the reporter's words become kinds of events, and the letter that it names is known."""

import pytest

from mss_sim.core.mailflow.report_reading import RecipientReport, Report, read_report
from mss_sim.mail import dsn, mdn
from mss_sim.mail.dsn import DsnEnvelope, RecipientStatus
from mss_sim.mail.parse import parse
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition, DsnAction, TimelineKind
from tests.clients import DOCTOR, HOSPITAL, PRACTICE

ORIGINAL = f"From: {HOSPITAL}\r\nMessage-ID: <1@test>\r\n\r\nx\r\n".encode()


def _notification(*told: RecipientStatus, envelope_id: str | None = None) -> bytes:
    envelope = DsnEnvelope(HOSPITAL, 10**15, envelope_id, return_full=False, raw=ORIGINAL)
    from_ = "mailer-daemon@mx.example"
    return dsn.compose(envelope, told, reporting_mta="mx.example", from_=from_, message_id="<d@test>", at=10**15, language=Language.EN)


def _receipt(disposition: Disposition, error: str | None = None, message_id: str = "<1@test>") -> bytes:
    receipt = mdn.Receipt(PRACTICE, "", ("", HOSPITAL), message_id, "x", ORIGINAL, disposition, error=error)
    return mdn.compose(receipt, reporting_ua="client", message_id="<m@test>", at=10**15, language=Language.EN)


def _read(raw: bytes) -> Report | None:
    return read_report(raw, parse(raw).root)


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (DsnAction.DELIVERED, TimelineKind.DELIVERED),
        (DsnAction.RELAYED, TimelineKind.RELAYED),
        (DsnAction.EXPANDED, TimelineKind.RELAYED),
        (DsnAction.DELAYED, TimelineKind.DELAYED),
        (DsnAction.FAILED, TimelineKind.FAILED),
    ],
)
def test_a_server_says_of_each_recipient_what_became_of_their_copy(action: DsnAction, kind: TimelineKind) -> None:
    told = [RecipientStatus(PRACTICE, action, "4.4.1", "450 4.4.1 busy", original=DOCTOR), RecipientStatus(DOCTOR, action, "2.1.5")]
    assert _read(_notification(*told, envelope_id="e-7")) == Report(
        "<1@test>",
        "e-7",
        (
            RecipientReport(PRACTICE, (DOCTOR, PRACTICE), kind, "450 4.4.1 busy"),
            RecipientReport(DOCTOR, (DOCTOR,), kind, "2.1.5"),
        ),
    )


@pytest.mark.parametrize(
    ("disposition", "kind"),
    [
        (Disposition.DISPLAYED, TimelineKind.DISPLAYED),
        (Disposition.PROCESSED, TimelineKind.PROCESSED),
        (Disposition.DISPATCHED, TimelineKind.PROCESSED),
        (Disposition.DELETED, TimelineKind.PROCESSED),
    ],
)
def test_a_reader_says_what_they_did_with_theirs(disposition: Disposition, kind: TimelineKind) -> None:
    report = _read(_receipt(disposition))
    assert report is not None
    (one,) = report.recipients
    assert (report.message_id, report.envelope_id) == ("<1@test>", None)
    assert one == RecipientReport(PRACTICE, (PRACTICE,), kind, disposition.value, failed=False, family=one.family)
    assert one.is_receipt
    assert report.is_receipt_of(PRACTICE)
    assert not report.is_receipt_of(DOCTOR)


def test_a_reader_that_could_not_take_it_in_says_why() -> None:
    report = _read(_receipt(Disposition.PROCESSED, error="no such patient"))
    assert report is not None
    (one,) = report.recipients
    assert (one.detail, one.failed) == ("processed/error: no such patient", True)


def test_a_servers_word_is_nobodys_read_receipt() -> None:
    report = _read(_notification(RecipientStatus(PRACTICE, DsnAction.DELIVERED, "2.1.5")))
    assert report is not None
    assert not report.recipients[0].is_receipt
    assert not report.is_receipt_of(PRACTICE)


@pytest.mark.parametrize("gone", [b"Original-Message-ID: <1@test>\r\n", f"Final-Recipient: rfc822; {PRACTICE}\r\n".encode()])
def test_a_receipt_that_does_not_say_of_which_letter_or_by_whom_is_none(gone: bytes) -> None:
    raw = _receipt(Disposition.DISPLAYED)
    head, mark, rest = raw.partition(b"message/disposition-notification")
    assert gone in rest
    assert _read(head + mark + rest.replace(gone, b"", 1).replace(b"Message-ID: <1@test>", b"X: y")) is None


def test_an_ordinary_letter_is_none() -> None:
    assert _read(ORIGINAL) is None
