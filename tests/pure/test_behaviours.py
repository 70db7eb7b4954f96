"""Behaviours as data: which reaction an event meets, what cannot be asked for, and the way to plain data and back."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from mss_sim.errors import Refusal, Rule
from mss_sim.policy.behaviours import (
    BOUNCE_RULES,
    PRESETS,
    REACTIONS_MAX,
    STEPS_MAX,
    Behaviour,
    Event,
    Reaction,
    Step,
    check,
    data_of,
    reaction_to,
    read,
)
from mss_sim.policy.magic_addresses import MAGIC_ADDRESSES
from mss_sim.policy.receipts import DIAGNOSTICS
from mss_sim.vocabulary.behaviours import AnswerFile, AnswerTo, Occasion, ReceiptForm, StepAct

DOCTOR = "camille.martin@medecin.sim.mssante.fr"
CAME = Event(Occasion.DELIVERED, DOCTOR, "Vos résultats", asks_receipt=True, has_files=False)
OPENS = (Step(StepAct.OPEN),)


@pytest.mark.parametrize(
    ("asked", "event", "meets"),
    [
        ({}, {}, True),
        ({}, {"on": Occasion.CLOSED}, False),
        ({"on": Occasion.CLOSED}, {"on": Occasion.CLOSED}, True),
        ({"on": Occasion.CLOSED}, {}, False),
        ({"from_": DOCTOR.upper()}, {}, True),
        ({"from_": "hugo.bernard@medecin.sim.mssante.fr"}, {}, False),
        ({"subject": "RÉSULTATS"}, {}, True),
        ({"subject": "rendez-vous"}, {}, False),
        ({"asks_receipt": True}, {}, True),
        ({"asks_receipt": False}, {}, False),
        ({"asks_receipt": False}, {"asks_receipt": False}, True),
        ({"has_files": True}, {}, False),
        ({"has_files": True}, {"has_files": True}, True),
        ({"subject": "résultats", "has_files": True}, {}, False),
    ],
)
def test_a_reaction_asks_and_an_event_meets_it(asked: dict[str, Any], event: dict[str, Any], meets: bool) -> None:
    assert (reaction_to((Reaction(OPENS, **asked),), replace(CAME, **event)) is not None) is meets


def test_the_first_that_is_met_is_the_one() -> None:
    first, second = Reaction(OPENS, subject="résultats"), Reaction(OPENS)
    assert reaction_to((Reaction(OPENS, subject="autre"), first, second), CAME) is first
    assert reaction_to((), CAME) is None


@pytest.mark.parametrize(
    ("step", "subject", "said"),
    [
        (Step(StepAct.OPEN, "demain"), "after", "after of open is wrong: a duration of ISO 8601 is expected, such as P7D"),
        (Step(StepAct.RECEIPT, "P999999Y"), "after", "after of receipt is wrong: the calendar ends before"),
        (Step(StepAct.FORWARD), "address", "forward needs it"),
        (Step(StepAct.OPEN, address=DOCTOR), "address", "no other act has it"),
        (Step(StepAct.DELETE, text="Merci"), "act", "not to delete"),
        (Step(StepAct.OPEN, file=AnswerFile.PDF), "act", "not to open"),
        (Step(StepAct.OPEN, to=AnswerTo.ALL), "act", "not to open"),
        (Step(StepAct.ANSWER, receipt=ReceiptForm.NONE), "receipt", "open and receipt, not to answer."),
        (Step(StepAct.BOUNCE, rule=Rule.CONFLICT.value), "rule", "A letter bounces for one of unknown-mailbox, "),
    ],
)
def test_what_cannot_be_done_is_refused(step: Step, subject: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        check((Reaction((step,)),))
    assert (refused.value.rule, refused.value.subject, said in refused.value.detail) == (Rule.INVALID, subject, True), refused.value.detail
    assert refused.value.reference == "quirks#behaviours"


@pytest.mark.parametrize("behaviour", [(Reaction(OPENS),) * (REACTIONS_MAX + 1), (Reaction(OPENS * (STEPS_MAX + 1)),)])
def test_a_behaviour_is_not_endless(behaviour: Behaviour) -> None:
    with pytest.raises(Refusal) as refused:
        check(behaviour)
    assert (refused.value.rule, refused.value.reference) == (Rule.LIMIT_REACHED, "quirks#behaviours")
    assert refused.value.detail == f"At most {REACTIONS_MAX} reactions of {STEPS_MAX} steps each."
    check((Reaction(OPENS * STEPS_MAX),) * REACTIONS_MAX)


@pytest.mark.parametrize("behaviour", [*PRESETS.values(), *(one.behaviour for one in MAGIC_ADDRESSES.values())])
def test_what_is_shipped_can_be_done_and_is_the_same_after_it_was_kept(behaviour: Behaviour) -> None:
    check(behaviour)
    assert repr(read(orjson.loads(orjson.dumps(data_of(behaviour))))) == repr(behaviour), "words are words of the vocabulary again"


def test_what_is_left_out_has_its_default_and_what_is_written_is_kept() -> None:
    assert read([{"steps": []}]) == (Reaction(()),)
    whole = Reaction(OPENS, Occasion.CLOSED, DOCTOR, "résultats", asks_receipt=True, has_files=False)
    assert read(data_of([whole])) == (whole,)


def test_every_reason_for_a_bounce_has_a_status() -> None:
    assert {Rule(one) for one in BOUNCE_RULES} <= DIAGNOSTICS.keys()
