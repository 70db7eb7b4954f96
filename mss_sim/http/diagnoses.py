"""A diagnosis as JSON: the same for a mailbox, for the control plane, and on the command line."""

from datetime import datetime
from typing import Any

from pydantic import Field

from mss_sim.clock import Micros, iso
from mss_sim.documents.findings import Diagnosis, Finding, Summary
from mss_sim.http.shapes import Out
from mss_sim.vocabulary.documents import DocumentKind, FindingLevel
from mss_sim.vocabulary.language import Language

_PLACE = "IHE_XDM.ZIP/IHE_XDM/SUBSET01/METADATA.XML"


class FindingOut(Out):
    """One thing that was found."""

    code: str = Field(examples=["xdm.hash-mismatch"])
    """Stable: programs may rely on it."""
    level: FindingLevel
    document: str = Field(examples=[_PLACE])
    where: str = Field(examples=["Document01/hash"])
    """The place in the document: a field, an element, an attribute; empty where it is the whole."""
    detail: str = Field(examples=["The hash of the file is another than METADATA.XML says."])
    """What is wrong, and what to do."""
    seen: str | None = Field(examples=["da39a3ee5e6b4b0d3255bfef95601890afd80709"])
    expected: str | None = Field(examples=["62f3e9d3ae7c1f35eb1d2b7e8a5cf2b4b9d5f0a1"])
    reference: str = Field(examples=["ihe-iti#3.32"])
    """The text that says so."""
    requirements: list[str] = Field(examples=[["ECO.2.1.1"]])
    """Requirements of the field that it touches."""


class DocumentOut(Out):
    """A document that was read."""

    document: str = Field(examples=[_PLACE])
    kind: DocumentKind
    facts: dict[str, str] = Field(examples=[{"level": "N3", "type": "11490-0"}])
    """What was read of it, by name."""


class DiagnosisOut(Out):
    """All that was found in a letter, the worst first."""

    kept_at: datetime | None
    """Since when it is kept with the letter, for everybody who reads it; null: it was found just now, and is kept nowhere."""

    worst: FindingLevel | None
    """The level of the worst finding; null when nothing was found."""
    counts: dict[str, int] = Field(examples=[{"error": 1, "warning": 0, "known-deviation": 0, "info": 1}])
    findings: list[FindingOut]
    documents: list[DocumentOut]
    not_checked: list[str] = Field(examples=[["PDF/A is not validated: the claim was read."]])
    """What the diagnosis says nothing about. It is no proof of conformity."""


def diagnosis(found: Diagnosis, language: Language, kept_at: Micros | None = None) -> dict[str, Any]:
    """A diagnosis in that language, and since when it is kept."""
    return {
        "kept_at": iso(kept_at),
        "worst": found.worst,
        "counts": {level.value: found.count(level) for level in FindingLevel},
        "findings": [_finding(one, language) for one in found.findings],
        "documents": [_document(one) for one in found.documents],
        "not_checked": [one.in_language(language) for one in found.not_checked],
    }


def _finding(one: Finding, language: Language) -> dict[str, Any]:
    return {
        "code": one.kind.code,
        "level": one.level,
        "document": one.document,
        "where": one.where,
        "detail": one.kind.detail.in_language(language),
        "seen": one.seen,
        "expected": None if one.expected is None else one.expected.in_language(language),
        "reference": one.kind.source,
        "requirements": list(one.kind.requirements),
    }


def _document(one: Summary) -> dict[str, Any]:
    return {"document": one.document, "kind": one.kind, "facts": one.facts}
