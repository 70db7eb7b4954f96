"""Out-of-office answers: what a mailbox answers while nobody is there, and whom it has answered."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select

from mss_sim.clock import Micros
from mss_sim.models.mailbox_life import out_of_office, out_of_office_answers
from mss_sim.store.compiled import HotQuery, HotSelect

_COLUMNS = tuple(out_of_office.c)
_OF_MAILBOXES = HotSelect(select(*_COLUMNS).where(out_of_office.c.mailbox_id.in_(bindparam("ids", expanding=True))))


@dataclass(frozen=True, slots=True)
class OutOfOffice:
    """An answer, given from `from_at` until before `until_at` (None: for good), once in `days` to each sender (None: as the setting says).

    `subject`: empty for one that names the subject of the letter.
    """

    mailbox_id: int
    from_at: Micros
    until_at: Micros | None
    subject: str
    text: str
    days: int | None

    def holds_at(self, at: Micros) -> bool:
        """Whether it is given at that instant."""
        return self.from_at <= at and (self.until_at is None or at < self.until_at)


def of_mailboxes(conn: Connection, ids: Collection[int]) -> dict[int, OutOfOffice]:
    """The answers of these mailboxes, by mailbox, given now or not."""
    return {row[0]: OutOfOffice(*row) for row in _OF_MAILBOXES.rows(conn, "ids", sorted(ids))}


def next_turn(conn: Connection, after: Micros) -> Micros | None:
    """The first instant after that one at which an answer begins or ends to be given; None when none does."""
    return min((at for query in _NEXT for (at,) in query.rows(conn, after=after) if at is not None), default=None)


def turning_at(conn: Connection, at: Micros) -> list[OutOfOffice]:
    """The answers that begin or end to be given at that instant, in the order of their mailboxes."""
    return [OutOfOffice(*row) for row in _TURNING.rows(conn, at=at)]


_NEXT = [
    HotQuery(select(func.min(column)).where(column > bindparam("after"))) for column in (out_of_office.c.from_at, out_of_office.c.until_at)
]
_TURNING = HotQuery(
    select(*_COLUMNS)
    .where(or_(out_of_office.c.from_at == bindparam("at"), out_of_office.c.until_at == bindparam("at")))
    .order_by(out_of_office.c.mailbox_id)
)


def put(conn: Connection, answer: OutOfOffice) -> None:
    """Give a mailbox this answer in the place of any other; it was sent to none yet."""
    remove(conn, answer.mailbox_id)
    conn.execute(insert(out_of_office).values({column.name: getattr(answer, column.name) for column in _COLUMNS}))


def remove(conn: Connection, mailbox_id: int) -> bool:
    """Take a mailbox's answer away; False when it had none."""
    conn.execute(delete(out_of_office_answers).where(out_of_office_answers.c.mailbox_id == mailbox_id))
    return conn.execute(delete(out_of_office).where(out_of_office.c.mailbox_id == mailbox_id)).rowcount > 0


def answered_at(conn: Connection, mailbox_id: int, sender: str) -> Micros | None:
    """When a sender was last answered; None when never, or long ago."""
    its = out_of_office_answers.c
    found: Micros | None = conn.execute(select(its.answered_at).where(its.mailbox_id == mailbox_id, its.sender == sender)).scalar()
    return found


def note_answer(conn: Connection, mailbox_id: int, sender: str, at: Micros, forget_before: Micros) -> None:
    """Remember that a sender was answered, and forget whom the mailbox answered before that other instant."""
    its = out_of_office_answers.c
    conn.execute(
        delete(out_of_office_answers).where(its.mailbox_id == mailbox_id, (its.sender == sender) | (its.answered_at <= forget_before))
    )
    conn.execute(insert(out_of_office_answers).values(mailbox_id=mailbox_id, sender=sender, answered_at=at))
