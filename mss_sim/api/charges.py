"""REST: who has a letter in charge, and what colleagues note about it."""

from starlette.responses import Response

from mss_sim.api import charge_schemas as shapes
from mss_sim.api import views
from mss_sim.api.views import PREFIX
from mss_sim.core.mailbox import charge_verbs
from mss_sim.core.mailbox.charge_verbs import Wish
from mss_sim.errors import Rule
from mss_sim.http.answers import IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress, read_id
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import IdentityRef, Json

router = strict_router(prefix=f"{PREFIX}/mailboxes/{{address}}", tags=["letters in charge"], responses=refusing(*IN_A_MAILBOX))
_DOING = refusing(*IN_A_MAILBOX, Rule.IN_CHARGE, Rule.LIMIT_REACHED)


@router.get("/messages/{message_id}/charge", responses={200: {"model": shapes.ChargeWithNotes}})
async def get_charge(core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str) -> Response:
    """In whose hands a message is, and the notes of colleagues, for who may read it."""
    return Json(views.charge_with_notes(await charge_verbs.look(core.world, actor, address, read_id(message_id))))


@router.post("/messages/{message_id}/charge", responses={200: {"model": shapes.ChargeWithNotes}, **_DOING})
async def change_charge(
    core: CurrentCore, actor: CurrentActor, address: MailboxAddress, message_id: str, wanted: shapes.ChargeIn
) -> Response:
    """Take a message in charge, give it to a colleague, put it down, finish with it, open it again; write a note for colleagues.

    The right to mark is needed, with a note that to read too; what a colleague has is taken from them by who manages the mailbox alone.
    Of two who take it at the same time one is refused, and `subject` says who has it.
    """
    wish = Wish(wanted.deed, wanted.to, wanted.note)
    return Json(views.charge_with_notes(await charge_verbs.do(core.world, actor, address, read_id(message_id), wish)))


@router.get("/colleagues", responses={200: {"model": list[IdentityRef]}})
async def list_colleagues(core: CurrentCore, actor: CurrentActor, address: MailboxAddress) -> Response:
    """Who may have a message of this mailbox in charge now, by name; the right to mark is needed."""
    found = await charge_verbs.colleagues(core.world, actor, address)
    return Json([{"idnat": one.idnat, "name": one.name} for one in found])
