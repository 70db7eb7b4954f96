"""The watch list: the recipients of sent letters that may have to be looked after, each with the event that counts.

A row is there from the moment when a letter asks for a receipt, or fails or is delayed, until it is opened. Every list of it is read by one
index, state by state, newest event first, so that a page costs the same among a hundred thousand.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, true, update

from mss_sim.clock import SECOND, Micros
from mss_sim.ids import ID_MAX, id_after
from mss_sim.models.tables import messages, recipients, submissions, timeline, watch_list
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.vocabulary.mail import TimelineKind

_SLACK = SECOND
"""By how much ids may run ahead of a clock that stands still; the instant itself is compared exactly."""
_EVER = 1 << 62


class WatchRow(NamedTuple):
    """One recipient: the event that counts, since when, and whether it was noted that the letter went another way, on paper."""

    recipient_id: int
    mailbox_id: int
    state: TimelineKind
    event_id: int
    since_at: Micros
    receipt_asked: bool
    on_paper: bool = False
    paper_at: Micros | None = None
    paper_by_id: int | None = None
    paper_note: str = ""


class WatchedLetter(NamedTuple):
    """A row with its recipient, its letter, and what the event says."""

    row: WatchRow
    address: str
    detail: str
    submission_id: int
    message_id: int
    actor_id: int | None
    submitted_at: Micros
    subject: str
    rfc_message_id: str | None


@dataclass(frozen=True, slots=True)
class WatchPage:
    """Which rows of a mailbox: the states, each with the latest instant at which it may have begun; None: any.

    `before`: the event that the page before ended with; `asked_only`: an open letter counts when it asked for a receipt.
    """

    mailbox_id: int
    states: Mapping[TimelineKind, Micros | None]
    on_paper: bool
    limit: int
    before: int | None = None
    asked_only: bool = True


_COLUMNS = tuple(watch_list.c)
_INSERT = Hot(insert(watch_list))
_MOVE = Hot(
    update(watch_list)
    .where(watch_list.c.recipient_id == bindparam("b_id"))
    .values(state=bindparam("b_state"), event_id=bindparam("b_event"), since_at=bindparam("b_since"))
)
_DELETE = Hot(delete(watch_list).where(watch_list.c.recipient_id == bindparam("b_id")))
_THESE = select(*_COLUMNS).where(watch_list.c.recipient_id.in_(bindparam("ids", expanding=True))).order_by(watch_list.c.recipient_id)
_TO_CHANGE = HotSelect(_THESE, _THESE.with_for_update())
_LETTERS = HotSelect(
    select(
        *_COLUMNS,
        recipients.c.address,
        timeline.c.detail,
        submissions.c.id,
        submissions.c.message_id,
        submissions.c.actor_id,
        submissions.c.submitted_at,
        messages.c.subject,
        messages.c.rfc_message_id,
    )
    .join(recipients, recipients.c.id == watch_list.c.recipient_id)
    .join(submissions, submissions.c.id == recipients.c.submission_id)
    .join(messages, messages.c.id == submissions.c.message_id)
    .join(timeline, timeline.c.id == watch_list.c.event_id)
    .where(watch_list.c.recipient_id.in_(bindparam("ids", expanding=True)))
)


def _row(values: Sequence[Any]) -> WatchRow:
    row = WatchRow(*values)
    return row._replace(state=TimelineKind(row.state), receipt_asked=bool(row.receipt_asked), on_paper=bool(row.on_paper))


def add(conn: Connection, rows: Sequence[WatchRow]) -> None:
    """Store rows of recipients who have none."""
    _INSERT.run(conn, [{**row._asdict(), "state": row.state.value} for row in rows])


def move(conn: Connection, rows: Sequence[WatchRow]) -> None:
    """Give rows the state, the event and the instant that these have."""
    _MOVE.run(
        conn, [{"b_id": row.recipient_id, "b_state": row.state.value, "b_event": row.event_id, "b_since": row.since_at} for row in rows]
    )


def remove(conn: Connection, recipient_ids: Collection[int]) -> None:
    """Take recipients off for good."""
    _DELETE.run(conn, [{"b_id": id_} for id_ in recipient_ids])


def to_change(conn: Connection, recipient_ids: Collection[int]) -> dict[int, WatchRow]:
    """The rows of these recipients, locked until the commit."""
    return {row.recipient_id: row for row in map(_row, _TO_CHANGE.rows(conn, "ids", sorted(recipient_ids)))}


def note_paper(conn: Connection, recipient_id: int, at: Micros | None, by_id: int | None, note: str) -> None:
    """Note that, when and by whom a letter went another way; None: it did not."""
    values = {"on_paper": at is not None, "paper_at": at, "paper_by_id": by_id, "paper_note": note}
    conn.execute(update(watch_list).where(watch_list.c.recipient_id == recipient_id).values(values))


def page(conn: Connection, wanted: WatchPage) -> list[WatchedLetter]:
    """The newest rows, by the event that counts, at most `limit`."""
    found: list[tuple[int, int]] = []
    before = ID_MAX if wanted.before is None else wanted.before
    for state, begun in wanted.states.items():
        latest = _EVER if begun is None else begun
        values = {"mailbox": wanted.mailbox_id, "paper": wanted.on_paper, "state": state.value, "latest": latest}
        query = _of_state(asked_only=wanted.asked_only and state in (TimelineKind.RELAYED, TimelineKind.DELIVERED))
        found += query.rows(conn, **values, before=min(before, id_after(latest + _SLACK)), most=wanted.limit)
    newest = nlargest(wanted.limit, found)
    whole = letters(conn, [recipient_id for _, recipient_id in newest])
    return [whole[recipient_id] for _, recipient_id in newest if recipient_id in whole]


@cache
def _of_state(*, asked_only: bool) -> HotQuery:
    return HotQuery(
        select(watch_list.c.event_id, watch_list.c.recipient_id)
        .where(
            watch_list.c.mailbox_id == bindparam("mailbox"),
            watch_list.c.on_paper == bindparam("paper"),
            watch_list.c.state == bindparam("state"),
            watch_list.c.event_id < bindparam("before"),
            watch_list.c.since_at <= bindparam("latest"),
            watch_list.c.receipt_asked == true() if asked_only else true(),
        )
        .order_by(watch_list.c.event_id.desc())
        .limit(bindparam("most"))
    )


def letters(conn: Connection, recipient_ids: Collection[int]) -> dict[int, WatchedLetter]:
    """The rows of these recipients with their letters, by recipient."""
    count = len(_COLUMNS)
    rows = _LETTERS.rows(conn, "ids", list(recipient_ids))
    return {one.row.recipient_id: one for one in (WatchedLetter(_row(row[:count]), *row[count:]) for row in rows)}
