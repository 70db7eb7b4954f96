"""The tables of who has a letter in charge, and of notes to colleagues. They stand on the same metadata as `tables`.

A copy without a row has never been in anybody's hands, and has no notes.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from mss_sim.models.tables import id_column, metadata, to_column

charges = Table(
    "charges",
    metadata,
    Column("copy_id", BigInteger, ForeignKey("copies.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    to_column("holder_id", "identities.id", nullable=True),  # who has it, or has finished with it
    Column("since_at", BigInteger, nullable=False),
    Column("notes", Integer, nullable=False),  # how many there are
    Index("ix_charges_holder_id", "holder_id"),
)

charge_notes = Table(
    "charge_notes",
    metadata,
    id_column(),
    to_column("copy_id", "copies.id"),
    to_column("author_id", "identities.id", nullable=True),
    Column("written_at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_charge_notes_copy_id", "copy_id"),
)
