"""What is wrong with a file, whatever it is: a letter, an archive, a CDA, a PDF."""

import re
from collections.abc import Callable

from mss_sim.documents.archive import is_archive
from mss_sim.documents.archives import check_archive
from mss_sim.documents.cda_rules import read_cda
from mss_sim.documents.findings import Diagnosis, Notes
from mss_sim.documents.letter import check_letter
from mss_sim.documents.pdf import inspect, is_pdf
from mss_sim.documents.practice import Practice
from mss_sim.documents.schematron import check_by_rules
from mss_sim.mail.headers import CRLF
from mss_sim.mail.parse import ParseLimits, parse
from mss_sim.vocabulary.mail import XDM_NAME
from mss_sim.words.sentence import say

_LETTER = "letter"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_XML = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def diagnose_letter(raw: bytes, practice: Practice, limits: ParseLimits | None = None) -> Diagnosis:
    """The diagnosis of a message as it is kept, its lines ending with CRLF. MalformedMessage for what could not be kept."""
    notes = Notes(practice.findings_max)
    check_letter(raw, parse(raw, limits or ParseLimits()), _LETTER, practice, notes)
    return _diagnosis(practice, notes)


def diagnose_file(octets: bytes, name: str, practice: Practice) -> Diagnosis:
    """The diagnosis of a file by what it holds: an archive, a PDF, a CDA, else a message. MalformedMessage for none of them."""
    read: Callable[[bytes, str, Practice, Notes], object]
    if is_archive(octets) or name.upper() == XDM_NAME:
        read = check_archive
    elif is_pdf(octets):
        read = inspect
    elif octets.lstrip()[:3].startswith(_XML):
        read = read_cda
    else:
        return diagnose_letter(_LINE_END.sub(CRLF, octets), practice)
    notes = Notes(practice.findings_max)
    read(octets, name, practice, notes)
    return _diagnosis(practice, notes)


def _diagnosis(practice: Practice, notes: Notes) -> Diagnosis:
    rules = practice.schematron
    if rules is None or not check_by_rules(notes.cdas, rules, practice.findings_max, notes):
        notes.unchecked(say("No validator of the national agency was run: what is said here is no proof of conformity."))
    return notes.diagnosis()
