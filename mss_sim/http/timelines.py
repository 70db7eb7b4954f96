"""What became of sent letters, as the API and the control plane show it: one timeline for each recipient."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mss_sim.clock import iso
from mss_sim.core.mailflow.sent_letters import Sent
from mss_sim.core.world.store_types import Event
from mss_sim.http.shapes import AttemptsOut, IdentityRef, Out, People, attempts, person
from mss_sim.ids import encode
from mss_sim.vocabulary.mail import ReceiptFamily, TimelineKind
from mss_sim.vocabulary.mailboxes import SendMode


class EventOut(Out):
    id: str
    kind: TimelineKind
    at: datetime
    detail: str
    report_url: str | None
    failed: bool
    """Whether it is a failure: the letter was not delivered, or a read receipt says that what it brought was not taken in."""
    family: ReceiptFamily | None
    """The form in which a read receipt tells of it; null for other events."""


class RecipientTimeline(Out):
    address: str
    state: TimelineKind
    failed: bool
    """Whether the newest event is a failure."""
    events: list[EventOut]
    waiting: AttemptsOut | None
    """What is still to be tried; null once the letter left, arrived or failed."""


class Timeline(Out):
    submission_id: str
    email_id: str
    message_id: str | None
    subject: str
    mode: SendMode | None
    actor: IdentityRef | None
    grant_id: str | None
    submitted_at: datetime
    recipients: list[RecipientTimeline]


def timeline(sent: Sent, people: People, report_url: Callable[[Event], str]) -> dict[str, Any]:
    """A sent letter with what happened to each recipient; `report_url`: where the report that an event came from is."""
    row = sent.submission
    recipients = []
    for someone, events, waiting in sent.recipients:
        told = [
            {
                "id": encode(event.id),
                "kind": event.kind,
                "at": iso(event.at),
                "detail": event.detail,
                "report_url": report_url(event) if event.report_id is not None else None,
                "failed": event.failed or event.kind is TimelineKind.FAILED,
                "family": event.family,
            }
            for event in events
        ]
        recipients.append(
            {
                "address": someone.address,
                "state": events[-1].kind,  # the first one tells that the letter was accepted
                "failed": told[-1]["failed"],
                "events": told,
                "waiting": attempts(waiting) if waiting else None,
            }
        )
    return {
        "submission_id": encode(row.id),
        "email_id": encode(row.message_id),
        "message_id": sent.rfc_message_id,
        "subject": sent.subject,
        "mode": row.mode,
        "actor": person(people, row.actor_id),
        "grant_id": encode(row.grant_id) if row.grant_id is not None else None,
        "submitted_at": iso(row.submitted_at),
        "recipients": recipients,
    }
