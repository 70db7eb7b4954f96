"""What came instead of the letter that was waited for, and in what it differs: the first thing that one looks for when a test fails."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mss_sim.core.world.world import World
from mss_sim.store import letters, mailboxes
from mss_sim.store.engine import Connection
from mss_sim.store.letters import LetterQuery
from mss_sim.store.messages import MessageRow

_FIELDS = ("from_", "to", "subject", "text", "ins", "message_id", "header", "has_document")
_SHOWN_MAX = 5
_COMPARED_MAX = 50


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
