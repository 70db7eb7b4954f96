"""REST: conversations and their closure."""

from functools import partial
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from mss_sim.api import schemas, views
from mss_sim.api.views import PREFIX
from mss_sim.core.access.authentication import Actor
from mss_sim.core.assembly import Core
from mss_sim.core.conversations import conversations, explanations
from mss_sim.core.conversations.conversations import Conversation
from mss_sim.core.mailbox import folders
from mss_sim.core.world.store_types import Folder
from mss_sim.errors import Rule
from mss_sim.http.answers import IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress, read_id
from mss_sim.http.paging import CurrentPage, PagedList
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.http.writing import From, To, WritingOut, read_address, writing

router = strict_router(prefix=f"{PREFIX}/mailboxes/{{address}}", tags=["conversations"], responses=refusing(*IN_A_MAILBOX))
_CLOSING = refusing(Rule.CONFLICT)
Others = Annotated[bool, Query(description="Only what other people than you did: a patient reads what carers did.", examples=[True])]


async def _folders(core: Core, actor: Actor, address: str) -> dict[int, Folder]:
    return {row.id: row for row, _ in await folders.list_folders(core.world, actor, address)}


@router.get("/conversations", responses={200: {"model": schemas.ConversationPage}})
async def list_conversations(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, page: CurrentPage) -> Response:
    """The conversations of a mailbox, the one with the newest message first; how each patient stands."""
    before = page.before(PagedList.CONVERSATIONS)
    rows = await conversations.list_conversations(core.world, actor, address, before=before, limit=page.limit + 1)
    places = await _folders(core, actor, address)
    show = partial(views.conversation, folders=places, whole=False)
    return Json(page.cut(PagedList.CONVERSATIONS, rows, lambda row: row.thread.last_copy_id, show))


@router.get("/conversations/{conversation_id}", responses={200: {"model": schemas.ConversationOut}})
async def get_conversation(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, conversation_id: str) -> Response:
    """One conversation with its messages, newest first."""
    found = await conversations.open_conversation(core.world, actor, address, read_id(conversation_id))
    return await _shown(core, actor, address, found)


@router.post("/conversations/{conversation_id}/close", responses={200: {"model": schemas.ConversationOut}, **_CLOSING})
async def close_conversation(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, conversation_id: str) -> Response:
    """Patients may no longer answer what this mailbox wrote in the conversation; the right to close is needed."""
    found = await conversations.close(core.world, actor, address, read_id(conversation_id))
    return await _shown(core, actor, address, found)


@router.post("/conversations/{conversation_id}/reopen", responses={200: {"model": schemas.ConversationOut}, **_CLOSING})
async def reopen_conversation(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, conversation_id: str) -> Response:
    """Patients may answer again, however the conversation had been closed."""
    found = await conversations.reopen(core.world, actor, address, read_id(conversation_id))
    return await _shown(core, actor, address, found)


@router.get("/conversations/{conversation_id}/why", responses={200: {"model": list[WritingOut]}})
async def explain_conversation(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, conversation_id: str) -> Response:
    """Whether each patient of the conversation may answer in it now: the rule, its facts, and the letter that decided."""
    rows = await explanations.why(core.world, actor, address, read_id(conversation_id))
    return Json([writing(core.world, one) for one in rows])


@router.get("/why-not", responses={200: {"model": WritingOut}})
async def explain_writing(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, from_: From = None, to: To = None) -> Response:
    """Whether a new letter would be taken from one address to the other, of which one is this mailbox, the default of both; and why.

    It is the question of who may write to whom: whether the other mailbox takes mail at the moment is another one.
    """
    sender, recipient = (address if one is None else read_address(one) for one in (from_, to))
    return Json(writing(core.world, await explanations.why_not(core.world, actor, address, sender, recipient)))


async def _shown(core: Core, actor: Actor, address: str, found: Conversation) -> Response:
    return Json(views.conversation(found, await _folders(core, actor, address), whole=True))
