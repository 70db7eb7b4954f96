"""A search as a row of terms, all of which hold of a letter that is found."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from mss_sim.mail.parse import fold
from mss_sim.mail.summary import Leaf, Person, Summary


class TermKind(Enum):
    """What a term looks at."""

    FROM = auto()
    TO = auto()
    CC = auto()
    BCC = auto()
    REPLY_TO = auto()
    ANYBODY = auto()
    SUBJECT = auto()
    MESSAGE_ID = auto()
    TEXT = auto()
    READ = auto()
    ATTACHMENT = auto()
    INLINE = auto()
    TAGGED = auto()
    SINCE = auto()
    UNTIL = auto()
    LARGER = auto()
    SMALLER = auto()


LOOKING_INSIDE = frozenset(
    {TermKind.TO, TermKind.CC, TermKind.BCC, TermKind.REPLY_TO, TermKind.ANYBODY, TermKind.ATTACHMENT, TermKind.INLINE}
)
"""Those that are asked of a letter's summary and of who got it."""


class Term(NamedTuple):
    """One condition. `value`: a folded text, or a number: an instant, a size in bytes; `excluded`: it does not hold."""

    kind: TermKind
    value: str | int = ""
    excluded: bool = False


def listed_files(leaves: Sequence[Leaf]) -> tuple[list[Leaf], list[Leaf]]:
    """(attachments, inline files) of a letter: parts with a name or a Content-ID, told apart by what their disposition says."""
    named = [leaf for leaf in leaves if leaf["attachment"] and (leaf["filename"] or leaf["content_id"])]
    attached = [leaf for leaf in named if leaf["disposition"] == "attachment" or leaf["type"] == "application/octet-stream"]
    return attached, [leaf for leaf in named if leaf not in attached]


def hidden_people(summary: Summary, recipients: Sequence[str]) -> list[Person]:
    """Who got a letter without being named in To or Cc."""
    named = {one["address"] for one in (*summary.to, *summary.cc)}
    return [{"name": "", "address": address} for address in recipients if address not in named]


def holds(term: Term, summary: Summary, recipients: Sequence[str]) -> bool:
    """Whether a term that looks inside holds of a letter; `recipients`: those of its envelope, where it was sent from here."""
    match term.kind:
        case TermKind.ATTACHMENT:
            found = bool(listed_files(summary.leaves)[0])
        case TermKind.INLINE:
            found = bool(listed_files(summary.leaves)[1])
        case _:
            people = " ".join(f"{one['name']} {one['address']}" for one in _people(term.kind, summary, recipients))
            found = str(term.value) in fold(people)
    return found is not term.excluded


def _people(kind: TermKind, summary: Summary, recipients: Sequence[str]) -> list[Person]:
    groups = {
        TermKind.TO: summary.to,
        TermKind.CC: summary.cc,
        TermKind.REPLY_TO: summary.reply_to,
        TermKind.BCC: hidden_people(summary, recipients),
    }
    return groups[kind] if kind in groups else [*summary.from_, *(one for people in groups.values() for one in people)]
