"""REST: the journal of a mailbox, and of all that one manages; for people and as a table for spreadsheets."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from mss_sim.api.views import PREFIX
from mss_sim.core.access import journal
from mss_sim.errors import Rule
from mss_sim.http import spreadsheet
from mss_sim.http.answers import ANYWHERE, IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress
from mss_sim.http.journal import TABLE, CurrentFilter, JournalPage, page_response, table
from mss_sim.http.paging import CurrentPage
from mss_sim.http.routes import strict_router

Others = Annotated[bool, Query(description="Only what other people than you did: a patient reads what carers did.", examples=[True])]
router = strict_router(prefix=PREFIX, tags=["journal"], responses=refusing(*ANYWHERE))
_HERE = refusing(*IN_A_MAILBOX)
_ALL = refusing(*ANYWHERE, Rule.NOT_FOUND)


@router.get("/mailboxes/{address}/journal", responses={200: {"model": JournalPage, **TABLE}, **_HERE})
async def read_journal(
    request: Request,
    core: CurrentCore,
    actor: CurrentActor,
    address: MailboxAddress,
    page: CurrentPage,
    asked: CurrentFilter,
    others: Others = False,
) -> Response:
    """Who did what with this mailbox, newest first; the right to manage is needed. With `Accept: text/csv` all of it, as a table."""
    wanted = asked.of_others(actor) if others else asked
    if spreadsheet.is_preferred(request.headers.get("accept", "")):
        return await table(core.world, actor, address, wanted)
    return page_response(page, await journal.read(core.world, actor, wanted.on(page), address, wanted.who))


@router.get("/mailboxes/{address}/journal.csv", responses={200: TABLE, **_HERE})
async def read_table(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, wanted: CurrentFilter) -> Response:
    """The same as a table for spreadsheets: RFC 4180 in UTF-8, the columns named in the first line."""
    return await table(core.world, actor, address, wanted)


@router.get("/journal", responses={200: {"model": JournalPage, **TABLE}, **_ALL})
async def read_all(request: Request, core: CurrentCore, actor: CurrentActor, page: CurrentPage, wanted: CurrentFilter) -> Response:
    """Who did what with the mailboxes that you manage, newest first; of the one that you logged in for, if you chose one."""
    if spreadsheet.is_preferred(request.headers.get("accept", "")):
        return await table(core.world, actor, None, wanted)
    return page_response(page, await journal.read(core.world, actor, wanted.on(page), None, wanted.who))


@router.get("/journal.csv", responses={200: TABLE, **_ALL})
async def read_table_of_all(core: CurrentCore, actor: CurrentActor, wanted: CurrentFilter) -> Response:
    """The same as a table for spreadsheets."""
    return await table(core.world, actor, None, wanted)
