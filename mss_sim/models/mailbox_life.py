"""The tables of what happens to a mailbox with time, and of what it does by itself.

They stand on the same metadata as `tables`. A mailbox of which a table has no row does or awaits nothing of the kind.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text

from mss_sim.models.tables import metadata


def _mailbox() -> Column[int]:
    return Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)


mailbox_uses = Table(
    "mailbox_uses",
    metadata,
    _mailbox(),
    Column("used_at", BigInteger, nullable=False),  # to the day; when it was made, for one that nobody has used
    Column("stage", Text, nullable=False),
    Index("ix_mailbox_uses_stage_used_at", "stage", "used_at"),
)

closings = Table(
    "closings",
    metadata,
    _mailbox(),
    Column("asked_at", BigInteger, nullable=False),
    Column("closes_at", BigInteger, nullable=False),
    Column("state_before", Text, nullable=False),
    Index("ix_closings_closes_at", "closes_at"),
)

out_of_office = Table(
    "out_of_office",
    metadata,
    _mailbox(),
    Column("from_at", BigInteger, nullable=False),
    Column("until_at", BigInteger),
    Column("subject", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False),
    Column("days", Integer),  # null: as the setting says
)

out_of_office_answers = Table(
    "out_of_office_answers",
    metadata,
    _mailbox(),
    Column("sender", Text, primary_key=True),
    Column("answered_at", BigInteger, nullable=False),
)

forwardings = Table(
    "forwardings",
    metadata,
    _mailbox(),
    Column("target", Text, nullable=False),
    Column("keep", Boolean, nullable=False),
    Column("set_at", BigInteger, nullable=False),
)

retentions = Table(
    "retentions",
    metadata,
    _mailbox(),
    Column("days", Integer),  # null: for good
)

retention_rounds = Table(
    "retention_rounds",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # one row, or none
    Column("warned_until", BigInteger, nullable=False),
)
