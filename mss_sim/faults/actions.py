"""What a fault does, one type each, and what may be said of it.

| kind      | fields                        | bounds                                                  |
|-----------|-------------------------------|---------------------------------------------------------|
| reply     | code, status, text            | a code that the point speaks; one line of text          |
| delay     | seconds                       | above 0, up to the setting                              |
| throttle  | bytes_per_second              | 1 to 1,000,000                                          |
| drop      | moment, after_bytes           | after_bytes for `middle` alone, which needs it          |
| truncate  | after_bytes                   | 0 to 1,000,000                                          |
| behave    | behaviour, seconds            | seconds for `slow` and `rate_limited`                   |
| mask      | words                         | 1 to 50 capabilities                                    |
| skew      | seconds                       | up to ten years, backwards too                          |
| duplicate, malformed, renew, hold | none  |                                                         |
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.faults import DropMoment, FaultKind
from mss_sim.vocabulary.trust import ServiceBehaviour
from mss_sim.words.sentence import Sentence, say

_BYTES_MAX = 1_000_000
_SLICE_SECONDS = 0.1
_TEXT_CHARS_MAX = 300
_WORDS_MAX = 50
_SKEW_SECONDS_MAX = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer in the protocol's own way: `451` and `4.3.0`, `NO` and `UNAVAILABLE`, `503`, `SERVFAIL`."""

    code: str
    status: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delay:
    """Let the client wait; see the essay for the clock that runs meanwhile."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Throttle:
    """Let the answer trickle."""

    bytes_per_second: int

    def slices(self, octets: bytes) -> Iterator[tuple[bytes, float]]:
        """Octets in pieces, each with the seconds that it takes."""
        size = max(1, int(self.bytes_per_second * _SLICE_SECONDS))
        for at in range(0, len(octets), size):
            piece = octets[at : at + size]
            yield piece, len(piece) / self.bytes_per_second


@dataclass(frozen=True, slots=True)
class Drop:
    """Cut the connection, or lose what was to be sent."""

    moment: DropMoment = DropMoment.BEFORE
    after_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Do it twice."""


@dataclass(frozen=True, slots=True)
class Truncate:
    """Leave the rest of the answer out."""

    after_bytes: int


@dataclass(frozen=True, slots=True)
class Malformed:
    """Answer what nobody can read."""


@dataclass(frozen=True, slots=True)
class Behave:
    """Answer as a service of the authority that was switched so; `seconds` None is the setting."""

    behaviour: ServiceBehaviour
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Mask:
    """Offer no capability of these, and refuse what stands on it."""

    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Renew:
    """Give the folder a new UIDVALIDITY."""


@dataclass(frozen=True, slots=True)
class Skew:
    """Tell another time, later or, below 0, earlier."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Do nothing while the rule lasts."""


Action = Reply | Delay | Throttle | Drop | Duplicate | Truncate | Malformed | Behave | Mask | Renew | Skew | Hold

ACTIONS: dict[FaultKind, type[Action]] = {
    FaultKind.REPLY: Reply,
    FaultKind.DELAY: Delay,
    FaultKind.THROTTLE: Throttle,
    FaultKind.DROP: Drop,
    FaultKind.DUPLICATE: Duplicate,
    FaultKind.TRUNCATE: Truncate,
    FaultKind.MALFORMED: Malformed,
    FaultKind.BEHAVE: Behave,
    FaultKind.MASK: Mask,
    FaultKind.RENEW: Renew,
    FaultKind.SKEW: Skew,
    FaultKind.HOLD: Hold,
}
_KINDS = {made: kind for kind, made in ACTIONS.items()}


def kind_of(action: Action) -> FaultKind:
    """The word for an action."""
    return _KINDS[type(action)]


def as_json(action: Action) -> dict[str, Any]:
    """An action as it is written: its kind, and what is said of it."""
    said = {field.name: getattr(action, field.name) for field in fields(action)}
    return {"kind": kind_of(action).value, **{name: sorted(one) if isinstance(one, frozenset) else one for name, one in said.items()}}


def read(kind: FaultKind, given: Mapping[str, Any]) -> Action:
    """The action of that kind; Refusal(INVALID) for a field that it does not take, or that is missing."""
    made = ACTIONS[kind]
    known = {field.name: field.default is MISSING for field in fields(made)}
    for name in given:
        if name not in known:
            takes = ", ".join(known) or say("nothing")
            raise bad(name, say("The fault {kind} takes {takes}: leave {name} out.", kind=kind.value, takes=takes, name=name))
    for name, needed in known.items():
        if needed and name not in given:
            raise bad(name, say("The fault {kind} needs {name}.", kind=kind.value, name=name))
    values: dict[str, Any] = {name: frozenset(one) if name == "words" else one for name, one in given.items()}
    return made(**values)


def check(action: Action, delay_seconds_max: float) -> None:
    """Refusal(INVALID) for an action out of its bounds."""
    match action:
        case Reply(_, status, text):
            _check_line("status", status)
            _check_line("text", text)
        case Delay(seconds):
            within("seconds", seconds, 0.001, delay_seconds_max)
        case Throttle(rate):
            within("bytes_per_second", rate, 1, _BYTES_MAX)
        case Drop(moment, after):
            if (moment is DropMoment.MIDDLE) != (after is not None):
                raise bad("after_bytes", say("after_bytes belongs to the moment middle, and middle needs it."))
            within("after_bytes", after or 0, 0, _BYTES_MAX)
        case Truncate(after):
            within("after_bytes", after, 0, _BYTES_MAX)
        case Behave(_, seconds) if seconds is not None:
            within("seconds", seconds, 0, delay_seconds_max)
        case Mask(words):
            _check_words(words)
        case Skew(seconds):
            within("seconds", seconds, -_SKEW_SECONDS_MAX, _SKEW_SECONDS_MAX)
        case _:
            pass


def _check_line(name: str, text: str) -> None:
    if len(text) > _TEXT_CHARS_MAX or not text.isprintable():
        raise bad(name, say("{name} is one line of at most {most} characters.", name=name, most=_TEXT_CHARS_MAX))


def _check_words(words: Collection[str]) -> None:
    if not 1 <= len(words) <= _WORDS_MAX or not all(word.isascii() and word.isprintable() and 1 <= len(word) <= 40 for word in words):
        raise bad("words", say("words are 1 to {most} capabilities, such as STARTTLS.", most=_WORDS_MAX))


def within(name: str, number: float, low: float, high: float) -> None:
    """Refusal(INVALID) for a number outside these bounds, or that is none."""
    if not math.isfinite(number) or not low <= number <= high:
        raise bad(name, say("{name} is a number from {low} to {high}.", name=name, low=f"{low:,g}", high=f"{high:,.0f}"))


def bad(name: str, why: Sentence) -> Refusal:
    """The refusal of a rule for one of its fields."""
    return Refusal(Rule.INVALID, why, subject=name, reference="quirks#faults")
