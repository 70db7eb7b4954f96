"""Whose turn it is: all clients of one world together are answered for a moment, then the loop belongs to the others.

One packet may carry thousands of commands, and one client may have many connections. Where each of them had its own turn, a client with
twenty would take twenty turns before anybody else had one, in its own world and in every other of the process. So the world has the turn:
what its connections spend in one round of the event loop is added up, and once that is over, connections with more to do wait in line;
in each round some of them go on.

Time is told by a clock that is finer than a turn is long: the one of an event loop may go on by whole milliseconds.
"""

import asyncio
from collections import deque
from time import perf_counter
from typing import NamedTuple

ROUND_SECONDS = 0.0001
"""How long the clients of one world are answered in one round of the loop."""
_COMMAND_SECONDS = 0.00002
"""What a command counts for that waited for something: how long it worked is not known."""
_GO_ON = 2
"""How many that wait in line go on in one round: each with one command at least, and as many as the turn has room for."""


class Begun(NamedTuple):
    """When a command began: in which round of the loop, and at which time."""

    round: int
    at: float


class Turns:
    """The turns of one world."""

    def __init__(self) -> None:
        self._round = 0
        self._spent = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._planned = False

    @property
    def over(self) -> bool:
        """Whether the turn of this world is over for this round."""
        return self._spent > ROUND_SECONDS

    def begin(self) -> Begun:
        """A command begins."""
        if not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_soon(self._begin_round)
        return Begun(self._round, perf_counter())

    def end(self, begun: Begun) -> None:
        """It has been answered; its time counts where it did not wait for anything meanwhile."""
        worked = begun.round == self._round
        self._spent += perf_counter() - begun.at if worked else _COMMAND_SECONDS

    async def wait(self) -> None:
        """Wait in line until it is this client's turn again."""
        self.begin()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _begin_round(self) -> None:
        self._round += 1
        self._spent = 0.0
        for _ in range(min(len(self._waiting), _GO_ON)):
            turn = self._waiting.popleft()
            if not turn.done():  # a connection may have been cut while it waited
                turn.set_result(None)
        self._planned = bool(self._waiting)
        if self._planned:
            asyncio.get_running_loop().call_soon(self._begin_round)
