"""Recipients waiting for an attempt: when it is due, and which process makes it.

An attempt is leased before it is made, so that no two processes make it; an expired lease belonged to a process that died.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    TableValuedAlias,
    Text,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from mss_sim.clock import Micros
from mss_sim.models.tables import queue, recipients
from mss_sim.models.tables import submissions as submissions_table
from mss_sim.store import submissions
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
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
    """A recipient who waits, with the letter: one attempt to make."""

    waiting: Waiting
    person: RecipientRow
    submission: SentLetter


_INSERT = Hot(insert(queue))
_DELETE = Hot(delete(queue).where(queue.c.recipient_id == bindparam("b_id")))
_LEASE = Hot(update(queue).where(queue.c.recipient_id == bindparam("b_id")).values(leased_until=bindparam("b_until")))
_IS_DUE = or_(queue.c.next_at <= bindparam("now"), queue.c.next_at > bindparam("far"))
"""Due by the clock, or so far ahead that it was scheduled by a clock that has since been set back."""
_IS_FREE = or_(queue.c.leased_until.is_(None), queue.c.leased_until <= bindparam("now"), queue.c.leased_until > bindparam("far"))
_ONE_FREE = select(*queue.c).where(queue.c.recipient_id == bindparam("one"), _IS_FREE)
_THIS_ONE = HotQuery(_ONE_FREE, _ONE_FREE.with_for_update(skip_locked=True))
_WAITS = HotQuery(select(queue.c.recipient_id).where(queue.c.recipient_id == bindparam("one")))
_FREE = select(*queue.c).where(_IS_DUE, _IS_FREE).order_by(queue.c.next_at, queue.c.recipient_id).limit(bindparam("most"))
_TO_LEASE = HotQuery(_FREE, _FREE.with_for_update(skip_locked=True))


def _but_for(domain: ColumnElement[str], names: TableValuedAlias) -> Select[Any]:
    """The free ones without those whose domain is among the names: looked up in a set, for an operator may have hundreds."""
    return _FREE.where(~exists().where(recipients.c.id == queue.c.recipient_id, domain.in_(select(names.c.value))))


_PAST = bindparam("past", type_=Text)  # a JSON array
_AT = func.instr(recipients.c.address, "@")
_TO_LEASE_BUT = HotQuery(
    _but_for(func.substr(recipients.c.address, _AT + 1), func.json_each(_PAST).table_valued("value")),
    _but_for(
        func.split_part(recipients.c.address, "@", 2), func.json_array_elements_text(cast(_PAST, JSON)).table_valued("value")
    ).with_for_update(skip_locked=True),
)
_NEXT = HotQuery(select(queue.c.next_at).where(_IS_FREE).order_by(queue.c.next_at).limit(1))
_BEING_MADE = HotQuery(
    select(*queue.c).where(queue.c.leased_until > bindparam("now"), queue.c.leased_until <= bindparam("far")).order_by(queue.c.recipient_id)
)
_ANY_DUE = HotQuery(select(queue.c.recipient_id).where(_IS_DUE).limit(1))
_OF_RECIPIENTS = HotSelect(select(*queue.c).where(queue.c.recipient_id.in_(bindparam("ids", expanding=True))))


def add(conn: Connection, rows: Sequence[Waiting]) -> None:
    """Put recipients into the queue who are not in it."""
    _INSERT.run(conn, [plain(row, queue) for row in rows])


def wait(conn: Connection, waiting: Waiting) -> None:
    """Put a recipient back into the queue with a new date."""
    done(conn, waiting.recipient_id)
    add(conn, [waiting])


def holds(conn: Connection, recipient_id: int) -> bool:
    """Whether a recipient still waits: a letter that was removed meanwhile waits no more."""
    return bool(_WAITS.rows(conn, one=recipient_id))


def done(conn: Connection, *recipient_ids: int) -> None:
    """Remove recipients from the queue."""
    _DELETE.run(conn, [{"b_id": id_} for id_ in recipient_ids])


def lease(conn: Connection, now: Micros, far: Micros, until: Micros, limit: int, past: Collection[str] = ()) -> list[Due]:
    """The due attempts that are not being made, the longest waiting first; they are the caller's until `until`.

    `far` is an instant beyond any wait and any lease that begins now; `past` are domains whose recipients are left alone.
    """
    given = {"now": now, "far": far, "most": limit}
    rows = _TO_LEASE_BUT.rows(conn, **given, past=json.dumps(list(past))) if past else _TO_LEASE.rows(conn, **given)
    return _leased(conn, [Waiting(*row) for row in rows], until)


def lease_one(conn: Connection, recipient_id: int, now: Micros, far: Micros, until: Micros) -> Due | None:
    """The attempt for one recipient, due or not, leased until `until`; None when they wait no more, or are being tried."""
    rows = [Waiting(*row) for row in _THIS_ONE.rows(conn, one=recipient_id, now=now, far=far)]
    return next(iter(_leased(conn, rows, until)), None)


def _leased(conn: Connection, rows: Sequence[Waiting], until: Micros) -> list[Due]:
    _LEASE.run(conn, [{"b_id": row.recipient_id, "b_until": until} for row in rows])
    return _with_letters(conn, [replace(row, leased_until=until) for row in rows])


def _with_letters(conn: Connection, rows: Sequence[Waiting]) -> list[Due]:
    people = {person.id: person for person in submissions.people_with_ids(conn, [row.recipient_id for row in rows])}
    letters = {letter.id: letter for letter in submissions.with_ids(conn, {person.submission_id for person in people.values()})}
    found = []
    for row in rows:
        person = people[row.recipient_id]
        found.append(Due(replace(row, delayed_told=bool(row.delayed_told)), person, letters[person.submission_id]))
    return found


def page(conn: Connection, limit: int) -> list[Due]:
    """Who waits, the next to be tried first."""
    rows = conn.execute(select(*queue.c).order_by(queue.c.next_at, queue.c.recipient_id).limit(limit))
    return _with_letters(conn, [Waiting(*row) for row in rows])


def of_recipients(conn: Connection, recipient_ids: Collection[int]) -> dict[int, Waiting]:
    """Those of these recipients who wait."""
    rows = (Waiting(*row) for row in _OF_RECIPIENTS.rows(conn, "ids", list(recipient_ids)))
    return {row.recipient_id: replace(row, delayed_told=bool(row.delayed_told)) for row in rows}


def of_recipient(conn: Connection, recipient_id: int) -> Due | None:
    """What waits for one recipient; None when nothing does."""
    return next(iter(_with_letters(conn, list(of_recipients(conn, [recipient_id]).values()))), None)


def release(conn: Connection, recipient_ids: Collection[int] | None = None) -> None:
    """Return unmade attempts; all of them when none is named: their process is known to be gone."""
    freed = update(queue).where(queue.c.leased_until.is_not(None)).values(leased_until=None)
    conn.execute(freed if recipient_ids is None else freed.where(queue.c.recipient_id.in_(list(recipient_ids))))


def any_due(conn: Connection, now: Micros, far: Micros) -> bool:
    """Whether an attempt is due, leased or not."""
    return bool(_ANY_DUE.rows(conn, now=now, far=far))


def next_at(conn: Connection, now: Micros, far: Micros) -> Micros | None:
    """When the next attempt that is not under way is due, in the past or to come; None when nothing waits."""
    rows = _NEXT.rows(conn, now=now, far=far)
    return rows[0][0] if rows else None


def being_made(conn: Connection, now: Micros, far: Micros) -> list[Due]:
    """The attempts that some process is making, in the order of the recipients."""
    return _with_letters(conn, [Waiting(*row) for row in _BEING_MADE.rows(conn, now=now, far=far)])


def oldest(conn: Connection) -> Micros | None:
    """When the letter that has been waiting for longest was accepted; None while nothing waits."""
    waiting = select(func.min(submissions_table.c.submitted_at)).select_from(
        queue.join(recipients, recipients.c.id == queue.c.recipient_id).join(
            submissions_table, submissions_table.c.id == recipients.c.submission_id
        )
    )
    found: Micros | None = conn.execute(waiting).scalar_one()
    return found


def waiting_count(conn: Connection) -> int:
    """How many recipients are waiting."""
    count: int = conn.execute(select(func.count()).select_from(queue)).scalar_one()
    return count
