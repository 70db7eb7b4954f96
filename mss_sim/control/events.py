"""Everything that happens in the world, as it happens."""

from typing import Any

from fastapi import Depends, Request
from pydantic import Field
from starlette.responses import Response

from mss_sim.core.feed.listening import Everything
from mss_sim.errors import Rule
from mss_sim.http import events
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.events import STREAM, After, Kinds, ListenSeconds, OfMailbox
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json, Out
from mss_sim.vocabulary.events import EVENTS, KINDS, schema_of

router = strict_router(
    prefix="/control/events",
    tags=["control: events"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL, Rule.LIMIT_REACHED),
)


class KindOut(Out):
    """One kind of events."""

    kind: str = Field(examples=["message.received"])
    says: str = Field(examples=["A letter came into the mailbox."])
    detail: dict[str, Any] = Field(examples=[{"type": "object", "properties": {"from": {"type": "string"}}}])
    """JSON Schema of its `detail`."""


class KindList(Out):
    """Every kind of events."""

    kinds: list[KindOut]


@router.get("", responses=STREAM)
async def list_events(
    core: CurrentCore,
    request: Request,
    kind: Kinds = None,
    mailbox: OfMailbox = None,
    after: After = None,
    seconds: ListenSeconds = None,
) -> Response:
    """Server-sent events, as long as you listen; a page of JSON to `Accept: application/json`. Letters are those of `/control/messages`."""
    return await events.answer(core, request, Everything(), events.read_filter(kind, mailbox), after, seconds)


@router.get("/kinds", responses={200: {"model": KindList}})
async def list_kinds() -> Response:
    """Every kind of events, with the JSON Schema of its `detail`."""
    return Json({"kinds": [{"kind": kind, "says": EVENTS[kind].sentence, "detail": schema_of(kind)} for kind in KINDS]})
