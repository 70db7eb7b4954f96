"""What a CDA is judged by: its header, element by element, and the identity in it (ref: ans-cda#header, ans-cda#identity, ans-cda#levels).

The rules are ours in Python: those of the ANS (Schematron) may not be shipped, and change without a number. Users who have them give their
folder (`schematron`). What they would say of a body, of its sections and entries, is not said here.
"""

import re
from typing import TYPE_CHECKING

from mss_sim.documents import cda_kinds as kinds
from mss_sim.documents import value_sets, xml
from mss_sim.documents.cda import HL7, Cda, Number, instant
from mss_sim.documents.findings import Notes
from mss_sim.documents.practice import Practice
from mss_sim.mail.parse import fold
from mss_sim.vocabulary.documents import CdaLevel, DocumentKind, Root, Template
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN
from mss_sim.vocabulary.patients import InsOid
from mss_sim.words.sentence import joined, say

if TYPE_CHECKING:
    from lxml.etree import _Element

_ONCE = ("realmCode", "typeId", "id", "code", "effectiveTime", "confidentialityCode", "languageCode", "versionNumber", "recordTarget",
         "custodian", "legalAuthenticator", "componentOf")  # fmt: skip
_SEVERAL = ("author", "documentationOf")
_ADVISED = ("title", "setId")
_ONCE_AT_MOST = ("dataEnterer", "relatedDocument")
_BIOLOGY = "11502-2"
_DOCUMENT, _STYLESHEET = f"{{{HL7}}}ClinicalDocument", "{http://www.w3.org/1999/XSL/Transform}stylesheet"
_NULLS = frozenset({"UNK", "NASK", "ASKU", "NAV", "MSK"})
_MAY_BE_NULL = "custodian"
_SEXES = ("F", "M", "UN")
_INFORMANTS = ("ECON", "NOK", "CON", "CAREGIVER", "PAT")
_TELECOM = re.compile(r"(?:tel|fax|mailto|https?|ftp|mllp):", re.IGNORECASE)
_TELECOM_USES = frozenset({"H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"})
_TEMPLATES_MIN = 3
_LANGUAGE = re.compile(r"[a-z]{2}-[A-Z]{2}\Z")
_VERSION = re.compile(r"\d{1,9}\Z", re.ASCII)
_PROFESSIONAL = re.compile(r"8\d{11}\Z|[0345-6]\S{8,}\Z", re.ASCII)
_ORGANISATION = re.compile(r"1\d[0-9AB]\d{7}\Z|[02-9]\S{8,}\Z", re.ASCII)
_PROVISIONAL = (InsOid.NIA, InsOid.NIR_TEST, InsOid.NIR_DEMO)
_MAILTO = re.compile(r"mailto:([^@]{1,64})@(.{1,255})\Z", re.IGNORECASE)


def read_cda(octets: bytes, document: str, practice: Practice, notes: Notes) -> Cda | None:
    """The document, judged; None with a finding when it is no CDA."""
    root = xml.read(octets, document, practice, notes)
    if root is None:
        return None
    if root.tag == _STYLESHEET:  # a document that brings the stylesheet which shows it, and lies inside
        root = next(root.iter(_DOCUMENT), root)
    if root.tag != _DOCUMENT:
        notes.add(kinds.NOT_A_CDA, document, seen=root.tag, expected="ClinicalDocument")
        return None
    cda = Cda(document, root)
    _check_header(cda, notes)
    _check_coded(cda, notes)
    _check_people(cda, notes)
    _check_telecoms(cda, notes)
    _check_patient(cda, practice, notes)
    _check_body(cda, notes)
    if practice.schematron is not None:
        notes.cdas.append((document, xml.written(root)))
    number = cda.ins.extension if cda.ins else None
    notes.read(document, DocumentKind.CDA, level=cda.level, type=cda.type.code, title=cda.title, patient=number, id=str(cda.id))
    notes.unchecked(
        say("Of a CDA the header was checked, by rules of ours: neither the models that it names nor its sections and entries.")
    )
    notes.unchecked(say("Codes of professions and functions in a CDA (JDV_J01, JDV_J47) were held against no list."))
    return cda


def _check_header(cda: Cda, notes: Notes) -> None:
    counts: dict[str, int] = {}
    for child in cda.root.iterchildren():
        name = child.tag.rpartition("}")[2]
        counts[name] = counts.get(name, 0) + 1
        if child.get("nullFlavor") is not None and name in (*_ONCE, *_SEVERAL) and name != _MAY_BE_NULL:
            notes.add(kinds.NULL_FORBIDDEN, cda.document, name, seen=child.get("nullFlavor"))
        elif name != "component":
            _check_nulls(child, cda, notes)
    for name in (*_ONCE, *_SEVERAL):
        if not counts.get(name):
            notes.add(kinds.ELEMENT_MISSING, cda.document, name)
    for name in _ADVISED:
        if not counts.get(name):
            notes.add(kinds.ELEMENT_ADVISED, cda.document, name)
    for name in (*_ONCE, *_ADVISED, *_ONCE_AT_MOST):
        if counts.get(name, 0) > 1:
            notes.add(kinds.ELEMENT_TWICE, cda.document, name, seen=counts[name], expected=1)
    if counts.get("copyTime"):
        notes.add(kinds.COPY_TIME, cda.document, "copyTime")
    _check_templates(cda, notes)


def _check_templates(cda: Cda, notes: Notes) -> None:
    templates = {one.get("root") for one in cda.all("templateId")}
    wanted = [Template.FRANCE, Template.CI_SIS, *([Template.NOT_STRUCTURED] if cda.level is CdaLevel.N1 else [])]
    for template in wanted:
        if template not in templates:
            notes.add(kinds.TEMPLATE_MISSING, cda.document, "templateId/@root", expected=template)
    if cda.level is CdaLevel.N3 and templates.issuperset(wanted) and len(templates) < _TEMPLATES_MIN:
        notes.add(kinds.TEMPLATE_OF_CONTENT, cda.document, "templateId", seen=len(templates), expected=say("three, or more"))


def _check_nulls(child: "_Element", cda: Cda, notes: Notes) -> None:
    for element in child.iter():
        flavor = element.get("nullFlavor")
        if flavor is not None and flavor not in _NULLS:
            notes.add(kinds.NULL_FLAVOR, cda.document, element.tag.rpartition("}")[2], seen=flavor, expected=" ".join(sorted(_NULLS)))


def _check_coded(cda: Cda, notes: Notes) -> None:
    """Values of the header that are written in one way. What is not there was told already."""
    document, types = cda.document, value_sets.types()
    for path, attribute, wanted, kind in (
        ("realmCode", "code", "FR", kinds.REALM),
        ("typeId", "extension", "POCD_HD000040", kinds.TYPE_ID),
        ("legalAuthenticator/signatureCode", "code", "S", kinds.SIGNATURE),
    ):
        if cda.one(path) is not None and cda.value(path, attribute) != wanted:
            notes.add(kind, document, f"{path}/@{attribute}", seen=cda.value(path, attribute), expected=wanted)
    for path, attribute, form, kind in (
        ("languageCode", "code", _LANGUAGE, kinds.LANGUAGE),
        ("versionNumber", "value", _VERSION, kinds.VERSION),
    ):
        if cda.one(path) is not None and not form.match(cda.value(path, attribute)):
            notes.add(kind, document, f"{path}/@{attribute}", seen=cda.value(path, attribute))
    if cda.one("effectiveTime") is not None and instant(cda.value("effectiveTime")) is None:
        notes.add(kinds.INSTANT, document, "effectiveTime/@value", seen=cda.value("effectiveTime"))
    if cda.type.code and not (cda.type.name and cda.type.system):
        notes.add(kinds.TYPE_INCOMPLETE, document, "code", seen=cda.type.code)
    elif cda.type.code and types.name(cda.type.code, cda.type.system) is None:
        notes.add(kinds.TYPE_UNKNOWN, document, "code", seen=f"{cda.type.code} ({cda.type.system})", expected=_list(types))
    elif cda.type.code and types.name(cda.type.code, cda.type.system) != cda.type.name:
        notes.add(kinds.TYPE_NAME, document, "code/@displayName", seen=cda.type.name, expected=types.name(cda.type.code, cda.type.system))
    for place, value, listed, kind in (
        ("documentationOf/…/standardIndustryClassCode", cda.practice, value_sets.practices(), kinds.PRACTICE_SETTING),
        ("componentOf/…/healthCareFacility/code", cda.facility, value_sets.facilities(), kinds.FACILITY),
    ):
        if cda.one(place.partition("/")[0]) is not None and listed.name(value.code, value.system) is None:
            notes.add(kind, document, place, seen=value.code or None, expected=_list(listed))


def _list(listed: value_sets.ValueSet) -> object:
    return say("a value of {list} as of {day}", list=listed.oid, day=listed.revised)


def _check_people(cda: Cda, notes: Notes) -> None:
    document = cda.document
    signers = ("author/assignedAuthor/id", "legalAuthenticator/assignedEntity/id")
    for path, number in ((signer, number) for signer in signers for number in cda.numbers(signer)):
        if number.root == Root.PROFESSIONALS and not _PROFESSIONAL.match(number.extension):
            notes.add(kinds.PROFESSIONAL_ID, document, path, seen=number.extension)
    custodian = "custodian/assignedCustodian/representedCustodianOrganization/id"
    holders = cda.numbers(custodian)
    if cda.one("custodian") is not None and not any(one.root in (Root.ORGANISATIONS, Root.PATIENT_AS_CUSTODIAN) for one in holders):
        notes.add(kinds.CUSTODIAN, document, f"{custodian}/@root", seen=holders[0].root if holders else None, expected=Root.ORGANISATIONS)
    for number in holders:
        if number.root == Root.ORGANISATIONS and not _ORGANISATION.match(number.extension):
            notes.add(kinds.ORGANISATION_ID, document, custodian, seen=number.extension)
    for one in cda.all("informant/relatedEntity"):
        if one.get("classCode") not in _INFORMANTS:
            notes.add(kinds.INFORMANT, document, "informant/relatedEntity/@classCode", seen=one.get("classCode"))
    for one in cda.all("relatedDocument"):
        if one.get("typeCode") != "RPLC" or one.find(f"{{{HL7}}}parentDocument/{{{HL7}}}id") is None:
            notes.add(kinds.RELATED, document, "relatedDocument", seen=one.get("typeCode"), expected="RPLC")


def _check_telecoms(cda: Cda, notes: Notes) -> None:
    for one in cda.root.iterchildren():
        for telecom in one.iter(f"{{{HL7}}}telecom") if not one.tag.endswith("}component") else ():
            value = telecom.get("value")
            if value is not None and not _TELECOM.match(value):
                notes.add(kinds.TELECOM, cda.document, "telecom/@value", seen=value)
            if not _TELECOM_USES.issuperset((telecom.get("use") or "").split()):
                notes.add(kinds.TELECOM_USE, cda.document, "telecom/@use", seen=telecom.get("use"))


def _check_patient(cda: Cda, practice: Practice, notes: Notes) -> None:
    document, where = cda.document, "recordTarget/patientRole/id"
    if cda.one("recordTarget") is None:
        return
    if cda.sex not in _SEXES:
        place = "recordTarget/patientRole/patient/administrativeGenderCode"
        notes.add(kinds.GENDER, document, place, seen=cda.sex or None, expected=" ".join(_SEXES))
    if cda.ins is None:
        notes.add(kinds.INS_ABSENT, document, where)
        return
    _check_number(cda.ins, document, practice, notes)
    missing = [place for place, value in cda.traits.items() if not value]
    if missing:
        notes.add(kinds.INS_TRAITS, document, "recordTarget/patientRole/patient", seen=", ".join(missing), expected=say("all traits"))
    if cda.ins.root in _PROVISIONAL:
        notes.add(kinds.INS_ROOT, document, f"{where}/@root", seen=cda.ins.root)
    for telecom in cda.all("recordTarget/patientRole/telecom"):
        address = _MAILTO.match(telecom.get("value") or "")
        if address and address[2].lower() == PATIENT_DOMAIN and address[1].upper() != cda.ins.extension.upper():
            place = "recordTarget/patientRole/telecom/@value"
            notes.add(kinds.INS_TELECOM, document, place, seen=address[1], expected=cda.ins.extension)


def _check_number(ins: Number, document: str, practice: Practice, notes: Notes) -> None:
    where = "recordTarget/patientRole/id/@extension"
    if len(ins.extension) != len("279035121518989"):
        notes.add(kinds.INS_SHAPE, document, where, seen=ins.extension, expected=say("fifteen characters"))
    elif fault := practice.fault_of_ins(ins.extension):
        notes.add(kinds.INS_KEY, document, where, seen=ins.extension, expected=joined((fault,)), level=practice.wrong_key)


def _check_body(cda: Cda, notes: Notes) -> None:
    if cda.level is None:
        notes.add(kinds.BODY_MISSING, cda.document, "component")
    elif cda.level is CdaLevel.N1 and cda.pdf is None:
        notes.add(kinds.BODY_NOT_BASE64, cda.document, "component/nonXMLBody/text", expected=say("application/pdf in base64 (B64)"))
    if cda.level is CdaLevel.N1 and cda.type.code == _BIOLOGY:
        notes.add(kinds.BIOLOGY_LEVEL, cda.document, "component/nonXMLBody", seen=cda.level, expected=CdaLevel.N3)


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for case, accents, blanks and hyphens."""
    return fold(one).replace("-", " ").split() == fold(other).replace("-", " ").split()
