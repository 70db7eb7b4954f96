"""The words under which people find somebody in the directory.

Revision 0019, after 0018.
"""

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_FIELDS = ("names", "professions", "specialties", "places", "structures", "kinds")


def upgrade() -> None:
    """Add them, empty: they are loaded when somebody looks for somebody."""
    op.create_table(
        "directory_cards",
        Column("identity_id", BigInteger, autoincrement=False),
        *(Column(name, Text, nullable=False) for name in _FIELDS),
        PrimaryKeyConstraint("identity_id", name="pk_directory_cards"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "directory_words",
        Column("word", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
        Column("identity_id", BigInteger, nullable=False),
        PrimaryKeyConstraint("word", "identity_id", name="pk_directory_words"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Forget them; what was loaded of entries stays."""
    op.execute("DELETE FROM directory_loads WHERE id <> 1")
    op.drop_table("directory_words")
    op.drop_table("directory_cards")
