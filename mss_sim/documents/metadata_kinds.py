"""What can be found in METADATA.XML, and between it and the documents that it describes."""

from mss_sim.documents.findings import Kind, deviation, error, info, warning
from mss_sim.words.sentence import say

NOT_METADATA = error(
    "metadata.not-a-submission", say("METADATA.XML is no SubmitObjectsRequest with a list of objects."), "ihe-iti#4.3.1", "ECO.2.1.1"
)
SUBMISSION_SETS = error(
    "metadata.submission-sets", say("METADATA.XML describes one submission set, no more and no less."), "ihe-iti#4.3.1", "ECO.2.1.1"
)
NO_ENTRY = error("metadata.no-entry", say("METADATA.XML describes no document."), "ihe-iti#4.3.1", "ECO.2.1.1")
REQUIRED_MISSING = error(
    "metadata.required-missing", say("An attribute is missing that every submission has."), "ihe-iti#4.3.1", "ECO.2.1.1"
)
KNOWN_MISSING = warning(
    "metadata.known-missing", say("An attribute is missing, although the document tells it."), "ihe-iti#4.3.1", "ECO.2.1.1"
)
UNKNOWN_MISSING = info("metadata.unknown-missing", say("An attribute is missing, which is due where it is known."), "ihe-iti#4.3.1")
MIME_TYPE = warning("metadata.mime-type", say("The entry of a CDA has the type text/xml."), "ans-cda#xdm")
URI_NOWHERE = error(
    "metadata.uri-nowhere",
    say("The URI of an entry leads to no file of the archive; it is relative to the folder of METADATA.XML."),
    "ihe-iti#3.32",
    "ECO.2.1.1",
)
URI_CASE = error(
    "metadata.uri-case",
    say("The URI of an entry has another case than the file, and leads nowhere where case is told apart."),
    "ihe-iti#3.32",
    "ECO.2.1.1",
)
URI_OUTSIDE = error("metadata.uri-outside", say("The URI of an entry leads out of the archive."), "quirks#hostile-documents")
OTHER_DOCUMENT = error(
    "metadata.of-another-document",
    say("The entry describes another document: neither hash nor identifier fit the file."),
    "ihe-iti#3.32",
    "ECO.2.1.1",
)
HASH_MISMATCH = error(
    "xdm.hash-mismatch",
    say("The hash of the file is another than METADATA.XML says; it is the SHA-1 of the octets as they lie in the archive."),
    "ihe-iti#3.32",
    "ECO.2.1.1",
)
HASH_NOT_HEXADECIMAL = error(
    "xdm.hash-not-hexadecimal", say("The hash is not written in hexadecimal; a SHA-1 has 40 such digits."), "ihe-iti#4.3.1", "ECO.2.1.1"
)
SIZE_MISMATCH = error(
    "xdm.size-mismatch", say("The size of the file is another than METADATA.XML says, in bytes."), "ihe-iti#3.32", "ECO.2.1.1"
)
ID_DIFFERS = error("metadata.id-differs", say("The unique identifier is not that of the document."), "ans-cda#xdm", "ECO.2.1.1")
PATIENT_DIFFERS = error(
    "metadata.patient-differs",
    say("The patient of the metadata is not that of the document: a receiver files it under the former."),
    "ref2#ECO.2.1.1",
    "ECO.2.1.1",
    "ECO.2.1.2",
)
PATIENT_FORM = error(
    "metadata.patient-form", say("The identifier of the patient is not in the form NUMBER^^^&ROOT&ISO^NH."), "ans-cda#xdm", "ECO.2.1.1"
)
PATIENT_SCHEME = error(
    "metadata.patient-scheme",
    say("The identifier of the patient stands under a scheme of something else: a receiver does not find it."),
    "ihe-iti#4.3.1",
    "ECO.2.1.1",
)
TYPE_DIFFERS = error("metadata.type-differs", say("The type of the metadata is not that of the document."), "ans-cda#xdm", "ECO.2.1.1")
VALUE_DIFFERS = warning("metadata.differs", say("The metadata say something else than the document."), "ans-cda#xdm")
REPLACES_UNKNOWN = error(
    "metadata.replaces-unknown",
    say("The metadata replace another document than the one that the document says it replaces."),
    "ans-cda#xdm",
    "LGC.MSS/UX.05",
)
FORMAT_UNKNOWN = info(
    "metadata.format-unknown", say("The format is none of those that are known here; the public list is of 2017."), "ans-cda#xdm"
)
PRACTICE_NOT_LISTED = warning(
    "metadata.practice-not-listed", say("The practice setting is not in the national list JDV_J04."), "ans-cda#J04"
)
FACILITY_NOT_LISTED = warning(
    "metadata.facility-not-listed", say("The type of facility is not in the national list JDV_J02."), "ans-cda#J02"
)
BARE_SCHEME = deviation("metadata.known-bare-scheme", say("An identifier has the scheme urn:uuid: without the rest."))
PATIENT_UNDER_ID = deviation("metadata.known-patient-scheme", say("The patient stands under the scheme of the unique identifier."))
LOWER_CLASSIFICATION = deviation("metadata.known-lower-case", say("An element classification is written with a small letter."))
CAPITAL_SLOT = deviation("metadata.known-capital", say("The slot sourcePatientInfo is written with a capital."))
OLD_PATIENT_TYPE = deviation("metadata.known-ins-c", say("The identifier of the patient has the type of the old INS-C."))
NO_ASSOCIATION = deviation("metadata.known-no-association", say("No association HasMember ties the document to its submission set."))
NO_NODE = deviation("metadata.known-no-node", say("The submission set has no classification that says that it is one."))

KINDS: tuple[Kind, ...] = tuple(value for value in globals().values() if isinstance(value, Kind))
"""All of them, in the order in which they stand here."""
