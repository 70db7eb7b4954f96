"""The watch list of a mailbox on pages: whom its letters did not reach, or who did not open them, what went on paper, the daily letter."""

from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from mss_sim.core.mailbox import messages
from mss_sim.core.mailflow import watch_list
from mss_sim.core.mailflow.watch_list import WatchEntries, WatchEntry, WatchQuery
from mss_sim.http import watch_table
from mss_sim.http.dependencies import read_id
from mss_sim.http.paging import Page, PagedList, cursor
from mss_sim.ids import encode
from mss_sim.vocabulary.mail import WatchReason
from mss_sim.vocabulary.mailboxes import Right
from mss_sim.web.fields import line, number, word_or_none
from mss_sim.web.showing import show
from mss_sim.web.visit import Routes, Visit, back
from mss_sim.words.sentence import say

_ROWS = 50
_DAYS_MAX = 3_650
_HOURS = range(24)
REASONS = {
    WatchReason.NOT_DELIVERED: say("not delivered"),
    WatchReason.DELAYED: say("delayed"),
    WatchReason.NOT_OPENED: say("not opened"),
}
_FILTERS = ("reason", "after_days", "done")


async def show_list(visit: Visit) -> Response:
    """The list, by the filters in the address, and the daily letter about it."""
    world, settings = visit.core.world, visit.core.world.settings.watch_list
    digest = await visit.core.watch_digests.of_mailbox(visit.session.actor, visit.address)
    return show(
        "watch.html",
        visit.here,
        **await _listed(visit),
        boxes=await messages.held_mailboxes(world, visit.session.actor),
        hours=_HOURS,
        zone=world.settings.local_time,
        hour=digest.hour if digest else settings.digest_hour,
        next_at=digest.next_at if digest else None,
        sent_at=digest.sent_at if digest else None,
        usual_days=settings.after_days,
        curl=_curl(visit),
    )


async def show_rows(visit: Visit) -> Response:
    """The part of it that changes."""
    return show("watch_rows.html", visit.here, **await _listed(visit))


async def send_table(visit: Visit) -> Response:
    """All that the filters leave, as a table."""
    return await watch_table.table(visit.core.world, visit.session.actor, visit.address, _query(visit, None))


async def _listed(visit: Visit) -> dict[str, Any]:
    world, actor, address = visit.core.world, visit.session.actor, visit.address
    position = await visit.position()
    box = await messages.held_mailbox(world, actor, address)
    before = Page(_ROWS, visit.request.query_params.get("cursor")).before(PagedList.WATCH_LIST)
    found = await watch_list.list_entries(world, actor, address, _query(visit, before))
    shown, more = found.entries[:_ROWS], len(found.entries) > _ROWS
    filters = {name: visit.request.query_params.get(name, "").strip() for name in _FILTERS}
    kept = {name: value for name, value in filters.items() if value}
    return {
        "position": position,
        "box": box,
        "place": _place(visit),
        "marks": box.access.may(Right.MARK),
        "manages": box.access.may(Right.MANAGE),
        "reasons": REASONS,
        "filters": filters,
        "asked": urlencode(kept),
        "rows": [_row(one, found) for one in shown],
        "next": urlencode({**kept, "cursor": cursor(PagedList.WATCH_LIST, shown[-1].letter.row.event_id)}) if more else None,
    }


def _query(visit: Visit, before: int | None) -> WatchQuery:
    """What the filters in the address ask for; Refusal(INVALID) for what is none."""
    asked = visit.request.query_params
    reason = word_or_none(asked.get("reason", ""), "reason", WatchReason)
    days = number(asked.get("after_days", "").strip(), "after_days", 0, _DAYS_MAX)
    return WatchQuery(_ROWS + 1, before, reason, days, asked.get("done") == "yes")


def _row(one: WatchEntry, found: WatchEntries) -> dict[str, Any]:
    letter, row = one.letter, one.letter.row
    sender, noted = found.people.get(letter.actor_id or 0), found.people.get(row.paper_by_id or 0)
    return {
        "id": encode(row.recipient_id),
        "address": letter.address,
        "reason": one.reason,
        "days": one.days,
        "since": row.since_at,
        "detail": one.detail,
        "submission": encode(letter.submission_id),
        "subject": letter.subject,
        "sent": letter.submitted_at,
        "sender": sender.name if sender else "",
        "paper_at": row.paper_at if row.on_paper else None,
        "paper_by": noted.name if noted else "",
        "note": row.paper_note,
    }


async def note_paper(visit: Visit) -> Response:
    """Note that a letter reached its recipient on paper, or take that back."""
    world, actor, recipient = visit.core.world, visit.session.actor, read_id(visit.field("recipient"))
    if visit.field("do") == "back":
        await watch_list.take_paper_back(world, actor, visit.address, recipient)
        return back(_place(visit))
    await watch_list.note_paper(world, actor, visit.address, recipient, line(visit, "note"))
    return back(_place(visit))


async def set_digest(visit: Visit) -> Response:
    """Switch the daily letter on or off."""
    hour = number(visit.field("hour"), "hour", _HOURS[0], _HOURS[-1])
    enabled = visit.field("do") == "on"
    await visit.core.watch_digests.change(visit.session.actor, visit.address, enabled=enabled, hour=hour)
    return back(f"{_place(visit)}#digest")


def _place(visit: Visit) -> str:
    return f"{visit.here.base}/mailboxes/{quote(visit.address, safe='@')}/watch-list"


def _curl(visit: Visit) -> str:
    url = f"{visit.origin}/api/v1/mailboxes/{quote(visit.address, safe='@')}/watch-list"
    return f"curl -u LOGIN:PASSWORD {url}\ncurl -u LOGIN:PASSWORD {url}.csv"


ROUTES: Routes = (
    ("GET", "/ui/as/{who}/mailboxes/{address}/watch-list", show_list),
    ("GET", "/ui/as/{who}/mailboxes/{address}/watch-list/rows", show_rows),
    ("GET", "/ui/as/{who}/mailboxes/{address}/watch-list.csv", send_table),
    ("POST", "/ui/as/{who}/mailboxes/{address}/watch-list/paper", note_paper),
    ("POST", "/ui/as/{who}/mailboxes/{address}/watch-list/digest", set_digest),
)
