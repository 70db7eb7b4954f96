"""Whether the simulator lives, is ready, and how much it did."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from mss_sim.clock import SECOND
from mss_sim.control import schemas
from mss_sim.control.sockets import sockets
from mss_sim.core.control.counts import state as count
from mss_sim.errors import Refusal, Rule
from mss_sim.http.answers import octets, refusing
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.shapes import Json
from mss_sim.words.sentence import say

router = APIRouter(default_response_class=Response, tags=["health"])
_READY_SECONDS = 5
_STORE = refusing(Rule.STORE_UNAVAILABLE)


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", responses={200: {"model": schemas.HealthOut}})
async def is_alive() -> Response:
    """The process answers."""
    return Json({"status": "alive"})


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", responses={200: {"model": schemas.HealthOut}, **_STORE})
async def is_ready(core: CurrentCore) -> Response:
    """The store answers; 503 otherwise."""
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await count(core.world)
    except TimeoutError as error:
        detail = say("The store did not answer within {seconds} s; nothing was kept, try again later.", seconds=_READY_SECONDS)
        raise Refusal(Rule.STORE_UNAVAILABLE, detail) from error
    return Json({"status": "ready"})


@router.get("/metrics", responses={200: octets("text/plain", example="mss_sim_mailboxes 8.0\n"), **_STORE})
async def metrics(core: CurrentCore, request: Request) -> Response:
    """Counters and gauges for Prometheus."""
    from mss_sim.control import metrics as families  # noqa: PLC0415 - the library takes memory, and most worlds are never asked

    state = await count(core.world)
    now = core.world.clock.now()
    age = max(0, now - state.oldest) / SECOND if state.oldest is not None else 0.0
    connections = {door: one.count() for door, one in sockets(request).connections.items()}
    return Response(families.written(state, connections, age, core.world.tally), media_type=families.MEDIA_TYPE)
