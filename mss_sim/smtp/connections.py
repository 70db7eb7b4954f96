"""How many connections are open, in all and per identity; one registry for all SMTP ports of a world."""

import asyncio
from typing import Any

from mss_sim.config import Settings


class Connections:
    """Counts connections and refuses the ones over the limits."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[Any, int | None] = {}

    def open(self, connection: Any) -> bool:
        """Count a new connection; False when there are too many."""
        self._open[connection] = None
        return len(self._open) <= self._settings.connections_max

    def admit(self, connection: Any, identity_id: int) -> bool:
        """Say who a connection belongs to; False when that identity has too many."""
        theirs = sum(1 for identity in self._open.values() if identity == identity_id)
        if theirs >= self._settings.connections_per_identity_max:
            return False
        self._open[connection] = identity_id
        return True

    def close(self, connection: Any) -> None:
        """Forget a connection that ended."""
        self._open.pop(connection, None)

    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    def tasks(self) -> list["asyncio.Task[None]"]:
        """What serves the open connections, to be cancelled when the server stops."""
        return [task for connection in self._open if (task := connection._handler_coroutine) is not None]  # noqa: SLF001
