"""What can be refused, and why.

    Refusal                     a rule says no; every front end shows it in its own form
    ├── Failure                 somebody asked for it (mss_sim/faults)
    ├── RecipientsRefused       the same, told recipient by recipient
    └── RowsRefused             the same, told line by line of a file

A rule is decided once (policy, store) and shown by three tables: `smtp/replies.py`, `imap/grammar/responses.py`, `http/problems.py`. A test
checks that each of them knows every rule. Anything else that is raised is a defect of the simulator, answered 451, BYE or 500 without
its trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mss_sim.vocabulary.language import Language
from mss_sim.words.sentence import Sentence, say


class Rule(StrEnum):
    """Each rule that can refuse a request; the value is the `code` that REST clients read."""

    AUTHENTICATION_REQUIRED = "authentication-required"
    AUTHENTICATION_FAILED = "authentication-failed"
    AUTHORIZATION_FAILED = "authorization-failed"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    TOO_MANY_PASSWORDS = "too-many-passwords"
    HOST_UNKNOWN = "host-unknown"
    HEAD_TOO_LARGE = "head-too-large"
    REQUEST_TOO_SLOW = "request-too-slow"
    SEND_NOT_ALLOWED = "send-not-allowed"
    RIGHT_MISSING = "right-missing"
    UNKNOWN_MAILBOX = "unknown-mailbox"
    MAILBOX_CLOSED = "mailbox-closed"
    MAILBOX_SUSPENDED = "mailbox-suspended"
    MAILBOX_FULL = "mailbox-full"
    DOMAIN_OUTSIDE = "domain-outside-trust-space"
    PEER_NOT_TRUSTED = "peer-not-trusted"
    WHITE_LIST_STALE = "white-list-stale"
    BAD_ADDRESS = "bad-address"
    PATIENT_NOT_QUALIFIED = "patient-not-qualified"
    TOO_LARGE = "message-too-large"
    TOO_MANY_RECIPIENTS = "too-many-recipients"
    LIMIT_REACHED = "limit-reached"
    NO_RECIPIENT = "no-recipient"
    NOT_INVITED = "not-invited"
    CONVERSATION_CLOSED = "conversation-closed"
    PHARMACY_NEVER_VISITED = "pharmacy-never-visited"
    PHARMACY_VISIT_TOO_OLD = "pharmacy-visit-too-old"
    NOT_A_PHARMACY = "not-a-pharmacy"
    NO_PUBLISHED_ORG_MAILBOX = "no-published-org-mailbox"
    MALFORMED_MESSAGE = "malformed-message"
    GRANT_NOT_ALLOWED = "grant-not-allowed"
    GRANTEE_NOT_ALLOWED = "grantee-not-allowed"
    SUCCESSOR_REQUIRED = "successor-required"
    RECEIPT_NOT_REQUESTED = "receipt-not-requested"
    RECEIPT_ALREADY_SENT = "receipt-already-sent"
    RECEIPT_NEEDS_CONSENT = "receipt-needs-confirmation"
    RECEIPT_OPTION_UNKNOWN = "receipt-option-unknown"
    NOT_FOUND = "not-found"
    IN_CHARGE = "in-charge-of-another"
    CONFLICT = "conflict"
    INVALID = "invalid-request"
    IDEMPOTENCY_MISMATCH = "idempotency-key-reused"
    CONTROL_FORBIDDEN = "control-forbidden"
    STORE_UNAVAILABLE = "store-unavailable"
    EXPIRED = "delivery-time-expired"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody tried what their rights over a mailbox that they may see do not allow; the journal of that mailbox keeps it."""

    identity_id: int
    door: str
    mailbox_id: int
    right: str


class Refusal(Exception):
    """A rule refuses the request.

    `detail` is one sentence that tells what to do; a door tells it in the language of its world. `reference` is a key of
    docs/references/index.toml with its place, which is an anchor of docs/quirks.md where the rule is a choice of ours; `subject` is the
    address or name that it is about, `attempt` what the journal keeps of it.
    """

    attempt: Attempt | None = None

    def __init__(self, rule: Rule, detail: Sentence, *, reference: str | None = None, subject: str | None = None) -> None:
        super().__init__(rule, detail)
        self.rule = rule
        self.detail = detail
        self.reference = reference
        self.subject = subject

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail.in_language(Language.EN)}"


class RetryLater(Refusal):
    """A refusal that ends by itself after `seconds`."""

    def __init__(self, rule: Rule, detail: Sentence, seconds: int, *, reference: str | None = None) -> None:
        super().__init__(rule, detail, reference=reference)
        self.seconds = seconds


class Failure(Refusal):
    """A failure that somebody asked for: `fault` is the rule's id, `code` and `status` what SMTP says.

    `wait_seconds`: how long a letter waits then, None for as long as any.
    """

    def __init__(
        self,
        detail: Sentence,
        *,
        fault: str,
        code: int,
        status: str,
        wait_seconds: float | None = None,
        subject: str | None = None,
        reference: str = "quirks#faults",
    ) -> None:
        super().__init__(Rule.FAULT, detail, subject=subject, reference=reference)
        self.fault = fault
        self.code = code
        self.status = status
        self.wait_seconds = wait_seconds


class RowsRefused(Refusal):
    """Rows of a file are refused: `rows` are the first of them, by line; `count` is how many there are."""

    def __init__(self, whole: Refusal, rows: Sequence[tuple[int, Refusal]], count: int) -> None:
        super().__init__(whole.rule, whole.detail, reference=whole.reference)
        self.rows = tuple(rows)
        self.count = count


class RecipientsRefused(Refusal):
    """Some or all recipients are refused; `refusals` holds one refusal per refused address, its `subject` the address."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        first = refusals[0]
        names = ", ".join(refusal.subject or "?" for refusal in refusals)
        super().__init__(first.rule, say("Nothing was sent: refused for {names}.", names=names), reference=first.reference)
        self.refusals = tuple(refusals)
