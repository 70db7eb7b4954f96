"""Connections are asked to leave, then dropped; one that does not even notice that holds up nobody."""

import time
from dataclasses import dataclass, field

from mss_sim.config.settings import Settings
from mss_sim.net.connections import Connections
from mss_sim.net.turns import Turns
from mss_sim.words.sentence import Sentence


@dataclass(eq=False)
class _Deaf:
    """A connection whose session notices nothing, as one that is held up by a store that fails."""

    heard: list[str] = field(default_factory=list)

    def leave(self, why: Sentence) -> None:
        self.heard.append(str(why))

    def abort(self) -> None:
        self.heard.append("dropped")


async def test_a_connection_that_neither_leaves_nor_ends_when_it_is_dropped_is_not_waited_for_without_end() -> None:
    connections, deaf = Connections(Settings(), Turns()), _Deaf()
    assert connections.open(deaf)
    began = time.perf_counter()
    await connections.close_all(0.01)
    assert time.perf_counter() - began < 10
    assert deaf.heard == ["The simulator stops, try again later", "dropped"]
    assert connections.count() == 1
