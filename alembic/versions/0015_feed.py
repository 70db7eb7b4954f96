"""What happens is handed on: the feed, and webhooks.

Revision 0015, after 0014. What happened before is not in the feed.
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, PrimaryKeyConstraint, Text, false

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "feed",
        Column("position", BigInteger, autoincrement=False),
        Column("refs", LargeBinary, nullable=False),
        PrimaryKeyConstraint("position", name="pk_feed"),
    )
    op.create_table(
        "webhooks",
        Column("id", BigInteger, autoincrement=False),
        Column("url", Text, nullable=False),
        Column("secret", Text, nullable=False),
        Column("kinds", Text, nullable=False, server_default=""),
        Column("mailbox", Text),
        Column("enabled", Boolean, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    webhook = ForeignKey("webhooks.id", name="fk_webhook_deliveries_webhook_id", ondelete="CASCADE")
    op.create_table(
        "webhook_deliveries",
        Column("id", BigInteger, autoincrement=False),
        Column("webhook_id", BigInteger, webhook, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("kind", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("next_at", BigInteger),
        Column("delivered", Boolean, nullable=False, server_default=false()),
        Column("last_at", BigInteger),
        Column("status", Integer),
        Column("answer", Text, nullable=False, server_default=""),
        PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
    )
    op.create_index("ix_webhook_deliveries_webhook_id_id", "webhook_deliveries", ["webhook_id", "id"])
    op.create_index("ix_webhook_deliveries_next_at", "webhook_deliveries", ["next_at"])


def downgrade() -> None:
    """Forget who was told of what; what happened stays in journals and timelines."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
    op.drop_table("feed")
