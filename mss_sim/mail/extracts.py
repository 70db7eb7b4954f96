"""What tests look for in a letter, taken out of it: numbers such as codes, links, INS, whether it closes, what is attached, what it
tells as a receipt.

The text is the plain one, else that of the HTML without its tags; links of HTML are taken where they lead to as well, for they stand behind
a button. Only the first 64 Ki characters are looked through, and each expression is bounded, so that a hostile letter costs no more than
another.
"""

import re
from dataclasses import dataclass
from html import unescape

from mss_sim.mail import dsn, mdn
from mss_sim.mail.closing_marks import closing_marks
from mss_sim.mail.headers import Headers, read_headers, split
from mss_sim.mail.mime import Bounds, read_tree, without_tags
from mss_sim.mail.summary import Summary, shown_text
from mss_sim.vocabulary.mail import HEADER_MES_FIN, SUBJECT_FIN

_CHARS_MAX = 65_536
_EACH_MAX = 100
_FIELDS_MAX = 1_000_000  # the limits were applied on arrival, by settings that this reader does not know
_PARTS_MAX = 1_000_000
_DEPTH_MAX = 100
_CODE = re.compile(r"(?<![\w.,-])\d{4,8}(?![\w-])")
_LINK = re.compile(r"https?://[^\s<>\"']{1,2000}")
_HREF = re.compile(r"""<[aA]\s[^<>]{0,500}?\bhref\s{0,20}=\s{0,20}["']?(https?://[^\s<>"']{1,2000})""", re.IGNORECASE)
_INS = re.compile(r"(?<![0-9A-Za-z])[1-8]\d{5}[\dAB]\d{6}\d{2}(?![0-9A-Za-z])")
_ENDING = ".,;:!?)]}"


@dataclass(frozen=True, slots=True)
class Extracts:
    """At most a hundred of each, in their order, each once. `closes`: it carries `[FIN]` as its subject or X-MSS-MES: FIN.

    `receipt`: what it tells as a receipt or a notification, `displayed`, `processed/error`, `delivered` …; `requested` where it asks its
    reader for one; None for another letter, and for a report that cannot be read.
    """

    codes: tuple[str, ...]
    links: tuple[str, ...]
    ins: tuple[str, ...]
    closes: bool
    documents: tuple[str, ...]
    receipt: str | None


def extracts(raw: bytes, summary: Summary, subject: str) -> Extracts:
    """What is in a stored letter with that summary and subject."""
    end, body = split(raw)
    headers = read_headers(raw[:end], count_max=_FIELDS_MAX)
    marks = closing_marks(raw[:end], headers)
    plain, html = (shown_text(raw, summary.leaves, kind) for kind in ("text/plain", "text/html"))
    page = (html or "")[:_CHARS_MAX]
    text = f"{subject}\n{without_tags(page) if plain is None else plain}"[:_CHARS_MAX]
    links = [link.rstrip(_ENDING) for link in _LINK.findall(text)] + [unescape(link) for link in _HREF.findall(page)]
    files = [leaf["filename"] or "" for leaf in summary.leaves if leaf["attachment"]]
    return Extracts(
        codes=_once(_CODE.findall(text)),
        links=_once(links),
        ins=_once(_INS.findall(text)),
        closes=marks.subject == SUBJECT_FIN or (marks.mes is not None and marks.mes.strip().upper() == HEADER_MES_FIN),
        documents=tuple(files[:_EACH_MAX]),
        receipt=_told(raw, headers, body) if summary.is_report else "requested" if summary.receipt_to else None,
    )


def _told(raw: bytes, headers: Headers, body: int) -> str | None:
    """What a report tells, in the words of its fields (ref: rfc8098#3.2.6, rfc3464#2.3.3)."""
    try:
        root = read_tree(raw, headers, body, Bounds(_PARTS_MAX, _DEPTH_MAX, _FIELDS_MAX))
    except OverflowError:
        return None
    if (receipt := mdn.parse(raw, root)) is not None:
        return receipt.disposition.value + ("/error" if receipt.failed else "")
    status = dsn.parse(raw, root)
    return None if status is None else status.recipients[0].action.value


def _once(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:_EACH_MAX]
