"""Recipients waiting for an attempt: when it is due, and which process makes it.

An attempt is leased before it is made, so that no two processes make it; an expired lease belonged to a process that died.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from mss_sim.clock import Micros
from mss_sim.models.tables import queue
from mss_sim.store import submissions
from mss_sim.store.submissions import RecipientRow, SentLetter, plain


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recipient in the queue: the number of attempts, the next attempt, and the last answer."""

    recipient_id: int
    attempts: int
    next_at: Micros
    delayed_told: bool
    last_reply: str
    leased_until: Micros | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One attempt to make."""

    waiting: Waiting
    person: RecipientRow
    submission: SentLetter


def wait(conn: Connection, waiting: Waiting) -> None:
    """Put a recipient into the queue, or put them back with a new date."""
    conn.execute(delete(queue).where(queue.c.recipient_id == waiting.recipient_id))
    conn.execute(insert(queue).values(plain(waiting, queue)))


def done(conn: Connection, recipient_id: int) -> None:
    """Remove a recipient from the queue."""
    conn.execute(delete(queue).where(queue.c.recipient_id == recipient_id))


def _is_due(now: Micros, far: Micros) -> ColumnElement[bool]:
    """Due by the clock, or so far ahead that it was scheduled by a clock that has since been set back."""
    return or_(queue.c.next_at <= now, queue.c.next_at > far)


def lease(conn: Connection, now: Micros, far: Micros, until: Micros, limit: int) -> list[Due]:
    """The due attempts that are not being made, the longest waiting first; they are the caller's until `until`.

    `far` is an instant beyond any wait and any lease that begins now.
    """
    free = or_(queue.c.leased_until.is_(None), queue.c.leased_until <= now, queue.c.leased_until > far)
    query = select(*queue.c).where(_is_due(now, far), free).order_by(queue.c.next_at, queue.c.recipient_id).limit(limit)
    rows = conn.execute(query.with_for_update(skip_locked=True)).all()
    if not rows:
        return []
    ids = [row.recipient_id for row in rows]
    conn.execute(update(queue).where(queue.c.recipient_id.in_(ids)).values(leased_until=until))
    people = {person.id: person for person in submissions.people_with_ids(conn, ids)}
    letters = {letter.id: letter for letter in submissions.with_ids(conn, {person.submission_id for person in people.values()})}
    found = []
    for row in rows:
        person = people[row.recipient_id]
        waiting = Waiting(row.recipient_id, row.attempts, row.next_at, row.delayed_told, row.last_reply, until)
        found.append(Due(waiting, person, letters[person.submission_id]))
    return found


def release(conn: Connection, recipient_ids: Collection[int] | None = None) -> None:
    """Return unmade attempts; all of them when none is named: their process is known to be gone."""
    freed = update(queue).where(queue.c.leased_until.is_not(None)).values(leased_until=None)
    conn.execute(freed if recipient_ids is None else freed.where(queue.c.recipient_id.in_(list(recipient_ids))))


def due_count(conn: Connection, now: Micros, far: Micros) -> int:
    """How many attempts are due, leased or not."""
    count: int = conn.execute(select(func.count()).select_from(queue).where(_is_due(now, far))).scalar_one()
    return count


def waiting_count(conn: Connection) -> int:
    """How many recipients are waiting."""
    count: int = conn.execute(select(func.count()).select_from(queue)).scalar_one()
    return count
