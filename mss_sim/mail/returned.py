"""The letter that a report gives back, and how like one of ours it is: a Message-ID may be that of several letters.

| what the report gives back          | likeness |
|-------------------------------------|----------|
| the whole letter, octet for octet   | 3        |
| its header                          | 2        |
| a letter of that Subject and Date   | 1        |
| another one, or nothing             | 0        |

What servers wrote on top of either is not compared.
"""

import re

from mss_sim.mail.headers import CRLF, read_headers, split, trace_length
from mss_sim.mail.mime import Part, content
from mss_sim.mail.reports import opened, report_in

_KINDS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_HEADERS_MAX = 10_000
SAME = 3
"""The likeness of a letter to itself."""


def returned_letter(raw: bytes, root: Part, octets_max: int | None = None) -> bytes | None:
    """The letter, or the header, that a report gives back, of at most so many encoded octets; None where it gives none.

    base64 may hide the line ends of another system, so that they are made ours.
    """
    raw, root = opened(raw, root)
    report = report_in(root)
    for part in report.children if report else ():
        if part.content_type in _KINDS:
            end = part.end if octets_max is None else min(part.end, part.start + octets_max)
            octets = content(raw, part.start, end, part.encoding)
            return octets if part.encoding in ("7bit", "8bit", "binary") else re.sub(rb"\r?\n", CRLF, octets)
    return None


def likeness(returned: bytes | None, letter: bytes) -> int:
    """How surely a report that gives back these octets is about a letter, by the table above."""
    if returned is None:
        return 0
    theirs, ours = (octets[trace_length(octets) :].rstrip(CRLF) for octets in (returned, letter))
    if theirs == ours:
        return SAME
    heads = [octets[: split(octets)[0]].rstrip(CRLF) for octets in (theirs, ours)]
    if heads[0] == heads[1]:
        return 2
    try:
        read = [read_headers(head, count_max=_HEADERS_MAX) for head in heads]
    except OverflowError:
        return 0
    return int(all(read[0].text(name) == read[1].text(name) is not None for name in ("Subject", "Date")))
