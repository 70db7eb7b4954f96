"""What came instead of what was waited for, and in what it differs: the first thing that one looks for when a test fails."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.feed.reading_events import FeedEvent, events_after
from mss_sim.core.feed.wait_conditions import SessionQuery, session_marks, sessions_behind
from mss_sim.core.world.world import World
from mss_sim.evidence.transcripts import Transcript
from mss_sim.store import feed, letters, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.journal import ActQuery
from mss_sim.store.letters import LetterQuery
from mss_sim.store.messages import MessageRow
from mss_sim.store.timelines import EventQuery
from mss_sim.vocabulary.events import Family, family_of

_FIELDS = ("from_", "to", "subject", "text", "ins", "message_id", "header", "has_document")
_SHOWN_MAX = 5
_COMPARED_MAX = 50
_EVENTS_COMPARED_MAX = 200


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A letter that came, and the marks that it lacks, by the names of the query's fields; `mailbox`: it lies elsewhere."""

    message: MessageRow
    lacks: tuple[str, ...]


async def near_misses(world: World, query: LetterQuery, mailbox: str | None) -> list[NearMiss]:
    """The letters that came nearest, the nearest first, at most five; those that have all marks are none."""

    def run(conn: Connection) -> list[NearMiss]:
        came = {row.id: row for row in letters.page(conn, LetterQuery(_COMPARED_MAX, among=query.among))}
        lacking: dict[int, list[str]] = {id_: [] for id_ in came}
        for name, alone in _each(conn, query, mailbox):
            has = {row.id for row in letters.page(conn, alone)}
            for id_ in came.keys() - has:
                lacking[id_].append(name)
        found = [NearMiss(came[id_], tuple(lacks)) for id_, lacks in lacking.items() if lacks]
        return sorted(found, key=lambda one: (len(one.lacks), -one.message.id))[:_SHOWN_MAX]

    return await world.store.read(run)


def _each(conn: Connection, query: LetterQuery, mailbox: str | None) -> Iterator[tuple[str, LetterQuery]]:
    """Each mark of a query by itself."""
    for name in _FIELDS:
        if getattr(query, name) is not None:
            yield name.rstrip("_"), replace(LetterQuery(_COMPARED_MAX * 4, among=query.among), **{name: getattr(query, name)})
    found = mailboxes.by_address(conn, mailbox) if mailbox is not None else None
    if found is not None:
        yield "mailbox", LetterQuery(_COMPARED_MAX * 4, mailbox_id=found.id)


@dataclass(frozen=True, slots=True)
class NearEvent:
    """Something that happened instead, and the marks that it lacks, by the names of a wait."""

    event: FeedEvent
    lacks: tuple[str, ...]


_Marks = Mapping[str, Callable[[FeedEvent], bool]]


async def near_acts(world: World, query: ActQuery, mailbox: str | None, who: str | None, after: int | None) -> list[NearEvent]:
    """The lines of journals that came nearest behind a position, the nearest first, at most five of the newest two hundred events."""

    def run(conn: Connection) -> list[NearEvent]:
        actor = identity_called(conn, who) if who is not None else None
        marks: dict[str, Callable[[FeedEvent], bool]] = {}
        if query.acts:
            marks["acts"] = lambda event: event.kind in query.acts
        if mailbox is not None:
            marks["mailbox"] = lambda event: event.mailbox == mailbox
        if who is not None:
            marks["who"] = lambda event: event.actor is not None and actor is not None and event.actor.id == actor.id
        return _nearest(conn, after, marks, lambda family: family not in (Family.TIMELINE, Family.WORLD))

    return await world.store.read_briefly(run)


async def near_timelines(world: World, query: EventQuery, after: int | None) -> list[NearEvent]:
    """The same of what happened to recipients of letters."""
    marks: dict[str, Callable[[FeedEvent], bool]] = {}
    if query.kinds:
        marks["events"] = lambda event: event.kind.partition(".")[2] in query.kinds
    if query.recipient is not None:
        marks["recipient"] = lambda event: (event.detail or {}).get("recipient") == query.recipient
    if query.message_id is not None:
        marks["message_id"] = lambda event: event.message_id == query.message_id
    return await world.store.read_briefly(lambda conn: _nearest(conn, after, marks, lambda family: family is Family.TIMELINE))


def _nearest(conn: Connection, after: int | None, marks: _Marks, of: Callable[[Family], bool]) -> list[NearEvent]:
    behind = max(after or 0, feed.last(conn) - _EVENTS_COMPARED_MAX)
    came = [event for event in events_after(conn, behind, _EVENTS_COMPARED_MAX).events if of(family_of(event.kind))]
    found = [NearEvent(event, tuple(name for name, has in marks.items() if not has(event))) for event in came]
    return sorted((one for one in found if one.lacks), key=lambda one: (len(one.lacks), -one.event.position))[:_SHOWN_MAX]


@dataclass(frozen=True, slots=True)
class NearSession:
    """What a client did instead, and the marks that it lacks, by the names of a wait."""

    session: Transcript
    lacks: tuple[str, ...]


async def near_sessions(world: World, query: SessionQuery) -> list[NearSession]:
    """The sessions that came nearest, the nearest first, at most five of the newest two hundred.

    Refusal(NOT_FOUND) for a person that is not.
    """
    marks = await session_marks(world, query)
    came = islice(sessions_behind(world, query.after), _EVENTS_COMPARED_MAX)
    found = [NearSession(one, tuple(name for name, has in marks.items() if not has(one))) for one in came]
    return sorted((one for one in found if one.lacks), key=lambda one: len(one.lacks))[:_SHOWN_MAX]
