"""A letter returned in plain words, as some operators do: a text, then the letter or its header, and no part for machines."""

import hashlib
from collections.abc import Sequence

from mss_sim.mail import fields
from mss_sim.mail.headers import CRLF, split


def compose(headers: Sequence[tuple[str, list[str]]], text: str, raw: bytes, *, whole: bool) -> bytes:
    """A `multipart/mixed` of the text and of what is returned: the whole letter, or its header. `headers` are (name, words)."""
    returned = raw if whole else raw[: split(raw)[0]]
    boundary = f"returned-{hashlib.blake2b(returned, digest_size=16).hexdigest()}"
    encoding = "7bit" if (text.encode() + returned).isascii() else "8bit"
    typed = ["multipart/mixed;", f'boundary="{boundary}"']
    top = [*headers, ("MIME-Version", ["1.0"]), ("Content-Type", typed), ("Content-Transfer-Encoding", [encoding])]
    parts = (
        ("text/plain; charset=utf-8", f"{text}\n".replace("\n", "\r\n").encode()),
        ("message/rfc822" if whole else "text/rfc822-headers", returned),
    )
    lines = [fields.block(top)]
    for kind, body in parts:
        lines.append(f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n".encode())
        lines.append(body)
    lines.append(f"--{boundary}--\r\n".encode())
    return CRLF.join(lines)
