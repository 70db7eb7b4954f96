"""Whether somebody may write to a mailbox, and why, as the API and the control plane show it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from mss_sim.clock import iso
from mss_sim.core.conversations.explanations import Explanation
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.shapes import Out
from mss_sim.ids import encode
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.vocabulary.mail import SUBJECT_FIN, ClosureCause
from mss_sim.words.sentence import joined, sentence_of

From = Annotated[str | None, Query(alias="from", max_length=320, description="Who would write.", examples=[examples.PATIENT])]
To = Annotated[str | None, Query(max_length=320, description="Whom they would write to.", examples=[examples.PRACTICE])]


class DecidingLetterOut(Out):
    email_id: str
    message_id: str | None
    date: datetime
    mark: str | None = Field(examples=[SUBJECT_FIN])
    """By what the letter closed; null for one that opened."""


class WritingOut(Out):
    """Whether somebody may write to a mailbox now."""

    from_: Annotated[str, Field(alias="from", examples=[examples.PATIENT])]
    to: str = Field(examples=[examples.DOCTOR])
    may_write: bool
    code: str = Field(examples=["conversation-closed"])
    """The ground that allows it, or the rule that a refusal of the letter names."""
    detail: str
    reference: str | None = Field(examples=["cnam#7"])
    conversation_id: str | None
    """That of the right that decided, as the fields below are."""
    given_at: datetime | None
    withdrawn_at: datetime | None
    cause: ClosureCause | None
    dispensed_on: str | None = Field(examples=["2026-01-05"])
    """When the organisation of the mailbox last dispensed medicines to the patient."""
    letter: DecidingLetterOut | None
    """The letter that closed, else the one that gave the right."""


def writing(world: World, one: Explanation) -> dict[str, Any]:
    """An explanation as it goes out."""
    right, letter = one.right, one.letter
    return {
        "from": one.sender,
        "to": one.recipient,
        "may_write": one.verdict.allowed,
        "code": one.verdict.code,
        "detail": world.translated(one.verdict.detail),
        "reference": one.verdict.reference,
        "conversation_id": encode(right.thread_id) if right else None,
        "given_at": iso(right.given_at) if right else None,
        "withdrawn_at": iso(right.withdrawn_at) if right else None,
        "cause": right.cause if right else None,
        "dispensed_on": one.dispensed_on.isoformat() if one.dispensed_on else None,
        "letter": {
            "email_id": encode(letter.message_id),
            "message_id": letter.rfc_message_id,
            "date": iso(letter.at),
            "mark": letter.mark,
        }
        if letter
        else None,
    }


def read_address(text: str) -> str:
    """An address in a query, canonical."""
    try:
        return canonical(text)
    except AddressError as error:
        raise Refusal(Rule.INVALID, joined((sentence_of(error), ".")), subject=text, reference="rfc5321#4.1.2") from error
