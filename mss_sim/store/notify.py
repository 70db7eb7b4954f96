"""Several processes over one PostgreSQL: each tells the others, in the transaction itself, which folders it changed.

NOTIFY leaves with the commit and never without it, in commit order; LISTEN runs on a connection and in a thread of its own. SQLite has
one process, which tells itself.
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
    """Tells the other processes, and hears from them. `hear` is called in the listening thread."""

    def __init__(self, engine: Engine, origin: str) -> None:
        self._engine = engine
        self._origin = origin
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = log.get("store.neighbours")

    def tell(self, conn: Connection) -> None:
        """Have the commit of this connection announce what was touched."""
        changed = peek_touched(conn)
        if not changed or not is_postgresql(conn):
            return
        names = ",".join(map(str, sorted(changed)))
        if len(names) > _PAYLOAD_BYTES_MAX:
            names = str(RIGHTS_CHANGED)  # so many that everybody had better look
        self._notify(conn, names)

    def _notify(self, conn: Connection, names: str) -> None:
        conn.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": _CHANNEL, "payload": f"{self._origin} {names}"})

    def listen(self, hear: Callable[[set[int]], None]) -> None:
        """Begin to hear, where there can be others."""
        if self._engine.dialect.name != "postgresql":
            return
        self._thread = threading.Thread(target=self._run, args=(hear,), name="mss-sim-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hear nothing more; the listener is woken, so that it need not sit its wait out."""
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
                    hear({RIGHTS_CHANGED})  # whatever happened while nobody listened
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
