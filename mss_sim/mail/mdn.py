"""Message disposition notifications, the read receipts: written and read (ref: rfc8098, ig-mss#mdn)."""

import re
from dataclasses import dataclass
from email.utils import format_datetime

from mss_sim.clock import Micros, to_datetime
from mss_sim.mail import fields
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.mail.headers import message_ids, readable
from mss_sim.mail.mime import Part
from mss_sim.mail.reports import field_groups, machine_part, read_groups, typed_address, typed_value, words, write
from mss_sim.vocabulary.mail import Disposition

_MODE = re.compile(r"\s*(manual-action|automatic-action)\s*/\s*(MDN-sent-manually|MDN-sent-automatically)\s*\Z", re.IGNORECASE)
_WORDS = {
    Disposition.DISPLAYED: ("Lu", "a été affiché. Cela ne dit pas qu'il a été lu ni compris."),
    Disposition.PROCESSED: ("Traité", "a été traité."),
    Disposition.DELETED: ("Supprimé sans lecture", "a été supprimé sans être affiché."),
    Disposition.DISPATCHED: ("Transmis", "a été transmis à quelqu'un d'autre."),
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """The content of a receipt. `original_raw` is the whole letter, as the ANS guide requires; `name` the mailbox's label."""

    final_recipient: str
    name: str
    to: tuple[str, str]
    original_message_id: str
    original_subject: str
    original_raw: bytes
    disposition: Disposition
    automatic_action: bool = False
    automatic_sending: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedMdn:
    """An incoming receipt. `legacy_error` marks the form of before IG v1.1.3, `processed/Error: ...`."""

    original_message_id: str | None
    final_recipient: str | None
    disposition: Disposition
    error: str | None
    legacy_error: bool


def compose(receipt: Receipt, *, reporting_ua: str, message_id: str, at: Micros) -> bytes:
    """The receipt as a message of three parts; its return path must be null (ref: rfc8098#2.1, rfc8098#3)."""
    title, ending = _WORDS[receipt.disposition]
    headers = [
        ("Message-ID", words(message_id)),
        ("Date", words(format_datetime(to_datetime(at).replace(microsecond=0)))),
        ("From", fields.person((readable(receipt.name), receipt.final_recipient))),
        ("To", fields.person((readable(receipt.to[0]), receipt.to[1]))),
        ("Subject", words(shortened(f"{title} : {receipt.original_subject}"))),
        ("In-Reply-To", words(receipt.original_message_id)),
        ("References", words(receipt.original_message_id)),
        ("Auto-Submitted", words("auto-replied" if receipt.automatic_sending else "no")),
    ]
    told = [
        ("Reporting-UA", reporting_ua),
        ("Final-Recipient", typed_address(receipt.final_recipient)),
        ("Original-Message-ID", receipt.original_message_id),
        ("Disposition", f"{_mode(receipt)}; {receipt.disposition}{'/error' if receipt.error else ''}"),
    ]
    if receipt.error:
        told.append(("Error", receipt.error))
    return write(
        "disposition-notification",
        headers,
        f"Le message « {shortened(receipt.original_subject)} » envoyé à {receipt.final_recipient} {ending}\n",
        field_groups([told]),
        ("message/rfc822", receipt.original_raw),
    )


def shortened(text: str) -> str:
    """A subject on one line, shortened so that it never grows with each receipt."""
    return " ".join(readable(text).split())[:200]


def _mode(receipt: Receipt) -> str:
    action = "automatic-action" if receipt.automatic_action else "manual-action"
    sending = "MDN-sent-automatically" if receipt.automatic_sending else "MDN-sent-manually"
    return f"{action}/{sending}"


def parse(raw: bytes, root: Part) -> ParsedMdn | None:
    """Read a receipt; None when the message is not one, or its Disposition cannot be read (ref: rfc8098#3.2.6)."""
    part = machine_part(root, "disposition-notification", "message/disposition-notification")
    if part is None:
        return None
    group = next(iter(read_groups(raw, part)), {})
    mode, semicolon, rest = group.get("disposition", "").partition(";")
    kind, slash, modifier = rest.partition("/")
    if not semicolon or not _MODE.match(mode):
        return None
    try:
        disposition = Disposition(kind.strip().lower())
    except ValueError:
        return None
    legacy = slash == "/" and modifier.strip().lower().startswith("error:")
    return ParsedMdn(
        original_message_id=next(iter(message_ids(group.get("original-message-id"))), None),
        final_recipient=_address(group.get("final-recipient")),
        disposition=disposition,
        error=modifier.partition(":")[2].strip() if legacy else group.get("error"),
        legacy_error=legacy,
    )


def _address(value: str | None) -> str | None:
    try:
        return canonical(typed_value(value)) if value else None
    except AddressError:
        return None
