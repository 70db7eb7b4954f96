"""The one writer: many requests, one transaction, one sync to disk.

Committing each message by itself costs a sync per message. Here, units of work wait while a commit is under way; the next group is all
that arrived meanwhile. Each runs under its own savepoint (a failed one is rolled back alone), one commit keeps them all, then the
waiters wake. Under load the groups grow by themselves; a single unit is committed at once. No answer is sent before the commit.

    asked ──▶ [ statements: on the event loop when they are short, else in the thread ] ──▶ [ commit: in the thread ] ──▶ answered

Short statements run on the loop because passing the interpreter lock back and forth for each costs more than they do; the commit
waits for the disk and releases the lock, so that the loop reads the next letters meanwhile.

A *unit* is a plain function `unit(conn) -> result` of Core statements, of any length; a *brief* one has a few short ones. A *bulk* is a
function `bulk(conn, items) -> results` of short statements that are cheaper when run together; the items of one group that name the same
bulk are given to it in one call. When that call fails, its items are tried one by one, so that no item fails because of its neighbour.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from mss_sim import log
from mss_sim.errors import Refusal, Rule
from mss_sim.store import feed
from mss_sim.store.compiled import run_directly
from mss_sim.store.engine import HAPPENED, Noted, checkpoint, is_postgresql, to_follow, to_publish, touched, wait_for_lock
from mss_sim.store.notify import Neighbours
from mss_sim.words.sentence import say

T = TypeVar("T")
R = TypeVar("R")
Unit = Callable[[Connection], R]
Bulk = Callable[[Connection, Sequence[T]], Sequence[R | Exception]]

_GROUP_MAX = 256
_LINGER_SECONDS = 0.002
_GROUP_BYTES_MAX = 512 * 1024
_HERE_MAX = 32
_CHECKPOINT_BYTES = 32 * 1024 * 1024  # the same pages are written repeatedly: one checkpoint copies them once
_ROWS_BYTES = 8 * 1024  # approximate size of the rows and index pages of one job
_HERE_BYTES_MAX = 4 * 1024 * 1024


@dataclass(slots=True, eq=False)
class _Job:
    """A unit (`bulk` is None) or one item of a bulk, with its waiter and, once run, its outcome.

    `brief`: its statements are few and short, as those of every bulk are; `size`: approximate bytes written.
    """

    waiter: "asyncio.Future[Any]"
    unit: Callable[[Connection], Any] | None
    bulk: Callable[[Connection, Sequence[Any]], Sequence[Any]] | None = None
    item: Any = None
    size: int = 0
    brief: bool = True
    result: Any = None
    error: BaseException | None = None


def ended() -> Refusal:
    """What is told to who is still at work when the store was closed: nothing is wrong, the world has ended."""
    return Refusal(Rule.STORE_UNAVAILABLE, say("The simulator stops."))


class Writer:
    """Owns the writing connection of one store; used from one event loop."""

    def __init__(self, engine: Engine, tell: Callable[[set[int]], None], neighbours: Neighbours) -> None:
        self._engine = engine
        self._neighbours = neighbours
        self._tell = tell
        self._conn: Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mss-sim-writer")
        self._checkpoints = ThreadPoolExecutor(1, thread_name_prefix="mss-sim-checkpoint")
        self._logged_bytes = 0
        self._checkpointing: Future[None] | None = None
        self._asked: list[_Job] = []
        self._turn_ahead = False
        self._timer: asyncio.TimerHandle | None = None
        self._crowd = 1
        self.commits = 0
        self._changed: set[int] = set()
        self._noted = Noted()
        self._happened = Noted([])
        self._log_noted: Callable[[list[Any]], None] | None = None
        self._commit_listeners: list[Callable[[set[int]], None]] = []
        self._follow: Callable[[Connection, set[int]], None] | None = None
        self._publish: Callable[[Connection, set[int]], None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._log = log.get("store.writer")
        self._closed = False

    def start(self) -> None:
        """Open the connection; call it once."""
        self._conn = self._engine.connect().execution_options(writing=True, noted=self._noted, happened=self._happened)
        wait_for_lock(self._conn, whether=False)

    def tell_noted(self, listener: Callable[[list[Any]], None]) -> None:
        """From now on, call `listener` after each commit that did something that is noted."""
        self._noted.rows = []
        self._log_noted = listener

    def watch_commits(self, listener: Callable[[set[int]], None]) -> None:
        """From now on, call `listener` after each commit with the folders that changed, none or some."""
        self._commit_listeners.append(listener)

    def follow_with(self, follow: Callable[[Connection, set[int]], None]) -> None:
        """From now on, call `follow` at the end of each unit of work that changed folders which carers see."""
        self._follow = follow

    def publish_with(self, publish: Callable[[Connection, set[int]], None]) -> None:
        """From now on, call `publish` at the end of each unit of work that changed what the directory may show of identities."""
        self._publish = publish

    async def close(self) -> None:
        """Finish what is queued, then stop; later calls of `write` are refused."""
        if self._closed:
            return
        self._closed = True
        while self._asked or not self._idle.is_set():
            await self._idle.wait()
            await asyncio.sleep(0)
        self._thread.shutdown()
        self._checkpoints.shutdown()
        if self._conn is not None:
            self._conn.close()

    async def write(self, unit: Callable[[Connection], R], *, brief: bool = False, size: int = 0) -> R:
        """The result of a unit, about `size` bytes, once it is committed; its exceptions are raised here, and nothing of it is kept."""
        result: R = await self._ask(unit, None, None, size, brief=brief)
        return result

    async def write_in_bulk(self, bulk: Callable[[Connection, Sequence[T]], Sequence[R | Exception]], item: T, size: int = 0) -> R:
        """Run one item of a bulk, about `size` bytes, and return its result once committed; an exception in its place is raised here."""
        result: R = await self._ask(None, bulk, item, size)
        return result

    def _ask(self, unit: Any, bulk: Any, item: Any, size: int, *, brief: bool = True) -> "asyncio.Future[Any]":
        if self._closed or self._conn is None:
            raise ended()
        loop = asyncio.get_running_loop()
        job = _Job(loop.create_future(), unit, bulk, item, size, brief)
        self._asked.append(job)
        self._plan(loop)
        return job.waiter

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start a group at the end of this turn of the loop, so that all requests made in it are one group.

        Callers just answered tend to come back at once: a group smaller than the number of those answered plus
        those waiting lingers briefly for the others. A lone client never waits: one was answered, one is here.
        """
        if not self._asked or not self._idle.is_set():
            return
        if self._timer is None:
            self._timer = loop.call_later(_LINGER_SECONDS, self._turn, loop)
        full = len(self._asked) >= self._crowd or sum(job.size for job in self._asked) >= _GROUP_BYTES_MAX // 2
        if full and not self._turn_ahead:
            self._turn_ahead = True
            loop.call_soon(self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turn_ahead = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._idle.is_set() or not self._asked:
            return
        jobs = self._take()
        self._idle.clear()
        work = self._finish if self._begun_here(jobs) else self._commit

        def in_thread() -> None:
            try:
                work(jobs)
            finally:
                loop.call_soon_threadsafe(self._answer, loop, jobs)

        self._thread.submit(in_thread)

    def _take(self) -> list[_Job]:
        """The next group. Large letters make small groups, so that one is written while the next is read."""
        size = 0
        for count, job in enumerate(self._asked):
            size += job.size
            if count and (size > _GROUP_BYTES_MAX or count == _GROUP_MAX):
                break
        else:
            count = len(self._asked)
        jobs, self._asked = self._asked[:count], self._asked[count:]
        return jobs

    def _answer(self, loop: asyncio.AbstractEventLoop, jobs: list[_Job]) -> None:
        self._crowd = len(jobs) + len(self._asked)
        self.commits += 1
        self._logged_bytes += sum(job.size + _ROWS_BYTES for job in jobs)
        self._checkpoint()
        changed, self._changed = self._changed, set()
        noted = self._noted.take()
        _resolve(jobs)
        if noted and self._log_noted:
            self._log_noted(noted)
        if changed:
            self._tell(changed)
        for listener in self._commit_listeners:
            listener(changed)
        self._idle.set()
        self._plan(loop)

    def _checkpoint(self) -> None:
        """Copy the log into the database in parallel with commits; done inside one, it would make every waiter wait."""
        under_way = self._checkpointing is not None and not self._checkpointing.done()
        if self._logged_bytes > _CHECKPOINT_BYTES and not under_way and not self._closed and not is_postgresql(self._connection):
            self._logged_bytes = 0
            self._checkpointing = self._checkpoints.submit(checkpoint, self._engine)

    def _begun_here(self, jobs: list[_Job]) -> bool:
        """Run the statements of a group on the loop; False when they belong in the thread, or another process holds the lock."""
        conn = self._connection
        short = len(jobs) <= _HERE_MAX and all(job.brief for job in jobs) and sum(job.size for job in jobs) <= _HERE_BYTES_MAX
        if not short or is_postgresql(conn):
            return False
        try:
            conn.begin()
        except OperationalError:
            return False
        self._guarded(jobs, lambda: self._run_whole(conn, jobs))
        return True

    def _finish(self, jobs: list[_Job]) -> None:
        """Commit what the loop began."""
        self._guarded(jobs, lambda: self._end("commit"))

    def _end(self, how: Literal["commit", "rollback"]) -> None:
        """End the transaction. What it touched is announced when it is kept; a broken connection loses it."""
        changed = set() if self._connection.invalidated else touched(self._connection)
        transaction = self._connection.get_transaction()
        if transaction is not None:
            getattr(transaction, how)()
        if how == "commit":
            self._changed |= changed - {HAPPENED}  # which is for other processes: here every commit is heard
        else:
            self._forget((0, 0))

    def _marks(self) -> tuple[int, int]:
        return self._noted.mark(), self._happened.mark()

    def _forget(self, marks: tuple[int, int]) -> None:
        """Forget what was done since: it was rolled back."""
        self._noted.forget(marks[0])
        self._happened.forget(marks[1])

    def _commit(self, jobs: list[_Job]) -> None:
        def whole() -> None:
            wait_for_lock(self._connection, whether=True)
            self._connection.begin()
            self._run_whole(self._connection, jobs)
            self._neighbours.tell(self._connection)
            self._end("commit")

        self._guarded(jobs, whole)
        wait_for_lock(self._connection, whether=False)

    @property
    def _connection(self) -> Connection:
        if self._conn is None:
            raise RuntimeError("the writer was not started")
        return self._conn

    def _guarded(self, jobs: list[_Job], work: Callable[[], None]) -> None:
        """A failure of the group reaches every waiter, and leaves the connection ready for the next one."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever stops the commit must reach every waiter
            self._log.error("commit failed", error=repr(error), jobs=len(jobs))
            for job in jobs:
                job.error = job.error or error
            self._end("rollback")

    def _run_whole(self, conn: Connection, jobs: list[_Job]) -> None:
        """Run a group, and append what happened in it to the feed, last, so that its order is that of the commits."""
        self._run(conn, jobs)
        feed.append(conn, self._happened.take())

    def _run(self, conn: Connection, jobs: list[_Job]) -> None:
        """Run a group. A single bulk needs no savepoint: when it fails, everything is rolled back and its items are tried one by one."""
        first = jobs[0].bulk
        if first is not None and all(job.bulk == first for job in jobs):
            try:
                results = first(conn, [job.item for job in jobs])
                self._have_followed(conn)
                _hand_out(jobs, results)
            except Exception:  # noqa: BLE001 - the faulty unit or item is found below
                _forget_followers(conn)
                self._end("rollback")
                conn.begin()
            else:
                return
        groups: dict[Any, list[_Job]] = {}  # whose requests wait at once need no order among them
        for job in jobs:
            groups.setdefault(job.bulk, []).append(job)
        for bulk, group in groups.items():
            self._execute(conn, bulk, group)

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
        run_directly(conn, "SAVEPOINT unit")
        marks = self._marks()
        try:
            results = work()
            self._have_followed(conn)
        except Exception as error:  # noqa: BLE001 - one unit's failure reaches only its waiter
            _forget_followers(conn)
            for job in jobs:
                job.error = error
            run_directly(conn, "ROLLBACK TO SAVEPOINT unit")
            run_directly(conn, "RELEASE SAVEPOINT unit")
            self._forget(marks)
            return False
        run_directly(conn, "RELEASE SAVEPOINT unit")
        _hand_out(jobs, results)
        return True

    def _have_followed(self, conn: Connection) -> None:
        changed = to_follow(conn)
        if changed and self._follow:
            self._follow(conn, changed)
        published = to_publish(conn)
        if published and self._publish:
            self._publish(conn, published)


def _forget_followers(conn: Connection) -> None:
    """What was to follow a unit of work that was rolled back does not."""
    to_follow(conn)
    to_publish(conn)


def _hand_out(jobs: list[_Job], results: Sequence[Any]) -> None:
    for job, result in zip(jobs, results, strict=True):
        if isinstance(result, Exception):
            job.error = result
        else:
            job.result = result


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.waiter.done():
            continue
        if job.error is not None:
            job.waiter.set_exception(job.error)
        else:
            job.waiter.set_result(job.result)
