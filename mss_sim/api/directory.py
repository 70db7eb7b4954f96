"""REST: whom one may write to, by name, profession, place and structure; while somebody types; and why an address is not found."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from mss_sim.api.views import PREFIX
from mss_sim.core.annuaire.correspondents import CorrespondentQuery
from mss_sim.errors import Rule
from mss_sim.http.answers import ANYWHERE, refusing
from mss_sim.http.correspondents import (
    SUGGESTIONS_MAX,
    Address,
    CorrespondentPage,
    FindabilityOut,
    SuggestionOut,
    correspondent,
    explanation,
    suggestion,
)
from mss_sim.http.dependencies import CurrentActor, CurrentCore
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.http.writing import read_address
from mss_sim.vocabulary.mailboxes import MailboxKind

router = strict_router(prefix=f"{PREFIX}/directory", tags=["directory"], responses=refusing(*ANYWHERE, Rule.LIMIT_REACHED))


async def get_query(
    q: Annotated[str, Query(description="Beginnings of words, anywhere; or of an address.", examples=["martin paris"])] = "",
    profession: Annotated[str, Query(description="Of words of the profession.", examples=["médecin"])] = "",
    specialty: Annotated[str, Query(description="Of words of the specialty.", examples=["cardiologie"])] = "",
    place: Annotated[str, Query(description="Of the postal code or of words of the town.", examples=["75012"])] = "",
    structure: Annotated[str, Query(description="Of words of the structure's name.", examples=["ormes"])] = "",
    kind: Annotated[MailboxKind | None, Query(description="A kind of mailbox that they have.", examples=["PER"])] = None,
) -> CorrespondentQuery:
    """Whom a request looks for."""
    return CorrespondentQuery(q, profession, specialty, place, structure, kind)


@router.get("", responses={200: {"model": CorrespondentPage}})
async def find_correspondents(
    core: CurrentCore, _actor: CurrentActor, page: CurrentPage, query: Annotated[CorrespondentQuery, Depends(get_query)]
) -> Response:
    """Professionals, employees and organisations with the mailboxes that they publish, the preferred one first.

    Words are compared without case and accents, and each is the beginning of one; at least one is needed. Patients, the red list, and what
    is closed are not there.
    """
    after = page.before(PagedList.CORRESPONDENTS)
    rows = await core.annuaire().correspondents.find(query, after=after, limit=page.limit + 1)
    return Json(page.cut(PagedList.CORRESPONDENTS, rows, lambda one: one.entry.id, correspondent))


@router.get("/suggestions", responses={200: {"model": list[SuggestionOut]}})
async def suggest_addresses(
    core: CurrentCore,
    _actor: CurrentActor,
    q: Annotated[str, Query(description="What was typed so far.", examples=["mart"])] = "",
    limit: Annotated[int, Query(ge=1, le=SUGGESTIONS_MAX, description="Addresses, at most.", examples=[8])] = 8,
) -> Response:
    """Addresses while somebody types, those of one correspondent in the order that the holder prefers; none where nothing was typed."""
    return Json([suggestion(one) for one in await core.annuaire().correspondents.suggest(q, limit=limit)])


@router.get("/why-not-found", responses={200: {"model": FindabilityOut}})
async def explain_absence(core: CurrentCore, actor: CurrentActor, address: Address) -> Response:
    """Whether the directory shows an address, or why not: red list, closed, not shown yet, a holder whom it never shows.

    Those who may see the mailbox are told why; to others what is hidden reads as what does not exist.
    """
    return Json(explanation(core.world, await core.annuaire().correspondents.why_not_found(actor, read_address(address))))
