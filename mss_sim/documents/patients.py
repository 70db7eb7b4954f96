"""Whose documents a letter carries: the CDA in its archives and beside them, and the patient of each."""

from mss_sim.documents.archive import is_archive
from mss_sim.documents.archives import check_archive
from mss_sim.documents.cda import Cda
from mss_sim.documents.cda_rules import read_cda
from mss_sim.documents.findings import Notes
from mss_sim.documents.practice import Practice
from mss_sim.mail.mime import content
from mss_sim.mail.parse import ParseLimits, parse


def cdas_of(raw: bytes, practice: Practice, limits: ParseLimits) -> list[Cda]:
    """The CDA documents of a message, in the order of its files; what cannot be read is left out."""
    found: list[Cda] = []
    for part in parse(raw, limits).attachments:
        octets, name = content(raw, part.start, part.end, part.encoding), part.filename or part.content_type
        if is_archive(octets):
            found += check_archive(octets, name, practice, Notes(0)).cdas
        elif name.lower().endswith(".xml") and (cda := read_cda(octets, name, practice, Notes(0))):
            found.append(cda)
    return found
