"""The letters of the whole world, in whatever mailbox: which there are, where their copies lie, what was said of each copy.

A letter is there while its bytes are kept: it lies in a folder, waits in the queue, or is the report of a timeline. Views of carers are no
places of their own (`carer_views`): what lies there lies in the patient's mailbox.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select

from mss_sim.clock import Micros
from mss_sim.mail.headers import split
from mss_sim.models.tables import copies, folders, mailboxes, message_bodies, messages, submissions
from mss_sim.store.compiled import HotSelect
from mss_sim.store.messages import TWINS_MAX, MessageRow
from mss_sim.store.search import holds
from mss_sim.vocabulary.mailboxes import Flag

_COLUMNS = tuple(messages.c)
_USUAL_OCTETS = 8 * 1024
_HEADER_OCTETS = 256 * 1024
_HEADS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class LetterQuery:
    """Which letters to list, newest first. Texts are folded, but `message_id`, which is whole and as it was written.

    `ins`: a number of a patient that stands in the subject, the people or the text. `before`: the id of the last letter listed already;
    `among`: letters with these ids alone. `header`: the name of a field and what it contains; an empty text asks whether the field is
    there. `mailbox_id`: letters that have a copy there.
    """

    limit: int
    before: int | None = None
    among: frozenset[int] | None = None
    from_: str | None = None
    to: str | None = None
    subject: str | None = None
    text: str | None = None
    ins: str | None = None
    message_id: str | None = None
    header: tuple[str, str] | None = None
    since: Micros | None = None
    until: Micros | None = None
    mailbox_id: int | None = None
    has_document: bool | None = None


class PlacedCopy(NamedTuple):
    """One copy of a letter, and where it lies. `flags` are the shared ones; a personal \\Seen is each reader's own."""

    message_id: int
    id: int
    mailbox_id: int
    address: str
    folder_id: int
    folder: str
    uid: int
    flags: Flag
    keywords: str
    internal_at: Micros
    size_bytes: int


class SearchTexts(NamedTuple):
    """What a letter is looked for by, folded."""

    message_id: int
    from_search: str
    to_search: str
    subject_search: str


def search_texts(conn: Connection, ids: Collection[int]) -> list[SearchTexts]:
    """What these letters are looked for by."""
    return [SearchTexts(*row) for row in _SEARCH_TEXTS.rows(conn, "ids", sorted(ids))]


_LOOKED_FOR = (messages.c.from_search, messages.c.to_search, messages.c.subject_search)
_SEARCH_TEXTS = HotSelect(select(messages.c.id, *_LOOKED_FOR).where(messages.c.id.in_(bindparam("ids", expanding=True))))


def page(conn: Connection, query: LetterQuery) -> list[MessageRow]:
    """The letters that a query selects, newest first, at most `limit`."""
    statement = _conditions(query)
    if query.header is None:
        return list(map(_message, conn.execute(statement.limit(query.limit))))
    found: list[MessageRow] = []
    for row in _with_header(conn, statement, *query.header):
        found.append(row)
        if len(found) == query.limit:
            break
    return found


def _conditions(query: LetterQuery) -> Select[Any]:
    statement = select(*_COLUMNS).where(_has_body()).order_by(messages.c.id.desc())
    for column, wanted in (
        (messages.c.from_search, query.from_),
        (messages.c.to_search, query.to),
        (messages.c.subject_search, query.subject),
    ):
        if wanted:
            statement = statement.where(column.contains(wanted, autoescape=True))
    if query.text:
        statement = statement.where(says(query.text))
    if query.ins:
        statement = statement.where(says(query.ins))
    if query.before is not None:
        statement = statement.where(messages.c.id < query.before)
    if query.message_id is not None:
        statement = statement.where(messages.c.rfc_message_id == query.message_id)
    if query.since is not None:
        statement = statement.where(messages.c.received_at >= query.since)
    if query.until is not None:
        statement = statement.where(messages.c.received_at < query.until)
    if query.has_document is not None:
        statement = statement.where(messages.c.has_attachments.is_(query.has_document))
    if query.mailbox_id is not None:
        statement = statement.where(messages.c.id.in_(select(copies.c.message_id).where(copies.c.mailbox_id == query.mailbox_id)))
    if query.among is not None:
        statement = statement.where(messages.c.id.in_(query.among))
    return statement


def _has_body() -> Any:
    return select(message_bodies.c.message_id).where(message_bodies.c.message_id == messages.c.id).exists()


def says(text: str) -> Any:
    """Letters whose subject, people or text contain a folded text."""
    body = select(message_bodies.c.message_id).where(
        message_bodies.c.message_id == messages.c.id, message_bodies.c.search_text.contains(text, autoescape=True)
    )
    return body.exists()


def _message(row: Sequence[Any]) -> MessageRow:
    return MessageRow(*row)._replace(has_attachments=bool(row[-1]))


def _with_header(conn: Connection, statement: Select[Any], name: str, text: str) -> Iterator[MessageRow]:
    """Those of the letters that have such a field; some are read at once, so that the first page does not read them all."""
    before: int | None = None
    while True:
        part = statement if before is None else statement.where(messages.c.id < before)
        rows = list(map(_message, conn.execute(part.limit(_HEADS_AT_ONCE))))
        heads = _heads(conn, [row.id for row in rows], _USUAL_OCTETS)
        long = [id_ for id_, head in heads.items() if len(head) == _USUAL_OCTETS and split(head)[0] == len(head)]
        heads |= _heads(conn, long, _HEADER_OCTETS)
        yield from (row for row in rows if holds(heads.get(row.id, b""), name, text))
        if len(rows) < _HEADS_AT_ONCE:
            return
        before = rows[-1].id


def _heads(conn: Connection, ids: Sequence[int], octets: int) -> dict[int, bytes]:
    if not ids:
        return {}
    head = func.substr(message_bodies.c.raw, 1, octets)
    rows = conn.execute(select(message_bodies.c.message_id, head).where(message_bodies.c.message_id.in_(ids)))
    return {id_: bytes(raw) for id_, raw in rows}


def one(conn: Connection, message_id: int) -> MessageRow | None:
    """The letter with that id; None when its bytes are gone."""
    row = conn.execute(select(*_COLUMNS).where(messages.c.id == message_id, _has_body())).one_or_none()
    return _message(row) if row else None


def with_ids(conn: Connection, ids: Collection[int]) -> dict[int, MessageRow]:
    """These letters, by id."""
    return {row[0]: _message(row) for row in _WITH_IDS.rows(conn, "ids", list(ids))}


_WITH_IDS = HotSelect(select(*_COLUMNS).where(messages.c.id.in_(bindparam("ids", expanding=True))))


def called_alike(conn: Connection, letter: MessageRow) -> list[int]:
    """The ids of other letters with the same Message-ID, the first ones first: carried to another operator, or sent twice."""
    if letter.rfc_message_id is None:
        return []
    query = select(messages.c.id).where(messages.c.rfc_message_id == letter.rfc_message_id, messages.c.id != letter.id, _has_body())
    return list(conn.execute(query.order_by(messages.c.id).limit(TWINS_MAX)).scalars())


def places(conn: Connection, message_ids: Collection[int]) -> list[PlacedCopy]:
    """All copies of these letters, the oldest first."""
    rows = [PlacedCopy(*row)._replace(flags=Flag(row[7])) for row in _PLACES.rows(conn, "ids", sorted(message_ids))]
    return sorted(rows, key=lambda copy: copy.id)


_PLACES = HotSelect(
    select(
        copies.c.message_id,
        copies.c.id,
        copies.c.mailbox_id,
        mailboxes.c.address,
        copies.c.folder_id,
        folders.c.name,
        copies.c.uid,
        copies.c.flags,
        copies.c.keywords,
        copies.c.internal_at,
        messages.c.size_bytes,
    )
    .join(folders, folders.c.id == copies.c.folder_id)
    .join(mailboxes, mailboxes.c.id == copies.c.mailbox_id)
    .join(messages, messages.c.id == copies.c.message_id)
    .where(copies.c.message_id.in_(bindparam("ids", expanding=True)), mailboxes.c.carer_view_of.is_(None))
)


def copy_counts(conn: Connection, message_ids: Collection[int]) -> dict[int, int]:
    """How many copies each of these letters has; those without any are missing."""
    found: dict[int, int] = {}
    for (message_id,) in _COPIES.rows(conn, "ids", sorted(message_ids)):
        found[message_id] = found.get(message_id, 0) + 1
    return found


_COPIES = HotSelect(
    select(copies.c.message_id)
    .join(mailboxes, mailboxes.c.id == copies.c.mailbox_id)
    .where(copies.c.message_id.in_(bindparam("ids", expanding=True)), mailboxes.c.carer_view_of.is_(None))
)


def submitted_as(conn: Connection, message_id: int) -> list[int]:
    """The ids of the submissions of a letter, the first ones first; none when it came from elsewhere."""
    query = select(submissions.c.id).where(submissions.c.message_id == message_id).order_by(submissions.c.id)
    return list(conn.execute(query).scalars())
