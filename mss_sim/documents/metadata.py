"""METADATA.XML read: submission set, entries and associations, as they are written (ref: ihe-iti#4.3.1).

Elements are found by their local names, whatever their case and prefix: what the national stylesheet writes otherwise than the standard is
told as a known deviation (`metadata_rules`), and read all the same.
"""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mss_sim.documents.cda import Code, Number
from mss_sim.vocabulary.documents import Scheme

if TYPE_CHECKING:
    from lxml.etree import _Element

LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
REPLACES = "urn:ihe:iti:2007:AssociationType:RPLC"
_PATIENT = re.compile(r"([^\s^&]{1,64})\^\^\^&([0-9.]{1,64})&ISO(?:\^([A-Z-]{1,10}))?\Z")


class Patient(NamedTuple):
    """A number of a patient as metadata write it (CX): `type` is NH for an INS, INS-C for the old one, PI for a local one."""

    number: Number
    type: str


@dataclass(slots=True)
class RegistryObject:
    """A submission set or an entry. Slots by their names, codes and identifiers by their schemes; `raw` ones as they are written."""

    id: str
    mime_type: str = ""
    title: str = ""
    slots: dict[str, list[str]] = field(default_factory=dict)
    codes: dict[str, list[Code]] = field(default_factory=dict)
    authors: list[dict[str, list[str]]] = field(default_factory=list)
    identifiers: dict[str, list[str]] = field(default_factory=dict)
    lower_case: bool = False

    def slot(self, name: str) -> str:
        """The first value of a slot; empty where there is none."""
        return next(iter(self.slots.get(name, ())), "")

    def identifier(self, scheme: Scheme) -> str:
        """The first identifier of a scheme; empty where there is none."""
        return next(iter(self.identifiers.get(scheme, ())), "")

    def code(self, scheme: Scheme) -> Code | None:
        """The first code of a scheme."""
        return next(iter(self.codes.get(scheme, ())), None)

    def patients(self) -> list[str]:
        """Whatever is written in the form of a patient's number, under whatever scheme."""
        return [value for values in self.identifiers.values() for value in values if "^^^" in value]


class Association(NamedTuple):
    """What ties two objects."""

    type: str
    source: str
    target: str


@dataclass(slots=True)
class Metadata:
    """All of one METADATA.XML."""

    sets: list[RegistryObject] = field(default_factory=list)
    entries: list[RegistryObject] = field(default_factory=list)
    associations: list[Association] = field(default_factory=list)
    has_node: bool = False


def patient_of(text: str) -> Patient | None:
    """A patient's number in the form of metadata; None for anything else."""
    found = _PATIENT.match(text.strip())
    return Patient(Number(found[2], found[1]), found[3] or "") if found else None


def read_metadata(root: "_Element") -> Metadata | None:
    """The content of a document whose first element this is; None when it is no submission."""
    if _name(root) != "SubmitObjectsRequest":
        return None
    lists = [child for child in root.iterchildren() if _name(child) == "RegistryObjectList"]
    if not lists:
        return None
    metadata = Metadata()
    for element in lists[0].iterchildren():
        name = _name(element)
        if name == "RegistryPackage":
            metadata.sets.append(_object(element))
        elif name == "ExtrinsicObject":
            metadata.entries.append(_object(element))
        elif name == "Association":
            metadata.associations.append(_association(element))
        elif name.lower() == "classification":
            metadata.has_node |= element.get("classificationNode") == Scheme.SET_NODE
    metadata.has_node |= any(Scheme.SET_NODE in one.codes for one in metadata.sets)
    return metadata


def _name(element: "_Element") -> str:
    return str(element.tag).rpartition("}")[2]


def _object(element: "_Element") -> RegistryObject:
    made = RegistryObject((element.get("id") or "").strip(), (element.get("mimeType") or "").strip())
    for child in element.iterchildren():
        name = _name(child)
        if name == "Slot":
            made.slots.setdefault((child.get("name") or "").strip(), []).extend(_values(child))
        elif name == "Name":
            made.title = made.title or _localized(child)
        elif name.lower() == "classification":
            made.lower_case |= name != "Classification"
            _classify(child, made)
        elif name == "ExternalIdentifier":
            scheme = (child.get("identificationScheme") or "").strip().lower()
            made.identifiers.setdefault(scheme, []).append((child.get("value") or "").strip())
    return made


def _classify(element: "_Element", made: RegistryObject) -> None:
    slots: dict[str, list[str]] = {}
    title = ""
    for child in element.iterchildren():
        if _name(child) == "Slot":
            slots.setdefault((child.get("name") or "").strip(), []).extend(_values(child))
        elif _name(child) == "Name":
            title = _localized(child)
    scheme = (element.get("classificationScheme") or element.get("classificationNode") or "").strip().lower()
    if scheme in (Scheme.SET_AUTHOR, Scheme.ENTRY_AUTHOR):
        made.authors.append(slots)
        return
    system = next(iter(slots.get("codingScheme", ())), "")
    made.codes.setdefault(scheme, []).append(Code((element.get("nodeRepresentation") or "").strip(), system, title))


def _values(slot: "_Element") -> list[str]:
    return [" ".join((one.text or "").split()) for one in slot.iter("{*}Value")]


def _localized(element: "_Element") -> str:
    found = next(element.iter("{*}LocalizedString"), None)
    return "" if found is None else (found.get("value") or "").strip()


def _association(element: "_Element") -> Association:
    kind, source, target = ((element.get(name) or "").strip() for name in ("associationType", "sourceObject", "targetObject"))
    return Association(kind, source, target)
