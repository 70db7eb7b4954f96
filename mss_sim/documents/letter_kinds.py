"""What can be found in a letter: its files, its subject, the fields X-MSS-*, receipts of integration."""

from mss_sim.documents.findings import Kind, error, info, warning
from mss_sim.words.sentence import say

ARCHIVE_NAME = error(
    "letter.archive-name",
    say("An archive is attached under another name than IHE_XDM.ZIP, by which software finds it."),
    "ref2#ECO.2.1.1",
    "ECO.2.1.1",
    "MSS/va1.01",
)
ARCHIVE_TYPE = warning(
    "letter.archive-type", say("The archive is attached as something else than application/zip."), "client-requirements#3.5", "ECO.2.1.1"
)
SEVERAL_ARCHIVES = error(
    "letter.several-archives", say("The letter has several archives; it carries one, for one patient."), "ref2#ECO.2.1.1", "ECO.2.1.1"
)
PDF_COUNT = error(
    "letter.pdf-count", say("The letter has not one PDF for each CDA of its archive."), "ref2#ECO.2.1.1", "ECO.2.1.1", "MSS/va1.01"
)
PDF_ALONE = info(
    "letter.pdf-without-archive", say("A PDF is attached and no archive; documents are sent as both."), "ref2#ECO.2.1.1", "ECO.2.1.1"
)
PDF_NAME = warning(
    "letter.pdf-name",
    say("The name of a PDF is not DATE_TYPE_NAME_FIRST-NAME.pdf of its document, the date as AAAAMMJJ."),
    "ref2#ECO.2.1.6",
    "ECO.2.1.6",
)
PDF_NAME_ENCODING = warning(
    "letter.pdf-name-encoding", say("The name of a file has accents and is not encoded as RFC 2231 has it."), "ref2#ECO.2.1.6", "ECO.2.1.6"
)
PDF_DIFFERS = error(
    "letter.pdf-differs", say("No attached PDF is the one that the CDA holds, octet for octet."), "ref2#ECO.2.1.5", "ECO.2.1.5"
)
PDF_TEXT = warning(
    "letter.pdf-text",
    say("The first page of no attached PDF has the name of the patient and the title of the CDA."),
    "ref2#ECO.2.1.5",
    "ECO.2.1.5",
)
ADDRESSEE = error(
    "letter.addressee-differs",
    say("The letter goes to a patient who is not the one of its documents; write to a minor at their own address."),
    "cnam#2",
    "ENS/§2",
    "ECO.2.2.6",
)
HIDDEN = error(
    "letter.hidden-from-patient", say("A document that its patient must not see is sent to a patient."), "ig-mss#confidentiality"
)
SUBJECT_NO_MARK = error(
    "subject.mark-missing", say("The subject of a letter with an archive begins with XDM/1.0/DDM+."), "ref2#ECO.2.1.3", "ECO.2.1.3"
)
SUBJECT_MARK_ALONE = error(
    "subject.mark-without-archive", say("The subject announces an archive, and none is attached."), "ref2#ECO.2.1.3", "ECO.2.1.3"
)
SUBJECT_MARK_PLACE = warning(
    "subject.mark-not-first",
    say("The mark XDM/1.0/DDM+ does not begin the subject; rules that look for it there miss the letter."),
    "ref2#ECO.2.1.3",
    "ECO.2.1.3",
)
SUBJECT_LABEL = error(
    "subject.label",
    say("The subject does not begin with the name of the type, or the number of documents, behind the mark."),
    "ref2#ECO.2.1.3",
    "ECO.2.1.3",
)
SUBJECT_NAME = error("subject.name", say("The birth name in the subject is not that of the document."), "ref2#ECO.2.1.3", "ECO.2.1.3")
SUBJECT_GIVEN = error(
    "subject.first-name", say("The first name in the subject is not that of the document."), "ref2#ECO.2.1.3", "ECO.2.1.3"
)
SUBJECT_BIRTH = error(
    "subject.birth-date",
    say("The birth date in the subject is not that of the document, written JJ/MM/AAAA."),
    "ref2#ECO.2.1.3",
    "ECO.2.1.3",
)
SUBJECT_ACCENTS = warning(
    "subject.accents", say("The subject differs from the documents in accents, case or blanks alone."), "ref2#ECO.2.1.3", "ECO.2.1.3"
)
CODES_MISSING = error(
    "header.codecda-missing", say("A letter with a CDA has the field X-MSS-CODECDA."), "ref2#ECO.2.4.1", "ECO.2.4.1", "SC.MSS/CONF.15"
)
CODES_DIFFER = error(
    "header.codecda-differs",
    say("X-MSS-CODECDA does not name the type of each CDA, once for each."),
    "ref2#ECO.2.4.1",
    "ECO.2.4.1",
    "SC.MSS/CONF.15",
)
CODES_ALONE = error(
    "header.codecda-without-cda", say("X-MSS-CODECDA is there, and no CDA."), "ref2#ECO.2.4.1", "ECO.2.4.1", "SC.MSS/CONF.15"
)
CODES_BLANKS = warning("header.codecda-blanks", say("X-MSS-CODECDA has blanks between its values."), "ref2#ECO.2.4.1", "ECO.2.4.1")
INS_MISSING = error(
    "header.ins-missing", say("A letter with a CDA has the field X-MSS-INS."), "ref2#ECO.2.4.2", "ECO.2.4.2", "SC.MSS/CONF.14"
)
INS_DIFFERS = error(
    "header.ins-differs",
    say("X-MSS-INS is O when a document has a qualified identity (number, root and four traits), N otherwise."),
    "ref2#ECO.2.4.2",
    "ECO.2.4.2",
    "SC.MSS/CONF.14",
)
INS_ALONE = error("header.ins-without-cda", say("X-MSS-INS is there, and no CDA."), "ref2#ECO.2.4.2", "ECO.2.4.2", "SC.MSS/CONF.14")
PRODUCT_MISSING = error(
    "header.nil-missing",
    say("Every letter has X-MSS-NIL, the reference that the national agency gave the software."),
    "ref2#ECO.2.4.3",
    "ECO.2.4.3",
    "SC.MSS/CONF.16",
)
PRODUCT_DIFFERS = error(
    "header.nil-differs",
    say("X-MSS-NIL is not the reference of the software that was told here."),
    "ref2#ECO.2.4.3",
    "ECO.2.4.3",
    "SC.MSS/CONF.16",
)
CLOSING_VALUE = error(
    "header.mes-value",
    say("X-MSS-MES has one value, FIN in capitals; anything else closes nothing."),
    "ref2#ECO.2.2.8",
    "ECO.2.2.8",
    "SC.MSS/CONF.21",
)
CLOSING_USELESS = warning(
    "header.mes-useless", say("X-MSS-MES closes an exchange with a patient, and the letter goes to none."), "ref2#ECO.2.2.8", "ECO.2.2.8"
)
RECEIPT_UNREADABLE = error("receipt.unreadable", say("The receipt cannot be read as one."), "rfc8098#3.2", "ECO.3.1.6")
RECEIPT_OLD_FORM = warning(
    "receipt.old-form",
    say("The error stands in Disposition, as before version 1.1.3 of the guide; write processed/error and a field Error."),
    "ig-mss#mdn",
    "ECO.3.1.6",
)
RECEIPT_IHE_FORM = info(
    "receipt.ihe-form", say("The receipt has the form of IHE: deleted, with the error as its modifier."), "ihe-iti#3.32"
)
RECEIPT_NO_WORDS = warning(
    "receipt.error-without-words",
    say("The receipt tells of a failure and not of which; add the field Error: CODE^LABEL."),
    "ig-mss#mdn",
    "ECO.3.1.6",
)
RECEIPT_CODE = warning("receipt.unknown-code", say("The code of the error is in no table of the guide."), "ig-mss#mdn", "ECO.3.1.6")
RECEIPT_SUBJECT = warning(
    "receipt.subject", say("The subject of a failed integration begins with [KO Intégration système !][CODE]."), "ig-mss#mdn", "ECO.3.1.6"
)
RECEIPT_NO_ORIGINAL = warning(
    "receipt.no-original",
    say("The receipt of an integration carries the whole letter as its third part, message/rfc822."),
    "ig-mss#mdn",
    "ECO.3.1.6",
)
RECEIPT_REPEATED = warning(
    "receipt.attachments-repeated",
    say("The attachments of the letter are repeated beside it; they are in the third part already."),
    "ig-mss#mdn",
    "ECO.3.1.6",
)

KINDS: tuple[Kind, ...] = tuple(value for value in globals().values() if isinstance(value, Kind))
"""All of them, in the order in which they stand here."""
