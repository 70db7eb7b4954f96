"""What somebody who inspects letters said of them.

Revision 0014, after 0013.
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, PrimaryKeyConstraint

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty: nobody has inspected anything."""
    message = ForeignKey("messages.id", name="fk_inspected_letters_message_id", ondelete="CASCADE")
    op.create_table(
        "inspected_letters",
        Column("message_id", BigInteger, message, autoincrement=False),
        Column("removed", Boolean, nullable=False),
        PrimaryKeyConstraint("message_id", name="pk_inspected_letters"),
    )


def downgrade() -> None:
    """Forget it; letters that were removed stay removed from their folders."""
    op.drop_table("inspected_letters")
