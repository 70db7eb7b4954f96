"""A letter built from its parts, for clients that send by REST and for the command line.

The standard library writes the message (headers folded, words encoded, parts in base64); this module only says which parts a
secure health letter has: a plain text in UTF-8, an optional HTML alternative, files (ref: ref2#ECO.2.2.3, ref2#ECO.2.2.4).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UniqueAddressHeader, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime

from mss_sim.clock import Micros, to_datetime
from mss_sim.mail.addresses import canonical, unquoted
from mss_sim.mail.headers import CRLF, split

_FOLD_CHARS = 60
_WHOLE_CHARS_MAX = 900
_LINE_OCTETS_MAX = 998


class _Plain(UnstructuredHeader, BaseHeader):
    """A field that programs read: folded at spaces only, because an encoded word would hide an id or a code from them."""

    def fold(self, *, policy: Policy) -> str:
        value = str(self)
        if not value.isascii() or len(value) > _WHOLE_CHARS_MAX:
            return str(super().fold(policy=policy))
        folded = value.replace(" ", policy.linesep + " ") if len(value) > _FOLD_CHARS else value
        return f"{self.name}: {folded}{policy.linesep}"


class _ReceiptTo(UniqueAddressHeader, BaseHeader):  # type: ignore[misc]  # the stubs know mixins by other types
    """`Disposition-Notification-To` as the address that it is; the library knows it as a text only (ref: rfc8098#2.1)."""


def _registry() -> HeaderRegistry:
    registry = HeaderRegistry()
    for name in ("in-reply-to", "references", "x-mss-codecda", "x-mss-nil", "x-mss-ins", "x-mss-mes"):
        registry.map_to_type(name, _Plain)
    registry.map_to_type("disposition-notification-to", _ReceiptTo)
    return registry


_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78, header_factory=_registry())
_POLICY_UTF8 = _POLICY.clone(utf8=True)
_FIELD_NAME = re.compile(r"[!-9;-~]+\Z")
_OWN_FIELDS = frozenset(
    (
        "from",
        "to",
        "cc",
        "bcc",
        "sender",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "disposition-notification-to",
        "received",
        "return-path",
    )
)


class CompositionError(ValueError):
    """The parts cannot make a message; the text names the part."""


@dataclass(frozen=True, slots=True)
class File:
    """One attachment: `name` as shown, MIME type `content_type`, decoded `content`."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts of a letter. People are (display name, address) pairs; `headers` adds fields such as `X-MSS-NIL`."""

    from_: tuple[str, str]
    to: Sequence[tuple[str, str]]
    subject: str
    text: str
    cc: Sequence[tuple[str, str]] = ()
    reply_to: Sequence[tuple[str, str]] = ()
    html: str | None = None
    files: Sequence[File] = ()
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    receipt_to: tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def compose(draft: Draft, *, message_id: str, at: Micros) -> bytes:
    """The message as CRLF lines. CompositionError when a header value holds a line break or a name is not usable.

    It is ASCII only, unless an address needs more: then its header is UTF-8 (ref: rfc6532#3), as over SMTPUTF8.
    """
    policy = _POLICY_UTF8 if _needs_utf8(draft) else _POLICY
    message = EmailMessage(policy=policy)
    try:
        _write_headers(message, draft, message_id, at)
        message.set_content(draft.text, subtype="plain", charset="utf-8", cte=_text_encoding(draft.text))
        if draft.html is not None:
            message.add_alternative(draft.html, subtype="html", charset="utf-8", cte="base64")
        for file in draft.files:
            main, slash, sub = file.content_type.partition("/")
            if not slash or main.strip().lower() in ("multipart", "message"):
                main, sub = "application", "octet-stream"
            message.add_attachment(file.content, maintype=main, subtype=sub.partition(";")[0].strip(), filename=file.name)
        return _checked(message.as_bytes(policy=policy))
    except (ValueError, IndexError, AttributeError, LookupError) as error:
        raise CompositionError(str(error) or "a header cannot be written") from error


def _needs_utf8(draft: Draft) -> bool:
    people = (draft.from_, *draft.to, *draft.cc, *draft.reply_to, *((draft.receipt_to,) if draft.receipt_to else ()))
    return not all(address.rpartition("@")[0].isascii() for _, address in people)


def _checked(raw: bytes) -> bytes:
    """The message, unless a name in UTF-8 is so long that its line is over what a line may hold (ref: rfc5322#2.1.1)."""
    if any(len(line) > _LINE_OCTETS_MAX for line in raw[: split(raw)[0]].split(CRLF)):
        raise CompositionError("a name holds a word too long for a line of a header in UTF-8")
    return raw


def _text_encoding(text: str) -> str:
    plain = text.isascii() and all(len(line) < 900 for line in text.split("\n"))
    return "7bit" if plain else "quoted-printable"


def _write_headers(message: EmailMessage, draft: Draft, message_id: str, at: Micros) -> None:
    message["Message-ID"] = message_id
    message["Date"] = format_datetime(to_datetime(at).replace(microsecond=0))
    message["From"] = _person(draft.from_)
    if draft.to:
        message["To"] = [_person(pair) for pair in draft.to]
    if draft.cc:
        message["Cc"] = [_person(pair) for pair in draft.cc]
    if draft.reply_to:
        message["Reply-To"] = [_person(pair) for pair in draft.reply_to]
    message["Subject"] = draft.subject
    if draft.in_reply_to:
        message["In-Reply-To"] = draft.in_reply_to
    if draft.references:
        message["References"] = " ".join(draft.references)
    if draft.receipt_to:
        message["Disposition-Notification-To"] = _person(draft.receipt_to)
    for name, value in draft.headers.items():
        if not _FIELD_NAME.match(name):
            raise CompositionError(f"{name!r} is not a header name")
        if name.lower() in _OWN_FIELDS or name.lower().startswith("content-"):
            raise CompositionError(f"the header {name} has a field of its own in the request")
        message[name] = value


def _person(pair: tuple[str, str]) -> Address:
    name, address = pair
    username, _, domain = canonical(address).rpartition("@")
    if username.startswith('"'):
        username = unquoted(username)
    return Address(display_name=name, username=username, domain=domain)
