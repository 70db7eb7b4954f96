"""When mailboxes were used last, and what became of those that were not. Patients' mailboxes have no row."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, false, insert, or_, select, update

from mss_sim.clock import Micros
from mss_sim.models.mailbox_life import mailbox_uses
from mss_sim.models.tables import mailboxes
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, MailboxKind, UseStage


class Unused(NamedTuple):
    """A mailbox, when it was used last, and how far it has come since."""

    mailbox_id: int
    used_at: Micros
    stage: UseStage


_THESE = select(*mailbox_uses.c).where(mailbox_uses.c.mailbox_id.in_(bindparam("ids", expanding=True)))
_OF = HotSelect(_THESE, _THESE.order_by(mailbox_uses.c.mailbox_id).with_for_update())
_SET = Hot(
    update(mailbox_uses).where(mailbox_uses.c.mailbox_id == bindparam("b_id")).values(used_at=bindparam("b_at"), stage=bindparam("b_stage"))
)


def add(conn: Connection, mailbox_ids: Collection[int], at: Micros) -> None:
    """Count the time of new mailboxes from now on."""
    _ADD.run(conn, [(id_, at, UseStage.USED.value) for id_ in mailbox_ids])


_ADD = Hot(insert(mailbox_uses))


def of(conn: Connection, ids: Collection[int]) -> list[Unused]:
    """What is known of these mailboxes, their rows locked until the commit: two processes may look at once."""
    return [Unused(id_, at, UseStage(stage)) for id_, at, stage in _OF.rows(conn, "ids", sorted(ids))]


def set_used(conn: Connection, used: Mapping[int, Micros]) -> None:
    """These mailboxes, by id, were used at those instants."""
    _SET.run(conn, [{"b_id": id_, "b_at": at, "b_stage": UseStage.USED.value} for id_, at in sorted(used.items())])


def set_stages(conn: Connection, rows: Iterable[tuple[Unused, UseStage]]) -> None:
    """Mailboxes have come so far."""
    _SET.run(conn, [{"b_id": row.mailbox_id, "b_at": row.used_at, "b_stage": stage.value} for row, stage in rows])


def put_off(conn: Connection, by: Micros) -> None:
    """Count all mailboxes from so much later on."""
    conn.execute(update(mailbox_uses).values(used_at=mailbox_uses.c.used_at + by))


def first(conn: Connection, stage: UseStage, kinds: frozenset[MailboxKind], before: Micros, limit: int) -> list[Unused]:
    """The mailboxes of these kinds at a stage that were used before that instant, those unused for longest first."""
    return [Unused(id_, at, stage) for id_, at in _first(kinds).rows(conn, stage=stage.value, before=before, most=limit)]


@lru_cache(maxsize=8)
def _first(kinds: frozenset[MailboxKind]) -> HotQuery:
    its = mailbox_uses.c
    query = select(its.mailbox_id, its.used_at).join(mailboxes, mailboxes.c.id == its.mailbox_id)
    if kinds != PROFESSIONAL_KINDS:
        query = query.where(or_(false(), *(mailboxes.c.kind == kind.value for kind in sorted(kinds))))
    query = query.where(its.stage == bindparam("stage"), its.used_at <= bindparam("before"))
    return HotQuery(query.order_by(its.used_at, its.mailbox_id).limit(bindparam("most")))
