"""What can be set about the national directory (Annuaire Santé)."""

from typing import Literal

from pydantic import Field

from mss_sim.config.subjects import Subject
from mss_sim.vocabulary.directory import (
    DirectoryDeletion,
    DirectoryErrors,
    DirectoryProfile,
    DirectoryRestricted,
    DirectoryWriteRefusals,
    WhyTold,
)

_BASE_URL = r"^https?://[^/?#\s]+$"


class Directory(Subject):
    """The directory, its searches and its files."""

    api_key: str | None = Field(
        default=None, min_length=8, pattern=r"^[!-~]+$", description="Key that ESANTE-API-KEY must have; none: one that is drawn."
    )
    base_url: str | None = Field(
        default=None, pattern=_BASE_URL, description="Scheme, host and port under which it is seen in links; none: the HTTP port."
    )
    errors: DirectoryErrors = Field(
        default=DirectoryErrors.NATIONAL, description="A search that cannot be read: national, 500 as there; strict, 400."
    )
    profile: DirectoryProfile = Field(
        default=DirectoryProfile.LIVE_V2, description="Form of the resources: live-v2, as the national server; ig-1.2, as its guide."
    )
    publication_delay_seconds: float = Field(
        default=0, ge=0, le=30 * 86_400, description="How late a change is seen in the directory, on the world's clock."
    )
    page_size: int = Field(default=50, ge=1, le=2_000, description="Matches on a page where a search says nothing (ref: ans-annuaire).")
    page_size_max: int = Field(default=2_000, ge=1, le=10_000, description="Most matches on a page; more that are asked for are cut.")
    page_seconds: float = Field(default=3_600, gt=0, le=86_400, description="How long the address of a next page is good.")
    included_max: int = Field(default=2_000, ge=1, description="Resources that one page includes besides its matches, at most.")
    gone_days: int = Field(default=30, ge=0, le=3_650, description="How long what is not active any more is shown as a skeleton.")
    chained_ignores_others: bool = Field(
        default=False, description="A search with a chained parameter forgets its other parameters, _count too, as the national one does."
    )
    contains_misses_domains: bool = Field(
        default=False, description="mailbox-mss:contains finds nothing by a domain below mssante.fr, as the national one does."
    )
    extraction_hour: int = Field(default=2, ge=0, le=23, description="Hour of the daily file, UTC.")
    extraction_daily: bool = Field(
        default=False, description="The daily file changes at its hour alone; else it is made anew after each change too."
    )
    extraction_late_days: int = Field(default=0, ge=0, le=30, description="Days for which the daily file was not made: an outage.")
    walk_seconds: float = Field(
        default=86_400, gt=0, le=30 * 86_400, description="How long a walk over pages may take; versions from before are pruned."
    )
    restricted: DirectoryRestricted = Field(
        default=DirectoryRestricted.OWN, description="Whose red-listed mailboxes the key of an operator shows: own, or all."
    )
    write_refusals: DirectoryWriteRefusals = Field(
        default=DirectoryWriteRefusals.FHIR,
        description="A change that can be read and may not be: fhir, 422 and 409; openapi, 400.",
    )
    write_deletion: DirectoryDeletion = Field(
        default=DirectoryDeletion.CLOSED, description="A mailbox deleted by PATCH: closed, letters stay; removed, with all that is in it."
    )
    write_operations_max: int = Field(default=100, ge=1, le=1_000, description="Operations of one PATCH.")
    activity_columns: Literal[48, 52, 56] = Field(
        default=56, description="Columns of PS_LibreAcces_Personne_activite: those of 2018 (48), of 2023 (52), or of 2025 (56)."
    )
    load_rows_at_once: int = Field(default=1_000, ge=1, description="Identities of one transaction while the directory is loaded.")
    why_told: WhyTold = Field(
        default=WhyTold.HOLDERS,
        description="Who is told why an address is not shown: holders, who may see the mailbox; professionals, all but of patients.",
    )
