"""The national directory: where organisations are, with which structure a mailbox is published, and what is shown.

Revision 0017, after 0016.
"""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, PrimaryKeyConstraint, Text, false

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TEXTS = ("family", "family_search", "given", "given_search", "line", "line_search", "postal_code", "city", "city_search")
_SETS = ("codes", "role_codes", "addresses", "role_addresses", "facts")
_SEARCHED = ("family_search", "structure", "postal_code", "changed_at")


def upgrade() -> None:
    """Add them, empty: no organisation has a place yet, mailboxes are published with their owners, and nobody has asked."""
    for name in ("address_line", "postal_code", "city"):
        op.add_column("identities", Column(name, Text, nullable=False, server_default=""))
    op.add_column("mailboxes", Column("with_structure", Boolean, nullable=False, server_default=false()))
    op.create_table(
        "directory_entries",
        Column("person", Boolean, nullable=False),
        *(Column(name, BigInteger, nullable=False) for name in ("identity_id", "from_id", "until_id", "changed_at")),
        Column("active", Boolean, nullable=False),
        *(Column(name, Text, nullable=False) for name in ("idnat", "structure", *_TEXTS, *_SETS)),
        PrimaryKeyConstraint("person", "identity_id", "from_id", name="pk_directory_entries"),
    )
    op.create_index("ix_directory_entries_from_id", "directory_entries", ["from_id"])
    op.create_index("ix_directory_entries_idnat", "directory_entries", ["idnat"])
    for name in _SEARCHED:
        op.create_index(f"ix_directory_entries_{name}", "directory_entries", [name, "identity_id"])
    op.create_table(
        "directory_loads",
        Column("id", BigInteger, autoincrement=False),
        Column("identity_id", BigInteger, nullable=False),
        Column("done", Boolean, nullable=False),
        PrimaryKeyConstraint("id", name="pk_directory_loads"),
    )


def downgrade() -> None:
    """Forget what the directory showed, and where organisations are."""
    op.drop_table("directory_loads")
    op.drop_table("directory_entries")
    op.drop_column("mailboxes", "with_structure")
    for name in ("city", "postal_code", "address_line"):
        op.drop_column("identities", name)
