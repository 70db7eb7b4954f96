"""Operators and their domains: the simulated trust space."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from mss_sim.models.tables import domains, operators


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator; `message_size_bytes_max` None means the setting's default."""

    id: int
    name: str
    message_size_bytes_max: int | None
    domains: tuple[str, ...]


def add(conn: Connection, operator_id: int, name: str, names: Sequence[str], message_size_bytes_max: int | None) -> None:
    """Store an operator with its canonical domains; IntegrityError when the name or a domain is taken."""
    conn.execute(insert(operators).values(id=operator_id, name=name, message_size_bytes_max=message_size_bytes_max))
    if names:
        conn.execute(insert(domains), [{"name": domain, "operator_id": operator_id} for domain in names])


def remove(conn: Connection, operator_id: int) -> bool:
    """Delete an operator with all its mailboxes; False when there is none."""
    return conn.execute(delete(operators).where(operators.c.id == operator_id)).rowcount > 0


def every(conn: Connection) -> list[Operator]:
    """All operators by name."""
    names: dict[int, list[str]] = {}
    for name, operator_id in conn.execute(select(domains.c.name, domains.c.operator_id).order_by(domains.c.name)):
        names.setdefault(operator_id, []).append(name)
    rows = conn.execute(select(operators.c.id, operators.c.name, operators.c.message_size_bytes_max).order_by(operators.c.name))
    return [Operator(row.id, row.name, row.message_size_bytes_max, tuple(names.get(row.id, ()))) for row in rows]
