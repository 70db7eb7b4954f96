"""Bundles, outcomes and the statement of what the server can do, as FHIR R4 JSON (ref: ans-annuaire)."""

from collections.abc import Iterable
from typing import Any

from mss_sim.fhir.parameters import INCLUDES, PARAMETERS, REVINCLUDES
from mss_sim.fhir.resources import Json
from mss_sim.vocabulary.directory import Canonical, ResourceType

_STATEMENT = "https://interop.esante.gouv.fr/ig/fhir/annuaire/CapabilityStatement/AsServerDPCapabilityStatement"
WRITTEN = (ResourceType.PRACTITIONER, ResourceType.PRACTITIONER_ROLE, ResourceType.ORGANIZATION)
"""What operators write to."""
_PROFILES = {
    ResourceType.PRACTITIONER: Canonical.PRACTITIONER,
    ResourceType.PRACTITIONER_ROLE: Canonical.PRACTITIONER_ROLE,
    ResourceType.ORGANIZATION: Canonical.ORGANIZATION,
    ResourceType.HEALTHCARE_SERVICE: Canonical.HEALTHCARE_SERVICE,
    ResourceType.DEVICE: Canonical.DEVICE,
}


def bundle(id_: str, total: int | None, entries: Iterable[Any], self_url: str, next_url: str | None) -> Json:
    """A page of a search, its keys in the order of the national server's: no mode tells matches from what is included.

    `entries` are those that `entry` makes, or the same written already.
    """
    found: Json = {"resourceType": "Bundle", "type": "searchset", "id": id_}
    if total is not None:
        found["total"] = total
    listed = list(entries)
    if listed:  # an empty array is none in FHIR
        found["entry"] = listed
    following = [{"relation": "next", "url": next_url}] if next_url else []
    found["link"] = [*following, {"relation": "self", "url": self_url}]
    return found


def entry(base: str, resource: Json) -> Json:
    """A resource as it stands on a page."""
    return {"fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}", "resource": resource}


def outcome(code: str, diagnostics: str) -> Json:
    """An OperationOutcome of one error."""
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code, "diagnostics": diagnostics}]}


def informed(notes: Iterable[str]) -> Json:
    """An OperationOutcome of what was done, and of what is to be said of it."""
    told = list(notes) or ["OK"]
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "information", "code": "informational", "diagnostics": one} for one in told],
    }


def write_statement(base: str, version: str, date: str) -> Json:
    """What operators can do: PATCH, by id or by an identifier (ref: ans-ig-mss)."""
    read = capability_statement(base, version, date)
    conditional = {"url": Canonical.CONDITIONAL_PATCH, "valueBoolean": True}
    written = [
        {
            "extension": [conditional],
            "type": type_,
            "interaction": [{"code": "patch"}],
            "searchParam": [{"name": "identifier", "type": "token"}],
        }
        for type_ in WRITTEN
    ]
    del read["id"], read["url"]
    return {**read, "rest": [{"mode": "server", "resource": written}]}


def capability_statement(base: str, version: str, date: str) -> Json:
    """What can be searched for, from the tables by which searches are read."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "AsServerDPCapabilityStatement",
        "url": _STATEMENT,
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "mss-sim", "version": version},
        "implementation": {"description": "mss-sim, fictional people only", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": [_capabilities(type_) for type_ in ResourceType]}],
    }


def _capabilities(type_: ResourceType) -> Json:
    includes = [f"{type_}:{name}" for name in INCLUDES[type_]]
    found: Json = {
        "type": type_,
        "profile": _PROFILES[type_],
        "interaction": [{"code": "search-type"}, {"code": "read"}],
        "searchInclude": ["*", *includes] if includes else [],
        "searchRevInclude": list(REVINCLUDES[type_]),
        "searchParam": [_parameter(name, kind.name) for name, kind in sorted(PARAMETERS[type_].items())],
    }
    return {name: value for name, value in found.items() if value}


def _parameter(name: str, kind: str) -> Json:
    return {"name": name, "type": kind.lower()}
