"""What a patient masks from carers.

| a letter of the patient's mailbox                              | the patient | a carer |
|----------------------------------------------------------------|-------------|---------|
| that matches no mask                                           | shown       | shown   |
| that is masked itself, or reports on one that is               | shown       | absent  |
| that a masked correspondent wrote, gets, or is reported of in  | shown       | absent  |
| that carries a masked document, whole                          | shown       | absent  |
| that matches one mask and not the others                       | shown       | absent  |

Deny wins, and the patient always sees everything. Elsewhere nobody masks: who may see a professional's mailbox sees all of it. Only who
holds the patient's mailbox masks and unmasks, and a carer learns of no mask (ref: quirks#masks).
"""

from enum import Enum
from typing import NamedTuple

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.access import Access, right_missing
from mss_sim.vocabulary.mailboxes import MailboxKind, Right
from mss_sim.words.sentence import say


class Viewer(Enum):
    """Who looks into a mailbox."""

    HOLDER = "holder"  # in their own right
    DELEGATE = "delegate"  # by a grant over a professional mailbox
    CARER = "carer"  # by a grant over a patient's


class Masks(NamedTuple):
    """All that a patient has masked: ids of letters, addresses in lower case, digests of documents."""

    letters: frozenset[int]
    correspondents: frozenset[str]
    documents: frozenset[str]


class Maskable(NamedTuple):
    """What of a letter a mask can match: its id and those that it reports on, all addresses concerned, digests of its documents."""

    letters: frozenset[int]
    correspondents: frozenset[str]
    documents: frozenset[str]


def viewer_of(kind: MailboxKind, access: Access) -> Viewer:
    """Who looks, by the kind of the mailbox and what they hold there."""
    if access.role is not None:
        return Viewer.HOLDER
    return Viewer.CARER if kind is MailboxKind.PATIENT else Viewer.DELEGATE


def is_shown(viewer: Viewer, masks: Masks, letter: Maskable) -> bool:
    """Whether a letter is there for who looks, by the table above."""
    if viewer is not Viewer.CARER:
        return True
    return (
        masks.letters.isdisjoint(letter.letters)
        and masks.correspondents.isdisjoint(letter.correspondents)
        and masks.documents.isdisjoint(letter.documents)
    )


def decide_masking(kind: MailboxKind, access: Access, address: str) -> None:
    """Raise the refusal unless it is the patient who masks, unmasks or looks at masks."""
    access.require(Right.SEE, address)
    if access.role is None:
        right_missing(Right.MANAGE, address)
    if kind is not MailboxKind.PATIENT:
        raise Refusal(
            Rule.INVALID,
            say("{address} is no patient's mailbox: only a patient masks letters from carers.", address=address),
            subject=address,
            reference="quirks#masks",
        )


def decide_carer_receipt(viewer: Viewer, *, allowed: bool) -> None:
    """Raise the refusal when a carer would confirm that a letter was read, where only the patient does."""
    if viewer is Viewer.CARER and not allowed:
        detail = say("The patient alone confirms that a letter was read; a carer's reading sends no receipt.")
        raise Refusal(Rule.RECEIPT_NOT_REQUESTED, detail, reference="quirks#carer-receipt")
