"""Read receipts that are wrong on purpose, as the field shows them: what a receiving program has to bear (ref: quirks#receipt-forms).

| form                | what is wrong                                                     |
|---------------------|-------------------------------------------------------------------|
| no-disposition      | the field is missing                                              |
| other-case          | DISPLAYED, in capitals: right, and often misread                  |
| folded              | blanks and folds inside the field: right, and often misread       |
| no-final-recipient  | nobody is named                                                   |
| id-without-brackets | Original-Message-ID without < and >                               |
| other-id            | Original-Message-ID of another letter                             |
| no-report-type      | multipart/report does not say of what                             |
| plain-part          | the part for machines is text/plain                               |
| before-letter       | dated an hour before the letter                                   |
| processed-error     | processed/Error: code^label, as before IG 1.1.3                   |
| deleted-error       | deleted/error with its Error field, of the IHE family             |
"""

import re
from email.utils import format_datetime

from mss_sim.clock import HOUR, Micros, to_datetime
from mss_sim.vocabulary.behaviours import ReceiptForm

_MACHINE = b"\r\nContent-Type: message/disposition-notification\r\n"
_DISPOSITION = re.compile(rb"^Disposition: ([^;\r\n]*);[^\r\n]*\r\n", re.MULTILINE)


def deformed(raw: bytes, form: ReceiptForm, *, letter_at: Micros) -> bytes:
    """A receipt that `mdn.compose` wrote, in that form; `letter_at` is the date of the letter that it is about."""
    if form is ReceiptForm.BEFORE_LETTER:
        return _dated(raw, letter_at - HOUR)
    if form is ReceiptForm.NO_REPORT_TYPE:
        return raw.replace(b'report-type="disposition-notification";', b"", 1)
    if form is ReceiptForm.PLAIN_PART:
        return raw.replace(_MACHINE, b"\r\nContent-Type: text/plain\r\n", 1)
    start = raw.index(_MACHINE)
    start = raw.index(b"\r\n\r\n", start) + 4
    end = raw.index(b"\r\n--", start)
    return raw[:start] + _fields(raw[start:end], form) + raw[end:]


def _fields(machine: bytes, form: ReceiptForm) -> bytes:
    """The fields of the part for machines, which end with a line end."""
    disposed = {
        ReceiptForm.NO_DISPOSITION: rb"",
        ReceiptForm.OTHER_CASE: rb"DISPOSITION: MANUAL-ACTION/MDN-SENT-AUTOMATICALLY; DISPLAYED\r\n",
        ReceiptForm.FOLDED: rb"Disposition:   \1 ;\r\n   displayed\r\n",
        ReceiptForm.PROCESSED_ERROR: rb"Disposition: \1; processed/Error: 100^Le document est illisible\r\n",
        ReceiptForm.DELETED_ERROR: rb"Disposition: \1; deleted/error\r\nError: Le document est illisible\r\n",
    }
    if form in disposed:
        return _DISPOSITION.sub(disposed[form], machine, count=1)
    changed = {
        ReceiptForm.NO_FINAL_RECIPIENT: (rb"^Final-Recipient: [^\r\n]*\r\n", rb""),
        ReceiptForm.ID_WITHOUT_BRACKETS: (rb"^(Original-Message-ID: )<([^>\r\n]*)>", rb"\1\2"),
        ReceiptForm.OTHER_ID: (rb"^(Original-Message-ID: )<([^>\r\n]*)>", rb"\1<other.\2>"),
    }
    if form not in changed:
        return machine
    pattern, instead = changed[form]
    return re.sub(pattern, instead, machine, count=1, flags=re.MULTILINE)


def _dated(raw: bytes, at: Micros) -> bytes:
    date = format_datetime(to_datetime(at)).encode()
    return re.sub(rb"^Date: [^\r\n]*", b"Date: " + date, raw, count=1, flags=re.MULTILINE)
