"""Why the directory does not show an address, past every right."""

from fastapi import Depends
from starlette.responses import Response

from mss_sim.http.answers import CONTROL, refusing
from mss_sim.http.control import require_control
from mss_sim.http.correspondents import Address, FindabilityOut, explanation
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.routes import strict_router
from mss_sim.http.shapes import Json
from mss_sim.http.writing import read_address

router = strict_router(
    prefix="/control/directory",
    tags=["control: directory"],
    dependencies=[Depends(require_control)],
    responses=refusing(*CONTROL),
)


@router.get("/why-not-found", responses={200: {"model": FindabilityOut}})
async def explain_absence(core: CurrentCore, address: Address) -> Response:
    """Whether the directory shows an address, or why not; any address."""
    return Json(explanation(core.world, await core.annuaire().correspondents.why_not_found(None, read_address(address))))
