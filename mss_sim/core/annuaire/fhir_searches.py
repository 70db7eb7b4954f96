"""Searches in the directory: pages of one state of the world, with what they include, and single resources.

| asked for                                   | shown besides the matches, each after the match that it belongs to      |
|---------------------------------------------|-------------------------------------------------------------------------|
| `_include=PractitionerRole:practitioner`    | who works there                                                         |
| `_include=PractitionerRole:organization`    | the structure, once on a page                                           |
| `_revinclude=PractitionerRole:practitioner` | where somebody works                                                    |
| `_revinclude=PractitionerRole:organization` | who works at a structure                                                |
| whatever leads to what no world has         | nothing: parent organisations, healthcare services, devices             |

A page counts matches alone. The first page says which revision a walk looks at; what happens meanwhile is seen by the next search.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from mss_sim.clock import DAY, SECOND
from mss_sim.core.annuaire.correspondents import Correspondents
from mss_sim.core.annuaire.extraction import Extraction
from mss_sim.core.annuaire.operator_keys import operator_named_by
from mss_sim.core.annuaire.page_addresses import Place, open_sealed, seal
from mss_sim.core.annuaire.publication import Loading, view_now
from mss_sim.core.annuaire.published_mailboxes import Listing
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.fhir.entries import Entry, identity_id_of
from mss_sim.fhir.query import REFERENCE, Habits, Query, read_query
from mss_sim.store import directory_search, operators
from mss_sim.store.directory_restricted import Restricted, complete
from mss_sim.store.directory_search import View
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.directory import DirectoryRestricted, ResourceType
from mss_sim.words.sentence import say

_PAGES = "directory-pages"
_SERVED = frozenset({ResourceType.PRACTITIONER, ResourceType.PRACTITIONER_ROLE, ResourceType.ORGANIZATION})
"""What a world has; the others are served, and empty."""


class Shown(NamedTuple):
    """One resource of an entry; `structure_id`: the identity of the structure where a person works, if the directory has it."""

    type: ResourceType
    entry: Entry
    structure_id: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """Matches and what they include, interleaved; `total` if it is known; `next`: the sealed address of the next page, if there is one.

    `restricted`: an operator looks.
    """

    query: Query
    shown: tuple[Shown, ...]
    total: int | None
    next: str | None
    restricted: bool = False


class Annuaire:
    """The directory of one world, loaded when it is asked for the first time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.loading = Loading(world)
        self.extraction = Extraction(world, self.loading)
        self.listing = Listing(world, self.loading, partial(view_now, world))
        self.correspondents = Correspondents(world, self.loading)

    def forget(self) -> None:
        """The world begins anew: what was loaded is gone, or another."""
        self.loading.forget()
        self.extraction.forget()
        self.correspondents.forget()

    def read(self, type_: ResourceType, pairs: Sequence[tuple[str, str]]) -> Query:
        """A search as it is written; Refusal(INVALID) for what cannot be read."""
        settings = self._world.settings.directory
        return read_query(type_, pairs, Habits(settings.chained_ignores_others, settings.contains_misses_domains))

    async def operator_of(self, key: str) -> int | None:
        """The operator whose key this is; None for an unknown key."""
        name = operator_named_by(self._world, key)
        return None if name is None else await self._world.store.read_briefly(operators.id_of, name)

    async def search(self, query: Query, operator_id: int | None = None) -> Page:
        """The first page of a search, for an operator with what is hidden from others. Refusal(INVALID) for one that includes too much."""
        return await self._page(query, None, operator_id)

    async def go_on(self, address: str, operator_id: int | None = None) -> Page:
        """The page behind a sealed address; Refusal(INVALID) for one that is too old or forged."""
        place = open_sealed(self._world.tokens.keys.secret(_PAGES), address, self._world.clock.now())
        return await self._page(self.read(ResourceType(place.type), place.pairs), place, operator_id)

    async def one(self, type_: ResourceType, id_: str, operator_id: int | None = None) -> Shown:
        """A single resource; Refusal(NOT_FOUND)."""
        identity_id = identity_id_of(type_, id_)
        if identity_id is not None and type_ in _SERVED:
            await self.loading.ensure()
            found = await self._world.store.read_briefly(self._one, type_, identity_id, operator_id)
            if found is not None:
                return found
        detail = say("Resource {type}/{id} is not known; search for it, since ids may change.", type=type_, id=id_[:100])
        raise Refusal(Rule.NOT_FOUND, detail, subject=id_[:100], reference=REFERENCE)

    def restricted(self, operator_id: int) -> Restricted:
        """Whose hidden data an operator sees."""
        return Restricted(operator_id if self._world.settings.directory.restricted is DirectoryRestricted.OWN else None)

    def view_of_all(self, conn: Connection, who: Restricted) -> View:
        """What was committed last, however late it is published, as an operator sees it."""
        gone_since = self._world.clock.now() - self._world.settings.directory.gone_days * DAY
        return View(directory_search.newest(conn), gone_since, newest=True, restricted=who)

    def shown_of_all(self, conn: Connection, type_: ResourceType, identity_id: int, operator_id: int) -> Shown:
        """A resource that is there, in that view."""
        view = self.view_of_all(conn, self.restricted(operator_id))
        entry = directory_search.one(conn, type_, identity_id, view)
        if entry is None:
            raise LookupError(f"{type_} {identity_id} was there a moment ago")
        return self._with_structures(conn, [(type_, entry)], view)[0]

    def _one(self, conn: Connection, type_: ResourceType, identity_id: int, operator_id: int | None) -> Shown | None:
        view = self._view(conn, None, operator_id)
        entry = directory_search.one(conn, type_, identity_id, view)
        return None if entry is None else self._with_structures(conn, [(type_, entry)], view)[0]

    async def _page(self, query: Query, place: Place | None, operator_id: int | None) -> Page:
        if query.type not in _SERVED:
            return Page(query, (), 0, None)
        await self.loading.ensure()
        return await self._world.store.read(self._find, query, place, operator_id)

    def _find(self, conn: Connection, query: Query, place: Place | None, operator_id: int | None) -> Page:
        settings = self._world.settings.directory
        most = min(settings.page_size if query.count is None else query.count, settings.page_size_max)
        view = self._view(conn, place, operator_id)
        after = place.after if place else 0
        found = directory_search.find(conn, query, view, after, most + 1) if most else []
        matches, more = found[:most], len(found) > most
        total = place.total if place else None
        if place is None and most and not more:
            total = len(matches)
        elif place is None and (query.total == "accurate" or not most):
            total = directory_search.count(conn, query, view)
        next_ = self._seal(query, view, matches[-1].id, total) if more else None
        shown = self._with_structures(conn, list(self._with_included(conn, query, view, matches)), view)
        return Page(query, tuple(shown), None if query.total == "none" else total, next_, operator_id is not None)

    def _view(self, conn: Connection, place: Place | None, operator_id: int | None) -> View:
        restricted = None if operator_id is None else self.restricted(operator_id)
        return view_now(self._world, conn, place.revision if place else None, restricted)

    def _seal(self, query: Query, view: View, after: int, total: int | None) -> str:
        good_until = self._world.clock.now() + int(self._world.settings.directory.page_seconds * SECOND)
        return seal(self._world.tokens.keys.secret(_PAGES), Place(query.type, query.pairs, view.revision, after, total, good_until))

    def _with_included(self, conn: Connection, query: Query, view: View, matches: Sequence[Entry]) -> Iterator[tuple[ResourceType, Entry]]:
        """The matches, each with what it includes; nothing twice."""
        structures: dict[str, Entry] = {}
        if "organization" in query.includes:
            structures = directory_search.organisations(conn, sorted({one.structure for one in matches}), view)
        working = self._working(conn, query, view, matches)
        seen: set[str] = set()
        for entry in matches:
            yield query.type, entry
            if "practitioner" in query.includes:
                yield ResourceType.PRACTITIONER, entry
            structure = structures.get(entry.structure)
            if structure is not None and entry.structure not in seen:
                seen.add(entry.structure)
                yield ResourceType.ORGANIZATION, structure
            if "PractitionerRole:practitioner" in query.revincludes and entry.structure:
                yield ResourceType.PRACTITIONER_ROLE, entry
            yield from ((ResourceType.PRACTITIONER_ROLE, one) for one in working.get(entry.idnat, ()))

    def _working(self, conn: Connection, query: Query, view: View, matches: Sequence[Entry]) -> dict[str, list[Entry]]:
        """Who works at the matches, by idNat of the structure."""
        if "PractitionerRole:organization" not in query.revincludes:
            return {}
        most = self._world.settings.directory.included_max
        found = directory_search.working_at(conn, [one.idnat for one in matches], view, most + 1)
        if len(found) > most:
            detail = say("This page includes over {most} resources; ask for fewer matches with _count.", most=most)
            raise Refusal(Rule.INVALID, detail, subject="_revinclude", reference="quirks#directory-includes")
        working: dict[str, list[Entry]] = {}
        for one in found:
            working.setdefault(one.structure, []).append(one)
        return working

    def _with_structures(self, conn: Connection, found: Sequence[tuple[ResourceType, Entry]], view: View) -> list[Shown]:
        """The resources with where people work, as far as the directory has it."""
        wanted = {entry.structure for type_, entry in found if type_ is ResourceType.PRACTITIONER_ROLE}
        known = directory_search.organisations(conn, sorted(wanted), view)
        ids = {idnat: entry.id for idnat, entry in known.items()}
        if view.restricted is not None:
            whole = complete(conn, [entry for _, entry in found], view.restricted)
            found = [(type_, whole[entry.id]) for type_, entry in found]
        return [Shown(type_, entry, ids.get(entry.structure)) for type_, entry in found]
