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


def _id(name: str = "id") -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _to(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(target, ondelete="SET NULL" if nullable else "CASCADE"), nullable=nullable)


operators = Table(
    "operators",
    metadata,
    _id(),
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
    _to("operator_id", "operators.id"),
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
    _id(),
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
)

accounts = Table(
    "accounts",
    metadata,
    _id(),
    _to("identity_id", "identities.id"),
    Column("login", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Index("ix_accounts_identity_id", "identity_id"),
)

patient_identities = Table(
    "patient_identities",
    metadata,
    _id(),
    _to("identity_id", "identities.id"),
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

mailboxes = Table(
    "mailboxes",
    metadata,
    _id(),
    Column("address", Text, nullable=False, unique=True),
    _to("operator_id", "operators.id"),
    _to("owner_id", "identities.id"),
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
    _id(),
    _to("mailbox_id", "mailboxes.id"),
    _to("grantee_id", "identities.id"),
    Column("rights", Text, nullable=False),
    Column("valid_from", BigInteger),
    Column("valid_until", BigInteger),
    Column("reason", Text, nullable=False, server_default=""),
    _to("granted_by_id", "identities.id", nullable=True),
    Column("granted_at", BigInteger, nullable=False),
    _to("revoked_by_id", "identities.id", nullable=True),
    Column("revoked_at", BigInteger),
    Index("ix_grants_mailbox_id_grantee_id", "mailbox_id", "grantee_id"),
    Index("ix_grants_grantee_id", "grantee_id"),
    Index("ix_grants_valid_from", "valid_from"),
    Index("ix_grants_valid_until", "valid_until"),
)

folders = Table(
    "folders",
    metadata,
    _id(),
    _to("mailbox_id", "mailboxes.id"),
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
    _id(),
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

copies = Table(
    "copies",
    metadata,
    _id(),
    _to("mailbox_id", "mailboxes.id"),
    _to("folder_id", "folders.id"),
    _to("message_id", "messages.id"),
    Column("uid", BigInteger, nullable=False),
    Column("modseq", BigInteger, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("keywords", Text, nullable=False, server_default=""),
    Column("internal_at", BigInteger, nullable=False),
    UniqueConstraint("folder_id", "uid"),
    Index("ix_copies_mailbox_id_id", "mailbox_id", "id"),
    Index("ix_copies_message_id", "message_id"),
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
    _id(),
    _to("mailbox_id", "mailboxes.id"),
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
    _id(),
    _to("message_id", "messages.id"),
    _to("mailbox_id", "mailboxes.id", nullable=True),
    _to("actor_id", "identities.id", nullable=True),
    _to("grant_id", "grants.id", nullable=True),
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
    _id(),
    _to("submission_id", "submissions.id"),
    Column("address", Text, nullable=False),
    Column("notify", Text, nullable=False, server_default=""),
    Column("original", Text),
    UniqueConstraint("submission_id", "address"),
)

timeline = Table(
    "timeline",
    metadata,
    _id(),
    _to("recipient_id", "recipients.id"),
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
    _to("mailbox_id", "mailboxes.id"),  # that sent the letter
    Column("state", Text, nullable=False),  # the event that counts
    Column("event_id", BigInteger, nullable=False),  # the row of the timeline that tells of it; the list is in its order
    Column("since_at", BigInteger, nullable=False),
    Column("receipt_asked", Boolean, nullable=False),
    Column("on_paper", Boolean, nullable=False, server_default=false()),  # it went another way
    Column("paper_at", BigInteger),  # when that was noted
    _to("paper_by_id", "identities.id", nullable=True),
    Column("paper_note", Text, nullable=False, server_default=""),
    Index("ix_watch_list_mailbox_id_on_paper_state_event_id", "mailbox_id", "on_paper", "state", "event_id"),
)

watch_digests = Table(
    "watch_digests",
    metadata,
    Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("hour", Integer, nullable=False),  # of the day, UTC
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
    Column("leased_until", BigInteger),  # somebody is trying it; after that instant he is taken for dead
    Index("ix_queue_next_at", "next_at"),
)

planned_steps = Table(
    "planned_steps",
    metadata,
    _id(),
    Column("mailbox_id", BigInteger, ForeignKey("mailboxes.id", ondelete="CASCADE")),  # whose holder does it; null: the operator
    _to("message_id", "messages.id"),
    Column("due_at", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON
    Index("ix_planned_steps_due_at_id", "due_at", "id"),
    Index("ix_planned_steps_mailbox_id", "mailbox_id"),
    Index("ix_planned_steps_message_id", "message_id"),
)

clock = Table(
    "clock",
    metadata,
    _id(),  # one row, or none: the machine's time
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
    _id(),
    _to("patient_mailbox_id", "mailboxes.id"),
    _to("mailbox_id", "mailboxes.id"),
    _to("origin_mailbox_id", "mailboxes.id"),
    _to("message_id", "messages.id"),
    Column("thread_id", BigInteger, nullable=False),
    Column("given_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger),
    Column("cause", Text),
    Column("closing_message_id", BigInteger),  # the letter that withdrew it; null for an explicit act
    Index("ix_answer_rights_patient_mailbox_id_mailbox_id", "patient_mailbox_id", "mailbox_id"),
    Index("ix_answer_rights_thread_id", "thread_id"),
)

dispensations = Table(
    "dispensations",
    metadata,
    Column("patient_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
    Column("organisation_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True),
    Column("dispensed_at", BigInteger, nullable=False),  # the newest one, as the midnight that begins its day
    Index("ix_dispensations_organisation_id", "organisation_id"),
)

journal = Table(
    "journal",
    metadata,
    _id(),
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
    _to("submission_id", "submissions.id"),
    Column("created_at", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
)
