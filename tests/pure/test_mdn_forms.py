"""Receipts that are wrong on purpose: each is wrong in its own way and in no other, and what our own reader makes of it."""

from dataclasses import replace

import pytest

from mss_sim.clock import DAY
from mss_sim.mail import mdn, mdn_forms
from mss_sim.mail.parse import parse
from mss_sim.vocabulary.behaviours import MALFORMED_RECEIPTS, ReceiptForm
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition, ReceiptFamily

_AT = 1_800_000_000_000_000
_RECEIPT = mdn.Receipt(
    final_recipient="285037511300167@patient.mssante.fr",
    name="Claire FONTAINE",
    to=("", "camille.martin@medecin.sim.mssante.fr"),
    original_message_id="<a@b>",
    original_subject="Content-Type: message/disposition-notification",
    original_raw=b"Subject: x\r\nDate: Mon, 05 Jan 2026 09:00:00 +0100\r\nDisposition: x; y\r\n\r\nOriginal-Message-ID: <a@b>\r\n",
    disposition=Disposition.DISPLAYED,
    automatic_sending=True,
)


def _composed(receipt: mdn.Receipt = _RECEIPT) -> bytes:
    return mdn.compose(receipt, reporting_ua="mss-sim", message_id="<r@s>", at=_AT, language=Language.FR)


_RIGHT = _composed()


def _changed(form: ReceiptForm) -> tuple[set[bytes], set[bytes]]:
    """The lines that are gone, and those that came."""
    before, after = set(_RIGHT.split(b"\r\n")), set(mdn_forms.deformed(_RIGHT, form, letter_at=_AT - DAY).split(b"\r\n"))
    return before - after, after - before


@pytest.mark.parametrize(
    ("form", "gone", "come"),
    [
        (ReceiptForm.NO_DISPOSITION, b"Disposition: manual-action/MDN-sent-automatically; displayed", None),
        (
            ReceiptForm.OTHER_CASE,
            b"Disposition: manual-action/MDN-sent-automatically; displayed",
            b"DISPOSITION: MANUAL-ACTION/MDN-SENT-AUTOMATICALLY; DISPLAYED",
        ),
        (
            ReceiptForm.PROCESSED_ERROR,
            b"Disposition: manual-action/MDN-sent-automatically; displayed",
            b"Disposition: manual-action/MDN-sent-automatically; processed/Error: 100^Le document est illisible",
        ),
        (ReceiptForm.NO_FINAL_RECIPIENT, b"Final-Recipient: rfc822; 285037511300167@patient.mssante.fr", None),
        (ReceiptForm.ID_WITHOUT_BRACKETS, None, b"Original-Message-ID: a@b"),
        (ReceiptForm.OTHER_ID, None, b"Original-Message-ID: <other.a@b>"),
        (ReceiptForm.PLAIN_PART, b"Content-Type: message/disposition-notification", b"Content-Type: text/plain"),
        (ReceiptForm.BEFORE_LETTER, None, b"Date: Thu, 14 Jan 2027 07:00:00 +0000"),
    ],
)
def test_one_line_is_wrong(form: ReceiptForm, gone: bytes | None, come: bytes | None) -> None:
    went, came = _changed(form)
    assert (gone is None or went == {gone}, came == ({come} if come else set())) == (True, True), (went, came)


def test_the_letter_that_is_given_back_is_left_alone() -> None:
    """It holds lines that look like those of the receipt."""
    letter = _RIGHT + b"multipart/report;  \r\n"
    receipt = _composed(replace(_RECEIPT, original_raw=letter))
    for form in (*MALFORMED_RECEIPTS, ReceiptForm.PROCESSED_ERROR, ReceiptForm.DELETED_ERROR):
        assert mdn_forms.deformed(receipt, form, letter_at=_AT).count(letter) == 1, form


@pytest.mark.parametrize(
    ("form", "read"),
    [
        (ReceiptForm.NO_DISPOSITION, None),
        (ReceiptForm.OTHER_CASE, ("<a@b>", False)),
        (ReceiptForm.FOLDED, ("<a@b>", False)),
        (ReceiptForm.NO_FINAL_RECIPIENT, ("<a@b>", False)),
        (ReceiptForm.ID_WITHOUT_BRACKETS, ("<a@b>", False)),
        (ReceiptForm.OTHER_ID, ("<other.a@b>", False)),
        (ReceiptForm.NO_REPORT_TYPE, None),
        (ReceiptForm.PLAIN_PART, None),
        (ReceiptForm.BEFORE_LETTER, ("<a@b>", False)),
        (ReceiptForm.PROCESSED_ERROR, ("<a@b>", True)),
        (ReceiptForm.DELETED_ERROR, ("<a@b>", True)),
    ],
)
def test_what_our_reader_makes_of_it(form: ReceiptForm, read: tuple[str, bool] | None) -> None:
    raw = mdn_forms.deformed(_RIGHT, form, letter_at=_AT)
    found = mdn.parse(raw, parse(raw).root)
    assert (None if found is None else (found.original_message_id, found.failed)) == read


@pytest.mark.parametrize(
    ("form", "family"), [(ReceiptForm.PROCESSED_ERROR, ReceiptFamily.IG_LEGACY), (ReceiptForm.DELETED_ERROR, ReceiptFamily.IHE)]
)
def test_a_failure_is_of_its_family(form: ReceiptForm, family: ReceiptFamily) -> None:
    raw = mdn_forms.deformed(_RIGHT, form, letter_at=_AT)
    found = mdn.parse(raw, parse(raw).root)
    assert found is not None
    assert (found.family, found.error) == (
        family,
        "Le document est illisible" if family is ReceiptFamily.IHE else "100^Le document est illisible",
    )


def test_the_ten_have_ten_forms() -> None:
    assert len(set(MALFORMED_RECEIPTS)) == 10
