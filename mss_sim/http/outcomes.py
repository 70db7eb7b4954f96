"""Refusals below the bases of the national directory, as its clients read them: an OperationOutcome, whoever refuses."""

from collections.abc import Mapping
from typing import Any

from mss_sim.fhir.bundles import outcome
from mss_sim.vocabulary.directory import BASE, WRITE_BASE

MEDIA_TYPE = "application/fhir+json"
_BASES = (BASE, WRITE_BASE)
_CODES = {
    400: "invalid",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    413: "too-long",
    431: "too-long",
    500: "exception",
    503: "transient",
}
"""Codes of FHIR (IssueType) by the status of what is refused before anybody reads what was asked for."""


def speaks_fhir(path: str) -> bool:
    """Whether who asks for a path is a client of the directory."""
    return path.startswith("/fhir/") and (path in _BASES or path.startswith(tuple(f"{base}/" for base in _BASES)))


def told_in_fhir(problem: Mapping[str, Any]) -> dict[str, Any]:
    """A problem document as an OperationOutcome."""
    return outcome(_CODES.get(problem["status"], "processing"), problem["detail"])
