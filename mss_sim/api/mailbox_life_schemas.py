"""The shapes of what a mailbox does by itself, as OpenAPI shows them. Instants are RFC 3339 in UTC."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from mss_sim.http.shapes import Flag, In, Moment, OneLine, Out, Whole

Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Days = Annotated[Whole, Field(ge=1, le=365)]


class OutOfOfficeIn(In):
    """An out-of-office answer to give."""

    text: Text
    subject: OneLine = ""
    """Empty: one that names the subject of the letter."""
    from_: Annotated[Moment | None, Field(alias="from")] = None
    """From now on, where it is left out."""
    until: Moment | None = None
    """For good, where it is left out."""
    days: Days | None = None
    """Each sender is answered once in so many days; null: as the setting says."""


class ForwardingIn(In):
    """Where to forward."""

    to: OneLine
    keep: Flag | None = None
    """Whether a letter stays in the mailbox too; null: as the setting says."""


class ForwardingOut(Out):
    """Where a mailbox forwards."""

    to: str = Field(examples=["camille.martin@medecin.sim.mssante.fr"])
    keep: bool
    since: datetime


class OutOfOfficeOut(Out):
    """An out-of-office answer that is given, was, or will be."""

    text: str = Field(examples=["Le cabinet est fermé jusqu'au 2 janvier."])
    subject: str = Field(examples=["Cabinet fermé"])
    from_: Annotated[datetime, Field(alias="from")]
    until: datetime | None
    days: int = Field(examples=[7])
    active: bool
    """Whether it is given now."""
