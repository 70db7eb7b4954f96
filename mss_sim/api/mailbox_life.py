"""REST: what a mailbox does by itself."""

from starlette.responses import Response

from mss_sim.api import mailbox_life_schemas as schemas
from mss_sim.api.views import PREFIX
from mss_sim.clock import from_datetime, iso
from mss_sim.core.assembly import Core
from mss_sim.core.mailflow import out_of_office
from mss_sim.core.mailflow.out_of_office import WantedAnswer
from mss_sim.core.world.store_types import OutOfOffice
from mss_sim.http.answers import ANYWHERE, IN_A_MAILBOX, refusing
from mss_sim.http.dependencies import CurrentActor, CurrentCore, MailboxAddress
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json

router = strict_router(prefix=PREFIX, tags=["life of a mailbox"], responses=refusing(*ANYWHERE))
_HERE = refusing(*IN_A_MAILBOX)


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
    """What a mailbox answers while nobody is there; null when it answers nothing. It needs the right to manage, as all that follows."""
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
