"""What can be found in a CDA: its header, the identity in it, its body as far as it is looked at."""

from mss_sim.documents.findings import Kind, error, info, warning
from mss_sim.words.sentence import say

NOT_A_CDA = error("cda.not-a-cda", say("The document is no ClinicalDocument of HL7."), "ans-cda#header", "ECO.2.1.1")
ELEMENT_MISSING = error("cda.element-missing", say("An element is missing that every header has."), "ans-cda#header", "ECO.2.1.1")
ELEMENT_TWICE = error("cda.element-twice", say("An element is there more often than once."), "ans-cda#header", "ECO.2.1.1")
ELEMENT_ADVISED = warning("cda.element-advised", say("An element is missing that the later texts demand."), "ans-cda#header", "ECO.2.1.1")
COPY_TIME = info("cda.copy-time", say("The element copyTime is obsolete."), "ans-cda#header")
NULL_FORBIDDEN = error(
    "cda.null-forbidden",
    say("An element that every header fills says that its value is not known (nullFlavor)."),
    "ans-cda#header",
    "ECO.2.1.1",
)
NULL_FLAVOR = warning("cda.null-flavor", say("A nullFlavor of the header is none of those that are allowed there."), "ans-cda#header")
REALM = error("cda.realm", say("The realm of a French document is FR."), "ans-cda#header")
TYPE_ID = error("cda.type-id", say("The element typeId says that the document is a CDA: POCD_HD000040."), "ans-cda#header")
TEMPLATE_MISSING = error(
    "cda.template-missing",
    say("The document does not say that it follows a model that every French CDA follows."),
    "ans-cda#header",
    "ECO.2.1.1",
)
TEMPLATE_OF_CONTENT = warning(
    "cda.template-of-content",
    say("The document names two models at most; the third tells which kind of document its content follows."),
    "ans-cda#header",
    "ECO.2.1.1",
)
TYPE_INCOMPLETE = error("cda.type-incomplete", say("The code of the type lacks its name or its system."), "ans-cda#header", "ECO.2.1.1")
TYPE_UNKNOWN = warning(
    "cda.unknown-type",
    say("The type is not in the national list JDV_J07, which moves; look whether it was added since."),
    "ans-cda#J07",
    "ECO.2.1.3",
)
TYPE_NAME = info(
    "cda.type-name",
    say("The name of the type is another than in the national list, and so will be the subject of the letter."),
    "ans-cda#J07",
    "ECO.2.1.3",
)
LANGUAGE = error("cda.language", say("The language is written as fr-FR."), "ans-cda#header")
VERSION = error("cda.version", say("The version is a whole number."), "ans-cda#header")
INSTANT = error("cda.instant", say("An instant is not of the form AAAAMMJJHHMMSS+ZZZZ."), "ans-cda#header")
GENDER = error("cda.gender", say("The sex of the patient is none of the national list JDV_J143."), "ans-cda#identity")
CUSTODIAN = error(
    "cda.custodian", say("The custodian is an organisation by its national number, or the patient who made the document."), "ans-cda#header"
)
SIGNATURE = error("cda.signature", say("The legal authenticator signs: the code is S."), "ans-cda#header")
PROFESSIONAL_ID = warning(
    "cda.professional-id", say("The number of a professional is not in the national form: 8 and the RPPS, twelve digits."), "ans-idnps"
)
ORGANISATION_ID = warning(
    "cda.organisation-id", say("The number of an organisation is not in the national form, such as 1 and the FINESS."), "ans-idnps"
)
PRACTICE_SETTING = warning(
    "cda.practice-setting", say("The practice setting of the main act is not in the national list JDV_J04."), "ans-cda#J04"
)
FACILITY = warning("cda.facility", say("The type of facility is not in the national list JDV_J02."), "ans-cda#J02")
TELECOM = warning(
    "cda.telecom",
    say("A telecom address does not begin as the national texts have it: tel, fax, mailto, http, ftp or mllp."),
    "ans-cda#header",
)
TELECOM_USE = warning(
    "cda.telecom-use",
    say("What a telecom address is for is none of the words of the national texts: H, HP, HV, WP, DIR, PUB, EC, MC, PG."),
    "ans-cda#header",
)
INFORMANT = warning("cda.informant", say("The informant is of none of the known kinds: ECON, NOK, CON, CAREGIVER, PAT."), "ans-cda#header")
RELATED = warning(
    "cda.related-document",
    say("A related document is one that is replaced: typeCode RPLC, and the identifier of the former."),
    "ans-cda#header",
    "LGC.MSS/UX.05",
)
BODY_MISSING = error(
    "cda.body-missing", say("The document has no body: neither nonXMLBody (N1) nor structuredBody (N3)."), "ans-cda#levels", "ECO.2.1.1"
)
BODY_NOT_BASE64 = error(
    "cda.body-not-base64",
    say("The body of a CDA of level N1 is a PDF in base64, of the type application/pdf."),
    "ans-cda#levels",
    "ECO.2.1.5",
)
BIOLOGY_LEVEL = info(
    "cda.biology-level",
    say("A report of biology is due as a structured document (N3), beside its PDF; this one is a PDF in a CDA (N1)."),
    "ans-cda#levels",
)
INS_ABSENT = info(
    "ins.absent",
    say("The patient is not identified by an INS; nothing in the letter may then say that the identity is qualified."),
    "ans-ins#oid",
    "ECO.2.2.6",
)
INS_SHAPE = error(
    "ins.shape", say("The number of the patient is no INS: thirteen characters and a key of two digits."), "ans-ins", "ECO.2.2.6"
)
INS_KEY = warning(
    "ins.wrong-key",
    say("The key of the INS is wrong; somebody typed it, or another person is meant."),
    "ins-key",
    "ECO.2.2.6",
    "SC.MSS/UX.32",
)
INS_TRAITS = error(
    "ins.traits-missing",
    say("The INS is given and a trait of its identity is not; without all of them, send no INS."),
    "ans-cda#identity",
    "INS/va1.53",
)
INS_ROOT = info(
    "ins.test-root", say("The number is of a root for tests or of a provisional register; it is none of a real person."), "ans-ins#oid"
)
INS_TELECOM = warning(
    "ins.address-differs",
    say("The MSSanté address of the patient in the document is not that of their INS."),
    "ref2#ECO.2.2.6",
    "ECO.2.2.6",
)

KINDS: tuple[Kind, ...] = tuple(value for value in globals().values() if isinstance(value, Kind))
"""All of them, in the order in which they stand here."""
