"""The published mailboxes one after the other, as a directory of another form than FHIR lists them."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import NamedTuple

from mss_sim.core.annuaire.publication import Loading
from mss_sim.core.world.world import World
from mss_sim.fhir.entries import Entry
from mss_sim.fhir.query import Condition, Query
from mss_sim.store import directory_search
from mss_sim.store.directory_search import View
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import ResourceType

_AT_ONCE = 100
_EVERYBODY = (ResourceType.PRACTITIONER, ResourceType.ORGANIZATION)
_WHEREVER = (*_EVERYBODY, ResourceType.PRACTITIONER_ROLE)


class ListedMailbox(NamedTuple):
    """A mailbox and whose it is; `structure`: the name of the organisation where a person works, if the directory has it.

    `family` is the name of an organisation, whose `given` is empty.
    """

    address: str
    kind: str
    label: str
    idnat: str
    family: str
    given: str
    title: str
    structure: str


class Listing:
    """The mailboxes that the directory of one world publishes: nothing of what is on the red list or closed."""

    def __init__(self, world: World, loading: Loading, published: Callable[[Connection], View]) -> None:
        """`published`: the state that is published now."""
        self._world = world
        self._loading = loading
        self._published = published

    async def one(self, address: str) -> ListedMailbox | None:
        """The mailbox of an address in lower case; None when none is published."""
        await self._loading.ensure()
        return await self._world.store.read_briefly(self._find, address)

    async def every(self) -> AsyncIterator[list[ListedMailbox]]:
        """All of them in one state of the world, a hundred people at a time: those of people, then those of organisations."""
        await self._loading.ensure()
        view = await self._world.store.read_briefly(self._published)
        view = view._replace(newest=False)  # it will not be, once something has changed on the way
        for type_ in _EVERYBODY:
            after: int | None = 0
            while after is not None:
                found, after = await self._world.store.read(_some, type_, view, after)
                yield found

    def _find(self, conn: Connection, address: str) -> ListedMailbox | None:
        view = self._published(conn)
        for type_ in _WHEREVER:
            wanted = Query(type_, (Condition(type_, "mailbox-mss", "", (address,)),))
            found = directory_search.find(conn, wanted, view, 0, _AT_ONCE)
            for one in _listed(conn, found, view):
                if one.address == address:
                    return one
        return None


def _some(conn: Connection, type_: ResourceType, view: View, after: int) -> tuple[list[ListedMailbox], int | None]:
    """The next ones, and behind which id the rest is; None when nothing is left."""
    found = directory_search.find(conn, Query(type_), view, after, _AT_ONCE)
    return list(_listed(conn, found, view)), found[-1].id if len(found) == _AT_ONCE else None


def _listed(conn: Connection, entries: Iterable[Entry], view: View) -> Iterator[ListedMailbox]:
    having = [one for one in entries if one.active and one.mailboxes]
    structures = directory_search.organisations(conn, sorted({one.structure for one in having if one.structure}), view)
    for one in having:
        works_at = structures.get(one.structure)
        for box in one.mailboxes:
            told = one.idnat, one.family, one.given, one.title, works_at.family if works_at else ""
            yield ListedMailbox(box.address, box.kind, box.label, *told)
