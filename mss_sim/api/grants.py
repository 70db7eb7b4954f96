"""REST: delegation."""

from starlette.responses import Response

from mss_sim.api import schemas
from mss_sim.api.views import PREFIX
from mss_sim.clock import iso
from mss_sim.core.access import delegation, gate, grant_end_preview
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.errors import Refusal, Rule
from mss_sim.http import grants
from mss_sim.http.answers import ANYWHERE, IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress, read_id
from mss_sim.http.grants import GrantIn, GrantOut
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.ids import encode
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.vocabulary.doors import Door
from mss_sim.words.sentence import joined, sentence_of

router = strict_router(prefix=PREFIX, tags=["grants"], responses=refusing(*ANYWHERE))
_HERE = refusing(*IN_A_MAILBOX)
_GRANTING = refusing(*IN_A_MAILBOX, Rule.GRANT_NOT_ALLOWED, Rule.GRANTEE_NOT_ALLOWED)


@router.get("/mailboxes/{address}/grants", responses={200: {"model": list[GrantOut]}, **_HERE})
async def list_grants(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Every grant over a mailbox, ended ones included, for who manages it; your own for any other grantee."""
    rows = await delegation.list_grants(core.world, actor.identity.id, address)
    return Json(await grants.grants_out(core, [(row, address) for row in rows]))


@router.post("/mailboxes/{address}/grants", status_code=201, responses={201: {"model": GrantOut}, **_GRANTING})
async def create_grant(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, grant: GrantIn) -> Response:
    """Give somebody rights over a mailbox, never more than you hold."""
    row = await delegation.grant(core.world, Requester(actor.identity.id, Door.REST), grants.request_of(address, grant))
    return Json((await grants.grants_out(core, [(row, address)]))[0], status_code=201)


@router.delete("/mailboxes/{address}/grants/{grant_id}", responses={200: {"model": GrantOut}, **_GRANTING})
async def revoke_grant(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, grant_id: str) -> Response:
    """Take a grant back, or renounce your own. It gives nothing from the very next request on."""
    row = await delegation.revoke(core.world, Requester(actor.identity.id, Door.REST), address, read_id(grant_id))
    return Json((await grants.grants_out(core, [(row, address)]))[0])


@router.get("/mailboxes/{address}/grants/{grant_id}/end", responses={200: {"model": schemas.GrantEndOut}, **_GRANTING})
async def foresee_end(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, grant_id: str) -> Response:
    """What would happen if a grant were revoked or renounced now: rights, open connections, drafts. Nothing is changed."""
    end = await grant_end_preview.foresee(core.world, Requester(actor.identity.id, Door.REST), address, read_id(grant_id))
    return Json(
        {
            "grant": encode(end.grant.id),
            "grantee": {"idnat": end.grantee.idnat, "name": end.grantee.name},
            "rights_lost": sorted(end.lost),
            "rights_kept": sorted(end.kept),
            "drafts": end.drafts,
            "connections": [{"door": one.door, "client": one.client, "since": iso(one.since)} for one in end.connections],
        }
    )


@router.get("/grants", responses={200: {"model": list[GrantOut]}})
async def my_grants(core: CurrentCore, actor: CurrentActor) -> Response:
    """Every grant that was ever given to you; over the mailbox that you logged in for, when you chose one."""
    rows = await delegation.grants_of(core.world, actor.identity.id)
    return Json(await grants.grants_out(core, [(row, address) for row, address in rows if actor.mailbox in (None, address)]))


@router.post("/grants/hand-over", status_code=201, responses={201: {"model": schemas.HandOverOut}, **_GRANTING})
async def hand_over(core: CurrentCore, actor: CurrentActor, order: schemas.HandOverIn) -> Response:
    """Give all grants of one person to another, in one step: access never lapses.

    Who logged in for one mailbox hands over the grants over that one: `mailbox` must name it.
    """
    try:
        mailbox = canonical(order.mailbox) if order.mailbox else None
    except AddressError as error:
        raise Refusal(Rule.NOT_FOUND, joined((sentence_of(error), ".")), subject=order.mailbox, reference="rfc5321#4.1.2") from error
    gate.check_reach(actor, mailbox)
    by = Requester(actor.identity.id, Door.REST)
    done = await delegation.hand_over(core.world, by, order.from_, order.to, mailbox, order.reason)
    addresses = await delegation.addresses_of(core.world, done.created)
    ended = await grants.grants_out(core, [(row, addresses[row.mailbox_id]) for row in done.ended])
    created = await grants.grants_out(core, [(row, addresses[row.mailbox_id]) for row in done.created])
    return Json({"ended": ended, "created": created}, status_code=201)
