"""Documents that letters carry: archives IHE_XDM, CDA, PDF, and what is found wrong with them."""

from enum import StrEnum

HEADER_CODES = "X-MSS-CODECDA"
"""Header that names the type of each CDA of a letter (ref: ref2#ECO.2.4.1)."""

HEADER_INS = "X-MSS-INS"
"""Header that tells whether a qualified identity is in the archive (ref: ref2#ECO.2.4.2)."""

HEADER_PRODUCT = "X-MSS-NIL"
"""Header with the reference of the software that sends (ref: ref2#ECO.2.4.3)."""

SUBJECT_MARK = "XDM/1.0/DDM+"
"""How the subject of a letter with an archive begins (ref: ref2#ECO.2.1.3)."""

ARCHIVE_FOLDER, INDEX_NAME, README_NAME, METADATA_NAME = "IHE_XDM", "INDEX.HTM", "README.TXT", "METADATA.XML"
"""What the root of an archive holds, and each of its sets (ref: ihe-iti#3.32)."""


class FindingLevel(StrEnum):
    """How much a finding weighs, the worst first."""

    ERROR = "error"  # contraire à un texte
    WARNING = "warning"  # à vérifier
    KNOWN_DEVIATION = "known-deviation"  # écart connu, que la feuille de style nationale fait aussi
    INFO = "info"


class DocumentKind(StrEnum):
    """What was diagnosed."""

    LETTER = "letter"
    RECEIPT = "receipt"
    ARCHIVE = "archive"
    CDA = "cda"
    PDF = "pdf"


class CdaLevel(StrEnum):
    """How much of a CDA machines can read (ref: ans-cda#levels)."""

    N1 = "N1"  # corps non structuré, un PDF
    N3 = "N3"  # corps structuré


class Confidentiality(StrEnum):
    """Codes of confidentiality with a meaning for who may be sent the document."""

    NORMAL = "N"
    HIDDEN_FROM_PATIENT = "INVISIBLE_PATIENT"


class Root(StrEnum):
    """Who gave an identifier (OID)."""

    PROFESSIONALS = "1.2.250.1.71.4.2.1"
    ORGANISATIONS = "1.2.250.1.71.4.2.2"
    PATIENT_AS_CUSTODIAN = "1.2.250.1.213.4.1"
    LOINC = "2.16.840.1.113883.6.1"
    GENDER = "2.16.840.1.113883.5.1"
    CONFIDENTIALITY = "2.16.840.1.113883.5.25"


class Template(StrEnum):
    """Models that a CDA says it follows (ref: ans-cda#header)."""

    FRANCE = "2.16.840.1.113883.2.8.2.1"
    CI_SIS = "1.2.250.1.213.1.1.1.1"
    NOT_STRUCTURED = "1.3.6.1.4.1.19376.1.2.20"


class Scheme(StrEnum):
    """What an identifier or a classification of METADATA.XML is about (ref: ihe-iti#4.3.1)."""

    SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
    SET_CONTENT_TYPE = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
    SET_PATIENT = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
    SET_SOURCE = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
    SET_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
    SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
    ENTRY_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
    ENTRY_PATIENT = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
    ENTRY_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
    CLASS = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
    TYPE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
    CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
    FORMAT = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
    FACILITY = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
    PRACTICE = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
    EVENT = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
    ENTRY_TYPE = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"


class PdfVerdict(StrEnum):
    """What can be told of a PDF without validating it."""

    CLAIMS = "claims PDF/A-1"
    CONTRADICTS = "contradicts its claim"
    CLAIMS_NOTHING = "claims nothing"
    UNREADABLE = "unreadable"
