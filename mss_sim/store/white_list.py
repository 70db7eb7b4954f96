"""The white list: which certificates, by their full subject name, may speak for which domain."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from mss_sim.clock import Micros
from mss_sim.models.tables import domains, operators, white_list


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a domain and one certificate of its operator; a domain has as many rows as its operator has certificates."""

    domain: str
    certificate_dn: str
    updated_at: Micros
    operator: str = ""


def rows(conn: Connection) -> list[Row]:
    """The whole list by domain."""
    query = (
        select(white_list.c.domain, white_list.c.certificate_dn, white_list.c.updated_at, operators.c.name)
        .join(domains, domains.c.name == white_list.c.domain)
        .join(operators, operators.c.id == domains.c.operator_id)
    )
    return [Row(*row) for row in conn.execute(query.order_by(white_list.c.domain, white_list.c.certificate_dn))]


def add(conn: Connection, row: Row) -> None:
    """Put a row on the list, or update its date."""
    remove(conn, row.domain, row.certificate_dn)
    conn.execute(insert(white_list).values(domain=row.domain, certificate_dn=row.certificate_dn, updated_at=row.updated_at))


def remove(conn: Connection, domain: str, certificate_dn: str | None = None) -> int:
    """Remove a domain, or one of its certificates, from the list; how many rows were removed."""
    query = delete(white_list).where(white_list.c.domain == domain)
    if certificate_dn is not None:
        query = query.where(white_list.c.certificate_dn == certificate_dn)
    return conn.execute(query).rowcount
