"""The table of issued certificates; like the others it belongs to `tables.metadata`."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from mss_sim.models.tables import metadata

certificates = Table(
    "certificates",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("serial", Text, nullable=False, unique=True),  # hexadecimal, as openssl shows it, in small letters
    Column("authority", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="SET NULL")),  # it stays on the list when its mailbox goes
    Column("operator_id", BigInteger, ForeignKey("operators.id", ondelete="SET NULL")),
    Column("host", Text),
    Column("certificate", Text, nullable=False),  # PEM
    Column("key", Text, nullable=False),  # PEM; keys of tests are no secrets
    Column("not_before", BigInteger, nullable=False),
    Column("not_after", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("reason", Text),
    Index("ix_certificates_mailbox_id", "mailbox_id"),
    Index("ix_certificates_operator_id", "operator_id"),
)
