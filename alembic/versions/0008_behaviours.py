"""What the holders of mailboxes do by themselves, and what they are about to do.

Revision 0008, after 0007.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, PrimaryKeyConstraint, Text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody does anything by himself yet."""
    op.add_column("mailboxes", Column("behaviour", Text))
    op.create_table(
        "planned_steps",
        Column("id", BigInteger, nullable=False, autoincrement=False),
        Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", name="fk_planned_steps_mailbox_id", ondelete="CASCADE")),
        Column("message_id", BigInteger, ForeignKey("messages.id", name="fk_planned_steps_message_id", ondelete="CASCADE"), nullable=False),
        Column("due_at", BigInteger, nullable=False),
        Column("act", Text, nullable=False),
        Column("detail", Text, nullable=False),
        PrimaryKeyConstraint("id", name="pk_planned_steps"),
    )
    op.create_index("ix_planned_steps_due_at_id", "planned_steps", ["due_at", "id"])
    op.create_index("ix_planned_steps_mailbox_id", "planned_steps", ["mailbox_id"])
    op.create_index("ix_planned_steps_message_id", "planned_steps", ["message_id"])


def downgrade() -> None:
    """What was planned is forgotten."""
    op.drop_table("planned_steps")
    with op.batch_alter_table("mailboxes") as table:
        table.drop_column("behaviour")
