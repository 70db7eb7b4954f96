"""REST: what a mailbox does by itself."""

from starlette.responses import Response

from mss_sim.api import mailbox_life_schemas as schemas
from mss_sim.api.views import PREFIX
from mss_sim.clock import from_datetime, iso
from mss_sim.core.assembly import Core
from mss_sim.core.mailbox import closing, handing_over, retention
from mss_sim.core.mailflow import forwarding, out_of_office
from mss_sim.core.mailflow.forwarding import WantedForwarding
from mss_sim.core.mailflow.out_of_office import WantedAnswer
from mss_sim.core.world.store_types import Forwarding, OutOfOffice
from mss_sim.errors import Rule
from mss_sim.http.answers import ANYWHERE, IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress
from mss_sim.http.mailbox_life import ClosingOut, OwnerIn, RetentionOut, closing_out
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import IdentityRef, Json

router = strict_router(prefix=PREFIX, tags=["life of a mailbox"], responses=refusing(*ANYWHERE))
_HERE = refusing(*IN_A_MAILBOX)
_OWNER = refusing(*IN_A_MAILBOX, Rule.GRANT_NOT_ALLOWED, Rule.GRANTEE_NOT_ALLOWED, Rule.CONFLICT)
_FORWARDING = refusing(*IN_A_MAILBOX, Rule.BAD_ADDRESS, Rule.UNKNOWN_MAILBOX, Rule.DOMAIN_OUTSIDE)
_CLOSING = refusing(*IN_A_MAILBOX, Rule.GRANT_NOT_ALLOWED, Rule.CONFLICT)


def _answer(core: Core, row: OutOfOffice | None) -> Response:
    if row is None:
        return Json(None)
    return Json(
        {
            "text": row.text,
            "subject": row.subject,
            "from": iso(row.from_at),
            "until": iso(row.until_at),
            "days": row.days or core.world.settings.out_of_office.days,
            "active": row.holds_at(core.world.clock.now()),
        }
    )


@router.get("/mailboxes/{address}/out-of-office", responses={200: {"model": schemas.OutOfOfficeOut | None}, **_HERE})
async def get_out_of_office(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """The out-of-office answer of a mailbox; null without one. It needs the right to manage, as all that follows."""
    return _answer(core, await out_of_office.get(core.world, actor, address))


@router.put("/mailboxes/{address}/out-of-office", responses={200: {"model": schemas.OutOfOfficeOut | None}, **_HERE})
async def put_out_of_office(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, wanted: schemas.OutOfOfficeIn) -> Response:
    """Answer each sender once in so many days, never a report, a list or a machine; a new answer is given to everybody again."""
    from_at, until_at = (None if at is None else from_datetime(at) for at in (wanted.from_, wanted.until))
    answer = WantedAnswer(wanted.text, wanted.subject, from_at, until_at, wanted.days)
    return _answer(core, await out_of_office.put(core.world, actor, address, answer))


@router.delete("/mailboxes/{address}/out-of-office", status_code=204, responses=_HERE)
async def remove_out_of_office(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Answer no more, if it did."""
    await out_of_office.remove(core.world, actor, address)
    return Response(status_code=204)


def _forwarding(row: Forwarding | None) -> Response:
    return Json({"to": row.target, "keep": row.keep, "since": iso(row.set_at)} if row else None)


@router.get("/mailboxes/{address}/forwarding", responses={200: {"model": schemas.ForwardingOut | None}, **_HERE})
async def get_forwarding(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Where a mailbox forwards; null when it does not."""
    return _forwarding(await forwarding.get(core.world, actor, address))


@router.put("/mailboxes/{address}/forwarding", responses={200: {"model": schemas.ForwardingOut | None}, **_FORWARDING})
async def put_forwarding(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, wanted: schemas.ForwardingIn) -> Response:
    """Forward a copy of each letter of a person to another professional mailbox of the trust space; it needs the right to read, too."""
    return _forwarding(await forwarding.put(core.world, actor, address, WantedForwarding(wanted.to, wanted.keep)))


@router.delete("/mailboxes/{address}/forwarding", status_code=204, responses=_HERE)
async def remove_forwarding(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Forward no more, if it did."""
    await forwarding.remove(core.world, actor, address)
    return Response(status_code=204)


@router.get("/mailboxes/{address}/closing", responses={200: {"model": ClosingOut | None}, **_HERE})
async def get_closing(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """When a mailbox closes; null if no closing was requested."""
    return Json(closing_out(await closing.get(core.world, actor, address)))


@router.post("/mailboxes/{address}/closing", status_code=202, responses={202: {"model": ClosingOut}, **_CLOSING})
async def ask_closing(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Ask to close a mailbox once the grace is over; its owner or responsible may."""
    return Json(closing_out(await closing.ask(core.world, actor, address)), status_code=202)


@router.delete("/mailboxes/{address}/closing", status_code=204, responses=_CLOSING)
async def cancel_closing(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Let a mailbox that was to be closed live on as it was."""
    await closing.cancel(core.world, actor, address)
    return Response(status_code=204)


@router.put("/mailboxes/{address}/owner", responses={200: {"model": IdentityRef}, **_OWNER})
async def hand_over(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, heir: OwnerIn) -> Response:
    """Hand a mailbox over to another owner or responsible; from then on you hold it no more."""
    owner = await handing_over.hand_over(core.world, actor, address, heir.idnat)
    return Json({"idnat": owner.idnat, "name": owner.name})


@router.get("/mailboxes/{address}/retention", responses={200: {"model": RetentionOut}, **_HERE})
async def get_retention(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """For how many days a mailbox keeps letters; its operator decides, not its holders."""
    return Json({"days": await retention.get_days(core.world, actor, address)})
