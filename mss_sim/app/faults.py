"""Faults of a world for callers in the same process: test suites, in the words of the control plane."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mss_sim.app.simulator import Simulator
from mss_sim.clock import to_datetime
from mss_sim.core.control import setting_faults
from mss_sim.faults import actions
from mss_sim.faults.rules import Match
from mss_sim.vocabulary.faults import FaultKind, Point, PresetName


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule with its counts: how often it matched, fired, and fires yet (`left` None: as often as it matches)."""

    id: str
    point: Point
    kind: FaultKind
    match: Mapping[str, str | int]
    seen: int
    fired: int
    left: int | None
    ends_at: datetime
    ended: bool
    """Whether it will never fire again."""


async def add(
    simulator: Simulator,
    point: Point,
    action: tuple[FaultKind, Mapping[str, Any]],
    match: Mapping[str, Any],
    limits: tuple[int, int | None, float | None],
) -> str:
    """Set a rule: an action by its kind and fields, what it matches, (nth, count, seconds); its id. Refusal for one that cannot be."""
    nth, count, seconds = limits
    kept = setting_faults.add(simulator.world, point, actions.read(*action), Match(**match), nth=nth, count=count, seconds=seconds)
    return kept.rule.id


async def add_preset(simulator: Simulator, name: PresetName, given: Mapping[str, Any]) -> list[str]:
    """Set a trouble of the field; the ids of its rules."""
    return [kept.rule.id for kept in setting_faults.add_preset(simulator.world, name, given)]


async def all_rules(simulator: Simulator) -> list[Fault]:
    """The rules in the order in which they are asked."""
    now, told = simulator.world.clock.now(), []
    for kept in simulator.world.faults.all():
        rule = kept.rule
        match = {name: value for name in Match.__slots__ if (value := getattr(rule.match, name)) is not None}
        counts, ends_at = (kept.seen, kept.fired, kept.left), to_datetime(rule.ends_at)
        told.append(Fault(rule.id, rule.point, actions.kind_of(rule.action), match, *counts, ends_at, kept.ended(now)))
    return told


async def fired(simulator: Simulator, rule: str) -> int:
    """How often a rule fired; Refusal(NOT_FOUND) when there is none of that id."""
    return simulator.world.faults.one(rule).fired


async def lift(simulator: Simulator, rule: str | None) -> None:
    """Lift a rule, or all."""
    if rule is None:
        simulator.world.faults.forget()
    else:
        simulator.world.faults.remove(rule)
