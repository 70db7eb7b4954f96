"""Pro Santé Connect: clients, and profiles of identities.

Revision 0003, after 0002. This is the state of mss_sim/models/psc.py at that revision.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "psc_clients",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text()),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_psc_clients"),
    )
    op.create_table(
        "psc_profiles",
        sa.Column("identity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", name="pk_psc_profiles"),
        sa.ForeignKeyConstraint(["identity_id"], ["identities.id"], name="fk_psc_profiles_identity_id", ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Drop them with all that is in them."""
    op.drop_table("psc_profiles")
    op.drop_table("psc_clients")
