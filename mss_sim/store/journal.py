"""The journal: who did what, in what quality, in which mailbox; written in the transaction of the act."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, not_, select

from mss_sim.clock import Micros
from mss_sim.models.tables import journal, messages
from mss_sim.store.compiled import Hot, HotSelect
from mss_sim.store.engine import happen, note
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act


class LetterLabel(NamedTuple):
    """What names a letter to people: its subject and its Message-ID."""

    subject: str
    rfc_message_id: str | None


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
    about: LetterLabel | None = None
    """What is known of the letter, where it is at hand."""


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


@dataclass(frozen=True, slots=True)
class LineQuery:
    """Which lines, the newest first: at most `limit`, with ids under `before`; None, and no act, leave all in.

    `delegated`: done by a grant, or not; that grants were given or taken back is no such thing. `grant_id`: what names this grant.
    `since` and `until`: from that instant on, and before that one. `but_id`: not what this identity did.
    """

    limit: int
    before: int | None = None
    acts: tuple[Act, ...] = ()
    actor_id: int | None = None
    door: Door | None = None
    delegated: bool | None = None
    grant_id: int | None = None
    since: Micros | None = None
    until: Micros | None = None
    but_id: int | None = None


_OF_GRANTS = tuple(act.value for act in Act if act.value.startswith("grant."))


class JournalRow(NamedTuple):
    """A line with the subject and the Message-ID of the letter that it is about; None where it is about none."""

    line: JournalEntry
    subject: str | None
    rfc_message_id: str | None


_ABOUT = select(*journal.c, messages.c.subject, messages.c.rfc_message_id).outerjoin(messages, messages.c.id == journal.c.message_id)
_WITH_IDS = HotSelect(_ABOUT.where(journal.c.id.in_(bindparam("ids", expanding=True))))


def newest(conn: Connection, query: LineQuery, mailbox_ids: Collection[int] | None) -> list[JournalRow]:
    """The newest lines of these mailboxes, or, for None, of all and of none; each mailbox costs what it would alone."""
    wanted = _ABOUT.where(*_conditions(query)).order_by(journal.c.id.desc()).limit(query.limit)
    if mailbox_ids is None:
        return [_row(row) for row in conn.execute(wanted)]
    found = (row for id_ in sorted(mailbox_ids) for row in conn.execute(wanted.where(journal.c.mailbox_id == id_)))
    return [_row(row) for row in sorted(found, key=lambda row: -row.id)[: query.limit]]


def _conditions(query: LineQuery) -> list[ColumnElement[bool]]:
    """What a line has to be, one condition for each thing that is asked."""
    line, by_grant = journal.c, and_(journal.c.grant_id.is_not(None), journal.c.act.not_in(_OF_GRANTS))
    found: list[ColumnElement[bool]] = [line.act.in_([act.value for act in query.acts])] if query.acts else []
    found += [line.id < query.before] if query.before is not None else []
    found += [line.actor_id == query.actor_id] if query.actor_id is not None else []
    found += [line.actor_id != query.but_id] if query.but_id is not None else []
    found += [line.door == query.door.value] if query.door is not None else []
    found += [line.grant_id == query.grant_id] if query.grant_id is not None else []
    found += [line.at >= query.since] if query.since is not None else []
    found += [line.at < query.until] if query.until is not None else []
    if query.delegated is not None:
        found.append(by_grant if query.delegated else not_(by_grant))
    return found


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
