"""The directory on pages: whom one may write to, found by words, the preferred address first; and why an address is not found.

Who answers for a mailbox the public directory does not say (ref: ans-annuaire): it is told of those that the persona may see.
"""

from collections import defaultdict
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from mss_sim.core.annuaire.correspondents import Correspondent, CorrespondentQuery, Explanation
from mss_sim.core.mailbox import messages
from mss_sim.http.correspondents import suggestion
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.http.shapes import Json
from mss_sim.http.writing import read_address
from mss_sim.vocabulary.mailboxes import PROFESSIONAL_KINDS, MailboxKind
from mss_sim.vocabulary.professions import PROFESSIONS, SPECIALTIES
from mss_sim.web.fields import word_or_none
from mss_sim.web.mailboxes import KINDS
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit

_ROWS = 50
_SUGGESTED = 8
_TEXTS = ("q", "profession", "specialty", "place", "structure")
_FILTERS = (*_TEXTS, "kind")
_PROFESSIONS = tuple(sorted({one.label for one in PROFESSIONS}))
_SPECIALTIES = tuple(one.label.removesuffix(" (SM)") for one in SPECIALTIES)


async def show_directory(visit: Visit) -> Response:
    """Correspondents by the filters in the address, and, for an address that is asked about, why it is not among them."""
    world, actor, asked = visit.core.world, visit.session.actor, visit.request.query_params
    filters = {name: asked.get(name, "").strip() for name in _FILTERS}
    kept = {name: value for name, value in filters.items() if value}
    rows, next_ = await _found(visit, filters) if kept else ([], None)
    boxes = await messages.held_mailboxes(world, actor)
    return show(
        "directory.html",
        visit.here,
        boxes=boxes,
        answering=defaultdict(str, {held.mailbox.address: held.mailbox.responsible_name for held in boxes}),
        kinds={kind: KINDS[kind] for kind in MailboxKind if kind in PROFESSIONAL_KINDS},
        professions=_PROFESSIONS,
        specialties=_SPECIALTIES,
        filters=filters,
        asked=urlencode(kept),
        rows=rows,
        next=urlencode({**kept, "cursor": next_}) if next_ else None,
        write=await _write_from(visit),
        address=asked.get("address", "").strip()[:320],
        explained=await _explained(visit, asked.get("address", "").strip()),
        curl=_curl(visit, kept),
    )


async def _found(visit: Visit, filters: dict[str, str]) -> tuple[list[Correspondent], str | None]:
    """The page of rows, and the cursor of the next one."""
    kind = word_or_none(filters["kind"], "kind", MailboxKind)
    text, profession, specialty, place, structure = (filters[name] for name in _TEXTS)
    query = CorrespondentQuery(text, profession, specialty, place, structure, kind)
    after = Page(_ROWS, visit.request.query_params.get("cursor")).before(PagedList.CORRESPONDENTS)
    found = await visit.core.annuaire().correspondents.find(query, after=after, limit=_ROWS + 1)
    shown, more = found[:_ROWS], len(found) > _ROWS
    return shown, cursor(PagedList.CORRESPONDENTS, shown[-1].entry.id) if more else None


async def _write_from(visit: Visit) -> str | None:
    """Where a letter to somebody is written: from the first mailbox from which the persona may send; None without one."""
    found = await visit.core.submission.senders.choices(visit.session.actor)
    return f"{visit.here.base}/mailboxes/{quote(found[0].mailbox.address, safe='@')}/write" if found else None


async def _explained(visit: Visit, address: str) -> Explanation | None:
    if not address:
        return None
    return await visit.core.annuaire().correspondents.why_not_found(visit.session.actor, read_address(address))


async def suggest(visit: Visit) -> Response:
    """Addresses for what was typed so far, as REST has them."""
    found = await visit.core.annuaire().correspondents.suggest(visit.request.query_params.get("q", ""), limit=_SUGGESTED)
    return Json([suggestion(one) for one in found])


def _curl(visit: Visit, kept: dict[str, Any]) -> str:
    url = f"{visit.origin}/api/v1/directory"
    return f"curl -u LOGIN:PASSWORD '{url}?{urlencode(kept or {'q': 'martin'})}'\ncurl -u LOGIN:PASSWORD '{url}/why-not-found?address=…'"


ROUTES: Routes = (
    ("GET", "/ui/as/{who}/directory", show_directory),
    ("GET", "/ui/as/{who}/directory/suggestions", suggest),
)
