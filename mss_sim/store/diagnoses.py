"""Diagnoses kept with the letters that they are about. One goes with the bytes of its letter."""

from typing import NamedTuple

from sqlalchemy import BigInteger, Connection, Text, bindparam, insert, literal, select

from mss_sim.clock import Micros
from mss_sim.models.tables import copies, diagnoses, mailboxes, message_bodies
from mss_sim.store.compiled import HotQuery


class KeptRecord(NamedTuple):
    """A diagnosis as it is stored (documents/record.py)."""

    kept_at: Micros
    record: str


def of_message(conn: Connection, message_id: int) -> KeptRecord | None:
    """What is kept with a letter."""
    rows = _OF.rows(conn, message=message_id)
    return KeptRecord(*rows[0]) if rows else None


_OF = HotQuery(select(diagnoses.c.kept_at, diagnoses.c.record).where(diagnoses.c.message_id == bindparam("message")))


def add(conn: Connection, message_id: int, kept: KeptRecord) -> bool:
    """Keep one with a letter that has none; its keepers are locked. False where the letter is gone."""
    values = literal(kept.kept_at, BigInteger), literal(kept.record, Text)
    lying = select(message_bodies.c.message_id, *values).where(message_bodies.c.message_id == message_id)
    added = insert(diagnoses).from_select(["message_id", "kept_at", "record"], lying).returning(diagnoses.c.message_id)
    return conn.execute(added).first() is not None


def lock_keepers(conn: Connection, message_id: int) -> list[int]:
    """The mailboxes in which a letter lies that keep diagnoses, by id, locked until the commit."""
    lies = mailboxes.c.id.in_(select(copies.c.mailbox_id).where(copies.c.message_id == message_id))
    query = select(mailboxes.c.id).where(lies, mailboxes.c.keeps_diagnoses, mailboxes.c.carer_view_of.is_(None))
    return list(conn.execute(query.order_by(mailboxes.c.id).with_for_update()).scalars())
