"""The tables of patients: their national identities, what they are about to do, what they mask from carers, who dispensed medicines.

They stand on the same metadata as `tables`.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, UniqueConstraint

from mss_sim.models.tables import id_column, metadata, to_column

patient_identities = Table(
    "patient_identities",
    metadata,
    id_column(),
    to_column("identity_id", "identities.id"),
    Column("ins", Text, nullable=False),  # 15 characters, letters in capitals; the same in two roots is one address
    Column("oid", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("birth_name", Text, nullable=False),
    Column("given_names", Text, nullable=False),
    Column("birth_date", Text),  # a date of ISO 8601
    Column("sex", Text),
    Column("birth_place", Text, nullable=False),
    Column("representatives", Text, nullable=False),  # JSON
    UniqueConstraint("ins", "oid"),
    Index("ix_patient_identities_identity_id", "identity_id"),
)

carer_copies = Table(
    "carer_copies",
    metadata,
    Column("copy_id", BigInteger, ForeignKey("copies.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("source_id", BigInteger, nullable=False, unique=True),  # the patient's copy, which may be gone already
)

masks = Table(
    "masks",
    metadata,
    id_column(),
    to_column("mailbox_id", "mailboxes.id"),
    Column("kind", Text, nullable=False),
    Column("target", Text, nullable=False),  # the id of a message, an address, or the digest of a document
    Column("label", Text, nullable=False),
    Column("masked_at", BigInteger, nullable=False),
    UniqueConstraint("mailbox_id", "kind", "target"),
)

masked_messages = Table(
    "masked_messages",
    metadata,
    Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
)

planned_steps = Table(
    "planned_steps",
    metadata,
    id_column(),
    Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE")),  # whose holder does it; null: the operator
    to_column("message_id", "messages.id"),
    Column("due_at", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON
    Index("ix_planned_steps_due_at_id", "due_at", "id"),
    Index("ix_planned_steps_mailbox_id", "mailbox_id"),
    Index("ix_planned_steps_message_id", "message_id"),
)

dispensations = Table(
    "dispensations",
    metadata,
    Column("patient_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
    Column("organisation_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
    Column("dispensed_at", BigInteger, nullable=False),  # the newest one, as the midnight that begins its day
    Index("ix_dispensations_organisation_id", "organisation_id"),
)
