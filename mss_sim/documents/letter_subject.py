"""The subject of a letter with an archive, held against the one that its documents make (ref: ref2#ECO.2.1.3, client-requirements#3.1).

`XDM/1.0/DDM+LABEL NAME First-name[ JJ/MM/AAAA]`. The label is the name of the type, cut to forty characters, or `N documents`. The first
field that differs is told, not that the whole is wrong.
"""

import re
from collections.abc import Sequence

from mss_sim.documents import letter_kinds as kinds
from mss_sim.documents.cda import Cda
from mss_sim.documents.findings import Notes
from mss_sim.mail.parse import fold
from mss_sim.vocabulary.documents import SUBJECT_MARK
from mss_sim.words.sentence import say

_LABEL_CHARS = 40
_WHERE = "Subject"
_USUAL_PREFIX = re.compile(r"\s*(?:(?:re|tr|fw|fwd|wg|aw)\s{0,3}:|\[[^\[\]]{0,60}\])", re.IGNORECASE)
_REPLACES = re.compile(r"\s*\[annule et remplace\]\s*", re.IGNORECASE)
_DATE = re.compile(r"\d\d/\d\d/\d{4}\Z", re.ASCII)


def label_of(cdas: Sequence[Cda]) -> str:
    """What the subject says of the documents."""
    return cdas[0].type.name[:_LABEL_CHARS].strip() if len(cdas) == 1 else f"{len(cdas)} documents"


def without_accents(text: str) -> str:
    """The text in its own case, without accents."""
    return "".join(fold(letter).upper() if letter.isupper() else fold(letter) for letter in text)


def birth_date(cda: Cda) -> str:
    """The birth date as the subject has it; empty where it is not told whole."""
    day = cda.birth_date
    return f"{day[6:8]}/{day[4:6]}/{day[:4]}" if len(day) == 8 and day.isdecimal() else ""


def expected_subject(cdas: Sequence[Cda], *, dated: bool = True) -> str:
    """The subject that the documents make."""
    cda = cdas[0]
    fields = [label_of(cdas), without_accents(cda.birth_name).upper(), without_accents(cda.first_given)]
    return SUBJECT_MARK + " ".join(field for field in (*fields, birth_date(cda) if dated else "") if field)


def check_subject(subject: str, cdas: Sequence[Cda], document: str, notes: Notes) -> None:
    """Judge the decoded subject of a letter whose archive holds these documents; none where they could not be read."""
    place = subject.find(SUBJECT_MARK)
    if place < 0:
        expected = expected_subject(cdas) if cdas else SUBJECT_MARK
        notes.add(kinds.SUBJECT_NO_MARK, document, _WHERE, seen=subject, expected=expected)
        return
    if subject[:place].strip():
        level = None if _USUAL_PREFIX.match(subject[:place]) else kinds.SUBJECT_NO_MARK.level
        notes.add(kinds.SUBJECT_MARK_PLACE, document, _WHERE, seen=subject[:place], expected=say("nothing before it"), level=level)
    if cdas:
        rest = _REPLACES.sub("", subject[place + len(SUBJECT_MARK) :], count=1)
        _check_fields(rest, cdas, document, notes)


def _check_fields(rest: str, cdas: Sequence[Cda], document: str, notes: Notes) -> None:
    wanted = [expected_subject(cdas, dated=dated).removeprefix(SUBJECT_MARK) for dated in (True, False)]
    if rest in wanted:
        return
    if _plain(rest) in [_plain(one) for one in wanted]:
        notes.add(kinds.SUBJECT_ACCENTS, document, _WHERE, seen=rest, expected=wanted[0 if _DATE.search(rest) else 1])
        return
    cda, left, written = cdas[0], _plain(rest), rest.split()
    for kind, field in (
        (kinds.SUBJECT_LABEL, label_of(cdas)),
        (kinds.SUBJECT_NAME, without_accents(cda.birth_name).upper()),
        (kinds.SUBJECT_GIVEN, without_accents(cda.first_given)),
    ):
        if not field:
            continue
        if left != _plain(field) and not left.startswith(f"{_plain(field)} "):
            notes.add(kind, document, _WHERE, seen=_last(written, left), expected=field)
            return
        left = left[len(_plain(field)) :].strip()
    notes.add(kinds.SUBJECT_BIRTH, document, _WHERE, seen=_last(written, left), expected=birth_date(cda) or say("nothing"))


def _last(words: Sequence[str], left: str) -> str:
    """As many words as are left, as they were written."""
    return " ".join(words[len(words) - len(left.split()) :])


def _plain(text: str) -> str:
    return " ".join(fold(text).split())
