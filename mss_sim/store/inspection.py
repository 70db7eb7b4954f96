"""The letters of the world as somebody who inspects them sees them: each as its author sent it, once, with the inspector's own marks.

A letter has several rows of `messages` where it was carried to another operator, or filed by its author's program: they have its
Message-ID, and no submission of their own. They are shown in its place only where nothing of it was ever kept here.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, exists, func, insert, literal, not_, or_, select, true

from mss_sim.mail.terms import LOOKING_INSIDE, Term, TermKind
from mss_sim.models.inspection import inspected_letters
from mss_sim.models.tables import copies, messages, recipients, submissions
from mss_sim.store.compiled import Hot, HotSelect
from mss_sim.store.letters import says

_AT_ONCE = 500


class Found(NamedTuple):
    """A letter that was found; `summary` is empty unless it was asked for."""

    id: int
    read: bool
    summary: str


class Sending(NamedTuple):
    """How a letter was sent from here: by whom, and to whom by its envelope."""

    actor_id: int | None
    recipients: tuple[str, ...]


def _lies(message_id: Any) -> ColumnElement[bool]:
    return exists().where(copies.c.message_id == message_id)


def _marked(message_id: Any, *, removed: bool) -> ColumnElement[bool]:
    return exists().where(inspected_letters.c.message_id == message_id, inspected_letters.c.removed.is_(removed))


def _sent(message_id: Any) -> ColumnElement[bool]:
    return exists().where(submissions.c.message_id == message_id, submissions.c.mailbox_id.is_not(None))


_author = messages.alias("author")
_CARRIED = (
    select(_author.c.id)
    .where(
        _author.c.rfc_message_id == messages.c.rfc_message_id,
        _author.c.id != messages.c.id,
        _sent(_author.c.id),
        or_(_lies(_author.c.id), _marked(_author.c.id, removed=True)),
    )
    .exists()
)
_SHOWN = and_(_lies(messages.c.id), not_(_marked(messages.c.id, removed=True)), or_(_sent(messages.c.id), not_(_CARRIED)))
_READ = _marked(messages.c.id, removed=False)

_CONDITIONS: dict[TermKind, Callable[[Any], ColumnElement[bool]]] = {
    TermKind.FROM: lambda text: messages.c.from_search.contains(text, autoescape=True),
    TermKind.TO: lambda text: messages.c.to_search.contains(text, autoescape=True),
    TermKind.CC: lambda text: messages.c.to_search.contains(text, autoescape=True),
    TermKind.SUBJECT: lambda text: messages.c.subject_search.contains(text, autoescape=True),
    TermKind.MESSAGE_ID: lambda text: func.lower(func.coalesce(messages.c.rfc_message_id, "")).contains(text, autoescape=True),
    TermKind.TEXT: says,
    TermKind.READ: lambda _: _READ,
    TermKind.ATTACHMENT: lambda _: messages.c.has_attachments.is_(True),
    TermKind.INLINE: lambda _: messages.c.has_attachments.is_(True),
    TermKind.TAGGED: lambda _: not_(true()),
    TermKind.SINCE: lambda instant: messages.c.received_at >= instant,
    TermKind.UNTIL: lambda instant: messages.c.received_at <= instant,
    TermKind.LARGER: lambda size: messages.c.size_bytes > size,
    TermKind.SMALLER: lambda size: messages.c.size_bytes < size,
}
"""Of the terms that look inside: what holds of every letter of which they hold."""


def find(conn: Connection, terms: Sequence[Term], limit: int | None = None) -> list[Found]:
    """The letters of which all terms hold, newest first; of terms that look inside only what the columns tell, with the summaries.

    `limit`: no more than so many, where no term looks inside.
    """
    inside = any(term.kind in LOOKING_INSIDE for term in terms)
    query = select(messages.c.id, _READ, messages.c.summary if inside else literal("")).where(_SHOWN)
    for term in terms:
        condition = _CONDITIONS.get(term.kind)
        if condition is not None and not (term.excluded and term.kind in LOOKING_INSIDE):
            held = condition(term.value)
            query = query.where(not_(held) if term.excluded else held)
    query = query.order_by(messages.c.id.desc()).limit(None if inside else limit)
    return [Found(id_, bool(read), summary) for id_, read, summary in conn.execute(query)]


def one(conn: Connection, message_id: int) -> Found | None:
    """The letter with that id, when it is shown."""
    row = conn.execute(select(messages.c.id, _READ, messages.c.summary).where(messages.c.id == message_id, _SHOWN)).one_or_none()
    return Found(row[0], bool(row[1]), row[2]) if row else None


def totals(conn: Connection) -> tuple[int, int, int]:
    """(letters, those that were read, bytes of all)."""
    row = select(func.count(), func.sum(case((_READ, 1), else_=0)), func.sum(messages.c.size_bytes)).where(_SHOWN)
    number, read, size = conn.execute(row).one()
    return number, int(read or 0), int(size or 0)


def among(conn: Connection, ids: Collection[int]) -> list[int]:
    """Those of these letters that are shown."""
    wanted, found = sorted(ids), list[int]()
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(messages.c.id).where(messages.c.id.in_(wanted[start : start + _AT_ONCE]), _SHOWN)
        found += conn.execute(query).scalars()
    return found


def carried_from(conn: Connection, ids: Collection[int]) -> list[int]:
    """The other rows of these letters: as they arrived elsewhere, or were filed by their author's program."""
    sent = select(messages.c.rfc_message_id).where(messages.c.id.in_(list(ids)), _sent(messages.c.id))
    query = select(messages.c.id).where(messages.c.rfc_message_id.in_(sent), not_(_sent(messages.c.id)))
    return list(conn.execute(query).scalars())


def mark_read(conn: Connection, ids: Collection[int]) -> None:
    """Mark letters read; those that are marked already stay as they are."""
    known = {row[0] for row in _MARKS.rows(conn, "ids", list(ids))}
    _MARK.run(conn, [(id_, False) for id_ in dict.fromkeys(ids) if id_ not in known])


def mark_unread(conn: Connection, ids: Collection[int]) -> None:
    """Take the marks of letters that were read away."""
    conn.execute(delete(inspected_letters).where(inspected_letters.c.message_id.in_(list(ids)), inspected_letters.c.removed.is_(False)))


def mark_removed(conn: Connection, ids: Collection[int]) -> None:
    """Mark letters removed: they are not shown again, whatever copies come later."""
    conn.execute(delete(inspected_letters).where(inspected_letters.c.message_id.in_(list(ids))))
    _MARK.run(conn, [(id_, True) for id_ in dict.fromkeys(ids)])


_MARKS = HotSelect(select(inspected_letters.c.message_id).where(inspected_letters.c.message_id.in_(bindparam("ids", expanding=True))))
_MARK = Hot(insert(inspected_letters))


def sendings(conn: Connection, ids: Collection[int]) -> dict[int, Sending]:
    """How these letters were sent, of those that were sent from here."""
    found: dict[int, Sending] = {}
    for message_id, actor_id, address, _ in sorted(_SENDINGS.rows(conn, "ids", list(ids)), key=lambda row: row[3]):
        before = found.get(message_id, Sending(actor_id, ()))
        found[message_id] = before._replace(recipients=(*before.recipients, address))
    return found


_SENDINGS = HotSelect(
    select(submissions.c.message_id, submissions.c.actor_id, recipients.c.address, recipients.c.id)
    .join(recipients, recipients.c.submission_id == submissions.c.id)
    .where(submissions.c.mailbox_id.is_not(None), submissions.c.message_id.in_(bindparam("ids", expanding=True)))
)
