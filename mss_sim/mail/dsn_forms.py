"""Returned letters that are wrong on purpose: nothing in them tells a program which letter it was, or for whom."""

import re

from mss_sim.mail.headers import CRLF

_MACHINE = b"\r\nContent-Type: message/delivery-status\r\n"
_NAMING = re.compile(rb"^(?:Action|Final-Recipient|Original-Recipient): [^\r\n]*\r\n", re.MULTILINE)
_ANSWERING = re.compile(rb"^(?:In-Reply-To|References): [^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n", re.MULTILINE)


def deformed(raw: bytes, mark: str) -> bytes:
    """A notification that `dsn.compose` or `returned_plain.compose` wrote, without what names the letter and the recipient.

    `mark` stands in a header of its own, so that tests find what was done to it.
    """
    head, blank, body = raw.partition(CRLF + CRLF)
    head = _ANSWERING.sub(b"", head + CRLF).removesuffix(CRLF)
    before, machine, behind = body.partition(_MACHINE)
    told, end, rest = behind.partition(b"\r\n--")
    body = before + machine + _NAMING.sub(b"", told) + end + rest
    return b"X-Fault: " + mark.encode() + CRLF + head + blank + body
