"""How many connections are open, in total and per identity, and the turn of each; one registry for all SMTP ports of a world."""

import asyncio
from contextlib import suppress
from typing import Protocol

from mss_sim.config.settings import Settings
from mss_sim.net.turns import Turns
from mss_sim.words.sentence import Sentence, say


class Connection(Protocol):
    """The part of a connection that the registry needs."""

    def leave(self, why: Sentence) -> None:
        """Stop serving the client, tell it why, and close."""

    def abort(self) -> None:
        """Drop the connection without a reply."""


TLS_HELLO = b"\x16\x03"
"""How a client begins that speaks TLS at once: a handshake record of any version (ref: rfc8446#5.1)."""
_ABORTED_SECONDS = 1.0
"""How long a session may take to notice that its connection was dropped."""
ANSWERS_BYTES_MAX = 64 * 1024
"""How many bytes of replies are sent before the client must read them."""


class Connections:
    """Counts connections from the first byte to the last, and refuses those over the limits."""

    def __init__(self, settings: Settings, turns: Turns) -> None:
        """`turns`: those of the world, which all of its connections share."""
        self._settings = settings
        self.turns = turns
        self._open: dict[Connection, int | None] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._stops: Sentence | None = None

    def open(self, connection: Connection) -> bool:
        """Count a new connection; False when there are too many. One that comes while all are asked to leave is asked too."""
        self._open[connection] = None
        self._empty.clear()
        if self._stops is not None:
            asyncio.get_running_loop().call_soon(connection.leave, self._stops)
        return len(self._open) <= self._settings.connections.max

    def admit(self, connection: Connection, identity_id: int) -> bool:
        """Assign a connection to an identity; False when that identity has too many."""
        theirs = sum(1 for identity in self._open.values() if identity == identity_id)
        if theirs >= self._settings.connections.per_identity_max:
            return False
        self._open[connection] = identity_id
        return True

    def close(self, connection: Connection) -> None:
        """Remove a closed connection from the count."""
        self._open.pop(connection, None)
        if not self._open:
            self._empty.set()

    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    def begin_anew(self) -> None:
        """Ask every client to leave, for what it was told is true no longer."""
        self._ask_to_leave(say("The world was reset, connect again"))

    def _ask_to_leave(self, why: Sentence) -> None:
        for connection in list(self._open):
            connection.leave(why)

    async def close_all(self, patience_seconds: float) -> None:
        """Ask every client to leave, and drop those still connected after a while."""
        self._stops = say("The simulator stops, try again later")
        self._ask_to_leave(self._stops)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), patience_seconds)
            return
        for connection in list(self._open):
            connection.abort()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), _ABORTED_SECONDS)
