"""Writing with patients: who opens, who may answer, what closes (ref: cnam#7, cnam#9, ref2#ECO.2.2.8, sc-mss#CONF.21).

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

What a patient may write:

| his right to that address                       | verdict                          |
|-------------------------------------------------|----------------------------------|
| the recipient is a patient, or never wrote      | not-invited                      |
| all rights withdrawn                            | conversation-closed              |
| the letter answers a conversation that is closed | conversation-closed             |
| a right is open                                 | allowed                          |
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.mail import HEADER_MES_FIN, SUBJECT_FIN
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, MailboxKind
from mss_sim.words.sentence import Sentence, say


class Effect(StrEnum):
    """What a letter does to the right to answer it."""

    OPEN = "open"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    NONE = "none"


_WITHOUT_BRACKETS = (SUBJECT_FIN.strip("[]").casefold(), SUBJECT_FIN.casefold().replace("[", "(").replace("]", ")"))


@dataclass(frozen=True, slots=True)
class AnswerRight:
    """One right of a patient to write to a professional mailbox; `key` is its origin: a conversation or one letter."""

    key: int
    open: bool


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


def decide_answer(recipient: str, kind: MailboxKind, rights: Iterable[AnswerRight], answered: frozenset[int]) -> None:
    """Raise the refusal when a patient may not write to `recipient`.

    `rights` are all that this patient ever received for that mailbox. `answered` are the keys of what their letter answers; it is empty
    when it answers nothing known, or when that is not known yet because the envelope comes before the letter.
    """
    known = tuple(rights)
    if kind not in PROFESSIONAL_KINDS or not known:
        raise Refusal(
            Rule.NOT_INVITED,
            say("A patient may only answer: {recipient} has not written to this patient.", recipient=recipient),
            subject=recipient,
            reference="cnam#answer",
        )
    concerned = [right for right in known if right.key in answered]
    if not any(right.open for right in concerned or known):
        raise Refusal(
            Rule.CONVERSATION_CLOSED,
            say("The conversation with {recipient} was closed by the professional; it can no longer be answered.", recipient=recipient),
            subject=recipient,
            reference="cnam#7",
        )
