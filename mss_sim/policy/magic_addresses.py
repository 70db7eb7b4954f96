"""Addresses that do one thing each and need no set-up: a local part of this table at any domain served here (ref: quirks#magic-addresses).

The mailbox is made at its first letter, unless somebody made one of that name; it is a patient's at the patients' domain, and an
organisation's elsewhere. What a mailbox does by itself is a behaviour, which any mailbox may be given.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mss_sim.errors import Failure
from mss_sim.policy.behaviours import PRESETS, Behaviour, Reaction, Step
from mss_sim.vocabulary.behaviours import MALFORMED_RECEIPTS, AnswerFile, Occasion, ReceiptForm, StepAct
from mss_sim.vocabulary.mailboxes import MailboxState
from mss_sim.words.sentence import Sentence, say

SUSPENDED, CLOSED = MailboxState.SUSPENDED, MailboxState.CLOSED


@dataclass(frozen=True, slots=True)
class MagicAddress:
    """What a letter to it meets: `text` for people; `full`, `state` and `behaviour` are those of its mailbox.

    `refuses`: (code, enhanced status) by which it is refused whenever it is named; `slow`: it is answered late.
    """

    text: Sentence
    refuses: tuple[int, str] | None = None
    slow: bool = False
    full: bool = False
    state: MailboxState = MailboxState.ACTIVE
    behaviour: Behaviour = ()


def _on_any(*steps: Step) -> Behaviour:
    return tuple(Reaction(steps, on) for on in Occasion)


def _receipt(form: ReceiptForm) -> Behaviour:
    return _on_any(Step(StepAct.OPEN, receipt=form))


def _bounce(rule: str) -> Behaviour:
    return _on_any(Step(StepAct.BOUNCE, "PT1M", rule=rule))


_LATE = _on_any(Step(StepAct.OPEN, receipt=ReceiptForm.NONE), Step(StepAct.RECEIPT, "P1D"))
_BIG = _on_any(Step(StepAct.OPEN), Step(StepAct.ANSWER, "PT5M", file=AnswerFile.BIG))
_BOUNCES = {
    "bounce-later": MagicAddress(say("taken, returned a minute later: nobody of that name"), behaviour=_bounce("unknown-mailbox")),
    "bounce-closed": MagicAddress(say("taken, returned a minute later: closed"), behaviour=_bounce("mailbox-closed")),
    "bounce-too-large": MagicAddress(say("taken, returned a minute later: too large"), behaviour=_bounce("message-too-large")),
}
_RECEIPTS = {
    "read-receipt": MagicAddress(say("opens at once, the read receipt leaves"), behaviour=_receipt(ReceiptForm.CORRECT)),
    "no-read-receipt": MagicAddress(say("opens at once, no read receipt leaves"), behaviour=_receipt(ReceiptForm.NONE)),
    "late-read-receipt": MagicAddress(say("opens at once, the read receipt leaves a day later"), behaviour=_LATE),
    **{
        f"malformed-read-receipt-{number}": MagicAddress(
            say("opens at once, the receipt is wrong: {form}", form=form.value), behaviour=_receipt(form)
        )
        for number, form in enumerate(MALFORMED_RECEIPTS, 1)
    },
    "processed-error": MagicAddress(
        say("a receipt of an integration that failed: processed/Error"), behaviour=_receipt(ReceiptForm.PROCESSED_ERROR)
    ),
    "deleted-error": MagicAddress(
        say("a receipt of an integration that failed: deleted/error"), behaviour=_receipt(ReceiptForm.DELETED_ERROR)
    ),
}
_ANSWERS = {
    "never-opens": MagicAddress(say("takes letters, nobody opens them"), behaviour=PRESETS["never-opens"]),
    "answers": MagicAddress(say("opens, answers five minutes later"), behaviour=PRESETS["answers"]),
    "answers-with-photo": MagicAddress(say("the same, with a photo of two megabytes"), behaviour=PRESETS["answers-with-photo"]),
    "answers-with-pdf": MagicAddress(say("the same, with a PDF"), behaviour=PRESETS["answers-with-pdf"]),
    "answers-all": MagicAddress(say("the same, to all who are named"), behaviour=PRESETS["answers-all"]),
    "answers-after-closure": MagicAddress(
        say("the same, and again after a closure, which is refused"), behaviour=PRESETS["answers-after-closure"]
    ),
    "big-answer": MagicAddress(say("the same, with a file of seventeen megabytes"), behaviour=_BIG),
    "deletes-unread": MagicAddress(say("deletes a minute later what it has not opened"), behaviour=PRESETS["deletes-unread"]),
}
MAGIC_ADDRESSES: Mapping[str, MagicAddress] = {
    "refuse-550": MagicAddress(say("is refused when it is named: 550 5.7.1"), refuses=(550, "5.7.1")),
    "temp-451": MagicAddress(say("is refused for now, whenever it is named: 451 4.3.0"), refuses=(451, "4.3.0")),
    "slow-30s": MagicAddress(say("is answered after thirty seconds, and taken"), slow=True),
    "full": MagicAddress(say("has no room: 452 4.2.2, or waits"), full=True),
    "suspended": MagicAddress(say("is suspended: 450 4.2.1, or waits"), state=SUSPENDED),
    "closed": MagicAddress(say("is closed: 550 5.2.1, or comes back"), state=CLOSED),
    **_BOUNCES,
    **_RECEIPTS,
    **_ANSWERS,
}
"""By local part."""


def refusal_of(address: str, magic: MagicAddress) -> Failure | None:
    """The refusal of a magic address that is one."""
    if magic.refuses is None:
        return None
    code, status = magic.refuses
    local = address.partition("@")[0]
    detail = say("The address {address} refuses every letter, as its name says.", address=address)
    return Failure(detail, fault=local, code=code, status=status, subject=address, reference="quirks#magic-addresses")


def magic_at(address: str) -> MagicAddress | None:
    """What is magic at a canonical address; None when nothing is."""
    return MAGIC_ADDRESSES.get(address.partition("@")[0])
