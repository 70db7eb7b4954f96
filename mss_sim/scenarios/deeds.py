"""What a step does, each with its fields; the first field of a deed may be written without its name (`open: report`).

Mailboxes, letters, grants and faults are names of the file here; who plays it knows what they stand for. `mailbox` None is the actor's own.
"""

from dataclasses import dataclass, field
from typing import Any

from mss_sim.faults.actions import Action
from mss_sim.faults.rules import Match
from mss_sim.scenarios import enclosures
from mss_sim.scenarios import fields as read
from mss_sim.scenarios.enclosures import Documents, Enclosed
from mss_sim.vocabulary.clock import ClockMode
from mss_sim.vocabulary.faults import Point, PresetName
from mss_sim.vocabulary.journal import Act
from mss_sim.vocabulary.mail import TimelineKind
from mss_sim.vocabulary.mailboxes import Right, SendMode
from mss_sim.vocabulary.scenarios import Verb

TIMEOUT_SECONDS = 10.0
READER = "reader"
"""Under this name, in the metadata of a field, stands how it is read."""

_SEND_MODE, _CLOCK_MODE = read.one_of(SendMode), read.one_of(ClockMode)
_RIGHTS, _ACTS, _EVENTS = read.all_of(Right), read.all_of(Act), read.all_of(TimelineKind)


def _by(reader: read.Reader, **given: Any) -> Any:
    return field(metadata={READER: reader}, **given)


@dataclass(frozen=True, slots=True)
class Send:
    """Send a letter; `answers` names the one that it answers, `closes` marks it as the last of the exchange."""

    to: tuple[str, ...] = _by(read.mailboxes)
    subject: str = _by(read.line_or_nothing, default="")
    text: str = _by(read.text, default="")
    from_: str | None = _by(read.mailbox, default=None)
    answers: str | None = _by(read.letter, default=None)
    receipt: bool = _by(read.flag, default=False)
    delivery_receipt: bool = _by(read.flag, default=False)
    closes: bool = _by(read.flag, default=False)
    files: tuple[Enclosed, ...] = _by(enclosures.files, default=())
    documents: Documents | None = _by(enclosures.documents, default=None)  # noqa: RUF009 - a field, as those above
    mode: SendMode | None = _by(_SEND_MODE, default=None)  # noqa: RUF009 - a field, as those above


@dataclass(frozen=True, slots=True)
class OfLetter:
    """Something done with a letter that lies in a mailbox."""

    letter: str = _by(read.letter)
    mailbox: str | None = _by(read.mailbox, default=None)


@dataclass(frozen=True, slots=True)
class Open(OfLetter):
    """Read it."""


@dataclass(frozen=True, slots=True)
class Delete(OfLetter):
    """Delete it for good."""


@dataclass(frozen=True, slots=True)
class Receipt(OfLetter):
    """Send the read receipt that it asks for."""


@dataclass(frozen=True, slots=True)
class Close(OfLetter):
    """Close its conversation towards the patients."""


@dataclass(frozen=True, slots=True)
class Reopen(OfLetter):
    """Give them back the right to answer."""


@dataclass(frozen=True, slots=True)
class Mark(OfLetter):
    """Set and clear flags."""

    add: tuple[str, ...] = _by(read.lines, default=())
    remove: tuple[str, ...] = _by(read.lines, default=())


@dataclass(frozen=True, slots=True)
class Move(OfLetter):
    """Put it into another folder."""

    folder: str = _by(read.line, default="Archive")


@dataclass(frozen=True, slots=True)
class List:
    """Look at what came into a mailbox since the play began."""

    mailbox: str | None = _by(read.mailbox, default=None)
    folder: str | None = _by(read.line, default=None)


@dataclass(frozen=True, slots=True)
class Grant:
    """Delegate a mailbox; `from_` and `until` are instants, or durations from now."""

    to: str = _by(read.person)
    rights: tuple[Right, ...] = _by(_RIGHTS)
    mailbox: str | None = _by(read.mailbox, default=None)
    from_: str | None = _by(read.moment, default=None)
    until: str | None = _by(read.moment, default=None)
    reason: str = _by(read.line, default="")


@dataclass(frozen=True, slots=True)
class Revoke:
    """Take a grant back, or renounce one's own."""

    grant: str = _by(read.grant)


@dataclass(frozen=True, slots=True)
class MayWrite:
    """Ask whether a new letter would be taken."""

    from_: str = _by(read.mailbox)
    to: str = _by(read.mailbox)


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until so many letters are there, or see that none comes (`none`); `letter` is one that was sent."""

    letter: str | None = _by(read.letter, default=None)
    mailbox: str | None = _by(read.mailbox, default=None)
    from_: str | None = _by(read.line, default=None)
    to: str | None = _by(read.line, default=None)
    subject: str | None = _by(read.line, default=None)
    text: str | None = _by(read.line, default=None)
    document: bool | None = _by(read.flag, default=None)
    count: int = _by(read.count, default=1)
    none: bool = _by(read.flag, default=False)
    timeout: float = _by(read.seconds, default=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class Journal:
    """Wait for lines of the journal."""

    acts: tuple[Act, ...] = _by(_ACTS)
    mailbox: str | None = _by(read.mailbox, default=None)
    who: str | None = _by(read.person, default=None)
    count: int = _by(read.count, default=1)
    none: bool = _by(read.flag, default=False)
    timeout: float = _by(read.seconds, default=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Wait until all that has happened to a letter that was sent."""

    letter: str = _by(read.letter)
    events: tuple[TimelineKind, ...] = _by(_EVENTS)
    recipient: str | None = _by(read.mailbox, default=None)
    timeout: float = _by(read.seconds, default=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class Settle:
    """Wait until nothing is under way and nothing is due."""

    timeout: float = _by(read.seconds, default=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class Clock:
    """Let the clock run otherwise, from an instant or from now."""

    mode: ClockMode = _by(_CLOCK_MODE)  # noqa: RUF009 - a field, as those below
    at: str | None = _by(read.instant, default=None)
    rate: float | None = _by(read.seconds, default=None)


@dataclass(frozen=True, slots=True)
class Advance:
    """Let time pass: for a duration, or until an instant."""

    by: str = _by(read.moment)


@dataclass(frozen=True, slots=True)
class Fault:
    """Make something fail: by a preset with its parameters, or by a rule of one's own."""

    preset: PresetName | None = None
    given: tuple[tuple[str, Any], ...] = ()
    point: Point | None = None
    action: Action | None = None
    match: Match = field(default_factory=Match)
    nth: int = 1
    count: int | None = 1
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Lift:
    """Lift the faults of a step, or all that this play set."""

    fault: str | None = _by(read.fault, default=None)


@dataclass(frozen=True, slots=True)
class Behave:
    """Give a patient's mailbox a behaviour by its name; none: nothing is done by itself."""

    mailbox: str = _by(read.mailbox)
    behaviour: str | None = _by(read.line, default=None)


@dataclass(frozen=True, slots=True)
class Note:
    """Nothing is done: the step tells something."""


Deed = (
    Send
    | Open
    | List
    | Mark
    | Move
    | Delete
    | Receipt
    | Grant
    | Revoke
    | Close
    | Reopen
    | MayWrite
    | Wait
    | Journal
    | Timeline
    | Settle
    | Clock
    | Advance
    | Fault
    | Lift
    | Behave
    | Note
)
DEEDS: dict[Verb, type[Deed]] = {
    Verb.SEND: Send,
    Verb.OPEN: Open,
    Verb.LIST: List,
    Verb.MARK: Mark,
    Verb.MOVE: Move,
    Verb.DELETE: Delete,
    Verb.RECEIPT: Receipt,
    Verb.GRANT: Grant,
    Verb.REVOKE: Revoke,
    Verb.CLOSE: Close,
    Verb.REOPEN: Reopen,
    Verb.MAY_WRITE: MayWrite,
    Verb.WAIT: Wait,
    Verb.JOURNAL: Journal,
    Verb.TIMELINE: Timeline,
    Verb.SETTLE: Settle,
    Verb.CLOCK: Clock,
    Verb.ADVANCE: Advance,
    Verb.FAULT: Fault,
    Verb.LIFT: Lift,
    Verb.BEHAVE: Behave,
    Verb.NOTE: Note,
}
VERBS: dict[type[Deed], Verb] = {deed: verb for verb, deed in DEEDS.items()}
