"""A letter in transit: the message, its envelope, and its recipients."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from mss_sim.clock import SECOND, Micros, to_datetime
from mss_sim.core.mailbox.message_to_store import stored
from mss_sim.core.mailflow.report_reading import Report, read_report
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal
from mss_sim.mail.parse import ParsedMessage
from mss_sim.policy.delegation import SendAs
from mss_sim.policy.routing import Disposal
from mss_sim.store.mailboxes import DeliveryMailbox
from mss_sim.store.messages import MessageRow
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mail import Notify, TimelineKind
from mss_sim.vocabulary.mailboxes import SendMode
from mss_sim.words.sentence import Sentence


class Addressee(NamedTuple):
    """One recipient of the envelope: canonical address, and the DSN parameters as the client gave them (ref: rfc3461#4)."""

    address: str
    notify: frozenset[Notify] = frozenset()
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the client sent before DATA. `sender` is empty for the null return path."""

    sender: str
    recipients: tuple[Addressee, ...]
    envelope_id: str | None = None
    return_full: bool = False


class IdempotencyKey(NamedTuple):
    """The key of a request, and the hash of that request: the same key with another hash is a mistake of the client."""

    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """Submitted by an authenticated actor, from a mailbox of that operator. `own_mailbox` is the delegate's, for their Sent copy.

    `strict`: the whole letter is refused when one recipient is. `idempotency`: what a REST client gave, so that a retry sends once.
    `answers`: the id of the message that a REST client said it answers, as several may have its Message-ID.
    """

    mailbox: str
    operator_id: int
    actor_id: int
    wished: SendMode | None = None
    own_mailbox: str | None = None
    strict: bool = False
    idempotency: IdempotencyKey | None = None
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class FromPeer:
    """Brought to the MX port. `author`: the mailbox that wrote it, None where that is the return path.

    `speaks_for`: the domains of the peer's certificate, None where its word is accepted; `trace_bytes`: the trace added by servers on the
    way, which no limit counts.
    """

    author: str | None = None
    speaks_for: frozenset[str] | None = None
    trace_bytes: int = 0


@dataclass(frozen=True, slots=True)
class OfServer:
    """Written by an operator itself: a notification, perhaps about one submission, or a read receipt that it sends for a reader."""

    operator_id: int | None
    about_submission: int | None = None


@dataclass(frozen=True, slots=True)
class TriedAgain:
    """From the queue, where it waited for one recipient; its size was checked. `mailbox` submitted it, None for a server's own."""

    mailbox: str | None


Origin = Submitted | FromPeer | OfServer | TriedAgain


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """One message with its envelope. `raw` are the bytes to store; `row` is complete except for its thread.

    `submission_id`: under which its recipients are tracked; None for what a peer brought. `imap_envelope` and `search_text` are computed
    before the letter is stored, because the writer is the bottleneck and only writes them.
    """

    id: int
    raw: bytes
    parsed: ParsedMessage
    row: MessageRow
    envelope: Envelope
    door: Door
    at: Micros
    origin: Origin
    submission_id: int | None = None
    imap_envelope: bytes = b""
    search_text: str = ""
    held_seconds: float = 0.0  # how long a fault keeps it in the queue before its first try

    submitted: Submitted | None = field(init=False)
    """How it was submitted; None when it came another way."""
    sent_from: str | None = field(init=False)
    """The mailbox here that submitted it, now or before it waited; None when there is none."""
    left_from: str = field(init=False)
    """The mailbox that it left from: where it was submitted, else its author's or its return path; empty when it has none."""
    tried_before: bool = field(init=False)
    """Whether it comes from the queue."""
    trace_bytes: int = field(init=False)
    """The bytes of it that no limit counts."""
    report: Report | None = field(init=False)
    """The report that it is, read once; None when it is none, or one that cannot be read."""

    def __post_init__(self) -> None:
        origin = self.origin
        submitted = origin if isinstance(origin, Submitted) else None
        sent_from = origin.mailbox if isinstance(origin, Submitted | TriedAgain) else None
        author = origin.author if isinstance(origin, FromPeer) else None
        object.__setattr__(self, "submitted", submitted)
        object.__setattr__(self, "sent_from", sent_from)
        object.__setattr__(self, "left_from", sent_from or author or self.envelope.sender)
        object.__setattr__(self, "tried_before", isinstance(origin, TriedAgain))
        object.__setattr__(self, "trace_bytes", origin.trace_bytes if isinstance(origin, FromPeer) else 0)
        object.__setattr__(self, "report", read_report(self.received, self.parsed.root) if self.parsed.is_report else None)

    @property
    def received(self) -> bytes:
        """The bytes as they came in, below the trace that was written on top of them."""
        return self.raw[len(self.raw) - self.parsed.size_bytes :]

    @property
    def operator_id(self) -> int | None:
        """The operator that accepted it, whose mailboxes are local to it; None where all those served here are local."""
        return self.origin.operator_id if isinstance(self.origin, Submitted | OfServer) else None


@dataclass(frozen=True, slots=True)
class ReceiptSubject:
    """The letter that a reader's own receipt refers to: where it is stored, and for whom the receipt was requested."""

    mailbox_id: int
    message_id: int
    receipt_to: frozenset[str]


class Delivered(NamedTuple):
    """A recipient whose mailbox gets the letter; `elsewhere`: it belongs to another operator."""

    addressee: Addressee
    mailbox: DeliveryMailbox
    elsewhere: bool


class Relayed(NamedTuple):
    """A recipient whose copy is handed to another server once the letter is stored; `held_seconds`: how long a fault lets it wait first."""

    addressee: Addressee
    held_seconds: float = 0.0


class Warned(NamedTuple):
    """A recipient that the sender should look at, and why."""

    address: str
    why: Sentence


class Missed(NamedTuple):
    """A recipient whose mailbox does not get it now, the outcome, and the rule."""

    addressee: Addressee
    way: Disposal
    refusal: Refusal


@dataclass(slots=True, eq=False)
class RoutedLetter:
    """One letter after the decision: who gets it, who does not, and in what quality it was sent."""

    letter: Letter
    thread_id: int
    sending: SendAs | None = None
    delivered: list[Delivered] = field(default_factory=list)
    relayed: list[Relayed] = field(default_factory=list)
    missed: list[Missed] = field(default_factory=list)
    warned: list[Warned] = field(default_factory=list)
    sent_in: list[DeliveryMailbox] = field(default_factory=list)
    sent_copy_id: int | None = None
    hidden: frozenset[int] = frozenset()
    receipt_of: ReceiptSubject | None = None
    twin: int | None = None  # the id of the message as it left this store


class Answer(NamedTuple):
    """The immediate outcome for one recipient; `refusal` says why it was not delivered."""

    address: str
    kind: TimelineKind
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A letter that is on disk, with the outcome for its recipients.

    `left_from` is the mailbox that its submission belongs to. `sent_copy_id` is its copy in Sent, in the mailbox `sent_in`:
    by the sent policy the same one or the delegate's own; None when no copy is kept.
    """

    message_id: int
    submission_id: int | None
    outcomes: tuple[Answer, ...]
    left_from: str
    mode: SendMode | None = None
    sent_copy_id: int | None = None
    sent_in: str | None = None
    rfc_message_id: str | None = None
    replayed: bool = field(default=False)
    warnings: tuple[Warned, ...] = ()


def answer_of(sorted_: RoutedLetter) -> Accepted:
    """The response to the sender of a letter, once it is stored."""
    missed = {Disposal.DEFER: TimelineKind.RELAYED}
    outcomes = [Answer(addressee.address, TimelineKind.DELIVERED) for addressee, _, _ in sorted_.delivered]
    outcomes += [Answer(relayed.addressee.address, TimelineKind.SUBMITTED) for relayed in sorted_.relayed]
    outcomes += [Answer(a.address, missed.get(way, TimelineKind.FAILED), refusal) for a, way, refusal in sorted_.missed]
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
        warnings=tuple(sorted_.warned),
    )


def trace_fields(world: World, envelope: Envelope, *, protocol: str, peer: str, at: Micros) -> list[tuple[str, str]]:
    """Return-Path and Received as the accepting server writes them (ref: rfc5321#4.4); a single recipient is named."""
    if not world.settings.message.trace_headers:
        return []
    to = f"\r\n\tfor <{envelope.recipients[0].address}>" if len(envelope.recipients) == 1 else ""
    date = date_time(at // SECOND)
    name = world.settings.hostname
    return [("Return-Path", f"<{envelope.sender}>"), ("Received", f"from {peer}\r\n\tby {name} with {protocol}{to};\r\n\t{date}")]


@lru_cache(maxsize=8)
def date_time(seconds: int) -> str:
    """The date-time of a header, the same for all letters of one second (ref: rfc5322#3.3)."""
    return format_datetime(to_datetime(seconds * SECOND))


def prepare(
    world: World,
    raw: bytes,
    parsed: ParsedMessage,
    envelope: Envelope,
    origin: Origin,
    *,
    fields: Sequence[tuple[str, str]],
    door: Door,
    at: Micros,
) -> Letter:
    """A letter ready for delivery: trace on top, row computed. `parsed` is the parsed form of `raw`."""
    made = stored(world.ids.next(), raw, parsed, return_path=envelope.sender, fields=fields, at=at)
    return Letter(
        made.row.id,
        made.raw,
        parsed,
        made.row,
        envelope,
        door,
        at,
        origin,
        submission_id=None if isinstance(origin, FromPeer) else world.ids.next(),
        imap_envelope=made.imap_envelope,
        search_text=made.search_text,
    )
