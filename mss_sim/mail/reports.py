"""The common part of every report: three parts, fields in groups, one reader (ref: rfc6522)."""

import hashlib
import re
import sys
from collections.abc import Sequence

from mss_sim.mail import fields, structured
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.mail.headers import CRLF, decode, read_headers, readable, split
from mss_sim.mail.mime import Bounds, Part, content, read_tree
from mss_sim.mail.signed import signed_content
from mss_sim.vocabulary.language import Language

_MACHINE_OCTETS_MAX = 64 * 1024  # enough for hundreds of recipients; anything after that is not read
_TYPE = re.compile(r"[\w-]+\Z")
_CODE_POINT = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_XTEXT = re.compile(r"(?:\+[0-9A-F]{2})+")
_ENCLOSING = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_BOUNDS_MAX = 1_000
_DEPTH_MAX = 100
_WRAPPERS = ("multipart/signed", "multipart/mixed")


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


def write(
    report_type: str,
    headers: Sequence[tuple[str, list[str]]],
    told: tuple[Language, str],
    machine: bytes,
    original: tuple[str, bytes],
) -> bytes:
    """A `multipart/report` of three parts (ref: rfc6522#3).

    `headers` are (name, words), `told` is the text with its language (ref: rfc3282#2), `original` the (content type, bytes) of the
    reported letter.

    Written by hand because the bytes of the original must be sent unchanged, which the standard library's generator does not guarantee.
    """
    (language, text), (content_type, returned) = told, original
    boundary = "report-" + hashlib.sha256(machine + str(headers).encode()).hexdigest()[:32]
    parts = (
        (f"text/plain; charset=utf-8\r\nContent-Language: {language}", text.replace("\n", "\r\n").encode("utf-8")),
        (f"message/{report_type}", machine),
        (content_type, returned),
    )
    typed = ["multipart/report;", f'report-type="{report_type}";', f'boundary="{boundary}"']
    whole = max(_encoding(body) for _, body in parts)  # a part of eight bits makes the whole one of eight bits
    top = [*headers, ("MIME-Version", ["1.0"]), ("Content-Type", typed), ("Content-Transfer-Encoding", [whole])]
    lines = [fields.block(top)]
    for kind, body in parts:
        encoding = _encoding(body)
        lines.append(f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n".encode())
        lines.append(body)
    lines.append(f"--{boundary}--\r\n".encode())
    return CRLF.join(lines)


def _encoding(body: bytes) -> str:
    """What is declared of octets that are sent as they are (ref: rfc2045#6.2, rfc2045#6.4)."""
    return "7bit" if body.isascii() else "8bit"


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


def halves_of_typed(value: str) -> tuple[str, str]:
    """(type in lower case, text as it came) of a typed field such as `smtp; 550 no`; the type is empty where none is given."""
    head, semicolon, rest = structured.halves(value, ";")
    kind = structured.uncommented(head).strip()
    return (kind.lower(), rest.strip()) if semicolon and _TYPE.match(kind) else ("", value.strip())


def addresses(value: str | None) -> tuple[str, ...]:
    """What an address field may name, canonical, the most likely first; empty when it cannot be read.

    `rfc822; <a@b> (x)` is `a@b` (ref: rfc3464#2.1.1, rfc3464#2.1.2). `\\x{E9}` is always decoded (ref: rfc6533#3); `+2B` may be a part of
    the address as well as the code of a sign (ref: rfc3461#4), so that both are given.
    """
    text = structured.uncommented(halves_of_typed(value or "")[1]).strip("; \t")
    opened, closed = text.rfind("<"), text.rfind(">")
    plain = _CODE_POINT.sub(_letter, text[opened + 1 : closed] if 0 <= opened < closed else text.strip("<>"))
    found: dict[str, None] = {}
    for spelling in (plain, _XTEXT.sub(lambda code: bytes.fromhex(code[0].replace("+", "")).decode("utf-8", "replace"), plain)):
        try:
            found[canonical(spelling)] = None
        except AddressError:
            continue
    return tuple(found)


def _letter(code: re.Match[str]) -> str:
    number = int(code[1], 16)
    return chr(number) if number <= sys.maxunicode else code[0]


def opened(raw: bytes, root: Part) -> tuple[bytes, Part]:
    """The message with its tree; where a CMS signature encloses another (ref: rfc8551#3.5.2), that one with its own."""
    part = _unwrapped(root)
    if part.content_type not in _ENCLOSING or part.params.get("smime-type", "signed-data").lower() != "signed-data":
        return raw, root
    inner = signed_content(content(raw, part.start, part.end, part.encoding))
    if inner is None:
        return raw, root
    inner = re.sub(rb"\r?\n", CRLF, inner)
    end, body = split(inner)
    try:
        headers = read_headers(inner[:end], count_max=_BOUNDS_MAX)
        return inner, read_tree(inner, headers, body, Bounds(_BOUNDS_MAX, _DEPTH_MAX, _BOUNDS_MAX))
    except OverflowError:
        return raw, root


def _unwrapped(root: Part) -> Part:
    part = root
    while part.content_type in _WRAPPERS and part.children:
        part = part.children[0]
    return part


def report_in(root: Part) -> Part | None:
    """The report that a message is: itself, or the first part of what signed or wrapped it on the way (ref: rfc6522#3, rfc8098#6.2)."""
    part = _unwrapped(root)
    return part if part.content_type == "multipart/report" else None


def machine_part(root: Part, report_type: str) -> Part | None:
    """The machine-readable part of a report of that type, under either of its names; None when the message is not such a report."""
    report = report_in(root)
    if report is None or report.params.get("report-type", "").strip().lower().removeprefix("global-") != report_type:
        return None
    names = (f"message/{report_type}", f"message/global-{report_type}")  # ref: rfc6533#4, rfc6533#5
    return next((part for part in report.children if part.content_type in names), None)
