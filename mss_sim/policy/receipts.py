"""Which receipts are due.

Delivery status notifications, by what happened to a recipient and the NOTIFY that the sender chose (ref: rfc3461#4.1, rfc3461#5.2):

| outcome   | NOTIFY absent | NEVER | holds SUCCESS | holds FAILURE | holds DELAY |
|-----------|---------------|-------|---------------|---------------|-------------|
| delivered | no            | no    | yes           | no            | no          |
| failed    | yes           | no    | no            | yes           | no          |
| delayed   | yes           | no    | no            | no            | yes         |

Nothing is ever due to a null sender (ref: rfc3461#5.1, rfc5321#6.1).
"""

from collections.abc import Collection
from dataclasses import dataclass

from mss_sim.errors import Failure, Refusal, Rule
from mss_sim.policy.closure import WRITING_RULES
from mss_sim.vocabulary.mail import DsnAction, Notify
from mss_sim.words.sentence import Sentence, joined, say

_WANTED: dict[DsnAction, Notify] = {
    DsnAction.DELIVERED: Notify.SUCCESS,
    DsnAction.RELAYED: Notify.SUCCESS,
    DsnAction.EXPANDED: Notify.SUCCESS,
    DsnAction.FAILED: Notify.FAILURE,
    DsnAction.DELAYED: Notify.DELAY,
}
_DEFAULT = frozenset({Notify.FAILURE, Notify.DELAY})


def dsn_due(action: DsnAction, notify: Collection[Notify], sender: str) -> bool:
    """Whether a notification of that action goes to `sender`; an empty `notify` means that the parameter was absent."""
    return bool(sender) and _WANTED[action] in (notify or _DEFAULT)


DIAGNOSTICS: dict[Rule, tuple[int, str]] = {
    Rule.UNKNOWN_MAILBOX: (550, "5.1.1"),
    Rule.BAD_ADDRESS: (501, "5.1.3"),
    Rule.MAILBOX_CLOSED: (550, "5.2.1"),
    Rule.MAILBOX_SUSPENDED: (450, "4.2.1"),
    Rule.MAILBOX_FULL: (452, "4.2.2"),
    Rule.DOMAIN_OUTSIDE: (550, "5.7.1"),
    Rule.PATIENT_NOT_QUALIFIED: (550, "5.7.1"),
    Rule.NOT_INVITED: (550, "5.7.1"),
    Rule.CONVERSATION_CLOSED: (550, "5.7.1"),
    Rule.PHARMACY_NEVER_VISITED: (550, "5.7.1"),
    Rule.PHARMACY_VISIT_TOO_OLD: (550, "5.7.1"),
    Rule.NOT_A_PHARMACY: (550, "5.7.1"),
    Rule.NO_PUBLISHED_ORG_MAILBOX: (550, "5.7.1"),
    Rule.TOO_LARGE: (552, "5.3.4"),
    Rule.EXPIRED: (450, "4.4.7"),
    Rule.FAULT: (451, "4.3.0"),
}
"""SMTP reply and enhanced status for each refusal of a recipient: at RCPT, and in notifications (ref: rfc3463#3)."""


def diagnostic(refusal: Refusal) -> tuple[str, Sentence]:
    """(enhanced status, SMTP reply) of a refused recipient, for a notification."""
    code, status = (refusal.code, refusal.status) if isinstance(refusal, Failure) else DIAGNOSTICS[refusal.rule]
    named = f" ({refusal.rule})" if refusal.rule in WRITING_RULES else ""
    return status, joined((f"{code} {status} ", refusal.detail, named))


@dataclass(frozen=True, slots=True)
class ReceiptRequest:
    """The input of a read receipt decision: the address that requested it, the return path, and whether one was sent already.

    `required_options`: the parameters of Disposition-Notification-Options that have to be understood.
    """

    receipt_to: tuple[str, ...]
    return_path: str | None
    already_sent: bool
    is_report: bool
    required_options: tuple[str, ...] = ()


def decide_receipt(request: ReceiptRequest, *, confirmed: bool) -> str:
    """The address that gets the read receipt; Refusal when none may be sent.

    At most one is sent per message and recipient, none for a report (ref: rfc8098#2.1). When the requested address is not the
    return path, the reader has to confirm it (`confirmed`), so an automatic one is never sent (ref: rfc8098#2.1, ig-mss#mdn). No option is
    known here, so that one that is required forbids every receipt (ref: rfc8098#2.2).
    """
    if not request.receipt_to or request.is_report:
        raise Refusal(
            Rule.RECEIPT_NOT_REQUESTED,
            say("The sender asked for no read receipt: the letter has no usable Disposition-Notification-To."),
            reference="rfc8098#2.1",
        )
    if request.already_sent:
        raise Refusal(
            Rule.RECEIPT_ALREADY_SENT, say("A read receipt has already left for this letter and this mailbox."), reference="rfc8098#2.1"
        )
    if request.required_options:
        raise Refusal(
            Rule.RECEIPT_OPTION_UNKNOWN,
            say(
                "The receipt is asked for with {options}, which is required and not known here: none leaves.",
                options=", ".join(request.required_options)[:99],
            ),
            reference="quirks#receipt-options",
        )
    address = request.receipt_to[0]
    if (len(request.receipt_to) > 1 or address != request.return_path) and not confirmed:
        raise Refusal(
            Rule.RECEIPT_NEEDS_CONSENT,
            say(
                "The receipt is asked for {address}, which is not the return path; send it with confirm: true if the reader agrees.",
                address=address,
            ),
            reference="rfc8098#2.1",
        )
    return address
