"""A file of people and mailboxes read into a world: all of it, or nothing where a row is wrong, unless it is to be read in part.

It is gone through twice. The first time each row is judged as if those before it were stored, and nothing is; the second time the rows are
stored, in transactions of a bounded number. What others do between the two may still refuse a row: then it ends there, and says so. Rows of
a small file wait in memory for the second time; a large one is read again.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from mss_sim.core.control import many
from mss_sim.core.control.batches import Storing, in_batches
from mss_sim.core.control.bulk_work import Progress
from mss_sim.core.control.many import NewRow, RowRefused
from mss_sim.core.control.names_seen import NamesSeen
from mss_sim.core.world.world import World
from mss_sim.errors import Refusal, RowsRefused, Rule
from mss_sim.vocabulary.bulk import Stage
from mss_sim.words.sentence import say

_KEPT_BYTES, _KEPT_ROWS = 16_000_000, 50_000
"""A file that is so small is kept as its rows: they take about 70 MB at most."""

ReadRows = Callable[[], Iterator[NewRow | RowRefused]]
"""The rows from the first one on, each as it was read, or with what is wrong with it; may be called twice."""


@dataclass(slots=True)
class Imported:
    """What came of it; of the rows that were refused, the first ones."""

    rows: int = 0
    stored: int = 0
    identities: int = 0
    mailboxes: int = 0
    refused: int = 0
    errors: list[RowRefused] = field(default_factory=list)


class Import:
    """One file that is read into a world; `place` tells how many of its `size` bytes were read so far."""

    def __init__(self, world: World, read: ReadRows, progress: Progress, size: int, place: Callable[[], int]) -> None:
        self._world = world
        self._read = read
        self._progress = progress
        self._size = size
        self._place = place
        self._done = Imported()
        self._kept: list[NewRow | RowRefused] | None = None

    async def run(self, *, partly: bool) -> Imported:
        """Read it in; RowsRefused where a row is wrong, and it is not to be read `partly`."""
        if not partly:
            await self._check()
            if self._done.refused:
                raise RowsRefused(self._wrong(), self._told(), self._done.refused)
            self._done = Imported()
        await self._store(partly=partly)
        return self._done

    def _wrong(self) -> Refusal:
        count = self._done.refused
        detail = say("Nothing was imported: rows that cannot be read or stored: {count}. Correct them, or ask for partial.", count=count)
        return Refusal(Rule.INVALID, detail, reference="quirks#import-files")

    def _told(self) -> list[tuple[int, Refusal]]:
        return [(one.line, one.refusal) for one in self._done.errors]

    async def _check(self) -> None:
        self._progress.begin(Stage.CHECKING, self._size)
        seen, self._kept = NamesSeen(), [] if self._size <= _KEPT_BYTES else None
        async for batch in self._batches(self._read()):
            self._keep(batch)
            rows, wrong = _sorted_out(batch)
            judged = await self._world.store.read(partial(many.check, self._world), rows=rows, seen=seen)
            self._note(sorted((*wrong, *judged), key=_line))

    async def _store(self, *, partly: bool) -> None:
        self._progress.begin(Stage.PEOPLE, self._size if self._kept is None else len(self._kept))
        storing, done = Storing(self._world, partial=partly), self._done
        async for batch in self._batches(self._read() if self._kept is None else iter(self._kept)):
            rows, wrong = _sorted_out(batch)
            try:
                async with self._progress.piece():
                    added = await storing.store(rows)
            except RowRefused as refused:
                raise RowsRefused(self._stopped(refused.line), [(refused.line, refused.refusal)], 1) from refused
            done.stored += len(rows) - len(added.refused)
            done.identities += added.identities
            done.mailboxes += added.mailboxes
            self._note(sorted((*wrong, *added.refused), key=_line))

    def _stopped(self, line: int) -> Refusal:
        detail = say(
            "The world changed while line {line} was waited for, so that it cannot be stored now; {rows} rows before it are stored.",
            line=line,
            rows=self._done.stored,
        )
        return Refusal(Rule.CONFLICT, detail, reference="quirks#import-files")

    async def _batches(self, read: Iterator[NewRow | RowRefused]) -> AsyncIterator[list[NewRow | RowRefused]]:
        settings = self._world.settings.bulk
        async for batch in in_batches(read, settings.rows_at_once):
            self._progress.check()
            self._done.rows += len(batch)
            if self._done.rows > settings.rows_max:
                detail = say("An import has at most {most} rows; send the others in another file.", most=settings.rows_max)
                raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#import-files")
            yield batch
            waited = self._progress.stage is Stage.PEOPLE and self._kept is not None
            self._progress.done = self._done.rows if waited else self._place()

    def _keep(self, batch: list[NewRow | RowRefused]) -> None:
        """Keep rows for the second time, as long as there are few."""
        if self._kept is not None:
            self._kept += batch
            if len(self._kept) > _KEPT_ROWS:
                self._kept = None

    def _note(self, refused: Sequence[RowRefused]) -> None:
        self._done.refused += len(refused)
        room = self._world.settings.bulk.errors_max - len(self._done.errors)
        self._done.errors += refused[: max(room, 0)]


def _sorted_out(batch: Sequence[NewRow | RowRefused]) -> tuple[list[NewRow], list[RowRefused]]:
    """The rows of a batch that could be read, and those that could not."""
    return [one for one in batch if isinstance(one, NewRow)], [one for one in batch if isinstance(one, RowRefused)]


def _line(refused: RowRefused) -> int:
    return refused.line
