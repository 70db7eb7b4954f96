"""Issued certificates: servers, application mailboxes, operators.

Revision 0004, after 0003.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, PrimaryKeyConstraint, Text, UniqueConstraint

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "certificates",
        Column("id", BigInteger, autoincrement=False, nullable=False),
        Column("serial", Text, nullable=False),
        Column("authority", Text, nullable=False),
        Column("profile", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("mailbox_id", BigInteger),
        Column("operator_id", BigInteger),
        Column("host", Text),
        Column("certificate", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("not_before", BigInteger, nullable=False),
        Column("not_after", BigInteger, nullable=False),
        Column("revoked_at", BigInteger),
        Column("reason", Text),
        ForeignKeyConstraint(["mailbox_id"], ["mailboxes.id"], "fk_certificates_mailbox_id", ondelete="SET NULL"),
        ForeignKeyConstraint(["operator_id"], ["operators.id"], "fk_certificates_operator_id", ondelete="SET NULL"),
        PrimaryKeyConstraint("id", name="pk_certificates"),
        UniqueConstraint("serial", name="uq_certificates_serial"),
    )
    op.create_index("ix_certificates_mailbox_id", "certificates", ["mailbox_id"])
    op.create_index("ix_certificates_operator_id", "certificates", ["operator_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_certificates_operator_id", "certificates")
    op.drop_index("ix_certificates_mailbox_id", "certificates")
    op.drop_table("certificates")
