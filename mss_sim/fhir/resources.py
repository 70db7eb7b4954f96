"""The resources of the directory as FHIR R4 JSON, in the shape in which the national server emits them (ref: ans-annuaire).

| what the world knows                   | where it stands                                                                |
|----------------------------------------|--------------------------------------------------------------------------------|
| number of a person                     | Practitioner.identifier, national and RPPS                                     |
| title: Dr, Pr; M., Mme                 | name.suffix; name.prefix                                                       |
| profession in words                    | qualification, as codes where the words are known                              |
| structure of a person                  | PractitionerRole.organization: a reference, or an identifier where it is not here |
| sector, place of an organisation       | Organization.type, Organization.address                                        |
| mailbox of kind PER, CAB               | telecom of the Practitioner, or of the PractitionerRole                        |
| mailbox of kind ORG, APP               | telecom of the Organization                                                    |

What is not active is a skeleton: identifiers, `active`, and the name of an organisation.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from mss_sim.clock import Micros, to_datetime
from mss_sim.fhir import entries
from mss_sim.fhir.entries import Entry, PublishedMailbox, resource_id
from mss_sim.vocabulary.directory import SOURCE, Canonical, DirectoryProfile, ResourceType, System
from mss_sim.vocabulary.mailboxes import MailboxKind
from mss_sim.vocabulary.professions import specialty_of

Json = dict[str, Any]
_PROFILES = {
    ResourceType.PRACTITIONER: (Canonical.CORE_PRACTITIONER, Canonical.PRACTITIONER),
    ResourceType.PRACTITIONER_ROLE: (Canonical.CORE_PRACTITIONER_ROLE, Canonical.PRACTITIONER_ROLE),
    ResourceType.ORGANIZATION: (Canonical.CORE_ORGANIZATION, Canonical.ORGANIZATION),
}
_RESTRICTED = {
    ResourceType.PRACTITIONER: (Canonical.CORE_PRACTITIONER, Canonical.RESTRICTED_PRACTITIONER),
    ResourceType.PRACTITIONER_ROLE: (Canonical.CORE_PRACTITIONER_ROLE, Canonical.RESTRICTED_PRACTITIONER_ROLE),
    ResourceType.ORGANIZATION: (Canonical.CORE_ORGANIZATION, Canonical.RESTRICTED_ORGANIZATION),
}
_SUFFIXES = {"dr": "DR", "pr": "PR"}
_PREFIXES = {"m": "M", "mme": "MME", "mlle": "MLLE"}
_SLICES = {System.ORGANIZATION_TYPE: "organizationType", System.SECTOR: "secteurActiviteRASS"}
_ALWAYS = ("resourceType", "id", "meta", "language", "identifier", "active")
_SUBSETTED = {"system": System.OBSERVATION_VALUE, "code": "SUBSETTED"}


@lru_cache(maxsize=4_096)
def instant(at: Micros) -> str:
    """An instant of FHIR, in UTC, with milliseconds."""
    return to_datetime(at).isoformat(timespec="milliseconds")


def resource(type_: ResourceType, entry: Entry, structure_id: int | None, profile: DirectoryProfile, *, restricted: bool = False) -> Json:
    """One resource of an entry. `structure_id`: the identity of the structure where a person works; None where the directory has it not.

    `restricted`: in the profile of the data that are not for everybody.
    """
    profiles = (_RESTRICTED if restricted else _PROFILES)[type_]
    meta = {"lastUpdated": instant(entry.changed_at), "source": SOURCE, "profile": list(profiles)}
    head = {"resourceType": type_, "id": resource_id(type_, entry.id), "meta": meta, "language": "fr"}
    identified = {**head, "identifier": _IDENTIFIERS[type_](entry), "active": entry.active}
    if not identified["identifier"]:
        del identified["identifier"]
    if not entry.active:
        if type_ is ResourceType.ORGANIZATION:
            return {**identified, "name": entry.family}
        return {**identified, **_practitioner_of(entry)} if type_ is ResourceType.PRACTITIONER_ROLE else identified
    match type_:
        case ResourceType.PRACTITIONER:
            content = _practitioner(entry)
        case ResourceType.PRACTITIONER_ROLE:
            content = _role(entry, structure_id)
        case _:
            content = _organization(entry)
    telecom = [_telecom(box, profile) for box in entry.published(type_)]
    return _filled({**identified, **content, "telecom": telecom})


def only(resource_: Json, elements: Iterable[str]) -> Json:
    """A resource with these elements alone, and those that always stay; it is tagged as incomplete (ref: ans-annuaire)."""
    kept = {name: value for name, value in resource_.items() if name in (*_ALWAYS, *elements)}
    return {**kept, "meta": {**resource_["meta"], "tag": [_SUBSETTED]}}


def _filled(resource_: Json) -> Json:
    return {name: value for name, value in resource_.items() if value not in ("", [], {})}


@lru_cache(maxsize=4_096)
def _coding(system: System, code: str) -> Json:
    """A code, one value for all that have it: nobody changes it."""
    return {"coding": [{"system": system, "code": code}]}


def _identifier(kind: str, system: System, value: str) -> Json:
    return {"use": "official", "type": _coding(System.IDENTIFIER_TYPE, kind), "system": system, "value": value}


def _of_person(entry: Entry) -> list[Json]:
    rpps = entries.rpps_of(entry.idnat)
    found = [_identifier("IDNPS", System.IDNPS, entry.idnat)]
    return [*found, _identifier("RPPS", System.RPPS, rpps)] if rpps else found


def _of_role(entry: Entry) -> list[Json]:
    number = entries.activity_of(entry.idnat)
    return [{"system": System.RPPS, "value": number}] if number else []


def _of_organization(entry: Entry) -> list[Json]:
    return [_identifier(*one) for one in entries.structure_identifiers(entry.idnat)]


_IDENTIFIERS: dict[ResourceType, Callable[[Entry], list[Json]]] = {
    ResourceType.PRACTITIONER: _of_person,
    ResourceType.PRACTITIONER_ROLE: _of_role,
    ResourceType.ORGANIZATION: _of_organization,
}


def _practitioner(entry: Entry) -> Json:
    word = entry.title.lower().rstrip(".")
    prefix, suffix = _PREFIXES.get(word), _SUFFIXES.get(word)
    name = _filled(
        {
            "family": entry.family,
            "given": [entry.given] if entry.given else [],
            "prefix": [prefix] if prefix else [],
            "suffix": [suffix] if suffix else [],
        }
    )
    return {
        "name": [name] if name else [],
        "telecom": [],
        "qualification": _qualifications(entry.profession, tuple(entries.codes_of(entry))),
    }


@lru_cache(maxsize=4_096)
def _qualifications(profession: str, codes_: tuple[tuple[System, str], ...]) -> list[Json]:
    """What somebody exercises, and what they know (savoir-faire): one value for all who have it."""
    codes = [{"system": system, "code": code} for system, code in codes_]
    specialty = specialty_of(profession)
    exercise = [one for one in codes if one["system"] != System.SPECIALTY]
    known = [{"system": System.SPECIALTY, "code": specialty.code, "display": specialty.label}] if specialty and exercise else []
    return [{"code": {"coding": group}} for group in (exercise, known) if group]


def _practitioner_of(entry: Entry) -> Json:
    return {"practitioner": {"reference": f"{ResourceType.PRACTITIONER}/{resource_id(ResourceType.PRACTITIONER, entry.id)}"}}


def _role(entry: Entry, structure_id: int | None) -> Json:
    organization: Json = {"identifier": {"system": System.IDNST, "value": entry.structure}}
    if structure_id is not None:
        organization = {"reference": f"{ResourceType.ORGANIZATION}/{resource_id(ResourceType.ORGANIZATION, structure_id)}"}
    code = [_coding(system, code) for system, code in entries.role_codes_of(entry)]
    return {**_practitioner_of(entry), "organization": organization, "code": code}


def _organization(entry: Entry) -> Json:
    types = [{"extension": [_type_slice(system)], **_coding(system, code)} for system, code in entries.codes_of(entry)]
    line = [entry.line] if entry.line else []
    address = _filled({"line": line, "city": entry.city, "postalCode": entry.postal_code})
    return {"type": types, "name": entry.family, "telecom": [], "address": [address] if address else []}


def _type_slice(system: System) -> Json:
    return {"url": Canonical.ORGANIZATION_TYPES, "valueCode": _SLICES[system]}


@lru_cache(maxsize=16)
def _kind(kind: str) -> Json:
    return {"url": "type", "valueCodeableConcept": _coding(System.MAILBOX_KIND, kind)}


_EMAIL_TYPE = {"url": Canonical.EMAIL_TYPE, "valueCoding": {"system": System.MESSAGING, "code": "MSSANTE"}}
_DIGITIZATION = ({"url": "digitization", "valueBoolean": True},)


def _telecom(box: PublishedMailbox, profile: DirectoryProfile) -> Json:
    """A mailbox, with its kind (ref: ans-annuaire)."""
    kind = _kind(box.kind)
    service = "" if box.kind == MailboxKind.PER else box.label
    texts = [{"url": name, "valueString": text} for name, text in (("description", box.description), ("service", service)) if text]
    digitization = _DIGITIZATION if profile is DirectoryProfile.LIVE_V2 else ()
    hidden: list[Json] = [{"url": "responsible", "valueString": box.responsible}] if box.responsible else []
    if box.red_listed is not None:
        hidden.append({"url": "listeRouge", "valueBoolean": box.red_listed})
    shown: Json = {
        "extension": [
            _EMAIL_TYPE,
            {"extension": [kind, *texts, *digitization, *hidden], "url": Canonical.MAILBOX_METADATA},
        ],
        "system": "email",
        "value": box.address,
    }
    return shown if box.rank is None else {**shown, "rank": box.rank}
