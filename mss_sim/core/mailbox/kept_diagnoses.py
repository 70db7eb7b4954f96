"""Diagnoses kept with letters, in mailboxes that say so (`keeps_diagnoses`): made once, the same for everybody who reads them.

A letter with an attached file that comes into such a mailbox is diagnosed after it was accepted, one letter after another; clients do not
wait. What was not come to, since the process ended or there was too much of it, is diagnosed when somebody asks, and kept then; so are
letters that lay there before, or were filed there. What is kept goes with the letter. A mailbox that keeps nothing is told nothing of what
another keeps about the same letter.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from mss_sim import log
from mss_sim.clock import Micros
from mss_sim.core.access import journal
from mss_sim.core.access.journal import Entry
from mss_sim.core.access.rights_in_force import Requester
from mss_sim.core.mailbox.diagnosis import Diagnoses
from mss_sim.core.mailbox.messages import OpenedMessage
from mss_sim.core.world.world import World
from mss_sim.store import diagnoses, messages
from mss_sim.store.diagnoses import KeptRecord
from mss_sim.store.engine import Connection
from mss_sim.vocabulary.doors import Door
from mss_sim.vocabulary.journal import Act

if TYPE_CHECKING:
    from mss_sim.documents.findings import Diagnosis

_WAITING_MAX = 10_000
"""Letters that wait to be diagnosed; of more than that, the oldest are when somebody asks."""
_SYSTEM = Requester(None, Door.SYSTEM)


class ToldDiagnosis(NamedTuple):
    """What is wrong with a letter, and since when that is kept; None: it was found just now."""

    diagnosis: "Diagnosis"
    kept_at: Micros | None


class KeptDiagnoses:
    """The diagnoses that one world keeps."""

    def __init__(self, world: World, made: Diagnoses, rested: Callable[[], None]) -> None:
        """`rested` is called when no letter that came in is still to be diagnosed."""
        self._world = world
        self.made = made
        """What makes them."""
        self._arriving: list[int] = []
        self._waiting: deque[int] = deque(maxlen=_WAITING_MAX)
        self._missed: set[int] = set()
        self._woken = asyncio.Event()
        self._log = log.get("core.diagnoses")
        self.busy = False
        """Whether letters that came in are still to be diagnosed."""
        self._rested = rested
        world.store.watch_commits(self._committed)

    def note(self, message_id: int) -> None:
        """A letter is to be diagnosed; called in the unit of work that stores it, after which nothing is waited for."""
        self._arriving.append(message_id)

    def _committed(self, _folders: set[int]) -> None:
        """What was stored by now is there, or was rolled back; only the commit of another process may come before it."""
        if self._arriving:
            self._waiting.extend(self._arriving)
            self._arriving = []
            self.busy = True
            self._woken.set()

    def forget(self) -> None:
        """The world begins anew."""
        self._waiting.clear()
        self._missed.clear()

    async def run(self) -> None:
        """Diagnose what comes in, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self.work()

    async def work(self) -> None:
        """Diagnose all that came in. What cannot be diagnosed now is when somebody asks."""
        while self._waiting:
            try:
                await self._diagnose(self._waiting.popleft())
            except Exception as error:  # noqa: BLE001 - one letter, or a failure of the store, must not end it for all that come later
                self._log.error("a letter could not be diagnosed", error=repr(error))
        self.busy = False
        self._rested()

    async def _diagnose(self, message_id: int) -> None:
        raw = await self._world.store.read(_unkept, message_id)
        if raw:
            await self._keep(message_id, await self.made.of_letter(raw))
        if raw == b"" and message_id not in self._missed:  # it is not there yet, or it went: once more after the next commit
            self._missed.add(message_id)
            self.note(message_id)
        else:
            self._missed.discard(message_id)

    async def of_opened(self, opened: OpenedMessage) -> ToldDiagnosis:
        """What is wrong with a message that somebody opened: what is kept, where their mailbox keeps it; else it is looked for now."""
        message = opened.item.message
        keeps = opened.mailbox.keeps_diagnoses and message.has_attachments
        kept = await self._kept(message.id) if keeps else None
        if kept is not None:
            return kept
        found = await self.made.of_letter(opened.raw)
        return (await self._keep(message.id, found) if keeps else None) or ToldDiagnosis(found, None)

    async def of_letter(self, message_id: int, raw: bytes) -> ToldDiagnosis:
        """The same for the control plane: what any mailbox keeps; nothing is kept by that."""
        return await self._kept(message_id) or ToldDiagnosis(await self.made.of_letter(raw), None)

    async def _kept(self, message_id: int) -> ToldDiagnosis | None:
        found = await self._world.store.read_briefly(diagnoses.of_message, message_id)
        return _told(found) if found else None

    async def _keep(self, message_id: int, found: "Diagnosis") -> ToldDiagnosis | None:
        """Keep it, unless somebody did meanwhile, which counts then; None where no mailbox keeps it any more."""
        kept = await self._world.store.write(partial(self._keep_in, message_id=message_id, found=found))
        return _told(kept) if kept else None

    def _keep_in(self, conn: Connection, message_id: int, found: "Diagnosis") -> KeptRecord | None:
        from mss_sim.documents.record import write_record  # noqa: PLC0415 - most worlds diagnose nothing

        keepers = diagnoses.lock_keepers(conn, message_id)  # of two processes, the second sees what the first one kept
        before = diagnoses.of_message(conn, message_id)
        if before or not keepers:
            return before
        kept = KeptRecord(self._world.clock.now(), write_record(found))
        if not diagnoses.add(conn, message_id, kept):
            return None
        detail = {"worst": found.worst, "findings": len(found.findings)}
        lines = [Entry(Act.DIAGNOSED, mailbox_id, detail, message_id) for mailbox_id in keepers]
        journal.write(self._world, conn, _SYSTEM, lines, at=kept.kept_at)
        return kept


def _unkept(conn: Connection, message_id: int) -> bytes | None:
    """The bytes of a letter with which nothing is kept, empty where it is not there; None where something is."""
    return None if diagnoses.of_message(conn, message_id) else messages.raw(conn, message_id)


def _told(kept: KeptRecord) -> ToldDiagnosis:
    from mss_sim.documents.record import read_record  # noqa: PLC0415 - most worlds diagnose nothing

    return ToldDiagnosis(read_record(kept.record), kept.kept_at)
