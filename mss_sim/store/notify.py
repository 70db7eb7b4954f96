"""Several processes over one PostgreSQL: each notifies the others, in the transaction itself, of the folders that it changed.

NOTIFY is sent with the commit and never without it, in commit order; LISTEN runs on its own connection and thread. SQLite has
a single process, which notifies itself.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from mss_sim import log
from mss_sim.store.engine import RIGHTS_CHANGED, is_postgresql, peek_touched

_CHANNEL = "mss_sim_changes"
_PAYLOAD_BYTES_MAX = 7_000  # PostgreSQL takes 8,000
_WAIT_SECONDS = 0.5


class Neighbours:
    """Notifies the other processes, and listens to them. `hear` is called in the listening thread."""

    def __init__(self, engine: Engine, origin: str) -> None:
        self._engine = engine
        self._origin = origin
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = log.get("store.neighbours")

    def tell(self, conn: Connection) -> None:
        """Make the commit of this connection announce what was touched."""
        changed = peek_touched(conn)
        if not changed or not is_postgresql(conn):
            return
        names = ",".join(map(str, sorted(changed)))
        if len(names) > _PAYLOAD_BYTES_MAX:
            names = str(RIGHTS_CHANGED)  # too many to name: every watcher reads again
        self._notify(conn, names)

    def _notify(self, conn: Connection, names: str) -> None:
        conn.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": _CHANNEL, "payload": f"{self._origin} {names}"})

    def listen(self, hear: Callable[[set[int]], None]) -> None:
        """Start listening, where there can be other processes."""
        if self._engine.dialect.name != "postgresql":
            return
        self._thread = threading.Thread(target=self._run, args=(hear,), name="mss-sim-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; the listener is woken, so that it does not wait for its timeout."""
        self._over.set()
        if self._thread is None:
            return
        with suppress(DBAPIError), self._engine.begin() as conn:
            self._notify(conn, "")
        self._thread.join()

    def _run(self, hear: Callable[[set[int]], None]) -> None:
        dialect: Any = self._engine.dialect
        while not self._over.is_set():
            try:
                positional, named = dialect.create_connect_args(self._engine.url)
                with dialect.connect(*positional, **named) as conn:
                    conn.autocommit = True
                    conn.execute(f"LISTEN {_CHANNEL}")
                    hear({RIGHTS_CHANGED})  # covers events while no listener was connected
                    while not self._over.is_set():
                        for notice in conn.notifies(timeout=_WAIT_SECONDS, stop_after=1):
                            self._take(notice.payload, hear)
            except dialect.loaded_dbapi.Error as error:
                self._log.error("the listening connection broke", error=str(error))
                self._over.wait(_WAIT_SECONDS)

    def _take(self, payload: str, hear: Callable[[set[int]], None]) -> None:
        origin, _, names = payload.partition(" ")
        if origin != self._origin and names:
            hear({int(name) for name in names.split(",")})
