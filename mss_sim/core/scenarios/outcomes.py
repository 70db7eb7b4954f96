"""What came of a step, compared with what was expected: the same, or a sentence that says which step, what was expected and what came.

| expected                       | came                       | the step |
|--------------------------------|----------------------------|----------|
| nothing, or facts              | done, with those facts     | passed   |
| a refusal by a rule            | refused by that rule       | passed   |
| anything                       | anything else              | failed   |

Of a text a part is enough, whatever its case and accents; of a list some of its members; numbers and words are compared as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mss_sim.clock import Micros
from mss_sim.core.scenarios.stage import Facts, Missed
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.parse import fold
from mss_sim.scenarios.model import Expectation, Step, Value
from mss_sim.vocabulary.scenarios import StepState
from mss_sim.words.sentence import Sentence, joined, say

_SHOWN_CHARS = 200
_TEXTS = frozenset({"subject", "text", "from", "sender"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a step. `refused`: the rule that refused it; `at`: how late it was in the world; `seconds`: how long it took."""

    state: StepState
    expected: Sentence
    came: Sentence
    at: Micros
    seconds: float
    refused: Rule | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it is as it was expected, and both in words."""

    passed: bool
    expected: Sentence
    came: Sentence
    refused: Rule | None = None


def of_done(expects: Expectation, facts: Facts) -> Verdict:
    """The verdict on a step that was done."""
    if expects.refused is not None:
        return Verdict(passed=False, expected=_refusal(expects.refused), came=say("it was done"))
    odd = [(name, value) for name, value in expects.facts if not _holds(name, value, facts.get(name, ""))]
    shown = odd or list(expects.facts)
    if not shown:
        return Verdict(passed=True, expected=say("that it is done"), came=say("it was done"))
    return Verdict(not odd, _facts(shown), _facts([(name, facts.get(name, "")) for name, _ in shown]))


def of_refused(expects: Expectation, refusal: Refusal) -> Verdict:
    """The verdict on a step that was refused."""
    expected = _refusal(expects.refused) if expects.refused else (_facts(expects.facts) if expects.facts else say("that it is done"))
    came = say("refused by {rule}: {detail}", rule=refusal.rule.value, detail=_detail(refusal))
    return Verdict(refusal.rule is expects.refused, expected, came, refusal.rule)


def of_missed(missed: Missed) -> Verdict:
    """The verdict on a step that waited in vain."""
    return Verdict(passed=False, expected=missed.expected, came=missed.came)


def describe(number: int, step: Step, outcome: Outcome) -> Sentence:
    """A step that failed, in one sentence."""
    return say(
        "Step {number} (line {line}): expected was {expected}; what came: {came}.",
        number=number,
        line=step.line,
        expected=outcome.expected,
        came=outcome.came,
    )


def _detail(refusal: Refusal) -> Sentence:
    """What the refusal says; of several recipients what is said of the first."""
    each = getattr(refusal, "refusals", ())
    return each[0].detail if each else refusal.detail


def _refusal(rule: Rule) -> Sentence:
    return say("a refusal by {rule}", rule=rule.value)


def _facts(facts: Sequence[tuple[str, Value]]) -> Sentence:
    return joined((say("{name} {value}", name=name, value=_shown(value)) for name, value in facts), ", ")


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def _holds(name: str, wanted: Value, came: Value) -> bool:
    if name in _TEXTS:
        return fold(str(wanted)) in fold(str(came))
    if isinstance(wanted, tuple):
        return isinstance(came, tuple) and set(wanted) <= set(came)
    return wanted == came
