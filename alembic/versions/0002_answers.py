"""What was answered to a request with an Idempotency-Key, so that a retry hears the same.

Revision 0002, after 0001. Keys of before are forgotten: they live for a day.
"""

from alembic import op
from sqlalchemy import Column, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forget the keys, add the answer."""
    op.execute("DELETE FROM idempotency")
    with op.batch_alter_table("idempotency") as table:
        table.add_column(Column("answer", Text, nullable=False))


def downgrade() -> None:
    """Forget the answers."""
    op.drop_column("idempotency", "answer")
