"""The watch list of a mailbox as a table for spreadsheets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from mss_sim.clock import iso
from mss_sim.core.access.authentication import Actor
from mss_sim.core.mailflow import watch_list
from mss_sim.core.mailflow.watch_list import WatchEntries, WatchEntry, WatchQuery
from mss_sim.core.world.world import World
from mss_sim.http import spreadsheet
from mss_sim.http.shapes import People, person
from mss_sim.ids import encode

_AT_ONCE = 200
_COLUMNS = (
    *("recipient", "reason", "days", "since", "detail", "sent_at", "sent_by", "subject", "message_id"),
    *("id", "timeline_url", "paper_at", "paper_by", "paper_note"),
)


async def table(world: World, actor: Actor, address: str, query: WatchQuery) -> Response:
    """The whole list, page by page; each asks for the rights again, and the first before the answer begins."""

    async def ask(before: int | None) -> WatchEntries:
        return await watch_list.list_entries(world, actor, address, replace(query, limit=_AT_ONCE, before=before))

    named = {"Content-Disposition": 'attachment; filename="watch-list.csv"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(_written(await ask(None), ask, address), media_type=spreadsheet.MEDIA_TYPE, headers=named)


async def _written(found: WatchEntries, ask: Callable[[int | None], Awaitable[WatchEntries]], address: str) -> AsyncIterator[bytes]:
    yield spreadsheet.line(_COLUMNS)
    while found.entries:
        yield b"".join(spreadsheet.line(_cells(one, address, found.people)) for one in found.entries)
        if len(found.entries) < _AT_ONCE:
            return
        found = await ask(found.entries[-1].letter.row.event_id)


def timeline(one: WatchEntry, address: str) -> str:
    """Where REST tells what became of the letter."""
    return f"/api/v1/mailboxes/{quote(address, safe='@')}/sent/{encode(one.letter.submission_id)}"


def _cells(one: WatchEntry, address: str, people: People) -> list[str | int | None]:
    letter, row = one.letter, one.letter.row
    return [
        *(letter.address, one.reason.value, one.days, iso(row.since_at), one.detail, iso(letter.submitted_at)),
        *(_name(people, letter.actor_id), letter.subject, letter.rfc_message_id, encode(row.recipient_id), timeline(one, address)),
        *(iso(row.paper_at), _name(people, row.paper_by_id), row.paper_note),
    ]


def _name(people: People, identity_id: int | None) -> str | None:
    found = person(people, identity_id)
    return found["name"] if found else None
