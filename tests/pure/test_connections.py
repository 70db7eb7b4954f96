"""Connections are counted to their limits, asked to leave, then dropped; one that does not even notice that holds up nobody."""

import asyncio
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


@dataclass(eq=False)
class _Polite(_Deaf):
    """A connection that leaves when it is asked to."""

    of: Connections | None = None

    def leave(self, why: Sentence) -> None:
        super().leave(why)
        if self.of is not None:
            self.of.close(self)


async def test_as_many_are_served_as_the_setting_says_and_whoever_closes_makes_room() -> None:
    connections, made = Connections(Settings(connections_max=2), Turns()), [_Deaf() for _ in range(3)]
    assert [connections.open(one) for one in made] == [True, True, False]
    assert connections.count() == 3, "who is refused is connected until it has read why"
    connections.close(made[2])
    connections.close(made[2])
    assert connections.count() == 2
    connections.close(made[0])
    assert connections.open(_Deaf())
    assert [one.heard for one in made] == [[], [], []]


async def test_as_many_are_of_one_identity_as_the_setting_says_and_those_of_others_are_not_counted() -> None:
    connections = Connections(Settings(connections_per_identity_max=2), Turns())
    made = [_Deaf() for _ in range(6)]
    for one in made:
        connections.open(one)
    admitted = [connections.admit(one, identity) for one, identity in zip(made, (1, 1, 1, 2, 1), strict=False)]
    assert admitted == [True, True, False, True, False]
    connections.close(made[0])
    assert connections.admit(made[4], 1)
    assert not connections.admit(made[5], 1)


async def test_who_comes_while_all_are_asked_to_leave_is_asked_too_and_after_a_reset_is_not() -> None:
    connections = Connections(Settings(), Turns())
    before, between, late = _Polite(of=connections), _Polite(of=connections), _Polite(of=connections)
    connections.open(before)
    connections.begin_anew()
    connections.open(between)
    await asyncio.sleep(0)
    assert (before.heard, between.heard) == (["The world was reset, connect again"], [])
    began = time.perf_counter()
    await connections.close_all(30)
    assert time.perf_counter() - began < 10, "nobody is waited for once all have left"
    assert between.heard == ["The simulator stops, try again later"]
    assert connections.open(late)
    assert late.heard == [], "it is asked once it can be answered"
    await asyncio.sleep(0)
    assert (late.heard, connections.count()) == (["The simulator stops, try again later"], 0)
