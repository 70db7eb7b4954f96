"""METADATA.XML written for documents that are there already: hash and size are those of their octets (ref: ihe-iti#4.3.1, ans-cda#xdm)."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from mss_sim.documents.making.paper import Author, Paper
from mss_sim.documents.metadata import HAS_MEMBER, LCM, REPLACES, RIM
from mss_sim.vocabulary.documents import Root, Scheme

_SOURCE = "1.2.250.1.999.2"
"""Who sends: an arc of ours, where a product has its own."""
_CONTENT_TYPE = ("04", "1.2.250.1.213.2.2")
_CLASSES, _FORMATS = "1.2.250.1.213.1.1.4.1", "1.2.250.1.213.1.1.4.2.282"
_SET = "SubmissionSet01"


class Member(NamedTuple):
    """A document of the set: its paper, its octets, and where they lie, seen from METADATA.XML."""

    paper: Paper
    octets: bytes
    uri: str


def write_metadata(members: Sequence[Member]) -> bytes:
    """The metadata of one submission set."""
    return ("\n".join(_lines(members)) + "\n").encode()


def _lines(members: Sequence[Member]) -> Iterator[str]:
    first = members[0].paper
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<SubmitObjectsRequest xmlns="{LCM}" xmlns:rim="{RIM}">'
    yield f'<rim:RegistryObjectList><rim:RegistryPackage id="{_SET}">'
    yield _slot("submissionTime", _utc(first.at))
    yield _name(first.title)
    yield from _author(first.author, Scheme.SET_AUTHOR, _SET, "01")
    yield _code(_SET, Scheme.SET_CONTENT_TYPE, *_CONTENT_TYPE, _CONTENT_TYPE[0], "02")
    if first.patient.number:
        yield _identifier(_SET, Scheme.SET_PATIENT, first.patient.metadata_number, "03")
    yield _identifier(_SET, Scheme.SET_SOURCE, _SOURCE, "04")
    yield _identifier(_SET, Scheme.SET_ID, f"{first.set_id}.{first.version}", "05")
    yield "</rim:RegistryPackage>"
    yield f'<rim:Classification id="{_SET}node" classifiedObject="{_SET}" classificationNode="{Scheme.SET_NODE}"/>'
    for number, member in enumerate(members, 1):
        yield from _entry(f"Document{number:02}", member)
    yield "</rim:RegistryObjectList></SubmitObjectsRequest>"


def _entry(id_: str, member: Member) -> Iterator[str]:
    paper, patient = member.paper, member.paper.patient
    yield f'<rim:ExtrinsicObject id="{id_}" mimeType="text/xml" objectType="{Scheme.ENTRY_TYPE}">'
    yield _slot("creationTime", _utc(paper.at))
    yield _slot("hash", hashlib.sha1(member.octets, usedforsecurity=False).hexdigest())  # the metadata standard says SHA-1
    yield _slot("size", str(len(member.octets)))
    yield _slot("URI", member.uri)
    yield _slot("languageCode", "fr-FR")
    author = paper.author
    yield _slot("legalAuthenticator", f"{author.number}^{author.family}^{author.given}^^^^^^&{Root.PROFESSIONALS}&ISO^D^^^IDNPS")
    yield _slot("serviceStartTime", _utc(paper.at))
    yield _slot("sourcePatientId", "IPP-1^^^&1.2.250.1.999.1&ISO^PI")
    sex = {"UN": "U"}.get(patient.sex, patient.sex)
    name = f"PID-5|{patient.birth_name}^{patient.first_given}^^^^^L"
    yield _slot("sourcePatientInfo", name, *([f"PID-7|{patient.born}"] if patient.born else []), f"PID-8|{sex}")
    yield _name(paper.title)
    yield from _author(author, Scheme.ENTRY_AUTHOR, id_, "01")
    class_code, class_name = paper.class_code
    yield _code(id_, Scheme.CLASS, class_code, _CLASSES, class_name, "02")
    yield _code(id_, Scheme.TYPE, paper.type, paper.type_system, paper.type_name, "03")
    yield _code(id_, Scheme.CONFIDENTIALITY, "N", Root.CONFIDENTIALITY, "Normal", "04")
    yield _code(id_, Scheme.FORMAT, paper.format_code, _FORMATS, paper.format_code, "05")
    yield _code(id_, Scheme.FACILITY, "SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel", "06")
    yield _code(id_, Scheme.PRACTICE, "AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire", "07")
    if patient.number:
        yield _identifier(id_, Scheme.ENTRY_PATIENT, patient.metadata_number, "08")
    yield _identifier(id_, Scheme.ENTRY_ID, paper.id, "09")
    yield "</rim:ExtrinsicObject>"
    status = _slot("SubmissionSetStatus", "Original")
    yield _association(f"{id_}member", HAS_MEMBER, _SET, id_, status)
    if paper.replaces:
        yield _association(f"{id_}replaces", REPLACES, id_, paper.replaces, "")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _slot(name: str, *values: str) -> str:
    inside = "".join(f"<rim:Value>{escape(value)}</rim:Value>" for value in values)
    return f'<rim:Slot name="{name}"><rim:ValueList>{inside}</rim:ValueList></rim:Slot>'


def _name(text: str) -> str:
    return f'<rim:Name><rim:LocalizedString xml:lang="fr" charset="UTF-8" value={quoteattr(text)}/></rim:Name>'


def _author(author: Author, scheme: Scheme, of: str, number: str) -> Iterator[str]:
    yield f'<rim:Classification id="{of}c{number}" classificationScheme="{scheme}" classifiedObject="{of}" nodeRepresentation="">'
    yield _slot("authorPerson", f"{author.number}^{author.family}^{author.given}^^^^^^&{Root.PROFESSIONALS}&ISO^D^^^IDNPS")
    yield _slot("authorInstitution", f"{author.organisation}^^^^^&{Root.ORGANISATIONS}&ISO^IDNST^^^{author.organisation_number}")
    yield _slot("authorSpecialty", "G15_10^Médecin^1.2.250.1.213.1.1.4.5")
    yield "</rim:Classification>"


def _code(of: str, scheme: Scheme, code: str, system: str, name: str, number: str) -> str:
    head = f'<rim:Classification id="{of}c{number}" classificationScheme="{scheme}" classifiedObject="{of}"'
    return f"{head} nodeRepresentation={quoteattr(code)}>{_slot('codingScheme', system)}{_name(name)}</rim:Classification>"


def _identifier(of: str, scheme: Scheme, value: str, number: str) -> str:
    head = f'<rim:ExternalIdentifier id="{of}i{number}" registryObject="{of}" identificationScheme="{scheme}"'
    return f"{head} value={quoteattr(value)}>{_name(scheme.name)}</rim:ExternalIdentifier>"


def _association(id_: str, kind: str, source: str, target: str, inside: str) -> str:
    head = f'<rim:Association id="{id_}" associationType="{kind}" sourceObject="{source}" targetObject="{target}"'
    return f"{head}>{inside}</rim:Association>"
