"""One message, read once into a frozen value.

`parse` refuses only what must never be stored (see `MalformedMessage`); every other anomaly is kept as received and read as
well as possible, because a simulator that hides a client's mistakes is useless. Offsets point into the bytes that were parsed, so
that an attachment is cut out without parsing again.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

from mss_sim.clock import Micros, from_datetime, to_datetime
from mss_sim.mail import mime
from mss_sim.mail.addresses import parse_list
from mss_sim.mail.closing_marks import ClosingMarks, closing_marks
from mss_sim.mail.headers import Headers, bare_ids, decode, message_ids, read_headers, readable, split
from mss_sim.mail.mime import Part
from mss_sim.mail.reports import opened, report_in
from mss_sim.mail.structure import body_structure
from mss_sim.vocabulary.mail import XDM_NAME
from mss_sim.words.sentence import SpokenError, say, sentence_of

_PREVIEW_CHARS = 160
_SHORT_BYTES = 8 * 1024
_LARGE_BYTES = 256 * 1024
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_USUAL_DATE = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d{{1,2}}) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)([0-5]\d)\Z",
    re.ASCII,
)
"""A date in the usual form (ref: rfc5322#3.3); the others are read by the standard library, five times slower."""
_ORDINARY = bytes(octet for octet in range(256) if octet not in b"\r\n\x00")
"""What a message may hold anywhere."""
_ACCENTED = re.compile(r"[^\x00-\x7f]{1,32}")


class MalformedMessage(SpokenError, ValueError):
    """The bytes are not a message that may be stored; the text says which rule and what to do (554 5.6.0, 400)."""


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """The upper limits of `parse`; sizes in bytes."""

    header_size_bytes: int = 256 * 1024
    header_count: int = 1_000
    parts: int = 1_000
    depth: int = 100
    search_text_chars: int = 65_536


class ParsedMessage(NamedTuple):
    """A parsed message, as the rest of the program sees it. Addresses are canonical; absent headers are None or empty.

    `is_report`: a notification or a receipt (ref: rfc6522), signed or wrapped on the way or not.
    """

    size_bytes: int
    headers: Headers
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    subject: str
    sent_at: Micros | None
    from_: tuple[tuple[str, str], ...]
    sender: tuple[tuple[str, str], ...]
    reply_to: tuple[tuple[str, str], ...]
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...]
    receipt_to: tuple[tuple[str, str], ...]
    marks: ClosingMarks
    root: Part
    text: str
    structure: bytes
    is_report: bool

    @property
    def attachments(self) -> tuple[Part, ...]:
        """The leaves that are files, in order: whatever is not shown as the text of the message."""
        return mime.files(self.root)

    @property
    def has_xdm(self) -> bool:
        """Whether an IHE_XDM archive is attached (by its name, ref: ref2#ECO.2.1.1)."""
        return any((part.filename or "").upper() == XDM_NAME for part in self.attachments)

    @property
    def preview(self) -> str:
        """The beginning of the text on one line, without control characters."""
        return readable(" ".join(self.text[: 2 * _PREVIEW_CHARS].split())[:_PREVIEW_CHARS])

    @property
    def search_text(self) -> str:
        """All searchable text, folded."""
        people = " ".join(f"{name} {address}" for name, address in (*self.from_, *self.to, *self.cc))
        return fold(f"{self.subject} {people} {self.text}")


def parse(raw: bytes, limits: ParseLimits = ParseLimits()) -> ParsedMessage:
    """Read a message given as CRLF lines. MalformedMessage when it may not be stored."""
    _refuse_forbidden_octets(raw)
    end, body = split(raw)
    if end > limits.header_size_bytes:
        raise MalformedMessage(say("the header block is over {most} bytes; shorten it", most=limits.header_size_bytes))
    try:
        headers = read_headers(raw[:end], count_max=limits.header_count)
        root = mime.read_tree(raw, headers, body, mime.Bounds(limits.parts, limits.depth, limits.header_count))
    except OverflowError as error:
        raise MalformedMessage(say("{error}; send fewer", error=sentence_of(error))) from error
    return ParsedMessage(
        size_bytes=len(raw),
        headers=headers,
        message_id=next(iter(message_ids(headers.text("Message-ID"))), None),
        in_reply_to=_ids_in(headers, "In-Reply-To"),
        references=_ids_in(headers, "References"),
        subject=headers.text("Subject") or "",
        sent_at=_date(headers.text("Date")),
        from_=people_in(headers, "From"),
        sender=people_in(headers, "Sender"),
        reply_to=people_in(headers, "Reply-To"),
        to=people_in(headers, "To"),
        cc=people_in(headers, "Cc"),
        receipt_to=people_in(headers, "Disposition-Notification-To"),
        marks=closing_marks(raw[:end], headers),
        root=root,
        text=mime.body_text(raw, root, limits.search_text_chars),
        structure=body_structure(raw, root, headers),
        is_report=report_in(opened(raw, root)[1]) is not None,
    )


def _ids_in(headers: Headers, name: str) -> tuple[str, ...]:
    """The letters that a field names; a program that writes no brackets names them all the same."""
    value = headers.text(name)
    return message_ids(value) or bare_ids(value) if value else ()


def takes_long(raw: bytes) -> bool:
    """Whether `parse` may take more than some thirty milliseconds: a large message, a long header, or parts with headers of their own."""
    if len(raw) <= _SHORT_BYTES:
        return False
    head, blank, _ = raw[:_SHORT_BYTES].partition(b"\r\n\r\n")
    if len(raw) > _LARGE_BYTES or not blank:
        return True
    return any(kind in head.lower() for kind in (b"multipart/", b"message/", b"pkcs7-mime"))


def fold(text: str) -> str:
    """Lower case without accents, so that `hémoglobine` finds `HEMOGLOBINE` on every database."""
    if text.isascii():
        return text.lower().replace("\x00", "")
    folded = _ACCENTED.sub(lambda found: _folded(found[0]), text).lower()
    return folded.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words of a text, folded, each once, in their order; whatever is neither letter nor figure parts them."""
    return list(dict.fromkeys(_WORD.findall(fold(text))))


@lru_cache(maxsize=4_096)
def _folded(letters: str) -> str:
    """A few non-ASCII letters, without their marks, in the case used for comparison."""
    decomposed = unicodedata.normalize("NFKD", letters)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()


def _refuse_forbidden_octets(raw: bytes) -> None:
    ends = raw.translate(None, _ORDINARY)
    if len(ends) == 2 * raw.count(b"\r\n"):
        return
    if b"\x00" in ends:
        raise MalformedMessage(say("the message holds a NUL octet; encode binary parts in base64"))
    raise MalformedMessage(say("the message holds a bare CR or LF; end every line with CRLF"))


def people_in(headers: Headers, name: str) -> tuple[tuple[str, str], ...]:
    """(display name, canonical address) pairs of every field called `name`."""
    values = headers.all(name)
    if not values:
        return ()
    if len(values) == 1:
        return parse_list(headers.text(name) or "") if b"=?" not in values[0] else _encoded_people(values[0])
    return tuple(pair for value in values for pair in _encoded_people(value))


def _encoded_people(value: bytes) -> tuple[tuple[str, str], ...]:
    """Split first, decode names after: a comma inside an encoded word is not a separator (ref: rfc2047#6.2)."""
    pairs = parse_list(value.decode("utf-8", "replace"))
    return tuple((decode(name.encode("utf-8")), address) for name, address in pairs)


def _read_usual(date: re.Match[str]) -> datetime:
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = date.groups()
    offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
    moment = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    return moment + offset if sign == "-" else moment - offset


def _date(value: str | None) -> Micros | None:
    if not value:
        return None
    usual = _USUAL_DATE.match(value)
    try:
        instant = from_datetime(_read_usual(usual) if usual else parsedate_to_datetime(value))
        to_datetime(instant)  # a date that cannot be shown is ignored
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return instant


def date_as_written(value: str) -> Micros | None:
    """What a Date says, its zone left out, as if it were in UTC: `00:30 +0100` is on that day; None when it cannot be read."""
    try:
        return from_datetime(parsedate_to_datetime(value).replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
