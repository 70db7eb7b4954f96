"""REST: what a patient masks from carers. The patient alone masks, unmasks and sees what is masked."""

from typing import Any

from starlette.responses import Response

from mss_sim.api import schemas
from mss_sim.api.views import PREFIX
from mss_sim.clock import iso
from mss_sim.core.access import carer_masks
from mss_sim.core.world.store_types import Mask
from mss_sim.errors import Refusal, Rule
from mss_sim.http.answers import IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress, read_id
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.ids import encode
from mss_sim.mail.addresses import AddressError, canonical
from mss_sim.words.sentence import joined, sentence_of

router = strict_router(prefix=f"{PREFIX}/mailboxes/{{address}}/masks", tags=["carers"], responses=refusing(*IN_A_MAILBOX))
_MASKING = refusing(*IN_A_MAILBOX, Rule.LIMIT_REACHED, Rule.BAD_ADDRESS)


def _shown(mask: Mask) -> dict[str, Any]:
    return {"id": encode(mask.id), "kind": mask.kind, "what": mask.label, "masked_at": iso(mask.masked_at)}


@router.get("", responses={200: {"model": list[schemas.MaskOut]}})
async def list_masks(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """What a patient has masked from carers, the oldest mask first."""
    return Json([_shown(one) for one in await carer_masks.list_masks(core.world, actor, address)])


@router.put("/correspondents/{correspondent}", responses={200: {"model": schemas.MaskOut}, **_MASKING})
async def mask_correspondent(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, correspondent: str) -> Response:
    """Mask all letters with an address, those to come included. Doing it twice changes nothing."""
    try:
        whom = canonical(correspondent)
    except AddressError as error:
        raise Refusal(
            Rule.BAD_ADDRESS, joined((sentence_of(error), ".")), subject=correspondent[:320], reference="rfc5321#4.1.2"
        ) from error
    return Json(_shown(await carer_masks.mask_correspondent(core.world, actor, address, whom)))


@router.put("/messages/{message_id}", responses={200: {"model": schemas.MaskOut}, **_MASKING})
async def mask_message(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str) -> Response:
    """Mask one message, wherever it lies in the mailbox. Doing it twice changes nothing."""
    return Json(_shown(await carer_masks.mask_letter(core.world, actor, address, read_id(message_id))))


@router.put("/messages/{message_id}/attachments/{part}", responses={200: {"model": schemas.MaskOut}, **_MASKING})
async def mask_document(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str, part: str) -> Response:
    """Mask a document: every message that carries it, those to come included, is masked as a whole."""
    return Json(_shown(await carer_masks.mask_document(core.world, actor, address, read_id(message_id), part)))


@router.delete("/{mask_id}", status_code=204)
async def unmask(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, mask_id: str) -> Response:
    """Take a mask off: what no other mask matches comes to carers again, as a message that has just arrived."""
    await carer_masks.unmask(core.world, actor, address, read_id(mask_id))
    return Response(status_code=204)
