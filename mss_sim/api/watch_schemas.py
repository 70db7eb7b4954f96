"""The shapes of the watch list, as OpenAPI shows them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from mss_sim.http import examples
from mss_sim.http.shapes import Flag, IdentityRef, In, OneLine, Out, Whole
from mss_sim.vocabulary.mail import WatchReason


class Paper(Out):
    """Who noted that a letter went another way, and when."""

    at: datetime
    by: IdentityRef | None
    note: str


class WatchEntryOut(Out):
    """One recipient of one sent letter."""

    id: str
    """The recipient; a note about paper is made under this id."""
    address: str
    reason: WatchReason
    days: int
    """Whole days since then."""
    since: datetime
    """When it was delivered, delayed or failed."""
    detail: str
    """The diagnostic of the server, or how long it has not been opened."""
    submission_id: str
    email_id: str
    message_id: str | None
    subject: str
    submitted_at: datetime
    actor: IdentityRef | None
    """Who sent the letter."""
    timeline_url: str
    paper: Paper | None


class WatchPage(Out):
    items: list[WatchEntryOut]
    next_cursor: str | None
    """Give it back as `cursor` for the next page; null on the last one."""


class PaperIn(In):
    note: OneLine = Field(default="", examples=["Courrier du 5 janvier"])


class WatchDigestIn(In):
    """The daily letter about the watch list."""

    enabled: Flag
    hour: Annotated[Whole, Field(ge=0, le=23)] | None = Field(
        default=None, description="Hour of the day, by the setting local_time; none: as before, at first that of the setting.", examples=[7]
    )


class WatchDigestOut(Out):
    enabled: bool
    hour: int
    """Hour of the day, by the setting `local_time`."""
    next_at: str | None = Field(examples=[examples.INSTANT])
    """When the next one is due; null when it is switched off."""
    sent_at: str | None = Field(examples=[examples.INSTANT])
    """When the last one was sent."""
