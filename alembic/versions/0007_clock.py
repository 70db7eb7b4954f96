"""The pace of a world's clock, and what finds the next grant that begins or ends.

Revision 0007, after 0006.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, Float

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty: the time is the machine's."""
    op.create_table(
        "clock",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("world_at", BigInteger, nullable=False),
        Column("machine_at", BigInteger, nullable=False),
        Column("rate", Float, nullable=False),
        Column("advancing_to", BigInteger),
    )
    op.create_index("ix_grants_valid_from", "grants", ["valid_from"])
    op.create_index("ix_grants_valid_until", "grants", ["valid_until"])


def downgrade() -> None:
    """The time is the machine's again."""
    op.drop_index("ix_grants_valid_until", "grants")
    op.drop_index("ix_grants_valid_from", "grants")
    op.drop_table("clock")
