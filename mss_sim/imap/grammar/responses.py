"""What the server sends, as bytes: flags, dates, sets, names, and the IMAP form of each rule's refusal."""

import re
from collections.abc import Iterable
from functools import lru_cache

from mss_sim.clock import SECOND, Micros, to_datetime
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.imap.grammar import names
from mss_sim.mail.plain import in_ascii
from mss_sim.mail.structure import nstring
from mss_sim.ranges import ranges_of
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mailboxes import FLAG_NAMES, Flag
from mss_sim.words.sentence import Sentence

_ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+\Z')
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ESCAPED = re.compile(rb'(["\\])')
_UNSPEAKABLE = re.compile(r"[^\x20-\x7e]")

CODES: dict[Rule, str] = {
    Rule.AUTHENTICATION_REQUIRED: "CLIENTBUG",
    Rule.AUTHENTICATION_FAILED: "AUTHENTICATIONFAILED",
    Rule.AUTHORIZATION_FAILED: "AUTHORIZATIONFAILED",
    Rule.TOO_MANY_CONNECTIONS: "LIMIT",
    Rule.TOO_MANY_PASSWORDS: "LIMIT",
    Rule.HOST_UNKNOWN: "CANNOT",
    Rule.HEAD_TOO_LARGE: "LIMIT",
    Rule.REQUEST_TOO_SLOW: "LIMIT",
    Rule.SEND_NOT_ALLOWED: "NOPERM",
    Rule.RIGHT_MISSING: "NOPERM",
    Rule.UNKNOWN_MAILBOX: "NONEXISTENT",
    Rule.MAILBOX_CLOSED: "NOPERM",
    Rule.MAILBOX_SUSPENDED: "UNAVAILABLE",
    Rule.MAILBOX_FULL: "OVERQUOTA",
    Rule.DOMAIN_OUTSIDE: "CANNOT",
    Rule.PEER_NOT_TRUSTED: "NOPERM",
    Rule.WHITE_LIST_STALE: "UNAVAILABLE",
    Rule.BAD_ADDRESS: "CANNOT",
    Rule.PATIENT_NOT_QUALIFIED: "CANNOT",
    Rule.TOO_LARGE: "TOOBIG",
    Rule.TOO_MANY_RECIPIENTS: "LIMIT",
    Rule.LIMIT_REACHED: "LIMIT",
    Rule.NO_RECIPIENT: "CANNOT",
    Rule.NOT_INVITED: "NOPERM",
    Rule.CONVERSATION_CLOSED: "NOPERM",
    Rule.PHARMACY_NEVER_VISITED: "NOPERM",
    Rule.PHARMACY_VISIT_TOO_OLD: "NOPERM",
    Rule.NOT_A_PHARMACY: "NOPERM",
    Rule.NO_PUBLISHED_ORG_MAILBOX: "NOPERM",
    Rule.MALFORMED_MESSAGE: "CANNOT",
    Rule.GRANT_NOT_ALLOWED: "NOPERM",
    Rule.GRANTEE_NOT_ALLOWED: "CANNOT",
    Rule.SUCCESSOR_REQUIRED: "CANNOT",
    Rule.RECEIPT_NOT_REQUESTED: "CANNOT",
    Rule.RECEIPT_ALREADY_SENT: "CANNOT",
    Rule.RECEIPT_NEEDS_CONSENT: "CANNOT",
    Rule.RECEIPT_OPTION_UNKNOWN: "CANNOT",
    Rule.NOT_FOUND: "NONEXISTENT",
    Rule.IN_CHARGE: "INUSE",
    Rule.CONFLICT: "CANNOT",
    Rule.INVALID: "CANNOT",
    Rule.IDEMPOTENCY_MISMATCH: "CANNOT",
    Rule.CONTROL_FORBIDDEN: "NOPERM",
    Rule.STORE_UNAVAILABLE: "UNAVAILABLE",
    Rule.EXPIRED: "CANNOT",
    Rule.FAULT: "UNAVAILABLE",
}
"""The response code that shows each rule (ref: rfc9051#7.1, rfc5530#3)."""


def refused(refusal: Refusal, language: Language, *, code: str | None = None, utf8: bool = False) -> bytes:
    """`NO [CODE] text` of a refusal; the reference of its rule comes last."""
    source = f" ({refusal.reference})" if refusal.reference else ""
    return f"NO [{code or CODES[refusal.rule]}] {spoken(refusal.detail, language, utf8=utf8)}{source}".encode()


def spoken(sentence: Sentence, language: Language, *, utf8: bool = False) -> str:
    """A sentence as a response line may hold it: printable ASCII, accents taken off, or UTF-8 for who speaks it (ref: rfc9051#9)."""
    text = sentence.in_language(language)
    if utf8:
        return "".join(letter if letter.isprintable() else "?" for letter in text)[:900]
    return _UNSPEAKABLE.sub("?", in_ascii(text))[:900]


def astring(octets: bytes) -> bytes:
    """An atom where possible, else a string; NIL in quotes, since some readers take the word for an absent value."""
    return octets if _ATOM.match(octets) and octets.upper() != b"NIL" else nstring(octets)


def folder_name(name: str, *, utf8: bool) -> bytes:
    """The name of a folder, quoted."""
    octets = name.encode("utf-8") if utf8 else names.encode(name)
    return b'"%b"' % _ESCAPED.sub(rb"\\\1", octets)


@lru_cache(maxsize=4_096)
def flag_list(flags: int, seen: bool, keywords: str, recent: bool = False) -> bytes:
    """`(\\Seen \\Recent $Forwarded)`; `seen` is what this reader sees, whatever the shared flag says, `recent` what this session was first
    told of."""
    words = [name for name, flag in FLAG_NAMES.items() if (seen if flag is Flag.SEEN else flags & flag)]
    words += ["\\Recent"] if recent else []
    return f"({' '.join([*words, *keywords.split()])})".encode("ascii")


@lru_cache(maxsize=1_024)
def _internal_date(seconds: int) -> bytes:
    moment = to_datetime(seconds * SECOND)
    return f'"{moment.day:2d}-{_MONTHS[moment.month - 1]}-{moment.year:04d} {moment:%H:%M:%S} +0000"'.encode("ascii")


def internal_date(instant: Micros) -> bytes:
    """The INTERNALDATE of an instant, in UTC."""
    return _internal_date(instant // SECOND)


def object_id(kind: str, number: int) -> bytes:
    """An OBJECTID: a letter that tells what it names (ref: rfc8474#8.1), and the id as REST shows it."""
    return f"{kind}{encode(number)}".encode("ascii")


def sequence_set(numbers: Iterable[int]) -> bytes:
    """Ascending numbers as a set: `1:3,7`."""
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in ranges_of(numbers)).encode("ascii")
