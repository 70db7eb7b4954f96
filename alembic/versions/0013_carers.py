"""Carers: where they look, and what patients mask.

Revision 0013, after 0012.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, PrimaryKeyConstraint, Text, UniqueConstraint

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the tables, empty: no patient's mailbox was ever granted to anybody."""
    op.add_column("mailboxes", Column("carer_view_id", BigInteger))
    op.add_column("mailboxes", Column("carer_view_bytes", BigInteger, nullable=False, server_default="0"))
    op.add_column("mailboxes", Column("carer_view_of", BigInteger))
    op.add_column("folders", Column("carer_view_id", BigInteger))
    op.add_column("folders", Column("followed_modseq", BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "carer_copies",
        Column("copy_id", BigInteger, ForeignKey("copies.id", name="fk_carer_copies_copy_id", ondelete="CASCADE"), autoincrement=False),
        Column("source_id", BigInteger, nullable=False),
        PrimaryKeyConstraint("copy_id", name="pk_carer_copies"),
        UniqueConstraint("source_id", name="uq_carer_copies_source_id"),
    )
    op.create_table(
        "masks",
        Column("id", BigInteger, autoincrement=False),
        Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", name="fk_masks_mailbox_id", ondelete="CASCADE"), nullable=False),
        Column("kind", Text, nullable=False),
        Column("target", Text, nullable=False),
        Column("label", Text, nullable=False),
        Column("masked_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("id", name="pk_masks"),
        UniqueConstraint("mailbox_id", "kind", "target", name="uq_masks_mailbox_id_kind_target"),
    )
    op.create_table(
        "masked_messages",
        Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", name="fk_masked_messages_mailbox_id", ondelete="CASCADE")),
        Column("message_id", BigInteger, ForeignKey("messages.id", name="fk_masked_messages_message_id", ondelete="CASCADE")),
        PrimaryKeyConstraint("mailbox_id", "message_id", name="pk_masked_messages"),
    )


def downgrade() -> None:
    """Forget masks and what carers look at; their views go with all that lies in them."""
    op.execute("DELETE FROM mailboxes WHERE carer_view_of IS NOT NULL")
    op.drop_table("masked_messages")
    op.drop_table("masks")
    op.drop_table("carer_copies")
    op.drop_column("folders", "followed_modseq")
    op.drop_column("folders", "carer_view_id")
    op.drop_column("mailboxes", "carer_view_of")
    op.drop_column("mailboxes", "carer_view_bytes")
    op.drop_column("mailboxes", "carer_view_id")
