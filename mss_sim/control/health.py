"""Whether the simulator lives, is ready, and how much it did."""

from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response

from mss_sim.control import schemas
from mss_sim.control.sockets import sockets
from mss_sim.core.control.counts import State
from mss_sim.core.control.counts import state as count
from mss_sim.errors import Rule
from mss_sim.http.answers import octets, refusing
from mss_sim.http.dependencies import CurrentCore
from mss_sim.http.shapes import Json

router = APIRouter(tags=["health"])
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
    await count(core.world)
    return Json({"status": "ready"})


@router.get("/metrics", responses={200: octets("text/plain", example="mss_sim_mailboxes 8.0\n"), **_STORE})
async def metrics(core: CurrentCore, request: Request) -> Response:
    """Counters and gauges for Prometheus."""
    state = await count(core.world)
    registry = CollectorRegistry()
    registry.register(_Snapshot(state, {door: one.count() for door, one in sockets(request).connections.items()}))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Snapshot:
    """What the world holds at one moment, as a Prometheus collector."""

    def __init__(self, state: State, connections: dict[str, int]) -> None:
        self._state = state
        self._connections = connections

    def collect(self) -> list[GaugeMetricFamily | CounterMetricFamily]:
        """The metric families."""
        state = self._state
        return [
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
