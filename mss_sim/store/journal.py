"""The journal: who did what, in what quality, in which mailbox; written in the transaction of the act."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, insert, select

from mss_sim.clock import Micros
from mss_sim.models.tables import journal, messages
from mss_sim.store.compiled import Hot, HotSelect
from mss_sim.store.engine import happen, note
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act


class JournalEntry(NamedTuple):
    """One line; ids are None where the act has none. `about` is not stored: it spares the log a look at the letter."""

    id: int
    at: Micros
    act: Act
    door: Door
    actor_id: int | None = None
    mailbox_id: int | None = None
    grant_id: int | None = None
    message_id: int | None = None
    detail: dict[str, Any] | None = None
    about: tuple[str, str | None] | None = None
    """Subject and Message-ID of the letter, where whoever writes the line has them at hand."""


_INSERT = Hot(insert(journal))


def write(conn: Connection, lines: Sequence[JournalEntry]) -> None:
    """Append lines."""
    _INSERT.run(conn, [_values(line) for line in lines])
    note(conn, lines)
    happen(conn, [line.id for line in lines])


def _values(line: JournalEntry) -> tuple[Any, ...]:
    """The line in the order of the columns; a driver may not support enumerations."""
    id_, at, act, door, *ids, detail, _ = line
    return (id_, at, act.value, door.value, *ids, orjson.dumps(detail).decode() if detail else "{}")


@dataclass(frozen=True, slots=True)
class ActQuery:
    """Which lines of journals: of these acts, any where none is named; `among`: of these ids alone."""

    limit: int
    among: tuple[int, ...] | None = None
    acts: tuple[Act, ...] = ()
    mailbox_id: int | None = None
    actor_id: int | None = None


class JournalRow(NamedTuple):
    """A line with the subject and the Message-ID of the letter that it is about; None where it is about none, or the letter is deleted."""

    line: JournalEntry
    subject: str | None
    rfc_message_id: str | None


_ABOUT = select(*journal.c, messages.c.subject, messages.c.rfc_message_id).outerjoin(messages, messages.c.id == journal.c.message_id)
_WITH_IDS = HotSelect(_ABOUT.where(journal.c.id.in_(bindparam("ids", expanding=True))))


def of_mailbox(conn: Connection, mailbox_id: int, *, before: int | None, limit: int, but: int | None = None) -> list[JournalRow]:
    """The newest lines of a mailbox with an id under `before`, newest first; with `but`, only what identities but that one did."""
    query = _ABOUT.where(journal.c.mailbox_id == mailbox_id)
    if but is not None:
        query = query.where(journal.c.actor_id != but)
    if before is not None:
        query = query.where(journal.c.id < before)
    return [_row(row) for row in conn.execute(query.order_by(journal.c.id.desc()).limit(limit))]


def _row(row: Any) -> JournalRow:
    ids = row.actor_id, row.mailbox_id, row.grant_id, row.message_id
    line = JournalEntry(row.id, row.at, Act(row.act), Door(row.door), *ids, orjson.loads(row.detail))
    return JournalRow(line, row.subject, row.rfc_message_id)


def with_ids(conn: Connection, ids: Sequence[int]) -> dict[int, JournalRow]:
    """These lines, by id; those that are gone are missing."""
    found = {}
    for id_, at, act, door, actor_id, mailbox_id, grant_id, message_id, detail, subject, rfc_message_id in _WITH_IDS.rows(conn, "ids", ids):
        line = JournalEntry(id_, at, Act(act), Door(door), actor_id, mailbox_id, grant_id, message_id, orjson.loads(detail))
        found[id_] = JournalRow(line, subject, rfc_message_id)
    return found


def matching(conn: Connection, query: ActQuery) -> list[JournalRow]:
    """Lines of any mailbox that a query selects, the oldest first, at most `limit`."""
    wanted = _ABOUT if query.among is None else _ABOUT.where(journal.c.id.in_(query.among))
    if query.acts:
        wanted = wanted.where(journal.c.act.in_([act.value for act in query.acts]))
    if query.mailbox_id is not None:
        wanted = wanted.where(journal.c.mailbox_id == query.mailbox_id)
    if query.actor_id is not None:
        wanted = wanted.where(journal.c.actor_id == query.actor_id)
    return [_row(row) for row in conn.execute(wanted.order_by(journal.c.id).limit(query.limit))]
