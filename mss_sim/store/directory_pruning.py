"""Old versions of the directory, removed: those that ended, and skeletons of deleted people, once they can no longer be asked for."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, func, select, update

from mss_sim.clock import Micros
from mss_sim.models.directory import FOREVER, directory_entries, directory_loads
from mss_sim.models.tables import identities
from mss_sim.store.compiled import Hot

_GONE = and_(
    directory_entries.c.active.is_(False),
    directory_entries.c.until_id == FOREVER,
    ~exists().where(identities.c.id == directory_entries.c.identity_id),  # who is disabled would come back as one that changed
)
_KEY = (directory_entries.c.person, directory_entries.c.identity_id, directory_entries.c.from_id)


class Oldest(NamedTuple):
    """The first id by which a version ended, and the first instant since which a skeleton stands; None where there is none."""

    ended_id: int | None
    gone_at: Micros | None


def oldest(conn: Connection) -> Oldest:
    """What can be pruned first, when its time has come."""
    ended = conn.execute(select(func.min(directory_entries.c.until_id)).where(directory_entries.c.until_id < FOREVER)).scalar_one()
    gone = conn.execute(select(func.min(directory_entries.c.changed_at)).where(_GONE)).scalar_one()
    return Oldest(ended, gone)


def prune(conn: Connection, ended_before: int, gone_before: Micros, most: int) -> int:
    """Remove versions that ended before an id, and skeletons from before an instant, at most so many of each; how many went."""
    ended = _remove(conn, directory_entries.c.until_id, directory_entries.c.until_id < min(ended_before, FOREVER), most)
    if ended:
        mark = ended[-1]
        conn.execute(update(directory_loads).where(directory_loads.c.pruned_id < mark).values(pruned_id=mark))
    gone = _remove(conn, directory_entries.c.changed_at, and_(_GONE, directory_entries.c.changed_at < gone_before), most)
    return len(ended) + len(gone)


def _remove(conn: Connection, order: ColumnElement[int], holds: ColumnElement[bool], most: int) -> list[int]:
    rows = conn.execute(select(*_KEY, order).where(holds).order_by(order).limit(most)).all()
    _DELETE.run(conn, [{"b_person": bool(person), "b_id": id_, "b_from": from_id} for person, id_, from_id, _ in rows])
    return [row[-1] for row in rows]


_DELETE = Hot(
    delete(directory_entries).where(
        directory_entries.c.person == bindparam("b_person"),
        directory_entries.c.identity_id == bindparam("b_id"),
        directory_entries.c.from_id == bindparam("b_from"),
    )
)
