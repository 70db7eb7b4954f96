"""The life of a mailbox: when it was used, its closing, its out-of-office answer, where it forwards, how long it keeps letters.

Revision 0011, after 0010. Mailboxes that are there were last used when their journal says that anything happened in them.
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _mailbox() -> Column[int]:
    return Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "mailbox_uses",
        _mailbox(),
        Column("used_at", BigInteger, nullable=False),
        Column("stage", Text, nullable=False),
    )
    op.create_index("ix_mailbox_uses_stage_used_at", "mailbox_uses", ["stage", "used_at"])
    op.execute(
        "INSERT INTO mailbox_uses (mailbox_id, used_at, stage) SELECT id, COALESCE((SELECT MAX(at) FROM journal"
        " WHERE journal.mailbox_id = mailboxes.id), created_at), 'used' FROM mailboxes WHERE kind <> 'PATIENT'"
    )
    op.create_table(
        "closings",
        _mailbox(),
        Column("asked_at", BigInteger, nullable=False),
        Column("closes_at", BigInteger, nullable=False),
        Column("state_before", Text, nullable=False),
    )
    op.create_index("ix_closings_closes_at", "closings", ["closes_at"])
    op.create_table(
        "out_of_office",
        _mailbox(),
        Column("from_at", BigInteger, nullable=False),
        Column("until_at", BigInteger),
        Column("subject", Text, nullable=False, server_default=""),
        Column("text", Text, nullable=False),
        Column("days", Integer),
    )
    op.create_table(
        "out_of_office_answers",
        _mailbox(),
        Column("sender", Text, primary_key=True),
        Column("answered_at", BigInteger, nullable=False),
    )
    op.create_table(
        "forwardings",
        _mailbox(),
        Column("target", Text, nullable=False),
        Column("keep", Boolean, nullable=False),
        Column("set_at", BigInteger, nullable=False),
    )
    op.create_table("retentions", _mailbox(), Column("days", Integer))
    op.create_table(
        "retention_rounds",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("warned_until", BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Forget it all."""
    for name in ("retention_rounds", "retentions", "forwardings", "out_of_office_answers", "out_of_office", "closings", "mailbox_uses"):
        op.drop_table(name)
