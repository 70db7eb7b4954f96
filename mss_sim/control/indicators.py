"""Indicators: what the world did, by day or month, domain and kind of mailbox; what its doors refused. Labelled ours."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import Response

from mss_sim.control import indicator_schemas as schemas
from mss_sim.core.control.indicators import IndicatorQuery, indicators
from mss_sim.errors import Rule
from mss_sim.http import indicators as views
from mss_sim.http import spreadsheet
from mss_sim.http.answers import CONTROL, octets, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.vocabulary.indicators import Span
from mss_sim.vocabulary.mailboxes import MailboxKind

router = strict_router(
    prefix="/control/indicators",
    tags=["control: indicators"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL, Rule.LIMIT_REACHED),
)
_TABLE = octets("text/csv", example='"period","domain","kind",...\r\n"2026-01","medecin.sim.mssante.fr","PER",...\r\n')
_REFUSALS = octets("text/csv", example='"door","rule","times"\r\n"smtp","unknown-mailbox","3"\r\n')


async def get_query(
    from_: Annotated[
        date | None, Query(alias="from", description="The first day; none: 12 months, or 30 days, to the last.", examples=["2026-01-01"])
    ] = None,
    to: Annotated[
        date | None, Query(description="The last day, which counts too; none: today, by the world's clock.", examples=["2026-01-31"])
    ] = None,
    group: Annotated[Span, Query(description="How long each period is.", examples=["month"])] = Span.MONTH,
    domain: Annotated[
        str | None, Query(description="Mailboxes of this domain alone.", max_length=255, examples=["medecin.sim.mssante.fr"])
    ] = None,
    kind: Annotated[MailboxKind | None, Query(description="Mailboxes of this kind alone.", examples=["PER"])] = None,
) -> IndicatorQuery:
    """The indicators that a request asks for."""
    return IndicatorQuery(from_, to, group, domain.lower() if domain else None, kind)


CurrentQuery = Annotated[IndicatorQuery, Depends(get_query)]


@router.get("", responses={200: {"model": schemas.IndicatorsOut, **_TABLE}})
async def get_indicators(request: Request, core: CurrentCore, query: CurrentQuery) -> Response:
    """Indicators of mss-sim, no national format: a row for each period, domain and kind of mailbox, and what each number means.

    Days are those of the setting `local_time`. With `Accept: text/csv` the rows as a table.
    """
    if spreadsheet.is_preferred(request.headers.get("accept", "")):
        return await get_table(core, query)
    found = await indicators(core.world, query)
    return await asyncio.to_thread(lambda: Json(views.as_json(found)))


@router.get(".csv", responses={200: _TABLE})
async def get_table(core: CurrentCore, query: CurrentQuery) -> Response:
    """The rows as a table for spreadsheets: RFC 4180 in UTF-8, the columns named in the first line, the label in every one."""
    found = await indicators(core.world, query)
    return views.file(await asyncio.to_thread(views.table, found), "indicators-of-mss-sim.csv")


@router.get("/refusals", responses={200: {"model": list[schemas.RefusedOut], **_REFUSALS}})
async def list_refusals(request: Request, core: CurrentCore) -> Response:
    """What every door refused since the process began, by rule, the most frequent first. With `Accept: text/csv` as a table."""
    if spreadsheet.is_preferred(request.headers.get("accept", "")):
        return await get_refusals_table(core)
    return Json(views.refusals(core.world.tally))


@router.get("/refusals.csv", responses={200: _REFUSALS})
async def get_refusals_table(core: CurrentCore) -> Response:
    """The same as a table for spreadsheets."""
    return views.file(views.refusal_table(core.world.tally), "refusals-of-mss-sim.csv")
