"""Letters in charge, and notes to colleagues.

Revision 0016, after 0015. Nobody had anything in charge before.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, PrimaryKeyConstraint, Text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "charges",
        Column("copy_id", BigInteger, ForeignKey("copies.id", name="fk_charges_copy_id", ondelete="CASCADE"), autoincrement=False),
        Column("state", Text, nullable=False),
        Column("holder_id", BigInteger, ForeignKey("identities.id", name="fk_charges_holder_id", ondelete="SET NULL")),
        Column("since_at", BigInteger, nullable=False),
        Column("notes", Integer, nullable=False),
        PrimaryKeyConstraint("copy_id", name="pk_charges"),
    )
    op.create_index("ix_charges_holder_id", "charges", ["holder_id"])
    op.create_table(
        "charge_notes",
        Column("id", BigInteger, autoincrement=False),
        Column("copy_id", BigInteger, ForeignKey("copies.id", name="fk_charge_notes_copy_id", ondelete="CASCADE"), nullable=False),
        Column("author_id", BigInteger, ForeignKey("identities.id", name="fk_charge_notes_author_id", ondelete="SET NULL")),
        Column("written_at", BigInteger, nullable=False),
        Column("text", Text, nullable=False),
        PrimaryKeyConstraint("id", name="pk_charge_notes"),
    )
    op.create_index("ix_charge_notes_copy_id", "charge_notes", ["copy_id"])


def downgrade() -> None:
    """Forget who had what in charge; the keywords stay on the letters, and mean nothing."""
    op.drop_table("charge_notes")
    op.drop_table("charges")
