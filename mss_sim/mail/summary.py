"""The summary of a message: what lists, searches and decisions need of it, without opening its body.

It is computed once, when the message is stored, and kept with it as JSON text, which no query reads.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple, TypedDict

import orjson

from mss_sim.mail.addresses import addresses_of
from mss_sim.mail.mime import Part, content, read_text
from mss_sim.mail.parse import ParsedMessage


class Person(TypedDict):
    """A mailbox of a header, as APIs show it."""

    name: str
    address: str


class Leaf(TypedDict):
    """A part with content: enough to list it, and to cut it out of the message (`start`, `end`: its encoded bytes)."""

    number: str
    type: str
    charset: str | None
    disposition: str | None
    filename: str | None
    encoding: str
    content_id: str | None
    start: int
    end: int
    attachment: bool


class Summary(NamedTuple):
    """`receipt_to`: addresses of Disposition-Notification-To; `mes`: the value of X-MSS-MES; `is_report`: a notification or a receipt.

    `exact_subject`: the subject as `ClosingMarks` has it, where it is not the one that lists show.
    """

    from_: list[Person]
    sender: list[Person]
    reply_to: list[Person]
    to: list[Person]
    cc: list[Person]
    in_reply_to: list[str]
    references: list[str]
    receipt_to: list[str]
    mes: str | None
    has_xdm: bool
    preview: str
    is_report: bool
    leaves: list[Leaf]
    exact_subject: str | None


_NAMES = ("from", "sender", "reply_to", "to", "cc", "in_reply_to", "references", "receipt_to", "mes", "xdm", "preview", "report", "parts")
"""The members of every JSON object, in the order of the fields; `exact_subject` is there when it is needed."""
_IN_ORDER = itemgetter(*_NAMES)


def read_summary(text: str) -> Summary:
    """The summary stored as this text."""
    members = orjson.loads(text)
    return Summary(*(*_IN_ORDER(members), members.get("exact_subject")))


def write_summary(parsed: ParsedMessage, shift: int) -> str:
    """The text of a message's summary; `shift`: how many bytes were written on top of what was parsed."""
    files = {part.number for part in parsed.attachments}
    marks = parsed.marks
    return orjson.dumps(
        {
            "from": _people(parsed.from_),
            "sender": _people(parsed.sender),
            "reply_to": _people(parsed.reply_to),
            "to": _people(parsed.to),
            "cc": _people(parsed.cc),
            "in_reply_to": parsed.in_reply_to,
            "references": parsed.references,
            "receipt_to": addresses_of(parsed.receipt_to),
            "mes": marks.mes,
            "xdm": parsed.has_xdm,
            "preview": parsed.preview,
            "report": parsed.is_report,
            "parts": [_leaf(part, shift, attachment=part.number in files) for part in parsed.root.leaves()],
            **({"exact_subject": marks.subject} if marks.subject != parsed.subject else {}),
        }
    ).decode("utf-8")


def _people(pairs: tuple[tuple[str, str], ...]) -> list[Person]:
    return [{"name": name, "address": address} for name, address in pairs]


def _leaf(part: Part, shift: int, *, attachment: bool) -> Leaf:
    return {
        "number": part.number,
        "type": part.content_type,
        "charset": part.params.get("charset"),
        "disposition": part.disposition,
        "filename": part.filename,
        "encoding": part.encoding,
        "content_id": part.content_id,
        "start": part.start + shift,
        "end": part.end + shift,
        "attachment": attachment,
    }


def shown_text(raw: bytes, leaves: Sequence[Leaf], content_type: str) -> str | None:
    """The text of the first part of that type that is shown, not attached; None when there is none."""
    for part in leaves:
        if part["type"] == content_type and not part["attachment"]:
            return read_text(content(raw, part["start"], part["end"], part["encoding"]), part["charset"])
    return None
