"""The common part of every report: three parts, fields in groups, one reader (ref: rfc6522)."""

import hashlib
import re
from collections.abc import Sequence

from mss_sim.mail import fields
from mss_sim.mail.headers import CRLF, decode, read_headers, readable
from mss_sim.mail.mime import Part, content

_MACHINE_OCTETS_MAX = 64 * 1024  # enough for hundreds of recipients; anything after that is not read
_TYPE = re.compile(r"[\w-]+\s*\Z")


def one_line(value: str) -> str:
    """The value without control characters, so that no field can be smuggled into a report."""
    return readable(value).strip()


def words(value: str) -> list[str]:
    """The words of a field of a report, whatever the reported letter contained."""
    return fields.text(one_line(value))


def field_groups(groups: Sequence[Sequence[tuple[str, str]]]) -> bytes:
    """The body of a machine-readable part: groups of fields, an empty line between them."""
    texts = ["".join(f"{name}: {one_line(value)}\r\n" for name, value in group) for group in groups]
    return "\r\n".join(texts).encode("utf-8")


def write(report_type: str, headers: Sequence[tuple[str, list[str]]], text: str, machine: bytes, original: tuple[str, bytes]) -> bytes:
    """A `multipart/report` of three parts; `headers` are (name, words), `original` the (content type, bytes) of the reported letter.

    Written by hand because the bytes of the original must be sent unchanged, which the standard library's generator does not guarantee.
    """
    content_type, returned = original
    boundary = "report-" + hashlib.sha256(machine + str(headers).encode()).hexdigest()[:32]
    parts = (
        ("text/plain; charset=utf-8", text.replace("\n", "\r\n").encode("utf-8")),
        (f"message/{report_type}", machine),
        (content_type, returned),
    )
    typed = ["multipart/report;", f'report-type="{report_type}";', f'boundary="{boundary}"']
    lines = [fields.block([*headers, ("MIME-Version", ["1.0"]), ("Content-Type", typed)])]
    for kind, body in parts:
        encoding = "7bit" if body.isascii() else "8bit"  # ref: rfc2045#6.2
        lines.append(f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n".encode())
        lines.append(body)
    lines.append(f"--{boundary}--\r\n".encode())
    return CRLF.join(lines)


def read_groups(raw: bytes, part: Part) -> list[dict[str, str]]:
    """The field groups at the beginning of a machine-readable part, names in lower case; unreadable lines are left out."""
    body = content(raw, part.start, min(part.end, part.start + _MACHINE_OCTETS_MAX), part.encoding)
    groups = []
    for block in re.split(rb"(?:\r?\n)(?:[ \t]*\r?\n)+", body.strip() + b"\r\n"):
        if not block.strip():
            continue
        found = read_headers(re.sub(rb"\r?\n", CRLF, block.strip()), count_max=len(block) + 1).fields
        group: dict[str, str] = {}
        for name, value in found:
            group.setdefault(name.lower(), " ".join(decode(value).split()))
        groups.append(group)
    return groups


def typed_address(address: str) -> str:
    """An address with its type; non-ASCII addresses have a type of their own (ref: rfc6533#3)."""
    return f"{'rfc822' if address.isascii() else 'utf-8'}; {address}"


def typed_value(value: str) -> str:
    """The value after an address or code type: `rfc822; a@b` gives `a@b` (ref: rfc3464#2.1.2)."""
    head, semicolon, rest = value.partition(";")
    return (rest if semicolon and _TYPE.match(head) else value).strip().strip("<>")


def machine_part(root: Part, report_type: str, content_type: str) -> Part | None:
    """The machine-readable part of a `multipart/report` of that type, or None when the message is not such a report."""
    if root.content_type != "multipart/report" or root.params.get("report-type", "").lower() != report_type:
        return None
    return next((part for part in root.children if part.content_type == content_type), None)
