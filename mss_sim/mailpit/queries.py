"""The searches of Mailpit: words, quoted phrases and `name:value`, each of which must hold; `-` or `!` in front says that it must not."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from mss_sim.clock import Micros, from_datetime
from mss_sim.errors import Refusal, Rule
from mss_sim.mail.parse import fold
from mss_sim.mail.terms import Term, TermKind
from mss_sim.words.sentence import say

_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_MARKS = re.compile(r'[\r\n\t<>",;()]')
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s?(k|kb|m|mb)?\Z", re.ASCII)
_UNITS = {"": 1, "k": 1_024, "kb": 1_024, "m": 1_048_576, "mb": 1_048_576}
_TEXTS = {
    "from": TermKind.FROM,
    "to": TermKind.TO,
    "cc": TermKind.CC,
    "bcc": TermKind.BCC,
    "reply-to": TermKind.REPLY_TO,
    "addressed": TermKind.ANYBODY,
    "message-id": TermKind.MESSAGE_ID,
    "tag": TermKind.TAGGED,
}
_SIZES = {"larger": TermKind.LARGER, "smaller": TermKind.SMALLER}
_DATES = {"after": TermKind.SINCE, "before": TermKind.UNTIL}
_WHOLE = {
    "is:read": Term(TermKind.READ),
    "is:unread": Term(TermKind.READ, excluded=True),
    "is:tagged": Term(TermKind.TAGGED),
    "has:attachment": Term(TermKind.ATTACHMENT),
    "has:attachments": Term(TermKind.ATTACHMENT),
    "has:inline": Term(TermKind.INLINE),
    "has:inlines": Term(TermKind.INLINE),
}


def read_query(text: str, timezone: str | None) -> list[Term]:
    """The terms of a search; `timezone` is where its dates are meant, UTC by default. Refusal(INVALID) for what cannot be read."""
    zone = read_zone(timezone)
    words = (found[0].replace('"', "").strip() for found in _WORD.finditer(text))
    return [term for word in words if _cleaned(word) for term in _terms(word, zone)]


def read_zone(timezone: str | None) -> tzinfo:
    """A zone by its name in the time zone database; UTC where none is given."""
    if not timezone:
        return UTC
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        detail = say("There is no time zone {timezone!r}; write it as Europe/Paris.", timezone=timezone[:60])
        raise Refusal(Rule.INVALID, detail, reference="quirks#mailpit") from error


def _terms(word: str, zone: tzinfo) -> list[Term]:
    excluded = len(word) > 1 and word[0] in "-!"
    word = word[1:] if excluded else word
    whole = _WHOLE.get(word.lower())
    term = whole or _term(word, zone)
    return [term._replace(excluded=term.excluded is not excluded)] if term else []


def _term(word: str, zone: tzinfo) -> Term | None:
    name, colon, value = word.partition(":")
    name = name.lower() if colon else ""
    if name == "subject":
        return Term(TermKind.SUBJECT, fold(value)) if value else None
    if name in _DATES:
        return Term(_DATES[name], read_date(value, zone)) if _cleaned(value) else None
    if name in _TEXTS:
        return Term(_TEXTS[name], fold(_cleaned(value))) if _cleaned(value) else None
    if name in _SIZES and (size := _SIZE.match(_cleaned(value).lower())):
        return Term(_SIZES[name], int(float(size[1]) * _UNITS[size[2] or ""]))
    return Term(TermKind.TEXT, fold(word.strip()))


def _cleaned(text: str) -> str:
    return " ".join(_MARKS.sub(" ", text).split())


_FORMS: tuple[Callable[[str], datetime], ...] = (
    datetime.fromisoformat,
    lambda text: datetime.strptime(text, "%d %b %Y"),  # noqa: DTZ007 - it gets its zone below
)


def read_date(text: str, zone: tzinfo) -> Micros:
    """An instant as a search or a list has it: `2026-01-05`, `2026/01/05`, `2026-01-05T08:00:00Z`, `5 Jan 2026`; midnight of a day."""
    wanted = _cleaned(text).replace("/", "-")
    for form in _FORMS:
        try:
            found = form(wanted.upper() if form is datetime.fromisoformat else wanted)
            return from_datetime(found if found.tzinfo else found.replace(tzinfo=zone))
        except (ValueError, OverflowError):
            continue
    detail = say("{text!r} is no date; write it as in 2026-01-05 or 2026-01-05T08:00:00Z.", text=text[:40])
    raise Refusal(Rule.INVALID, detail, reference="quirks#mailpit")
