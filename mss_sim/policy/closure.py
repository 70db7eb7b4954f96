"""Writing with patients: who opens, who may answer or write first, what closes (ref: cnam#7, cnam#9, ref2#ECO.2.2.8, sc-mss#CONF.21).

What a letter does to the patient's right to answer, by its sender, its subject and its `X-MSS-MES` header:

| from          | to      | subject     | X-MSS-MES | effect                                                        |
|---------------|---------|-------------|-----------|---------------------------------------------------------------|
| professional  | patient | exactly [FIN] | any     | WITHDRAW every right that this mailbox gave before            |
| professional  | patient | other       | FIN       | CLOSE with this letter: none given, the conversation's ends   |
| professional  | patient | other       | other     | OPEN: the patient may answer the mailbox, or its Reply-To     |
| patient       | any     | any         | any       | NONE                                                          |
| professional  | professional | any    | any       | NONE                                                          |

What a closing act withdraws, be it a letter or the explicit act: rights that were given, and those that letters in transit to the
patient would give on arrival. A letter that is sent after the act opens again.

| act               | in which conversations | of which patients        |
|-------------------|------------------------|--------------------------|
| [FIN]             | all of the mailbox     | the recipients           |
| X-MSS-MES: FIN    | its own                | the recipients           |
| the explicit act  | the one that is named  | all                      |

When a letter does it; a letter arrives again from the queue, or through the MX port when it was submitted here:

| effect          | accepted, on its way | arrives at once | arrives again |
|-----------------|----------------------|-----------------|---------------|
| OPEN            | no                   | yes             | yes           |
| CLOSE, WITHDRAW | yes                  | yes             | no            |

Whom a patient may write to. An address is its own person's: what gives a child's mailbox a right gives its parents' none. The first
row that holds decides:

| the mailbox                                   | rights there, and what the letter answers         | verdict                  |
|-----------------------------------------------|---------------------------------------------------|--------------------------|
| a patient's, or nobody's                      | any                                               | not-invited              |
| a professional's                              | answers a conversation where a right is open      | conversation-open        |
| a professional's                              | answers a conversation where all are withdrawn    | conversation-closed      |
| a professional's                              | a right is open                                   | conversation-open        |
| a professional's, by the setting              | all are withdrawn                                 | conversation-closed      |
| ORG or CAB that its managers opened           | none is open                                      | open-to-patients         |
| ORG of a pharmacy, with the four rows below   | none is open                                      | pharmacy-visited         |
| any other                                     | all are withdrawn                                 | conversation-closed      |
| any other                                     | there is none                                     | the next table           |

A pharmacy is written to first where medicines were dispensed to the patient, in the mailbox that the directory publishes. Who was never
written to, and may not write first, hears the first condition that fails:

| the organisation of the mailbox               | dispensed to the patient   | the mailbox                     | verdict                  |
|-----------------------------------------------|----------------------------|---------------------------------|--------------------------|
| no pharmacy                                   | never                      | any                             | not-invited              |
| no pharmacy                                   | once                       | any                             | not-a-pharmacy           |
| a pharmacy                                    | never                      | any                             | pharmacy-never-visited   |
| a pharmacy                                    | more days ago than allowed | any                             | pharmacy-visit-too-old   |
| a pharmacy                                    | since                      | not ORG, red-listed, not active | no-published-org-mailbox |
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.mail import HEADER_MES_FIN, SUBJECT_FIN, Ground
from mss_sim.vocabulary.mailboxes import OPENED_TO_PATIENTS, PHARMACY_SECTORS, PROFESSIONAL_KINDS, MailboxKind, MailboxState
from mss_sim.words.sentence import Sentence, say

WRITING_RULES = (
    *(Rule.NOT_INVITED, Rule.CONVERSATION_CLOSED),
    *(Rule.PHARMACY_NEVER_VISITED, Rule.PHARMACY_VISIT_TOO_OLD, Rule.NOT_A_PHARMACY, Rule.NO_PUBLISHED_ORG_MAILBOX),
)
"""The rules by which a patient may not write to a mailbox; whatever shows such a refusal names the rule."""


class Effect(StrEnum):
    """What a letter does to the right to answer it."""

    OPEN = "open"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    NONE = "none"


_WITHOUT_BRACKETS = (SUBJECT_FIN.strip("[]").casefold(), SUBJECT_FIN.casefold().replace("[", "(").replace("]", ")"))


@dataclass(frozen=True, slots=True)
class AnswerRight:
    """One right of a patient to write to a professional mailbox; `key` is its origin: a conversation or one letter, `id` its own."""

    key: int
    open: bool
    id: int = 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """The mailbox that a patient writes to; `kind` PATIENT stands for an address without a mailbox too. `sector`: of its organisation."""

    address: str
    kind: MailboxKind
    state: MailboxState = MailboxState.ACTIVE
    red_listed: bool = False
    opened: bool = False
    sector: str = ""


@dataclass(frozen=True, slots=True)
class FirstLetter:
    """What decides whether a patient may write first: the days since medicines were dispensed there, None for never, and the settings."""

    dispensed_days: int | None = None
    dispensed_days_max: int = 365
    after_closure: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether somebody may write to a mailbox now, and why: a ground, or the rule that refuses. `right` is the one that decided."""

    code: Ground | Rule
    detail: Sentence
    reference: str | None = None
    right: AnswerRight | None = None

    @property
    def allowed(self) -> bool:
        """Whether they may."""
        return isinstance(self.code, Ground)

    def require(self, recipient: str) -> None:
        """Raise the refusal when they may not."""
        if isinstance(self.code, Rule):
            raise Refusal(self.code, self.detail, subject=recipient, reference=self.reference)


def effect_of(sender: MailboxKind, recipient: MailboxKind, subject: str, mes: str | None) -> Effect:
    """The effect of a letter on the recipient's right to answer. Both marks are case-sensitive, and exact: see `mail/closing_marks.py`."""
    if sender not in PROFESSIONAL_KINDS or recipient is not MailboxKind.PATIENT:
        return Effect.NONE
    if subject == SUBJECT_FIN:
        return Effect.WITHDRAW
    return Effect.CLOSE if mes == HEADER_MES_FIN else Effect.OPEN


def near_miss(subject: str, mes: str | None, text: str) -> Sentence | None:
    """Why a letter that closes nothing looks as if it should, for its sender; None when it does not look so.

    `subject` and `mes` as for `effect_of`, `text` is the letter's own.
    """
    bare = subject.strip().casefold()
    if SUBJECT_FIN.casefold() in bare or bare in _WITHOUT_BRACKETS:
        return say(
            "The subject is {subject!r}: only the five characters {subject_fin} close, with no blank and no other word.",
            subject=subject,
            subject_fin=SUBJECT_FIN,
        )
    if mes is not None:
        return say(
            "X-MSS-MES is {mes!r}: only {header_mes_fin} closes, in capitals, and not beside another value.",
            mes=mes,
            header_mes_fin=HEADER_MES_FIN,
        )
    if SUBJECT_FIN in text:
        return say("{subject_fin} stands in the text: it closes as the whole subject only.", subject_fin=SUBJECT_FIN)
    return None


def acts_now(effect: Effect, *, waits: bool, again: bool) -> bool:
    """Whether a letter has its effect on a patient now: what closes does so when it is accepted, what opens when it arrives."""
    if effect is Effect.OPEN:
        return not waits
    return effect is not Effect.NONE and not again


PROFESSIONAL_WRITES = Verdict(Ground.PROFESSIONAL, say("A professional writes to whom they want in the trust space."), "cnam#answer")


def judge_patient(recipient: Recipient, rights: Iterable[AnswerRight], answered: frozenset[int], first: FirstLetter) -> Verdict:
    """Whether a patient may write to `recipient`, by the last two tables.

    `rights` are all that this patient ever received for that mailbox, the oldest first. `answered` are the keys of what their letter
    answers; it is empty when it answers nothing known, or when that is not known yet because the envelope comes before the letter.
    """
    if recipient.kind not in PROFESSIONAL_KINDS:
        return _not_invited(recipient)
    known = tuple(rights)
    concerned = tuple(right for right in known if right.key in answered)
    asked = concerned or known
    newest = next((right for right in reversed(asked) if right.open), asked[-1] if asked else None)
    if newest and newest.open:
        detail = say("{recipient} wrote to this patient, who may answer until the conversation is closed.", recipient=recipient.address)
        return Verdict(Ground.CONVERSATION_OPEN, detail, "cnam#answer", newest)
    starts = None if concerned or (known and not first.after_closure) else _judge_first(recipient, first)
    if starts and (starts.allowed or not known):
        return starts
    detail = say(
        "The conversation with {recipient} was closed by the professional; it can no longer be answered.", recipient=recipient.address
    )
    return Verdict(Rule.CONVERSATION_CLOSED, detail, "cnam#7", newest)


def _not_invited(recipient: Recipient) -> Verdict:
    detail = say("A patient may only answer: {recipient} has not written to this patient.", recipient=recipient.address)
    return Verdict(Rule.NOT_INVITED, detail, "cnam#answer")


def _judge_first(recipient: Recipient, first: FirstLetter) -> Verdict:
    """Whether a patient may write to a mailbox that gave them no right, by the last table."""
    address = recipient.address
    if recipient.opened and recipient.kind in OPENED_TO_PATIENTS:
        detail = say("The managers of {recipient} let patients write first.", recipient=address)
        return Verdict(Ground.OPEN_TO_PATIENTS, detail, "quirks#patients-write-first")
    if recipient.sector not in PHARMACY_SECTORS:
        if first.dispensed_days is None:
            return _not_invited(recipient)
        detail = say(
            "The organisation of {recipient} dispensed medicines to this patient, but its sector is not that of a pharmacy: {sectors}.",
            recipient=address,
            sectors=", ".join(sorted(PHARMACY_SECTORS)),
        )
        return Verdict(Rule.NOT_A_PHARMACY, detail, "quirks#pharmacies")
    return _judge_pharmacy(recipient, first)


def _judge_pharmacy(recipient: Recipient, first: FirstLetter) -> Verdict:
    address, days, most = recipient.address, first.dispensed_days, first.dispensed_days_max
    if days is None:
        detail = say(
            "A patient may write first to a pharmacy that dispensed medicines to them; that of {recipient} never did.", recipient=address
        )
        return Verdict(Rule.PHARMACY_NEVER_VISITED, detail, "quirks#pharmacies")
    if days > most:
        detail = say(
            "The pharmacy of {recipient} dispensed medicines to this patient {days} days ago; they may write first within {most} days.",
            recipient=address,
            days=days,
            most=most,
        )
        return Verdict(Rule.PHARMACY_VISIT_TOO_OLD, detail, "quirks#pharmacies")
    if recipient.kind is not MailboxKind.ORG or recipient.red_listed or recipient.state is not MailboxState.ACTIVE:
        detail = say(
            "A patient writes first to a pharmacy's mailbox of kind ORG that is published and active; {recipient} is not.",
            recipient=address,
        )
        return Verdict(Rule.NO_PUBLISHED_ORG_MAILBOX, detail, "quirks#pharmacies")
    detail = say("The pharmacy of {recipient} dispensed medicines to this patient {days} days ago.", recipient=address, days=days)
    return Verdict(Ground.PHARMACY_VISITED, detail, "quirks#pharmacies")
