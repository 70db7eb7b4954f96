"""The tables of what is handed on as it happens: the feed, and webhooks. They stand on the same metadata as `tables`."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, false

from mss_sim.models.tables import id_column, metadata

feed = Table(
    "feed",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # of the first event of one commit; the others follow it
    Column("refs", LargeBinary, nullable=False),  # 8 octets an event: `store.feed`
)

webhooks = Table(
    "webhooks",
    metadata,
    id_column(),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("kinds", Text, nullable=False, server_default=""),  # words; none: every kind
    Column("mailbox", Text),  # an address; null: any
    Column("enabled", Boolean, nullable=False),
    Column("position", BigInteger, nullable=False),  # of the last event that was looked at
    Column("created_at", BigInteger, nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    id_column(),
    Column("webhook_id", BigInteger, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("position", BigInteger, nullable=False),  # of the event
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),  # as it is sent, each time the same
    Column("tries", Integer, nullable=False),
    Column("next_at", BigInteger),  # null: it is over
    Column("delivered", Boolean, nullable=False, server_default=false()),
    Column("last_at", BigInteger),
    Column("status", Integer),  # of the last answer; null: there was none
    Column("answer", Text, nullable=False, server_default=""),  # the beginning of its body, or what went wrong
    Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
    Index("ix_webhook_deliveries_next_at", "next_at"),
)
