"""Pages of a mailbox: which copies to list, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, not_, select

from mss_sim.clock import Micros
from mss_sim.models.tables import copies, message_bodies, messages
from mss_sim.store import charges
from mss_sim.store.compiled import HotQuery
from mss_sim.store.messages import CopyVersion, ListedMessage, by_message, items, seen_by, version, versions
from mss_sim.vocabulary.charge import ChargeChoice
from mss_sim.vocabulary.mailboxes import Flag


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which copies of a mailbox to list, newest first. Texts are folded.

    `before` is the last position already listed: the UID of a copy in the list of one folder, its id in the list of all. `asker`: whose
    letters in charge are `mine`.
    """

    mailbox_id: int
    limit: int
    folder_id: int | None = None
    before: int | None = None
    unread: bool | None = None
    answered: bool | None = None
    from_: str | None = None
    to: str | None = None
    subject: str | None = None
    text: str | None = None
    since: Micros | None = None
    until: Micros | None = None
    has_attachment: bool | None = None
    thread_id: int | None = None
    personal_reader: int | None = None
    charge: ChargeChoice | None = None
    asker: int = 0

    @property
    def plain(self) -> bool:
        """Whether nothing is asked of the messages themselves: the page is read by an index alone, at once in any mailbox."""
        texts, instants = (self.from_, self.to, self.subject, self.text), (self.since, self.until)
        asked = (self.unread, self.answered, *texts, *instants, self.has_attachment, self.thread_id, self.charge)
        return all(one is None for one in asked)


def page(conn: Connection, query: ListQuery) -> list[ListedMessage]:
    """The copies that a query selects with their messages, newest first, at most `limit`."""
    found = listed(conn, query)
    whole = items(conn, found)
    return [whole[copy.id] for copy in found if copy.id in whole]


def listed(conn: Connection, query: ListQuery) -> list[CopyVersion]:
    """The copies that a query selects, newest first, at most `limit`."""
    if query.plain:
        values = {"mailbox": query.mailbox_id, "folder": query.folder_id, "before": query.before, "reader": query.personal_reader}
        hot = _plain_page(in_folder=query.folder_id is not None, after=query.before is not None, personal=query.personal_reader is not None)
        return list(map(version, hot.rows(conn, most=query.limit, **{name: value for name, value in values.items() if value is not None})))
    within = copies.c.mailbox_id == query.mailbox_id if query.thread_id is None else by_message(query.mailbox_id)
    among = versions(query.personal_reader).join(messages, messages.c.id == copies.c.message_id)
    statement, place = among.where(within), copies.c.id
    if query.folder_id is not None:
        statement, place = among.where(copies.c.folder_id == query.folder_id), copies.c.uid
    if query.before is not None:
        statement = statement.where(place < query.before)
    statement = statement.where(*_conditions(query))
    return list(map(version, conn.execute(statement.order_by(place.desc()).limit(query.limit))))


def _conditions(query: ListQuery) -> Iterator[Any]:
    """What is asked of the copies and their messages."""
    if query.unread is not None:
        seen = seen_by(query.personal_reader)
        yield not_(seen) if query.unread else seen
    if query.answered is not None:
        answered = copies.c.flags.op("&")(int(Flag.ANSWERED)) != 0
        yield answered if query.answered else not_(answered)
    texts = (messages.c.from_search, query.from_), (messages.c.to_search, query.to), (messages.c.subject_search, query.subject)
    yield from (_contains(column, wanted) for column, wanted in texts if wanted)
    if query.text:
        body = select(message_bodies.c.message_id).where(
            message_bodies.c.message_id == messages.c.id, _contains(message_bodies.c.search_text, query.text)
        )
        yield body.exists()
    if query.since is not None:
        yield copies.c.internal_at >= query.since
    if query.until is not None:
        yield copies.c.internal_at < query.until
    if query.has_attachment is not None:
        yield messages.c.has_attachments.is_(query.has_attachment)
    if query.charge is not None:
        yield charges.chosen(query.charge, query.asker)
    if query.thread_id is not None:
        yield messages.c.thread_id == query.thread_id


@cache
def _plain_page(*, in_folder: bool, after: bool, personal: bool) -> HotQuery:
    """A page without conditions on its messages, compiled once for each of its few forms."""
    statement = versions(bindparam("reader") if personal else None)
    place = copies.c.uid if in_folder else copies.c.id
    statement = statement.where(copies.c.folder_id == bindparam("folder") if in_folder else copies.c.mailbox_id == bindparam("mailbox"))
    if after:
        statement = statement.where(place < bindparam("before"))
    return HotQuery(statement.order_by(place.desc()).limit(bindparam("most")))


def _contains(column: Any, text: str) -> Any:
    return column.contains(text, autoescape=True)
