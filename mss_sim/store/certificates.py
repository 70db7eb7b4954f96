"""Issued certificates and revocations."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from mss_sim.clock import Micros
from mss_sim.models.certificates import certificates
from mss_sim.store.compiled import HotQuery
from mss_sim.store.engine import RIGHTS_CHANGED, announce
from mss_sim.vocabulary.trust import CertificateProfile, RevocationReason


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate with its key, both PEM; at most one of `mailbox_id`, `operator_id` and `host` says what it is bound to.

    `serial` is hexadecimal, `authority` the label of its issuer, `subject` its distinguished name as text.
    """

    id: int
    serial: str
    authority: str
    profile: CertificateProfile
    subject: str
    mailbox_id: int | None
    operator_id: int | None
    host: str | None
    certificate: str
    key: str
    not_before: Micros
    not_after: Micros
    revoked_at: Micros | None = None
    reason: RevocationReason | None = None


def _certificate(row: Sequence[Any]) -> Certificate:
    found = Certificate(**dict(zip(_NAMES, row, strict=True)))
    reason = RevocationReason(found.reason) if found.reason is not None else None
    return replace(found, profile=CertificateProfile(found.profile), reason=reason)


_NAMES = tuple(column.name for column in certificates.c)


def add(conn: Connection, certificate: Certificate) -> None:
    """Store a certificate; IntegrityError when its serial is there already."""
    conn.execute(insert(certificates).values(**asdict(certificate)))


def revoke(conn: Connection, serial: str, at: Micros, reason: RevocationReason) -> None:
    """Revoke a certificate; connections that it opened are checked again."""
    announce(conn, RIGHTS_CHANGED)
    conn.execute(update(certificates).where(certificates.c.serial == serial).values(revoked_at=at, reason=reason))


def by_serial(conn: Connection, serial: str) -> Certificate | None:
    """The certificate with that serial."""
    rows = _BY_SERIAL.rows(conn, serial=serial)
    return _certificate(rows[0]) if rows else None


_BY_SERIAL = HotQuery(select(certificates).where(certificates.c.serial == bindparam("serial")))


def list_all(conn: Connection, *, mailbox_id: int | None = None, operator_id: int | None = None) -> list[Certificate]:
    """All certificates, or those of a mailbox or an operator; the newest first."""
    query = select(certificates).order_by(certificates.c.id.desc())
    if mailbox_id is not None:
        query = query.where(certificates.c.mailbox_id == mailbox_id)
    if operator_id is not None:
        query = query.where(certificates.c.operator_id == operator_id)
    return [_certificate(row) for row in conn.execute(query)]


def operator_ids(conn: Connection) -> set[int]:
    """The operators that a certificate is bound to."""
    query = select(certificates.c.operator_id).where(certificates.c.operator_id.is_not(None)).distinct()
    return {operator_id for operator_id in conn.execute(query).scalars() if operator_id is not None}


def revoked(conn: Connection, authority: str, now: Micros) -> list[tuple[str, Micros, RevocationReason]]:
    """Serial, instant and reason of what an authority had revoked by `now`."""
    columns = (certificates.c.serial, certificates.c.revoked_at, certificates.c.reason)
    rows = conn.execute(select(*columns).where(certificates.c.authority == authority, certificates.c.revoked_at <= now))
    return [(serial, at, RevocationReason(reason)) for serial, at, reason in rows]
