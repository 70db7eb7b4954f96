"""Lists and searches of letters, marked read and unread, removed: `/messages` and `/search`."""

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from mss_sim.core.assembly import Core
from mss_sim.core.control import mail_catcher
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.shapes import Json
from mss_sim.ids import decode
from mss_sim.mail.terms import Term
from mss_sim.mailpit import answers, schemas, views
from mss_sim.mailpit.queries import read_date, read_query, read_zone
from mss_sim.words.sentence import say

PAGE_MAX = 10_000
"""Letters on one page, however many are asked for."""
router = answers.router()
Start = Annotated[int, Query(ge=0, le=2**31, description="How many of the newest to pass over.", examples=[0])]
Limit = Annotated[int, Query(ge=0, le=2**31, description=f"Letters on the page, at most {PAGE_MAX}.", examples=[50])]
Before = Annotated[str | None, Query(max_length=100, description="Only what came before.", examples=["2090-01-01T00:00:00Z"])]
Zone = Annotated[str | None, Query(max_length=100, alias="tz", description="Where dates are meant; UTC.", examples=["Europe/Paris"])]
Searched = Annotated[str, Query(max_length=4_000, description="A search as Mailpit has it.", examples=["subject:compte has:attachment"])]
_IDS = {"type": "array", "items": {"type": "string"}}


def _body(**properties: Any) -> dict[str, Any]:
    example = {"Read": True, "IDs": [examples.ID]} if "Read" in properties else {"IDs": [examples.ID]}
    schema = {"type": "object", "properties": properties}
    return {"requestBody": {"content": {"application/json": {"schema": schema, "example": example}}}}


@router.get("/messages", responses={200: {"model": schemas.MailpitPage}})
async def list_letters(core: CurrentCore, start: Start = 0, limit: Limit = 50, before: Before = None) -> Response:
    """The letters of the world, newest first; a limit of 0 is none."""
    return await _page(core, [], start, limit or PAGE_MAX, before)


@router.get("/search", responses={200: {"model": schemas.MailpitPage}})
async def search_letters(
    core: CurrentCore, query: Searched = "", start: Start = 0, limit: Limit = 50, tz: Zone = None, before: Before = None
) -> Response:
    """The letters that match, newest first.

    `from:` `to:` `cc:` `bcc:` `reply-to:` `addressed:` `subject:` `message-id:` `after:` `before:` `larger:` `smaller:` `is:read`
    `is:unread` `has:attachment` `has:inline`, words and "quoted phrases" must all hold; with `-` in front, must not.
    """
    return await _page(core, _terms(query, tz), start, limit, before)


async def _page(core: Core, terms: Sequence[Term], start: int, limit: int, before: str | None) -> Response:
    until = read_date(before, read_zone(None)) if before else None
    found = await mail_catcher.find(core.world, terms, start=start, limit=min(limit, PAGE_MAX), before=until)
    return Json(views.page(found, start))


def _terms(query: str, tz: str | None) -> list[Term]:
    if not query.strip():
        detail = say("There is no search: give query, such as query=subject:bonjour.")
        raise Refusal(Rule.INVALID, detail, reference="quirks#mailpit")
    return read_query(query, tz)


@router.put(
    "/messages",
    responses={200: answers.OK},
    openapi_extra=_body(Read={"type": "boolean"}, IDs=_IDS, Search={"type": "string"}),
)
async def mark_letters(request: Request, core: CurrentCore, tz: Zone = None) -> Response:
    """Mark letters read or unread: those with the `IDs`, those that match `Search`, or all. No mailbox sees a difference."""
    wanted = await _given(request, required=True)
    read, search = wanted.get("read"), wanted.get("search")
    if not isinstance(read, bool | None) or not isinstance(search, str | None):
        raise _misshapen()
    ids = _ids(wanted)
    if ids is not None and search:
        raise Refusal(Rule.INVALID, say("Give IDs or Search, not both."), reference="quirks#mailpit")
    await mail_catcher.mark(core.world, ids, _terms(search, tz) if search else (), read=bool(read))
    return answers.ok()


@router.delete("/messages", responses={200: answers.OK}, openapi_extra=_body(IDs=_IDS))
async def remove_letters(request: Request, core: CurrentCore) -> Response:
    """Remove letters with all their copies, from every mailbox: those with the `IDs`, or all where none are given."""
    await mail_catcher.remove(core.world, _ids(await _given(request, required=False)))
    return answers.ok()


@router.delete("/search", responses={200: answers.OK})
async def remove_found(core: CurrentCore, query: Searched = "", tz: Zone = None) -> Response:
    """Remove the letters that match with all their copies, from every mailbox."""
    await mail_catcher.remove(core.world, None, _terms(query, tz))
    return answers.ok()


async def _given(request: Request, *, required: bool) -> dict[str, Any]:
    """The members of the body, by their names in lower case, as Mailpit takes them."""
    octets = await request.body()
    if not octets.strip() and not required:
        return {}
    try:
        body = orjson.loads(octets)
    except orjson.JSONDecodeError as error:
        raise _misshapen() from error
    if not isinstance(body, dict):
        raise _misshapen()
    return {name.lower(): value for name, value in body.items()}


def _ids(given: dict[str, Any]) -> list[int] | None:
    """The ids that are given, those that nobody has passed over; None when none are, which means all."""
    wanted = given.get("ids")
    if wanted is None:
        return None
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise _misshapen()
    return [one for one in map(_id, wanted) if one is not None] if wanted else None


def _id(text: str) -> int | None:
    try:
        return decode(text)
    except ValueError:
        return None


def _misshapen() -> Refusal:
    detail = say("The body is JSON as in {example}; leave it out to mean all.", example='{"Read": true, "IDs": ["0am6c38w5xc01"]}')
    return Refusal(Rule.INVALID, detail, reference="quirks#mailpit")
