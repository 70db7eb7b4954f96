"""Rules by which a seam fails, set by the control plane: one, or those of a preset."""

from collections.abc import Mapping
from typing import Any

from mss_sim.core.world.world import World
from mss_sim.errors import Refusal
from mss_sim.faults.actions import Action
from mss_sim.faults.faults import KeptRule
from mss_sim.faults.presets import wanted
from mss_sim.faults.rules import Match
from mss_sim.vocabulary.faults import Point, PresetName


def add(
    world: World,
    point: Point,
    action: Action,
    match: Match | None = None,
    *,
    nth: int = 1,
    count: int | None = 1,
    seconds: float | None = None,
) -> KeptRule:
    """Set a rule; Refusal(INVALID) for one that cannot be, Refusal(LIMIT_REACHED) when there are too many."""
    return world.faults.add(point, action, match, nth=nth, count=count, seconds=seconds)


def add_preset(world: World, name: PresetName, given: Mapping[str, Any]) -> list[KeptRule]:
    """Set the rules of a preset, all or none; refusals as above."""
    made: list[KeptRule] = []
    try:
        for one in wanted(name, given):
            made.append(world.faults.add(one.point, one.action, one.match, nth=one.nth, count=one.count, seconds=one.seconds))  # noqa: PERF401
    except Refusal:
        for kept in made:
            world.faults.remove(kept.rule.id)
        raise
    return made
