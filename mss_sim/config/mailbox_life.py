"""What can be set about the life of a mailbox: red list, closing, retention, and what it does by itself with a letter."""

from typing import Self

from pydantic import Field, model_validator

from mss_sim.config.subjects import Subject
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, MailboxKind


class RedList(Subject):
    """Unused mailboxes leave the public directory."""

    kinds: frozenset[MailboxKind] = Field(default=PROFESSIONAL_KINDS, description="Kinds of mailboxes that do; none: no mailbox does.")
    warned_days: int = Field(default=50, ge=1, description="Days without use after which a mailbox is warned.")
    days: int = Field(default=60, ge=1, description="Days without use after which it leaves the directory.")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.warned_days >= self.days:
            raise ValueError("a mailbox is warned before it leaves the directory: red_list_warned_days is less than red_list_days")
        if MailboxKind.PATIENT in self.kinds:
            raise ValueError("a patient's mailbox is in no directory")
        return self


class Closing(Subject):
    """Closing a mailbox in two steps."""

    grace_days: int = Field(default=30, ge=0, le=3_650, description="Days between asking and closing, in which that can be cancelled.")
    accepts_mail: bool = Field(default=True, description="Whether letters arrive and leave meanwhile; else it is suspended.")


class Retention(Subject):
    """How long letters are kept."""

    days: int | None = Field(
        default=None, ge=1, le=36_500, description="Days after which letters of professional mailboxes go; none: never."
    )
    warned_days: int = Field(default=7, ge=0, le=36_500, description="How long before that the journal says so; 0: it does not.")


class OutOfOffice(Subject):
    """Answers of mailboxes where nobody is there."""

    days: int = Field(default=7, ge=1, le=365, description="Days after which a sender is answered again (ref: rfc5230#4.1).")


class Forwarding(Subject):
    """Mailboxes that forward."""

    keep: bool = Field(default=True, description="Whether a letter that is forwarded stays in its mailbox too, unless who sets it says so.")
    hops_max: int = Field(default=5, ge=1, le=50, description="How often one letter is forwarded, from mailbox to mailbox.")
