"""The two pages at the root of an archive that people read: INDEX.HTM and README.TXT (ref: ihe-iti#3.32).

What README.TXT tells is looked for by words, since nothing prescribes its form: three of four subjects are enough.
"""

import re
from typing import TYPE_CHECKING

from mss_sim.documents import archive_kinds as kinds
from mss_sim.documents import xml
from mss_sim.documents.archive import Archive
from mss_sim.documents.findings import Notes
from mss_sim.documents.practice import Practice
from mss_sim.mail.parse import fold
from mss_sim.vocabulary.documents import INDEX_NAME, README_NAME
from mss_sim.words.sentence import joined, say

if TYPE_CHECKING:
    from lxml.etree import _Element

_SUBJECTS = (
    (say("the sender"), re.compile(r"emetteur|expediteur|contact|organisme|etablissement|sender|institution")),
    (say("the software"), re.compile(r"application|logiciel|version|product|software")),
    (say("its vendor"), re.compile(r"editeur|vendor|fournisseur|publisher")),
    (say("the arrangement"), re.compile(r"arborescence|organisation|contenu|ihe_xdm|structure|layout")),
)
_ENOUGH = 3
_READ_BYTES = 65_536
_WORDS = re.compile(r"\w{3,}")
_LINKS_OUT = ("readme.txt",)


def check_pages(archive: Archive, practice: Practice, notes: Notes) -> None:
    """Judge both pages, as far as they are there."""
    index, readme = archive.at(INDEX_NAME), archive.at(README_NAME)
    if index is not None and index in archive.files:
        _check_index(archive.files[index], archive.place(index), practice, notes)
    if readme is not None and readme in archive.files:
        _check_readme(archive.files[readme], archive.place(readme), notes)


def _check_index(octets: bytes, document: str, practice: Practice, notes: Notes) -> None:
    page = xml.read(octets, document, practice, notes, page=True)
    if page is None:
        return
    links = [element.get("href") or "" for element in page.iter("{*}a")]
    if not any(link.lower().endswith(_LINKS_OUT) for link in links):
        notes.add(kinds.INDEX_NO_LINK, document, expected=README_NAME)
    if not _WORDS.search(_outside_links(page)):
        notes.add(kinds.INDEX_NO_INSTITUTION, document)


def _outside_links(page: "_Element") -> str:
    """The text of a page that is in no link: what the page tells by itself."""
    told: list[str] = []
    for element in page.iter():
        name = str(element.tag).rpartition("}")[2].lower()
        if name not in ("a", "title", "style", "script"):
            told.append(element.text or "")
        if element is not page:
            told.append(element.tail or "")
    return " ".join(told)


def _check_readme(octets: bytes, document: str, notes: Notes) -> None:
    text = fold(octets[:_READ_BYTES].decode("utf-8", "replace"))
    if not text.strip():
        notes.add(kinds.README_EMPTY, document)
        return
    missing = [name for name, words in _SUBJECTS if not words.search(text)]
    if len(_SUBJECTS) - len(missing) < _ENOUGH:
        notes.add(kinds.README_INCOMPLETE, document, expected=joined(missing, ", "))
