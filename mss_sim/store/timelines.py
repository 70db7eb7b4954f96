"""What happened to letters of the whole world, the oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, select

from mss_sim.clock import Micros
from mss_sim.models.tables import messages, recipients, submissions, timeline
from mss_sim.store.compiled import HotSelect
from mss_sim.vocabulary.mail import TimelineKind


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events of timelines: of these kinds, any where none is named; `recipient` is an address; `among`: of these ids alone."""

    limit: int
    among: tuple[int, ...] | None = None
    kinds: tuple[TimelineKind, ...] = ()
    recipient: str | None = None
    message_id: str | None = None


class TimelineEvent(NamedTuple):
    """Something that happened to a recipient of a letter."""

    id: int
    at: Micros
    kind: TimelineKind
    failed: bool
    recipient: str
    submission_id: int
    message_id: str | None
    subject: str
    detail: str
    mailbox_id: int | None
    """Where the letter was sent from; None for a letter of the server itself."""
    letter_id: int


_TOLD = (
    select(timeline.c.id, timeline.c.at, timeline.c.kind, timeline.c.failed, recipients.c.address, submissions.c.id)
    .add_columns(messages.c.rfc_message_id, messages.c.subject, timeline.c.detail, submissions.c.mailbox_id, messages.c.id)
    .join(recipients, recipients.c.id == timeline.c.recipient_id)
    .join(submissions, submissions.c.id == recipients.c.submission_id)
    .join(messages, messages.c.id == submissions.c.message_id)
)
_WITH_IDS = HotSelect(_TOLD.where(timeline.c.id.in_(bindparam("ids", expanding=True))))


def with_ids(conn: Connection, ids: Sequence[int]) -> dict[int, TimelineEvent]:
    """These events, by id; those that are gone are missing."""
    return {row[0]: _event(row) for row in _WITH_IDS.rows(conn, "ids", ids)}


def events(conn: Connection, query: EventQuery) -> list[TimelineEvent]:
    """Events of timelines, the oldest first, at most `limit`."""
    wanted = _TOLD if query.among is None else _TOLD.where(timeline.c.id.in_(query.among))
    if query.kinds:
        wanted = wanted.where(timeline.c.kind.in_([kind.value for kind in query.kinds]))
    if query.recipient is not None:
        wanted = wanted.where(recipients.c.address == query.recipient)
    if query.message_id is not None:
        wanted = wanted.where(messages.c.rfc_message_id == query.message_id)
    return [_event(row) for row in conn.execute(wanted.order_by(timeline.c.id).limit(query.limit))]


def _event(row: Sequence[Any]) -> TimelineEvent:
    id_, at, kind, failed, *rest = row
    return TimelineEvent(id_, at, TimelineKind(kind), bool(failed), *rest)
