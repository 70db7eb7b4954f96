"""Read receipts that tell of a failure: whether they do, and in whose form.

Revision 0006, after 0005.
"""

from alembic import op
from sqlalchemy import Boolean, Column, Text, false

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was told before stands as it stood."""
    op.add_column("timeline", Column("failed", Boolean, nullable=False, server_default=false()))
    op.add_column("timeline", Column("family", Text))


def downgrade() -> None:
    """Forget which receipts told of failures."""
    op.drop_column("timeline", "family")
    op.drop_column("timeline", "failed")
