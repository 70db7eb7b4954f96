"""The marks by which a letter closes, as they are written: `[FIN]` is exactly five characters, and readers of headers trim (ref: cnam#7).

| in the header                            | is read as                                                     |
|------------------------------------------|----------------------------------------------------------------|
| `Subject: [FIN]`, folded or encoded      | `[FIN]`: another spelling of the same five characters          |
| a second blank before, any blank after   | with that blank, so it is another subject                      |
| X-MSS-MES twice, the same                | that value                                                     |
| X-MSS-MES twice, not the same            | both, parted by a comma: the sender does not say which is true |
"""

import re
from typing import NamedTuple

from mss_sim.mail.headers import Headers, decode
from mss_sim.vocabulary.mail import HEADER_MES, SUBJECT_FIN

_SUBJECT = re.compile(rb"^subject[ \t]*:((?:[^\r]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


class ClosingMarks(NamedTuple):
    """The subject with the blanks around it, and the value of X-MSS-MES, None without one."""

    subject: str
    mes: str | None


def closing_marks(block: bytes, headers: Headers) -> ClosingMarks:
    """The marks in a header block (CRLF lines) that was read into `headers`."""
    subject = headers.text("Subject") or ""
    if subject.strip() == SUBJECT_FIN:
        subject = _exact(block)
    values = dict.fromkeys(decode(value) for value in headers.all(HEADER_MES))
    return ClosingMarks(subject, ", ".join(values) if values else None)


def _exact(block: bytes) -> str:
    """The first subject, unfolded and decoded, without the one blank that follows the colon."""
    found = _SUBJECT.search(block)
    value = found[1].replace(b"\r\n", b"") if found else b""
    return decode(value[1:] if value[:1] in (b" ", b"\t") else value)
