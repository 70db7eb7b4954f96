"""What can be waited for, each found by its marks and from a place on: letters, lines of journals, events of timelines, rest.

A place is the highest id that was there; what has a higher one came later. `place` tells the present one.
"""

from dataclasses import dataclass, replace

from mss_sim.core.access import journal
from mss_sim.core.access.identities import require_identity
from mss_sim.core.access.identity_names import identity_called
from mss_sim.core.control.letters import check_letters, id_of_mailbox
from mss_sim.core.mailflow.queue import Queue
from mss_sim.core.patients.patients import Patients
from mss_sim.core.world.world import World
from mss_sim.store import feed, folders, letters, messages, schema
from mss_sim.store.engine import Connection
from mss_sim.store.feed import EventQuery, TimelineEvent
from mss_sim.store.journal import ActQuery, JournalRow
from mss_sim.store.letters import LetterQuery, Newcomer
from mss_sim.store.messages import MessageRow


@dataclass(frozen=True, slots=True)
class FoundLetter:
    """A letter with its octets, from which values are taken."""

    message: MessageRow
    raw: bytes


async def place(world: World) -> int:
    """The highest id that anything of the world has."""
    return await world.store.read(schema.highest_id)


async def find_letters(world: World, query: LetterQuery, mailbox: str | None) -> list[FoundLetter]:
    """Letters, the oldest first; with a mailbox those that came into it. Refusal(NOT_FOUND) when there is no such mailbox."""
    check_letters(world, query)

    def run(conn: Connection) -> list[FoundLetter]:
        asked = replace(query, mailbox_id=id_of_mailbox(conn, mailbox)) if mailbox is not None else query
        return [FoundLetter(row, messages.raw(conn, row.id)) for row in reversed(letters.page(conn, asked))]

    slow = query.text is not None or query.header is not None
    return await (world.store.read(run) if slow else world.store.read_briefly(run))


class LetterSearch:
    """A search that is done again and again while somebody waits: only when a letter came that may be one of those."""

    def __init__(self, world: World, query: LetterQuery, mailbox: str | None) -> None:
        self._world = world
        self._query = query
        self._mailbox = mailbox
        self._mailbox_id: int | None = None
        self._looked_until: int | None = None
        self._found: list[FoundLetter] = []

    async def look(self) -> list[FoundLetter]:
        """What there is now; refusals of `find_letters`."""
        store = self._world.store
        if self._mailbox is not None and self._mailbox_id is None:
            address = self._mailbox
            self._mailbox_id = await store.read_briefly(lambda conn: id_of_mailbox(conn, address))
        came = await store.read_unchanged(letters.newest, self._mailbox_id)
        new = [one for one in came if self._looked_until is None or one.place > self._looked_until]
        if self._looked_until is None or len(new) == letters.NEWEST or any(map(self._may_be, new)):
            self._found = await find_letters(self._world, self._query, self._mailbox)
        self._looked_until = came[0].place if came else self._looked_until or 0
        return self._found

    def _may_be(self, one: Newcomer) -> bool:
        query = self._query
        marks = (query.from_, one.from_search), (query.to, one.to_search), (query.subject, one.subject_search)
        return all(wanted is None or wanted in text for wanted, text in marks)


async def folders_of(world: World, mailbox: str) -> list[int]:
    """The folders of a mailbox, whose changes alone bring letters into it. Refusal(NOT_FOUND)."""

    def run(conn: Connection) -> list[int]:
        return list(folders.names_in(conn, id_of_mailbox(conn, mailbox)))

    return await world.store.read_briefly(run)


async def find_acts(world: World, query: ActQuery, mailbox: str | None, who: str | None) -> list[JournalRow]:
    """Lines of journals, the oldest first; `who` by idNat, login or address. Refusal(NOT_FOUND) for a mailbox or a person that is not."""

    def run(conn: Connection) -> list[JournalRow]:
        asked = replace(query, mailbox_id=id_of_mailbox(conn, mailbox)) if mailbox is not None else query
        if who is not None:
            asked = replace(asked, actor_id=(identity_called(conn, who) or require_identity(conn, who)).id)
        return journal.matching(conn, asked)

    return await world.store.read_briefly(run)


async def find_events(world: World, query: EventQuery) -> list[TimelineEvent]:
    """What happened to recipients of letters, the oldest first."""
    return await world.store.read_briefly(lambda conn: feed.events(conn, query))


async def at_rest(world: World, queue: Queue, patients: Patients) -> bool:
    """Whether nothing is under way: no letter is tried or due, no patient is about to do what is due."""
    now = world.clock.now()
    due = [await queue.next_at(), await patients.next_at()]
    return not queue.busy and all(at is None or at > now for at in due)
