"""Who may write to whom: pharmacies and their dispensations, mailboxes open to patients, the letter that withdrew a right.

Revision 0012, after 0011.
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Text, false

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them, empty: no organisation is a pharmacy, no mailbox is open to patients, and what closed before is not known."""
    op.add_column("identities", Column("sector", Text, nullable=False, server_default=""))
    op.add_column("mailboxes", Column("patients_may_write", Boolean, nullable=False, server_default=false()))
    op.add_column("answer_rights", Column("closing_message_id", BigInteger))
    op.create_table(
        "dispensations",
        Column("patient_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
        Column("organisation_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
        Column("dispensed_at", BigInteger, nullable=False),
    )
    op.create_index("ix_dispensations_organisation_id", "dispensations", ["organisation_id"])


def downgrade() -> None:
    """Patients may only answer again."""
    op.drop_index("ix_dispensations_organisation_id", "dispensations")
    op.drop_table("dispensations")
    op.drop_column("answer_rights", "closing_message_id")
    op.drop_column("mailboxes", "patients_may_write")
    op.drop_column("identities", "sector")
