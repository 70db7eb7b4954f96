"""The core of one world, put together: what a front end is given."""

from dataclasses import dataclass

from mss_sim.core.attempts import Attempts
from mss_sim.core.ciba import Ciba
from mss_sim.core.delivery import Delivery
from mss_sim.core.events import Events
from mss_sim.core.provider import Provider
from mss_sim.core.queue import Queue
from mss_sim.core.receipts import Receipts
from mss_sim.core.reception import Reception
from mss_sim.core.shelves import Lookout
from mss_sim.core.submission import Submission
from mss_sim.core.world import World


@dataclass(frozen=True, slots=True)
class Core:
    """The world and the verbs that keep something at hand between two calls."""

    world: World
    submission: Submission
    reception: Reception
    receipts: Receipts
    queue: Queue
    events: Events
    lookout: Lookout
    provider: Provider
    ciba: Ciba
    attempts: Attempts

    def forget(self) -> None:
        """Drop what is in memory of people who are no longer there; for a world that is emptied."""
        self.provider.forget()
        self.ciba.forget()


def assemble(world: World) -> Core:
    """The core of a world."""
    delivery = Delivery(world)
    provider = Provider(world)
    return Core(
        world=world,
        submission=Submission(world, delivery),
        reception=Reception(world, delivery),
        receipts=Receipts(world, delivery),
        queue=Queue(world, delivery),
        events=Events(world.store, world.clock, tick_seconds=world.settings.events_tick_seconds),
        lookout=Lookout(world),
        provider=provider,
        ciba=Ciba(provider),
        attempts=Attempts(world.settings),
    )
