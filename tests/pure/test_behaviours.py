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
    ("step", "rule", "said"),
    [
        (Step(StepAct.OPEN, "demain"), Rule.INVALID, "P7D"),
        (Step(StepAct.OPEN, "P999999Y"), Rule.INVALID, "calendar"),
        (Step(StepAct.FORWARD), Rule.INVALID, "forward needs it"),
        (Step(StepAct.OPEN, address=DOCTOR), Rule.INVALID, "no other act has it"),
        (Step(StepAct.DELETE, text="Merci"), Rule.INVALID, "not to delete"),
        (Step(StepAct.OPEN, file=AnswerFile.PDF), Rule.INVALID, "not to open"),
        (Step(StepAct.OPEN, to=AnswerTo.ALL), Rule.INVALID, "not to open"),
        (Step(StepAct.ANSWER, receipt=ReceiptForm.NONE), Rule.INVALID, "open and receipt"),
        (Step(StepAct.BOUNCE, rule=Rule.CONFLICT.value), Rule.INVALID, "mailbox-closed"),
    ],
)
def test_what_cannot_be_done_is_refused(step: Step, rule: Rule, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        check((Reaction((step,)),))
    assert (refused.value.rule, said in refused.value.detail) == (rule, True), refused.value.detail


@pytest.mark.parametrize("behaviour", [(Reaction(OPENS),) * (REACTIONS_MAX + 1), (Reaction(OPENS * (STEPS_MAX + 1)),)])
def test_a_behaviour_is_not_endless(behaviour: Behaviour) -> None:
    with pytest.raises(Refusal) as refused:
        check(behaviour)
    assert refused.value.rule is Rule.LIMIT_REACHED
    check((Reaction(OPENS * STEPS_MAX),) * REACTIONS_MAX)


@pytest.mark.parametrize("behaviour", [*PRESETS.values(), *(one.behaviour for one in MAGIC_ADDRESSES.values())])
def test_what_is_shipped_can_be_done_and_is_the_same_after_it_was_kept(behaviour: Behaviour) -> None:
    check(behaviour)
    assert read(orjson.loads(orjson.dumps(data_of(behaviour)))) == behaviour


def test_every_reason_for_a_bounce_has_a_status() -> None:
    assert {Rule(one) for one in BOUNCE_RULES} <= DIAGNOSTICS.keys()
