"""Webhooks: events posted to a target, signed, tried until they are taken; what each target was told, and what it answered."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path
from pydantic import Field
from starlette.responses import Response

from mss_sim.clock import iso
from mss_sim.core.feed.reading_events import EventFilter, last_position
from mss_sim.core.world.store_types import Webhook, WebhookDelivery
from mss_sim.errors import Refusal, Rule
from mss_sim.http import examples
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore, read_id
from mss_sim.http.events import read_filter, read_given_position
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Flag, In, Json, OneLine, Out, Whole
from mss_sim.ids import encode
from mss_sim.words.sentence import say

router = strict_router(
    prefix="/control/webhooks", tags=["control: events"], dependencies=[Depends(require_control)], responses=refusing(*CONTROL)
)
_FOUND = refusing(Rule.NOT_FOUND)
_SHOWN_SECRET = "whsec_bXNzLXNpbSBleGFtcGxlIHNlY3JldCwgMzIgYnl0ZXM="  # noqa: S105 - an example

WebhookId = Annotated[str, Path(description="Id of a webhook.", examples=[examples.ID])]


class WebhookIn(In):
    """Whom to tell of what."""

    url: Annotated[str, Field(max_length=2_000)] = Field(
        description="Where to post; by default on this machine.", examples=["http://127.0.0.1:9/mss"]
    )
    kinds: list[OneLine] = Field(
        default=[], max_length=200, description="Kinds or families of events; none: all.", examples=[["message.*"]]
    )
    mailbox: OneLine | None = Field(default=None, description="Address of the only mailbox.", examples=[examples.PRACTICE])
    secret: OneLine | None = Field(
        default=None, description="`whsec_` and 24 to 64 bytes in base64; left out, one is drawn.", examples=[_SHOWN_SECRET]
    )
    after: OneLine | None = Field(default=None, description="A position: tell what came later; none: from now on.", examples=["0"])


class WebhookPatch(In):
    enabled: Flag = Field(examples=[True])


class ReplayIn(In):
    """Which events to tell once more: that of one delivery, or a range of them."""

    delivery: OneLine | None = Field(default=None, description="Id of the delivery whose event is told once more.", examples=[None])
    after: Annotated[Whole, Field(ge=0)] | None = Field(default=None, description="Those behind this position.", examples=[0])
    until: Annotated[Whole, Field(ge=0)] | None = Field(default=None, description="Up to this one; none: the newest.", examples=[100])


class WebhookOut(Out):
    """Who is told."""

    id: str
    url: str
    kinds: list[str] = Field(examples=[["message.received"]])
    mailbox: str | None
    enabled: bool
    position: int
    """The last event that was looked at."""
    created_at: datetime
    secret: str | None = Field(default=None, examples=[_SHOWN_SECRET])
    """Shown when it is made, and never again."""


class DeliveryOut(Out):
    """One event for one target."""

    id: str
    position: int
    kind: str = Field(examples=["message.received"])
    state: str = Field(examples=["delivered"])
    """`waiting`, `delivered` or `given_up`."""
    tries: int
    next_try_at: datetime | None
    last_try_at: datetime | None
    status: int | None
    """Of the last answer."""
    answer: str
    """The beginning of its body, or what went wrong."""


class DeliveryPage(Out):
    items: list[DeliveryOut]
    next_cursor: str | None
    """`cursor` of the next page; null on the last."""


class ReplayOut(Out):
    events: int
    """How many are told once more."""


@router.post("", status_code=201, responses={201: {"model": WebhookOut}, **refusing(Rule.INVALID, Rule.LIMIT_REACHED)})
async def add_webhook(core: CurrentCore, wanted: WebhookIn) -> Response:
    """Have events posted, signed as Standard Webhooks says. What is not taken (2xx) is tried again, later each time; 410 ends it."""
    asked = read_filter(",".join(wanted.kinds), wanted.mailbox)
    after = await read_given_position(core, wanted.after, "after") if wanted.after is not None else None
    made = await core.webhooks.register(wanted.url, EventFilter(asked.kinds, asked.mailbox), wanted.secret, after)
    return Json({**_shown(made), "secret": made.secret}, status_code=201)


@router.get("", responses={200: {"model": list[WebhookOut]}})
async def list_webhooks(core: CurrentCore) -> Response:
    """All webhooks, the oldest first."""
    return Json([_shown(one) for one in await core.webhooks.every()])


@router.patch("/{webhook_id}", responses={200: {"model": WebhookOut}, **_FOUND})
async def change_webhook(core: CurrentCore, webhook_id: WebhookId, patch: WebhookPatch) -> Response:
    """Switch a webhook off, or on again; then it is told what it missed."""
    return Json(_shown(await core.webhooks.enable(read_id(webhook_id), enabled=patch.enabled)))


@router.delete("/{webhook_id}", status_code=204, responses=_FOUND)
async def remove_webhook(core: CurrentCore, webhook_id: WebhookId) -> Response:
    """Forget a webhook, and what it was told."""
    await core.webhooks.remove(read_id(webhook_id))
    return Response(status_code=204)


@router.get("/{webhook_id}/deliveries", responses={200: {"model": DeliveryPage}, **_FOUND})
async def list_deliveries(core: CurrentCore, webhook_id: WebhookId, page: CurrentPage) -> Response:
    """What a webhook was told, the newest first: how often it was tried, and what the target answered last."""
    rows = await core.webhooks.deliveries(read_id(webhook_id), before=page.before(PagedList.DELIVERIES), limit=page.limit + 1)
    return Json(page.cut(PagedList.DELIVERIES, rows, lambda row: row.id, _delivery))


@router.post("/{webhook_id}/replay", responses={200: {"model": ReplayOut}, **_FOUND})
async def replay(core: CurrentCore, webhook_id: WebhookId, wanted: ReplayIn) -> Response:
    """Tell a webhook once more of one event, or of a range of them; each has the `webhook-id` that it had."""
    hook = read_id(webhook_id)
    if (wanted.delivery is None) == (wanted.after is None) or (wanted.delivery is not None and wanted.until is not None):
        raise Refusal(
            Rule.INVALID, say("Give delivery, for one event, or after, with until or without it, for a range."), subject="delivery"
        )
    if wanted.delivery is not None:
        until = await core.webhooks.position_of(hook, read_id(wanted.delivery))
        after = until - 1
    else:
        after, until = wanted.after or 0, await last_position(core.world) if wanted.until is None else wanted.until
    return Json({"events": await core.webhooks.replay(hook, after, until)})


def _shown(one: Webhook) -> dict[str, object]:
    about = {"kinds": sorted(one.kinds), "mailbox": one.mailbox, "enabled": one.enabled}
    return {"id": encode(one.id), "url": one.url, **about, "position": one.position, "created_at": iso(one.created_at)}


def _delivery(one: WebhookDelivery) -> dict[str, object]:
    state = "delivered" if one.delivered else "waiting" if one.next_at is not None else "given_up"
    times = {"next_try_at": iso(one.next_at) if one.next_at else None, "last_try_at": iso(one.last_at) if one.last_at else None}
    event = {"id": encode(one.id), "position": one.position, "kind": one.kind, "state": state, "tries": one.tries}
    return {**event, **times, "status": one.status, "answer": one.answer}
