"""${message}.

Revision ${up_revision}, after ${down_revision or "nothing"}.
"""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Make the tables as this revision wants them."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Make them as they were before."""
    ${downgrades if downgrades else "pass"}
