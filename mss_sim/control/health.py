"""Whether the simulator lives, is ready, and how much it did."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response

from mss_sim.clock import SECOND
from mss_sim.control import schemas
from mss_sim.control.sockets import sockets
from mss_sim.core.control.counts import State
from mss_sim.core.control.counts import state as count
from mss_sim.errors import Refusal, Rule
from mss_sim.http.answers import octets, refusing
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.shapes import Json
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.mail import TimelineKind

router = APIRouter(tags=["health"])
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
        detail = f"The store did not answer within {_READY_SECONDS} s; nothing was kept, try again later."
        raise Refusal(Rule.STORE_UNAVAILABLE, detail) from error
    return Json({"status": "ready"})


@router.get("/metrics", responses={200: octets("text/plain", example="mss_sim_mailboxes 8.0\n"), **_STORE})
async def metrics(core: CurrentCore, request: Request) -> Response:
    """Counters and gauges for Prometheus."""
    state = await count(core.world)
    registry = CollectorRegistry()
    now = core.world.clock.now()
    age = max(0, now - state.oldest) / SECOND if state.oldest is not None else 0.0
    connections = {door: one.count() for door, one in sockets(request).connections.items()}
    registry.register(_Snapshot(state, connections, age, core.world.tally.refusals))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Snapshot:
    """What the world holds at one moment, as a Prometheus collector."""

    def __init__(self, state: State, connections: dict[str, int], age: float, refusals: Mapping[tuple[Door, Rule], int]) -> None:
        self._state = state
        self._connections = connections
        self._age = age
        self._refusals = refusals

    def collect(self) -> list[GaugeMetricFamily | CounterMetricFamily]:
        """The metric families."""
        state = self._state
        refused = CounterMetricFamily("mss_sim_refusals", "Refusals since the process began, by door and rule.", labels=["door", "rule"])
        for (door_, rule), times in sorted(self._refusals.items()):
            refused.add_metric([door_.value, rule.value], times)
        deliveries = state.events.get(TimelineKind.DELIVERED, 0)
        return [
            refused,
            CounterMetricFamily("mss_sim_deliveries", "Recipients who got a letter, here or elsewhere.", value=deliveries),
            GaugeMetricFamily("mss_sim_queue_oldest_seconds", "Age of the oldest letter in the queue; 0: none.", value=self._age),
            GaugeMetricFamily("mss_sim_mailboxes", "Mailboxes.", value=state.mailboxes),
            GaugeMetricFamily("mss_sim_identities", "Identities.", value=state.identities),
            GaugeMetricFamily("mss_sim_copies", "Copies of messages in folders.", value=state.copies),
            GaugeMetricFamily("mss_sim_queue_recipients", "Recipients that wait in the queue.", value=state.waiting),
            *(
                GaugeMetricFamily(f"mss_sim_{door}_connections", f"Open {door.upper()} connections.", value=count)
                for door, count in self._connections.items()
            ),
            CounterMetricFamily("mss_sim_messages", "Messages stored since the world began.", value=state.messages),
        ]
