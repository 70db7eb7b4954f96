"""The control plane closes mailboxes and hands them over, as their holders would, and says how long they keep letters."""

from typing import Annotated

from fastapi import Depends
from pydantic import Field
from starlette.responses import Response

from mss_sim.core.mailbox import closing, handing_over, retention
from mss_sim.errors import Rule
from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.dependencies import CurrentCore, MailboxAddress
from mss_sim.http.mailbox_life import ClosingOut, OwnerIn, RetentionOut, closing_out
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import IdentityRef, In, Json, Whole

router = strict_router(
    prefix="/control/mailboxes",
    tags=["control: people and mailboxes"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)


class RetentionIn(In):
    """How long a mailbox keeps letters, whatever the others do."""

    days: Annotated[Whole, Field(ge=1, le=36_500)] | None
    """Null: for good."""


_FOUND = refusing(Rule.NOT_FOUND)
_OWNER = refusing(*CONTROL, Rule.NOT_FOUND, Rule.CONFLICT, Rule.GRANTEE_NOT_ALLOWED)
_CLOSING = refusing(*CONTROL, Rule.NOT_FOUND, Rule.CONFLICT, Rule.MAILBOX_CLOSED)


@router.get("/{address}/closing", responses={200: {"model": ClosingOut | None}, **_FOUND})
async def get_closing(core: CurrentCore, address: MailboxAddress) -> Response:
    """When a mailbox closes; null if no closing was requested."""
    return Json(closing_out(await closing.get(core.world, None, address)))


@router.post("/{address}/closing", status_code=202, responses={202: {"model": ClosingOut}, **_CLOSING})
async def ask_closing(core: CurrentCore, address: MailboxAddress) -> Response:
    """Let a mailbox close once the grace is over, as its owner would."""
    return Json(closing_out(await closing.ask(core.world, None, address)), status_code=202)


@router.delete("/{address}/closing", status_code=204, responses=_CLOSING)
async def cancel_closing(core: CurrentCore, address: MailboxAddress) -> Response:
    """Let a mailbox that was to be closed live on as it was."""
    await closing.cancel(core.world, None, address)
    return Response(status_code=204)


@router.put("/{address}/owner", responses={200: {"model": IdentityRef}, **_OWNER})
async def hand_over(core: CurrentCore, address: MailboxAddress, heir: OwnerIn) -> Response:
    """Give a mailbox to another owner or responsible, because the former one has left."""
    owner = await handing_over.hand_over(core.world, None, address, heir.idnat)
    return Json({"idnat": owner.idnat, "name": owner.name})


@router.get("/{address}/retention", responses={200: {"model": RetentionOut}, **_FOUND})
async def get_retention(core: CurrentCore, address: MailboxAddress) -> Response:
    """For how many days a mailbox keeps letters; null: for good."""
    return Json({"days": await retention.get_days(core.world, None, address)})


@router.put("/{address}/retention", responses={200: {"model": RetentionOut}, **_FOUND})
async def put_retention(core: CurrentCore, address: MailboxAddress, wanted: RetentionIn) -> Response:
    """Remove letters that have been in this mailbox for so many days; what is older already goes at the next midnight."""
    return Json({"days": await retention.put_days(core.world, address, wanted.days)})


@router.delete("/{address}/retention", responses={200: {"model": RetentionOut}, **_FOUND})
async def remove_retention(core: CurrentCore, address: MailboxAddress) -> Response:
    """Let a mailbox keep letters as the others do, by the setting `retention_days`."""
    return Json({"days": await retention.remove_days(core.world, address)})
