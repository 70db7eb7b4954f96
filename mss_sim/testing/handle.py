"""A simulator in a thread of its own, for code that is not asynchronous: test suites, the demonstration, a notebook.

with RunningSimulator(Settings(submission_port=0, mx_port=0, imap_port=0, http_port=0)) as running:
    running.ready["submission"]["port"]
"""

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

from mss_sim.app.simulator import Simulator
from mss_sim.config.settings import Settings


class RunningSimulator:
    """Runs one world; `ready` is what the ready file says."""

    def __init__(self, settings: Settings | None = None, *, seed: str | None = "cabinet") -> None:
        self._settings = settings or Settings(submission_port=0, mx_port=0, imap_port=0, http_port=0)
        self._seed = seed
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mss-sim", daemon=True)
        self._simulator = Simulator(self._settings, seed=seed)
        self.ready: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._simulator.start(), self._loop).result()
        self.ready = self._simulator.ready()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._simulator.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def persona(self, role: str) -> dict[str, Any]:
        """The persona that plays a role in the seed; KeyError when nobody does."""
        found: dict[str, dict[str, Any]] = {persona["role"]: persona for persona in self.ready["personas"]}
        return found[role]
