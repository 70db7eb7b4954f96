"""What can be found in an archive IHE_XDM, in its pages, and in XML of any kind."""

from mss_sim.documents.findings import Kind, error, info, warning
from mss_sim.words.sentence import say

XML_DOCTYPE = error(
    "xml.doctype",
    say("The document declares a type (DOCTYPE); leave it out: entities are how XML grows or fetches files, and none is read."),
    "quirks#hostile-documents",
)
XML_NOT_WELL_FORMED = error(
    "xml.not-well-formed", say("The document is no well-formed XML, so that nothing of it can be read."), "ans-cda#header", "ECO.2.1.1"
)
XML_TOO_LARGE = error("xml.too-large", say("The document is larger than what is read."), "quirks#document-limits")
XML_ENCODING = error(
    "xml.encoding", say("The document is not in UTF-8; write it in UTF-8 and say so in its first line."), "ans-cda#header", "ECO.2.1.1"
)
XML_MARK = warning(
    "xml.byte-order-mark",
    say("The document begins with a byte order mark; write UTF-8 without one: some validators refuse it, in other words."),
    "ans-cda#header",
    "ECO.2.1.1",
)
PAGE_NOT_XML = warning("xdm.index-not-xhtml", say("INDEX.HTM is no well-formed XHTML; close every element."), "ihe-iti#3.32")
INDEX_NO_LINK = warning("xdm.index-no-link", say("INDEX.HTM has no link to README.TXT."), "ihe-iti#3.32")
INDEX_NO_INSTITUTION = warning(
    "xdm.index-no-institution", say("INDEX.HTM does not tell which institution made the archive."), "ihe-iti#3.32"
)
README_EMPTY = warning(
    "xdm.readme-empty",
    say("README.TXT is empty; it tells who sends, with which software of which vendor, and how the archive is arranged."),
    "ihe-iti#3.32",
)
README_INCOMPLETE = warning(
    "xdm.readme-incomplete",
    say("README.TXT leaves something out: the sender, the software with its version, its vendor, or how the archive is arranged."),
    "ihe-iti#3.32",
)
NOT_AN_ARCHIVE = error("xdm.not-a-zip", say("The file is no zip archive, or it is damaged."), "ihe-iti#3.32", "ECO.2.1.1")
TOO_MANY_ENTRIES = error("xdm.too-many-entries", say("The archive has more entries than are read."), "quirks#document-limits")
ENCRYPTED_ENTRY = error(
    "xdm.encrypted",
    say("An entry is encrypted; the trust space protects letters on their way, and the receiver has no password."),
    "ihe-iti#3.32",
    "ECO.2.1.1",
)
SYMBOLIC_LINK = error("xdm.symlink", say("An entry is a symbolic link, which leads out of the archive."), "quirks#hostile-documents")
OUTSIDE = error(
    "xdm.path-outside",
    say("The name of an entry leads out of the archive; a receiver that unpacks it writes over other files."),
    "quirks#hostile-documents",
)
COMPRESSION = error("xdm.compression", say("An entry is compressed by a method that receivers do not know; use deflate."), "ihe-iti#3.32")
DAMAGED_ENTRY = error(
    "xdm.damaged", say("An entry cannot be unpacked: its content does not fit what the archive says of it."), "ihe-iti#3.32"
)
EXPANDS_TOO_FAR = error("xdm.expands-too-far", say("The archive grows beyond what is read when it is unpacked."), "quirks#document-limits")
NESTED_ARCHIVE = error(
    "xdm.nested-archive", say("An entry is an archive itself; put the documents into one archive."), "quirks#hostile-documents"
)
NAMES_COLLIDE = error("xdm.names-collide", say("Two entries have one name where case is not told apart."), "ihe-iti#3.32")
NAME_NOT_ISO = warning(
    "xdm.name-not-iso9660",
    say("The name of an entry is not in the form of ISO 9660: capitals, digits and underscores, eight and three of them."),
    "ihe-iti#3.32",
)
AUTORUN = error("xdm.autorun", say("A file at the root starts by itself on some machines."), "ihe-iti#3.32")
NO_FOLDER = error("xdm.no-ihe-xdm", say("The archive has no folder IHE_XDM at its root."), "ihe-iti#3.32", "ECO.2.1.1")
NO_INDEX = error("xdm.no-index", say("The archive has no INDEX.HTM at its root."), "ihe-iti#3.32", "ECO.2.1.1")
NO_README = error("xdm.no-readme", say("The archive has no README.TXT at its root."), "ihe-iti#3.32", "ECO.2.1.1")
NO_SET = error(
    "xdm.no-submission-set",
    say("The folder IHE_XDM holds no submission set: a folder of its own for each, with METADATA.XML in it."),
    "ihe-iti#3.32",
    "ECO.2.1.1",
)
NO_METADATA = error("xdm.no-metadata", say("A folder of IHE_XDM holds no METADATA.XML."), "ihe-iti#3.32", "ECO.2.1.1")
IGNORED_FILE = info("xdm.ignored-file", say("No METADATA.XML speaks of this file; receivers ignore it."), "ihe-iti#3.32")
SEVERAL_PATIENTS = error(
    "xdm.several-patients",
    say("The archive holds documents of several patients; send one letter for each."),
    "ref2#ECO.2.1.1",
    "ECO.2.1.1",
    "MSS/va1.01",
)

KINDS: tuple[Kind, ...] = tuple(value for value in globals().values() if isinstance(value, Kind))
"""All of them, in the order in which they stand here."""
