"""Plays: a scenario in one world, played step by step or to its end; kept until they are removed, forgotten with the world.

A play ends with the first step that fails: what follows would be about something else. One step of a play is played at a time; several
plays may go on side by side, each with a cast of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mss_sim.core.feed import wait_conditions
from mss_sim.core.scenarios import acts, outcomes, waits, world_changes
from mss_sim.core.scenarios.acts import Acting
from mss_sim.core.scenarios.cast import cast_of
from mss_sim.core.scenarios.outcomes import Outcome, Verdict
from mss_sim.core.scenarios.services import Services
from mss_sim.core.scenarios.stage import Facts, Missed, Stage
from mss_sim.errors import Refusal, Rule
from mss_sim.ids import encode
from mss_sim.scenarios import deeds
from mss_sim.scenarios.model import Scenario, Step
from mss_sim.scenarios.reading import read_scenario
from mss_sim.scenarios.tree import NotAScenario
from mss_sim.vocabulary.scenarios import PlayState, StepState
from mss_sim.words.sentence import say, sentence_of

_ACTS: dict[type[deeds.Deed], Callable[[Stage, Acting, Any], Awaitable[Facts]]] = {
    deeds.Send: acts.send,
    deeds.Open: acts.open_,
    deeds.List: acts.list_,
    deeds.Mark: acts.mark,
    deeds.Move: acts.move,
    deeds.Delete: acts.delete,
    deeds.Receipt: acts.receipt,
    deeds.Grant: acts.grant,
    deeds.Revoke: acts.revoke,
    deeds.Close: acts.close,
    deeds.Reopen: acts.reopen,
}
"""What persons do, by the kind of the deed."""
_TO_THE_WORLD: dict[type[deeds.Deed], Callable[[Stage, Any], Awaitable[Facts]]] = {
    deeds.MayWrite: acts.may_write,
    deeds.Journal: waits.journal,
    deeds.Timeline: waits.timeline,
    deeds.Settle: waits.settle,
    deeds.Clock: world_changes.set_clock,
    deeds.Advance: world_changes.advance,
    deeds.Lift: world_changes.lift,
    deeds.Behave: world_changes.behave,
}
"""What is done to the world, or asked of it; letters that are waited for and faults get names besides. A note does nothing."""


@dataclass(slots=True, eq=False)
class Play:
    """A scenario being played: the outcomes of the steps that were."""

    id: str
    scenario: Scenario
    stage: Stage
    outcomes: list[Outcome] = field(default_factory=list)
    busy: bool = False

    @property
    def state(self) -> PlayState:
        """How far it has come."""
        if self.busy:
            return PlayState.PLAYING
        if self.outcomes and self.outcomes[-1].state is StepState.FAILED:
            return PlayState.FAILED
        return PlayState.READY if len(self.outcomes) < len(self.scenario.steps) else PlayState.PASSED

    @property
    def over(self) -> bool:
        """Whether no step will be played any more."""
        return self.state in (PlayState.PASSED, PlayState.FAILED)

    def state_of(self, number: int) -> StepState:
        """What became of a step, by its place from 0 on."""
        if number < len(self.outcomes):
            return self.outcomes[number].state
        return StepState.NOT_PLAYED if self.state is PlayState.FAILED else StepState.WAITING


class Plays:
    """The plays of one world."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.world.settings.scenarios
        self._plays: dict[str, Play] = {}

    def forget(self) -> None:
        """Forget all plays: the world begins anew."""
        self._plays.clear()

    def all(self) -> list[Play]:
        """The plays that are kept, the oldest first."""
        return list(self._plays.values())

    def one(self, id_: str) -> Play:
        """A play; Refusal(NOT_FOUND) when there is none of that id."""
        found = self._plays.get(id_)
        if found is None:
            detail = say("There is no play {id!r}; GET /control/scenarios lists them.", id=id_[:40])
            raise Refusal(Rule.NOT_FOUND, detail, subject=id_[:40], reference="quirks#scenarios")
        return found

    def remove(self, id_: str) -> None:
        """Keep a play no longer; what it did to the world stays. A step that is being played is played to its end."""
        del self._plays[self.one(id_).id]

    async def read(self, octets: bytes) -> Scenario:
        """The scenario of a file; Refusal(INVALID) that tells the line, the step and what to do."""
        most = self._settings
        try:
            return await asyncio.to_thread(read_scenario, octets, size_bytes_max=most.file_size_bytes_max, steps_max=most.steps_max)
        except NotAScenario as error:
            raise Refusal(Rule.INVALID, sentence_of(error), reference="quirks#scenarios") from error

    async def begin(self, scenario: Scenario) -> Play:
        """A play whose first step waits. Refusal: NOT_FOUND for somebody who is not here, LIMIT_REACHED for too many plays that go on."""
        self._make_room()
        world = self._services.world
        cast = await cast_of(world, scenario)
        stage = Stage(self._services, cast, await wait_conditions.place(world))
        self._make_room()
        play = Play(encode(world.ids.next()), scenario, stage)
        self._plays[play.id] = play
        return play

    def _make_room(self) -> None:
        """The oldest play that is over gives its place; Refusal(LIMIT_REACHED) when none is."""
        if len(self._plays) < self._settings.plays_max:
            return
        over = next((one.id for one in self._plays.values() if one.over), None)
        if over is None:
            detail = say("{most} plays go on, the most that may: play one to its end, or delete it.", most=self._settings.plays_max)
            raise Refusal(Rule.LIMIT_REACHED, detail, reference="quirks#scenarios")
        del self._plays[over]

    async def play_next(self, play: Play, *, rest: bool = False) -> None:
        """Play the next step, or all that are left until one fails. Refusal(CONFLICT) when none is left, or somebody plays one just now."""
        if play.over:
            detail = say("The play is over: begin another one with POST /control/scenarios.")
            raise Refusal(Rule.CONFLICT, detail, subject=play.id, reference="quirks#scenarios")
        with _at_work(play):
            play.outcomes.append(await self._outcome(play, len(play.outcomes)))
            while rest and play.outcomes[-1].state is StepState.PASSED and len(play.outcomes) < len(play.scenario.steps):
                play.outcomes.append(await self._outcome(play, len(play.outcomes)))

    async def _outcome(self, play: Play, number: int) -> Outcome:
        step, began = play.scenario.steps[number], asyncio.get_running_loop().time()
        try:
            verdict = outcomes.of_done(step.expects, await _done(play.stage, step, number))
        except Refusal as refusal:
            verdict = outcomes.of_refused(step.expects, refusal)
        except Missed as missed:
            verdict = outcomes.of_missed(missed)
        seconds = asyncio.get_running_loop().time() - began
        return _outcome(verdict, self._services.world.clock.now(), seconds)


def _outcome(verdict: Verdict, at: int, seconds: float) -> Outcome:
    state = StepState.PASSED if verdict.passed else StepState.FAILED
    return Outcome(state, verdict.expected, verdict.came, at, seconds, verdict.refused)


@contextmanager
def _at_work(play: Play) -> Iterator[None]:
    if play.busy:
        detail = say("A step of this play is being played: wait for its outcome.")
        raise Refusal(Rule.CONFLICT, detail, subject=play.id, reference="quirks#scenarios")
    play.busy = True
    try:
        yield
    finally:
        play.busy = False


async def _done(stage: Stage, step: Step, number: int) -> Facts:
    """Do what a step says; what it shows. Refusal when it is refused, Missed when what it waits for does not come."""
    act = _ACTS.get(type(step.deed))
    if act is not None and step.actor is not None:
        actor = await stage.cast.actor(stage.world, step.actor)
        return await act(stage, Acting(actor, step.actor, step.called), step.deed)
    if isinstance(step.deed, deeds.Wait):
        return await waits.wait(stage, step.deed, step.called)
    if isinstance(step.deed, deeds.Fault):
        return await world_changes.set_fault(stage, step.deed, step.called or str(number))
    other = _TO_THE_WORLD.get(type(step.deed))
    return await other(stage, step.deed) if other is not None else {}
