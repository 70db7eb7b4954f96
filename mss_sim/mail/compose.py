"""A letter built from its parts, for clients that send by REST and for the command line.

Its header is written by `fields`; this module only defines the parts of a secure health letter: a plain text in UTF-8, an optional HTML
alternative, files (ref: ref2#ECO.2.2.3, ref2#ECO.2.2.4).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import NamedTuple

from mss_sim.clock import Micros, to_datetime
from mss_sim.mail import fields
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.mail.fields import CompositionError
from mss_sim.mail.headers import CRLF
from mss_sim.words.sentence import Template, borrowed, say, sentence_of

_PLAIN_LINE = re.compile(rb"[\t -~]{0,900}\Z")
_FILE_NAME_CHARS_MAX = 255
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


@dataclass(frozen=True, slots=True)
class File:
    """One attachment: `name` as shown, MIME type `content_type`, decoded `content`."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts of a letter. People are (display name, address) pairs; `headers` adds fields such as `X-MSS-NIL`.

    `bcc` is for a letter that is kept, not for one that is sent: its recipients would read it.
    """

    from_: tuple[str, str]
    to: Sequence[tuple[str, str]]
    subject: str
    text: str
    cc: Sequence[tuple[str, str]] = ()
    bcc: Sequence[tuple[str, str]] = ()
    reply_to: Sequence[tuple[str, str]] = ()
    html: str | None = None
    files: Sequence[File] = ()
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    receipt_to: tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class _Entity(NamedTuple):
    """A part of the letter: its fields as (name, words), and its body in CRLF lines."""

    fields: list[tuple[str, list[str]]]
    body: bytes


def compose(draft: Draft, *, message_id: str, at: Micros) -> bytes:
    """The message as CRLF lines. CompositionError when a value is not a line of text, or a name, an address or a type is not usable.

    It is ASCII only, unless an address needs more: then that address is in UTF-8 (ref: rfc6532#3), as over SMTPUTF8.
    """
    try:
        entity = _text(draft.text)
        if draft.html is not None:
            entity = _multipart("alternative", [entity, _html(draft.html)])
        if draft.files:
            entity = _multipart("mixed", [entity, *map(_file, draft.files)])
        header = fields.block([*_headers(draft, message_id, at), ("MIME-Version", ["1.0"]), *entity.fields])
    except CompositionError:
        raise
    except AddressError as error:
        raise CompositionError(sentence_of(error)) from error
    except ValueError as error:  # half a surrogate pair
        raise CompositionError(borrowed(str(error), Template("a text cannot be written in UTF-8"))) from error
    return header + CRLF + entity.body


def _octets(text: str) -> bytes:
    if "\x00" in text:
        raise CompositionError(say("the text holds a NUL"))
    return b"".join(line + CRLF for line in text.encode("utf-8").splitlines())


def _text(text: str) -> _Entity:
    octets = _octets(text)
    plain = all(_PLAIN_LINE.match(line) for line in octets.split(CRLF))
    body = octets if plain else binascii.b2a_qp(octets.replace(CRLF, b"\n"), istext=True).replace(b"\n", CRLF)
    return _Entity(_typed('text/plain; charset="utf-8"', "7bit" if plain else "quoted-printable"), body)


def _html(html: str) -> _Entity:
    return _Entity(_typed('text/html; charset="utf-8"', "base64"), _in_base64(_octets(html)))


def _file(file: File) -> _Entity:
    if len(file.name) > _FILE_NAME_CHARS_MAX:
        raise CompositionError(
            say(
                "the name of a file has at most {most} characters, not {count}",
                most=_FILE_NAME_CHARS_MAX,
                count=len(file.name),
            )
        )
    named = ["attachment;", *fields.parameter("filename", file.name)] if file.name else ["attachment"]
    head = [*_typed(fields.media_type(file.content_type), "base64"), ("Content-Disposition", named)]
    return _Entity(head, _in_base64(file.content))


def _typed(content_type: str, encoding: str) -> list[tuple[str, list[str]]]:
    return [("Content-Type", content_type.split(" ")), ("Content-Transfer-Encoding", [encoding])]


def _in_base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", CRLF)


def _multipart(subtype: str, parts: Sequence[_Entity]) -> _Entity:
    """The boundary is a digest of the parts that it separates, so that it occurs in none of them."""
    written = [fields.block(part.fields) + CRLF + part.body for part in parts]
    boundary = f"part-{hashlib.blake2b(b''.join(written), digest_size=16).hexdigest()}"
    body = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in written) + b"--%b--\r\n" % boundary.encode()
    return _Entity([("Content-Type", [f"multipart/{subtype};", f'boundary="{boundary}"'])], body)


def _headers(draft: Draft, message_id: str, at: Micros) -> list[tuple[str, list[str]]]:
    written = [
        ("Message-ID", fields.text(message_id)),
        ("Date", fields.text(format_datetime(to_datetime(at)))),
        *_people("From", [draft.from_]),
        *_people("To", draft.to),
        *_people("Cc", draft.cc),
        *_people("Bcc", draft.bcc),
        *_people("Reply-To", draft.reply_to),
        ("Subject", fields.text(draft.subject, used=len("Subject: "))),
    ]
    if draft.in_reply_to:
        written.append(("In-Reply-To", fields.text(draft.in_reply_to)))
    if any(draft.references):
        written.append(("References", fields.text(" ".join(draft.references))))
    written += _people("Disposition-Notification-To", [draft.receipt_to] if draft.receipt_to else [])
    for name, value in draft.headers.items():
        if fields.checked_name(name).lower() in _OWN_FIELDS or name.lower().startswith("content-"):
            raise CompositionError(say("the header {name} has a field of its own in the request", name=name))
        written.append((name, fields.text(value, used=len(name) + 2)))
    return written


def _people(name: str, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    """The field of an address list, if any. What looks like an encoded word is not an address: some readers decode it there."""
    known = [(shown, canonical(address)) for shown, address in pairs]
    for _, address in known:
        if "=?" in address:
            raise CompositionError(say("the address {address} reads like an encoded word", address=address))
    return [(name, fields.people(known, used=len(name) + 2))] if known else []
