"""The table of what somebody who inspects letters said of them. It stands on the same metadata as `tables`."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table

from mss_sim.models.tables import metadata

inspected_letters = Table(
    "inspected_letters",
    metadata,
    Column("message_id", BigInteger, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("removed", Boolean, nullable=False),  # false: it was read; without a row it was not
)
