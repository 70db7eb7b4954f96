"""The national directory written: who answers for a mailbox, and what of old versions is gone.

Revision 0018, after 0017.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, Text, text

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_FOREVER = (1 << 63) - 1


def upgrade() -> None:
    """Add them: nobody is named, nothing was pruned, and what can be is found by an index of its own."""
    op.add_column("mailboxes", Column("responsible_name", Text, nullable=False, server_default=""))
    op.add_column("directory_loads", Column("pruned_id", BigInteger, nullable=False, server_default="0"))
    for name, column, holds in (
        ("ix_directory_entries_until_id", "until_id", f"until_id < {_FOREVER}"),
        ("ix_directory_entries_gone", "changed_at", "NOT active"),
    ):
        op.create_index(name, "directory_entries", [column], sqlite_where=text(holds), postgresql_where=text(holds))


def downgrade() -> None:
    """Forget them."""
    for name in ("ix_directory_entries_gone", "ix_directory_entries_until_id"):
        op.drop_index(name, "directory_entries")
    op.drop_column("directory_loads", "pruned_id")
    op.drop_column("mailboxes", "responsible_name")
