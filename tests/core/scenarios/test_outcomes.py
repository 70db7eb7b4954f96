"""What came of a step, compared with what was expected."""

import pytest

from mss_sim.core.scenarios import outcomes
from mss_sim.core.scenarios.outcomes import Outcome
from mss_sim.core.scenarios.stage import Facts, Missed
from mss_sim.errors import RecipientsRefused, Refusal, Rule
from mss_sim.scenarios.model import Expectation, Value
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.scenarios import StepState
from mss_sim.words.sentence import quoted, say
from tests.core.scenarios.playing import LINES, scenario_of

_REFUSAL = Refusal(Rule.NOT_INVITED, say("There is no such folder in this mailbox."))


@pytest.mark.parametrize(
    ("wanted", "facts", "passed"),
    [
        ({}, {"count": 3}, True),
        ({"count": 2}, {"count": 2, "unread": 0}, True),
        ({"count": 2}, {"count": 3}, False),
        ({"count": 2}, {}, False),
        ({"allowed": False}, {"allowed": False}, True),
        ({"allowed": False}, {"allowed": True}, False),
        ({"subject": "ete"}, {"subject": "Un ÉTÉ"}, True),
        ({"subject": "hiver"}, {"subject": "Un été"}, False),
        ({"mode": "send_as"}, {"mode": "send_as"}, True),
        ({"mode": "send"}, {"mode": "send_as"}, False),
        ({"happened": ("a",)}, {"happened": ("b", "a")}, True),
        ({"happened": ("a", "c")}, {"happened": ("b", "a")}, False),
        ({"happened": ("a",)}, {}, False),
    ],
)
def test_facts_are_compared_each_in_its_way(wanted: dict[str, Value], facts: Facts, *, passed: bool) -> None:
    assert outcomes.of_done(Expectation(facts=tuple(wanted.items())), facts).passed is passed


def test_only_the_facts_that_are_odd_are_told() -> None:
    found = outcomes.of_done(Expectation(facts=(("count", 2), ("unread", 1))), {"count": 2, "unread": 0})
    assert (found.expected, found.came) == ("unread 1", "unread 0")


@pytest.mark.parametrize(
    ("expects", "expected"),
    [
        (Expectation(), "that it is done"),
        (Expectation(facts=(("count", 2),)), "count 2"),
        (Expectation(refused=Rule.CONFLICT), "a refusal by conflict"),
    ],
)
def test_a_refusal_that_was_not_expected_fails_with_its_rule_and_words(expects: Expectation, expected: str) -> None:
    found = outcomes.of_refused(expects, _REFUSAL)
    assert (found.passed, found.expected, found.refused) == (False, expected, Rule.NOT_INVITED)
    assert found.came == "refused by not-invited: There is no such folder in this mailbox."


def test_the_refusal_that_was_expected_passes_and_its_absence_fails() -> None:
    assert outcomes.of_refused(Expectation(refused=Rule.NOT_INVITED), _REFUSAL).passed
    found = outcomes.of_done(Expectation(refused=Rule.NOT_INVITED), {})
    assert (found.passed, found.expected, found.came) == (False, "a refusal by not-invited", "it was done")


def test_of_several_recipients_the_first_is_told() -> None:
    found = outcomes.of_refused(Expectation(), RecipientsRefused([_REFUSAL]))
    assert found.came.endswith("There is no such folder in this mailbox.")


def test_what_was_waited_for_in_vain_fails() -> None:
    found = outcomes.of_missed(Missed(quoted("two"), quoted("one")))
    assert (found.passed, found.expected, found.came) == (False, "two", "one")


def test_long_texts_are_cut() -> None:
    found = outcomes.of_done(Expectation(facts=(("text", "x"),)), {"text": "y" * 1_000})
    assert len(found.came) < 220


def test_a_failure_is_one_sentence_in_both_languages() -> None:
    [step] = scenario_of("actor: doctor, list: practice").steps
    verdict = outcomes.of_done(Expectation(refused=Rule.NOT_FOUND), {})
    outcome = Outcome(StepState.FAILED, verdict.expected, verdict.came, 0, 0.0)
    told = outcomes.describe(1, step, outcome)
    assert told == f"Step 1 (line {LINES + 1}): expected was a refusal by not-found; what came: it was done."
    assert told.in_language(Language.FR) == f"Étape 1 (ligne {LINES + 1}) : attendu, un refus par not-found ; venu, cela s’est fait."
