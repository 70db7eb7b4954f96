"""Operators and their domains: the simulated trust space."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from mss_sim.models.tables import domains, operators
from mss_sim.store.compiled import HotSelect
from mss_sim.vocabulary.doors import LogInBy


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator; `message_size_bytes_max` None means the setting's default.

    `mx`: the host:port of an operator outside this world, None for one that is served here, empty when its address is unknown;
    `mx_ca`: the authority (PEM) that its server is certified by. `authentication`: the log-in methods that it accepts.
    """

    id: int
    name: str
    message_size_bytes_max: int | None
    domains: tuple[str, ...]
    mx: str | None = None
    mx_ca: str | None = None
    authentication: frozenset[LogInBy] = frozenset(LogInBy)


def add(conn: Connection, operator: Operator) -> None:
    """Store an operator with its canonical domains; IntegrityError when the name or a domain is taken."""
    conn.execute(insert(operators).values({**_values(operator), "id": operator.id, "name": operator.name}))
    if operator.domains:
        conn.execute(insert(domains), [{"name": domain, "operator_id": operator.id} for domain in operator.domains])


def change(conn: Connection, operator: Operator) -> None:
    """Store an operator's limits and log-in methods; its name and domains stay."""
    conn.execute(update(operators).where(operators.c.id == operator.id).values(_values(operator)))


def _values(operator: Operator) -> dict[str, Any]:
    words = " ".join(sorted(operator.authentication)) if operator.authentication != frozenset(LogInBy) else ""
    size = operator.message_size_bytes_max
    return {"message_size_bytes_max": size, "mx": operator.mx, "mx_ca": operator.mx_ca, "authentication": words}


def remove(conn: Connection, operator_id: int) -> bool:
    """Delete an operator with all its mailboxes; False when there is none."""
    return conn.execute(delete(operators).where(operators.c.id == operator_id)).rowcount > 0


def list_all(conn: Connection) -> list[Operator]:
    """All operators by name."""
    names: dict[int, list[str]] = {}
    for name, operator_id in conn.execute(select(domains.c.name, domains.c.operator_id).order_by(domains.c.name)):
        names.setdefault(operator_id, []).append(name)
    return [_operator(row, tuple(names.get(row.id, ()))) for row in conn.execute(select(*operators.c).order_by(operators.c.name))]


def by_id(conn: Connection, operator_id: int) -> Operator | None:
    """The operator with that id."""
    row = conn.execute(select(*operators.c).where(operators.c.id == operator_id)).one_or_none()
    return None if row is None else _operator(row, _domains_of(conn, operator_id))


def id_of(conn: Connection, name: str) -> int | None:
    """The id of the operator of that name."""
    return conn.execute(select(operators.c.id).where(operators.c.name == name)).scalar_one_or_none()


def _domains_of(conn: Connection, operator_id: int) -> tuple[str, ...]:
    theirs = select(domains.c.name).where(domains.c.operator_id == operator_id).order_by(domains.c.name)
    return tuple(conn.execute(theirs).scalars())


def of_domain(conn: Connection, domain: str) -> Operator | None:
    """The operator that a domain belongs to."""
    row = conn.execute(select(*operators.c).join(domains).where(domains.c.name == domain)).one_or_none()
    if row is None:
        return None
    return _operator(row, _domains_of(conn, row.id))


def ids_of_domains(conn: Connection, names: Sequence[str]) -> dict[str, int]:
    """The ids of the operators that these domains belong to, by the domain."""
    return dict(_OF_DOMAINS.rows(conn, "names", names))


_OF_DOMAINS = HotSelect(select(domains.c.name, domains.c.operator_id).where(domains.c.name.in_(bindparam("names", expanding=True))))


def _operator(row: Row[Any], names: tuple[str, ...]) -> Operator:
    ways = frozenset(map(LogInBy, row.authentication.split())) or frozenset(LogInBy)
    return Operator(row.id, row.name, row.message_size_bytes_max, names, row.mx, row.mx_ca, ways)
