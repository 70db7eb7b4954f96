"""What stands in the form of a letter: read from a post, or filled in from a letter that is answered, passed on, or was a draft."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.datastructures import FormData

from mss_sim.clock import to_datetime
from mss_sim.core.mailbox.messages import OpenedMessage
from mss_sim.ids import encode
from mss_sim.mail.headers import read_headers, split
from mss_sim.mail.parse import people_in
from mss_sim.mail.summary import Person, Summary, read_summary, shown_text
from mss_sim.vocabulary.language import Language
from mss_sim.vocabulary.mail import HEADER_MES_FIN
from mss_sim.web.showing import PARIS
from mss_sim.words.sentence import say

NOTIFY = "$NotifyDelivery"
"""Keyword of a draft whose delivery shall be notified: that is said in the envelope, which a draft has not."""
_QUOTED_CHARS_MAX = 20_000
_HEADERS_MAX = 1_000
_REPLACES = "[Annule et remplace] "
_DOCUMENT = re.compile(r"XDM/1\.0/DDM\+?\s*")
"""With what the subject begins of a letter that carries a document: programs look for it there, so that it stays first."""


@dataclass(frozen=True, slots=True)
class LetterForm:
    """The fields. `author`: address and quality; `answers`: the id of a letter of this mailbox, or a Message-ID; `key`: that of a retry.

    `source`: the letter out of which the files called `parts` (numbers of parts) come; `draft`: the draft in whose place it stands.
    """

    author: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    text: str = ""
    read_receipt: bool = False
    delivery_receipt: bool = False
    closes: bool = False
    answers: str = ""
    source: str = ""
    parts: tuple[str, ...] = ()
    draft: str = ""
    key: str = ""


def of_post(form: FormData) -> LetterForm:
    """The form as it was posted; what is missing is empty."""

    def field(name: str) -> str:
        value = form.get(name)
        return value if isinstance(value, str) else ""

    return LetterForm(
        author=field("author").strip(),
        to=field("to").strip(),
        cc=field("cc").strip(),
        bcc=field("bcc").strip(),
        subject=" ".join(field("subject").split()),
        text=field("text"),
        read_receipt=field("read_receipt") == "yes",
        delivery_receipt=field("delivery_receipt") == "yes",
        closes=field("closes") == "yes",
        answers=field("answers").strip(),
        source=field("source").strip(),
        parts=tuple(one for one in form.getlist("part") if isinstance(one, str)),
        draft=field("draft").strip(),
        key=field("key").strip(),
    )


def of_answer(form: LetterForm, opened: OpenedMessage, language: Language, *, all_: bool) -> LetterForm:
    """An answer: to who wrote or, of a letter of this mailbox's own, to whom it went; `all_`: to all others too."""
    stored, own = read_summary(opened.item.message.summary), opened.mailbox.address
    mine = any(one["address"] == own for one in stored.from_)
    first = stored.to if mine else stored.reply_to or stored.from_
    others = [
        one for one in (*(() if mine else stored.to), *stored.cc) if one["address"] not in {own, *(each["address"] for each in first)}
    ]
    return replace(
        form,
        to=written(first),
        cc=written(others) if all_ else "",
        subject=_prefixed("Re: ", opened.item.message.subject),
        text=_quoted(opened, stored, language),
        answers=encode(opened.item.copy.id),
    )


def of_forward(form: LetterForm, opened: OpenedMessage, language: Language) -> LetterForm:
    """A letter that is passed on, with its files."""
    stored = read_summary(opened.item.message.summary)
    return replace(
        form,
        subject=_prefixed("Fwd: ", opened.item.message.subject),
        text=_quoted(opened, stored, language),
        source=encode(opened.item.copy.id),
        parts=_files(stored),
    )


def of_replacement(form: LetterForm, opened: OpenedMessage, language: Language) -> LetterForm:
    """A letter that cancels one that was sent and takes its place: to the same people, with its text, files and wishes.

    No text says how a program knows; people read it in the subject, behind what names a document (ref: quirks#cancel-and-replace).
    """
    item, stored = opened.item, read_summary(opened.item.message.summary)
    day: datetime = to_datetime(item.copy.internal_at).astimezone(PARIS)
    told = say(
        "This letter cancels and replaces that of {day}, “{subject}”.",
        day=day.strftime("%d/%m/%Y" if language is Language.FR else "%Y-%m-%d"),
        subject=item.message.subject,
    )
    marked = _DOCUMENT.match(item.message.subject)
    begin = marked[0] if marked else ""
    return replace(
        form,
        to=written(stored.to),
        cc=written(stored.cc),
        subject=f"{begin}{_REPLACES}{item.message.subject[len(begin) :]}",
        text=f"{told.in_language(language)}\n\n{shown_text(opened.raw, stored.leaves, 'text/plain') or ''}",
        read_receipt=bool(stored.receipt_to),
        closes=stored.mes == HEADER_MES_FIN,
        answers=encode(item.copy.id),
        source=encode(item.copy.id),
        parts=_files(stored),
    )


def of_draft(form: LetterForm, opened: OpenedMessage, authors: Sequence[str]) -> LetterForm:
    """A draft as it was kept; as whom, where that may still be."""
    item, stored = opened.item, read_summary(opened.item.message.summary)
    headers = read_headers(opened.raw[: split(opened.raw)[0]], count_max=_HEADERS_MAX)
    bcc = [{"name": name, "address": address} for name, address in people_in(headers, "Bcc")]
    from_ = next((one["address"] for one in stored.from_), "")
    here = encode(item.copy.id)
    return replace(
        form,
        author=next((one for one in authors if one.partition(" ")[0] == from_), form.author),
        to=written(stored.to),
        cc=written(stored.cc),
        bcc=written(bcc),
        subject=item.message.subject,
        text=shown_text(opened.raw, stored.leaves, "text/plain") or "",
        read_receipt=bool(stored.receipt_to),
        delivery_receipt=NOTIFY.lower() in item.copy.keywords.lower().split(),
        closes=stored.mes == HEADER_MES_FIN,
        answers=next(iter(stored.in_reply_to), ""),
        source=here,
        parts=_files(stored),
        draft=here,
    )


def written(people: Sequence[Person | dict[str, str]]) -> str:
    """People as a field of the form shows them."""
    return ", ".join(f'"{name}" <{one["address"]}>' if (name := one["name"].replace('"', "'")) else one["address"] for one in people)


def _files(stored: Summary) -> tuple[str, ...]:
    return tuple(part["number"] for part in stored.leaves if part["attachment"])


def _prefixed(prefix: str, subject: str) -> str:
    return subject if subject.lower().startswith(prefix.lower()) else prefix + subject


def _quoted(opened: OpenedMessage, stored: Summary, language: Language) -> str:
    text = (shown_text(opened.raw, stored.leaves, "text/plain") or "")[:_QUOTED_CHARS_MAX]
    who = next((one["name"] or one["address"] for one in stored.from_), "?")
    at: datetime = to_datetime(opened.item.copy.internal_at).astimezone(PARIS)
    told = say("{who} wrote on {day}:", who=who, day=at.strftime("%d/%m/%Y" if language is Language.FR else "%Y-%m-%d"))
    return "\n\n" + told.in_language(language) + "\n" + "".join(f"> {line}\n" for line in text.splitlines())
