"""The tables of Pro Santé Connect: its clients, and what userinfo tells of an identity beside its name.

They stand on the same metadata as `tables`. Sessions, codes and refresh tokens are not here: they live and end with the process.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from mss_sim.models.tables import metadata

psc_clients = Table(
    "psc_clients",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("secret_hash", Text),
    Column("metadata", Text, nullable=False),  # JSON, by the names of RFC 7591; read whole, never searched
    Column("created_at", BigInteger, nullable=False),
)

psc_profiles = Table(
    "psc_profiles",
    metadata,
    Column("identity_id", BigInteger, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("profile", Text, nullable=False),  # JSON: claims of userinfo that replace the derived ones
    Column("changed_at", BigInteger, nullable=False),
)
