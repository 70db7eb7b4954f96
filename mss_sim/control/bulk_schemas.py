"""The shapes of what is made, or read in, in great numbers."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mss_sim.core.control.fictional_letters import LETTERS_MAX
from mss_sim.core.control.fictional_trust_space import (
    NATIONAL,
    OPERATORS_MAX,
    ORGANISATIONS_MAX,
    PATIENTS_MAX,
    PRACTITIONERS_MAX,
    SEEDS,
    Counts,
)
from mss_sim.http.shapes import In, Out, Whole
from mss_sim.vocabulary.bulk import Stage, Undertaking
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind
from mss_sim.words.sentence import say


class GenerationIn(In):
    """How many of each to make; `preset` says it for a whole country."""

    preset: Literal["national"] | None = Field(default=None, description="800,000 mailboxes of 321 operators.", examples=[None])
    practitioners: Whole = Field(default=0, ge=0, le=PRACTITIONERS_MAX, description="Each with a PER, every twentieth with a CAB.")
    organisations: Whole = Field(default=0, ge=0, le=ORGANISATIONS_MAX, description="Each with an ORG, three of ten with an APP.")
    patients: Whole = Field(default=0, ge=0, le=PATIENTS_MAX)
    letters: Whole = Field(default=0, ge=0, le=LETTERS_MAX, description="Among them; written by practitioners.")
    operators: Whole | None = Field(
        default=None, ge=1, le=OPERATORS_MAX, description="None: as many as the country has for so many people."
    )
    seed: Whole = Field(default=0, ge=0, lt=SEEDS, description="The same number gives the same people.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        some = self.practitioners or self.organisations or self.patients or self.operators
        if self.preset and some:
            raise ValueError(say("a preset says how many; leave the other numbers out, but letters and seed"))
        if not (self.preset or self.practitioners or self.organisations or self.patients):
            raise ValueError(say("say how many practitioners, organisations or patients"))
        if self.letters and not (self.preset or self.practitioners):
            raise ValueError(say("letters are written by practitioners; make some"))
        return self

    def counts(self) -> Counts:
        """The numbers of the network."""
        if self.preset:
            given = NATIONAL
            return Counts(given.practitioners, given.organisations, given.patients, given.operators, self.seed)
        return Counts.of(self.practitioners, self.organisations, self.patients, self.operators, self.seed)


class SampleMailbox(Out):
    address: str = Field(examples=["marie-claire.quere.7@sante-0.s0.sim.mssante.fr"])
    kind: MailboxKind


class SampleOut(Out):
    """Somebody who was made, and how they log in."""

    idnat: str = Field(examples=["899000000077"])
    kind: IdentityKind
    login: str = Field(examples=["praticien-0-7"])
    password: str = Field(examples=["praticien-2026"])
    mailboxes: list[SampleMailbox]


class GenerationOut(Out):
    """What was added. `present`: people who were there already, and stay as they are."""

    operators: int
    identities: int
    mailboxes: int
    letters: int
    present: int
    samples: list[SampleOut]
    """The first practitioner and the first patient."""


class RowErrorOut(Out):
    where: str = Field(examples=["line 3"])
    what: str = Field(examples=["The login alice.roux is taken."])
    code: str = Field(examples=["conflict"])


class ImportOut(Out):
    """What was imported; of rows that were refused, where `partial` was asked for, the first ones."""

    rows: int
    identities: int
    mailboxes: int
    refused: int
    errors: list[RowErrorOut]


class ProgressOut(Out):
    """What is under way; nothing: all null."""

    what: Undertaking | None
    stage: Stage | None
    done: int | None
    """Of `total`: bytes of a file, rows, operators, mailboxes or letters."""
    total: int | None
