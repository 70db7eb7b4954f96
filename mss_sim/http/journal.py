"""Lines of the journal, as the API and the control plane are asked for them, show them, and write them as a table."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import Depends, Query
from starlette.responses import Response, StreamingResponse

from mss_sim.clock import from_datetime, iso
from mss_sim.core.access import journal
from mss_sim.core.access.authentication import Actor
from mss_sim.core.access.journal import Lines
from mss_sim.core.world.store_types import JournalRow, LineQuery
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples, spreadsheet
from mss_sim.http.answers import octets
from mss_sim.http.dependencies import read_id
from mss_sim.http.paging import Page, PagedList
from mss_sim.http.shapes import IdentityRef, Json, Out, person
from mss_sim.ids import encode
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act
from mss_sim.words.sentence import say

_AT_ONCE = 500
_COLUMNS = (
    *("at", "mailbox", "act", "door", "actor", "actor_idnat", "grant_id", "grant_from", "grant_to"),
    *("subject", "message_id", "detail", "id"),
)
TABLE = octets("text/csv", example=examples.JOURNAL_TABLE)


class JournalLine(Out):
    id: str
    at: datetime
    act: Act
    door: Door
    mailbox: str | None
    """In whose journal it stands; null for an act that was done on none."""
    actor: IdentityRef | None
    grant_id: str | None
    email_id: str | None
    subject: str | None
    """Of the letter that the line is about."""
    message_id: str | None
    """Of the letter that the line is about."""
    detail: dict[str, Any]


class JournalPage(Out):
    items: list[JournalLine]
    next_cursor: str | None


class JournalFilter:
    """Which lines a request asks for; `who`: idNat, login or own address of who acted."""

    def __init__(self, query: LineQuery, who: str | None = None) -> None:
        self._query = query
        self.who = who

    def of_others(self, actor: Actor) -> "JournalFilter":
        """The same, without what the actor did."""
        return JournalFilter(replace(self._query, but_id=actor.identity.id), self.who)

    def on(self, page: Page) -> LineQuery:
        """The lines of a page, and one more that tells whether there is another."""
        return replace(self._query, limit=page.limit + 1, before=page.before(PagedList.JOURNAL))

    def before(self, line_id: int | None) -> LineQuery:
        """A pageful of a table that goes on under that id."""
        return replace(self._query, limit=_AT_ONCE, before=line_id)


def acts_named(text: str) -> tuple[Act, ...]:
    """The acts that a text names, with commas between them, `grant.*` for a family; none for all. Refusal(INVALID) for what is no act."""
    found: list[Act] = []
    for name in filter(None, (one.strip() for one in text.split(","))):
        named = [act for act in Act if act.value == name or (name.endswith(".*") and act.value.startswith(name[:-1]))]
        if not named:
            detail = say("There is no act {name}; the guide of the journal lists them.", name=name[:60])
            raise Refusal(Rule.INVALID, detail, subject=name[:60])
        found += named
    return tuple(dict.fromkeys(found))


async def get_filter(
    act: Annotated[
        str | None,
        Query(
            max_length=1_000,
            description="Only these acts, with commas between them; `grant.*` names all of a family.",
            examples=["message.read,grant.*"],
        ),
    ] = None,
    who: Annotated[
        str | None, Query(max_length=320, description="Only what this person did: idNat, login or own address.", examples=["sophie.petit"])
    ] = None,
    door: Annotated[Door | None, Query(description="Only what came by this door.", examples=[Door.IMAP])] = None,
    delegated: Annotated[bool | None, Query(description="Only what was done by a grant; false: all else.", examples=[True])] = None,
    grant_id: Annotated[str | None, Query(description="Only lines that name this grant.", examples=[examples.ID])] = None,
    since: Annotated[datetime | None, Query(description="From this instant on.")] = None,
    until: Annotated[datetime | None, Query(description="Before this instant.", examples=["2099-01-05T08:00:00Z"])] = None,
) -> JournalFilter:
    """The lines that a request asks for."""
    begin, end = (None if at is None else from_datetime(at) for at in (since, until))
    grant = None if grant_id is None else read_id(grant_id)
    return JournalFilter(LineQuery(0, None, acts_named(act or ""), None, door, delegated, grant, begin, end), who)


CurrentFilter = Annotated[JournalFilter, Depends(get_filter)]


def page_response(page: Page, found: Lines) -> Response:
    """A page of lines."""
    return Json(page.cut(PagedList.JOURNAL, found.rows, lambda row: row.line.id, lambda row: _line(row, found)))


def _line(row: JournalRow, found: Lines) -> dict[str, Any]:
    line = row.line
    return {
        "id": encode(line.id),
        "at": iso(line.at),
        "act": line.act,
        "door": line.door,
        "mailbox": found.addresses.get(line.mailbox_id or 0),
        "actor": person(found.people, line.actor_id),
        "grant_id": encode(line.grant_id) if line.grant_id is not None else None,
        "email_id": encode(line.message_id) if line.message_id is not None else None,
        "subject": row.subject,
        "message_id": row.rfc_message_id,
        "detail": line.detail,
    }


async def table(world: World, actor: Actor | None, address: str | None, wanted: JournalFilter) -> Response:
    """All lines as a table, a few hundred at a time; each time rights are asked again, and the first time before the answer begins."""

    async def ask(before: int | None) -> Lines:
        return await journal.read(world, actor, wanted.before(before), address, wanted.who)

    named = {"Content-Disposition": 'attachment; filename="journal.csv"', "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return StreamingResponse(_written(await ask(None), ask), media_type=spreadsheet.MEDIA_TYPE, headers=named)


async def _written(found: Lines, ask: Callable[[int | None], Awaitable[Lines]]) -> AsyncIterator[bytes]:
    yield spreadsheet.line(_COLUMNS)
    while found.rows:
        yield b"".join(spreadsheet.line(_cells(row, found)) for row in found.rows)
        if len(found.rows) < _AT_ONCE:
            return
        found = await ask(found.rows[-1].line.id)


def _cells(row: JournalRow, found: Lines) -> list[str | None]:
    line = row.line
    actor, grant = person(found.people, line.actor_id) or {}, found.grants.get(line.grant_id or 0)
    giver, grantee = (person(found.people, id_) or {} for id_ in ((grant.granted_by_id, grant.grantee_id) if grant else (None, None)))
    return [
        *(iso(line.at), found.addresses.get(line.mailbox_id or 0), line.act.value, line.door.value, actor.get("name"), actor.get("idnat")),
        *(encode(line.grant_id) if line.grant_id is not None else None, giver.get("name"), grantee.get("name")),
        *(row.subject, row.rfc_message_id, orjson.dumps(line.detail).decode() if line.detail else "", encode(line.id)),
    ]
