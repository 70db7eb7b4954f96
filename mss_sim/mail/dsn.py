"""Delivery status notifications: written and read (ref: rfc3464, rfc3461)."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from ipaddress import ip_address

from mss_sim.clock import Micros, to_datetime
from mss_sim.mail import fields, structured
from mss_sim.mail.headers import message_ids, read_headers, split
from mss_sim.mail.mime import Part
from mss_sim.mail.plain import in_ascii
from mss_sim.mail.reports import (
    addresses,
    field_groups,
    halves_of_typed,
    machine_part,
    one_line,
    opened,
    read_groups,
    typed_address,
    words,
    write,
)
from mss_sim.mail.returned import returned_letter
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import DsnAction
from mss_sim.words.sentence import say

_HEADER_OCTETS_MAX = 64 * 1024  # of a returned letter; its Message-ID comes before that
_WORDS = {
    DsnAction.FAILED: (say("Undelivered message"), say("Your message could not be delivered to the following recipients:")),
    DsnAction.DELAYED: (
        say("Delayed message"),
        say("Your message could not be delivered to the following recipients yet; it is tried again:"),
    ),
    DsnAction.DELIVERED: (say("Delivered message"), say("Your message was delivered to the following recipients:")),
    DsnAction.RELAYED: (
        say("Relayed message"),
        say("Your message was handed to an operator that reports no delivery:"),
    ),
    DsnAction.EXPANDED: (say("Message sent to a list"), say("Your message was delivered to the following lists:")),
}


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """The outcome for one recipient. `status` is an enhanced code (`5.1.1`); `diagnostic` an SMTP reply, code first.

    In the report its accents are taken off where the recipient's address has none: only then may the field be UTF-8 (ref: rfc6533#3).
    """

    address: str
    action: DsnAction
    status: str
    diagnostic: str | None = None
    original: str | None = None
    remote_mta: str | None = None
    will_retry_until: Micros | None = None

    @property
    def known_as(self) -> tuple[str, ...]:
        """The addresses by which the sender may know the recipient: the one that was written to comes first (ref: rfc3464#2.3.1)."""
        return tuple(dict.fromkeys((*addresses(self.original), self.address, *addresses(self.address))))


@dataclass(frozen=True, slots=True)
class DsnEnvelope:
    """What a notification says about its letter. `arrived_at` is when it was submitted."""

    sender: str
    arrived_at: Micros
    envelope_id: str | None
    return_full: bool
    raw: bytes


@dataclass(frozen=True, slots=True)
class ParsedDsn:
    """An incoming notification: who reported, about which letter, and each recipient's status."""

    envelope_id: str | None
    message_id: str | None
    recipients: tuple[RecipientStatus, ...]


def compose(
    envelope: DsnEnvelope,
    statuses: Sequence[RecipientStatus],
    *,
    reporting_mta: str,
    from_: str,
    message_id: str,
    at: Micros,
    language: Language,
    told: tuple[str, str] | None = None,
) -> bytes:
    """One notification, in that language, for recipients that share an action; its return path must be null (ref: rfc3464#2).

    `told`: the subject and the first words, where they are not the usual ones.
    """
    action = statuses[0].action
    title, sentence = told or (one.in_language(language) for one in _WORDS[action])
    headers = [
        ("Message-ID", words(message_id)),
        ("Date", words(format_datetime(to_datetime(at)))),
        ("From", fields.person((say("Mail Delivery System").in_language(language), one_line(from_)))),
        ("To", [one_line(envelope.sender)]),
        ("Subject", words(title)),
        ("Auto-Submitted", words("auto-replied")),  # ref: rfc3834#5
    ]
    original_id = _original_id(envelope.raw)
    if original_id:
        headers += [("In-Reply-To", words(original_id)), ("References", words(original_id))]
    lines = [f"  {status.address} ({one_line(status.diagnostic or status.status)})\n" for status in statuses]
    whole = envelope.return_full and action is DsnAction.FAILED  # ref: rfc3461#4.3
    return write(
        "delivery-status",
        headers,
        (language, "\n".join([sentence, "", "".join(lines)])),
        field_groups([_message_fields(envelope, reporting_mta), *map(_fields, statuses)]),
        ("message/rfc822", envelope.raw) if whole else ("text/rfc822-headers", envelope.raw[: split(envelope.raw)[0]]),
    )


def _original_id(raw: bytes) -> str | None:
    try:
        headers = read_headers(raw[: split(raw)[0]], count_max=10_000)
    except OverflowError:
        return None
    return next(iter(message_ids(headers.text("Message-ID"))), None)


def _message_fields(envelope: DsnEnvelope, reporting_mta: str) -> list[tuple[str, str]]:
    named = [("Original-Envelope-Id", envelope.envelope_id)] if envelope.envelope_id else []
    return [
        *named,
        ("Reporting-MTA", f"dns; {reporting_mta}"),
        ("Arrival-Date", format_datetime(to_datetime(envelope.arrived_at))),
    ]


def _fields(status: RecipientStatus) -> list[tuple[str, str]]:
    told = [("Original-Recipient", status.original)] if status.original else []
    told += [("Final-Recipient", typed_address(status.address)), ("Action", status.action.value), ("Status", status.status)]
    if status.remote_mta:
        told.append(("Remote-MTA", f"dns; {_mta_name(status.remote_mta)}"))
    if status.diagnostic:
        diagnostic = in_ascii(status.diagnostic) if status.address.isascii() else status.diagnostic
        told.append(("Diagnostic-Code", f"smtp; {one_line(diagnostic)}"))
    if status.will_retry_until is not None:
        told.append(("Will-Retry-Until", format_datetime(to_datetime(status.will_retry_until))))
    return told


def _mta_name(host: str) -> str:
    """A host as a dns-mta-name: a domain name, or an address as a domain literal (ref: rfc3464#2.2.2, rfc5321#4.1.3)."""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return host
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"


def parse(raw: bytes, root: Part) -> ParsedDsn | None:
    """Read a notification; None when the message is not one, or names no recipient."""
    raw, root = opened(raw, root)
    part = machine_part(root, "delivery-status")
    if part is None:
        return None
    groups = read_groups(raw, part)
    recipients = tuple(status for status in map(_status, groups) if status is not None)
    if not recipients:
        return None
    envelope_id = groups[0].get("original-envelope-id")
    returned = returned_letter(raw, root, _HEADER_OCTETS_MAX)
    return ParsedDsn(envelope_id=envelope_id, message_id=_original_id(returned) if returned else None, recipients=recipients)


def _status(group: dict[str, str]) -> RecipientStatus | None:
    original = group.get("original-recipient")
    address = next(iter((*addresses(group.get("final-recipient")), *addresses(original))), None)
    try:
        action = DsnAction(structured.word(group.get("action", "")))
    except ValueError:
        return None
    if address is None:
        return None
    diagnostic = group.get("diagnostic-code")
    return RecipientStatus(
        address=address,
        action=action,
        status=next(iter(structured.read(group.get("status", "")).value.split()), ""),  # some put words behind the code
        diagnostic=halves_of_typed(diagnostic)[1] if diagnostic else None,
        original=original,
    )
