"""Work that takes its time: a world that is made by numbers, a file that is read in. One at a time, and clients can ask how far it is.

It goes on in pieces, each a transaction of its own, so that mail is taken meanwhile. A world is reset, or goes back to a snapshot, between
two pieces: what is under way ends before the next one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from mss_sim.errors import Refusal, Rule
from mss_sim.vocabulary.bulk import Stage, Undertaking
from mss_sim.words.sentence import say


@dataclass(slots=True)
class Progress:
    """How far it is: `done` of `total`, bytes while a file is read in, else rows, mailboxes or letters."""

    what: Undertaking
    stage: Stage
    done: int = 0
    total: int = 0
    stopped: bool = False
    ended: bool = False
    resetting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin(self, stage: Stage, total: int) -> None:
        """Begin another stage."""
        self.stage, self.done, self.total = stage, 0, total

    def check(self) -> None:
        """Refuse to go on in a world that was reset, or ends."""
        if self.ended:
            raise _ends()
        if self.stopped:
            raise Refusal(Rule.CONFLICT, say("The world was reset meanwhile; begin anew."), reference="quirks#bulk")

    @asynccontextmanager
    async def piece(self) -> AsyncIterator[None]:
        """While a piece is stored the world is not reset; Refusal(CONFLICT) in one that was."""
        async with self.resetting:
            self.check()
            yield


class BulkWork:
    """What is under way in one world; `resetting` is held while it is reset."""

    def __init__(self, resetting: asyncio.Lock) -> None:
        self._resetting = resetting
        self._closed = False
        self.progress: Progress | None = None

    async def close(self) -> None:
        """End what is under way, before its next piece, and refuse what comes: the world ends."""
        self._closed = True
        if self.progress is not None:
            self.progress.ended = True

    def check(self) -> None:
        """Refuse to begin while something is under way, and in a world that ends."""
        if self._closed:
            raise _ends()
        if self.progress is not None:
            detail = say(
                "Another one is under way ({what}): wait for its end, GET /control/bulk tells how far it is.", what=self.progress.what
            )
            raise Refusal(Rule.CONFLICT, detail, reference="quirks#bulk")

    @contextmanager
    def turn(self, what: Undertaking, stage: Stage, total: int = 0) -> Iterator[Progress]:
        """Have the turn for as long as it takes; Refusal(CONFLICT) when somebody else has it."""
        self.check()
        self.progress = progress = Progress(what, stage, total=total, resetting=self._resetting)
        try:
            yield progress
        finally:
            self.progress = None

    def forget(self) -> None:
        """The world is reset: what is under way ends."""
        if self.progress is not None:
            self.progress.stopped = True


def _ends() -> Refusal:
    return Refusal(Rule.STORE_UNAVAILABLE, say("The simulator stops."))
