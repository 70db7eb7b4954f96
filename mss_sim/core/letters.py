"""A letter on its way: the message, its envelope, and for whom it leaves."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from functools import lru_cache, partial
from typing import NamedTuple

import orjson

from mss_sim.clock import SECOND, Micros, to_datetime
from mss_sim.core.world import World
from mss_sim.errors import Refusal
from mss_sim.mail import structure
from mss_sim.mail.addresses import addresses_of
from mss_sim.mail.headers import with_fields_on_top
from mss_sim.mail.mime import Part
from mss_sim.mail.parse import ParsedMessage, fold, takes_long
from mss_sim.policy.delegation import Sending
from mss_sim.policy.routing import Way
from mss_sim.store.mailboxes import Berth
from mss_sim.store.messages import MessageRow
from mss_sim.vocabulary import Door, Notify, SendMode, TimelineKind


class Addressee(NamedTuple):
    """One recipient of the envelope: canonical address, and the DSN parameters as the client gave them (ref: rfc3461#4)."""

    address: str
    notify: frozenset[Notify] = frozenset()
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the client said before DATA. `sender` is empty for the null return path."""

    sender: str
    recipients: tuple[Addressee, ...]
    envelope_id: str | None = None
    return_full: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """The mailbox that a submitted letter leaves from, and by whom. `own_mailbox` is the delegate's, for his Sent copy.

    `idempotency` is the (key, hash of the request) that a REST client gave.
    """

    mailbox: str
    actor_id: int
    wished: SendMode | None
    own_mailbox: str | None
    idempotency: tuple[str, str] | None = None


@dataclass(slots=True, eq=False)
class Letter:
    """One message with its envelope. `raw` are the bytes to store; `row` is filled but for its thread.

    `local_operator` is the operator that accepted it (None: whoever holds the mailbox, as for a peer's mail): mailboxes of others are
    remote. `strict` refuses the whole letter when one recipient is refused. `tried_before`: it comes from the queue, its size was judged.
    `speaks_for`: the domains of the peer that brought it, None where its word is taken.
    `author`: the mailbox that wrote what a peer brought; `trace_bytes`: what servers on the way wrote on top, which no limit counts.
    `imap_envelope` and `search_text` are made before the letter is stored: the writer, which everybody waits for, only writes them.
    """

    id: int
    raw: bytes
    parsed: ParsedMessage
    row: MessageRow
    envelope: Envelope
    door: Door
    at: Micros
    local_operator: int | None = None
    origin: Origin | None = None
    strict: bool = False
    submission_id: int | None = None
    sender_mailbox: str | None = None
    about_submission: int | None = None
    tried_before: bool = False
    author: str | None = None
    speaks_for: frozenset[str] | None = None
    trace_bytes: int = 0
    imap_envelope: bytes = b""
    search_text: str = ""

    @property
    def left_from(self) -> str:
        """The mailbox that a letter left from: where it was submitted, else its return path; empty when nobody here sent it."""
        return self.sender_mailbox or (self.origin.mailbox if self.origin else self.author or self.envelope.sender)


@dataclass(frozen=True, slots=True)
class Asked:
    """The letter that a reader's own receipt speaks of: where it lies, and for whom the receipt was asked."""

    mailbox_id: int
    message_id: int
    receipt_to: frozenset[str]


@dataclass(slots=True, eq=False)
class Sorted:
    """One letter after the decision: who gets it, who does not, and in what quality it left."""

    letter: Letter
    thread_id: int
    sending: Sending | None = None
    delivered: list[tuple[Addressee, Berth, bool]] = field(default_factory=list)  # the flag: at another operator's
    relayed: list[Addressee] = field(default_factory=list)  # another server is told, once this is committed
    missed: list[tuple[Addressee, Way, Refusal]] = field(default_factory=list)
    sent_in: list[Berth] = field(default_factory=list)
    sent_copy_id: int | None = None
    receipt_of: Asked | None = None
    twin: int | None = None  # the message as which it left this store


class Outcome(NamedTuple):
    """What became of one recipient at once; `refusal` says why it was not delivered."""

    address: str
    kind: TimelineKind
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A letter that is on disk, with what became of its recipients.

    `left_from` is the mailbox that its submission belongs to. `sent_copy_id` is its copy in Sent, which lies in the mailbox `sent_in`:
    by the sent policy the same one or the delegate's own; None when no copy is kept.
    """

    message_id: int
    submission_id: int | None
    outcomes: tuple[Outcome, ...]
    left_from: str
    mode: SendMode | None = None
    sent_copy_id: int | None = None
    sent_in: str | None = None
    rfc_message_id: str | None = None
    replayed: bool = field(default=False)


def accepted(sorted_: Sorted) -> Accepted:
    """What is answered to who sent a letter, once it is stored."""
    missed = {Way.DEFER: TimelineKind.RELAYED}
    outcomes = [Outcome(addressee.address, TimelineKind.DELIVERED) for addressee, _, _ in sorted_.delivered]
    outcomes += [Outcome(addressee.address, TimelineKind.SUBMITTED) for addressee in sorted_.relayed]
    outcomes += [Outcome(a.address, missed.get(way, TimelineKind.FAILED), refusal) for a, way, refusal in sorted_.missed]
    letter = sorted_.letter
    return Accepted(
        letter.id,
        letter.submission_id,
        tuple(outcomes),
        left_from=letter.left_from,
        mode=sorted_.sending.mode if sorted_.sending else None,
        sent_copy_id=sorted_.sent_copy_id,
        sent_in=sorted_.sent_in[0].address if sorted_.sent_in else None,
        rfc_message_id=letter.row.rfc_message_id,
    )


def trace_fields(world: World, envelope: Envelope, *, protocol: str, peer: str, at: Micros) -> list[tuple[str, str]]:
    """Return-Path and Received as the accepting server writes them (ref: rfc5321#4.4); one recipient alone is named."""
    if not world.settings.trace_headers:
        return []
    to = f"\r\n\tfor <{envelope.recipients[0].address}>" if len(envelope.recipients) == 1 else ""
    date = _date(at // SECOND)
    name = world.settings.hostname
    return [("Return-Path", f"<{envelope.sender}>"), ("Received", f"from {peer}\r\n\tby {name} with {protocol}{to};\r\n\t{date}")]


@lru_cache(maxsize=8)
def _date(seconds: int) -> str:
    """The date-time of a header, the same for all letters of one second (ref: rfc5322#3.3)."""
    return format_datetime(to_datetime(seconds * SECOND))


def prepare(
    world: World,
    raw: bytes,
    parsed: ParsedMessage,
    envelope: Envelope,
    *,
    fields: Sequence[tuple[str, str]],
    door: Door,
    at: Micros,
) -> Letter:
    """A letter ready for delivery: trace on top, row computed. `parsed` is what `raw` was parsed into."""
    message_id = world.ids.next()
    whole = with_fields_on_top(raw, fields) if fields else raw
    row = MessageRow(
        id=message_id,
        thread_id=message_id,
        rfc_message_id=parsed.message_id,
        return_path=envelope.sender,
        size_bytes=len(whole),
        sent_at=parsed.sent_at,
        received_at=at,
        subject=parsed.subject,
        summary=_summary(parsed, len(whole) - parsed.size_bytes),
        from_search=_people(parsed.from_),
        to_search=_people((*parsed.to, *parsed.cc)),
        subject_search=fold(parsed.subject),
        has_attachments=bool(parsed.attachments),
    )
    shown = structure.envelope(parsed.headers)
    return Letter(message_id, whole, parsed, row, envelope, door, at, imap_envelope=shown, search_text=parsed.search_text)


async def prepared(
    world: World,
    raw: bytes,
    parsed: ParsedMessage,
    envelope: Envelope,
    *,
    fields: Sequence[tuple[str, str]],
    door: Door,
    at: Micros,
) -> Letter:
    """The same; a letter that is long to read is prepared in a thread, so that other connections do not wait for it."""
    work = partial(prepare, world, raw, parsed, envelope, fields=fields, door=door, at=at)
    return await asyncio.to_thread(work) if takes_long(raw) else work()


def _people(pairs: Sequence[tuple[str, str]]) -> str:
    return fold(" ".join(f"{name} {address}" for name, address in pairs))


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "address": address} for name, address in pairs]


def _summary(parsed: ParsedMessage, shift: int) -> str:
    """What lists and readings show without opening the body; offsets are moved by what was written on top."""
    return orjson.dumps(
        {
            "from": _pairs(parsed.from_),
            "sender": _pairs(parsed.sender),
            "reply_to": _pairs(parsed.reply_to),
            "to": _pairs(parsed.to),
            "cc": _pairs(parsed.cc),
            "in_reply_to": parsed.in_reply_to,
            "references": parsed.references,
            "receipt_to": addresses_of(parsed.receipt_to),
            "mes": parsed.mes,
            "xdm": parsed.has_xdm,
            "preview": parsed.preview.encode("utf-8", "replace").decode("utf-8"),
            "report": parsed.root.content_type == "multipart/report",
            "parts": [_part(part, shift) for part in parsed.root.leaves()],
        }
    ).decode("utf-8")


def _part(part: Part, shift: int) -> dict[str, object]:
    leaf = part.as_json()
    return {**leaf, "start": part.start + shift, "end": part.end + shift}
