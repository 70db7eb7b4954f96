"""Mail between operators: who is on the white list, where an operator outside is reached, tries that are leased.

Revision 0005, after 0004.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, PrimaryKeyConstraint, Text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table; what waits keeps its place, the reason of its last wait is forgotten."""
    op.add_column("operators", Column("authentication", Text, nullable=False, server_default=""))
    op.add_column("operators", Column("mx", Text))
    op.add_column("operators", Column("mx_ca", Text))
    op.add_column("submissions", Column("operator_id", BigInteger))
    op.add_column("queue", Column("last_reply", Text, nullable=False, server_default=""))
    op.add_column("queue", Column("leased_until", BigInteger))
    op.drop_column("queue", "last_rule")
    op.drop_column("queue", "last_detail")
    op.create_table(
        "white_list",
        Column("domain", Text, ForeignKey("domains.name", name="fk_white_list_domain", ondelete="CASCADE"), nullable=False),
        Column("certificate_dn", Text, nullable=False),
        Column("updated_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("domain", "certificate_dn", name="pk_white_list"),
    )


def downgrade() -> None:
    """Back to mail that never leaves the process."""
    op.drop_table("white_list")
    op.add_column("queue", Column("last_rule", Text, nullable=False, server_default="delivery-time-expired"))
    op.add_column("queue", Column("last_detail", Text, nullable=False, server_default=""))
    op.drop_column("queue", "leased_until")
    op.drop_column("queue", "last_reply")
    op.drop_column("submissions", "operator_id")
    op.drop_column("operators", "mx_ca")
    op.drop_column("operators", "mx")
    op.drop_column("operators", "authentication")
