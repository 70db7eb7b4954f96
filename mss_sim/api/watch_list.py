"""REST: the watch list of a mailbox, for people and as a table for spreadsheets, and the daily letter about it."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from mss_sim.api import watch_schemas
from mss_sim.api.views import PREFIX
from mss_sim.clock import iso
from mss_sim.core.mailflow import watch_list
from mss_sim.core.mailflow.watch_list import WatchEntry, WatchQuery
from mss_sim.core.world.store_types import WatchDigest
from mss_sim.http import examples, spreadsheet, watch_table
from mss_sim.http.answers import IN_A_MAILBOX, octets, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress, read_id
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json, People, person
from mss_sim.ids import encode
from mss_sim.vocabulary.mail import WatchReason

router = strict_router(prefix=f"{PREFIX}/mailboxes/{{address}}", tags=["receipts"], responses=refusing(*IN_A_MAILBOX))
_DAYS_MAX = 3_650
_TABLE = octets("text/csv", example=examples.WATCH_TABLE)

Reason = Annotated[WatchReason | None, Query(description="Only what is listed for this reason.", examples=[WatchReason.NOT_OPENED])]
AfterDays = Annotated[
    int | None, Query(ge=0, le=_DAYS_MAX, description="Days after which an unopened letter counts; none: the setting.", examples=[7])
]
Done = Annotated[bool, Query(description="Only those who were noted as reached on paper, instead of the others.", examples=[True])]


@router.get("/watch-list", responses={200: {"model": watch_schemas.WatchPage, **_TABLE}})
async def get_watch_list(
    request: Request,
    core: CurrentCore,
    actor: CurrentActor,
    address: MailboxAddress,
    page: CurrentPage,
    reason: Reason = None,
    after_days: AfterDays = None,
    done: Done = False,
) -> Response:
    """Recipients of sent letters that were not delivered, are delayed, or were not opened in time, those of the newest event first.

    With `Accept: text/csv` the whole list as a table; `limit` and `cursor` do not count then.
    """
    query = WatchQuery(page.limit + 1, page.before(PagedList.WATCH_LIST), reason, after_days, done)
    if spreadsheet.is_preferred(request.headers.get("accept", "")):
        return await watch_table.table(core.world, actor, address, query)
    rows, people = await watch_list.list_entries(core.world, actor, address, query)
    return Json(page.cut(PagedList.WATCH_LIST, rows, lambda row: row.letter.row.event_id, lambda row: _shown(row, address, people)))


@router.get("/watch-list.csv", responses={200: _TABLE})
async def get_watch_table(
    core: CurrentCore, actor: CurrentActor, address: MailboxAddress, reason: Reason = None, after_days: AfterDays = None, done: Done = False
) -> Response:
    """The whole watch list as a table for spreadsheets: RFC 4180 in UTF-8, the columns named in the first line."""
    return await watch_table.table(core.world, actor, address, WatchQuery(0, None, reason, after_days, done))


def _shown(one: WatchEntry, address: str, people: People) -> dict[str, Any]:
    letter, row = one.letter, one.letter.row
    return {
        "id": encode(row.recipient_id),
        "address": letter.address,
        "reason": one.reason,
        "days": one.days,
        "since": iso(row.since_at),
        "detail": one.detail,
        "submission_id": encode(letter.submission_id),
        "email_id": encode(letter.message_id),
        "message_id": letter.rfc_message_id,
        "subject": letter.subject,
        "submitted_at": iso(letter.submitted_at),
        "actor": person(people, letter.actor_id),
        "timeline_url": watch_table.timeline(one, address),
        "paper": {"at": iso(row.paper_at), "by": person(people, row.paper_by_id), "note": row.paper_note} if row.on_paper else None,
    }


@router.post("/watch-list/{recipient_id}/paper", responses={200: {"model": watch_schemas.WatchEntryOut}})
async def note_paper(
    core: CurrentCore, actor: CurrentActor, address: MailboxAddress, recipient_id: str, paper: watch_schemas.PaperIn | None = None
) -> Response:
    """Note that a letter reached its recipient on paper: it leaves the list, and is found with `done=true`. What was noted first stays."""
    note = paper.note if paper else ""
    found = await watch_list.note_paper(core.world, actor, address, read_id(recipient_id), note)
    return Json(_shown(found.entries[0], address, found.people))


@router.delete("/watch-list/{recipient_id}/paper", responses={200: {"model": watch_schemas.WatchEntryOut}})
async def take_paper_back(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, recipient_id: str) -> Response:
    """Take that note back: the recipient is on the list again."""
    found = await watch_list.take_paper_back(core.world, actor, address, read_id(recipient_id))
    return Json(_shown(found.entries[0], address, found.people))


@router.get("/watch-list/digest", responses={200: {"model": watch_schemas.WatchDigestOut}})
async def get_digest(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Whether a daily letter tells this mailbox of its watch list, at what hour, and when the next is due."""
    return _digest(await core.watch_digests.of_mailbox(actor, address), core.world.settings.watch_list.digest_hour)


@router.put("/watch-list/digest", responses={200: {"model": watch_schemas.WatchDigestOut}})
async def change_digest(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, wanted: watch_schemas.WatchDigestIn) -> Response:
    """Switch the daily letter on or off; a holder or a grantee with manage may. None leaves while the list is empty."""
    changed = await core.watch_digests.change(actor, address, enabled=wanted.enabled, hour=wanted.hour)
    return _digest(changed, changed.hour)


def _digest(found: WatchDigest | None, hour: int) -> Response:
    next_at, sent_at = (found.next_at, found.sent_at) if found else (None, None)
    shown = {"enabled": next_at is not None, "hour": found.hour if found else hour, "next_at": iso(next_at), "sent_at": iso(sent_at)}
    return Json(shown)
