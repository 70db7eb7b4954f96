"""A CDA written out of a paper: the national header, and a body of level N1 (a PDF) or N3 (a section) (ref: ans-cda#header)."""

import base64
from xml.sax.saxutils import escape, quoteattr

from mss_sim.documents.making.paper import Author, Paper, Patient
from mss_sim.vocabulary.documents import CdaLevel, Root, Template
from mss_sim.vocabulary.mailboxes import PATIENT_DOMAIN

_STRUCTURED = "1.3.6.1.4.1.19376.1.5.3.1.1.1"
"""The model of any medical document of IHE, where no national one is followed."""
_SEXES = {"F": "Féminin", "M": "Masculin", "UN": "Inconnu"}
_SPECIALTY = '<code code="G15_10" displayName="Médecin" codeSystem="1.2.250.1.213.1.1.4.5"/>'
_SETTING = '<standardIndustryClassCode code="AMBULATOIRE" displayName="Ambulatoire" codeSystem="1.2.250.1.213.1.1.4.9"/>'
_NOWHERE = '<addr nullFlavor="NAV"/><telecom nullFlavor="NAV"/>'


def write_cda(paper: Paper, pdf: bytes) -> bytes:
    """The document in UTF-8; `pdf` is the body of one of level N1."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
        '<realmCode code="FR"/>',
        '<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>',
        f'<templateId root="{Template.FRANCE}"/>',
        f'<templateId root="{Template.CI_SIS}"/>',
        f'<templateId root="{Template.NOT_STRUCTURED if paper.level is CdaLevel.N1 else _STRUCTURED}"/>',
        f'<id root="{paper.id}"/>',
        f"<code code={quoteattr(paper.type)} displayName={quoteattr(paper.type_name)} codeSystem={quoteattr(paper.type_system)}/>",
        f"<title>{escape(paper.title)}</title>",
        f'<effectiveTime value="{paper.instant}"/>',
        f'<confidentialityCode code="N" displayName="Normal" codeSystem="{Root.CONFIDENTIALITY}"/>',
        '<languageCode code="fr-FR"/>',
        f'<setId root="{paper.set_id}"/>',
        f'<versionNumber value="{paper.version}"/>',
        *_patient(paper.patient),
        *_people(paper),
        *_acts(paper),
        *_body(paper, pdf),
        "</ClinicalDocument>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _patient(patient: Patient) -> list[str]:
    ins = f"<id extension={quoteattr(patient.number)} root={quoteattr(patient.root)}/>" if patient.number else ""
    telecom = f'<telecom value="mailto:{escape(patient.number)}@{PATIENT_DOMAIN}"/>' if patient.number else '<telecom nullFlavor="NAV"/>'
    return [
        f'<recordTarget><patientRole>{ins}<id extension="IPP-1" root="1.2.250.1.999.1"/><addr nullFlavor="NAV"/>{telecom}<patient><name>',
        f'<family qualifier="BR">{escape(patient.birth_name)}</family><given>{escape(patient.given_names)}</given>',
        f'<given qualifier="BR">{escape(patient.first_given)}</given><family qualifier="CL">{escape(patient.birth_name)}</family>',
        f'<given qualifier="CL">{escape(patient.first_given)}</given></name>',
        f'<administrativeGenderCode code="{patient.sex}" displayName="{_SEXES[patient.sex]}" codeSystem="{Root.GENDER}"/>',
        f'<birthTime value="{patient.born}"/>' if patient.born else '<birthTime nullFlavor="UNK"/>',
        f"<birthplace><place><addr><county>{escape(patient.place)}</county></addr></place></birthplace>" if patient.place else "",
        "</patient></patientRole></recordTarget>",
    ]


def _person(author: Author) -> str:
    name = f"<name><given>{escape(author.given)}</given><family>{escape(author.family)}</family></name>"
    return f"<assignedPerson>{name}</assignedPerson>"


def _organisation(author: Author) -> str:
    number = f'<id root="{Root.ORGANISATIONS}" extension={quoteattr(author.organisation_number)}/>'
    return f"{number}<name>{escape(author.organisation)}</name>"


def _assigned(author: Author) -> str:
    """Who, with number, specialty, name and organisation."""
    number = f'<id root="{Root.PROFESSIONALS}" extension={quoteattr(author.number)}/>'
    organisation = f"<representedOrganization>{_organisation(author)}{_SETTING}</representedOrganization>"
    return f"{number}{_SPECIALTY}{_NOWHERE}{_person(author)}{organisation}"


def _people(paper: Paper) -> list[str]:
    author, instant = paper.author, f'<time value="{paper.instant}"/>'
    keeper = f"<representedCustodianOrganization>{_organisation(author)}</representedCustodianOrganization>"
    return [
        f"<author>{instant}<assignedAuthor>{_assigned(author)}</assignedAuthor></author>",
        f"<custodian><assignedCustodian>{keeper}</assignedCustodian></custodian>",
        f'<legalAuthenticator>{instant}<signatureCode code="S"/>',
        f"<assignedEntity>{_assigned(author)}</assignedEntity></legalAuthenticator>",
    ]


def _acts(paper: Paper) -> list[str]:
    code = '<code code="AMB" displayName="Ambulatoire (hors établissement)" codeSystem="2.16.840.1.113883.5.4"/>'
    sector = '<code code="SA07" displayName="Cabinet individuel" codeSystem="1.2.250.1.71.4.2.4"/>'
    replaced = f'<relatedDocument typeCode="RPLC"><parentDocument><id root="{paper.replaces}"/></parentDocument></relatedDocument>'
    return [
        f'<documentationOf><serviceEvent><effectiveTime><low value="{paper.instant}"/></effectiveTime>',
        f'<performer typeCode="PRF"><assignedEntity>{_assigned(paper.author)}</assignedEntity></performer>',
        "</serviceEvent></documentationOf>",
        replaced if paper.replaces else "",
        f'<componentOf><encompassingEncounter>{code}<effectiveTime><low value="{paper.instant}"/></effectiveTime>',
        f"<location><healthCareFacility>{sector}</healthCareFacility></location></encompassingEncounter></componentOf>",
    ]


def _body(paper: Paper, pdf: bytes) -> list[str]:
    if paper.level is CdaLevel.N1:
        encoded = base64.b64encode(pdf).decode("ascii")
        return [f'<component><nonXMLBody><text mediaType="application/pdf" representation="B64">{encoded}</text></nonXMLBody></component>']
    told = "".join(f"<paragraph>{escape(line)}</paragraph>" for line in paper.text)
    code = f"<code code={quoteattr(paper.type)} codeSystem={quoteattr(paper.type_system)}/>"
    section = f"<section>{code}<title>{escape(paper.title)}</title><text>{told}</text></section>"
    return [f"<component><structuredBody><component>{section}</component></structuredBody></component>"]
