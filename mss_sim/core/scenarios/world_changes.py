"""What is done to the world in a play, past every right: its clock, its faults, what patients do by themselves."""

from contextlib import suppress

from mss_sim.core.control import setting_faults
from mss_sim.core.mailbox import behaviours
from mss_sim.core.scenarios.stage import Facts, Stage, instant
from mss_sim.core.world.agenda import Fired
from mss_sim.errors import Refusal
from mss_sim.scenarios import deeds


async def set_clock(stage: Stage, deed: deeds.Clock) -> Facts:
    """Let the clock run otherwise."""
    at = instant(stage.world, deed.at) if deed.at else None
    return _happened(await stage.services.agenda.set_pace(deed.mode, at, deed.rate or 1.0))


async def advance(stage: Stage, deed: deeds.Advance) -> Facts:
    """Let time pass; what was due meanwhile is done, and told."""
    return _happened(await stage.services.agenda.advance(to=instant(stage.world, deed.by)))


def _happened(fired: list[Fired]) -> Facts:
    return {"happened": tuple(one.kind.value for one in fired)}


async def set_fault(stage: Stage, deed: deeds.Fault, name: str) -> Facts:
    """Make something fail; `name` is what the play knows it by."""
    if deed.preset is not None:
        made = setting_faults.add_preset(stage.world, deed.preset, dict(deed.given))
    else:
        assert deed.point is not None and deed.action is not None  # noqa: S101, PT018 - a file without them was not read
        made = [setting_faults.add(stage.world, deed.point, deed.action, deed.match, nth=deed.nth, count=deed.count, seconds=deed.seconds)]
    stage.faults[name] = [one.rule.id for one in made]
    return {}


async def lift(stage: Stage, deed: deeds.Lift) -> Facts:
    """Lift the faults of a step, or all that this play set; those that ended by themselves are gone already."""
    wanted = [deed.fault] if deed.fault is not None else list(stage.faults)
    for id_ in [id_ for name in wanted for id_ in stage.faults.pop(name, ())]:
        with suppress(Refusal):
            stage.world.faults.remove(id_)
    return {}


async def behave(stage: Stage, deed: deeds.Behave) -> Facts:
    """Give a patient's mailbox a behaviour by its name, or none."""
    await behaviours.set_behaviour(stage.world, stage.cast.address(deed.mailbox), deed.behaviour)
    return {}
