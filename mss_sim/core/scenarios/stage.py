"""What the steps of a play have at hand: the verbs of the core, the cast, what earlier steps made; instants as files write them."""

from dataclasses import dataclass, field
from datetime import datetime

from mss_sim.clock import Micros, NoDuration, after, from_datetime
from mss_sim.core.scenarios.cast import Cast
from mss_sim.core.scenarios.services import Services
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.scenarios.model import Value
from mss_sim.words.sentence import Sentence, say, sentence_of

Facts = dict[str, Value]
"""What a step shows, by the names that a file may expect of it."""


@dataclass(frozen=True, slots=True)
class KnownLetter:
    """A letter that a step sent or waited for; `id`: of the message as it was sent or found."""

    message_id: str | None
    id: int


@dataclass(frozen=True, slots=True)
class KnownGrant:
    """A grant that a step gave."""

    address: str
    id: int


@dataclass(slots=True)
class Stage:
    """One play at work. `since`: the highest id there was when it began; what has a higher one came in it."""

    services: Services
    cast: Cast
    since: int
    letters: dict[str, KnownLetter] = field(default_factory=dict)
    grants: dict[str, KnownGrant] = field(default_factory=dict)
    """Both by the names that steps gave: a file names none that no step before gave, and a play ends with the first step that fails."""
    faults: dict[str, list[str]] = field(default_factory=dict)
    """The ids of the rules that a step set, by its name, or by its place where it has none."""

    @property
    def world(self) -> World:
        """The world in which it is played."""
        return self.services.world


def instant(world: World, text: str) -> Micros:
    """The instant that a duration from now, or an instant of RFC 3339, stands for; Refusal(INVALID) beyond the calendar."""
    if not text.startswith("P"):
        return from_datetime(datetime.fromisoformat(text))
    try:
        return after(world.clock.now(), text)
    except NoDuration as error:
        detail = say("{text} cannot be: {error}.", text=text, error=sentence_of(error))
        raise Refusal(Rule.INVALID, detail, subject=text, reference="quirks#clock") from error


class Missed(Exception):
    """What was waited for is not as it was to be."""

    def __init__(self, expected: Sentence, came: Sentence) -> None:
        super().__init__(expected, came)
        self.expected = expected
        self.came = came
