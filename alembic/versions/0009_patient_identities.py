"""The national identities of patients: number, root, state, traits.

Revision 0009, after 0008.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Text, UniqueConstraint

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty: nobody is known to be qualified."""
    op.create_table(
        "patient_identities",
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("identity_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), nullable=False),
        Column("ins", Text, nullable=False),
        Column("oid", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("birth_name", Text, nullable=False),
        Column("given_names", Text, nullable=False),
        Column("birth_date", Text),
        Column("sex", Text),
        Column("birth_place", Text, nullable=False),
        Column("representatives", Text, nullable=False),
        UniqueConstraint("ins", "oid", name="uq_patient_identities_ins_oid"),
    )
    op.create_index("ix_patient_identities_identity_id", "patient_identities", ["identity_id"])


def downgrade() -> None:
    """Nobody is known to be qualified again."""
    op.drop_table("patient_identities")
