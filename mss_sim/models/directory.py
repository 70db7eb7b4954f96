"""The tables of the national directory: what it shows of people and organisations, and what it showed before.

They stand on the same metadata as `tables`. A row is one version of somebody: it counts for a view from `from_id` on, and no more from
`until_id` on, which are ids of the world, so that a walk sees one state and a publication may be late. They outlive identities: what was
deleted is shown as a skeleton. All is empty until the directory is asked for the first time.

A card holds the words under which people find somebody, whatever version they are of; `directory_words` is its index. Both only grow: what
is shown is decided by the version.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, PrimaryKeyConstraint, Table, Text, text

from mss_sim.models.tables import metadata

FOREVER = (1 << 63) - 1
"""`until_id` of what is shown now."""
_ENDED, _GONE = text(f"until_id < {FOREVER}"), text("NOT active")

directory_entries = Table(
    "directory_entries",
    metadata,
    Column("person", Boolean, nullable=False),  # else an organisation
    Column("identity_id", BigInteger, nullable=False),
    Column("from_id", BigInteger, nullable=False),
    Column("until_id", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("idnat", Text, nullable=False),
    Column("structure", Text, nullable=False),
    Column("family", Text, nullable=False),  # of an organisation, its name
    Column("family_search", Text, nullable=False),
    Column("given", Text, nullable=False),
    Column("given_search", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("line_search", Text, nullable=False),
    Column("postal_code", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("city_search", Text, nullable=False),
    Column("codes", Text, nullable=False),  # of the resource, with a space before and behind each
    Column("role_codes", Text, nullable=False),  # of the situation d'exercice, likewise
    Column("addresses", Text, nullable=False),  # of mailboxes, likewise
    Column("role_addresses", Text, nullable=False),
    Column("facts", Text, nullable=False),  # JSON: what all of it is made of
    PrimaryKeyConstraint("person", "identity_id", "from_id", name="pk_directory_entries"),
    Index("ix_directory_entries_from_id", "from_id"),
    Index("ix_directory_entries_idnat", "idnat"),
    Index("ix_directory_entries_family_search", "family_search", "identity_id"),
    Index("ix_directory_entries_structure", "structure", "identity_id"),
    Index("ix_directory_entries_postal_code", "postal_code", "identity_id"),
    Index("ix_directory_entries_changed_at", "changed_at", "identity_id"),
    Index("ix_directory_entries_until_id", "until_id", sqlite_where=_ENDED, postgresql_where=_ENDED),
    Index("ix_directory_entries_gone", "changed_at", sqlite_where=_GONE, postgresql_where=_GONE),
)

directory_loads = Table(
    "directory_loads",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # what is loaded: entries, then cards; no row: nobody has asked yet
    Column("identity_id", BigInteger, nullable=False),  # the last one that was loaded
    Column("done", Boolean, nullable=False),
    Column("pruned_id", BigInteger, nullable=False, server_default="0"),  # versions that ended until then may be missing
)

directory_cards = Table(
    "directory_cards",
    metadata,
    Column("identity_id", BigInteger, primary_key=True, autoincrement=False),
    Column("names", Text, nullable=False),  # words, each with a space before and behind; so are the others
    Column("professions", Text, nullable=False),
    Column("specialties", Text, nullable=False),
    Column("places", Text, nullable=False),
    Column("structures", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    sqlite_with_rowid=False,
)

directory_words = Table(
    "directory_words",
    metadata,
    Column("word", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),  # in the order of its letters on both databases
    Column("identity_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("word", "identity_id", name="pk_directory_words"),
    sqlite_with_rowid=False,
)
