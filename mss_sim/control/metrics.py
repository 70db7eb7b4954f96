"""The metrics as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST as MEDIA_TYPE

from mss_sim.core.control.counts import State
from mss_sim.core.world.tally import Tally
from mss_sim.vocabulary.mail import TimelineKind

__all__ = ["MEDIA_TYPE", "written"]


def written(state: State, connections: dict[str, int], age: float, tally: Tally) -> bytes:
    """The text of one moment; `age` is that of the oldest letter in the queue, in seconds."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(state, connections, age, tally))
    return generate_latest(registry)


class _Snapshot:
    """What the world holds at one moment, as a Prometheus collector."""

    def __init__(self, state: State, connections: dict[str, int], age: float, tally: Tally) -> None:
        self._state = state
        self._connections = connections
        self._age = age
        self._tally = tally

    def collect(self) -> list[GaugeMetricFamily | CounterMetricFamily]:
        """The metric families."""
        state = self._state
        refused = CounterMetricFamily("mss_sim_refusals", "Refusals since the process began, by door and rule.", labels=["door", "rule"])
        for (door_, rule), times in sorted(self._tally.refusals.items()):
            refused.add_metric([door_.value, rule.value], times)
        oauth = CounterMetricFamily("mss_sim_oauth_errors", "Errors of Pro Santé Connect since the process began.", labels=["error"])
        for code, times in sorted(self._tally.oauth_errors.items()):
            oauth.add_metric([code], times)
        deliveries = state.events.get(TimelineKind.DELIVERED, 0)
        return [
            refused,
            oauth,
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
