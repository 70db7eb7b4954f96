"""Receipts of integration: what a program says that it did with the documents, in the three families of the field (ref: ig-mss#mdn).

| family   | how a failure is told                                         | told as |
|----------|---------------------------------------------------------------|---------|
| ig-1.1.3 | `processed/error`, and a field `Error: CODE^LABEL`             | -       |
| ig-legacy | `processed/Error: CODE^LABEL`, in Disposition itself          | warning |
| ihe      | `deleted` with a modifier that holds "error" or "failure"      | info    |

A failure without words is a failure all the same.
"""

import re

from mss_sim.documents import letter_kinds as kinds
from mss_sim.documents.findings import Notes
from mss_sim.mail import mdn
from mss_sim.mail.mdn import ParsedMdn
from mss_sim.mail.parse import ParsedMessage
from mss_sim.mail.reports import opened, report_in
from mss_sim.vocabulary.documents import DocumentKind
from mss_sim.vocabulary.mail import Disposition, ReceiptFamily
from mss_sim.words.sentence import quoted, say

_CODES = frozenset({0, *range(100, 104), *range(198, 204), 207, *range(900, 907)})
"""Codes of errors: those of HL7 that the guide takes, and its own (ref: ig-mss#mdn)."""
_FAILED_SUBJECT = re.compile(r"\[(?:KO Intégration système|Erreur d['’]intégration) !\](?:\[(?P<code>[^\[\]]{1,20})\])?", re.IGNORECASE)
_DISPOSITION, _ERROR, _SUBJECT = "Disposition", "Error", "Subject"


def check_receipt(raw: bytes, parsed: ParsedMessage, document: str, notes: Notes) -> None:
    """Judge a message that says it is a receipt; of a delivery notification nothing is said."""
    reason = mdn.unreadable(raw, parsed.root)
    if reason is not None:
        notes.read(document, DocumentKind.RECEIPT)
        notes.add(kinds.RECEIPT_UNREADABLE, document, expected=reason)
        return
    told = mdn.parse(raw, parsed.root)
    if told is None:
        return
    notes.read(document, DocumentKind.RECEIPT, family=told.family, disposition=told.disposition, error=told.error)
    if told.failed:
        _check_failure(told, parsed.subject, document, notes)
    if told.disposition is Disposition.PROCESSED:
        report = report_in(opened(raw, parsed.root)[1])
        if report is not None and not any(part.content_type in ("message/rfc822", "message/global") for part in report.children):
            notes.add(kinds.RECEIPT_NO_ORIGINAL, document, expected="message/rfc822")
        repeated = [part for part in parsed.attachments if not part.content_type.startswith(("message/", "text/"))]
        if repeated:
            notes.add(kinds.RECEIPT_REPEATED, document, seen=repeated[0].filename or repeated[0].content_type)


def _check_failure(told: ParsedMdn, subject: str, document: str, notes: Notes) -> None:
    if told.family is ReceiptFamily.IG_LEGACY:
        form = quoted("automatic-action/MDN-sent-automatically; processed/error")
        notes.add(kinds.RECEIPT_OLD_FORM, document, _DISPOSITION, seen=told.error, expected=form)
    elif told.family is ReceiptFamily.IHE:
        notes.add(kinds.RECEIPT_IHE_FORM, document, _DISPOSITION, seen=told.disposition)
    code = (told.error or "").partition("^")[0].strip()
    if not told.error:
        notes.add(kinds.RECEIPT_NO_WORDS, document, _ERROR, expected=say("such as {example}", example="902^Identifiant de patient inconnu"))
    elif told.family is not ReceiptFamily.IHE and not (code.isascii() and code.isdecimal() and len(code) < 9 and int(code) in _CODES):
        notes.add(kinds.RECEIPT_CODE, document, _ERROR, seen=code)
    named = _FAILED_SUBJECT.match(subject)
    if told.disposition is Disposition.PROCESSED and (
        named is None or (named["code"] is not None and told.error and named["code"] != code)
    ):
        notes.add(kinds.RECEIPT_SUBJECT, document, _SUBJECT, seen=subject, expected=f"[KO Intégration système !][{code or 'CODE'}]")
