"""The store: one writer, a few readers.

`write` and `write_in_bulk` go through the writer (group commit); `read` runs a function on a read connection in a thread. `read_briefly`
and `write_briefly` are for a few rows: on SQLite they run on the loop, where they take less than the way to a thread and back. Only the
core opens the store. `directory_version` grows with every committed change of mailboxes, domains or identities, `rights_version` with
every one of people or their rights too, so that holders of a copy know when it is stale.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from mss_sim import log
from mss_sim.errors import Attempt, Refusal, Rule
from mss_sim.store import engine as engines
from mss_sim.store import feed, folders, schema, snapshots
from mss_sim.store.alone import start_lock
from mss_sim.store.engine import RIGHTS_CHANGED, Visit, announce, note_version, take_visits
from mss_sim.store.folder_index import FolderIndexes
from mss_sim.store.notify import Neighbours
from mss_sim.store.writer import Writer, ended
from mss_sim.words.sentence import say

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

_READERS = 4
_UNCHANGED_MAX = 200


class Store:
    """The database of one world."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self._engine = engines.create(url, durable=durable)
        self._neighbours = Neighbours(self._engine, secrets.token_hex(8))
        self._writer = Writer(self._engine, self._tell, self._neighbours)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="mss-sim-reader")
        self._brief: Connection | None = None
        self._closed = False
        self._log = log.get("store")
        self._listeners: list[Callable[[set[int]], None]] = []
        self._commit_listeners: list[Callable[[set[int]], None]] = []
        self._attempts: Callable[[Connection, Attempt], None] | None = None
        self._visits: Callable[[list[Visit]], Callable[[Connection], None] | None] | None = None
        self.directory_version = 0
        self.rights_version = 0
        self.uid_validity_floor = 0
        """What no folder of this world may have: UIDVALIDITYs up to it were those of folders that a reset took away."""
        self.indexes = FolderIndexes()
        self._unchanged: dict[tuple[Any, ...], Any] = {}
        self._unchanged_since = -1

    @property
    def exclusive(self) -> bool:
        """Whether no other process can have this database open."""
        return self._engine.dialect.name != "postgresql"

    def watch(self, listener: Callable[[set[int]], None]) -> Callable[[], None]:
        """Call `listener` after each commit with the folders that changed (RIGHTS_CHANGED: some rights did); returns the stop function."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def watch_commits(self, listener: Callable[[set[int]], None]) -> None:
        """Call `listener` after every commit, of other processes too where they announce something, with the folders that changed."""
        self._writer.watch_commits(listener)
        self._commit_listeners.append(listener)

    def keep_attempts(self, unit: Callable[[Connection, Attempt], None]) -> None:
        """Have a unit of work write down what was tried in vain, after the one that refused it; the refusal waits for the commit."""
        self._attempts = unit

    def keep_visits(self, unit: Callable[[list[Visit]], Callable[[Connection], None] | None]) -> None:
        """Have the unit of work that `unit` gives for visits of carers, if any, write them down; what was read waits for the commit."""
        self._visits = unit

    def follow_with(self, follow: Callable[[Connection, set[int]], None]) -> None:
        """Have what carers see follow the folders that a unit of work changed, at its end."""
        self._writer.follow_with(follow)

    def publish_with(self, publish: Callable[[Connection, set[int]], None]) -> None:
        """Have the national directory follow the identities that a unit of work changed, at its end."""
        self._writer.publish_with(publish)

    def tell_noted(self, listener: Callable[[list[Any]], None]) -> None:
        """Call `listener` after each commit with what was noted (`engine.note`): lines of the journal, letters that wait."""
        self._writer.tell_noted(listener)

    def _tell(self, changed: set[int]) -> None:
        if RIGHTS_CHANGED in changed:
            self.rights_version += 1
        for listener in list(self._listeners):
            listener(changed)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """While no other process does the same with this database: create the initial content of a new world."""
        with ExitStack() as stack:

            def take() -> None:
                stack.enter_context(start_lock(stack.enter_context(self._engine.connect())))

            if not self.exclusive:
                await asyncio.to_thread(take)
            yield

    def open(self) -> None:
        """Bring the schema up to date and start the writer. OSError and ValueError as `schema.upgrade`."""
        schema.upgrade(self._engine)
        with schema.failures_explained(self._engine):
            self._writer.start()

    def listen(self) -> None:
        """Listen from here on to changes by other processes, on the running loop."""
        loop = asyncio.get_running_loop()

        def hear(changed: set[int]) -> None:
            loop.call_soon_threadsafe(self._hear, changed)

        self._neighbours.listen(hear)

    def _hear(self, changed: set[int]) -> None:
        if RIGHTS_CHANGED in changed:
            self.directory_version += 1
        self._tell(changed)
        for listener in self._commit_listeners:
            listener(changed)

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
        await self._writer.close()
        self._closed = True
        await asyncio.to_thread(self._neighbours.close)
        self._readers.shutdown(wait=True)
        if self._brief is not None:
            self._brief.close()
        self._engine.dispose()

    async def read(self, query: Callable[Concatenate[Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `query(conn, ...)` on one consistent view of committed data."""

        def run() -> tuple[R, list[Visit]]:
            with self._engine.connect() as conn:
                note_version(conn, self.directory_version)
                try:
                    with conn.begin():
                        return query(conn, *args, **kwargs), take_visits(conn)
                finally:
                    take_visits(conn)  # of a read that failed: nothing was seen

        self._check_open()
        result, visits = await self._guard(asyncio.get_running_loop().run_in_executor(self._readers, run))
        if visits:
            await self._keep(visits)
        return result

    def _check_open(self) -> None:
        """Refuse who is still at work when the world ends: nothing is wrong, and there is nothing to ask any more."""
        if self._closed:
            raise ended()

    async def _keep(self, visits: list[Visit]) -> None:
        unit = self._visits(visits) if self._visits else None
        if unit:
            await self.write(unit)

    async def read_briefly(self, query: Callable[Concatenate[Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """The same for a query that finds at most some hundred rows by an index: nothing else runs on the loop meanwhile."""
        if not self.exclusive:
            return await self.read(query, *args, **kwargs)
        self._check_open()
        try:
            result = self._read_here(query, *args, **kwargs)
        except (Refusal, DBAPIError) as error:
            if self._brief is not None:
                take_visits(self._brief)  # of a read that failed: nothing was seen
            return await self._guard(_failed(error))
        visits = take_visits(self._brief) if self._brief is not None else []
        if visits:
            await self._keep(visits)
        return result

    def _read_here(self, query: Callable[Concatenate[Connection, P], R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._brief is None:
            self._brief = engines.connect_briefly(self._engine)
        note_version(self._brief, self.directory_version)
        return engines.read_once(self._brief, lambda conn: query(conn, *args, **kwargs))

    async def read_unchanged(self, query: Callable[..., R], /, *args: Any) -> R:
        """The same for a query that depends on the store alone, and whose result is not mutated: asked again only after a commit."""
        known: R | None = self._unchanged.get((query, *args)) if self._unchanged_since == self._writer.commits else None
        return known if known is not None else await self.read_briefly(lambda conn: self.unchanged(conn, query, *args))

    def unchanged(self, conn: Connection, query: Callable[..., R], *args: Any) -> R:
        """The same within a brief read."""
        if conn is not self._brief:
            return query(conn, *args)
        if self._unchanged_since != self._writer.commits or len(self._unchanged) >= _UNCHANGED_MAX:
            self._unchanged, self._unchanged_since = {}, self._writer.commits
        asked = (query, *args)
        known: R | None = self._unchanged.get(asked)
        if known is None:
            known = self._unchanged[asked] = query(conn, *args)
        return known

    async def write(self, unit: Callable[[Connection], R], *, changes_directory: bool = False, size: int = 0) -> R:
        """The result of a unit of work that writes about `size` bytes, 0 for a little, once committed."""
        if not changes_directory:
            return await self._guard(self._writer.write(unit, size=size))

        def announced(conn: Connection) -> R:
            announce(conn, RIGHTS_CHANGED)
            return unit(conn)

        result = await self._guard(self._writer.write(announced, size=size))
        self.directory_version += 1
        return result

    async def write_briefly(self, unit: Callable[[Connection], R], *, size: int = 0) -> R:
        """The same for a unit of a few short statements: on SQLite they run on the loop, where it takes less than in a thread.

        Unless what they write, about `size` bytes, is too much for that.
        """
        return await self._guard(self._writer.write(unit, brief=True, size=size))

    async def write_in_bulk(self, bulk: Callable[[Connection, Sequence[T]], Sequence[R | Exception]], item: T, size: int = 0) -> R:
        """The result of one item of a bulk that writes about `size` bytes, once committed."""
        return await self._guard(self._writer.write_in_bulk(bulk, item, size))

    async def reset(self) -> None:
        """Empty every table; for the control plane."""
        self.uid_validity_floor = max(self.uid_validity_floor, await self.read(folders.highest_uid_validity))

        def anew(conn: Connection) -> None:
            before = feed.last(conn)
            schema.empty(conn)
            feed.begin_anew(conn, before)

        await self.write(anew, changes_directory=True)
        self.indexes.forget()

    async def save_to(self, file: Path) -> None:
        """Copy the whole database to a file, as of now. OSError when the disk is full, TypeError unless it is SQLite's."""
        await asyncio.to_thread(snapshots.save, self._engine, file)

    async def load_from(self, file: Path, at_least: int) -> None:
        """Put the content of such a file in the place of all that is here, in one step.

        Every folder gets a UIDVALIDITY that none had, here or there, and not under `at_least`: UIDs mean something else.
        """
        before = max(at_least, await self.read(folders.highest_uid_validity), self.uid_validity_floor)
        position = await self.read(feed.last)
        await asyncio.to_thread(snapshots.renew_and_load, self._engine, file, before)
        await self.write(lambda conn: feed.begin_anew(conn, position), changes_directory=True)
        self.indexes.forget()

    async def _guard(self, work: Awaitable[R]) -> R:
        """Turn a database that does not answer into the refusal that every door knows how to show; keep what was tried in vain."""
        try:
            return await work
        except Refusal as refusal:
            attempt, keep = refusal.attempt, self._attempts
            if attempt and keep:
                refusal.attempt = None  # once, however many hands it goes through
                await self.write(lambda conn: keep(conn, attempt))
            raise
        except DBAPIError as error:
            if error.connection_invalidated or _is_passing(error):
                self._log.error("database unavailable", error=str(error.orig))
                raise Refusal(Rule.STORE_UNAVAILABLE, say("The store does not answer; nothing was kept, try again later.")) from error
            if "NUL" in str(error.orig):
                raise Refusal(Rule.INVALID, say("A text holds a NUL character; leave it out.")) from error
            raise


async def _failed(error: Exception) -> NoReturn:
    raise error


def _is_passing(error: DBAPIError) -> bool:
    text = str(error.orig).lower()
    return any(word in text for word in ("locked", "disk", "full", "connection", "timeout", "i/o", "unable to open"))
