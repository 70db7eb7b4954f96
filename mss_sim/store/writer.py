"""The one writer: many requests, one transaction, one sync to disk.

Committing each message by itself costs a sync per message. Here, units of work wait in a queue; a thread takes all that is waiting,
runs each under its own savepoint (one that fails is rolled back alone), commits once, then wakes the waiters. Under load the
groups grow by themselves; alone, a unit is committed at once. Nobody is answered before the commit.

A *unit* is a plain function `unit(conn) -> result` of Core statements. A *bulk* is a function `bulk(conn, items) -> results` for work
that costs less done together; neighbours in the queue that name the same bulk are given to it in one call. When that call fails,
its items are tried one by one, so that nobody pays for his neighbour.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from mss_sim import log

T = TypeVar("T")
R = TypeVar("R")
Unit = Callable[[Connection], R]
Bulk = Callable[[Connection, Sequence[T]], Sequence[R | Exception]]

_GROUP_MAX = 256
_LINGER_SECONDS = 0.002


@dataclass(slots=True, eq=False)
class _Job:
    """A unit (`bulk` is None) or one item of a bulk, with its waiter and, once run, its outcome."""

    loop: asyncio.AbstractEventLoop
    waiter: "asyncio.Future[Any]"
    unit: Callable[[Connection], Any] | None
    bulk: Callable[[Connection, Sequence[Any]], Sequence[Any]] | None = None
    item: Any = None
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the writing connection of one store, in one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._asked: list[_Job] = []
        self._thread = threading.Thread(target=self._run, name="mss-sim-writer", daemon=True)
        self._log = log.get("store.writer")
        self._closed = False

    def start(self) -> None:
        """Start the thread; call it once."""
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued, then stop; later calls of `write` are refused."""
        if not self._closed:
            self._closed = True
            self._jobs.put(self._asked)
            self._jobs.put(None)
            self._thread.join()

    async def write(self, unit: Callable[[Connection], R]) -> R:
        """Run a unit and return its result once it is committed; what it raises is raised here, and nothing of it is kept."""
        result: R = await self._enqueue(unit, None, None)
        return result

    async def write_in_bulk(self, bulk: Callable[[Connection, Sequence[T]], Sequence[R | Exception]], item: T) -> R:
        """Run one item of a bulk and return its result once it is committed; an exception in its place is raised here."""
        result: R = await self._enqueue(None, bulk, item)
        return result

    def _enqueue(self, unit: Any, bulk: Any, item: Any) -> "asyncio.Future[Any]":
        if self._closed:
            raise RuntimeError("the store is closed")
        loop = asyncio.get_running_loop()
        job = _Job(loop, loop.create_future(), unit, bulk, item)
        if not self._asked:
            loop.call_soon(self._hand_over)
        self._asked.append(job)
        return job.waiter

    def _hand_over(self) -> None:
        """Give the thread all that was asked for in one turn of the loop: one group, instead of one job and then the others."""
        asked, self._asked = self._asked, []
        self._jobs.put(asked)

    def _run(self) -> None:
        answered = 0
        with self._engine.connect().execution_options(writing=True) as conn:
            while True:
                waited_for = answered + self._jobs.qsize()
                jobs, last = self._gather(waited_for)
                if jobs:
                    self._commit(conn, jobs)
                if last:
                    return
                answered = len(jobs)

    def _gather(self, crowd: int) -> tuple[list[_Job], bool]:
        """What is committed together, and whether the end was among it.

        All that is waiting; and, because whoever was just answered tends to be back at once, a group that is smaller than `crowd`
        lingers a moment for the others. One big commit costs far less than two small ones, and a lone client never waits: one was
        answered, one is here.
        """
        jobs: list[_Job] = []
        timeout: float | None = None
        while len(jobs) < _GROUP_MAX:
            try:
                more = self._jobs.get(timeout=timeout)
            except queue.Empty:
                break
            if more is None:
                return jobs, True
            jobs += more
            timeout = _LINGER_SECONDS if len(jobs) < crowd else 0.0
        return jobs, False

    def _commit(self, conn: Connection, jobs: list[_Job]) -> None:
        try:
            with conn.begin():
                for bulk, group in groupby(jobs, key=lambda job: job.bulk):
                    self._execute(conn, bulk, list(group))
        except Exception as error:  # noqa: BLE001 - whatever stops the commit must reach every waiter
            self._log.error("commit failed", error=repr(error), jobs=len(jobs))
            for job in jobs:
                job.error = job.error or error
        _wake(jobs)

    def _execute(self, conn: Connection, bulk: Any, jobs: list[_Job]) -> None:
        if bulk is None:
            for job in jobs:
                self._attempt(conn, [job], lambda job=job: [job.unit(conn)])  # type: ignore[misc]
        elif not self._attempt(conn, jobs, lambda: bulk(conn, [job.item for job in jobs])) and len(jobs) > 1:
            for job in jobs:
                job.error = None
                self._attempt(conn, [job], lambda job=job: bulk(conn, [job.item]))  # type: ignore[misc]

    def _attempt(self, conn: Connection, jobs: list[_Job], work: Callable[[], Sequence[Any]]) -> bool:
        """Run `work` under a savepoint and hand out its results; False when it failed and was rolled back."""
        conn.exec_driver_sql("SAVEPOINT unit")
        try:
            results = work()
        except Exception as error:  # noqa: BLE001 - one unit's failure is its waiter's alone
            conn.exec_driver_sql("ROLLBACK TO SAVEPOINT unit")
            conn.exec_driver_sql("RELEASE SAVEPOINT unit")
            for job in jobs:
                job.error = error
            return False
        conn.exec_driver_sql("RELEASE SAVEPOINT unit")
        for job, result in zip(jobs, results, strict=True):
            if isinstance(result, Exception):
                job.error = result
            else:
                job.result = result
        return True


def _wake(jobs: list[_Job]) -> None:
    """Resolve the waiters of each loop in one call; a loop that is gone has nobody left to tell."""
    for loop, group in groupby(jobs, key=lambda job: job.loop):
        try:
            loop.call_soon_threadsafe(_resolve, list(group))
        except RuntimeError:
            continue


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.waiter.done():
            continue
        if job.error is not None:
            job.waiter.set_exception(job.error)
        else:
            job.waiter.set_result(job.result)
