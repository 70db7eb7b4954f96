"""What can be waited for, each found by its marks and from a place on: letters, lines of journals, events of timelines.

A place is a position in the feed (`store.feed`): what stands behind it was committed later. `place` tells the present one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

from mss_sim.core.access import journal as journals
from mss_sim.core.access.identities import require_identity
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.control.every_letter import check_letters, id_of_mailbox
from mss_sim.core.world.world import World
from mss_sim.evidence.transcripts import Transcript
from mss_sim.store import feed, folders, identities, letters, mailboxes, messages, timelines
from mss_sim.store.engine import Connection
from mss_sim.store.feed import Ref, Source
from mss_sim.store.identities import Identity
from mss_sim.store.journal import ActQuery, JournalRow
from mss_sim.store.letters import LetterQuery, SearchTexts
from mss_sim.store.messages import MessageRow
from mss_sim.store.timelines import EventQuery, TimelineEvent
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act

T = TypeVar("T")

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class FoundLetter:
    """A letter with its octets, from which values are taken."""

    message: MessageRow
    raw: bytes


class Found(NamedTuple, Generic[T]):
    """What was found, and the position until which it was looked for."""

    rows: list[T]
    position: int


async def place(world: World) -> int:
    """The position of the newest event of the world."""
    return await world.store.read_briefly(feed.last)


async def find_letters(world: World, query: LetterQuery, mailbox: str | None) -> list[FoundLetter]:
    """Letters, the oldest first; with a mailbox those that lie in it. Refusal(NOT_FOUND) when there is no such mailbox."""
    check_letters(world, query)

    def run(conn: Connection) -> list[FoundLetter]:
        asked = replace(query, mailbox_id=id_of_mailbox(conn, mailbox)) if mailbox is not None else query
        return [FoundLetter(row, messages.raw(conn, row.id)) for row in reversed(letters.page(conn, asked))]

    slow = query.text is not None or query.ins is not None or query.header is not None
    return await (world.store.read(run) if slow else world.store.read_briefly(run))


class Newcomer(NamedTuple):
    """A letter that came into a mailbox."""

    mailbox_id: int | None
    letter: SearchTexts


class Newcomers(NamedTuple):
    """The letters that came behind a position, and the position until which they were looked for."""

    position: int
    letters: tuple[Newcomer, ...]


def newcomers(conn: Connection, position: int) -> Newcomers:
    """What came into any mailbox behind a position, in the order in which it came."""
    came: list[tuple[int | None, int]] = []
    for row in lines_after(conn, position):
        line = row.line
        copied_away = line.act is Act.COPIED and mailboxes.by_address(conn, str((line.detail or {}).get("to"))) is not None
        if line.act in _BRING and line.message_id is not None and not copied_away:
            came.append((line.mailbox_id, line.message_id))
    texts = {one.message_id: one for one in letters.search_texts(conn, {letter for _, letter in came})}
    return Newcomers(feed.last(conn), tuple(Newcomer(box, texts[letter]) for box, letter in came if letter in texts))


_BRING = frozenset({Act.RECEIVED, Act.SUBMITTED, Act.APPENDED, Act.COPIED, Act.MOVED})


def lines_after(conn: Connection, position: int) -> Iterator[JournalRow]:
    """The lines of journals behind a position, in the order of the feed."""
    for refs in _pages(conn, position):
        ids = [ref.id for ref in refs if ref.source is Source.JOURNAL]
        found = journals.with_ids(conn, ids)
        yield from (found[id_] for id_ in ids if id_ in found)


def _pages(conn: Connection, position: int) -> Iterator[list[Ref]]:
    while refs := feed.after(conn, position, _AT_ONCE):
        yield refs
        position = refs[-1].position


class LetterSearch:
    """A search that is done again and again while somebody waits: only when a letter came that may be one of those.

    `after`: a position; letters that came before it do not count. `position`: until where it has looked.
    """

    def __init__(self, world: World, query: LetterQuery, mailbox: str | None, after: int | None) -> None:
        self._world = world
        self._query = replace(query, among=None if after is None else frozenset())
        self._came: frozenset[int] | None = self._query.among
        self._mailbox = mailbox
        self._mailbox_id: int | None = None
        self._found: list[FoundLetter] | None = None
        self.position = after

    @property
    def near(self) -> LetterQuery:
        """What is looked for, among all that came, into whatever mailbox."""
        return replace(self._query, among=self._came)

    async def look(self) -> list[FoundLetter]:
        """What there is now; refusals of `find_letters`."""
        store = self._world.store
        if self._mailbox is not None and self._mailbox_id is None:
            address = self._mailbox
            self._mailbox_id = await store.read_briefly(lambda conn: id_of_mailbox(conn, address))
        before = self.position
        if before is None:
            self.position = await store.read_briefly(feed.last)
        else:
            came = await store.read_unchanged(newcomers, before)
            mine = [one.letter for one in came.letters if self._mailbox_id in (None, one.mailbox_id)]
            if self._query.among is not None and self._came is not None:
                self._came |= {one.letter.message_id for one in came.letters}
                self._query = replace(self._query, among=self._query.among | {one.message_id for one in mine})
            self.position = came.position
            if self._found is not None and not any(map(self._may_be, mine)):
                return self._found
        self._found = await find_letters(self._world, self._query, self._mailbox)
        return self._found

    def _may_be(self, one: SearchTexts) -> bool:
        query = self._query
        marks = (query.from_, one.from_search), (query.to, one.to_search), (query.subject, one.subject_search)
        return all(wanted is None or wanted in text for wanted, text in marks)


async def folders_of(world: World, mailbox: str) -> list[int]:
    """The folders of a mailbox, whose changes alone bring letters into it. Refusal(NOT_FOUND)."""

    def run(conn: Connection) -> list[int]:
        return list(folders.names_in(conn, id_of_mailbox(conn, mailbox)))

    return await world.store.read_briefly(run)


async def find_acts(world: World, query: ActQuery, mailbox: str | None, who: str | None, after: int | None) -> Found[JournalRow]:
    """Lines of journals, the oldest first; `who` by idNat, login or address. Refusal(NOT_FOUND) for a mailbox or a person that is not."""

    def run(conn: Connection) -> Found[JournalRow]:
        asked = replace(query, mailbox_id=id_of_mailbox(conn, mailbox)) if mailbox is not None else query
        if who is not None:
            asked = replace(asked, actor_id=(identity_called(conn, who) or require_identity(conn, who)).id)
        return _found(conn, Source.JOURNAL, after, query.limit, lambda ids: journals.matching(conn, replace(asked, among=ids)), _line_id)

    return await world.store.read_briefly(run)


async def find_events(world: World, query: EventQuery, after: int | None) -> Found[TimelineEvent]:
    """What happened to recipients of letters, the oldest first."""

    def run(conn: Connection) -> Found[TimelineEvent]:
        return _found(conn, Source.TIMELINE, after, query.limit, lambda ids: timelines.events(conn, replace(query, among=ids)), _event_id)

    return await world.store.read_briefly(run)


class Names(NamedTuple):
    """Who and what lines are about, by id: people, and the addresses of mailboxes that are still there."""

    people: dict[int, Identity]
    addresses: dict[int, str]


async def names_of(world: World, rows: Sequence[JournalRow | TimelineEvent]) -> Names:
    """Who did what lines of journals tell, and in which mailbox; where letters of events were sent from."""
    lines = [one.line for one in rows if isinstance(one, JournalRow)]
    boxes = {one.mailbox_id for one in lines} | {one.mailbox_id for one in rows if isinstance(one, TimelineEvent)}
    actors = {one.actor_id for one in lines if one.actor_id is not None}

    def run(conn: Connection) -> Names:
        found = mailboxes.with_ids(conn, {id_ for id_ in boxes if id_ is not None})
        return Names(identities.names(conn, actors), {box.id: box.address for box in found})

    return await world.store.read_briefly(run)


def _found(
    conn: Connection,
    source: Source,
    after: int | None,
    limit: int,
    select: Callable[[tuple[int, ...] | None], list[T]],
    id_of: Callable[[T], int],
) -> Found[T]:
    """All that is selected; or what of it stands behind a position, in the order of the feed, as far as what is returned goes."""
    position = feed.last(conn)
    if after is None:
        return Found(select(None), position)
    found: list[T] = []
    for refs in _pages(conn, after):
        places = {ref.id: ref.position for ref in refs if ref.source is source}
        rows = sorted(select(tuple(places)), key=lambda row: places[id_of(row)])
        left = limit - len(found)
        found += rows[:left]
        if len(rows) >= left:
            return Found(found, places[id_of(found[-1])])
    return Found(found, position)


def _line_id(row: JournalRow) -> int:
    return row.line.id


def _event_id(event: TimelineEvent) -> int:
    return event.id


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """Which sessions of clients: at that door, of who logged in (idNat, login or address), of a client whose name holds a text, in which a
    rule refused something; `logged_in`: in which somebody has logged in; `after`: the id of a session, those that began later.
    """

    door: Door | None = None
    who: str | None = None
    client: str | None = None
    rule: str | None = None
    logged_in: bool = False
    after: str | None = None


_Marks = Mapping[str, Callable[[Transcript], bool]]


async def find_sessions(world: World, query: SessionQuery) -> list[Transcript]:
    """Sessions that are kept, the oldest first; none in a world without doors. Refusal(NOT_FOUND) for a person that is not."""
    marks = await session_marks(world, query)
    return [one for one in sessions_behind(world, query.after) if all(has(one) for has in marks.values())][::-1]


def sessions_behind(world: World, after: str | None) -> Iterator[Transcript]:
    """Those that began after the one of that id, all without one, the newest first."""
    kept = world.transcripts.newest_first() if world.transcripts else iter(())
    return (one for one in kept if after is None or one.id > after)


async def session_marks(world: World, query: SessionQuery) -> _Marks:
    """What a session has to be, by the names of a wait; that somebody has logged in is `log_in`. Refusal as above."""
    marks: dict[str, Callable[[Transcript], bool]] = {}
    if query.logged_in:
        marks["log_in"] = lambda one: "identity" in one.facts
    if query.door is not None:
        marks["door"] = lambda one: one.door is query.door
    if query.who is not None:
        who = query.who
        person = await world.store.read_briefly(lambda conn: identity_called(conn, who) or require_identity(conn, who))
        marks["who"] = lambda one: one.facts.get("identity") == person.idnat
    if query.client is not None:
        client = query.client.casefold()
        marks["client"] = lambda one: client in one.facts.get("client", "").casefold()
    if query.rule is not None:
        marks["rule"] = lambda one: query.rule in one.rules
    return marks
