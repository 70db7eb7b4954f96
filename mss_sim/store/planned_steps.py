"""What the holders of mailboxes will do with letters, and letters that an operator will return: each at its instant, and once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, delete, select, update

from mss_sim.clock import Micros
from mss_sim.models.patients import planned_steps
from mss_sim.store.compiled import Hot, HotQuery
from mss_sim.vocabulary.behaviours import StepAct


class PlannedStep(NamedTuple):
    """A step: who does it (`mailbox_id`, None: the operator), with which message, when; `detail` is what it needs to know."""

    id: int
    mailbox_id: int | None
    message_id: int
    due_at: Micros
    act: StepAct
    detail: dict[str, Any]


_INSERT = Hot(planned_steps.insert())
_BY_TIME = select(*planned_steps.c).order_by(planned_steps.c.due_at, planned_steps.c.id)
_DUE = HotQuery(_BY_TIME.where(planned_steps.c.due_at <= bindparam("now")).limit(bindparam("most")))
_OF_MAILBOX = HotQuery(_BY_TIME.where(planned_steps.c.mailbox_id == bindparam("mailbox")))
_NEXT = HotQuery(select(planned_steps.c.due_at).order_by(planned_steps.c.due_at).limit(1))


def _step(row: Sequence[Any]) -> PlannedStep:
    id_, mailbox_id, message_id, due_at, act, detail = row
    return PlannedStep(id_, mailbox_id, message_id, due_at, StepAct(act), orjson.loads(detail))


def add(conn: Connection, steps: Sequence[PlannedStep]) -> None:
    """Plan steps."""
    _INSERT.run(conn, [(*step[:4], step.act.value, orjson.dumps(step.detail).decode()) for step in steps])


def take(conn: Connection, step_id: int) -> bool:
    """Take a step out, in the transaction that does it; False when somebody else has done it, or its mailbox or letter is gone."""
    if not _PLANNED.rows(conn, step=step_id):
        return False
    _DELETE.run(conn, [{"b_id": step_id}])
    return True


_IS_PLANNED = select(planned_steps.c.id).where(planned_steps.c.id == bindparam("step"))
_PLANNED = HotQuery(_IS_PLANNED, _IS_PLANNED.with_for_update())
_DELETE = Hot(delete(planned_steps).where(planned_steps.c.id == bindparam("b_id")))


def put_off(conn: Connection, step_id: int, due_at: Micros) -> None:
    """Have a step wait longer."""
    conn.execute(update(planned_steps).where(planned_steps.c.id == step_id).values(due_at=due_at))


def due(conn: Connection, now: Micros, most: int) -> list[PlannedStep]:
    """The steps whose instant has come, the earliest first, ties by id."""
    return [_step(row) for row in _DUE.rows(conn, now=now, most=most)]


def of_mailbox(conn: Connection, mailbox_id: int) -> list[PlannedStep]:
    """What the holder of a mailbox will do, the next first."""
    return [_step(row) for row in _OF_MAILBOX.rows(conn, mailbox=mailbox_id)]


def next_at(conn: Connection) -> Micros | None:
    """When the next step is due, in the past or to come; None when nothing is planned."""
    rows = _NEXT.rows(conn)
    return rows[0][0] if rows else None


def forget(conn: Connection, mailbox_id: int) -> None:
    """Plan nothing more for a mailbox."""
    conn.execute(delete(planned_steps).where(planned_steps.c.mailbox_id == mailbox_id))
