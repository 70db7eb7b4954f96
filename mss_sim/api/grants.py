"""REST: delegation."""

from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from mss_sim.api import schemas, views
from mss_sim.api.views import Json
from mss_sim.clock import Micros, from_datetime, to_datetime
from mss_sim.core import delegation, gate, people
from mss_sim.core.core import Core
from mss_sim.core.delegation import By, GrantRequest
from mss_sim.core.rows import GrantRow
from mss_sim.errors import Refusal, Rule
from mss_sim.http.answers import ANYWHERE, IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress, read_id
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.vocabulary import Door

router = APIRouter(tags=["grants"], responses=refusing(*ANYWHERE))
_HERE = refusing(*IN_A_MAILBOX)
_GRANTING = refusing(*IN_A_MAILBOX, Rule.GRANT_NOT_ALLOWED, Rule.GRANTEE_NOT_ALLOWED)


def request_of(address: str, grant: schemas.GrantIn) -> GrantRequest:
    """What a body asks to grant."""
    return GrantRequest(
        address=address,
        grantee_idnat=grant.grantee,
        rights=frozenset(grant.rights),
        valid_from=_instant(grant.valid_from),
        valid_until=_instant(grant.valid_until),
        reason=grant.reason,
    )


def _instant(moment: datetime | None) -> Micros | None:
    """The instant of a date that can be shown again: in UTC it must lie in the years 1 to 9999."""
    if moment is None:
        return None
    try:
        instant = from_datetime(moment)
        to_datetime(instant)
    except OverflowError as error:
        raise Refusal(Rule.INVALID, f"The date {moment.isoformat()} lies outside the years 1 to 9999 in UTC.") from error
    return instant


async def shown(core: Core, rows: list[tuple[GrantRow, str]]) -> list[dict[str, object]]:
    """Grants, each with the address of its mailbox, as they go out."""
    ids = {id_ for row, _ in rows for id_ in (row.grantee_id, row.granted_by_id, row.revoked_by_id)}
    known = await people.by_ids(core.world, ids)
    return [views.grant(row, address, known, core.world.clock.now()) for row, address in rows]


@router.get("/mailboxes/{address}/grants", responses={200: {"model": list[schemas.GrantOut]}, **_HERE})
async def list_grants(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Every grant over a mailbox, ended ones included, for who manages it; your own for any other grantee."""
    rows = await delegation.list_grants(core.world, actor.identity.id, address)
    return Json(await shown(core, [(row, address) for row in rows]))


@router.post("/mailboxes/{address}/grants", status_code=201, responses={201: {"model": schemas.GrantOut}, **_GRANTING})
async def create_grant(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, grant: schemas.GrantIn) -> Response:
    """Give somebody rights over a mailbox, never more than you hold."""
    row = await delegation.grant(core.world, By(actor.identity.id, Door.REST), request_of(address, grant))
    return Json((await shown(core, [(row, address)]))[0], status_code=201)


@router.delete("/mailboxes/{address}/grants/{grant_id}", responses={200: {"model": schemas.GrantOut}, **_GRANTING})
async def revoke_grant(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, grant_id: str) -> Response:
    """Take a grant back, or renounce your own. It gives nothing from the very next request on."""
    row = await delegation.revoke(core.world, By(actor.identity.id, Door.REST), address, read_id(grant_id))
    return Json((await shown(core, [(row, address)]))[0])


@router.get("/grants", responses={200: {"model": list[schemas.GrantOut]}})
async def my_grants(core: CurrentCore, actor: CurrentActor) -> Response:
    """Every grant that was ever given to you; over the mailbox that you logged in for, when you chose one."""
    rows = await delegation.grants_of(core.world, actor.identity.id)
    return Json(await shown(core, [(row, address) for row, address in rows if actor.mailbox in (None, address)]))


@router.post("/grants/hand-over", status_code=201, responses={201: {"model": schemas.HandOverOut}, **_GRANTING})
async def hand_over(core: CurrentCore, actor: CurrentActor, order: schemas.HandOverIn) -> Response:
    """Give all grants of one person to another, in one step: nobody is without access in between.

    Who logged in for one mailbox hands over the grants over that one: `mailbox` must name it.
    """
    try:
        mailbox = canonical(order.mailbox) if order.mailbox else None
    except AddressError as error:
        raise Refusal(Rule.NOT_FOUND, f"{error}.", subject=order.mailbox) from error
    gate.check_reach(actor, mailbox)
    by = By(actor.identity.id, Door.REST)
    done = await delegation.hand_over(core.world, by, order.from_, order.to, mailbox, order.reason)
    addresses = await delegation.addresses_of(core.world, done.created)
    ended = await shown(core, [(row, addresses[row.mailbox_id]) for row in done.ended])
    created = await shown(core, [(row, addresses[row.mailbox_id]) for row in done.created])
    return Json({"ended": ended, "created": created}, status_code=201)
