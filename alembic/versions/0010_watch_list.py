"""The recipients of sent letters that a mailbox has to look after, and the daily letters about them.

Revision 0010, after 0009. Letters that were sent before are not on the list.
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Text, false

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "watch_list",
        Column("recipient_id", BigInteger, ForeignKey("recipients.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
        Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), nullable=False),
        Column("state", Text, nullable=False),
        Column("event_id", BigInteger, nullable=False),
        Column("since_at", BigInteger, nullable=False),
        Column("receipt_asked", Boolean, nullable=False),
        Column("on_paper", Boolean, nullable=False, server_default=false()),
        Column("paper_at", BigInteger),
        Column("paper_by_id", BigInteger, ForeignKey("identities.id", ondelete="SET NULL")),
        Column("paper_note", Text, nullable=False, server_default=""),
    )
    op.create_index("ix_watch_list_mailbox_id_on_paper_state_event_id", "watch_list", ["mailbox_id", "on_paper", "state", "event_id"])
    op.create_table(
        "watch_digests",
        Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
        Column("hour", Integer, nullable=False),
        Column("next_at", BigInteger),
        Column("sent_at", BigInteger),
    )
    op.create_index("ix_watch_digests_next_at", "watch_digests", ["next_at"])


def downgrade() -> None:
    """Nothing is looked after any more."""
    op.drop_table("watch_digests")
    op.drop_table("watch_list")
