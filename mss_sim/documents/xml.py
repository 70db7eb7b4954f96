"""XML of strangers, read without anything that it could make us fetch or grow.

| what a document may try                              | what becomes of it                                             |
|------------------------------------------------------|----------------------------------------------------------------|
| entities that grow, that name files or other machines | a document type declaration is refused before the parser sees it |
| an encoding that hides such a declaration            | the octets are decoded here, as UTF-8 or as their mark says; no other |
| elements nested without end, very long texts         | the limits of the parser stay on (`huge_tree` off)             |
| sheer size                                           | a limit in octets, asked before anything is read               |

A page (INDEX.HTM) may have the declaration of XHTML, which names no entity of its own; it is taken away before the rest is read.
"""

import codecs
import re
from typing import TYPE_CHECKING

from mss_sim.documents import archive_kinds as kinds
from mss_sim.documents.findings import Notes
from mss_sim.documents.practice import Practice
from mss_sim.words.sentence import say

if TYPE_CHECKING:
    from lxml.etree import _Element

_DECLARED = re.compile(r"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,500}\?>")
_DOCTYPE = "<!DOCTYPE"
_PAGE_DOCTYPE = re.compile(r"<!DOCTYPE[^<>\[\]]{0,500}>")
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_OF_PAGES = frozenset({"iso-8859-1", "iso-8859-15", "windows-1252"})
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read(octets: bytes, document: str, practice: Practice, notes: Notes, *, page: bool = False) -> "_Element | None":
    """The first element of the document, or None with a finding that says why it cannot be read; `page`: it may say that it is XHTML."""
    text = _text(octets, document, practice, notes, page=page)
    if text is None:
        return None
    if page:
        text = _PAGE_DOCTYPE.sub("", text, count=1)
    if _DOCTYPE in text:
        notes.add(kinds.XML_DOCTYPE, document, seen=_DOCTYPE)
        return None
    from lxml import etree  # noqa: PLC0415 - loaded when a diagnosis is asked for

    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,  # nothing but elements is left, and the text behind what is removed is that of its element
        remove_pis=True,
    )
    try:
        return etree.fromstring(_DECLARATION.sub("", text, count=1).encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        notes.add(kinds.PAGE_NOT_XML if page else kinds.XML_NOT_WELL_FORMED, document, seen=error)
        return None


def written(root: "_Element") -> str:
    """The element with all that is in it, as a document of its own."""
    from lxml import etree  # noqa: PLC0415 - as above

    text: str = etree.tostring(root, encoding="unicode", with_tail=False)
    return text


def _text(octets: bytes, document: str, practice: Practice, notes: Notes, *, page: bool) -> str | None:
    """The text of the octets; None with a finding when they are too many, or of an encoding that is not read."""
    if len(octets) > practice.xml_bytes_max:
        most = say("at most {most} bytes", most=practice.xml_bytes_max)
        notes.add(kinds.XML_TOO_LARGE, document, seen=len(octets), expected=most)
        return None
    for mark, name in _MARKS:
        if octets.startswith(mark):
            notes.add(kinds.XML_ENCODING, document, seen=name, expected="UTF-8")
            return None
    if octets.startswith(codecs.BOM_UTF8):
        if not page:
            notes.add(kinds.XML_MARK, document, seen="EF BB BF")
        octets = octets[len(codecs.BOM_UTF8) :]
    declared = _DECLARED.match(octets[:400].decode("latin-1").lstrip())
    name = declared[1] if declared else "utf-8"
    if name.lower() not in _UTF_8 and not (page and name.lower() in _OF_PAGES):
        notes.add(kinds.XML_ENCODING, document, seen=name, expected="UTF-8")
        return None
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        if page:
            return octets.decode("latin-1")
        notes.add(kinds.XML_ENCODING, document, seen=say("byte {at} is no UTF-8", at=error.start), expected="UTF-8")
        return None
