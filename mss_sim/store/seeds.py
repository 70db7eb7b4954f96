"""What a seed tells of a world, read past every right: by names instead of ids, without what was kept of how it came about."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, Table, func, select

from mss_sim.clock import Micros
from mss_sim.models import mailbox_life, patients, psc, tables
from mss_sim.models.certificates import certificates
from mss_sim.models.tables import accounts, answer_rights, copies, folders, mailboxes, messages, receipts, white_list
from mss_sim.store.conversations import AnswerRightRow
from mss_sim.vocabulary.mail import ClosureCause
from mss_sim.vocabulary.mailboxes import Flag, UseStage


class LyingCopy(NamedTuple):
    """Where a letter lies. `keywords` are separated by a space."""

    message_id: int
    copy_id: int
    address: str
    folder: str
    flags: Flag
    keywords: str
    internal_at: Micros


class LyingLetter(NamedTuple):
    """A letter that lies somewhere, without its bytes."""

    id: int
    thread_id: int
    return_path: str | None
    received_at: Micros
    subject: str
    size_bytes: int


def copies_lying(conn: Connection) -> dict[int, list[LyingCopy]]:
    """Every copy in a mailbox that somebody can name, by letter; what carers see of a patient's is no other copy."""
    query = (
        select(copies.c.message_id, copies.c.id, mailboxes.c.address, folders.c.name, copies.c.flags, copies.c.keywords)
        .add_columns(copies.c.internal_at)
        .join(mailboxes, mailboxes.c.id == copies.c.mailbox_id)
        .join(folders, folders.c.id == copies.c.folder_id)
        .where(mailboxes.c.carer_view_of.is_(None))
        .order_by(copies.c.message_id, copies.c.id)
    )
    found: dict[int, list[LyingCopy]] = {}
    for row in conn.execute(query):
        message_id, copy_id, address, folder, flags, keywords, at = row
        found.setdefault(message_id, []).append(LyingCopy(message_id, copy_id, address, folder, Flag(flags), keywords, at))
    return found


def letters_lying(conn: Connection) -> list[LyingLetter]:
    """Every letter with a copy, the oldest first."""
    its = messages.c
    lies = select(copies.c.id).where(copies.c.message_id == its.id).exists()
    columns = (its.id, its.thread_id, its.return_path, its.received_at, its.subject, its.size_bytes)
    return [LyingLetter(*row) for row in conn.execute(select(*columns).where(lies).order_by(its.id))]


def receipts_sent(conn: Connection) -> dict[int, list[tuple[str, Micros]]]:
    """Which mailboxes have sent a read receipt for a letter, and when, by letter."""
    query = select(receipts.c.message_id, mailboxes.c.address, receipts.c.sent_at).join(mailboxes, mailboxes.c.id == receipts.c.mailbox_id)
    found: dict[int, list[tuple[str, Micros]]] = {}
    for message_id, address, at in conn.execute(query.order_by(receipts.c.message_id, mailboxes.c.address)):
        found.setdefault(message_id, []).append((address, at))
    return found


def rights_to_answer(conn: Connection) -> list[AnswerRightRow]:
    """Every right that a patient has, or had, to answer, the oldest first."""
    rows = conn.execute(select(*answer_rights.c).where(answer_rights.c.given_at > 0).order_by(answer_rights.c.id))
    return [AnswerRightRow(**{**row, "cause": ClosureCause(row["cause"]) if row["cause"] else None}) for row in rows.mappings()]


def accounts_by_identity(conn: Connection) -> dict[int, tuple[str, str]]:
    """Login and hash of the password, by identity."""
    return {row[0]: (row[1], row[2]) for row in conn.execute(select(accounts.c.identity_id, accounts.c.login, accounts.c.password_hash))}


def profiles_by_identity(conn: Connection) -> dict[int, str]:
    """What Pro Santé Connect tells of people, as JSON."""
    return {row[0]: row[1] for row in conn.execute(select(psc.psc_profiles.c.identity_id, psc.psc_profiles.c.profile))}


def certificates_from_outside(conn: Connection) -> dict[str, list[str]]:
    """The names of certificates on the white list that are not of our authority, by domain."""
    ours = select(certificates.c.subject).where(certificates.c.subject == white_list.c.certificate_dn).exists()
    query = select(white_list.c.domain, white_list.c.certificate_dn).where(~ours).order_by(white_list.c.domain, white_list.c.certificate_dn)
    found: dict[str, list[str]] = {}
    for domain, name in conn.execute(query):
        found.setdefault(domain, []).append(name)
    return found


def kept_days(conn: Connection) -> dict[int, int | None]:
    """How many days mailboxes with a number of their own keep letters, None for good, by mailbox."""
    its = mailbox_life.retentions.c
    return {row[0]: row[1] for row in conn.execute(select(its.mailbox_id, its.days))}


def unused(conn: Connection) -> dict[int, tuple[Micros, UseStage]]:
    """The mailboxes that were warned, or more, for being unused, and when they were used last."""
    its = mailbox_life.mailbox_uses.c
    rows = conn.execute(select(its.mailbox_id, its.used_at, its.stage).where(its.stage != UseStage.USED.value))
    return {row[0]: (row[1], UseStage(row[2])) for row in rows}


_UNTOLD: Mapping[str, Table] = {
    "submissions": tables.submissions,
    "timeline": tables.timeline,
    "queue": tables.queue,
    "watch_list": tables.watch_list,
    "journal": tables.journal,
    "planned_steps": patients.planned_steps,
    "subscriptions": tables.subscriptions,
    "certificates": certificates,
    "psc_clients": psc.psc_clients,
}


def untold(conn: Connection) -> dict[str, int]:
    """How many rows there are of what no seed tells."""
    return {name: int(conn.execute(select(func.count()).select_from(table)).scalar_one()) for name, table in _UNTOLD.items()}
