"""The journals of all mailboxes in one list."""

from typing import Annotated

from fastapi import Depends, Query, Request
from starlette.responses import Response

from mss_sim.core.access import journal
from mss_sim.errors import Rule
from mss_sim.http import examples, spreadsheet
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.journal import TABLE, CurrentFilter, JournalPage, page_response, table
from mss_sim.http.paging import CurrentPage
from mss_sim.http.routes import strict_router
from mss_sim.http.writing import read_address

router = strict_router(
    prefix="/control",
    tags=["control: journal"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL, Rule.NOT_FOUND),
)
Mailbox = Annotated[str | None, Query(max_length=320, description="Only the journal of this mailbox.", examples=[examples.PRACTICE])]


@router.get("/journal", responses={200: {"model": JournalPage, **TABLE}})
async def read_journal(request: Request, core: CurrentCore, page: CurrentPage, wanted: CurrentFilter, mailbox: Mailbox = None) -> Response:
    """Who did what in this world, newest first: all mailboxes, and acts on none. With `Accept: text/csv` all of it, as a table."""
    address = None if mailbox is None else read_address(mailbox)
    if spreadsheet.is_preferred(request.headers.get("accept", "")):
        return await table(core.world, None, address, wanted)
    return page_response(page, await journal.read(core.world, None, wanted.on(page), address, wanted.who))


@router.get("/journal.csv", responses={200: TABLE})
async def read_table(core: CurrentCore, wanted: CurrentFilter, mailbox: Mailbox = None) -> Response:
    """The same as a table for spreadsheets: RFC 4180 in UTF-8, the columns named in the first line."""
    return await table(core.world, None, None if mailbox is None else read_address(mailbox), wanted)
