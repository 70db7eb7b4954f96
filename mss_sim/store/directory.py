"""What the national directory shows, kept in step with identities and mailboxes; each change is a new version of its row.

| of an identity                                     | the directory shows                                                     |
|----------------------------------------------------|-------------------------------------------------------------------------|
| a professional, an employee                        | a person, but for an anonymous card                                     |
| an organisation                                    | an organisation                                                         |
| a patient, a carer, a program                      | nothing, ever                                                           |
| one that is disabled, or was deleted               | a skeleton                                                              |
| a mailbox that is on the red list, or closed       | nothing of that mailbox                                                 |

Rows come from two tables by few statements for many identities at once. What is compared is the content, so that a change which the
directory does not show makes no version.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, and_, bindparam, delete, insert, literal_column, select, update

from mss_sim.clock import Micros
from mss_sim.fhir import entries
from mss_sim.fhir.entries import Entry, PublishedMailbox
from mss_sim.mail.parse import fold
from mss_sim.models.directory import FOREVER, directory_entries, directory_loads
from mss_sim.models.tables import identities, mailboxes
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.store.engine import is_postgresql
from mss_sim.vocabulary.directory import ResourceType
from mss_sim.vocabulary.mailboxes import IdentityKind, MailboxKind, MailboxState

_OF_PERSONS = frozenset({IdentityKind.PROFESSIONAL.value, IdentityKind.EMPLOYEE.value})
_KINDS = _OF_PERSONS | {IdentityKind.ORGANISATION.value}


class Part(Enum):
    """What is loaded by itself: entries, then the words under which people find them."""

    ENTRIES = 1
    CARDS = 2


class Load(NamedTuple):
    """How far a part of the directory was loaded: up to which identity, and whether that is all."""

    identity_id: int
    done: bool


class _Current(NamedTuple):
    """What is shown now of an identity."""

    person: bool
    from_id: int
    active: bool
    facts: str


def load_state(conn: Connection, part: Part = Part.ENTRIES) -> Load | None:
    """How far a part of the directory was loaded; None if it was not asked for yet."""
    rows = _LOAD.rows(conn, part=part.value)
    return Load(rows[0][0], bool(rows[0][1])) if rows else None


def pruned_id(conn: Connection) -> int:
    """Versions that ended until then may be missing."""
    return conn.execute(select(directory_loads.c.pruned_id).where(directory_loads.c.id == Part.ENTRIES.value)).scalar_one_or_none() or 0


_LOAD = HotQuery(select(directory_loads.c.identity_id, directory_loads.c.done).where(directory_loads.c.id == bindparam("part")))


def load(conn: Connection, revision: int, count: int) -> Load:
    """Load the next identities, so many; how far it came."""
    return load_next(conn, Part.ENTRIES, count, lambda ids: refresh(conn, ids, revision, None))


def load_next(conn: Connection, part: Part, count: int, take: Callable[[list[int]], object]) -> Load:
    """Have `take` load a part of the directory for the next identities, so many; how far it came."""
    before = load_state(conn, part)
    after = before.identity_id if before else 0
    ids = [id_ for (id_,) in _NEXT_IDS.rows(conn, after=after, most=count)]
    take(ids)
    now = Load(ids[-1] if ids else after, len(ids) < count)
    conn.execute(delete(directory_loads).where(directory_loads.c.id == part.value))
    conn.execute(insert(directory_loads).values(id=part.value, identity_id=now.identity_id, done=now.done))
    return now


_NEXT_IDS = HotQuery(select(identities.c.id).where(identities.c.id > bindparam("after")).order_by(identities.c.id).limit(bindparam("most")))


def refresh(conn: Connection, ids: Iterable[int], revision: int, at: Micros | None) -> None:
    """Have the directory show what these identities are now, from a revision on.

    `at`: when they changed. None: they are loaded, and count as shown since they were made.
    """
    wanted = sorted(set(ids))
    if is_postgresql(conn):  # another process may be at the same: each reads what the one before has committed
        _LOCK.rows(conn, "ids", wanted)
    current = _current(conn, wanted)
    found = _entries(conn, wanted, at)
    ended: list[dict[str, Any]] = []
    made: list[tuple[Any, ...]] = []
    for id_ in wanted:
        before, entry = current.get(id_), found.get(id_)
        if entry is None:
            if before is None or (not before.active and at is None):
                continue
            entry = Entry.of(id_, at or 0, False, orjson.loads(before.facts))  # it is gone: what was known stays behind as a skeleton
            entry = _skeleton(entry)
        facts = orjson.dumps(entry.facts()).decode()
        if before is not None and (before.active, before.facts) == (entry.active, facts):
            continue
        if before is not None:
            ended.append({"b_person": before.person, "b_id": id_, "b_from": before.from_id, "b_until": revision})
        made.append(_row(entry, facts, id_ if at is None and before is None else revision))
    _END.run(conn, ended)
    _ADD.run(conn, made)


_LOCK = HotSelect(
    select(identities.c.id)
    .where(identities.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(identities.c.id)
    .with_for_update(key_share=True)
)
_END = Hot(
    update(directory_entries)
    .where(
        directory_entries.c.person == bindparam("b_person"),
        directory_entries.c.identity_id == bindparam("b_id"),
        directory_entries.c.from_id == bindparam("b_from"),
    )
    .values(until_id=bindparam("b_until"))
)
_ADD = Hot(insert(directory_entries))


def _current(conn: Connection, ids: Sequence[int]) -> dict[int, _Current]:
    found = [row for statement in _CURRENT for row in statement.rows(conn, "ids", ids)]
    return {id_: _Current(bool(person), from_id, bool(active), facts) for id_, person, from_id, active, facts in found}


_CURRENT = [
    HotSelect(
        select(
            directory_entries.c.identity_id,
            directory_entries.c.person,
            directory_entries.c.from_id,
            directory_entries.c.active,
            directory_entries.c.facts,
        ).where(
            directory_entries.c.person.is_(person),
            directory_entries.c.identity_id.in_(bindparam("ids", expanding=True)),
            directory_entries.c.until_id == literal_column(str(FOREVER)),
        )
    )
    for person in (True, False)  # one after the other, by the primary key
]


def _entries(conn: Connection, ids: Sequence[int], at: Micros | None) -> dict[int, Entry]:
    """What is to be shown of these identities; nothing of one that the directory does not know."""
    boxes: dict[int, list[PublishedMailbox]] = {}
    made: dict[int, Micros] = {}
    for owner, address, kind, label, description, rank, with_structure, created in _BOXES.rows(conn, "ids", ids):
        boxes.setdefault(owner, []).append(PublishedMailbox(address, kind, label, description, rank, bool(with_structure)))
        made[owner] = max(made.get(owner, 0), created)
    found = {}
    for id_, enabled, created, anonymous, *facts in _PEOPLE.rows(conn, "ids", ids):
        _, kind, *_ = facts
        if kind not in _KINDS or anonymous:
            continue
        changed_at = max(created, made.get(id_, 0)) if at is None else at
        entry = replace(Entry.of(id_, changed_at, bool(enabled), [*facts, ()]), mailboxes=tuple(sorted(boxes.get(id_, ()), key=_order)))
        found[id_] = entry if enabled else _skeleton(entry)
    return found


def _order(box: PublishedMailbox) -> tuple[int, str]:
    return (1_000_000 if box.rank is None else box.rank, box.address)


def _skeleton(entry: Entry) -> Entry:
    """What is left of somebody who is not active any more (ref: ans-annuaire)."""
    name = "" if entry.is_person else entry.family
    facts = [entry.idnat, entry.kind, name, "", "", "", entry.structure if entry.is_person else "", "", "", "", "", []]
    return Entry.of(entry.id, entry.changed_at, False, facts)


SHOWABLE = and_(
    mailboxes.c.state != literal_column(f"'{MailboxState.CLOSED.value}'"),
    mailboxes.c.kind != literal_column(f"'{MailboxKind.PATIENT.value}'"),
    mailboxes.c.carer_view_of.is_(None),
)
"""Which mailboxes the directory has: no closed ones, none of patients; the red list says to whom they are shown."""
_BOXES = HotSelect(
    select(
        mailboxes.c.owner_id,
        mailboxes.c.address,
        mailboxes.c.kind,
        mailboxes.c.label,
        mailboxes.c.description,
        mailboxes.c.preferred_rank,
        mailboxes.c.with_structure,
        mailboxes.c.created_at,
    ).where(
        mailboxes.c.owner_id.in_(bindparam("ids", expanding=True)),
        mailboxes.c.red_listed.is_(False),
        SHOWABLE,
    )
)
_PEOPLE = HotSelect(
    select(
        identities.c.id,
        identities.c.enabled,
        identities.c.created_at,
        identities.c.anonymous_card,
        identities.c.idnat,
        identities.c.kind,
        identities.c.family_name,
        identities.c.given_name,
        identities.c.title,
        identities.c.profession,
        identities.c.structure,
        identities.c.sector,
        identities.c.address_line,
        identities.c.postal_code,
        identities.c.city,
    ).where(identities.c.id.in_(bindparam("ids", expanding=True)))
)


def _row(entry: Entry, facts: str, revision: int) -> tuple[Any, ...]:
    """An entry in the order of the columns."""
    own = ResourceType.PRACTITIONER if entry.is_person else ResourceType.ORGANIZATION
    works = entry.is_person and bool(entry.structure)
    return (
        *(entry.is_person, entry.id, revision, FOREVER, entry.changed_at, entry.active, entry.idnat),
        entry.structure if entry.is_person else "",
        *(entry.family, fold(entry.family), entry.given, fold(entry.given), entry.line, fold(entry.line)),
        *(entry.postal_code, entry.city, fold(entry.city)),
        among(f"{system}|{code}" for system, code in entries.codes_of(entry)),
        among(f"{system}|{code}" for system, code in entries.role_codes_of(entry)) if works else "",
        among(box.address for box in entry.published(own)),
        among(box.address for box in entry.published(ResourceType.PRACTITIONER_ROLE)) if works else "",
        facts,
    )


def among(words: Iterable[str]) -> str:
    """Words in one text, each with a space before and behind, so that each is found in it whole."""
    found = " ".join(words)
    return f" {found} " if found else ""
