"""What can be set about LDAP: certificates and revocation lists of the authorities, and by choice mailboxes."""

from pydantic import Field

from mss_sim.config.subjects import Subject


class Ldap(Subject):
    """The LDAP door."""

    port: int | None = Field(
        default=None, ge=0, le=65535, description="LDAP, to read only: revocation lists and certificates of the authorities; none: off."
    )
    mailboxes: bool = Field(
        default=False, description="Whether published mailboxes are entries below o=mss-sim; no national tree has them."
    )
    idle_timeout_seconds: float = Field(default=300, gt=0, description="Silence, or half a request, before an LDAP connection is closed.")
    request_bytes_max: int = Field(default=65_536, ge=1_024, le=16_777_216, description="One LDAP request.")
    filter_items_max: int = Field(default=100, ge=1, le=200, description="Conditions of one filter, those within others too.")
    entries_max: int = Field(default=500, ge=1, description="Entries that one search gives, if it asks for no fewer.")
    search_seconds_max: float = Field(default=60, gt=0, description="Time of one search, if it asks for no less.")
