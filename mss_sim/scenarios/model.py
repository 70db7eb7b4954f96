"""A scenario as it was read: who plays, in which mailboxes, and what is done step by step."""

from dataclasses import dataclass, field

from mss_sim.errors import Rule
from mss_sim.scenarios.deeds import VERBS, Deed
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.vocabulary.scenarios import USUAL_TYPE, Level, StepType, Verb


@dataclass(frozen=True, slots=True)
class Telling:
    """What a page tells, in both languages; a file that tells it in one has that in both."""

    en: str = ""
    fr: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """Whom an actor is: somebody by login, idNat or address (`called`), by a role of the seed, or a new person like that role."""

    called: str | None = None
    role: str | None = None
    like: str | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox: by its address, or the one of that kind that an actor holds."""

    address: str | None = None
    of: str | None = None
    kind: MailboxKind | None = None


Value = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is to come of a step: a refusal by a rule, or facts by their names. Of a text a part is enough, of a list some."""

    refused: Rule | None = None
    facts: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `called`: under which name later steps know what it made; `line`: where it begins in the file."""

    line: int
    tells: Telling
    deed: Deed
    actor: str | None = None
    called: str | None = None
    expects: Expectation = field(default_factory=Expectation)
    named_type: StepType | None = None
    level: Level | None = None

    @property
    def verb(self) -> Verb:
        """What it does."""
        return VERBS[type(self.deed)]

    @property
    def type(self) -> StepType:
        """Its type, in the words of the ANS."""
        return self.named_type or USUAL_TYPE[self.verb]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario; `seed` is the one whose people it is about."""

    title: Telling
    steps: tuple[Step, ...]
    about: Telling = Telling()
    level: Level | None = None
    seed: str = "cabinet"
    actors: dict[str, Role] = field(default_factory=dict)
    mailboxes: dict[str, Box] = field(default_factory=dict)
