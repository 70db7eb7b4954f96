"""What can be found in a PDF: what it claims to be, and what plainly contradicts it."""

from mss_sim.documents.findings import Kind, error
from mss_sim.words.sentence import say

NOT_A_PDF = error("pdf.not-a-pdf", say("The file is no PDF."), "pdf-a", "ECO.2.1.1")
DAMAGED = error("pdf.damaged", say("The PDF is damaged, or larger inside than what is read."), "pdf-a", "ECO.2.1.1")
ENCRYPTED = error("pdf.encrypted", say("The PDF is encrypted, which PDF/A forbids, and nothing more of it is read."), "pdf-a", "ECO.2.1.1")
NO_CLAIM = error(
    "pdf.no-claim", say("The PDF does not say that it is PDF/A: its XMP has no pdfaid:part."), "pdf-a", "ECO.2.1.1", "ECO.2.1.5"
)
OTHER_PART = error(
    "pdf.other-part", say("The PDF says that it is another part of PDF/A; letters carry PDF/A-1."), "pdf-a", "ECO.2.1.1", "ECO.2.1.5"
)
CONFORMANCE = error("pdf.conformance", say("The level of PDF/A-1 is A or B."), "pdf-a", "ECO.2.1.5")
JAVASCRIPT = error("pdf.javascript", say("The PDF holds JavaScript, which PDF/A-1 forbids."), "pdf-a", "ECO.2.1.5")
LAUNCH = error("pdf.launch", say("The PDF starts a program or plays something, which PDF/A-1 forbids."), "pdf-a", "ECO.2.1.5")
EMBEDDED_FILES = error("pdf.embedded-files", say("The PDF holds other files, which PDF/A-1 forbids."), "pdf-a", "ECO.2.1.5")
FONT = error(
    "pdf.font-not-embedded",
    say("A font is not in the PDF, which PDF/A-1 forbids; readers show another one in its place."),
    "pdf-a",
    "ECO.2.1.5",
)
TRANSPARENCY = error("pdf.transparency", say("The PDF has a transparent group, which PDF/A-1 forbids."), "pdf-a", "ECO.2.1.5")
OUTPUT_INTENT = error(
    "pdf.no-output-intent", say("The PDF does not say for which colours it was made (OutputIntent)."), "pdf-a", "ECO.2.1.5"
)
NEWER_STRUCTURE = error(
    "pdf.newer-structure",
    say("The PDF has streams of objects or of references, which came after the version that PDF/A-1 is made of."),
    "pdf-a",
    "ECO.2.1.5",
)

KINDS: tuple[Kind, ...] = tuple(value for value in globals().values() if isinstance(value, Kind))
"""All of them, in the order in which they stand here."""
