"""What the world holds, counted."""

from dataclasses import dataclass

from mss_sim.clock import Micros
from mss_sim.core.world.world import World
from mss_sim.store import identities, mailboxes, messages, operators, queue, submissions
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.mail import TimelineKind


@dataclass(frozen=True, slots=True)
class State:
    """Counts of what the world holds."""

    operators: int
    identities: int
    mailboxes: int
    messages: int
    copies: int
    waiting: int
    oldest: Micros | None
    """When the letter that has been in the queue for longest was accepted."""
    events: dict[TimelineKind, int]
    """How often each thing happened to a recipient."""


async def state(world: World) -> State:
    """What the world holds now."""

    def query(conn: Connection) -> State:
        stored, copied = messages.count(conn)
        people, boxes = identities.count(conn), mailboxes.count(conn)
        counts = (len(operators.list_all(conn)), people, boxes, stored, copied, queue.waiting_count(conn))
        return State(*counts, queue.oldest(conn), submissions.count_events(conn))

    return await world.store.read(query)
