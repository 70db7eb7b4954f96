"""Message disposition notifications, the read receipts: written and read (ref: rfc8098, ig-mss#mdn)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import NamedTuple

from mss_sim.clock import Micros, to_datetime
from mss_sim.mail import fields, structured
from mss_sim.mail.headers import bare_ids, message_ids, readable
from mss_sim.mail.mime import Part
from mss_sim.mail.reports import addresses, field_groups, machine_part, opened, read_groups, report_in, typed_address, words, write
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import Disposition, ReceiptFamily
from mss_sim.words.sentence import Sentence, Template, quoted, say

_MODE = re.compile(r"\s*(manual-action|automatic-action)\s*/\s*(MDN-sent-manually|MDN-sent-automatically)\s*\Z", re.IGNORECASE)
_WORDS = {
    Disposition.DISPLAYED: (
        Template("Read: {subject}"),
        Template("The message “{subject}” sent to {recipient} was displayed. That does not tell that it was read or understood."),
    ),
    Disposition.PROCESSED: (Template("Processed: {subject}"), Template("The message “{subject}” sent to {recipient} was processed.")),
    Disposition.DELETED: (
        Template("Deleted unread: {subject}"),
        Template("The message “{subject}” sent to {recipient} was deleted without being displayed."),
    ),
    Disposition.DISPATCHED: (
        Template("Forwarded: {subject}"),
        Template("The message “{subject}” sent to {recipient} was forwarded to somebody else."),
    ),
}
_FAILED = Template("The message “{subject}” sent to {recipient} could not be processed: {error}")


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
    """An incoming receipt. `failed`: what it tells of is a failure, with or without words; `error` are the words.

    `legacy_error` marks words in the modifier itself, `processed/Error: ...`, as before IG v1.1.3. `known_as`: the addresses by which the
    sender may know the reader, the one that was written to first (ref: rfc8098#3.2.3, rfc8098#3.2.4).
    """

    original_message_id: str | None
    final_recipient: str | None
    disposition: Disposition
    error: str | None
    legacy_error: bool
    failed: bool = False
    known_as: tuple[str, ...] = ()

    @property
    def family(self) -> ReceiptFamily:
        """Whose form a failure has; a success has none."""
        if not self.failed:
            return ReceiptFamily.PLAIN
        current = ReceiptFamily.IG_LEGACY if self.legacy_error else ReceiptFamily.IG_1_1_3
        return {Disposition.PROCESSED: current, Disposition.DELETED: ReceiptFamily.IHE}.get(self.disposition, ReceiptFamily.PLAIN)


def compose(receipt: Receipt, *, reporting_ua: str, message_id: str, at: Micros, language: Language) -> bytes:
    """The receipt as a message of three parts, in that language; its return path must be null (ref: rfc8098#2.1, rfc8098#3)."""
    title, text = _WORDS[receipt.disposition]
    subject = title.say(subject=receipt.original_subject).in_language(language)
    if receipt.automatic_action and receipt.disposition is Disposition.PROCESSED:
        subject = integration_subject(receipt.original_subject, receipt.error)
    sentence = text.say(subject=shortened(receipt.original_subject), recipient=receipt.final_recipient)
    if receipt.error:
        sentence = _FAILED.say(
            subject=shortened(receipt.original_subject), recipient=receipt.final_recipient, error=shortened(receipt.error)
        )
    headers = [
        ("Message-ID", words(message_id)),
        ("Date", words(format_datetime(to_datetime(at)))),
        ("From", fields.person((readable(receipt.name), receipt.final_recipient))),
        ("To", fields.person((readable(receipt.to[0]), receipt.to[1]))),
        ("Subject", words(shortened(subject))),
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
        (language, f"{sentence.in_language(language)}\n"),
        field_groups([told]),
        ("message/rfc822", receipt.original_raw),
    )


def integration_subject(subject: str, error: str | None) -> str:
    """The subject of a receipt of integration, by that of the letter; `error`: `CODE^LABEL`, None for a success (ref: ig-mss#mdn)."""
    return subject if error is None else f"[KO Intégration système !][{error.partition('^')[0]}] {subject}"


def shortened(text: str) -> str:
    """A subject on one line, shortened so that it never grows with each receipt."""
    return " ".join(readable(text).split())[:200]


def _mode(receipt: Receipt) -> str:
    action = "automatic-action" if receipt.automatic_action else "manual-action"
    sending = "MDN-sent-automatically" if receipt.automatic_sending else "MDN-sent-manually"
    return f"{action}/{sending}"


def parse(raw: bytes, root: Part) -> ParsedMdn | None:
    """Read a receipt; None when the message is not one, or its Disposition cannot be read (ref: rfc8098#3.2.6)."""
    raw, root = opened(raw, root)
    group = _fields(raw, root)
    told = _told(group.get("disposition", "")) if group is not None else None
    if group is None or told is None:
        return None
    original = addresses(group.get("original-recipient"))
    final = addresses(group.get("final-recipient")) or original
    field = group.get("error") or group.get("failure")
    return ParsedMdn(
        original_message_id=_message_id(group.get("original-message-id")),
        final_recipient=final[0] if final else None,
        disposition=told.disposition,
        error=told.text if told.failed and told.text is not None else field,
        legacy_error=told.failed and told.text is not None,
        failed=told.failed or field is not None,
        known_as=tuple(dict.fromkeys((*original, *final))),
    )


def unreadable(raw: bytes, root: Part) -> Sentence | None:
    """Why a message that says it is a receipt cannot be read as one, and what to write; None when it can, or says no such thing."""
    raw, root = opened(raw, root)
    report = report_in(root)
    if report is None or "disposition-notification" not in report.params.get("report-type", "").lower():
        return None
    group = _fields(raw, root)
    if group is None:
        return say("it has no part message/disposition-notification")
    for name, read, form in _NEEDED:
        value = group.get(name.lower())
        if not value:
            return say("it has no {name}, such as {form}", name=name, form=form)
        if not read(value):
            return say("its {name}, {value!r}, is not of the form {form}", name=name, value=shortened(value), form=form)
    return None


def required_options(value: str | None) -> tuple[str, ...]:
    """The parameters of Disposition-Notification-Options that a program has to understand before it sends a receipt (ref: rfc8098#2.2)."""
    given = structured.read(f";{value or ''}").parameters
    return tuple(name for name, text in given if structured.listed(text)[:1] and structured.listed(text)[0].lower() == "required")


class _Told(NamedTuple):
    """A Disposition: `text` is what follows the colon of a modifier, None where no modifier has one."""

    disposition: Disposition
    failed: bool
    text: str | None


def _told(value: str) -> _Told | None:
    """The parts of a Disposition (ref: rfc8098#3.2.6). In the text of a modifier, parentheses are no comments."""
    mode, semicolon, rest = structured.halves(value, ";")
    if not semicolon or not _MODE.match(structured.uncommented(mode)):
        return None
    kind, _, modifiers = structured.uncommented(rest.lstrip("; "), ":").partition("/")
    names, colon, text = modifiers.partition(":")
    try:
        disposition = Disposition(kind.strip("; ").lower())
    except ValueError:
        return None
    failed = any(word in names.lower() for word in ("error", "failure"))
    return _Told(disposition, failed, text.strip() if colon else None)


def _message_id(value: str | None) -> str | None:
    """The id of the letter; one that lost its brackets has them again."""
    return next(iter(message_ids(value) or bare_ids(structured.uncommented(value or ""))), None)


_NEEDED: tuple[tuple[str, Callable[[str], object], Sentence], ...] = (
    ("Disposition", _told, quoted("manual-action/MDN-sent-manually; displayed")),
    ("Original-Message-ID", _message_id, say("<left@right>")),
    ("Final-Recipient", addresses, say("rfc822; name@domain")),
)
"""What a receipt must tell: the field, its reader, and its form."""


def _fields(raw: bytes, root: Part) -> dict[str, str] | None:
    """All fields of a receipt, the first of each name: it tells of one reader, so that an empty line between two parts nothing."""
    part = machine_part(root, "disposition-notification")
    if part is None:
        return None
    fields_told: dict[str, str] = {}
    for group in reversed(read_groups(raw, part)):
        fields_told |= group
    return fields_told
