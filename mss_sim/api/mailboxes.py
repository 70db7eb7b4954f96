"""REST: who you are, your mailboxes, their folders, their holders."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from mss_sim.api import schemas, views
from mss_sim.api.views import PREFIX
from mss_sim.core.access import practice_holders
from mss_sim.core.access.practice_holders import Holder
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailbox import folders, mailboxes, messages
from mss_sim.errors import Rule
from mss_sim.http.answers import ANYWHERE, IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress, read_id
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.vocabulary.doors import Door

router = strict_router(prefix=PREFIX, tags=["mailboxes"], responses=refusing(*ANYWHERE))
_HERE = refusing(*IN_A_MAILBOX)
_CHANGE = refusing(*IN_A_MAILBOX, Rule.CONFLICT)
_NAMING = refusing(*IN_A_MAILBOX, Rule.CONFLICT, Rule.LIMIT_REACHED)
_HOLDERS = refusing(*IN_A_MAILBOX, Rule.GRANT_NOT_ALLOWED, Rule.GRANTEE_NOT_ALLOWED, Rule.CONFLICT, Rule.SUCCESSOR_REQUIRED)


@router.get("/me", responses={200: {"model": schemas.Me}})
async def who_am_i(core: CurrentCore, actor: CurrentActor) -> Response:
    """Who you are, and every mailbox that you may see with your rights over it: the one that you logged in for, if you chose one."""
    rows = await messages.held_mailboxes(core.world, actor)
    identity = actor.identity
    return Json(
        {
            "idnat": identity.idnat,
            "kind": identity.kind,
            "name": identity.name,
            "profession": identity.profession,
            "acting_for": actor.mailbox,
            "mailboxes": [views.held(row) for row in rows],
        }
    )


@router.get("/mailboxes", responses={200: {"model": list[schemas.MailboxOut]}})
async def list_mailboxes(core: CurrentCore, actor: CurrentActor) -> Response:
    """The mailboxes that you may see: your own, the shared ones, the delegated ones; or the one that you logged in for."""
    return Json([views.held(row) for row in await messages.held_mailboxes(core.world, actor)])


@router.get("/mailboxes/{address}", responses={200: {"model": schemas.MailboxOut}, **_HERE})
async def get_mailbox(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """One mailbox with your rights over it."""
    return Json(views.held(await messages.held_mailbox(core.world, actor, address)))


@router.patch("/mailboxes/{address}", responses={200: {"model": schemas.MailboxOut}, **_HERE})
async def change_mailbox(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, patch: schemas.MailboxPatch) -> Response:
    """Change texts, red list, preferred rank, seen and sent policies; a holder or a grantee with manage may."""
    await mailboxes.change_managed_mailbox(core.world, actor, address, patch.model_dump(exclude_unset=True, mode="json"))
    return Json(views.held(await messages.held_mailbox(core.world, actor, address)))


@router.get("/mailboxes/{address}/folders", responses={200: {"model": list[schemas.FolderOut]}, **_HERE}, tags=["folders"])
async def list_folders(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """The folders of a mailbox, INBOX first. `unseen` follows the seen policy."""
    rows = await folders.list_folders(core.world, actor, address)
    return Json([views.folder(row, unseen) for row, unseen in rows])


@router.post("/mailboxes/{address}/folders", status_code=201, responses={201: {"model": schemas.FolderOut}, **_NAMING}, tags=["folders"])
async def create_folder(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, folder: schemas.FolderIn) -> Response:
    """Create a folder; the ones above it are made when they are missing."""
    return Json(views.folder(await folders.create_folder(core.world, actor, address, folder.name)), status_code=201)


@router.patch("/mailboxes/{address}/folders/{folder_id}", responses={200: {"model": schemas.FolderOut}, **_NAMING}, tags=["folders"])
async def rename_folder(
    core: CurrentCore, actor: CurrentActor, address: MailboxAddress, folder_id: str, folder: schemas.FolderIn
) -> Response:
    """Rename a folder with all that is inside; special folders keep their names."""
    return Json(views.folder(await folders.rename_folder(core.world, actor, address, read_id(folder_id), folder.name)))


@router.delete("/mailboxes/{address}/folders/{folder_id}", status_code=204, tags=["folders"], responses=_CHANGE)
async def delete_folder(
    core: CurrentCore,
    actor: CurrentActor,
    address: MailboxAddress,
    folder_id: str,
    messages: Annotated[bool, Query(description="Delete the messages in it too; folders inside it stay.", examples=[True])] = False,
) -> Response:
    """Delete an empty folder, or on request one with its messages, which needs the right to delete."""
    await folders.delete_folder(core.world, actor, address, read_id(folder_id), with_messages=messages)
    return Response(status_code=204)


def _holders(rows: list[Holder]) -> Response:
    return Json([{"idnat": row.identity.idnat, "name": row.identity.name, "role": row.role} for row in rows])


@router.get("/mailboxes/{address}/holders", responses={200: {"model": list[schemas.HolderOut]}, **_HERE}, tags=["holders"])
async def list_holders(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Who holds a mailbox: its owner, or the responsible and the co-holders of a practice's."""
    return _holders(await practice_holders.list_holders(core.world, actor.identity.id, address))


@router.post("/mailboxes/{address}/holders", responses={200: {"model": list[schemas.HolderOut]}, **_HOLDERS}, tags=["holders"])
async def add_holder(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, holder: schemas.HolderIn) -> Response:
    """Make a professional a co-holder of a practice's mailbox; the responsible may."""
    return _holders(await practice_holders.add_co_holder(core.world, Requester(actor.identity.id, Door.REST), address, holder.idnat))


@router.delete(
    "/mailboxes/{address}/holders/{idnat:path}", responses={200: {"model": list[schemas.HolderOut]}, **_HOLDERS}, tags=["holders"]
)
async def remove_holder(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, idnat: str) -> Response:
    """Take a co-holder off, or leave yourself."""
    return _holders(await practice_holders.remove_holder(core.world, Requester(actor.identity.id, Door.REST), address, idnat))


@router.put("/mailboxes/{address}/responsible", responses={200: {"model": list[schemas.HolderOut]}, **_HOLDERS}, tags=["holders"])
async def change_responsible(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, successor: schemas.ResponsibleIn) -> Response:
    """Name the successor of the responsible."""
    by = Requester(actor.identity.id, Door.REST)
    return _holders(await practice_holders.change_responsible(core.world, by, address, successor.idnat, stay=successor.stay))
