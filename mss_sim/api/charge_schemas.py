"""The shapes of letters in charge, as OpenAPI shows them."""

from datetime import datetime

from pydantic import Field

from mss_sim.http.shapes import IdentityRef, In, Out
from mss_sim.vocabulary.charge import ChargeDeed, ChargeState


class _Standing(Out):
    state: ChargeState
    who: IdentityRef | None
    """Who has it in charge, or has finished with it; null where it is free, and for a person who was deleted since."""
    since: datetime | None
    """Null while it is open."""


class ChargeOut(_Standing):
    """In whose hands a copy of a letter is, for all who work in the mailbox."""

    notes: int
    """How many notes colleagues wrote about it."""


class NoteOut(Out):
    """A note for colleagues."""

    by: IdentityRef | None
    at: datetime
    text: str


class ChargeWithNotes(_Standing):
    """The same with the notes, the oldest first; none if you may not read the letter."""

    notes: list[NoteOut]


class ChargeIn(In):
    deed: ChargeDeed = Field(description="What is done. What is so already changes nothing.")
    to: str = Field(default="", max_length=320, description="To assign: idNat, login or own address of a colleague who may mark.")
    note: str = Field(default="", max_length=10_000, description="A note for colleagues: up to 1000 characters, 50 notes a letter.")
