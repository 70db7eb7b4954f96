"""What METADATA.XML is judged by: its tables, the files that it names, and the documents that these are (ref: ihe-iti#4.3.1, ans-cda#xdm).

| attribute                          | is missing                                | differs from the document   |
|------------------------------------|-------------------------------------------|-----------------------------|
| required (hash, size, URI, …)      | error                                     | error                       |
| required if known                  | warning where the document tells it, else info | warning; patient, type: error |
| as the national stylesheet has it  | known deviation                           | -                           |

An entry of which neither hash nor identifier fit its file describes another one: that alone is told then.
"""

import hashlib
import re
from collections.abc import Sequence
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import unquote

from mss_sim.documents import archive_kinds, xml
from mss_sim.documents import metadata_kinds as kinds
from mss_sim.documents.archive import Archive
from mss_sim.documents.cda import Cda
from mss_sim.documents.cda_rules import read_cda
from mss_sim.documents.entry_rules import compare
from mss_sim.documents.findings import Notes
from mss_sim.documents.metadata import HAS_MEMBER, REPLACES, Metadata, RegistryObject, patient_of, read_metadata
from mss_sim.documents.practice import Practice
from mss_sim.mail.parse import fold
from mss_sim.vocabulary.documents import METADATA_NAME, Scheme
from mss_sim.words.sentence import say

_SHA1 = re.compile(r"[0-9A-Fa-f]{40}\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{27}=\Z")
_MAY_HOLD_PATIENT = frozenset({Scheme.ENTRY_ID, Scheme.SET_ID, "urn:uuid:"})
"""The schemes under which the national stylesheet puts a patient, besides that of a patient."""
_OLD_TYPE = "INS-C"
_SET_REQUIRED = (("sourceId", Scheme.SET_SOURCE), ("uniqueId", Scheme.SET_ID))


class Entry(NamedTuple):
    """An entry with the path of its file; `cda` where that is one."""

    path: str | None
    cda: Cda | None


def check_set(archive: Archive, folder: str, practice: Practice, notes: Notes) -> list[Entry]:
    """Judge the metadata of one folder, and the documents that they name; empty when they cannot be read."""
    path = archive.at(f"{folder}/{METADATA_NAME}")
    if path is None or path not in archive.files:
        return []
    document = archive.place(path)
    root = xml.read(archive.files[path], document, practice, notes)
    if root is None:
        return []
    metadata = read_metadata(root)
    if metadata is None:
        notes.add(kinds.NOT_METADATA, document, seen=root.tag, expected="SubmitObjectsRequest")
        return []
    _check_submission(metadata, document, notes)
    if len(metadata.entries) > practice.entries_max:
        notes.unchecked(say("METADATA.XML has more entries than are looked at."))
    entries = metadata.entries[: practice.entries_max]
    found = [_check_entry(one, archive, path, practice, notes) for one in entries]
    for entry, made in zip(entries, found, strict=True):
        _check_associations(metadata, entry, made.cda, document, notes)
    return found


def _check_submission(metadata: Metadata, document: str, notes: Notes) -> None:
    if len(metadata.sets) != 1:
        notes.add(kinds.SUBMISSION_SETS, document, "RegistryPackage", seen=len(metadata.sets), expected=1)
    if not metadata.entries:
        notes.add(kinds.NO_ENTRY, document, "ExtrinsicObject")
    if metadata.sets:
        known = any(entry.patients() for entry in metadata.entries)
        _check_one_set(metadata.sets[0], document, notes, patient_known=known)
        _check_patient_of_set(metadata.sets[0], metadata.entries, document, notes)
        if not metadata.has_node:
            notes.add(kinds.NO_NODE, document, "RegistryPackage/Classification")
    for objects, patient in ((metadata.sets, Scheme.SET_PATIENT), (metadata.entries, Scheme.ENTRY_PATIENT)):
        for one in objects:
            _tell_deviations(one, patient, document, notes)


def _check_one_set(one: RegistryObject, document: str, notes: Notes, *, patient_known: bool) -> None:
    if not one.slot("submissionTime"):
        notes.add(kinds.REQUIRED_MISSING, document, "RegistryPackage/submissionTime")
    for name, scheme in _SET_REQUIRED:
        if not one.identifier(scheme):
            notes.add(kinds.REQUIRED_MISSING, document, f"RegistryPackage/{name}")
    if not one.patients():
        notes.add(kinds.KNOWN_MISSING if patient_known else kinds.UNKNOWN_MISSING, document, "RegistryPackage/patientId")
    if one.code(Scheme.SET_CONTENT_TYPE) is None:
        notes.add(kinds.UNKNOWN_MISSING, document, "RegistryPackage/contentTypeCode")
    if not one.authors:
        notes.add(kinds.UNKNOWN_MISSING, document, "RegistryPackage/author")


def _check_patient_of_set(one: RegistryObject, entries: Sequence[RegistryObject], document: str, notes: Notes) -> None:
    """That the patient of the set is one of its documents; which of them it is, each entry tells."""
    own, theirs = _patients_of([one]), _patients_of(entries)
    if own and theirs and own[0] not in theirs:
        notes.add(kinds.PATIENT_DIFFERS, document, "RegistryPackage/patientId", seen=own[0], expected=theirs[0])


def _patients_of(objects: Sequence[RegistryObject]) -> list[str]:
    found = (patient_of(text) for one in objects for text in one.patients())
    return [str(patient.number) for patient in found if patient is not None]


def _tell_deviations(one: RegistryObject, patient_scheme: Scheme, document: str, notes: Notes) -> None:
    if one.lower_case:
        notes.add(kinds.LOWER_CLASSIFICATION, document, one.id)
    if "urn:uuid:" in one.identifiers:
        notes.add(kinds.BARE_SCHEME, document, one.id)
    if "SourcePatientInfo" in one.slots:
        notes.add(kinds.CAPITAL_SLOT, document, one.id)
    for scheme in (Scheme.ENTRY_ID, Scheme.SET_ID):
        if any("^^^" in value for value in one.identifiers.get(scheme, ())):
            notes.add(kinds.PATIENT_UNDER_ID, document, one.id)
    for other in sorted(one.identifiers.keys() - _MAY_HOLD_PATIENT - {patient_scheme}):
        if any("^^^" in value for value in one.identifiers[other]):
            notes.add(kinds.PATIENT_SCHEME, document, f"{one.id}/patientId", seen=other, expected=patient_scheme)
    for text in one.patients():
        patient = patient_of(text)
        if patient is None:
            notes.add(kinds.PATIENT_FORM, document, f"{one.id}/patientId", seen=text)
        elif patient.type == _OLD_TYPE:
            notes.add(kinds.OLD_PATIENT_TYPE, document, f"{one.id}/patientId", seen=text)


def _check_entry(entry: RegistryObject, archive: Archive, path: str, practice: Practice, notes: Notes) -> Entry:
    document = archive.place(path)
    for name in ("hash", "size", "URI"):
        if not entry.slot(name):
            notes.add(kinds.REQUIRED_MISSING, document, f"{entry.id}/{name}")
    if entry.mime_type and entry.mime_type != "text/xml":
        notes.add(kinds.MIME_TYPE, document, f"{entry.id}/@mimeType", seen=entry.mime_type, expected="text/xml")
    if not entry.slot("URI"):
        return Entry(None, None)
    target = _target(entry, archive, path, notes)
    if target is None or target not in archive.files:
        return Entry(target, None)
    octets = archive.files[target]
    if target not in archive.documents:  # entries that name one file have it read once
        archive.documents[target] = read_cda(octets, archive.place(target), practice, notes)
    cda = archive.documents[target]
    fits = _check_octets(entry, octets, cda, document, notes)
    if cda is not None and fits:
        compare(entry, cda, document, notes)
    return Entry(target, cda)


def _target(entry: RegistryObject, archive: Archive, path: str, notes: Notes) -> str | None:
    """The path of the file that the URI of an entry leads to, or None with a finding."""
    document, uri = archive.place(path), entry.slot("URI")
    where = f"{entry.id}/URI"
    if "\\" in uri or "\x00" in uri or uri.startswith("/") or ":" in uri:
        notes.add(kinds.URI_OUTSIDE, document, where, seen=uri)
        return None
    for spelling in dict.fromkeys((uri, unquote(uri))):
        target = normpath(f"{path.rpartition('/')[0]}/{spelling}")
        if target == ".." or target.startswith("../"):
            notes.add(kinds.URI_OUTSIDE, document, where, seen=uri)
            return None
        if target in archive.files or target in archive.unread:
            return target
    target = normpath(f"{path.rpartition('/')[0]}/{unquote(uri)}")
    near = archive.at(target)
    notes.add(kinds.URI_CASE if near else kinds.URI_NOWHERE, document, where, seen=uri, expected=near)
    return near


def _check_octets(entry: RegistryObject, octets: bytes, cda: Cda | None, document: str, notes: Notes) -> bool:
    """Whether the entry describes these octets at all: hash or identifier fit."""
    digest = hashlib.sha1(octets, usedforsecurity=False).hexdigest()  # the metadata standard says SHA-1
    told, size = entry.slot("hash"), entry.slot("size")
    identifier = entry.identifier(Scheme.ENTRY_ID)
    known = cda is not None and identifier == str(cda.id)
    if told and told.lower() != digest and identifier and cda is not None and not known and "^^^" not in identifier:
        notes.add(kinds.OTHER_DOCUMENT, document, entry.id, seen=identifier, expected=str(cda.id))
        return False
    if _BASE64.match(told):
        notes.add(kinds.HASH_NOT_HEXADECIMAL, document, f"{entry.id}/hash", seen=told, expected=digest)
    elif told and told.lower() != digest:
        kind = kinds.HASH_MISMATCH if _SHA1.match(told) else kinds.HASH_NOT_HEXADECIMAL
        notes.add(kind, document, f"{entry.id}/hash", seen=told, expected=digest)
    if size and size != str(len(octets)):
        notes.add(kinds.SIZE_MISMATCH, document, f"{entry.id}/size", seen=size, expected=str(len(octets)))
    return True


def _check_associations(metadata: Metadata, entry: RegistryObject, cda: Cda | None, document: str, notes: Notes) -> None:
    ties = [one for one in metadata.associations if entry.id in (one.source, one.target)]
    if not any(one.type == HAS_MEMBER and one.target == entry.id for one in ties):
        notes.add(kinds.NO_ASSOCIATION, document, entry.id)
    if ties and cda is not None and cda.replaces and not any(one.type == REPLACES and one.source == entry.id for one in ties):
        notes.add(kinds.KNOWN_MISSING, document, f"{entry.id}/Association", expected=str(cda.replaces[0]))
    for one in ties:
        if one.type == REPLACES and one.source == entry.id and cda is not None and one.target not in {str(id_) for id_ in cda.replaces}:
            known = str(cda.replaces[0]) if cda.replaces else say("no document, as the CDA has it")
            notes.add(kinds.REPLACES_UNKNOWN, document, f"{entry.id}/Association", seen=one.target, expected=known)


def tell_ignored(archive: Archive, entries: list[Entry], notes: Notes) -> None:
    """Files below IHE_XDM that no entry names."""
    named = {entry.path for entry in entries}
    for path in archive.paths():
        if "/" in path and path not in named and not path.upper().endswith(f"/{METADATA_NAME}"):
            notes.add(archive_kinds.IGNORED_FILE, archive.place(path))


def several_patients(archive: Archive, entries: list[Entry], notes: Notes) -> None:
    """Documents of more than one patient in one archive: by their INS; by name and birth date where one of them has none."""
    cdas = [entry.cda for entry in entries if entry.cda is not None]
    told = sorted({str(cda.ins) for cda in cdas if cda.ins is not None})
    if len(told) < 2 and not all(cda.ins for cda in cdas):
        people = {(" ".join(fold(cda.birth_name).replace("-", " ").split()), cda.birth_date): cda for cda in cdas}
        told = sorted(f"{cda.birth_name} {cda.birth_date}" for (name, born), cda in people.items() if name and born)
    if len(told) > 1:
        notes.add(archive_kinds.SEVERAL_PATIENTS, archive.name, seen=", ".join(told), expected=1)
