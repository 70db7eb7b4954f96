"""How far a sent letter came, in the words of people: of each recipient the last thing that happened, and of all of them together."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from mss_sim.core.mailflow.sent_letters import Sent
from mss_sim.core.world.store_types import Event
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.words.sentence import Sentence, say

STEPS: dict[TimelineKind, Sentence] = {
    TimelineKind.SUBMITTED: say("accepted"),
    TimelineKind.RELAYED: say("handed on"),
    TimelineKind.DELIVERED: say("delivered"),
    TimelineKind.DELAYED: say("delayed"),
    TimelineKind.FAILED: say("not delivered"),
    TimelineKind.DISPLAYED: say("read"),
    TimelineKind.PROCESSED: say("processed"),
}
"""What people call the events of a timeline."""


class State(NamedTuple):
    """Where recipients of a letter stand. `number`: how many of them; `failed`, `late`: how a page marks it."""

    word: Sentence
    failed: bool
    late: bool
    number: int = 1


def state(events: Sequence[Event]) -> State:
    """Where one recipient stands: the last event says it."""
    if not events:
        return State(STEPS[TimelineKind.SUBMITTED], failed=False, late=False)
    last = events[-1]
    return State(STEPS[last.kind], failed=is_bad(last), late=last.kind is TimelineKind.DELAYED)


def is_bad(event: Event) -> bool:
    """Whether an event says that the letter did not arrive, or was not taken where it arrived."""
    return event.failed or event.kind is TimelineKind.FAILED


def states(sent: Sent) -> list[State]:
    """Where the recipients of a letter stand, each state once with their number; what went wrong comes first."""
    counted = Counter(state(events) for _, events, _ in sent.recipients)
    return sorted(
        (one._replace(number=number) for one, number in counted.items()), key=lambda one: (not one.failed, not one.late, -one.number)
    )
