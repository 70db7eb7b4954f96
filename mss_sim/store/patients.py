"""The national identities of patients: a number in a root (OID), with its state and traits. One person may have several."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, or_, select

from mss_sim.models.patients import patient_identities
from mss_sim.store.compiled import Hot, HotQuery, HotSelect
from mss_sim.vocabulary.patients import InsOid, PatientState, RepresentativeKind, Sex

_COLUMNS = tuple(patient_identities.c)
_ALL = select(*_COLUMNS).order_by(patient_identities.c.id)


@dataclass(frozen=True, slots=True)
class Representative:
    """Who acts for a minor, by idNat."""

    idnat: str
    kind: RepresentativeKind


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """One national identity of a person; `ins` has 15 characters, its letters in capitals."""

    id: int
    identity_id: int
    ins: str
    oid: InsOid
    state: PatientState
    birth_name: str
    given_names: str
    birth_date: date | None
    sex: Sex | None
    birth_place: str
    representatives: tuple[Representative, ...]


def _read(row: Sequence[Any]) -> PatientIdentity:
    id_, identity_id, ins, oid, state, birth_name, given_names, birth_date, sex, birth_place, representatives = row
    return PatientIdentity(
        id_,
        identity_id,
        ins,
        InsOid(oid),
        PatientState(state),
        birth_name,
        given_names,
        date.fromisoformat(birth_date) if birth_date else None,
        Sex(sex) if sex else None,
        birth_place,
        tuple(Representative(one["idnat"], RepresentativeKind(one["kind"])) for one in orjson.loads(representatives)),
    )


def _values(row: PatientIdentity) -> tuple[Any, ...]:
    """An identity as it is stored, in the order of the columns."""
    born, acting = row.birth_date.isoformat() if row.birth_date else None, orjson.dumps(row.representatives).decode("utf-8")
    named = row.birth_name, row.given_names, born, row.sex.value if row.sex else None
    return (row.id, row.identity_id, row.ins, row.oid.value, row.state.value, *named, row.birth_place, acting)


def replace_all(conn: Connection, identity_id: int, rows: Sequence[PatientIdentity]) -> None:
    """Put these in the place of all that a person had; IntegrityError when somebody else has one of the numbers in its root."""
    conn.execute(delete(patient_identities).where(patient_identities.c.identity_id == identity_id))
    add(conn, rows)


def add(conn: Connection, rows: Sequence[PatientIdentity]) -> None:
    """Store identities; IntegrityError when a number is taken in its root."""
    _ADD.run(conn, [_values(row) for row in rows])


_ADD = Hot(insert(patient_identities))


def of_person(conn: Connection, identity_id: int) -> list[PatientIdentity]:
    """The national identities of a person, in the order in which they were given."""
    return [_read(row) for row in _OF_PERSON.rows(conn, identity=identity_id)]


_OF_PERSON = HotQuery(_ALL.where(patient_identities.c.identity_id == bindparam("identity")))


def list_all(conn: Connection) -> list[PatientIdentity]:
    """All of them, in the order in which they were given."""
    return [_read(row) for row in conn.execute(_ALL)]


def with_number(conn: Connection, ins: str) -> list[PatientIdentity]:
    """All that have a number, in whatever root."""
    return [_read(row) for row in _WITH_NUMBER.rows(conn, ins=ins)]


_WITH_NUMBER = HotQuery(_ALL.where(patient_identities.c.ins == bindparam("ins")))


def with_numbers(conn: Connection, numbers: Sequence[str]) -> list[PatientIdentity]:
    """All that have one of these numbers, in whatever root."""
    return [_read(row) for row in _WITH_NUMBERS.rows(conn, "numbers", numbers)]


_WITH_NUMBERS = HotSelect(select(*_COLUMNS).where(patient_identities.c.ins.in_(bindparam("numbers", expanding=True))))


def alike(conn: Connection, ins: str, birth_date: str) -> list[PatientIdentity]:
    """All whose number begins so, and all who were born on that day, as AAAA-MM-JJ."""
    named = patient_identities.c.ins.startswith(ins, autoescape=True), patient_identities.c.birth_date == birth_date
    return [_read(row) for row in conn.execute(_ALL.where(or_(*named)))]


def states(conn: Connection, ins: str) -> Collection[PatientState]:
    """The states of all identities with a number, in whatever root."""
    return frozenset(PatientState(state) for (state,) in _STATES.rows(conn, ins=ins))


_STATES = HotQuery(select(patient_identities.c.state).where(patient_identities.c.ins == bindparam("ins")))
