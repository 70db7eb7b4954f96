"""What the holder of a mailbox does unasked: a behaviour is a list of reactions, data and never code.

A letter arrives, or an exchange is closed; the first reaction of the list that matches gives the steps, and no other one does. A step
comes so long after the one before it, by the world's clock; nothing is ever drawn by lot.

| occasion  | the letter                                                             |
|-----------|------------------------------------------------------------------------|
| delivered | arrived, and leaves its reader free to answer                          |
| closed    | arrived and closes, or is the newest of an exchange closed by hand     |

A reaction may further ask who wrote it, words of its subject (both without regard to case), whether it asks for a read receipt, and
whether files came with it. Reports and automatic letters have no reaction, nor has what a mailbox with a behaviour sends: two of them
would write to each other without end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mss_sim.clock import NoDuration, after
from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.behaviours import AnswerFile, AnswerTo, Occasion, ReceiptForm, StepAct
from mss_sim.words.sentence import say, sentence_of

BY_HAND = "by-hand"
"""The behaviour of patients played by a person or a script."""
REACTIONS_MAX = 50
STEPS_MAX = 20
_AT_ONCE = "PT0S"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, `after` an ISO 8601 duration from the one before.

    `receipt`: of opening and of a late receipt. `text`, `file`, `to`: of an answer; an empty text is the usual one. `address`: of whom a
    letter is forwarded to. `rule`: why a letter bounces, the code of the refusal.
    """

    act: StepAct
    after: str = _AT_ONCE
    receipt: ReceiptForm = ReceiptForm.CORRECT
    text: str = ""
    file: AnswerFile | None = None
    to: AnswerTo = AnswerTo.SENDER
    address: str | None = None
    rule: str = Rule.UNKNOWN_MAILBOX.value


@dataclass(frozen=True, slots=True)
class Reaction:
    """What is done on an occasion, and about which letters; None asks nothing."""

    steps: tuple[Step, ...]
    on: Occasion = Occasion.DELIVERED
    from_: str | None = None
    subject: str | None = None
    asks_receipt: bool | None = None
    has_files: bool | None = None


Behaviour = tuple[Reaction, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, and the letter: `from_` its author's address."""

    on: Occasion
    from_: str
    subject: str
    asks_receipt: bool
    has_files: bool


def _then(*steps: Step, on: Occasion = Occasion.DELIVERED) -> Reaction:
    return Reaction(steps, on)


_OPEN, _NEXT_DAY = Step(StepAct.OPEN), Step(StepAct.OPEN, "P1D")
_ANSWER = Step(StepAct.ANSWER, "PT5M")

PRESETS: Mapping[str, Behaviour] = {
    BY_HAND: (),
    "never-opens": (),
    "opens-at-once": (_then(_OPEN), _then(_OPEN, on=Occasion.CLOSED)),
    "opens-next-day": (_then(_NEXT_DAY), _then(_NEXT_DAY, on=Occasion.CLOSED)),
    "opens-without-receipt": (_then(Step(StepAct.OPEN, receipt=ReceiptForm.NONE)),),
    "two-devices": (_then(_OPEN, Step(StepAct.OPEN, "PT1M")),),
    "answers": (_then(_OPEN, _ANSWER),),
    "answers-with-photo": (_then(_OPEN, Step(StepAct.ANSWER, "PT5M", file=AnswerFile.PHOTO)),),
    "answers-with-pdf": (_then(_OPEN, Step(StepAct.ANSWER, "PT5M", file=AnswerFile.PDF)),),
    "answers-all": (_then(_OPEN, Step(StepAct.ANSWER, "PT5M", to=AnswerTo.ALL)),),
    "answers-after-closure": (_then(_OPEN, _ANSWER), _then(_OPEN, _ANSWER, on=Occasion.CLOSED)),
    "deletes-unread": (_then(Step(StepAct.DELETE, "PT1M")),),
    "opens-then-deletes": (_then(_OPEN, Step(StepAct.DELETE, "PT1M")),),
    "closes-account": (_then(_OPEN, Step(StepAct.CLOSE, "PT1M")),),
    "account-closed-for-a-day": (_then(Step(StepAct.CLOSE), Step(StepAct.REOPEN, "P1D"), _OPEN),),
    "bounces-later": (_then(Step(StepAct.BOUNCE, "PT1M")),),
    "gateway": (Reaction((Step(StepAct.INTEGRATE),), has_files=True),),
}
"""Behaviours by name."""


def reaction_to(behaviour: Behaviour, event: Event) -> Reaction | None:
    """The first reaction that an event meets; None when nothing is done."""
    return next((one for one in behaviour if _meets(one, event)), None)


def _meets(reaction: Reaction, event: Event) -> bool:
    asked = (
        (reaction.on, event.on),
        (reaction.asks_receipt, event.asks_receipt),
        (reaction.has_files, event.has_files),
        (reaction.from_ and reaction.from_.casefold(), event.from_.casefold()),
    )
    subject = reaction.subject is None or reaction.subject.casefold() in event.subject.casefold()
    return subject and all(wanted in (None, given) for wanted, given in asked)


def check(behaviour: Behaviour) -> None:
    """Refuse what cannot be done, with what to write instead."""
    if len(behaviour) > REACTIONS_MAX or any(len(one.steps) > STEPS_MAX for one in behaviour):
        detail = say("At most {reactions} reactions of {steps} steps each.", reactions=REACTIONS_MAX, steps=STEPS_MAX)
        raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#behaviours")
    for step in (step for one in behaviour for step in one.steps):
        _check_step(step)


def _check_step(step: Step) -> None:
    try:
        after(0, step.after)
    except NoDuration as error:
        detail = say("after of {act} is wrong: {error}.", act=step.act, error=sentence_of(error))
        raise Refusal(Rule.INVALID, detail, subject="after", reference="quirks#behaviours") from error
    if (step.act is StepAct.FORWARD) != (step.address is not None):
        detail = say("address says whom a letter is forwarded to: forward needs it, and no other act has it.")
        raise Refusal(Rule.INVALID, detail, subject="address", reference="quirks#behaviours")
    if step.act is not StepAct.ANSWER and (step.text or step.file or step.to is not AnswerTo.SENDER):
        raise Refusal(
            Rule.INVALID,
            say("text, file and to belong to an answer, not to {act}.", act=step.act),
            subject="act",
            reference="quirks#behaviours",
        )
    if step.act not in (StepAct.OPEN, StepAct.RECEIPT) and step.receipt is not ReceiptForm.CORRECT:
        raise Refusal(
            Rule.INVALID,
            say("receipt belongs to open and receipt, not to {act}.", act=step.act),
            subject="receipt",
            reference="quirks#behaviours",
        )
    if step.act is StepAct.BOUNCE and step.rule not in BOUNCE_RULES:
        detail = say("A letter bounces for one of {rules}.", rules=", ".join(BOUNCE_RULES))
        raise Refusal(Rule.INVALID, detail, subject="rule", reference="quirks#behaviours")


BOUNCE_RULES = tuple(
    rule.value for rule in (Rule.UNKNOWN_MAILBOX, Rule.BAD_ADDRESS, Rule.MAILBOX_CLOSED, Rule.TOO_LARGE, Rule.NOT_INVITED, Rule.EXPIRED)
)
"""Why a letter may come back after it was accepted (ref: cnam#6)."""


def data_of(behaviour: Sequence[Reaction]) -> list[dict[str, Any]]:
    """A behaviour as plain data, to be kept or shown; `read` is the way back."""
    return [{**asdict(one), "steps": [asdict(step) for step in one.steps]} for one in behaviour]


def read(data: Sequence[Mapping[str, Any]]) -> Behaviour:
    """The behaviour that `data_of` wrote, or that somebody wrote like it; what is left out has its default."""
    return tuple(
        Reaction(
            **{
                **one,
                "steps": tuple(step_of(step) for step in one["steps"]),
                "on": Occasion(one.get("on", Occasion.DELIVERED)),
            }
        )
        for one in data
    )


def step_of(row: Mapping[str, Any]) -> Step:
    """One step from plain data."""
    kinds: dict[str, Callable[[Any], Any]] = {"act": StepAct, "receipt": ReceiptForm, "to": AnswerTo, "file": AnswerFile}
    values: dict[str, Any] = {name: kinds[name](value) if name in kinds and value is not None else value for name, value in row.items()}
    return Step(**values)
