"""Several worlds in one process: the one that it began with, and those that are asked for while it runs.

    async with Worlds(settings, seed="cabinet") as worlds:
        worlds.first.ready()
        made = await worlds.create(NewWorld(snapshot=path))

Each is a `Simulator` of its own, with its own store, clock, faults, evidence, keys and ports: worlds have nothing in common but the
process, and the folder of snapshots. Those beside the first are kept in temporary folders, on free ports, and end when nobody has touched
them for their lifetime, when they are deleted, or with the process.
"""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError
from pydantic_settings import SettingsError

from mss_sim import log
from mss_sim.app import open_files
from mss_sim.app.simulator import Simulator
from mss_sim.clock import SECOND, Clock, SystemClock
from mss_sim.config.settings import FIELDS, OF_THE_PROCESS, PLACES, PORTS, Settings, in_force
from mss_sim.core.control import named_seeds as seeds
from mss_sim.core.control.snapshot_file import SUFFIX
from mss_sim.errors import Refusal, Rule
from mss_sim.http.hosting import HostedWorld, NewWorld
from mss_sim.ids import IdSource, encode
from mss_sim.words.sentence import joined, say

_NAME_CHARS_MAX = 100
_NUMBER_MAX = 10**12


@dataclass(slots=True, eq=False)
class _Kept:
    told: HostedWorld
    simulator: Simulator
    expiry: asyncio.TimerHandle | None = None


class Worlds:
    """The worlds of one process; implements `http.hosting.Hosting`."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        seed: str | Path | None = "cabinet",
        clock: Clock | None = None,
        ready_file: Path | None = None,
    ) -> None:
        self._settings = settings or Settings()
        self._machine = SystemClock()
        self._ids = IdSource(self._machine)
        self._numbers = itertools.count(1)
        self._kept: dict[str, _Kept] = {}
        self._making: set[str] = set()
        self._stopping = False
        self._made = asyncio.Event()
        self._ending: set[asyncio.Task[None]] = set()
        self._log = log.get("worlds")
        self.first = Simulator(self._settings, seed=seed, clock=clock, ready_file=ready_file, hosting=self)

    async def __aenter__(self) -> Self:
        open_files.raise_limit()
        await self.first.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End every world, the first one last."""
        self._stopping = True
        while self._making:  # what is being made is ended by who makes it
            self._made.clear()
            await self._made.wait()
        await asyncio.gather(*(self._end(self._kept.pop(id_)) for id_ in list(self._kept)), *self._ending)
        await self.first.stop()

    @property
    def making(self) -> int:
        """How many are being made."""
        return len(self._making)

    def _ends(self) -> bool:
        """Whether all of them are about to end."""
        return self._stopping

    async def create(self, new: NewWorld) -> HostedWorld:
        """A world that is ready. Refusal: INVALID for settings that cannot be, CONFLICT for a name that is taken, LIMIT_REACHED."""
        limits = self._settings.worlds
        seconds = limits.lifetime_seconds if new.lifetime_seconds is None else new.lifetime_seconds
        if not 0 < seconds <= limits.lifetime_seconds_max:
            detail = say("A world lives {most} seconds at most; touch it to keep it longer.", most=limits.lifetime_seconds_max)
            raise Refusal(Rule.INVALID, detail, subject="lifetime_seconds", reference="quirks#worlds")
        if self._ends():
            raise Refusal(Rule.STORE_UNAVAILABLE, say("The simulator stops."))
        seed = None if new.snapshot else new.seed if new.seed is not None else self.first.seed
        asked = await asyncio.to_thread(seeds.settings_of, self.first.world, seed) if seed else {}
        id_ = encode(self._ids.next())
        name = self._free_name(new.name)
        settings = self._settings_of({**asked, **new.settings})
        self._making.add(name)
        try:
            shelf = self.first.core.snapshots
            simulator = Simulator(
                settings,
                seed=seed,
                snapshot=new.snapshot,
                snapshots_dir=shelf.folder if shelf else None,
                seeds_dir=self.first.world.seeds_dir,
            )
            await self._begin(simulator, new)
            if self._ends():
                await simulator.stop()
                raise Refusal(Rule.STORE_UNAVAILABLE, say("The simulator stops."))
        finally:
            self._making.discard(name)
            self._made.set()
        now = self._machine.now()
        shown = new.snapshot.name.removesuffix(SUFFIX) if new.snapshot else None
        ends = now + int(seconds * SECOND)
        told = HostedWorld(id_, name, seed, shown, now, ends, seconds, simulator.ready())
        self._kept[id_] = kept = _Kept(told, simulator)
        self._wait_for_end(kept)
        return told

    async def _begin(self, simulator: Simulator, new: NewWorld) -> None:
        try:
            await simulator.start()
            if new.clock is not None:
                mode, at, rate = new.clock
                await simulator.core.agenda.set_pace(mode, at, rate)
        except BaseException as error:
            await simulator.stop()
            if isinstance(error, ValueError):
                subject = "settings" if new.snapshot is None else "snapshot"
                raise Refusal(Rule.INVALID, joined((str(error), ".")), subject=subject, reference="quirks#worlds") from error
            if isinstance(error, OSError):
                raise Refusal(Rule.STORE_UNAVAILABLE, say("The world cannot begin: {error}.", error=str(error))) from error
            raise

    def _free_name(self, wanted: str | None) -> str:
        if self._stopping:
            raise Refusal(Rule.STORE_UNAVAILABLE, say("The simulator stops."))
        if len(self._kept) + len(self._making) >= self._settings.worlds.max:
            most = self._settings.worlds.max
            detail = say("There are {most} worlds, the most that this process may have; delete some first.", most=most)
            raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#worlds")
        taken = self._making | self._kept.keys() | {one.told.name for one in self._kept.values()}
        if wanted is None:
            return next(name for number in self._numbers if (name := f"world-{number}") not in taken)
        if wanted in taken:
            raise Refusal(Rule.CONFLICT, say("There is a world {name} already.", name=wanted), subject=wanted[:_NAME_CHARS_MAX])
        return wanted

    def _settings_of(self, asked: Mapping[str, Any]) -> Settings:
        """Those of the first world, on free ports, with what is asked for."""
        for name, value in asked.items():
            if isinstance(value, int | float) and abs(value) > _NUMBER_MAX:
                raise Refusal(Rule.INVALID, say("{name} is out of all bounds.", name=str(name)[:60]), subject=str(name)[:60])
            if name not in FIELDS or name in OF_THE_PROCESS:
                detail = say("{name} is no setting of a world; mss-sim settings lists them all.", name=str(name)[:60])
                raise Refusal(Rule.INVALID, detail, subject=str(name)[:60], reference="quirks#worlds")
        given = {name: None if name in PLACES else value for name, value in in_force(self._settings)}
        given |= {name: 0 for name in PORTS if given[name] is not None} | {"traps_open": False, "worlds_max": 0}
        given |= {"data_dir": None, "database_url": None}
        try:
            return Settings(**{**given, **asked})
        except (ValidationError, SettingsError) as error:
            faults = error.errors() if isinstance(error, ValidationError) else []
            told = "; ".join(f"{'_'.join(map(str, one['loc']))}: {one['msg']}" for one in faults) or str(error)
            raise Refusal(Rule.INVALID, say("The settings cannot be: {told}.", told=told[:500]), subject="settings") from error

    def all(self) -> list[HostedWorld]:
        """The worlds beside the first one, the oldest first."""
        return [one.told for one in self._kept.values()]

    def one(self, called: str) -> HostedWorld:
        """Refusal(NOT_FOUND) when there is none."""
        return self._called(called).told

    def simulator(self, called: str) -> Simulator:
        """The world itself, for callers in the same process. Refusal(NOT_FOUND) when there is none."""
        return self._called(called).simulator

    def _called(self, called: str) -> _Kept:
        found = self._kept.get(called) or next((one for one in self._kept.values() if one.told.name == called), None)
        if found is None:
            detail = say("There is no world {called}; GET /control/worlds lists them.", called=called[:_NAME_CHARS_MAX])
            raise Refusal(Rule.NOT_FOUND, detail, subject=called[:_NAME_CHARS_MAX])
        return found

    def touch(self, called: str) -> HostedWorld:
        """Let a world live its lifetime from now. Refusal(NOT_FOUND)."""
        kept = self._called(called)
        kept.told = replace(kept.told, ends_at=self._machine.now() + int(kept.told.lifetime_seconds * SECOND))
        self._wait_for_end(kept)
        return kept.told

    def _wait_for_end(self, kept: _Kept) -> None:
        if kept.expiry is not None:
            kept.expiry.cancel()
        kept.expiry = asyncio.get_running_loop().call_later(kept.told.lifetime_seconds, self._expire, kept.told.id)

    def _expire(self, id_: str) -> None:
        kept = self._kept.pop(id_, None)
        if kept is not None:
            self._log.info("a world ended: nobody touched it", world=kept.told.name, seconds=kept.told.lifetime_seconds)
            task = asyncio.get_running_loop().create_task(self._end(kept))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def delete(self, called: str) -> None:
        """End a world, with all that it kept. Refusal(NOT_FOUND) when there is none, or somebody else is ending it."""
        kept = self._called(called)
        del self._kept[kept.told.id]
        await self._end(kept)

    async def _end(self, kept: _Kept) -> None:
        if kept.expiry is not None:
            kept.expiry.cancel()
        try:
            await kept.simulator.stop()
        except Exception as error:  # noqa: BLE001 - the others go on
            self._log.exception("a world did not end in order", world=kept.told.name, error=repr(error))
