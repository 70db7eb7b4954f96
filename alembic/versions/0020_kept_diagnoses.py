"""Diagnoses of documents that are kept with their letters, where a mailbox says so.

Revision 0020, after 0019.
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, PrimaryKeyConstraint, Text, false

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them: no mailbox says so, nothing is kept."""
    op.add_column("mailboxes", Column("keeps_diagnoses", Boolean, nullable=False, server_default=false()))
    body = ForeignKey("message_bodies.message_id", name="fk_diagnoses_message_id", ondelete="CASCADE")
    op.create_table(
        "diagnoses",
        Column("message_id", BigInteger, body, autoincrement=False),
        Column("kept_at", BigInteger, nullable=False),
        Column("record", Text, nullable=False),
        PrimaryKeyConstraint("message_id", name="pk_diagnoses"),
    )


def downgrade() -> None:
    """Forget them; letters are diagnosed when somebody asks."""
    op.drop_table("diagnoses")
    op.drop_column("mailboxes", "keeps_diagnoses")
