"""The shapes of scenarios and plays, as OpenAPI shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from mss_sim.errors import Rule
from mss_sim.http import examples
from mss_sim.http.shapes import Flag, In, OneLine, Out
from mss_sim.vocabulary.scenarios import Level, PlayState, StepState, StepType, Verb

STORY = "delegation"
_FILE_CHARS_MAX = 16_777_216


class PlayIn(In):
    """A scenario to play: a story that ships, or a file of one's own."""

    story: OneLine | None = Field(default=None, description="Name of a story that ships.", examples=[STORY])
    file: Annotated[str, Field(max_length=_FILE_CHARS_MAX)] | None = Field(
        default=None, description="The text of a scenario file, in its place.", examples=[None]
    )
    at_once: Flag = Field(default=False, description="Play it to its end, and answer then; else step by step.", examples=[False])


class TellingOut(Out):
    """A text in both languages."""

    en: str = Field(examples=["The doctor revokes the grant"])
    fr: str = Field(examples=["Le médecin révoque la délégation"])


class StoryOut(Out):
    """A story that ships."""

    name: str = Field(examples=[STORY])
    title: TellingOut
    about: TellingOut
    level: Level | None
    seed: str = Field(examples=["cabinet"])
    """The seed whose people it is about."""
    steps: list[TellingOut]


class OutcomeOut(Out):
    """What came of a step."""

    expected: str = Field(examples=["a refusal by right-missing"])
    came: str = Field(examples=["it was done"])
    refused: Rule | None = Field(examples=[None])
    """The rule that refused it."""
    at: datetime
    """How late it was in the world."""
    seconds: float = Field(examples=[0.012])
    """How long it took, on the machine's clock."""


class StepOut(Out):
    """A step of a play."""

    number: int
    line: int
    """Where it begins in the file."""
    tells: TellingOut
    type: StepType
    level: Level | None
    verb: Verb
    actor: str | None = Field(examples=["doctor"])
    state: StepState
    outcome: OutcomeOut | None
    """Null until it is played."""


class ActorOut(Out):
    """Who plays an actor."""

    idnat: str = Field(examples=["899700420013"])
    name: str
    mailbox: str | None = Field(examples=[examples.DOCTOR])
    """The mailbox that is their own."""


class PlayOut(Out):
    """A play, without its steps."""

    id: str = Field(examples=[examples.ID])
    title: TellingOut
    level: Level | None
    state: PlayState
    steps_played: int
    steps_count: int
    failure: str | None = Field(examples=[None])
    """Where a step failed: which, what was expected and what came."""


class WholePlayOut(PlayOut):
    """A play with its steps and their outcomes."""

    about: TellingOut
    actors: dict[str, ActorOut] = Field(examples=[{}])
    mailboxes: dict[str, str] = Field(examples=[{"practice": examples.PRACTICE}])
    steps: list[StepOut]
