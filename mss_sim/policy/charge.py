"""Who may take a letter in charge, give it to a colleague, put it down, finish it and take it up again.

What a deed does, by who has the letter now:

| deed    | nobody  | oneself | a colleague       | one who may not mark any more | it is done       |
|---------|---------|---------|-------------------|-------------------------------|------------------|
| take    | done    | nothing | refused, says who | done                          | refused, says who |
| assign  | done    | done    | needs `manage`    | done                          | refused, says who |
| release | nothing | done    | needs `manage`    | done                          | nothing          |
| finish  | done    | done    | needs `manage`    | done                          | nothing          |
| reopen  | nothing | nothing | nothing           | nothing                       | done             |
| note    | done    | done    | done              | done                          | done             |

Each needs `mark`, and `see`: that a letter is in charge is a mark that all see, as keywords of IMAP are, whose letter `w` is that right
(ref: rfc4314#4). Without `mark` there are no marks. A note tells of what a letter says: it needs `read` too, to be written and to be read.
What is a colleague's is taken from them by who manages the mailbox alone; when they may not mark letters there any more, nobody has to wait
for them. Whom a letter is given to must be able to finish it, and needs `mark` (ref: quirks#in-charge).

A patient's mailbox is read by one person, and by carers who only look: nothing is taken in charge there.
"""

from enum import Enum
from typing import NamedTuple

from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.charge import ChargeDeed, ChargeState
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, MailboxKind, Right
from mss_sim.words.sentence import say

NOTE_CHARS_MAX = 1_000
NOTES_MAX = 50
"""Of one letter."""


class Hands(Enum):
    """In whose hands a letter is, as the caller sees it."""

    NOBODYS = "nobody has it"
    OWN = "whoever asks has it"
    COLLEAGUES = "a colleague has it"
    GONE = "somebody has it who may not mark letters there any more"
    DONE = "it is done"


class Effect(Enum):
    """What becomes of a deed."""

    DONE = "it is done"
    NOTHING = "it is so already"
    MANAGED = "it is done for who manages the mailbox"
    REFUSED = "it is refused"


_D, _N, _M, _R = Effect.DONE, Effect.NOTHING, Effect.MANAGED, Effect.REFUSED
EFFECTS: dict[ChargeDeed, dict[Hands, Effect]] = {
    ChargeDeed.TAKE: dict(zip(Hands, (_D, _N, _R, _D, _R), strict=True)),
    ChargeDeed.ASSIGN: dict(zip(Hands, (_D, _D, _M, _D, _R), strict=True)),
    ChargeDeed.RELEASE: dict(zip(Hands, (_N, _D, _M, _D, _N), strict=True)),
    ChargeDeed.FINISH: dict(zip(Hands, (_D, _D, _M, _D, _N), strict=True)),
    ChargeDeed.REOPEN: dict(zip(Hands, (_N, _N, _N, _N, _D), strict=True)),
    ChargeDeed.NOTE: dict(zip(Hands, (_D, _D, _D, _D, _D), strict=True)),
}


class Holder(NamedTuple):
    """Who has a letter, or has finished it: number and name, both empty where they were deleted since."""

    idnat: str
    name: str


def rights_for(deed: ChargeDeed, *, noted: bool = False) -> tuple[Right, ...]:
    """The rights that a deed needs besides `see`; `noted`: a note is written with it."""
    return (Right.MARK, Right.READ) if noted or deed is ChargeDeed.NOTE else (Right.MARK,)


def hands(state: ChargeState, *, own: bool, holder_may_mark: bool) -> Hands:
    """In whose hands a letter in that state is."""
    if state is ChargeState.OPEN:
        return Hands.NOBODYS
    if state is ChargeState.DONE:
        return Hands.DONE
    if own:
        return Hands.OWN
    return Hands.COLLEAGUES if holder_may_mark else Hands.GONE


def does(deed: ChargeDeed, where: Hands, holder: Holder, *, manages: bool) -> bool:
    """Whether a deed of somebody with the rights for it changes anything; Refusal(IN_CHARGE) names who has the letter."""
    effect = EFFECTS[deed][where]
    if effect is Effect.REFUSED or (effect is Effect.MANAGED and not manages):
        raise _theirs(where, holder)
    return effect is not Effect.NOTHING


def _theirs(where: Hands, holder: Holder) -> Refusal:
    name = holder.name or say("somebody who is not known here any more")
    if where is Hands.DONE:
        detail = say("{name} has finished with this letter: reopen it first.", name=name)
    else:
        detail = say("{name} has this letter in charge: they, or who manages the mailbox, may give it to you.", name=name)
    return Refusal(Rule.IN_CHARGE, detail, subject=holder.idnat or None, reference="quirks#in-charge")


def check_kind(kind: MailboxKind) -> None:
    """Refuse a mailbox in which nobody takes letters in charge."""
    if kind not in PROFESSIONAL_KINDS:
        detail = say("Letters are taken in charge in mailboxes of professionals; a patient's has one reader.")
        raise Refusal(Rule.INVALID, detail, reference="quirks#in-charge")


def check_note(text: str, notes: int = 0) -> None:
    """Refuse a note that is empty or too long, or one more than a letter may have beside those that it has."""
    if not text.strip():
        raise Refusal(Rule.INVALID, say("A note has a text: write one."), reference="quirks#in-charge")
    if len(text) > NOTE_CHARS_MAX:
        detail = say("A note has at most {most} characters; shorten yours.", most=NOTE_CHARS_MAX)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#in-charge")
    if notes >= NOTES_MAX:
        detail = say("A letter has at most {most} notes; answer in a letter, or by telephone.", most=NOTES_MAX)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#in-charge")


def not_a_colleague(who: str, address: str) -> Refusal:
    """The refusal to give a letter to somebody who could not finish it, or is nobody: they cannot be told apart."""
    detail = say("{who} may not mark letters in {address}: name a colleague who may (GET …/colleagues).", who=who, address=address)
    return Refusal(Rule.INVALID, detail, subject=who, reference="quirks#in-charge")
