"""The tables, the same on SQLite and PostgreSQL.

Ids are 63-bit integers from `ids`; instants are microseconds since the epoch, UTC, in columns that end in `_at`, `_from` or `_until`;
enums are stored as their text; sets of rights as sorted words separated by a space. Every constraint has a name.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_column(name: str = "id") -> Column[int]:
    """The id of a row, made by `ids`."""
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def to_column(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    """A reference to another row, which goes with it; one that may be missing is emptied instead."""
    return Column(name, BigInteger, ForeignKey(target, ondelete="SET NULL" if nullable else "CASCADE"), nullable=nullable)


operators = Table(
    "operators",
    metadata,
    id_column(),
    Column("name", Text, nullable=False, unique=True),
    Column("message_size_bytes_max", BigInteger),
    Column("authentication", Text, nullable=False, server_default=""),  # words; none: every way to log in
    Column("mx", Text),  # host:port of an operator outside this world; null: it is served here
    Column("mx_ca", Text),  # PEM of the authority that its server is certified by; null: ours
)

domains = Table(
    "domains",
    metadata,
    Column("name", Text, primary_key=True),
    to_column("operator_id", "operators.id"),
)

white_list = Table(
    "white_list",
    metadata,
    Column("domain", Text, ForeignKey("domains.name", ondelete="CASCADE"), primary_key=True),
    Column("certificate_dn", Text, primary_key=True),
    Column("updated_at", BigInteger, nullable=False),
)

identities = Table(
    "identities",
    metadata,
    id_column(),
    Column("idnat", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("given_name", Text, nullable=False, server_default=""),
    Column("title", Text, nullable=False, server_default=""),
    Column("profession", Text, nullable=False, server_default=""),
    Column("structure", Text, nullable=False, server_default=""),
    Column("anonymous_card", Boolean, nullable=False, server_default=false()),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("sector", Text, nullable=False, server_default=""),  # of an organisation, TRE_R02
    Column("address_line", Text, nullable=False, server_default=""),  # where an organisation is: number and street
    Column("postal_code", Text, nullable=False, server_default=""),
    Column("city", Text, nullable=False, server_default=""),
)

accounts = Table(
    "accounts",
    metadata,
    id_column(),
    to_column("identity_id", "identities.id"),
    Column("login", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Index("ix_accounts_identity_id", "identity_id"),
)

mailboxes = Table(
    "mailboxes",
    metadata,
    id_column(),
    Column("address", Text, nullable=False, unique=True),
    to_column("operator_id", "operators.id"),
    to_column("owner_id", "identities.id"),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("label", Text, nullable=False, server_default=""),
    Column("description", Text, nullable=False, server_default=""),
    Column("red_listed", Boolean, nullable=False, server_default=false()),
    Column("preferred_rank", Integer),
    Column("message_size_bytes_max", BigInteger),
    Column("quota_bytes", BigInteger, nullable=False),
    Column("used_bytes", BigInteger, nullable=False),
    Column("seen_policy", Text, nullable=False),
    Column("sent_policy", Text, nullable=False),
    Column("uid_validity_last", BigInteger, nullable=False),  # no folder of this mailbox ever had a higher one
    Column("created_at", BigInteger, nullable=False),
    Column("behaviour", Text),  # a name or JSON; null: that of the world
    Column("patients_may_write", Boolean, nullable=False, server_default=false()),
    Column("carer_view_id", BigInteger),  # a patient's: where carers look instead, once there was one
    Column("carer_view_bytes", BigInteger, nullable=False, server_default="0"),  # what lies there
    Column("carer_view_of", BigInteger),  # such a view: of which mailbox; it has no address that anybody could name
    Column("with_structure", Boolean, nullable=False, server_default=false()),  # the directory has it where its owner works
    Column("responsible_name", Text, nullable=False, server_default=""),  # who answers for it, as the restricted directory says it
    Column("keeps_diagnoses", Boolean, nullable=False, server_default=false()),  # what is wrong with documents is kept with the letter
    Index("ix_mailboxes_owner_id", "owner_id"),
)

co_holders = Table(
    "co_holders",
    metadata,
    Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True),
    Column("identity_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
    Column("since_at", BigInteger, nullable=False),
    Index("ix_co_holders_identity_id", "identity_id"),
)

grants = Table(
    "grants",
    metadata,
    id_column(),
    to_column("mailbox_id", "mailboxes.id"),
    to_column("grantee_id", "identities.id"),
    Column("rights", Text, nullable=False),
    Column("valid_from", BigInteger),
    Column("valid_until", BigInteger),
    Column("reason", Text, nullable=False, server_default=""),
    to_column("granted_by_id", "identities.id", nullable=True),
    Column("granted_at", BigInteger, nullable=False),
    to_column("revoked_by_id", "identities.id", nullable=True),
    Column("revoked_at", BigInteger),
    Index("ix_grants_mailbox_id_grantee_id", "mailbox_id", "grantee_id"),
    Index("ix_grants_grantee_id", "grantee_id"),
    Index("ix_grants_valid_from", "valid_from"),
    Index("ix_grants_valid_until", "valid_until"),
)

folders = Table(
    "folders",
    metadata,
    id_column(),
    to_column("mailbox_id", "mailboxes.id"),
    Column("name", Text, nullable=False),
    Column("special_use", Text),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid_next", BigInteger, nullable=False),
    Column("modseq", BigInteger, nullable=False),
    Column("exists_count", BigInteger, nullable=False),
    Column("unseen_count", BigInteger, nullable=False),
    Column("carer_view_id", BigInteger),  # the folder in which carers see this one
    Column("followed_modseq", BigInteger, nullable=False, server_default="0"),  # such a folder: how far it has followed
    UniqueConstraint("mailbox_id", "name"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("identity_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
    Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True),
    Column("folder", Text, primary_key=True),  # a name, not an id: one may subscribe to what is not there (ref: rfc9051#6.3.7)
    Column("subscribed", Boolean, nullable=False),
    Index("ix_subscriptions_mailbox_id", "mailbox_id"),
)

messages = Table(
    "messages",
    metadata,
    id_column(),
    Column("thread_id", BigInteger, nullable=False),
    Column("rfc_message_id", Text),
    Column("return_path", Text),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("received_at", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("summary", Text, nullable=False),  # JSON: people, preview, structure; read whole, never searched
    Column("from_search", Text, nullable=False),
    Column("to_search", Text, nullable=False),
    Column("subject_search", Text, nullable=False),
    Column("has_attachments", Boolean, nullable=False),
    Index("ix_messages_rfc_message_id", "rfc_message_id"),
    Index("ix_messages_thread_id", "thread_id"),
)

message_bodies = Table(
    "message_bodies",
    metadata,
    Column("message_id", BigInteger, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("envelope", LargeBinary, nullable=False),  # as IMAP writes it
    Column("structure", LargeBinary, nullable=False),  # BODYSTRUCTURE, likewise
    Column("search_text", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

diagnoses = Table(
    "diagnoses",
    metadata,
    Column("message_id", BigInteger, ForeignKey("message_bodies.message_id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("kept_at", BigInteger, nullable=False),
    Column("record", Text, nullable=False),  # JSON (documents/record.py); read whole, never searched
)

copies = Table(
    "copies",
    metadata,
    id_column(),
    to_column("mailbox_id", "mailboxes.id"),
    to_column("folder_id", "folders.id"),
    to_column("message_id", "messages.id"),
    Column("uid", BigInteger, nullable=False),
    Column("modseq", BigInteger, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("keywords", Text, nullable=False, server_default=""),
    Column("internal_at", BigInteger, nullable=False),
    UniqueConstraint("folder_id", "uid"),
    Index("ix_copies_mailbox_id_id", "mailbox_id", "id"),
    Index("ix_copies_message_id", "message_id"),
)

readings = Table(
    "readings",
    metadata,
    Column("copy_id", BigInteger, ForeignKey("copies.id", ondelete="CASCADE"), primary_key=True),
    Column("identity_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
    Column("first_at", BigInteger, nullable=False),
    Column("seen", Boolean),  # null: this reader never said, the shared flag speaks
    Index("ix_readings_identity_id", "identity_id"),
)

submissions = Table(
    "submissions",
    metadata,
    id_column(),
    to_column("message_id", "messages.id"),
    to_column("mailbox_id", "mailboxes.id", nullable=True),
    to_column("actor_id", "identities.id", nullable=True),
    to_column("grant_id", "grants.id", nullable=True),
    Column("mode", Text),
    Column("return_path", Text, nullable=False),
    Column("envelope_id", Text),
    Column("return_full", Boolean, nullable=False),
    Column("submitted_at", BigInteger, nullable=False),
    Column("operator_id", BigInteger),  # the operator that accepted it, and relays it
    Index("ix_submissions_message_id", "message_id"),
    Index("ix_submissions_mailbox_id", "mailbox_id"),
)

recipients = Table(
    "recipients",
    metadata,
    id_column(),
    to_column("submission_id", "submissions.id"),
    Column("address", Text, nullable=False),
    Column("notify", Text, nullable=False, server_default=""),
    Column("original", Text),
    UniqueConstraint("submission_id", "address"),
)

timeline = Table(
    "timeline",
    metadata,
    id_column(),
    to_column("recipient_id", "recipients.id"),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("report_id", BigInteger, ForeignKey("messages.id", ondelete="SET NULL")),
    Column("failed", Boolean, nullable=False, server_default=false()),
    Column("family", Text),
    Index("ix_timeline_recipient_id", "recipient_id"),
    Index("ix_timeline_report_id", "report_id"),
)

watch_list = Table(
    "watch_list",
    metadata,
    Column("recipient_id", BigInteger, ForeignKey("recipients.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    to_column("mailbox_id", "mailboxes.id"),  # that sent the letter
    Column("state", Text, nullable=False),  # the event that counts
    Column("event_id", BigInteger, nullable=False),  # the row of the timeline that tells of it; the list is in its order
    Column("since_at", BigInteger, nullable=False),
    Column("receipt_asked", Boolean, nullable=False),
    Column("on_paper", Boolean, nullable=False, server_default=false()),  # it went another way
    Column("paper_at", BigInteger),  # when that was noted
    to_column("paper_by_id", "identities.id", nullable=True),
    Column("paper_note", Text, nullable=False, server_default=""),
    Index("ix_watch_list_mailbox_id_on_paper_state_event_id", "mailbox_id", "on_paper", "state", "event_id"),
)

watch_digests = Table(
    "watch_digests",
    metadata,
    Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("hour", Integer, nullable=False),  # of the day
    Column("next_at", BigInteger),  # null: it was switched off
    Column("sent_at", BigInteger),  # the last one
    Index("ix_watch_digests_next_at", "next_at"),
)

queue = Table(
    "queue",
    metadata,
    Column("recipient_id", BigInteger, ForeignKey("recipients.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("delayed_told", Boolean, nullable=False),
    Column("last_reply", Text, nullable=False, server_default=""),
    Column("leased_until", BigInteger),  # somebody is trying it; after that instant it is taken for dead
    Index("ix_queue_next_at", "next_at"),
)

clock = Table(
    "clock",
    metadata,
    id_column(),  # one row, or none: the machine's time
    Column("world_at", BigInteger, nullable=False),
    Column("machine_at", BigInteger, nullable=False),
    Column("rate", Float, nullable=False),
    Column("advancing_to", BigInteger),
)

receipts = Table(
    "receipts",
    metadata,
    Column("message_id", BigInteger, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True),
    Column("sent_at", BigInteger, nullable=False),
)

answer_rights = Table(
    "answer_rights",
    metadata,
    id_column(),
    to_column("patient_mailbox_id", "mailboxes.id"),
    to_column("mailbox_id", "mailboxes.id"),
    to_column("origin_mailbox_id", "mailboxes.id"),
    to_column("message_id", "messages.id"),
    Column("thread_id", BigInteger, nullable=False),
    Column("given_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger),
    Column("cause", Text),
    Column("closing_message_id", BigInteger),  # the letter that withdrew it; null for an explicit act
    Index("ix_answer_rights_patient_mailbox_id_mailbox_id", "patient_mailbox_id", "mailbox_id"),
    Index("ix_answer_rights_thread_id", "thread_id"),
)

journal = Table(
    "journal",
    metadata,
    id_column(),
    Column("at", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("actor_id", BigInteger),
    Column("mailbox_id", BigInteger),
    Column("grant_id", BigInteger),
    Column("message_id", BigInteger),
    Column("detail", Text, nullable=False),  # JSON
    Index("ix_journal_mailbox_id_id", "mailbox_id", "id"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("identity_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    to_column("submission_id", "submissions.id"),
    Column("created_at", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
)
