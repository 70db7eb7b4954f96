"""An archive as a whole: its layout, its pages, each of its sets, and the documents that these name."""

from dataclasses import dataclass, field

from mss_sim.documents import metadata_rules
from mss_sim.documents.archive import open_archive, sets_in
from mss_sim.documents.archive_pages import check_pages
from mss_sim.documents.cda import Cda
from mss_sim.documents.findings import Notes
from mss_sim.documents.metadata_rules import Entry
from mss_sim.documents.practice import Practice
from mss_sim.vocabulary.documents import DocumentKind


@dataclass(slots=True)
class Contents:
    """The documents of an archive. `whole`: it has some, and all that its metadata name could be read."""

    cdas: list[Cda] = field(default_factory=list)
    whole: bool = False


def check_archive(octets: bytes, name: str, practice: Practice, notes: Notes) -> Contents:
    """Judge an archive; `name` is what it is called in findings."""
    archive = open_archive(octets, name, practice, notes)
    if archive is None:
        notes.read(name, DocumentKind.ARCHIVE)
        return Contents()
    notes.read(name, DocumentKind.ARCHIVE, files=str(len(archive.paths())), sets=str(len(sets_in(archive.paths()))))
    check_pages(archive, practice, notes)
    entries: list[Entry] = []
    for folder in sets_in(archive.paths()):
        entries += metadata_rules.check_set(archive, folder, practice, notes)
    metadata_rules.several_patients(archive, entries, notes)
    metadata_rules.tell_ignored(archive, entries, notes)
    cdas = [entry.cda for entry in entries if entry.cda is not None]
    return Contents(cdas, bool(entries) and len(cdas) == len(entries))
